"""What the exchange says of an order, by whichever way: one report.

A cancel gives the order another client order id, its own; ours then stands in `origClientOrderId`
or, on the stream, in `C`. A query of a cancelled order tells the cancel's id alone, and is not
believed about ours.

An unknown status, side or time in force is an error: money hangs on it. An unknown type is not.

Followed: "ENUM definitions"; "New order", "Query order"; "User Data Streams: Order Update".
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from venuetree.protocol.exchanges.binance_us.reading import MILLISECOND, NAME, Symbols
from venuetree.protocol.models import (
    Fill,
    Liquidity,
    OrderReport,
    OrderStatus,
    OrderType,
    ReportSource,
    Side,
    TimeInForce,
)
from venuetree.protocol.numbers import decimal_from, decimal_text, divide
from venuetree.protocol.reading import optional_text, text_of

__all__ = [
    "SIDES",
    "STATUSES",
    "fill_from_event",
    "fill_from_trade",
    "integer",
    "optional_time_ns",
    "report_from_event",
    "report_from_order",
    "time_ns",
]

SIDES: Final = {"BUY": Side.BUY, "SELL": Side.SELL}
STATUSES: Final = {
    "NEW": OrderStatus.OPEN,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELLED,
    # Documented and unused: it is open still.
    "PENDING_CANCEL": OrderStatus.OPEN,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
}
_TYPES: Final = {
    "MARKET": OrderType.MARKET,
    "LIMIT": OrderType.LIMIT,
    "LIMIT_MAKER": OrderType.LIMIT,
    "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT,
    "TAKE_PROFIT_LIMIT": OrderType.STOP_LIMIT,
}
_TIMES_IN_FORCE: Final = {
    "GTC": TimeInForce.GOOD_TILL_CANCELLED,
    "IOC": TimeInForce.IMMEDIATE_OR_CANCEL,
    "FOK": TimeInForce.FILL_OR_KILL,
}
#: What happened, on the stream.
_EXECUTIONS: Final = frozenset(
    {"NEW", "CANCELED", "REPLACED", "REJECTED", "TRADE", "EXPIRED", "TRADE_PREVENTION"}
)
#: Why an order ended that its owner did not cancel; the plain words say nothing.
_NO_REASON: Final = frozenset({"", "NONE"})
#: Finer than any price of the exchange.
_FINEST: Final = Decimal("0.000000000001")


def integer(value: Any, what: str) -> int:
    """`value` if it is an integer; `TypeError` if not."""
    if type(value) is not int:
        message = f"{what} must be an integer, not {value!r:.40}"
        raise TypeError(message)
    return value


def time_ns(value: Any, what: str = "a time") -> int:
    """Milliseconds as nanoseconds."""
    return integer(value, what) * MILLISECOND


def optional_time_ns(value: Any, what: str = "a time") -> int | None:
    """The same; None where it is absent or, as the exchange says so, negative."""
    if value is None or (type(value) is int and value < 0):
        return None
    return time_ns(value, what)


def _word(table: Mapping[str, Any], value: Any, what: str) -> Any:
    found = table.get(text_of(value))
    if found is None:
        message = f"unknown {what} {value!r:.40}"
        raise ValueError(message)
    return found


def _positive(value: Any) -> Decimal | None:
    """A number that is zero where there is none."""
    return decimal_from(value) or None


def _average(quote: Decimal, filled: Decimal) -> Decimal | None:
    """A negative quote amount means that it is not known, as of very old orders."""
    if filled <= 0 or quote <= 0:
        return None
    text = decimal_text(divide(quote, filled, _FINEST))
    # Without the zeros at its end, but never with an exponent.
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)


# ---------------------------------------------------------------- by REST


def report_from_order(
    order: Mapping[str, Any],
    received_time_ns: int,
    symbols: Symbols,
    *,
    source: ReportSource,
    asked_id: str = "",
) -> OrderReport:
    """An order of a reply or a query as a report; raises any of `MALFORMED`.

    `asked_id`: our own id of it, where it was asked for.
    """
    status = text_of(order["status"])
    filled = decimal_from(order["executedQty"])
    quantity = decimal_from(order["origQty"])
    told_type = text_of(order["type"])
    quote_quantity = order.get("origQuoteOrderQty")
    return OrderReport(
        exchange=NAME,
        instrument=symbols.name(order["symbol"]),
        exchange_order_id=str(integer(order["orderId"], "orderId")),
        status=_word(STATUSES, status, "order status"),
        source=source,
        received_time_ns=received_time_ns,
        client_order_id=_client_id(order, status, asked_id),
        side=_word(SIDES, order["side"], "side"),
        type=_TYPES.get(told_type, OrderType.OTHER),
        time_in_force=_word(_TIMES_IN_FORCE, order["timeInForce"], "time in force"),
        quantity=quantity or None,
        quote_quantity=None if quote_quantity is None else _positive(quote_quantity),
        price=_positive(order["price"]),
        stop_price=_positive(order.get("stopPrice", "0")),
        filled_quantity=filled,
        average_price=_average(decimal_from(order["cummulativeQuoteQty"]), filled),
        is_cancelling=status == "PENDING_CANCEL",
        reason=_reason(status, optional_text(order, "expiryReason")),
        created_time_ns=optional_time_ns(order.get("time", order.get("workingTime")), "time"),
        exchange_time_ns=optional_time_ns(
            order.get("updateTime", order.get("transactTime")), "updateTime"
        ),
        list_id=_list_id(order.get("orderListId")),
    )


def _list_id(told: Any) -> str:
    """Of an order list; a negative one says that there is none."""
    if told is None or integer(told, "orderListId") < 0:
        return ""
    return str(told)


def _client_id(order: Mapping[str, Any], status: str, asked_id: str) -> str:
    original = optional_text(order, "origClientOrderId")
    told = text_of(order["clientOrderId"])
    if original or status != "CANCELED":
        return original or told
    return asked_id


def _reason(status: str, *told: str) -> str:
    """Why it ended, in the exchange's words."""
    words = [word for word in told if word not in _NO_REASON]
    if status == "EXPIRED_IN_MATCH":
        words.insert(0, "EXPIRED_IN_MATCH")
    return " ".join(dict.fromkeys(words))


