"""Creating, replacing and cancelling orders, and writing on them."""

from typing import Any

import attrs

from venuetree.scenarios.simulated.oanda.account_settings import GuaranteedMode
from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.answers import Answered, bad_value, missing_data
from venuetree.scenarios.simulated.oanda.dependents import check_dependent, find_trade
from venuetree.scenarios.simulated.oanda.execution import start
from venuetree.scenarios.simulated.oanda.extension_calls import read_extensions
from venuetree.scenarios.simulated.oanda.field_reader import as_object
from venuetree.scenarios.simulated.oanda.lifecycle import accept, priced, reject
from venuetree.scenarios.simulated.oanda.lifecycle import cancel as end
from venuetree.scenarios.simulated.oanda.order_fields import extension_fields
from venuetree.scenarios.simulated.oanda.order_rules import Reading, read_dependent, read_entry
from venuetree.scenarios.simulated.oanda.orders import Order, OrderKind, Ticket
from venuetree.scenarios.simulated.oanda.refusals import reject_body, rejected
from venuetree.scenarios.simulated.oanda.specifiers import known_instrument, read_specifier
from venuetree.scenarios.simulated.oanda.transactions import Batch

__all__ = ["cancel", "create", "extend", "replace"]


@attrs.frozen
class _Request:
    """A request for an order, read and checked as far as no transaction is needed for it."""

    kind: OrderKind
    fields: dict[str, Any]
    """As a rejection repeats it."""
    ticket: Ticket | None
    """None if the order belongs to a trade that there is not."""
    reason: str | None
    """Why it is rejected."""

    @property
    def status(self) -> int:
        """The status of its rejection."""
        return 404 if self.reason == "TRADE_DOESNT_EXIST" else 400


def create(state: AccountState, body: Any, request_id: str) -> Answered:
    """Create an order.

    Raises:
        BadRequestError: the request cannot be read.
    """
    request = _read(state, body, replaced=None)
    with state.requested(request_id) as batch:
        if request.ticket is None or request.reason is not None:
            return _rejected(batch, request)
        order, created = accept(state, batch, request.ticket, "CLIENT_ORDER")
        outcome = start(state, batch, order)
        return _done(201, batch, orderCreateTransaction=created, **outcome.named())


def replace(state: AccountState, specifier: str, body: Any, request_id: str) -> Answered:
    """Cancel a pending order and create another of the same kind, in one batch.

    Raises:
        BadRequestError: the request cannot be read.
    """
    key = read_specifier(specifier, "orderSpecifier")
    old = state.orders.find_pending(key)
    if old is None:
        with state.requested(request_id) as batch:
            return _cancel_rejected(batch, key, "ORDER_DOESNT_EXIST")
    request = _read(state, body, replaced=old)
    with state.requested(request_id) as batch:
        if request.ticket is None or request.reason is not None:
            return _rejected(batch, request, intendedReplacesOrderID=str(old.id))
        new_id = str(int(batch.next_id) + 1)
        cancelled = end(state, batch, old, "CLIENT_REQUEST_REPLACED", replaced_by=new_id)
        more = {"cancellingTransactionID": cancelled["id"]} if old.kind.dependent else {}
        order, created = accept(state, batch, request.ticket, "REPLACEMENT", replaces=old, **more)
        outcome = start(state, batch, order)
        return _done(
            201,
            batch,
            orderCancelTransaction=cancelled,
            orderCreateTransaction=created,
            **outcome.named(cancel_key="replacingOrderCancelTransaction"),
        )


def cancel(state: AccountState, specifier: str, request_id: str) -> Answered:
    """Cancel a pending order.

    Raises:
        BadRequestError: the specifier cannot be read.
    """
    key = read_specifier(specifier, "orderSpecifier")
    order = state.orders.find_pending(key)
    with state.requested(request_id) as batch:
        if order is None:
            return _cancel_rejected(batch, key, "ORDER_DOESNT_EXIST")
        guaranteed = order.kind is OrderKind.GUARANTEED_STOP_LOSS
        if guaranteed and state.settings.guaranteed is GuaranteedMode.REQUIRED:
            return _cancel_rejected(batch, key, "GUARANTEED_STOP_LOSS_ORDER_NOT_CANCELABLE")
        cancelled = end(state, batch, order, "CLIENT_REQUEST")
        return _done(200, batch, orderCancelTransaction=cancelled)


def extend(state: AccountState, specifier: str, body: Any, request_id: str) -> Answered:
    """Change the client extensions of a pending order, or those that its trade shall get.

    Raises:
        BadRequestError: the request cannot be read.
    """
    key = read_specifier(specifier, "orderSpecifier")
    given = read_extensions(as_object(body, "clientExtensions"), "clientExtensions")
    for_trade = read_extensions(body, "tradeClientExtensions", "CLIENT_TRADE")
    order = state.orders.find_pending(key)
    reason = given.reason or for_trade.reason
    if order is None:
        reason = "ORDER_DOESNT_EXIST"
    elif given.value is None and for_trade.value is None:
        reason = "CLIENT_EXTENSIONS_DATA_MISSING"
    elif given.value is not None and _taken(state, given.value.id, order):
        reason = "CLIENT_ORDER_ID_ALREADY_EXISTS"
    fields = {
        **_named(key if order is None else order.id, None if order is None else order.client_id),
        "clientExtensionsModify": extension_fields(given.value),
        "tradeClientExtensionsModify": extension_fields(for_trade.value),
    }
    with state.requested(request_id) as batch:
        if order is None or reason is not None:
            refused = batch.add(
                "ORDER_CLIENT_EXTENSIONS_MODIFY_REJECT", rejectReason=reason, **fields
            )
            return rejected(
                404 if order is None else 400,
                batch,
                reason or "INTERNAL_SERVER_ERROR",
                orderClientExtensionsModifyRejectTransaction=refused,
            )
        changed = batch.add("ORDER_CLIENT_EXTENSIONS_MODIFY", **fields)
        order.ticket = attrs.evolve(
            order.ticket,
            extensions=given.onto(order.ticket.extensions),
            trade_extensions=for_trade.onto(order.ticket.trade_extensions),
        )
        return _done(200, batch, orderClientExtensionsModifyTransaction=changed)


