"""What Coinbase says of an order of ours, by stream or by query, as an `OrderReport`.

An order's status, side or time in force that we do not know never passes for another: the
order is reported as UNKNOWN, with the value in its reason, and will be asked for; the stream
lives on. Descriptive words that we do not know are kept as `OTHER` or left out.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from attrs import frozen

from venuetree.protocol.exchanges.coinbase.reading import NAME
from venuetree.protocol.exchanges.coinbase.wire import WireOrder
from venuetree.protocol.models import (
    OrderReport,
    OrderStatus,
    OrderType,
    ReportSource,
    Side,
    TimeInForce,
)
from venuetree.protocol.numbers import add, decimal_from, optional_decimal
from venuetree.protocol.reading import optional_text, text_of
from venuetree.protocol.timestamps import optional_rfc3339

__all__ = ["SIDES", "configured", "report_from_query", "report_from_stream"]

SIDES: Final = {"BUY": Side.BUY, "SELL": Side.SELL}


@frozen
class _Standing:
    """What a wire status means: our state, and whether a cancel is under way."""

    status: OrderStatus
    is_cancelling: bool = False


#: There is no partially-filled status on the wire: an order with fills stays `OPEN`.
_STATUSES: Final = {
    "PENDING": _Standing(OrderStatus.SENT),
    "QUEUED": _Standing(OrderStatus.SENT),
    "OPEN": _Standing(OrderStatus.OPEN),
    "EDIT_QUEUED": _Standing(OrderStatus.OPEN),
    "CANCEL_QUEUED": _Standing(OrderStatus.OPEN, is_cancelling=True),
    "FILLED": _Standing(OrderStatus.FILLED),
    "CANCELLED": _Standing(OrderStatus.CANCELLED),
    "EXPIRED": _Standing(OrderStatus.EXPIRED),
    "FAILED": _Standing(OrderStatus.REJECTED),
}
#: `UNKNOWN_TIME_IN_FORCE` and `""` say that the exchange itself does not tell.
_TIMES_IN_FORCE: Final[Mapping[str, TimeInForce | None]] = {
    "GOOD_UNTIL_CANCELLED": TimeInForce.GOOD_TILL_CANCELLED,
    "GOOD_UNTIL_DATE_TIME": TimeInForce.GOOD_TILL_DATE,
    "IMMEDIATE_OR_CANCEL": TimeInForce.IMMEDIATE_OR_CANCEL,
    "FILL_OR_KILL": TimeInForce.FILL_OR_KILL,
    "UNKNOWN_TIME_IN_FORCE": None,
    "": None,
}
#: Compared without case, blanks and underscores: `Stop Limit`, `StopLimit`, `STOP_LIMIT`.
_TYPES: Final = {
    "market": OrderType.MARKET,
    "limit": OrderType.LIMIT,
    "stoplimit": OrderType.STOP_LIMIT,
    "bracket": OrderType.BRACKET,
}
#: Words that stand for "no reason".
_NO_REASON: Final = frozenset({"", "REJECT_REASON_UNSPECIFIED"})


@frozen
class _Strict:
    """The three words that must be known, read together."""

    status: OrderStatus
    is_cancelling: bool
    side: Side | None
    time_in_force: TimeInForce | None
    #: What is not known; `""` if all is.
    problem: str


def _strict(status: str, side: str, time_in_force: str, filled: Decimal | None) -> _Strict:
    standing = _STATUSES.get(status)
    our_side = SIDES.get(side)
    problems = []
    if standing is None:
        problems.append(f"status {status!r}")
    if our_side is None:
        problems.append(f"side {side!r}")
    if time_in_force not in _TIMES_IN_FORCE:
        problems.append(f"time in force {time_in_force!r}")
    if standing is None or problems:
        return _Strict(
            OrderStatus.UNKNOWN,
            is_cancelling=False,
            side=our_side,
            time_in_force=_TIMES_IN_FORCE.get(time_in_force),
            problem="the exchange told an unknown " + " and ".join(problems),
        )
    our_status = standing.status
    if our_status is OrderStatus.OPEN and filled:
        our_status = OrderStatus.PARTIALLY_FILLED
    return _Strict(
        our_status,
        is_cancelling=standing.is_cancelling,
        side=our_side,
        time_in_force=_TIMES_IN_FORCE[time_in_force],
        problem="",
    )


def _type(word: str) -> OrderType | None:
    """The order's type; OTHER for one that we do not place, None if untold."""
    plain = word.casefold().replace(" ", "").replace("_", "").replace("-", "")
    if plain in {"", "unknownordertype"}:
        return None
    return _TYPES.get(plain, OrderType.OTHER)


