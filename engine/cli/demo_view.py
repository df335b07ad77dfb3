"""What the demo shows: its chapters as they end, the markets live, and the tree of actors."""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum

from attrs import Factory, define, frozen
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from venuetree.cli.demo_steps import Chapter
from venuetree.cli.exits import one_line
from venuetree.cli.live_market import MarketView
from venuetree.protocol.book import BookView
from venuetree.protocol.errors import EngineError
from venuetree.protocol.models import Level
from venuetree.protocol.numbers import decimal_text
from venuetree.supervisors.snapshot import ChildInfo, ChildState, TreeInfo

__all__ = ["DemoBoard", "StepResult", "StepState", "chapter_page", "markets", "summary", "tree"]


class StepState(Enum):
    """How a step stands."""

    RUNNING = "running"
    KEPT = "kept"
    BROKEN = "broken"
    #: An earlier step failed, and this one stands on it.
    NOT_TRIED = "not_tried"


@frozen
class StepResult:
    """What came of one step on one exchange."""

    exchange: str
    step: str
    state: StepState
    detail: str = ""
    duration_ms: int = 0


@define
class DemoBoard:
    """All results, in order."""

    _results: dict[tuple[str, str], StepResult] = Factory(dict)

    def put(self, result: StepResult) -> None:
        """Note how a step stands now."""
        self._results[result.exchange, result.step] = result

    @property
    def results(self) -> tuple[StepResult, ...]:
        """How every step stands."""
        return tuple(self._results.values())

    def of(self, step: str, exchanges: Iterable[str]) -> list[StepResult]:
        """How a step stands, on each of these exchanges that has it."""
        keys = ((exchange, step) for exchange in exchanges)
        return [self._results[key] for key in keys if key in self._results]

    @property
    def is_all_kept(self) -> bool:
        """Whether there were steps and each did what it should."""
        return bool(self._results) and all(
            result.state is StepState.KEPT for result in self._results.values()
        )


_MARKS = {
    StepState.RUNNING: Text("…", style="yellow"),
    StepState.KEPT: Text("ok", style="bold green"),
    StepState.BROKEN: Text("FAILED", style="bold red"),
    StepState.NOT_TRIED: Text("not tried", style="dim"),
}
_STATE_STYLES = {
    ChildState.RUNNING: "green",
    ChildState.BACKOFF: "yellow",
    ChildState.STOPPED: "red",
}
#: Exchanges and actors stand below each other in all that is printed.
_NAME_WIDTH = 12


def chapter_page(number: int, chapter: Chapter, results: Iterable[StepResult]) -> RenderableType:
    """A chapter: what it is about, and what came of it on each exchange."""
    title = Text.assemble((f"{number:>2}  {chapter.name}", "bold"), (f"  {chapter.tells}", "dim"))
    rows = Table(box=None, pad_edge=False, show_header=False)
    rows.add_column(min_width=_NAME_WIDTH, no_wrap=True)
    rows.add_column(no_wrap=True)
    rows.add_column(justify="right", no_wrap=True, min_width=8)
    rows.add_column(overflow="fold")
    for result in results:
        took = f"{result.duration_ms} ms" if result.duration_ms else ""
        rows.add_row(result.exchange, _MARKS[result.state], took, result.detail)
    return Group(title, Padding(rows, (0, 0, 0, 4), expand=False))


def markets(views: Mapping[str, MarketView]) -> RenderableType:
    """One line an exchange: its book's best prices, and whether the book is in step."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("live", min_width=_NAME_WIDTH, no_wrap=True)
    table.add_column("", no_wrap=True)
    for name in ("quantity", "bid", "ask", "quantity"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("trades", justify="right", no_wrap=True)
    table.add_column("book", no_wrap=True)
    for exchange, view in views.items():
        for name, row in view.rows.items():
            if row.book is None:
                table.add_row(exchange, name)
                continue
            bid, ask = row.book.best_bid, row.book.best_ask
            table.add_row(
                exchange,
                name,
                *reversed(_level(bid)),
                *_level(ask),
                str(row.trades) if row.trades else "",
                _state(row.book),
            )
    return table


def tree(info: TreeInfo) -> RenderableType:
    """Every actor of each exchange, side by side, and why those that restarted did."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("actor", min_width=_NAME_WIDTH, no_wrap=True)
    cells: dict[str, dict[str, Text]] = {}
    restarts: list[Text] = []
    for exchange in info.children:
        table.add_column(exchange.name, no_wrap=True)
        for depth, child in _walk(exchange.children, 0):
            cells.setdefault(f"{'  ' * depth}{child.name}", {})[exchange.name] = _actor(child)
            if child.restarts:
                why = _cause(child.last_error)
                restarts.append(Text(f"{exchange.name}/{child.name} restarted: {why}", "yellow"))
    for actor, states in cells.items():
        table.add_row(actor, *(states.get(exchange.name, Text()) for exchange in info.children))
    return Group(table, *restarts)


def summary(results: Iterable[StepResult], took_ms: int) -> Text:
    """One line that says how it went."""
    states = [result.state for result in results]
    kept = states.count(StepState.KEPT)
    seconds = f"{took_ms / 1000:.1f} s"
    if states and kept == len(states):
        return Text(
            f"\nEvery step did what it should: {kept} of {kept}, in {seconds}.", "bold green"
        )
    return Text(f"\n{len(states) - kept} of {len(states)} steps failed, in {seconds}.", "bold red")


def _level(level: Level | None) -> tuple[str, str]:
    """Price and quantity."""
    return ("", "") if level is None else (decimal_text(level.price), decimal_text(level.quantity))


def _state(book: BookView) -> Text:
    if not book.in_step:
        return Text("STALE", "bold red")
    return Text("in step", "green")


def _actor(child: ChildInfo) -> Text:
    state = Text(child.state.name.lower(), _STATE_STYLES.get(child.state, ""))
    if child.restarts:
        state.append(f", restarted {child.restarts}x", "yellow")
    return state


def _cause(error: BaseException | None) -> str:
    """What went wrong, without the advice: the supervisor has followed it by then."""
    if error is None:
        return ""
    return one_line(error.message if isinstance(error, EngineError) else error)


def _walk(children: Iterable[ChildInfo], depth: int) -> Iterator[tuple[int, ChildInfo]]:
    for child in children:
        yield depth, child
        yield from _walk(child.children, depth + 1)
