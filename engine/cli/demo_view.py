"""What the demo shows: its steps, the market and the tree of actors, live or line by line."""

from collections.abc import Callable, Iterable, Iterator
from enum import Enum

from attrs import Factory, define, frozen
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from venuetree.cli.exits import one_line
from venuetree.cli.live_market import MarketView
from venuetree.protocol.errors import EngineError
from venuetree.supervisors.snapshot import ChildInfo, ChildState, TreeInfo

__all__ = ["DemoBoard", "StepResult", "StepState", "render", "result_line", "summary"]


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
    """All results, in order; tells `changed` of each."""

    changed: Callable[[StepResult], None]
    _results: dict[tuple[str, str], StepResult] = Factory(dict)

    def put(self, result: StepResult) -> None:
        """Note how a step stands now."""
        self._results[result.exchange, result.step] = result
        self.changed(result)

    @property
    def results(self) -> tuple[StepResult, ...]:
        """How every step stands."""
        return tuple(self._results.values())

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


def result_line(result: StepResult) -> Text:
    """A finished step as one line, for a screen that is none."""
    mark = _MARKS[result.state]
    took = f"{result.duration_ms:>6} ms" if result.duration_ms else " " * 9
    return Text.assemble(
        f"{result.exchange:<11} {result.step:<26} ",
        mark,
        " " * (10 - len(mark)),
        took,
        f"  {result.detail}",
    )


def render(
    results: Iterable[StepResult], markets: Iterable[MarketView], tree: TreeInfo | None
) -> RenderableType:
    """The whole screen."""
    steps = Table(box=None, pad_edge=False, show_header=False)
    for justify in ("left", "left", "left", "right", "left"):
        steps.add_column(justify=justify, overflow="fold")
    for result in results:
        took = f"{result.duration_ms} ms" if result.duration_ms else ""
        steps.add_row(result.exchange, result.step, _MARKS[result.state], took, result.detail)
    parts: list[RenderableType] = [steps]
    for market in markets:
        parts += [Text(), market.render_rows()]
    if tree is not None:
        parts += [Text(), _tree_table(tree)]
    return Group(*parts)


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


def _tree_table(tree: TreeInfo) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("actor", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("restarts", justify="right", no_wrap=True)
    table.add_column("last error", overflow="fold")
    for depth, child in _walk(tree.children, 0):
        error = _cause(child.last_error)
        table.add_row(
            f"{'  ' * depth}{child.name}",
            Text(child.state.name.lower(), style=_STATE_STYLES.get(child.state, "")),
            str(child.restarts),
            Text(error, style="dim"),
        )
    return table


def _cause(error: BaseException | None) -> str:
    """What went wrong, without the advice: the supervisor has followed it by then."""
    if error is None:
        return ""
    return one_line(error.message if isinstance(error, EngineError) else error)


def _walk(children: Iterable[ChildInfo], depth: int) -> Iterator[tuple[int, ChildInfo]]:
    for child in children:
        yield depth, child
        yield from _walk(child.children, depth + 1)
