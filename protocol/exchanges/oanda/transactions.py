"""Entries of the account's log: one transaction to the events that it tells, standing alone.

Each is told as it is written (`TransactionRecorded`), and then by what it means:

- What creates an order says that it is open; what refuses one, that it was rejected: there is
  then no order, and the number of the refusal is not an order's.
- `ORDER_CANCEL` ends an order. Why decides how: it expired; or it was cancelled by somebody, or
  with the trade that it belonged to; or the exchange could not execute it (`MARKET_HALTED`,
  `INSUFFICIENT_MARGIN`). The last of an order that was created in the same batch is a rejection
  of it: whoever placed it was answered "created" and has nothing.
- `ORDER_FILL` executes an order, whole or, as the number of units that was requested tells, in
  part: the rest of it is then cancelled, or goes on as another order.
- What an execution does to margin trades is told trade by trade, and the account's cash with it.

An unknown time in force, or an amount that is none, is an error: money hangs on it. Types that are
not known are told as such, and reasons are kept as they are.

Followed: "Transaction Definitions".
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from venuetree.protocol.events import (
    BalancesChanged,
    Event,
    FillReported,
    MarginTradeChanged,
    OrderReported,
    TransactionRecorded,
    UnknownMessage,
)
from venuetree.protocol.exchanges.oanda.reading import (
    NAME,
    amount,
    id_text,
    number,
    optional_amount,
    time_ns,
)
from venuetree.protocol.exchanges.oanda.terms import extensions_of
from venuetree.protocol.exchanges.oanda.transaction_reports import (
    CREATIONS,
    FILL,
    KINDS,
    Transaction,
    client_order_id_of,
    costs_of,
    exact_sum,
    fill_of,
    instrument_of,
    order_report_of,
    price_of,
    touched_trades,
    trade_id_of,
)
from venuetree.protocol.models import Balance, ClientExtensions, MarginTradeChange
from venuetree.protocol.reading import optional_text, sample, text_of

__all__ = [
    "KINDS",
    "events_of",
    "fill_of",
    "order_report_of",
    "transaction_id",
]

_ZERO: Final = Decimal(0)


def transaction_id(transaction: Transaction) -> int:
    """The number of a transaction, by which they are ordered; raises any of `MALFORMED`."""
    return number(transaction["id"])


def events_of(
    transaction: Transaction, raw: str, received_time_ns: int, *, currency: str = ""
) -> tuple[Event, ...]:
    """The events of one transaction; raises any of `MALFORMED`.

    Args:
        transaction: the JSON object.
        raw: its text, as it came.
        received_time_ns: our clock.
        currency: the account's own, which transactions do not tell.
    """
    return tuple(_events(transaction, raw, received_time_ns, currency))


def _events(
    transaction: Transaction, raw: str, received_time_ns: int, currency: str
) -> Iterator[Event]:
    recorded = _recorded(transaction, raw, received_time_ns)
    time = recorded.exchange_time_ns
    yield recorded
    if recorded.kind not in KINDS:
        yield UnknownMessage(NAME, recorded.kind, sample(transaction), time, received_time_ns)
    report = order_report_of(transaction, received_time_ns)
    if report is not None:
        yield OrderReported(NAME, report, time, received_time_ns)
    if recorded.kind == FILL:
        yield FillReported(NAME, fill_of(transaction), time, received_time_ns)
        yield from _trades_changed(transaction, recorded)
    if recorded.balance is not None:
        balances = (Balance(NAME, currency, recorded.balance, _ZERO),)
        yield BalancesChanged(NAME, balances, time, received_time_ns)


# ---------------------------------------------------------------- the entry itself


def _recorded(transaction: Transaction, raw: str, received_time_ns: int) -> TransactionRecorded:
    kind = text_of(transaction["type"])
    number_text = id_text(transaction["id"])
    # A refusal repeats what was asked for, so ids other than its own are taken as they are.
    return TransactionRecorded(
        exchange=NAME,
        transaction_id=number_text,
        batch_id=optional_text(transaction, "batchID"),
        kind=kind,
        reason=optional_text(transaction, "reason"),
        reject_reason=optional_text(transaction, "rejectReason"),
        order_id=number_text if kind in CREATIONS else optional_text(transaction, "orderID"),
        client_order_id=client_order_id_of(transaction),
        trade_id=trade_id_of(transaction),
        units=optional_amount(transaction, "units"),
        price=price_of(transaction),
        realized_profit=optional_amount(transaction, "pl"),
        financing=optional_amount(transaction, "financing"),
        commission=optional_amount(transaction, "commission"),
        amount=_came_in(transaction, kind),
        balance=optional_amount(transaction, "accountBalance"),
        detail=raw,
        exchange_time_ns=time_ns(transaction["time"]),
        received_time_ns=received_time_ns,
        instrument=instrument_of(transaction),
    )


def _came_in(transaction: Transaction, kind: str) -> Decimal | None:
    """What the account's cash has grown by, or shrunk; None where that is not told."""
    match kind:
        case "TRANSFER_FUNDS":
            return optional_amount(transaction, "amount")
        case "DAILY_FINANCING":
            return optional_amount(transaction, "financing")
        case "DIVIDEND_ADJUSTMENT":
            return optional_amount(transaction, "dividendAdjustment")
        case "ORDER_FILL":
            gains = (optional_amount(transaction, name) for name in ("pl", "financing"))
            return exact_sum((*gains, *(_negative(cost) for cost in costs_of(transaction))))
        case _:
            return None


def _negative(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.copy_negate()


# ---------------------------------------------------------------- what it does to trades


def _trades_changed(
    transaction: Transaction, recorded: TransactionRecorded
) -> Iterator[MarginTradeChanged]:
    for change, trade in touched_trades(transaction):
        is_opened = change is MarginTradeChange.OPENED
        extensions = (
            extensions_of(trade, "clientExtensions")
            if is_opened
            else ClientExtensions(optional_text(trade, "clientTradeID"))
        )
        yield MarginTradeChanged(
            exchange=NAME,
            instrument=recorded.instrument,
            trade_id=id_text(trade["tradeID"]),
            change=change,
            units=amount(trade["units"]),
            price=optional_amount(trade, "price"),
            realized_profit=None if is_opened else optional_amount(trade, "realizedPL"),
            financing=None if is_opened else optional_amount(trade, "financing"),
            order_id=recorded.order_id,
            transaction_id=recorded.transaction_id,
            exchange_time_ns=recorded.exchange_time_ns,
            received_time_ns=recorded.received_time_ns,
            extensions=extensions,
        )
