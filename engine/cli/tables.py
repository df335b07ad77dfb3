"""What people see of orders, fills, balances, instruments and books: rich tables."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from rich.table import Table
from rich.text import Text

from venuetree.protocol.book import BookView
from venuetree.protocol.models import (
    Balance,
    Fill,
    Instrument,
    Notional,
    Order,
    OrderRule,
    OrderStatus,
    QuantumField,
    Side,
)
from venuetree.protocol.numbers import decimal_text

__all__ = [
    "balances_table",
    "book_table",
    "fills_table",
    "instruments_table",
    "number_text",
    "order_table",
    "orders_table",
    "side_text",
    "table_of",
    "time_text",
]

_SIDE_STYLES = {Side.BUY: "green", Side.SELL: "red"}
_STATUS_STYLES = {
    OrderStatus.FILLED: "green",
    OrderStatus.REJECTED: "red",
    OrderStatus.UNKNOWN: "bold yellow",
}


def orders_table(orders: Iterable[Order]) -> Table:
    """One order a row, with both of its ids."""
    table = table_of("instrument", "side", "type", ">quantity", ">price", ">filled", "status")
    for name in ("created", "exchange order id", "client order id"):
        table.add_column(name, no_wrap=True)
    for order in orders:
        table.add_row(
            order.instrument,
            side_text(order.side),
            order.type.value,
            number_text(order.quantity if order.quantity is not None else order.quote_quantity),
            number_text(order.price if order.price is not None else order.stop_price),
            number_text(order.filled_quantity),
            _status(order.status),
            time_text(order.created_time_ns),
            order.exchange_order_id,
            order.client_order_id,
        )
    return table


def order_table(order: Order) -> Table:
    """One order, a field a row; what is not known is left out."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("exchange", order.exchange)
    table.add_row("instrument", order.instrument)
    table.add_row("order", Text.assemble(side_text(order.side), f" {order.type.value}"))
    table.add_row("status", _status(order.status))
    numbers = {
        "quantity": order.quantity,
        "quote quantity": order.quote_quantity,
        "price": order.price,
        "stop price": order.stop_price,
        "filled": order.filled_quantity,
        "average price": order.average_price,
        "fees": order.fees,
    }
    for name, value in numbers.items():
        if value is not None:
            table.add_row(name, number_text(value))
    texts = {
        "time in force": order.time_in_force.value.replace("_", " "),
        "reason": order.reason,
        "created": time_text(order.created_time_ns),
        "exchange order id": order.exchange_order_id,
        "client order id": order.client_order_id,
        "order list id": order.list_id,
        "exit of trade": order.trade_id,
    }
    for name, text in texts.items():
        if text:
            table.add_row(name, text)
    return table


def fills_table(fills: Iterable[Fill]) -> Table:
    """One execution a row."""
    table = table_of("time", "instrument", "side", ">quantity", ">price", ">fee", "part", "order")
    for fill in fills:
        table.add_row(
            time_text(fill.exchange_time_ns),
            fill.instrument,
            side_text(fill.side),
            number_text(fill.quantity),
            number_text(fill.price),
            f"{number_text(fill.fee)} {fill.fee_currency}".rstrip(),
            fill.liquidity.value,
            fill.exchange_order_id,
        )
    return table


def balances_table(balances: Iterable[Balance]) -> Table:
    """One currency a row."""
    table = table_of("currency", ">available", ">on hold", ">total")
    for balance in balances:
        table.add_row(
            balance.currency,
            number_text(balance.available),
            number_text(balance.hold),
            number_text(balance.total),
        )
    return table


def instruments_table(instruments: Iterable[Instrument]) -> Table:
    """One instrument a row, with the rules that an order must keep."""
    found = tuple(instruments)
    # Only those traded on margin have them.
    has_pips = any(instrument.pip is not None for instrument in found)
    extra = (">pip", ">margin") if has_pips else ()
    columns = ("instrument", "status", ">tick", ">lot", ">smallest", ">least value")
    table = table_of(*columns, *extra, "symbol")
    for instrument in found:
        price = instrument.quantum(QuantumField.PRICE)
        quantity = instrument.quantum(QuantumField.QUANTITY)
        table.add_row(
            instrument.name,
            instrument.status.value.replace("_", " "),
            number_text(price.step if price else None),
            number_text(quantity.step if quantity else None),
            number_text(quantity.minimum if quantity else None),
            number_text(_least_value(instrument.rules)),
            *((number_text(instrument.pip), _percent(instrument.margin_rate)) if has_pips else ()),
            instrument.exchange_symbol,
        )
    return table


def book_table(book: BookView, depth: int) -> Table:
    """Asks above bids, best in the middle, as traders are used to."""
    table = table_of("side", ">price", ">quantity")
    table.title = f"{book.instrument}: {'in step' if book.in_step else 'STALE'}"
    for level in reversed(book.asks(depth)):
        table.add_row(
            Text("ask", style="red"), number_text(level.price), number_text(level.quantity)
        )
    table.add_section()
    for level in book.bids(depth):
        table.add_row(
            Text("bid", style="green"), number_text(level.price), number_text(level.quantity)
        )
    return table


def side_text(side: Side) -> Text:
    """Green buys, red sells."""
    return Text(side.value, style=_SIDE_STYLES[side])


def time_text(time_ns: int | None) -> str:
    """A time in UTC to the millisecond, `""` if there is none."""
    if time_ns is None:
        return ""
    seconds, rest = divmod(time_ns, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{rest // 1_000_000:03d}Z"


def table_of(*columns: str) -> Table:
    """A table with a plain head; columns whose name begins with `>` hold numbers."""
    table = Table(box=None, pad_edge=False, header_style="bold", title_justify="left")
    for name in columns:
        table.add_column(
            name.removeprefix(">"),
            justify="right" if name.startswith(">") else "left",
            no_wrap=True,
        )
    return table


def number_text(value: Decimal | None) -> str:
    """A number in plain notation, `""` if there is none."""
    return "" if value is None else decimal_text(value)


def _percent(rate: Decimal | None) -> str:
    return "" if rate is None else f"{decimal_text((rate * 100).normalize())} %"


def _status(status: OrderStatus) -> Text:
    return Text(status.value.replace("_", " "), style=_STATUS_STYLES.get(status, ""))


def _least_value(rules: Iterable[OrderRule]) -> Decimal | None:
    """The smallest price times quantity, by whatever rule the exchange states it."""
    for rule in rules:
        match rule:
            case Notional(minimum=minimum) if minimum:
                return minimum
            case _:
                continue
    return None
