"""`venuetree demo`: the real engine against simulated exchanges, over real sockets."""

from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import Any

import anyio
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from venuetree import Engine
from venuetree.cli.demo_drive import Drive
from venuetree.cli.demo_steps import CONNECT, STEPS, Chapter
from venuetree.cli.demo_story import Story
from venuetree.cli.demo_view import DemoBoard, chapter_page, markets, summary, tree
from venuetree.cli.endpoints import endpoints_of
from venuetree.cli.exits import ExitCode
from venuetree.cli.json_output import plain
from venuetree.cli.live_market import MarketView
from venuetree.cli.printing import console_for_people, show
from venuetree.cli.running import api_call_log
from venuetree.config import ExchangeConfig, exchange_config
from venuetree.scenarios.simulated import serve
from venuetree.scenarios.simulated.registry import SIMULATORS
from venuetree.supervisors.snapshot import TreeInfo

__all__ = ["demo"]

REFRESH_SECONDS = 0.125
#: The demo ends by itself within a minute, however slow the machine: the rest is for stopping.
LONGEST_SECONDS = 50.0
#: Fixed, so that the demo is the same for all who try it.
SEED = 1
CHAPTERS: tuple[Chapter, ...] = (CONNECT, *STEPS)
HEADING = "The real engine against simulated exchanges on this machine: no keys, no network.\n"


async def demo(options: Namespace) -> ExitCode:
    """Run every step on every simulated exchange, show it, and say whether all were kept.

    Raises:
        EngineError: the engine refused to start.
    """
    begun = anyio.current_time()
    console = Console(quiet=True) if options.json else console_for_people()
    board = DemoBoard()
    console.print(HEADING)
    await _tell(options, board, console)
    took_ms = round(1000 * (anyio.current_time() - begun))
    document = {
        "ok": board.is_all_kept,
        "backend": options.backend,
        "duration_ms": took_ms,
        "steps": [plain(result) for result in board.results],
    }
    show(options, document, summary(board.results, took_ms))
    return ExitCode.DONE if board.is_all_kept else ExitCode.REFUSED


async def _tell(options: Namespace, board: DemoBoard, console: Console) -> None:
    """Serve, connect, and go through the chapters on all exchanges at the same time."""
    simulators = {name: make(SEED) for name, make in SIMULATORS.items()}
    views = {name: MarketView(name, ()) for name in simulators}

    def page(number: int) -> RenderableType:
        chapter = CHAPTERS[number]
        return chapter_page(number + 1, chapter, board.of(chapter.name, SIMULATORS))

    seen: list[TreeInfo] = []

    def turned(number: int) -> None:
        console.print(page(number))
        # By the time the engine is left, nobody subscribes to anything any more.
        seen.append(engine.snapshot())

    story = Story(
        readers=len(simulators),
        pace_s=min(options.seconds, LONGEST_SECONDS) / len(CHAPTERS),
        on_turned=turned,
    )

    def now() -> RenderableType:
        parts: list[RenderableType] = [Text(), markets(views)]
        if story.chapter < len(CHAPTERS):
            parts = [page(story.chapter), *parts]
        return Group(*parts)

    async with serve(*simulators.values()) as running:
        configs = [_config(name, entry) for name, entry in running.endpoints.items()]
        async with Engine(*configs, log=api_call_log(options)) as engine:
            async with anyio.create_task_group() as display:
                if console.is_terminal and not options.json:
                    await display.start(_draw, console, now)
                with anyio.move_on_after(LONGEST_SECONDS):
                    async with anyio.create_task_group() as drives:
                        for name, simulator in simulators.items():
                            drive = Drive(engine, name, simulator, board, story, views)
                            drives.start_soon(drive.run)
                display.cancel_scope.cancel("the demo is over")
            if seen:
                console.print(Text("\nThe trees, while the last chapter ran:"), tree(seen[-1]))


async def _draw(
    console: Console,
    screen: Callable[[], RenderableType],
    *,
    task_status: anyio.abc.TaskStatus[None],
) -> None:
    """Draw the screen again and again until cancelled; what is printed goes above it."""
    with Live(screen(), console=console, auto_refresh=False, transient=True) as live:
        task_status.started()
        while True:
            live.update(screen(), refresh=True)
            await anyio.sleep(REFRESH_SECONDS)


def _config(name: str, entry: Mapping[str, Any]) -> ExchangeConfig:
    return exchange_config(name, entry["credentials"], endpoints=endpoints_of(entry))
