"""What there is: `balances` and `instruments`."""

from argparse import Namespace

from venuetree.cli.exits import ExitCode
from venuetree.cli.json_output import plain
from venuetree.cli.printing import show
from venuetree.cli.running import ONLY_QUESTIONS, exchange_of
from venuetree.cli.tables import balances_table, instruments_table

__all__ = ["balances", "instruments"]


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
