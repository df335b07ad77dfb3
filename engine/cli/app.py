"""The door of the command line: which command runs, and what its end is called."""

import os
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from importlib import import_module

import anyio

from venuetree.actors.errors import ActorError
from venuetree.cli.arguments import build_parser
from venuetree.cli.decoding import decode_frames
from venuetree.cli.exits import ExitCode, UsageError, exit_code_of, one_line
from venuetree.cli.json_output import dump, error_document
from venuetree.protocol.errors import EngineError, OutcomeUnknown
from venuetree.protocol.exchanges import EXCHANGES

__all__ = ["main"]

#: Which extra installs what a command may find missing.
_EXTRAS = {
    "rich": "cli",
    "h11": "simulate",
    "trio": "trio",
    "trio_websocket": "trio",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is an `ExitCode`.

    Args:
        arguments: without the program's name; those of the process if None.
    """
    options = build_parser().parse_args(arguments)
    try:
        return _end_of(options)
    except* BrokenPipeError:
        # Whoever read our output has had enough; the interpreter must not flush into it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.DONE


def _end_of(options: Namespace) -> ExitCode:
    """How the command ended, its failure told."""
    try:
        return _run(options)
    except (EngineError, ActorError, UsageError) as error:
        return _failed(options, error)
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in _EXTRAS:
            raise
        return _failed(options, _missing(library))
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED


def _run(options: Namespace) -> ExitCode:
    if options.command == "decode":
        exchange = EXCHANGES[options.exchange]
        return decode_frames(
            exchange,
            options.stream,
            frames=sys.stdin.buffer,
            events=sys.stdout.buffer,
            problems=sys.stderr,
            clock=time.time_ns,
        )
    if options.command == "scenario":
        from venuetree.cli.scenario import scenario

        return scenario(options)
    backend = getattr(options, "backend", "asyncio")
    # anyio would call a backend that is not installed one that does not exist.
    import_module(backend)
    return anyio.run(_command, options, backend=backend)


async def _command(options: Namespace) -> ExitCode:
    """Run a command until it is done or a signal comes.

    The modules of the commands are imported here, one at a time: each needs only its own extra.
    """
    from venuetree.cli.running import Interrupted, until_signal

    try:
        return await until_signal(lambda: _dispatch(options))
    except Interrupted:
        return _interrupted(options)


async def _dispatch(options: Namespace) -> ExitCode:
    match options.command:
        case "demo":
            from venuetree.cli.demo import demo

            return await demo(options)
        case "simulate":
            from venuetree.cli.simulate import simulate

            return await simulate(options)
        case "watch" | "book":
            from venuetree.cli import market

            return await {"watch": market.watch, "book": market.book}[options.command](options)
        case "balances" | "instruments" | "account" | "positions" | "margin-trades":
            from venuetree.cli import account

            commands = {
                "balances": account.balances,
                "instruments": account.instruments,
                "account": account.account,
                "positions": account.positions,
                "margin-trades": account.margin_trades,
            }
            return await commands[options.command](options)
        case "doctor":
            from venuetree.cli.doctor import doctor

            return await doctor(options)
        case _:
            from venuetree.cli import trading

            commands = {
                "place": trading.place,
                "cancel": trading.cancel,
                "cancel-all": trading.cancel_all,
                "order": trading.order,
                "orders": trading.orders,
                "fills": trading.fills,
                "close-position": trading.close_position,
                "close-trade": trading.close_trade,
            }
            return await commands[options.command](options)


def _interrupted(options: Namespace) -> ExitCode:
    """What a signal's end means: for what runs until then, all is well."""
    match options.command:
        case "simulate" | "watch":
            return ExitCode.DONE
        case "place":
            return _failed(
                options,
                OutcomeUnknown(
                    "interrupted before the exchange's verdict",
                    client_order_id=options.client_order_id,
                    exchange=options.exchange,
                    operation="place",
                ),
            )
        case _:
            return ExitCode.INTERRUPTED


def _failed(options: Namespace, error: EngineError | ActorError | UsageError) -> ExitCode:
    """Say in one line on stderr, and with `--json` in a document on stdout, what went wrong."""
    text = one_line(error)
    if isinstance(error, OutcomeUnknown) and error.client_order_id:
        text = (
            f"{one_line(error.message)}; the client order id is {error.client_order_id}."
            f" Do not send it again: ask with `venuetree order {options.exchange}"
            f" {_instrument_of(options)} {error.client_order_id} --by client`"
        )
    print(f"venuetree: {text}", file=sys.stderr)
    if getattr(options, "json", False):
        sys.stdout.buffer.write(dump(error_document(error)))
        sys.stdout.buffer.flush()
    return exit_code_of(error)


def _instrument_of(options: Namespace) -> str:
    """What the order is of, for a person to type; a margin trade is named without it."""
    return getattr(options, "instrument", None) or "INSTRUMENT"


def _missing(library: str) -> UsageError:
    extra = _EXTRAS[library]
    return UsageError(
        f"this needs {library}, which is not installed: pip install 'venuetree[{extra}]'"
    )
