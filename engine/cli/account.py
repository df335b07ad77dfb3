"""What there is: `balances`, `account`, `positions`, `margin-trades` and `instruments`."""

from argparse import Namespace

from venuetree.cli.exits import ExitCode
from venuetree.cli.json_output import plain
from venuetree.cli.margin_tables import margin_trades_table, positions_table, summary_table
from venuetree.cli.printing import show
from venuetree.cli.running import ONLY_QUESTIONS, exchange_of
from venuetree.cli.tables import balances_table, instruments_table

__all__ = ["account", "balances", "instruments", "margin_trades", "positions"]


async def balances(options: Namespace) -> ExitCode:
    """Print every currency that the account has a row for."""
    async with exchange_of(options, ONLY_QUESTIONS) as exchange:
        found = await exchange.balances()
    show(options, plain(found), balances_table(found))
    return ExitCode.DONE


async def instruments(options: Namespace) -> ExitCode:
    """Print what can be traded, or those named."""
    async with exchange_of(options, ONLY_QUESTIONS) as exchange:
        found = await exchange.instruments(*options.instruments)
    show(options, plain(found), instruments_table(found))
    return ExitCode.DONE


async def account(options: Namespace) -> ExitCode:
    """Print what a margin account is worth, and how much of it is in use."""
    async with exchange_of(options, ONLY_QUESTIONS) as exchange:
        found = await exchange.account_summary()
    show(options, plain(found), summary_table(found))
    return ExitCode.DONE


async def positions(options: Namespace) -> ExitCode:
    """Print the open positions."""
    async with exchange_of(options, ONLY_QUESTIONS) as exchange:
        found = await exchange.positions(options.instrument or "")
    show(options, plain(found), positions_table(found))
    return ExitCode.DONE


async def margin_trades(options: Namespace) -> ExitCode:
    """Print the margin trades that are open, or all that the exchange still lists."""
    async with exchange_of(options, ONLY_QUESTIONS) as exchange:
        found = await exchange.margin_trades(options.instrument or "", is_open_only=not options.all)
    show(options, plain(found), margin_trades_table(found))
    return ExitCode.DONE
