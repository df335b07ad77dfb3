"""`venuetree demo`: the real engine against simulated exchanges, over real sockets."""

from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import Any

import anyio
from rich.console import Console, RenderableType
from rich.live import Live

from venuetree import Engine
from venuetree.cli.demo_drive import Drive
from venuetree.cli.demo_view import DemoBoard, StepResult, StepState, render, result_line, summary
from venuetree.cli.endpoints import endpoints_of
from venuetree.cli.exits import ExitCode
from venuetree.cli.json_output import plain
from venuetree.cli.live_market import MarketView
from venuetree.cli.printing import console_for_people, show
from venuetree.cli.running import api_call_log
from venuetree.config import ExchangeConfig, exchange_config
from venuetree.scenarios.simulated import serve
from venuetree.scenarios.simulated.registry import SIMULATORS

__all__ = ["demo"]

REFRESH_SECONDS = 0.125
#: The demo ends by itself within a minute, however slow the machine: the rest is for stopping.
LONGEST_SECONDS = 50.0
#: Fixed, so that the demo is the same for all who try it.
SEED = 1
HEADING = "The real engine against simulated exchanges on this machine: no keys, no network.\n"


async def demo(options: Namespace) -> ExitCode:
    """Run every step on every simulated exchange, show it, and say whether all were kept.

    Raises:
        EngineError: the engine refused to start.
    """
    begun = anyio.current_time()
    console = console_for_people()
    is_live = console.is_terminal and not options.json
    board = DemoBoard(_ignore if is_live or options.json else _printer(console))
    if not options.json:
        console.print(HEADING)
    await _drive_all(options, board, console if is_live else None, begun)
    took_ms = round(1000 * (anyio.current_time() - begun))
    document = {
        "ok": board.is_all_kept,
        "backend": options.backend,
        "duration_ms": took_ms,
        "steps": [plain(result) for result in board.results],
    }
    show(options, document, summary(board.results, took_ms))
    return ExitCode.DONE if board.is_all_kept else ExitCode.REFUSED


async def _drive_all(
    options: Namespace, board: DemoBoard, live: Console | None, begun: float
) -> None:
    """Serve, connect, and go through the steps on all exchanges at the same time."""
    markets: dict[str, MarketView] = {}
    simulators = {name: make(SEED) for name, make in SIMULATORS.items()}
    async with serve(*simulators.values()) as running:
        configs = [_config(name, entry) for name, entry in running.endpoints.items()]
        async with (
            Engine(*configs, log=api_call_log(options)) as engine,
            anyio.create_task_group() as display,
        ):
            if live is not None:
                display.start_soon(
                    _draw,
                    live,
                    lambda: render(board.results, markets.values(), engine.snapshot()),
                )
            with anyio.move_on_after(LONGEST_SECONDS):
                async with anyio.create_task_group() as drives:
                    for name, simulator in simulators.items():
                        drive = Drive(engine, name, simulator, board, markets)
                        drives.start_soon(drive.run, begun + options.seconds)
            display.cancel_scope.cancel("the demo is over")


async def _draw(console: Console, screen: Callable[[], RenderableType]) -> None:
    """Draw the screen again and again until cancelled; the last one stays."""
    with Live(screen(), console=console, auto_refresh=False) as live:
        while True:
            live.update(screen(), refresh=True)
            await anyio.sleep(REFRESH_SECONDS)


def _printer(console: Console) -> Callable[[StepResult], None]:
    """Prints a step once it has ended."""

    def on_change(result: StepResult) -> None:
        if result.state is not StepState.RUNNING:
            console.print(result_line(result))

    return on_change


def _ignore(_: StepResult) -> None:
    """The live screen reads the board by itself, and JSON wants the end alone."""


def _config(name: str, entry: Mapping[str, Any]) -> ExchangeConfig:
    return exchange_config(name, entry["credentials"], endpoints=endpoints_of(entry))
