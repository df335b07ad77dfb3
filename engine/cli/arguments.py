"""The grammar of the command line; `docs/reference/command-line.md` explains each command."""

import argparse
import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from venuetree.actors.addresses import PlainText
from venuetree.cli.endpoints import Access
from venuetree.cli.values import (
    TIMES_IN_FORCE,
    amount,
    amount_or_all,
    instrument_name,
    level,
    one_of,
    seconds,
    time_in_force,
    topics,
    whole_number,
)
from venuetree.config import Environment
from venuetree.protocol.exchanges import EXCHANGES
from venuetree.protocol.models import Side, Topic
from venuetree.protocol.port import StreamKind

__all__ = ["access_of", "build_parser"]

#: How long an order's unknown outcome is waited for, in seconds.
PLACE_TIMEOUT = 30.0


def build_parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    parser = _Parser(
        prog="venuetree",
        description="Trade and listen on exchanges; try everything offline with `venuetree demo`.",
        epilog="Exit codes: 0 done, 1 refused or a broken promise, 2 bad usage, 3 unreachable,"
        " 4 outcome unknown, 130 interrupted.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and end")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, summary: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            allow_abbrev=False,
        )

    _add_offline(command)
    _add_market(command)
    _add_trading(command)
    _add_account(command)
    return parser


def access_of(options: argparse.Namespace) -> Access:
    """The options of `_talks_to_exchange`, as a value."""
    return Access(
        endpoints=options.endpoints,
        environment=options.environment,
        plain_text=PlainText.ANYWHERE if options.insecure else PlainText.LOOPBACK_ONLY,
    )


class _Parser(argparse.ArgumentParser):
    """Tells a mistake in one line; the usage is a question away."""

    def error(self, message: str) -> NoReturn:
        """End with the exit code of bad usage."""
        self.exit(2, f"{self.prog}: {message}; see `{self.prog} --help`\n")


