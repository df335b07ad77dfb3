"""A row of the table: the rounds' figures, their goal, and how both are printed."""

import json
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any

from attrs import asdict, frozen

__all__ = [
    "Bound",
    "Goal",
    "Row",
    "at_least",
    "at_most",
    "machine_line",
    "percentile",
    "rows_from_json",
    "rows_to_json",
    "table",
]


class Bound(Enum):
    """Which side of the goal is the good one."""

    AT_MOST = "<="
    AT_LEAST = ">="


@frozen
class Goal:
    """What a row's median is held against."""

    bound: Bound
    value: float

    def is_met(self, figure: float) -> bool:
        """Whether `figure` is on the good side, the goal itself included."""
        return figure <= self.value if self.bound is Bound.AT_MOST else figure >= self.value

    def __str__(self) -> str:
        return f"{self.bound.value} {self.value:g}"


def at_most(value: float) -> Goal:
    """A goal that smaller figures meet."""
    return Goal(Bound.AT_MOST, value)


def at_least(value: float) -> Goal:
    """A goal that larger figures meet."""
    return Goal(Bound.AT_LEAST, value)


@frozen
class Row:
    """One line of the table.

    Attributes:
        group: which family it belongs to: `decode`, `feed`, …
        what: what was measured, against what.
        unit: of the figures: `x` for ratios, `us`, `ms`, `MiB`, `bytes`.
        rounds: one figure a round; the median counts.
        goal: None where a figure is only told.
        beside: absolute figures of the same rounds, for the reader.
        skipped: why there are no figures.
    """

    group: str
    what: str
    unit: str = "x"
    rounds: tuple[float, ...] = ()
    goal: Goal | None = None
    beside: str = ""
    skipped: str = ""

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return statistics.median(self.rounds)

    @property
    def verdict(self) -> str:
        """`met`, `MISSED`, `skipped`, or nothing where there is no goal."""
        if self.skipped:
            return "skipped"
        if self.goal is None:
            return ""
        return "met" if self.goal.is_met(self.median) else "MISSED"


def figure_text(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def table(rows: Iterable[Row]) -> str:
    """The rows as aligned text, one line each."""
    lines = [("", "median", "min - max", "goal", "", "beside")]
    for row in rows:
        if row.skipped:
            lines.append((row.what, "-", "", str(row.goal or ""), "skipped", row.skipped))
            continue
        lines.append(
            (
                row.what,
                f"{figure_text(row.median)} {row.unit}",
                f"{figure_text(min(row.rounds))} - {figure_text(max(row.rounds))}",
                str(row.goal or ""),
                row.verdict,
                row.beside,
            )
        )
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    return "\n".join(
        "  ".join(
            (
                line[0].ljust(widths[0]),
                line[1].rjust(widths[1]),
                line[2].rjust(widths[2]),
                line[3].ljust(widths[3]),
                line[4].ljust(widths[4]),
                line[5],
            )
        ).rstrip()
        for line in lines
    )


def machine_line() -> str:
    """What the figures were taken on: they are to be read as ratios all the same."""
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    return (
        f"{platform.python_implementation()} {platform.python_version()} on {platform.system()} "
        f"{platform.machine()}, {os.cpu_count()} CPUs, load {load}"
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def rows_to_json(rows: Iterable[Row]) -> str:
    """One line of JSON that `rows_from_json` reads."""

    def plain(_: object, __: object, value: Any) -> Any:
        return value.value if isinstance(value, Enum) else value

    return json.dumps([asdict(row, value_serializer=plain) for row in rows])


def rows_from_json(text: str) -> list[Row]:
    """The rows of one line of JSON."""
    rows = []
    for entry in json.loads(text):
        goal = entry.pop("goal")
        rounds = tuple(entry.pop("rounds"))
        made = None if goal is None else Goal(Bound(goal["bound"]), goal["value"])
        rows.append(Row(**entry, rounds=rounds, goal=made))
    return rows
