"""What happened in a world, line by line: calls, restarts, and every failure."""

from collections.abc import Callable
from enum import Enum
from typing import Any

from attrs import Factory, define, frozen

from venuetree.supervisors.reports import (
    Escalated,
    Exited,
    Report,
    Restarting,
    Stopped,
)

__all__ = ["Line", "LineKind", "WorldLog"]

_NANOSECONDS = 1_000_000_000


class LineKind(Enum):
    """What a line is about."""

    CALL = "call"
    """The engine asked the exchange something."""
    TREE = "tree"
    """An actor ended, or is to be started again."""
    FAULT = "fault"
    """Something went wrong, as the scenario wanted."""
    SEEN = "seen"
    """The scenario says what it saw."""


@frozen
class Line:
    """One thing that happened, so many seconds after the world began."""

    at_s: float
    kind: LineKind
    text: str


@define(eq=False)
class WorldLog:
    """The lines so far, in order; it is also the engine's log of API calls."""

    now_ns: Callable[[], int]
    _began_ns: int = 0
    _lines: list[Line] = Factory(list)

    def __attrs_post_init__(self) -> None:
        self._began_ns = self.now_ns()

    @property
    def lines(self) -> tuple[Line, ...]:
        """What happened so far, oldest first."""
        return tuple(self._lines)

    def add(self, kind: LineKind, text: str) -> None:
        """Note one thing that happens now."""
        at_s = round((self.now_ns() - self._began_ns) / _NANOSECONDS, 6)
        self._lines.append(Line(at_s, kind, text))

    def calls(self, operation: str = "") -> list[Line]:
        """The engine's calls, or those of one operation."""
        return [
            line
            for line in self._lines
            if line.kind is LineKind.CALL and line.text.startswith(operation)
        ]

    # ------------------------------------------------------------ an engine's `log`

    def info(self, event: str, **fields: Any) -> None:
        """A call that got an answer."""
        self._call(event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        """A call that got none, or a refusal."""
        self._call(event, fields)

    def _call(self, event: str, fields: dict[str, Any]) -> None:
        if event != "api_call":
            said = fields.get("detail") or fields.get("said") or ""
            self.add(LineKind.TREE, f"{event} {said}".rstrip())
            return
        outcome = fields.get("status") or fields.get("error")
        ours = fields.get("client_order_id")
        self.add(
            LineKind.CALL,
            f"{fields['operation']}: {fields['method']} {fields['path']}"
            f"{f' of {ours}' if ours else ''} -> {outcome}",
        )

    # ------------------------------------------------------------ an engine's reports

    def report(self, report: Report) -> None:
        """What a supervisor tells."""
        path = "/".join(report.path)
        match report:
            case Exited(error=error, requested=False) if error is not None:
                self.add(LineKind.TREE, f"{path} failed: {_said(error)}")
            case Restarting(delay=delay):
                self.add(LineKind.TREE, f"{path} starts again in {delay:.2f} s")
            case Escalated(cause=cause):
                self.add(LineKind.TREE, f"{path} gives up: {_said(cause)}")
            case Stopped(error=error) if error is not None:
                self.add(LineKind.TREE, f"{path} stays stopped: {_said(error)}")
            case _:
                return


def _said(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