class _Version(argparse.Action):
    """Asks for the installed version only when the user does: it is read from the disk."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"venuetree {version('venuetree')}")
        parser.exit()


_Command = Callable[[str, str], argparse.ArgumentParser]


def _add_offline(command: _Command) -> None:
    demo = command("demo", "drive the real engine against simulated exchanges, then end")
    demo.add_argument(
        "--seconds",
        type=seconds,
        metavar="N",
        help="how long the story takes, as a rule; at most 50, default: 24",
        default=24.0,
    )
    _backend(demo)
    _json(demo)
    _verbose(demo)

    simulate = command("simulate", "run simulated exchanges on loopback ports until interrupted")
    simulate.add_argument("exchanges", nargs="*", metavar="EXCHANGE", help="default: all")
    simulate.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="of the market's random walk, and of the keys; default: 0",
    )
    _json(simulate)

    _add_scenario(command("scenario", "replay failures and see whether the promises are kept"))

    decode = command("decode", "read raw frames from stdin, one a line; write events as JSON lines")
    _exchange(decode)
    decode.add_argument(
        "--stream",
        type=one_of(StreamKind, "a kind of stream"),
        metavar="market|user",
        help="where the frames came from; without it each frame tells",
    )


def _add_scenario(scenario: argparse.ArgumentParser) -> None:
    actions = scenario.add_subparsers(dest="action", metavar="list|run", required=True)
    listing = actions.add_parser("list", help="name them all, with what each promises")
    _json(listing)
    run = actions.add_parser("run", help="replay some, on virtual time; exit 1 if one is broken")
    run.add_argument(
        "names", nargs="+", metavar="NAME", help="of a scenario, or a Python file, or `all`"
    )
    run.add_argument(
        "--exchange", choices=tuple(EXCHANGES), metavar="EXCHANGE", help="on this one alone"
    )
    _backend(run)
    run.add_argument(
        "--seed", type=int, default=1, metavar="N", help="of all that is drawn; default: 1"
    )
    run.add_argument(
        "--jobs",
        type=whole_number,
        default=os.cpu_count() or 1,
        metavar="N",
        help="share the work among so many processes; default: one for each core",
    )
    run.add_argument("--log", action="store_true", help="print what happened, line by line")
    _json(run)


def _add_market(command: _Command) -> None:
    watch = command("watch", "watch trades, tickers and books live")
    _exchange(watch)
    watch.add_argument("instruments", nargs="+", type=instrument_name, metavar="INSTRUMENT")
    watch.add_argument(
        "--topic",
        type=topics,
        metavar="TOPIC,…",
        help=f"of {', '.join(topic.value for topic in Topic)};"
        " default: those of trades,ticker,book that the exchange has",
    )
    watch.add_argument("--seconds", type=seconds, metavar="N", help="stop after so many")
    _talks_to_exchange(watch)

    book = command("book", "print the order book as the engine holds it")
    _exchange(book)
    book.add_argument("instrument", type=instrument_name, metavar="INSTRUMENT")
    book.add_argument("--depth", type=whole_number, metavar="N", help="levels a side; default: all")
    book.add_argument(
        "--until-idle",
        type=seconds,
        metavar="S",
        help="wait until the book has not changed for so many seconds",
    )
    _timeout(book, "for the book's first snapshot")
    _talks_to_exchange(book)

    instruments = command("instruments", "list what can be traded")
    _exchange(instruments)
    instruments.add_argument("instruments", nargs="*", type=instrument_name, metavar="INSTRUMENT")
    _talks_to_exchange(instruments)


def _add_trading(command: _Command) -> None:
    place = command("place", "place an order: a limit order with --price, else a market order")
    _exchange(place)
    place.add_argument("instrument", type=instrument_name, metavar="INSTRUMENT")
    place.add_argument("side", type=one_of(Side, "a side"), metavar="buy|sell")
    place.add_argument(
        "quantity", type=amount, metavar="QUANTITY", help="in the base currency, such as 0.01"
    )
    price = place.add_mutually_exclusive_group()
    price.add_argument("--price", type=amount, metavar="P", help="makes it a limit order")
    price.add_argument(
        "--stop-price",
        type=amount,
        metavar="P",
        help="makes it a stop order: at the market once the price is there or beyond",
    )
    price.add_argument(
        "--touch-price",
        type=amount,
        metavar="P",
        help="makes it a market-if-touched order: at the market once the price has touched it",
    )
    exits = place.add_argument_group("exits of what it opens, where trades have such")
    exits.add_argument("--take-profit", type=amount, metavar="P", help="at this price")
    exits.add_argument(
        "--stop-loss", type=level, metavar="P|Npips", help="at this price, or so far away"
    )
    exits.add_argument(
        "--trailing-stop", type=level, metavar="D|Npips", help="so far behind the price"
    )
    place.add_argument(
        "--time-in-force",
        type=time_in_force,
        metavar="|".join(TIMES_IN_FORCE),
        help="default: gtc, good till cancelled, for limit orders; at once for market orders",
    )
    place.add_argument("--client-order-id", default="", metavar="ID", help="default: a new one")
    _timeout(place, "for the exchange's verdict")
    _talks_to_exchange(place)
    _may_be_on_paper(place)

    cancel = command("cancel", "cancel an order")
    order = command("order", "print one order")
    for one in (cancel, order):
        _exchange(one)
        one.add_argument("instrument", type=instrument_name, metavar="INSTRUMENT")
        one.add_argument("order_id", metavar="ID", help="the exchange's id of it, or yours")
        one.add_argument(
            "--by",
            choices=("exchange", "client"),
            help="whose id ID is; default: the exchange's, or yours if it knows no such order",
        )
        _talks_to_exchange(one)
        _may_be_on_paper(one)
    _timeout(cancel, "for the exchange's verdict")

    every = command("cancel-all", "cancel every open order of the account, or of an instrument")
    _exchange(every)
    every.add_argument("instrument", nargs="?", type=instrument_name, metavar="INSTRUMENT")
    _timeout(every, "for the orders' ends")
    _talks_to_exchange(every)
    _may_be_on_paper(every)

    orders = command("orders", "list open orders")
    orders.add_argument("--all", action="store_true", help="final ones too")
    fills = command("fills", "list executions, newest first")
    for several in (orders, fills):
        _exchange(several)
        several.add_argument("instrument", nargs="?", type=instrument_name, metavar="INSTRUMENT")
        _talks_to_exchange(several)
        _may_be_on_paper(several)


def _add_account(command: _Command) -> None:
    balances = command("balances", "list what the account holds")
    account = command("account", "print what a margin account is worth, and what is in use of it")
    for one in (balances, account):
        _exchange(one)
        _talks_to_exchange(one)
        _may_be_on_paper(one)

    positions = command("positions", "list open positions, in units of the base currency")
    trades = command("margin-trades", "list open margin trades, newest first")
    trades.add_argument("--all", action="store_true", help="closed ones too")
    for several in (positions, trades):
        _exchange(several)
        several.add_argument("instrument", nargs="?", type=instrument_name, metavar="INSTRUMENT")
        _talks_to_exchange(several)

    _may_be_on_paper(positions)

    close = command("close-position", "close a position: all of it, or what --long and --short say")
    _exchange(close)
    close.add_argument("instrument", type=instrument_name, metavar="INSTRUMENT")
    for side, what in (("long", "sell of what is held"), ("short", "buy back of what was sold")):
        close.add_argument(
            f"--{side}", type=amount_or_all, metavar="UNITS|all", help=f"how much to {what}"
        )
    _timeout(close, "for the exchange's verdict")
    _talks_to_exchange(close)
    _may_be_on_paper(close)

    close_trade = command("close-trade", "close a margin trade, or a part of it")
    _exchange(close_trade)
    close_trade.add_argument("trade_id", metavar="TRADE", help="the exchange's id of it")
    close_trade.add_argument(
        "quantity", nargs="?", type=amount, metavar="UNITS", help="default: all of it"
    )
    _timeout(close_trade, "for the exchange's verdict")
    _talks_to_exchange(close_trade)

    doctor = command("doctor", "reach each exchange and check key, clock and permissions")
    doctor.add_argument(
        "exchanges", nargs="*", choices=[[], *EXCHANGES], metavar="EXCHANGE", help="default: all"
    )
    _talks_to_exchange(doctor)


def _exchange(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("exchange", choices=tuple(EXCHANGES), metavar="EXCHANGE")


def _backend(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--backend",
        choices=("asyncio", "trio"),
        default="asyncio",
        help="whose event loop; default: asyncio",
    )


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for machines")


def _timeout(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=PLACE_TIMEOUT,
        metavar="S",
        help=f"wait so many seconds {what}; default: {PLACE_TIMEOUT:g}",
    )


def _talks_to_exchange(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("where")
    group.add_argument(
        "--endpoints",
        type=Path,
        metavar="FILE",
        help="addresses and credentials, as `venuetree simulate --json` prints them",
    )
    group.add_argument(
        "--environment",
        type=one_of(Environment, "an environment"),
        default=Environment.LIVE,
        metavar="live|sandbox|practice",
        help="which of the exchange's own addresses; default: live",
    )
    group.add_argument(
        "--insecure", action="store_true", help="accept http and ws beyond this machine"
    )
    _json(parser)
    _verbose(parser)


def _may_be_on_paper(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("on paper")
    group.add_argument(
        "--paper",
        action="store_true",
        help="on a paper account: live market data, and nothing is sent to the exchange's orders",
    )
    group.add_argument(
        "--paper-file",
        type=Path,
        metavar="FILE",
        help="where the paper account is kept, and `--paper`; default: $VENUETREE_PAPER, or a"
        " file for each exchange in the user's state folder",
    )


def _verbose(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="one line an API call on stderr"
    )