def _positive(value: Decimal | None) -> Decimal | None:
    """None for zero too: prices and sizes that the exchange writes as `0` for "none"."""
    return value or None


def _reason(*words: str | None) -> str:
    """The telling words, joined."""
    told = [word for word in words if word is not None and word not in _NO_REASON]
    return ": ".join(told)


def report_from_stream(
    order: Mapping[str, Any], sent_time_ns: int | None, received_time_ns: int
) -> OrderReport:
    """An order of the `user` channel; raises any of `reading.MALFORMED`."""
    filled = decimal_from(order["cumulative_quantity"])
    leaves = optional_decimal(order.get("leaves_quantity"))
    order_type = _type(optional_text(order, "order_type"))
    strict = _strict(
        text_of(order["status"]),
        text_of(order["order_side"]),
        optional_text(order, "time_in_force"),
        filled,
    )
    # Leaves fall to zero once the order is final, and those of a market order sized in quote
    # are a guess of the exchange's: no original quantity can be had from either.
    is_sized = leaves and not strict.status.is_final and order_type is not OrderType.MARKET
    return OrderReport(
        exchange=NAME,
        instrument=text_of(order["product_id"]),
        exchange_order_id=text_of(order["order_id"]),
        status=strict.status,
        source=ReportSource.STREAM,
        received_time_ns=received_time_ns,
        client_order_id=optional_text(order, "client_order_id"),
        side=strict.side,
        type=order_type,
        time_in_force=strict.time_in_force,
        quantity=add(filled, leaves) if is_sized and leaves is not None else None,
        price=_positive(optional_decimal(order.get("limit_price"))),
        stop_price=_positive(optional_decimal(order.get("stop_price"))),
        filled_quantity=filled,
        average_price=_positive(optional_decimal(order.get("avg_price"))),
        fees=optional_decimal(order.get("total_fees")),
        is_cancelling=strict.is_cancelling,
        reason=_reason(
            strict.problem,
            # An early release spelled it `reject_Reason`.
            optional_text(order, "reject_reason") or optional_text(order, "reject_Reason"),
            optional_text(order, "cancel_reason"),
        ),
        created_time_ns=optional_rfc3339(order.get("creation_time")),
        exchange_time_ns=sent_time_ns,
    )


@frozen
class Configured:
    """The numbers of an order configuration, None where it has none."""

    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None


def configured(configuration: Mapping[str, Any] | None) -> Configured:
    """What an order configuration asks for, whichever of its variants it is."""
    if not configuration:
        return Configured()
    variant = next(iter(configuration.values()))
    if not isinstance(variant, Mapping):
        return Configured()
    stop = variant.get("stop_price") or variant.get("stop_trigger_price")
    return Configured(
        quantity=_positive(optional_decimal(variant.get("base_size"))),
        quote_quantity=_positive(optional_decimal(variant.get("quote_size"))),
        price=_positive(optional_decimal(variant.get("limit_price"))),
        stop_price=_positive(optional_decimal(stop)),
    )


def report_from_query(order: WireOrder, received_time_ns: int) -> OrderReport:
    """An order of the REST API; `ValueError` or `TypeError` where a number or time is none."""
    strict = _strict(order.status, order.side, order.time_in_force, order.filled_size)
    asked = configured(order.order_configuration)
    return OrderReport(
        exchange=NAME,
        instrument=order.product_id,
        exchange_order_id=order.order_id,
        status=strict.status,
        source=ReportSource.QUERY,
        received_time_ns=received_time_ns,
        client_order_id=order.client_order_id,
        side=strict.side,
        type=_type(order.order_type),
        time_in_force=strict.time_in_force,
        quantity=asked.quantity,
        quote_quantity=asked.quote_quantity,
        price=asked.price,
        stop_price=asked.stop_price,
        filled_quantity=order.filled_size or Decimal(0),
        average_price=_positive(order.average_filled_price),
        fees=order.total_fees,
        is_cancelling=strict.is_cancelling or (order.pending_cancel and not strict.status.is_final),
        reason=_reason(
            strict.problem, order.reject_reason, order.reject_message, order.cancel_message
        ),
        created_time_ns=optional_rfc3339(order.created_time),
        exchange_time_ns=optional_rfc3339(order.last_update_time),
    )
