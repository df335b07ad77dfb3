"""What became of an order that was sent without a verdict: the log's proof.

A client order id guarantees nothing here: posted again, a market order that was filled fills a
second time. So nothing is ever sent again. The log holds every order that was created and every
one that was refused; where the order was sent after a known position of it, what came after that
position tells all. Where none is known the log is read from a time before the sending, by a
margin that is wider than our clock can be wrong.

A log without the order proves nothing at first, since the request may still be on its way. It
ends when the request cannot be taken up any more, which the exchange does not publish: the margin
is ours, of our own patience, the exchange's, and as much again for what may be held back in
between. A log that is read whole after that, and has no such order, proves that there is none.

An order that closes a margin trade cannot bear an id of ours. It is known by the trade, by how
much of it was to be closed, and by being none of the orders that are known. Should several be
that, or only ones that are known, the question stays open for a person to look at: an order that
came by the stream before anybody asked is known, and may be this one.

Followed: "Transaction Endpoints" (sinceid); "Transaction Definitions" (ClientExtensions,
MarketOrderTradeClose, OrderCancelRejectTransaction and its siblings).
"""

from collections.abc import Iterable
from typing import Final

from attrs import evolve

from venuetree.protocol.commands import Absent, Found, Resolution, ResolveOrder, Undecided
from venuetree.protocol.errors import ExchangeRefused
from venuetree.protocol.exchanges.oanda.fates import (
    client_id_of,
    created_order,
    fate_of,
    is_rejection,
    of_order,
    type_of,
)
from venuetree.protocol.exchanges.oanda.log_flows import (
    Entries,
    Entry,
    legible,
    log_after,
    log_since,
)
from venuetree.protocol.exchanges.oanda.reading import id_text, member, number, optional_id
from venuetree.protocol.exchanges.oanda.requests import ORDER_TIMEOUT_NS
from venuetree.protocol.exchanges.oanda.transaction_reports import order_report_of
from venuetree.protocol.models import OrderReport, OrderRequest
from venuetree.protocol.port import FlowContext, Lane, RestFlow
from venuetree.protocol.reading import optional_text
from venuetree.protocol.resolving import or_undecided
from venuetree.protocol.timestamps import SECOND

__all__ = ["ABSENT_AFTER_NS", "BEFORE_NS", "resolve"]

#: Ours: from so long after the sending was noted on a request is not taken up any more: it may
#: have waited two minutes to be let out, then come our own patience, a minute for what the
#: exchange calls "Timeout waiting for response", and slack.
ABSENT_AFTER_NS: Final = 120 * SECOND + ORDER_TIMEOUT_NS + 60 * SECOND + 45 * SECOND
#: Ours: the log is read from so long before the sending where no position was noted.
BEFORE_NS: Final = 600 * SECOND
#: What tells that an order exists, beside its creation.
_SPEAKING: Final = frozenset({"ORDER_FILL", "ORDER_CANCEL", "ORDER_CLIENT_EXTENSIONS_MODIFY"})


def resolve(command: ResolveOrder, context: FlowContext) -> RestFlow[Resolution]:
    """What became of the order; `AuthRefused` and `PermissionRefused` pass through."""
    return or_undecided(legible("resolve", _resolve(command, context)))


def _resolve(command: ResolveOrder, context: FlowContext) -> RestFlow[Resolution]:
    entries = yield from _log(command, context)
    closing = None if command.order.margin is None else command.order.margin.closing
    if closing is not None and closing.trade_id:
        found = _closing(command, closing.trade_id, entries, context)
    else:
        found = _named(command, entries, context)
    if found is not None:
        return found
    if context.now_ns - command.sent_time_ns < ABSENT_AFTER_NS:
        return Undecided("the log does not have the order yet")
    return Absent("the log does not have the order, and it would not be taken up any more")


# ---------------------------------------------------------------- the log


def _log(command: ResolveOrder, context: FlowContext) -> RestFlow[Entries]:
    """Everything that may be about the order."""
    position = command.log_position
    if position:
        try:
            return (yield from log_after(position, lane=Lane.RESOLVE, operation="resolve.log"))
        except ExchangeRefused as error:
            # Of another account's log, perhaps. A refusal of the key is no such thing.
            if type(error) is not ExchangeRefused:
                raise
    return (
        yield from log_since(
            command.sent_time_ns - BEFORE_NS,
            context,
            lane=Lane.RESOLVE,
            operation="resolve.log",
        )
    )


# ---------------------------------------------------------------- by our id


def _named(command: ResolveOrder, entries: Entries, context: FlowContext) -> Resolution | None:
    """What the entries say that bear our id; None if there are none."""
    wanted = command.order.client_order_id
    bearing = [
        entry for entry in entries if client_id_of(entry) == wanted and _is_of_an_order(entry)
    ]
    if not bearing:
        return _unnamed(command.order, entries, context)
    created = _first_ones(bearing, entries, context)
    if len(created) > 1:
        return Undecided(f"several orders bear this id: {_listed(created)}")
    if created:
        return _compared(command.order, created[0], entries)
    for entry in bearing:
        if is_rejection(entry):
            difference = _rejected_difference(command.order, entry, context)
            if difference:
                return Undecided(
                    f"a refused order of this id had another {difference}: it was not this one"
                )
            return Absent(optional_text(entry, "rejectReason") or "the exchange refused it")
    return Undecided(
        "the log speaks of an order of this id and does not hold its creation:"
        f" transaction {id_text(bearing[0]['id'])}"
    )


