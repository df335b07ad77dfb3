"""Conversations about the exits of margin trades, and about what clients write on things.

Of an exit that is set anew the exchange keeps what the request does not say: what a client has
written on it, above all. Setting exits a second time as they are changes nothing, so that after a
lost answer the trade is looked at, and what is in doubt may be asked for again.

Followed: "Trade Endpoints" (orders, clientExtensions); "Order Endpoints" (clientExtensions).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from venuetree.protocol.errors import (
    AuthRefused,
    EngineError,
    ExitsUnknown,
    MarginTradeNotFound,
    OrderInvalid,
    OutcomeUnknown,
)
from venuetree.protocol.exchanges.oanda.asking import ask
from venuetree.protocol.exchanges.oanda.order_bodies import EXIT_NAMES, exit_body, extensions_body
from venuetree.protocol.exchanges.oanda.reading import NAME, amount, member, time_ns
from venuetree.protocol.exchanges.oanda.refusals import unexecuted
from venuetree.protocol.exchanges.oanda.reports import trade_from
from venuetree.protocol.exchanges.oanda.requests import (
    account_get,
    account_write,
    order_name,
    quoted,
)
from venuetree.protocol.models import (
    ClientExtensions,
    Exit,
    ExitChanges,
    Instrument,
    Keep,
    MarginTrade,
    OrderKey,
)
from venuetree.protocol.port import Lane, RestFlow, RestRequest
from venuetree.protocol.reading import MALFORMED, optional_text, text_of

__all__ = ["change_exits", "read_trade", "write_order_extensions", "write_trade_extensions"]

_Trade = tuple[Mapping[str, Any], MarginTrade]

_OPERATION: Final = "change_exits"
#: Ends of an exit that are no refusal of it: the trade that it was of has gone.
_GONE: Final = frozenset({"LINKED_TRADE_CLOSED"})


def read_trade(trade_id: str, *, lane: Lane, operation: str) -> RestFlow[MarginTrade]:
    """A margin trade; `MarginTradeNotFound` if the exchange does not tell of it (any more)."""
    return (yield from _read(trade_id, lane, operation))[1]


def _read(trade_id: str, lane: Lane, operation: str) -> RestFlow[_Trade]:
    request = account_get(operation, f"/trades/{quoted(trade_id)}", lane=lane)
    return (
        yield from ask(
            request,
            lambda body, received: (body["trade"], trade_from(body["trade"], received)),
        )
    )


# ---------------------------------------------------------------- exits


def change_exits(
    trade_id: str, changes: ExitChanges, instrument: Instrument | None = None
) -> RestFlow[MarginTrade]:
    """Set, change or remove exits, then read the trade: a stop may have closed it at once.

    Raises:
        MarginTradeNotFound: there is no such trade, or it was closed and is told no more.
        ExchangeRefused: an exit was refused, or set and ended at once.
        ExitsUnknown: whether the exits are set could not be found out.
        OrderInvalid: nothing is to be changed, or an exit is none of its kind.
    """
    body: dict[str, Any] = {}
    for ours, theirs in EXIT_NAMES:
        wanted: Exit | Keep | None = getattr(changes, ours)
        if isinstance(wanted, Keep):
            continue
        if wanted is not None:
            _check(ours, wanted)
        body[theirs] = None if wanted is None else exit_body(wanted, instrument)
    if not body:
        _refuse("nothing is to be changed")
    request = account_write(
        "PUT", _OPERATION, f"/trades/{quoted(trade_id)}/orders", body, lane=Lane.PLACE
    )
    return _change(trade_id, body, request)


def _check(name: str, wanted: Exit) -> None:
    if name == "trailing_stop" and wanted.distance is None:
        _refuse("a trailing stop has a distance, not a price")
    if name == "take_profit" and wanted.price is None:
        _refuse("a take profit has a price, not a distance")


def _refuse(message: str) -> NoReturn:
    raise OrderInvalid(message, rule="exits", exchange=NAME, operation=_OPERATION)


def _change(
    trade_id: str, wanted: Mapping[str, Any], request: RestRequest
) -> RestFlow[MarginTrade]:
    try:
        ended = yield from ask(request, lambda body, _: _ended_at_once(body))
    except OutcomeUnknown as lost:
        return (yield from _look(trade_id, wanted, lost))
    if ended:
        told = "an exit was set and ended at once; what else was asked for is as it was asked"
        raise unexecuted(ended, _OPERATION, message=told)
    try:
        return (yield from read_trade(trade_id, lane=Lane.PLACE, operation=_OPERATION))
    except MarginTradeNotFound as error:
        raise MarginTradeNotFound(
            "the exits were set, and the trade is told no more: one of them may have closed it",
            exchange=NAME,
            operation=_OPERATION,
            code=error.code,
        ) from error
    except AuthRefused:
        raise
    except EngineError as error:
        raise ExitsUnknown(
            f"the exits were set, and the trade could not be read: {error.message}",
            exchange=NAME,
            operation=_OPERATION,
            code=error.code,
        ) from error


def _ended_at_once(body: Mapping[str, Any]) -> str:
    """Why an exit was ended as soon as it had been set; `""` if none was."""
    for name, value in body.items():
        if name.endswith("OrderCreatedCancelTransaction") and type(value) is dict:
            reason = optional_text(value, "reason")
            if reason not in _GONE:
                return reason
    return ""


def _look(trade_id: str, wanted: Mapping[str, Any], lost: OutcomeUnknown) -> RestFlow[MarginTrade]:
    """The trade, if it has the exits that were asked for in a request whose answer was lost."""
    try:
        told, trade = yield from _read(trade_id, Lane.RESOLVE, _OPERATION)
        if all(_is_in_place(told, name, exit_) for name, exit_ in wanted.items()):
            return trade
    except (MarginTradeNotFound, AuthRefused):
        raise
    except EngineError as error:
        reason = f"the trade could not be read: {error.message}"
    except MALFORMED as error:
        reason = f"the exits of the trade could not be read: {error}"
    else:
        reason = "the trade does not have them (yet)"
    raise ExitsUnknown(
        f"whether the exits are set is not known, {reason} ({lost.message})",
        exchange=NAME,
        operation=_OPERATION,
        code=lost.code,
    ) from lost


def _is_in_place(told: Mapping[str, Any], name: str, wanted: Mapping[str, str] | None) -> bool:
    """Whether a trade has an exit as it was asked for; what a client writes on it counts not."""
    order = member(told, f"{name}Order")
    if wanted is None:
        return not order
    if order.get("state") != "PENDING":
        return False
    read: tuple[tuple[str, Callable[[Any], object]], ...] = (
        ("price", amount),
        ("distance", amount),
        ("timeInForce", text_of),
        ("gtdTime", time_ns),
    )
    return all(
        name in order and value(order[name]) == value(wanted[name])
        for name, value in read
        if name in wanted
    )


# ---------------------------------------------------------------- what is written on things


def write_order_extensions(
    key: OrderKey, order: ClientExtensions | None, trade: ClientExtensions | None
) -> RestFlow[None]:
    """Write on a waiting order, and on the trade that it will open.

    Raises:
        OrderNotFound: the order does not wait (any more).
        OrderInvalid: nothing is to be written, or an id is too long.
    """
    told = (("clientExtensions", order), ("tradeClientExtensions", trade))
    name = order_name(key.exchange_order_id, key.client_order_id)
    return _write("order_extensions", f"/orders/{name}", told)


def write_trade_extensions(trade_id: str, extensions: ClientExtensions) -> RestFlow[None]:
    """Write on a margin trade; raises as for an order, `MarginTradeNotFound` for no such trade."""
    told = (("clientExtensions", extensions),)
    return _write("trade_extensions", f"/trades/{quoted(trade_id)}", told)


def _write(
    operation: str, path: str, told: tuple[tuple[str, ClientExtensions | None], ...]
) -> RestFlow[None]:
    written = {name: extensions_body(words) for name, words in told if words is not None}
    body = {name: words for name, words in written.items() if words}
    if not body:
        raise OrderInvalid(
            "nothing is to be written", rule="extensions", exchange=NAME, operation=operation
        )
    # Of no order's lane: what is refused here is no order.
    request = account_write("PUT", operation, f"{path}/clientExtensions", body, lane=Lane.DATA)
    return ask(request, lambda _, __: None)
