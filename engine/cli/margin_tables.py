"""What people see of margin accounts: their worth, positions and trades."""

from collections.abc import Iterable

from rich.table import Table

from venuetree.cli.tables import number_text, side_text, table_of, time_text
from venuetree.protocol.models import AccountSummary, MarginTrade, OrderStatus, Position

__all__ = ["margin_trades_table", "positions_table", "summary_table"]


def summary_table(summary: AccountSummary) -> Table:
    """One figure a row."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold", justify="right")
    money = {
        "balance": summary.balance,
        "net asset value": summary.net_asset_value,
        "unrealized profit": summary.unrealized_profit,
        "realized profit": summary.realized_profit,
        "financing": summary.financing,
        "margin used": summary.margin_used,
        "margin available": summary.margin_available,
    }
    table.add_row("account", f"{summary.account_id} {summary.alias}".rstrip())
    for name, amount in money.items():
        table.add_row(name, f"{number_text(amount)} {summary.currency}")
    table.add_row("margin call at 1", number_text(summary.margin_call_percent))
    table.add_row("closeout at 1", number_text(summary.margin_closeout_percent))
    counts = {
        "open trades": summary.open_trades,
        "open positions": summary.open_positions,
        "pending orders": summary.pending_orders,
    }
    for name, count in counts.items():
        table.add_row(name, str(count))
    table.add_row("both directions", "held apart" if summary.is_hedging else "net out")
    table.add_row("last transaction", summary.last_transaction_id)
    return table


def positions_table(positions: Iterable[Position]) -> Table:
    """One position a row; units below zero are short."""
    table = table_of("instrument", ">units", ">average price", ">unrealized", "trades")
    for position in positions:
        table.add_row(
            position.instrument,
            number_text(position.quantity),
            number_text(position.average_price),
            number_text(position.unrealized_profit),
            ", ".join(position.trade_ids),
        )
    return table


def margin_trades_table(trades: Iterable[MarginTrade]) -> Table:
    """One trade a row, with the exits that wait for it."""
    columns = (">units", ">price", ">unrealized", ">realized", "state", "opened", "exits")
    table = table_of("trade", "instrument", "side", *columns)
    for trade in trades:
        waiting = (one for one in trade.exits if one.status is OrderStatus.OPEN)
        exits = [
            f"{one.type.value if one.type else ''} {number_text(one.price or one.stop_price)}"
            for one in waiting
        ]
        table.add_row(
            trade.trade_id,
            trade.instrument,
            side_text(trade.side),
            number_text(trade.quantity),
            number_text(trade.price),
            number_text(trade.unrealized_profit),
            number_text(trade.realized_profit),
            trade.state.value.replace("_", " "),
            time_text(trade.open_time_ns),
            ", ".join(exits).replace("_", " "),
        )
    return table