def _first_ones(
    bearing: Iterable[Entry], entries: Entries, context: FlowContext
) -> list[OrderReport]:
    """Orders of our id, without those that go on for one of them.

    Who replaces an order without giving the new one an id hands ours down; and so does the
    exchange where the rest of an order goes on under another number.
    """
    found: list[OrderReport] = []
    batches: set[str] = set()
    numbers: set[str] = set()
    for entry in bearing:
        created = created_order(entry, context.now_ns)
        if created is None:
            continue
        replaced, batch = optional_id(entry, "replacesOrderID"), optional_id(entry, "batchID")
        is_heir = replaced in numbers or (found and batch in batches)
        numbers.add(created.exchange_order_id)
        batches |= {
            optional_id(told, "batchID")
            for told in entries
            if optional_id(told, "orderID") == created.exchange_order_id
        }
        if not is_heir:
            found.append(created)
    return found


def _is_of_an_order(entry: Entry) -> bool:
    """Whether it tells that an order was created or refused, or that one exists.

    That a cancel or a change by a name was refused tells nothing of an order.
    """
    kind = type_of(entry)
    return kind.endswith("_ORDER") or is_rejection(entry) or kind in _SPEAKING


def _rejected_difference(order: OrderRequest, entry: Entry, context: FlowContext) -> str:
    """What sets a refused order apart; it may lack what was wrong with it."""
    told = order_report_of(entry, context.now_ns)
    for name, ours, theirs in (
        ("instrument", order.instrument, told and told.instrument),
        ("side", order.side, told and told.side),
        ("quantity", order.quantity, told and told.quantity),
    ):
        if theirs and ours != theirs:
            return name
    return ""


def _unnamed(order: OrderRequest, entries: Entries, context: FlowContext) -> Resolution | None:
    """The order that closes a position bears our id; were there one without, it might be this."""
    closing = None if order.margin is None else order.margin.closing
    if closing is None:
        return None
    for entry in entries:
        created = created_order(entry, context.now_ns)
        if (
            created is not None
            and optional_text(entry, "reason") == "POSITION_CLOSEOUT"
            and not created.client_order_id
            and (created.instrument, created.side) == (order.instrument, order.side)
        ):
            return Undecided(
                f"order {created.exchange_order_id} closes this side of the position and bears no"
                " id: it may be this one"
            )
    return None


# ---------------------------------------------------------------- by the trade that it closes


def _closing(
    command: ResolveOrder, trade_id: str, entries: Entries, context: FlowContext
) -> Resolution | None:
    """What the entries say that close this trade by as much; None if there are none.

    Refusals are not told to whom: one ends the question only when nothing can come any more.
    """
    order = command.order
    closing = None if order.margin is None else order.margin.closing
    is_whole = closing is not None and closing.is_whole
    same: list[OrderReport] = []
    for entry in entries:
        if optional_id(member(entry, "tradeClose"), "tradeID") != trade_id:
            continue
        created = created_order(entry, context.now_ns)
        if created is None or optional_text(entry, "reason") != "TRADE_CLOSE":
            continue
        # In what words a whole close is written down is not documented for certain: what did not
        # leave a rest of the trade may have been one.
        told = optional_text(member(entry, "tradeClose"), "units")
        is_same = (
            told == "ALL" or not _has_reduced(entries, created.exchange_order_id)
            if is_whole
            else told != "ALL" and created.quantity == order.quantity
        )
        if is_same:
            same.append(created)
    if not same:
        return None
    new = [each for each in same if each.exchange_order_id not in command.known_order_ids]
    if len(new) == 1:
        return _compared(order, new[0], entries)
    if new:
        return Undecided(f"several orders close this trade by as much: {_listed(new)}")
    return Undecided(
        f"order {_listed(same)} closes this trade by as much and is known already: it may be this"
    )


def _has_reduced(entries: Entries, order_id: str) -> bool:
    """Whether an order has left something of the trade that it closed."""
    return any("tradeReduced" in entry for entry in of_order(entries, order_id))


# ---------------------------------------------------------------- whether it is the one


def _compared(order: OrderRequest, created: OrderReport, entries: Entries) -> Resolution:
    """Found, with its end, if it is the order that was meant; else a person must look."""
    difference = _difference(order, created)
    if difference:
        return Undecided(
            f"order {created.exchange_order_id} has this id or trade but another {difference}"
        )
    later = [entry for entry in entries if number(entry["id"]) > number(created.exchange_order_id)]
    return Found(evolve(fate_of(created, later), client_order_id=order.client_order_id))


def _difference(order: OrderRequest, created: OrderReport) -> str:
    """What sets an order apart from the one meant; `""` if nothing does."""
    closing = None if order.margin is None else order.margin.closing
    is_whole = closing is not None and closing.is_whole
    for name, ours, theirs in (
        ("instrument", order.instrument, created.instrument),
        ("side", order.side, created.side),
        ("type", order.type, created.type),
        # Of what is closed whole the exchange says how much that was.
        ("quantity", None if is_whole else order.quantity, created.quantity),
        ("price", order.price, created.price),
        ("stop price", order.stop_price, created.stop_price),
    ):
        if ours is not None and ours != theirs:
            return name
    return ""


def _listed(orders: Iterable[OrderReport]) -> str:
    return ", ".join(each.exchange_order_id for each in orders)