# Reading a request


def _read(state: AccountState, body: Any, *, replaced: Order | None) -> _Request:
    if body is None:
        raise missing_data()
    body = as_object(body, "order")
    if body.get("type") is None:
        raise missing_data()
    try:
        kind = OrderKind(body["type"])
    except ValueError:
        raise bad_value("order.type") from None
    if kind.dependent:
        return _read_dependent(state, body, kind, replaced)
    if body.get("instrument") is None:
        raise missing_data()
    instrument = known_instrument(state, body["instrument"], "order.instrument")
    reading = read_entry(body, kind, instrument, state.now_ns())
    return _checked(state, reading, replaced, None)


def _read_dependent(
    state: AccountState, body: dict[str, Any], kind: OrderKind, replaced: Order | None
) -> _Request:
    trade, missing = find_trade(state, body)
    if trade is None:
        return _Request(kind, _echo(body), None, missing)
    reading, reason = read_dependent(body, kind, trade, state.now_ns()), None
    if not reading.reasons:
        ticket = priced(state, reading.ticket, trade)
        reading = attrs.evolve(reading, ticket=ticket)
        reason = check_dependent(state, ticket, trade, () if replaced is None else (replaced,))
    return _checked(state, reading, replaced, reason)


def _checked(
    state: AccountState, reading: Reading, replaced: Order | None, reason: str | None
) -> _Request:
    """Add what only the account's other orders can say against a request."""
    ticket = reading.ticket
    if replaced is not None:
        ticket = attrs.evolve(
            ticket,
            extensions=ticket.extensions or replaced.ticket.extensions,
            trade_extensions=ticket.trade_extensions or replaced.ticket.trade_extensions,
        )
        if replaced.kind is not ticket.kind:
            reason = "REPLACING_ORDER_INVALID"
        elif replaced.ticket.trade_id != ticket.trade_id:
            reason = "REPLACING_TRADE_ID_INVALID"
    reasons = [*reading.reasons, *([] if reason is None else [reason])]
    if ticket.extensions is not None and _taken(state, ticket.extensions.id, replaced):
        reasons.append("CLIENT_ORDER_ID_ALREADY_EXISTS")
    room = state.settings.maximum_pending_orders - len(state.orders.pending())
    if ticket.kind is not OrderKind.MARKET and replaced is None and room <= 0:
        reasons.append("PENDING_ORDERS_ALLOWED_EXCEEDED")
    fields = attrs.evolve(reading, ticket=ticket).fields
    return _Request(
        ticket.kind, {**fields, "reason": _why(replaced)}, ticket, reasons[0] if reasons else None
    )


def _why(replaced: Order | None) -> str:
    return "CLIENT_ORDER" if replaced is None else "REPLACEMENT"


def _taken(state: AccountState, client_id: str | None, but: Order | None) -> bool:
    """Whether another pending order has this client id; orders that are over do not count."""
    holder = state.orders.find_pending(client_id)
    return holder is not None and holder is not but


_ECHOED = (
    "tradeID",
    "clientTradeID",
    "price",
    "distance",
    "timeInForce",
    "gtdTime",
    "triggerCondition",
    "clientExtensions",
)


def _echo(body: dict[str, Any]) -> dict[str, Any]:
    """A dependent order for a trade that there is not, as it was sent."""
    sent = {name: body[name] for name in _ECHOED if body.get(name) is not None}
    return {
        "timeInForce": "GTC",
        "triggerCondition": "DEFAULT",
        **sent,
        "reason": "CLIENT_ORDER",
    }


# Answers


def _named(key: int | str, client_id: str | None) -> dict[str, Any]:
    """How a transaction names an order; one that was not found, as the request did."""
    if isinstance(key, int):
        return {"orderID": str(key), "clientOrderID": client_id}
    return {"clientOrderID": key}


def _done(status: int, batch: Batch, **parts: Any) -> Answered:
    last = str(batch.log.last_id)
    return Answered(
        status, {**parts, "relatedTransactionIDs": batch.ids, "lastTransactionID": last}
    )


def _rejected(batch: Batch, request: _Request, **more: Any) -> Answered:
    reason = request.reason or "INTERNAL_SERVER_ERROR"
    refused = reject(batch, request.kind, reason, {**request.fields, **more})
    return Answered(
        request.status, {"orderRejectTransaction": refused, **reject_body(batch, reason)}
    )


def _cancel_rejected(batch: Batch, key: int | str, reason: str) -> Answered:
    refused = batch.add("ORDER_CANCEL_REJECT", rejectReason=reason, **_named(key, None))
    status = 404 if reason == "ORDER_DOESNT_EXIST" else 400
    return rejected(status, batch, reason, orderCancelRejectTransaction=refused)
