"""What a client may ask for: requests for orders become tickets, or reasons for a rejection."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from venuetree.scenarios.simulated.oanda.answers import missing_data
from venuetree.scenarios.simulated.oanda.field_reader import FieldReader, as_object
from venuetree.scenarios.simulated.oanda.order_fields import (
    details_fields,
    on_fill_key,
    ticket_fields,
)
from venuetree.scenarios.simulated.oanda.orders import (
    DEPENDENT_KINDS,
    Details,
    OrderKind,
    PositionFill,
    Ticket,
    TimeInForce,
    TriggerCondition,
)
from venuetree.scenarios.simulated.oanda.trades import Trade
from venuetree.scenarios.simulated.oanda.universe import Instrument

__all__ = ["Reading", "read_dependent", "read_entry"]

_RESTING = frozenset({TimeInForce.GTC, TimeInForce.GTD, TimeInForce.GFD})
_AT_ONCE = frozenset({TimeInForce.FOK, TimeInForce.IOC})

TIMES_IN_FORCE: Mapping[OrderKind, frozenset[TimeInForce]] = {
    OrderKind.MARKET: _AT_ONCE,
    OrderKind.LIMIT: _RESTING | _AT_ONCE,
    OrderKind.STOP: _RESTING | _AT_ONCE,
    OrderKind.MARKET_IF_TOUCHED: _RESTING,
    OrderKind.TAKE_PROFIT: _RESTING,
    OrderKind.STOP_LOSS: _RESTING,
    OrderKind.TRAILING_STOP_LOSS: _RESTING,
    OrderKind.GUARANTEED_STOP_LOSS: _RESTING,
}
"""What each kind allows. The default is FOK of a market order, GTC of all others."""

_BOUNDED = frozenset({OrderKind.MARKET, OrderKind.STOP, OrderKind.MARKET_IF_TOUCHED})


@attrs.frozen
class Reading:
    """A request for an order that could be read.

    Args:
        ticket: what it asks for; what breaks a rule is None in it.
        raw: the members that break a rule, as they were sent.
        reasons: what is wrong; an order without any is in order.
    """

    ticket: Ticket
    raw: dict[str, Any]
    reasons: tuple[str, ...]

    @property
    def fields(self) -> dict[str, Any]:
        """The request as the transaction of its rejection repeats it."""
        return {**ticket_fields(self.ticket), **self.raw}


def read_entry(
    body: dict[str, Any], kind: OrderKind, instrument: Instrument, now_ns: int
) -> Reading:
    """A request for an order that may open trades.

    Raises:
        BadRequestError: something required is missing, or cannot be read.
    """
    reader = FieldReader(body, "order", now_ns)
    market = kind is OrderKind.MARKET
    if not reader.has("units") or not (market or reader.has("price")):
        raise missing_data()
    default = TimeInForce.FOK if market else TimeInForce.GTC
    ticket = Ticket(
        kind=kind,
        instrument=instrument,
        units=reader.units(instrument),
        price=None if market else reader.price("price", instrument),
        price_bound=reader.price("priceBound", instrument, "PRICE_BOUND")
        if kind in _BOUNDED
        else None,
        time_in_force=_time_in_force(reader, kind, default),
        gtd_ns=reader.gtd(reader.choice("timeInForce", default)),
        position_fill=reader.choice("positionFill", PositionFill.DEFAULT),
        trigger_condition=TriggerCondition.DEFAULT
        if market
        else reader.choice("triggerCondition", TriggerCondition.DEFAULT),
        extensions=reader.extensions("clientExtensions"),
        trade_extensions=reader.extensions("tradeClientExtensions", "CLIENT_TRADE"),
        on_fill=_on_fill(reader, instrument),
    )
    _check_ids_differ(reader, ticket)
    return Reading(ticket, reader.raw, tuple(reader.reasons))


def read_dependent(
    body: dict[str, Any],
    kind: OrderKind,
    trade: Trade,
    now_ns: int,
    path: str = "order",
) -> Reading:
    """A request for an order that closes a trade.

    Raises:
        BadRequestError: something cannot be read.
    """
    reader = FieldReader(body, path, now_ns)
    instrument = trade.instrument
    price, distance = _price_and_distance(reader, kind, instrument)
    ticket = Ticket(
        kind=kind,
        instrument=instrument,
        price=price,
        distance=distance,
        time_in_force=_time_in_force(reader, kind, TimeInForce.GTC),
        gtd_ns=reader.gtd(reader.choice("timeInForce", TimeInForce.GTC)),
        trigger_condition=reader.choice("triggerCondition", TriggerCondition.DEFAULT),
        extensions=reader.extensions("clientExtensions"),
        trade_id=trade.id,
        client_trade_id=trade.client_id,
        guaranteed=reader.flag("guaranteed") if kind is OrderKind.STOP_LOSS else None,
    )
    return Reading(ticket, reader.raw, tuple(reader.reasons))


def _time_in_force(reader: FieldReader, kind: OrderKind, default: TimeInForce) -> TimeInForce:
    time_in_force = reader.choice("timeInForce", default)
    if time_in_force not in TIMES_IN_FORCE[kind]:
        reader.refuse("TIME_IN_FORCE_INVALID")
    return time_in_force


def _price_and_distance(
    reader: FieldReader, kind: OrderKind, instrument: Instrument
) -> tuple[Decimal | None, Decimal | None]:
    """The two ways to say where a dependent order acts, of which exactly one is to be given."""
    if kind is OrderKind.TRAILING_STOP_LOSS:
        return None, _trailing_distance(reader, instrument)
    # The on-fill reasons name the kind already.
    subject = "" if reader.prefix else f"{kind.transaction}_"
    match reader.has("price"), reader.has("distance"):
        case True, True:
            reader.refuse(f"{subject}PRICE_AND_DISTANCE_BOTH_SPECIFIED")
        case False, False if kind is OrderKind.TAKE_PROFIT:
            reader.refuse("PRICE_MISSING")
        case False, False:
            reader.refuse(f"{subject}PRICE_AND_DISTANCE_BOTH_MISSING")
    price = reader.price("price", instrument)
    return price, reader.price("distance", instrument, "PRICE_DISTANCE")


def _trailing_distance(reader: FieldReader, instrument: Instrument) -> Decimal | None:
    distance = reader.price("distance", instrument, "PRICE_DISTANCE")
    if not reader.has("distance"):
        reader.refuse("PRICE_DISTANCE_MISSING")
    elif distance is not None and distance < instrument.minimum_trailing_stop_distance:
        reader.refuse("PRICE_DISTANCE_MINIMUM_NOT_MET")
    elif distance is not None and distance > instrument.maximum_trailing_stop_distance:
        reader.refuse("PRICE_DISTANCE_MAXIMUM_EXCEEDED")
    return distance


def _on_fill(reader: FieldReader, instrument: Instrument) -> tuple[Details, ...]:
    found = []
    for kind in DEPENDENT_KINDS:
        key = on_fill_key(kind)
        if not reader.has(key):
            continue
        path = f"{reader.path}.{key}"
        body = as_object(reader.body[key], path)
        inner = FieldReader(body, path, reader.now_ns, f"{kind.value}_ON_FILL_")
        details = _details(inner, kind, instrument)
        found.append(details)
        reader.reasons += inner.reasons
        if inner.raw:
            reader.raw[key] = {**details_fields(instrument, details), **inner.raw}
    if {OrderKind.STOP_LOSS, OrderKind.GUARANTEED_STOP_LOSS} <= {each.kind for each in found}:
        # A trade has one or the other.
        reader.refuse("STOP_LOSS_ORDER_ALREADY_EXISTS")
    return tuple(found)


def _details(reader: FieldReader, kind: OrderKind, instrument: Instrument) -> Details:
    price, distance = _price_and_distance(reader, kind, instrument)
    return Details(
        kind=kind,
        price=price,
        distance=distance,
        time_in_force=_time_in_force(reader, kind, TimeInForce.GTC),
        gtd_ns=reader.gtd(reader.choice("timeInForce", TimeInForce.GTC)),
        extensions=reader.extensions("clientExtensions"),
        guaranteed=reader.flag("guaranteed") if kind is OrderKind.STOP_LOSS else None,
    )


def _check_ids_differ(reader: FieldReader, ticket: Ticket) -> None:
    given = [ticket.extensions, *(details.extensions for details in ticket.on_fill)]
    ids = [each.id for each in given if each is not None and each.id is not None]
    if len(set(ids)) < len(ids):
        reader.refuse("ORDERS_ON_FILL_DUPLICATE_CLIENT_ORDER_IDS")
