"""Rules of an order that need more than the order: the exchange is asked before anything is sent.

Followed: "Filters".
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, TypeVar

from venuetree.protocol.account_checks import check_position
from venuetree.protocol.checks import check_reference
from venuetree.protocol.errors import (
    ExchangeUnavailable,
    RemoteProtocolError,
    ReplyLost,
    TransportError,
)
from venuetree.protocol.exchanges.binance_us.account_flows import balances
from venuetree.protocol.exchanges.binance_us.asking import ask_list
from venuetree.protocol.exchanges.binance_us.market_flows import reference_price
from venuetree.protocol.exchanges.binance_us.reading import NAME
from venuetree.protocol.exchanges.binance_us.requests import signed_get, symbol_of
from venuetree.protocol.models import (
    Instrument,
    Notional,
    OrderRequest,
    OrderType,
    PositionLimit,
    PriceBand,
    Side,
)
from venuetree.protocol.numbers import add, decimal_from
from venuetree.protocol.port import FlowContext, Lane, RestFlow
from venuetree.protocol.timestamps import SECOND

__all__ = ["judge"]

T = TypeVar("T")

#: Ours: the average is over five minutes and the bands are wide, so that a minute changes little.
_REFERENCE_AGE_NS: Final = 60 * SECOND


def judge(orders: Sequence[OrderRequest], context: FlowContext) -> RestFlow[None]:
    """Check the rules that need the exchange's word, of an order or of a list of one instrument.

    The reference price is asked for once a minute; what the account holds, at each buy of an
    instrument that limits it (`MAX_POSITION`).

    Raises:
        OrderInvalid: a rule is broken.
        TransportError: what the rule needs could not be read. Nothing was sent.
    """
    instrument = context.instruments.get(orders[0].instrument)
    if instrument is None:
        return
    if any(_needs_reference(order, instrument) for order in orders):
        price = yield from _reference(instrument, context)
        for order in orders:
            check_reference(order, instrument, price)
    first = orders[0]
    if first.side is Side.BUY and _has_position_limit(instrument):
        held, on_order = yield from _unsent(_position(instrument, context), "the position")
        # Of a list at most one order is executed.
        check_position(first, instrument, held=held, on_order=on_order)


def _reference(instrument: Instrument, context: FlowContext) -> RestFlow[Decimal]:
    known = context.references.get(instrument.name)
    if known is not None and context.now_ns - known.received_time_ns <= _REFERENCE_AGE_NS:
        return known.price
    asked = reference_price(instrument.name, context, lane=Lane.PLACE)
    return (yield from _unsent(asked, "the reference price"))


def _unsent(asked: RestFlow[T], what: str) -> RestFlow[T]:
    """The answer; what goes wrong leaves no order without a verdict, for none was sent."""
    try:
        return (yield from asked)
    except (ExchangeUnavailable, RemoteProtocolError, ReplyLost) as error:
        raise TransportError(
            f"{what} could not be read, nothing was sent: {error.message}",
            exchange=NAME,
            operation="place",
            code=error.code,
        ) from error


def _needs_reference(order: OrderRequest, instrument: Instrument) -> bool:
    is_market = order.type is OrderType.MARKET
    for rule in instrument.rules:
        match rule:
            case PriceBand():
                if order.price is not None:
                    return True
            case Notional():
                has_bound = (rule.minimum and rule.minimum_for_market) or (
                    rule.maximum and rule.maximum_for_market
                )
                if is_market and order.quantity is not None and has_bound:
                    return True
            case _:
                continue
    return False


def _has_position_limit(instrument: Instrument) -> bool:
    return any(isinstance(rule, PositionLimit) for rule in instrument.rules)


def _position(instrument: Instrument, context: FlowContext) -> RestFlow[tuple[Decimal, Decimal]]:
    """What the account has of the base currency, and what its open orders would buy."""
    found = yield from balances(lane=Lane.PLACE)
    held = next((b.total for b in found if b.currency == instrument.base), Decimal(0))
    symbol = symbol_of(instrument.name, context)
    request = signed_get(
        "open_orders", "/openOrders", (("symbol", symbol),), weight=6, lane=Lane.PLACE
    )
    rows = yield from ask_list(request, lambda told, _: _buys(told))
    # Of a list's orders one at most is executed.
    wanted: dict[Any, Decimal] = {}
    for name, quantity in rows:
        wanted[name] = max(quantity, wanted.get(name, quantity))
    on_order = Decimal(0)
    for quantity in wanted.values():
        on_order = add(on_order, quantity)
    return held, on_order


def _buys(told: dict[str, Any]) -> tuple[tuple[str, int], Decimal]:
    """The list or order that a row is of, and what it would buy yet."""
    listed = told.get("orderListId", -1)
    name = ("order", told["orderId"]) if listed < 0 else ("list", listed)
    if told["side"] != "BUY":
        return name, Decimal(0)
    return name, decimal_from(told["origQty"]) - decimal_from(told["executedQty"])
