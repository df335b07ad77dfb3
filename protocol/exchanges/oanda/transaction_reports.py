"""What a transaction says of an order, and the execution that it may be.

The report of an execution tells what was filled by it, which is all of the order that will be: an
order is executed once. Where that is less than was requested it has ended all the same: the rest
is cancelled, or goes on as another order.

Ids grow, and a batch is named by the first id in it: so an order whose id is not smaller than its
batch's was created in that batch.

Followed: "Transaction Definitions" (the transactions of orders, OrderCancelReason,
OrderFillReason).
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from venuetree.protocol.exchanges.oanda.reading import (
    NAME,
    amount,
    id_text,
    instrument_name,
    member,
    number,
    optional_amount,
    optional_id,
    signed,
    time_ns,
)
from venuetree.protocol.exchanges.oanda.terms import (
    EXITS,
    TIMES_IN_FORCE,
    extensions_of,
    order_type,
    prices_of,
    time_in_force,
)
from venuetree.protocol.models import (
    Fill,
    Liquidity,
    MarginTradeChange,
    OrderReport,
    OrderStatus,
    OrderType,
    ReportSource,
)
from venuetree.protocol.numbers import add
from venuetree.protocol.reading import optional_text, text_of

__all__ = [
    "CREATIONS",
    "FILL",
    "KINDS",
    "PARTLY_EXECUTED",
    "Transaction",
    "client_order_id_of",
    "costs_of",
    "exact_sum",
    "fill_of",
    "instrument_of",
    "order_report_of",
    "price_of",
    "touched_trades",
    "trade_id_of",
]

Transaction = Mapping[str, Any]

FILL: Final = "ORDER_FILL"
_CANCEL: Final = "ORDER_CANCEL"
_REJECT: Final = "_REJECT"
#: Types of what creates an order end so.
_ORDER: Final = "_ORDER"
_ORDER_KINDS: Final = (
    "MARKET_ORDER",
    "LIMIT_ORDER",
    "STOP_ORDER",
    "MARKET_IF_TOUCHED_ORDER",
    "TAKE_PROFIT_ORDER",
    "STOP_LOSS_ORDER",
    "GUARANTEED_STOP_LOSS_ORDER",
    "TRAILING_STOP_LOSS_ORDER",
    "FIXED_PRICE_ORDER",
)
#: What creates an order, and what refuses one; those of a fixed price only the exchange makes.
CREATIONS: Final = frozenset(_ORDER_KINDS)
_REJECTIONS: Final = frozenset(f"{kind}{_REJECT}" for kind in _ORDER_KINDS)
#: All types of the documents.
KINDS: Final = (
    CREATIONS
    | _REJECTIONS
    | {
        FILL,
        _CANCEL,
        "ORDER_CANCEL_REJECT",
        "ORDER_CLIENT_EXTENSIONS_MODIFY",
        "ORDER_CLIENT_EXTENSIONS_MODIFY_REJECT",
        "TRADE_CLIENT_EXTENSIONS_MODIFY",
        "TRADE_CLIENT_EXTENSIONS_MODIFY_REJECT",
        "CREATE",
        "CLOSE",
        "REOPEN",
        "RESET_RESETTABLE_PL",
        "CLIENT_CONFIGURE",
        "CLIENT_CONFIGURE_REJECT",
        "TRANSFER_FUNDS",
        "TRANSFER_FUNDS_REJECT",
        "MARGIN_CALL_ENTER",
        "MARGIN_CALL_EXTEND",
        "MARGIN_CALL_EXIT",
        "DELAYED_TRADE_CLOSURE",
        "DAILY_FINANCING",
        "DIVIDEND_ADJUSTMENT",
    }
)
#: Why an order is cancelled in the ordinary course of things.
_ORDINARY: Final = frozenset(
    {
        "CLIENT_REQUEST",
        "CLIENT_REQUEST_REPLACED",
        "DIVIDEND_ADJUSTMENT_REPLACED",
        "LINKED_TRADE_CLOSED",
        "MIGRATION",
    }
)
_EXPIRED: Final = "TIME_IN_FORCE_EXPIRED"

#: Our word for the end of an order that the exchange gives no reason for.
PARTLY_EXECUTED: Final = "executed in part; the rest does not wait under this order's number"
_ZERO: Final = Decimal(0)


# ---------------------------------------------------------------- members


def client_order_id_of(transaction: Transaction) -> str:
    """Where the order is created it has extensions; where it is spoken of, its id stands alone."""
    told = optional_text(transaction, "clientOrderID")
    return told or extensions_of(transaction, "clientExtensions").id


#: What a request to close was about, where it was refused before that was known otherwise.
_CLOSEOUTS: Final = ("longPositionCloseout", "shortPositionCloseout")


def instrument_of(transaction: Transaction) -> str:
    """Our name of what it is of, `""` where it is of no instrument, or names none."""
    symbol = optional_text(transaction, "instrument")
    for name in _CLOSEOUTS:
        symbol = symbol or optional_text(member(transaction, name), "instrument")
    return instrument_name(symbol)


def trade_id_of(transaction: Transaction) -> str:
    """The one trade that it is about, `""` for none or for several."""
    named = (
        optional_text(transaction, "tradeID")
        or optional_text(member(transaction, "tradeClose"), "tradeID")
        or optional_text(transaction, "closedTradeID")
    )
    if named:
        return named
    touched = [id_text(trade["tradeID"]) for _, trade in touched_trades(transaction)]
    return touched[0] if len(touched) == 1 else ""


def price_of(transaction: Transaction) -> Decimal | None:
    """Of an order, its own; of an execution, the volume-weighted one by either of its names."""
    price = optional_amount(transaction, "price")
    return optional_amount(transaction, "fullVWAP") if price is None else price


def costs_of(transaction: Transaction) -> tuple[Decimal | None, ...]:
    """What an execution costs, in the account's currency; what is half of the spread is not of it.

    That and the cost of conversions are within the price and the profit already.
    """
    return (
        optional_amount(transaction, "commission"),
        optional_amount(transaction, "guaranteedExecutionFee"),
    )


def _fee(transaction: Transaction) -> Decimal:
    fee = exact_sum(costs_of(transaction))
    return _ZERO if fee is None else fee


def touched_trades(transaction: Transaction) -> Iterator[tuple[MarginTradeChange, Transaction]]:
    """The trades that an execution closed, reduced and opened, as it goes through them."""
    closed = transaction.get("tradesClosed")
    if closed is not None:
        if type(closed) is not list:
            message = f"tradesClosed must be a list, not {closed!r:.40}"
            raise TypeError(message)
        yield from ((MarginTradeChange.CLOSED, trade) for trade in closed)
    for name, change in (
        ("tradeReduced", MarginTradeChange.REDUCED),
        ("tradeOpened", MarginTradeChange.OPENED),
    ):
        trade = member(transaction, name)
        if trade:
            yield change, trade


def exact_sum(values: tuple[Decimal | None, ...]) -> Decimal | None:
    """Exact; None if none of them is told."""
    total: Decimal | None = None
    for value in values:
        if value is not None:
            total = value if total is None else add(total, value)
    return total


# ---------------------------------------------------------------- what it says of an order


def order_report_of(
    transaction: Transaction,
    received_time_ns: int,
    *,
    source: ReportSource = ReportSource.STREAM,
) -> OrderReport | None:
    """What a transaction says of an order; None if nothing. Raises any of `MALFORMED`."""
    kind = text_of(transaction["type"])
    if kind in CREATIONS:
        return _created(transaction, kind, received_time_ns, source)
    if kind in _REJECTIONS:
        return _rejected(transaction, kind, received_time_ns, source)
    if kind == _CANCEL:
        return _cancelled(transaction, received_time_ns, source)
    if kind == FILL:
        return _filled(transaction, received_time_ns, source)
    return None


def _created(
    transaction: Transaction, kind: str, received_time_ns: int, source: ReportSource
) -> OrderReport:
    """Exits of a trade have neither an instrument nor units of their own."""
    told_type = order_type(kind.removesuffix(_ORDER))
    price, stop_price = prices_of(transaction, told_type)
    units = optional_amount(transaction, "units")
    side, quantity = (None, None) if units is None else signed(units)
    time = time_ns(transaction["time"])
    return OrderReport(
        exchange=NAME,
        instrument=instrument_of(transaction),
        exchange_order_id=id_text(transaction["id"]),
        status=OrderStatus.OPEN,
        source=source,
        received_time_ns=received_time_ns,
        client_order_id=client_order_id_of(transaction),
        side=side,
        type=told_type,
        time_in_force=time_in_force(transaction),
        quantity=quantity,
        price=price,
        stop_price=stop_price,
        created_time_ns=time,
        exchange_time_ns=time,
        trade_id=optional_id(transaction, "tradeID"),
    )


def _rejected(
    transaction: Transaction, kind: str, received_time_ns: int, source: ReportSource
) -> OrderReport:
    """Without an order's id: there is no order.

    So one that is there and bears the same id of ours is not touched by it. What was wrong with
    the request stands in it, and is not held against the message.
    """
    told_type = order_type(kind.removesuffix(_REJECT).removesuffix(_ORDER))
    price, stop_price = prices_of(transaction, told_type)
    units = optional_amount(transaction, "units")
    side, quantity = signed(units) if units else (None, None)
    return OrderReport(
        exchange=NAME,
        instrument=instrument_of(transaction),
        exchange_order_id="",
        status=OrderStatus.REJECTED,
        source=source,
        received_time_ns=received_time_ns,
        client_order_id=client_order_id_of(transaction),
        side=side,
        type=told_type,
        time_in_force=TIMES_IN_FORCE.get(optional_text(transaction, "timeInForce")),
        quantity=quantity,
        price=price,
        stop_price=stop_price,
        reason=optional_text(transaction, "rejectReason"),
        exchange_time_ns=time_ns(transaction["time"]),
        trade_id=optional_text(transaction, "tradeID"),
    )


def _cancelled(
    transaction: Transaction, received_time_ns: int, source: ReportSource
) -> OrderReport:
    reason = optional_text(transaction, "reason")
    return OrderReport(
        exchange=NAME,
        instrument="",
        exchange_order_id=id_text(transaction["orderID"]),
        status=_end(transaction, reason),
        source=source,
        received_time_ns=received_time_ns,
        client_order_id=client_order_id_of(transaction),
        reason=reason,
        exchange_time_ns=time_ns(transaction["time"]),
    )


def _end(transaction: Transaction, reason: str) -> OrderStatus:
    if reason == _EXPIRED:
        return OrderStatus.EXPIRED
    if reason in _ORDINARY:
        return OrderStatus.CANCELLED
    batch = optional_id(transaction, "batchID")
    is_of_batch = bool(batch) and number(transaction["orderID"]) >= int(batch)
    return OrderStatus.REJECTED if is_of_batch else OrderStatus.CANCELLED


def _filled(transaction: Transaction, received_time_ns: int, source: ReportSource) -> OrderReport:
    side, filled = signed(amount(transaction["units"]))
    requested = optional_amount(transaction, "requestedUnits")
    quantity = filled if requested is None else requested.copy_abs()
    is_in_part = filled < quantity
    told_type = _type_of_filled(transaction)
    return OrderReport(
        exchange=NAME,
        instrument=instrument_of(transaction),
        exchange_order_id=id_text(transaction["orderID"]),
        status=OrderStatus.CANCELLED if is_in_part else OrderStatus.FILLED,
        source=source,
        received_time_ns=received_time_ns,
        client_order_id=client_order_id_of(transaction),
        side=side,
        type=told_type,
        quantity=quantity,
        filled_quantity=filled,
        average_price=price_of(transaction),
        fees=_fee(transaction),
        reason=PARTLY_EXECUTED if is_in_part else "",
        exchange_time_ns=time_ns(transaction["time"]),
        trade_id=trade_id_of(transaction) if told_type in EXITS else "",
    )


def _type_of_filled(transaction: Transaction) -> OrderType | None:
    """The reason of an execution names what was executed: `STOP_LOSS_ORDER`."""
    reason = optional_text(transaction, "reason")
    if reason.startswith("MARKET_ORDER"):
        return OrderType.MARKET
    return order_type(reason.removesuffix(_ORDER)) if reason in CREATIONS else None


def fill_of(transaction: Transaction) -> Fill:
    """The execution that an `ORDER_FILL` is; raises any of `MALFORMED`."""
    side, quantity = signed(amount(transaction["units"]))
    price = price_of(transaction)
    if price is None:
        message = "an execution without a price"
        raise ValueError(message)
    return Fill(
        exchange=NAME,
        instrument=instrument_name(text_of(transaction["instrument"])),
        fill_id=id_text(transaction["id"]),
        exchange_order_id=id_text(transaction["orderID"]),
        side=side,
        price=price,
        quantity=quantity,
        fee=_fee(transaction),
        # The account's own, which no transaction but the first names.
        fee_currency="",
        liquidity=Liquidity.UNKNOWN,
        exchange_time_ns=time_ns(transaction["time"]),
        client_order_id=client_order_id_of(transaction),
        trade_id=optional_id(member(transaction, "tradeOpened"), "tradeID"),
    )