def fill_from_trade(
    trade: Mapping[str, Any], symbols: Symbols, *, client_order_id: str = ""
) -> Fill:
    """An execution of `myTrades`; raises any of `MALFORMED`."""
    number = str(integer(trade["id"], "id"))
    return Fill(
        exchange=NAME,
        instrument=symbols.name(trade["symbol"]),
        fill_id=number,
        exchange_order_id=str(integer(trade["orderId"], "orderId")),
        side=Side.BUY if _flag(trade["isBuyer"], "isBuyer") else Side.SELL,
        price=decimal_from(trade["price"]),
        quantity=decimal_from(trade["qty"]),
        fee=decimal_from(trade["commission"]),
        fee_currency=text_of(trade["commissionAsset"]),
        liquidity=Liquidity.MAKER if _flag(trade["isMaker"], "isMaker") else Liquidity.TAKER,
        exchange_time_ns=time_ns(trade["time"], "time"),
        client_order_id=client_order_id,
        trade_id=number,
    )


def _flag(value: Any, what: str) -> bool:
    if type(value) is not bool:
        message = f"{what} must be true or false, not {value!r:.40}"
        raise TypeError(message)
    return value


# ---------------------------------------------------------------- by the stream


def report_from_event(
    event: Mapping[str, Any], received_time_ns: int, symbols: Symbols
) -> OrderReport:
    """An `executionReport` as a report; raises any of `MALFORMED`. Its keys differ by case."""
    status, execution = text_of(event["X"]), text_of(event["x"])
    if execution not in _EXECUTIONS:
        message = f"unknown execution type {execution!r:.40}"
        raise ValueError(message)
    filled = decimal_from(event["z"])
    return OrderReport(
        exchange=NAME,
        instrument=symbols.name(event["s"]),
        exchange_order_id=str(integer(event["i"], "i")),
        status=_word(STATUSES, status, "order status"),
        source=ReportSource.STREAM,
        received_time_ns=received_time_ns,
        client_order_id=text_of(event["C"]) or text_of(event["c"]),
        side=_word(SIDES, event["S"], "side"),
        type=_TYPES.get(text_of(event["o"]), OrderType.OTHER),
        time_in_force=_word(_TIMES_IN_FORCE, event["f"], "time in force"),
        quantity=_positive(event["q"]),
        quote_quantity=_positive(event["Q"]),
        price=_positive(event["p"]),
        stop_price=_positive(event["P"]),
        filled_quantity=filled,
        average_price=_average(decimal_from(event["Z"]), filled),
        is_cancelling=status == "PENDING_CANCEL",
        reason=_reason(status, optional_text(event, "r"), optional_text(event, "eR")),
        created_time_ns=optional_time_ns(event.get("O"), "O"),
        exchange_time_ns=time_ns(event["T"], "T"),
        list_id=_list_id(event.get("g")),
    )


def fill_from_event(event: Mapping[str, Any], report: OrderReport) -> Fill | None:
    """The execution that an `executionReport` tells, None if it tells none."""
    if event["x"] != "TRADE":
        return None
    number = integer(event["t"], "t")
    if number < 0:
        message = f"an execution cannot have the number {number}"
        raise ValueError(message)
    return Fill(
        exchange=NAME,
        instrument=report.instrument,
        fill_id=str(number),
        exchange_order_id=report.exchange_order_id,
        side=SIDES[event["S"]],
        price=decimal_from(event["L"]),
        quantity=decimal_from(event["l"]),
        fee=decimal_from(event["n"]),
        fee_currency=optional_text(event, "N"),
        liquidity=Liquidity.MAKER if _flag(event["m"], "m") else Liquidity.TAKER,
        exchange_time_ns=time_ns(event["T"], "T"),
        client_order_id=report.client_order_id,
        trade_id=str(number),
    )
