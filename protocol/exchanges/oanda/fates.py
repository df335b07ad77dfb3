"""What became of an order, by the entries of the log that speak of it.

An order here is executed once at the most, in whole or in part, and with that it has ended: what
is left of one that was to wait goes on under a number of its own. So "partly filled" is the end
of an order, told as cancelled with what was executed of it.

Followed: "Transaction Definitions" (OrderFillTransaction, OrderCancelTransaction).
"""

from collections.abc import Iterable
from decimal import Context, Decimal
from typing import Any, Final

from attrs import evolve

from venuetree.protocol.exchanges.oanda.log_flows import Entries, Entry
from venuetree.protocol.exchanges.oanda.reading import amount, member, number, signed
from venuetree.protocol.exchanges.oanda.transaction_reports import order_report_of
from venuetree.protocol.models import OrderReport, OrderStatus, ReportSource
from venuetree.protocol.numbers import add
from venuetree.protocol.reading import optional_text

__all__ = [
    "client_id_of",
    "created_order",
    "exit_of_opening",
    "fate_of",
    "has_ended",
    "is_rejection",
    "of_order",
    "type_of",
]

_ZERO: Final = Decimal(0)
_EXACT: Final = Context(prec=100)
_AVERAGE: Final = Context(prec=28)


def type_of(entry: Entry) -> str:
    """The exchange's word for what an entry is."""
    return optional_text(entry, "type")


def is_rejection(entry: Entry) -> bool:
    """Whether it refuses an order that was asked for."""
    return type_of(entry).endswith("_ORDER_REJECT")


def client_id_of(entry: Entry) -> str:
    """Our id of the order that an entry creates, refuses or speaks of."""
    told = optional_text(entry, "clientOrderID")
    return told or optional_text(member(entry, "clientExtensions"), "id")


def created_order(
    entry: Entry, received_time_ns: int, source: ReportSource = ReportSource.QUERY
) -> OrderReport | None:
    """The order that an entry creates, as it was then; None if it creates none."""
    if not type_of(entry).endswith("_ORDER"):
        return None
    return order_report_of(entry, received_time_ns, source=source)


def of_order(entries: Iterable[Entry], order_id: str) -> Entries:
    """The entries that execute or end an order."""
    return tuple(
        entry
        for entry in entries
        if type_of(entry) in {"ORDER_FILL", "ORDER_CANCEL"} and entry.get("orderID") == order_id
    )


def has_ended(entries: Entries, order_id: str) -> bool:
    """Whether the entries hold the whole end of an order.

    An execution in part is followed by a cancel of the rest, if there is one, within its batch.
    """
    told = of_order(entries, order_id)
    if any(type_of(entry) == "ORDER_CANCEL" for entry in told):
        return True
    if not told:
        return False
    batch = told[-1].get("batchID")
    return any(
        entry.get("batchID") != batch for entry in entries if number(entry["id"]) > _last(told)
    ) or _is_whole(told)


def _last(entries: Entries) -> int:
    return max(number(entry["id"]) for entry in entries)


def _is_whole(told: Entries) -> bool:
    requested = told[-1].get("requestedUnits")
    return requested is not None and amount(requested) == amount(told[-1]["units"])


def fate_of(created: OrderReport, entries: Iterable[Entry]) -> OrderReport:
    """The order as the entries leave it that came with and after its creation.

    Raises any of `MALFORMED`.
    """
    report = created
    filled, value, fees = _ZERO, _ZERO, _ZERO
    price: Decimal | None = None
    for entry in sorted(of_order(entries, created.exchange_order_id), key=_number):
        told = order_report_of(entry, created.received_time_ns, source=created.source)
        report = report if told is None else _with(report, told)
        if told is not None and told.filled_quantity is not None:
            filled = add(filled, told.filled_quantity)
            fees = add(fees, told.fees or _ZERO)
            price = told.average_price
            value = _EXACT.fma(price or _ZERO, told.filled_quantity, value)
    if not filled:
        return evolve(report, filled_quantity=_ZERO)
    if price is not None and value != _EXACT.multiply(price, filled):
        price = _AVERAGE.divide(value, filled)  # of several, should there ever be
    return evolve(_executed(report, filled), filled_quantity=filled, average_price=price, fees=fees)


def _executed(report: OrderReport, filled: Decimal) -> OrderReport:
    """Its end, as what was executed has it."""
    if filled >= (report.quantity or filled):
        return evolve(report, status=OrderStatus.FILLED)
    if report.status in {OrderStatus.CANCELLED, OrderStatus.EXPIRED}:
        return report
    return evolve(report, status=OrderStatus.CANCELLED)


def _number(entry: Entry) -> int:
    return number(entry["id"])


def _with(report: OrderReport, told: OrderReport) -> OrderReport:
    """The order after an entry; what its creation said of it stays."""
    changes: dict[str, Any] = {
        "status": told.status,
        "reason": told.reason or report.reason,
        "exchange_time_ns": told.exchange_time_ns,
    }
    for name in ("instrument", "side", "quantity", "client_order_id", "trade_id"):
        if not getattr(report, name):
            changes[name] = getattr(told, name)
    return evolve(report, **changes)


def exit_of_opening(report: OrderReport, opening: Entry) -> OrderReport:
    """An exit with what it has of its trade, by the execution that opened that.

    Raises any of `MALFORMED`.
    """
    side, quantity = signed(amount(member(opening, "tradeOpened")["units"]))
    told = order_report_of(opening, report.received_time_ns)
    return evolve(
        report,
        instrument=report.instrument or ("" if told is None else told.instrument),
        side=report.side or side.opposite,
        quantity=report.quantity or quantity,
    )
