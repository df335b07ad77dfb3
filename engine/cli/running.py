"""Running a command: one engine, one exchange, and an end that a signal may bring forward."""

import logging
import os
import signal
import sys
from argparse import Namespace
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import anyio
import structlog

from venuetree import Engine, paper
from venuetree.actors.rest_worker import ApiCallLog
from venuetree.cli.arguments import access_of
from venuetree.cli.endpoints import configure
from venuetree.exchange import ExchangeHandle
from venuetree.supervisors.wiring import Part

__all__ = [
    "ONLY_QUESTIONS",
    "Interrupted",
    "api_call_log",
    "exchange_of",
    "paper_file",
    "until_signal",
]

#: Of the exchange's tree, what a question or a subscription needs: no keeping fresh, no orders.
ONLY_QUESTIONS = Part(0)

T = TypeVar("T")


class Interrupted(Exception):
    """A signal ended the command before it was done; everything has been closed in order."""


async def until_signal(work: Callable[[], Awaitable[T]]) -> T:
    """Do `work`, or cancel it at the first SIGINT or SIGTERM; a second one kills as usual.

    Raises:
        Interrupted: a signal came first.
        Exception: whatever `work` raised, unchanged.
    """
    result: list[T] = []
    failure: Exception | None = None
    async with anyio.create_task_group() as group:

        async def listen() -> None:
            with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                async for _ in signals:
                    group.cancel_scope.cancel("interrupted by a signal")
                    return

        group.start_soon(listen)
        try:
            result.append(await work())
        except Exception as error:  # noqa: BLE001 - raised again below, outside the group
            failure = error
        group.cancel_scope.cancel("the work is done")
    if failure is not None:
        raise failure
    if not result:
        raise Interrupted
    return result[0]


def api_call_log(options: Namespace) -> ApiCallLog:
    """One line an API call on stderr with `--verbose`, silence without it."""
    level = logging.INFO if options.verbose else logging.CRITICAL
    log: ApiCallLog = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    return log


def paper_file(options: Namespace, environment: Mapping[str, str]) -> Path | None:
    """Where the paper account is that a command is to use; None for the exchange's own account."""
    named: Path | None = getattr(options, "paper_file", None)
    if named is not None:
        return named
    if not getattr(options, "paper", False):
        return None
    given = environment.get("VENUETREE_PAPER")
    if given:
        return Path(given)
    state = environment.get("XDG_STATE_HOME")
    folder = Path(state) if state else Path.home() / ".local" / "state"
    return folder / "venuetree" / f"paper-{options.exchange}.json"


@asynccontextmanager
async def exchange_of(options: Namespace, parts: Part) -> AsyncIterator[ExchangeHandle]:
    """The handle of the exchange that the command line names, while the engine runs.

    Only the parts that `parts` name are started: a question opens no stream.
    """
    config = configure(options.exchange, access_of(options), os.environ, parts)
    file = paper_file(options, os.environ)
    if file is not None:
        config = paper(config, file=file)
    async with Engine(config, log=api_call_log(options)) as engine:
        yield engine[options.exchange]
