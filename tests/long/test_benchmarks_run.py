"""Every benchmark runs, once and with tiny sizes; what it measures is not looked at."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.registry import CASES
from benchmarks.rows import Bound, Goal, Row, at_least, at_most, rows_from_json, rows_to_json, table

ROOT = Path(__file__).parents[2]

#: Families that measure within their process. Their cases share one: to start it takes longer.
TOGETHER = {"decode", "book", "ask"}
NAMES = {
    family: [f"{family}/{name}".rstrip("/") for name in names] for family, names in CASES.items()
}
BATCHES = [
    [case for family in CASES if family in TOGETHER for case in NAMES[family]],
    *([case] for family in CASES if family not in TOGETHER for case in NAMES[family]),
]

#: Runs each case that it is given as `python -m benchmarks case` does, after a line with its name.
CASE_BY_CASE = """
import sys
from benchmarks.__main__ import main
for name in sys.argv[1:]:
    print("case", name, flush=True)
    status = main(["case", name, "--quick", "--no-peers"])
    if status:
        sys.exit(status)
"""


@pytest.mark.parametrize("names", BATCHES, ids=" ".join)
def test_a_benchmark_runs_and_gives_rows_that_are_figures_or_told_as_skipped(
    names: list[str],
) -> None:
    """Peers that are not installed may be skipped; what is ours must run."""
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", CASE_BY_CASE, *names],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    _, *told = re.split(r"^case (\S+)\n", done.stdout, flags=re.MULTILINE)
    assert told[::2] == names
    for name, printed in zip(names, told[1::2], strict=True):
        rows = rows_from_json(printed.strip().splitlines()[-1])
        assert rows, name
        for row in rows:
            assert not row.skipped.startswith("broke"), (name, row.skipped)
            assert row.skipped or all(figure > 0 for figure in row.rounds), (name, row)


def test_rows_survive_their_way_from_a_case_to_the_table() -> None:
    """The parent process prints exactly what its child measured."""
    rows = [
        Row("feed", "a / b", "x", (0.5, 0.25, 0.3), at_least(0.25), "beside"),
        Row("order", "p50", "us", goal=at_most(4), skipped="not installed"),
    ]

    assert rows_from_json(rows_to_json(rows)) == rows


def test_a_verdict_is_the_median_s_and_a_goal_itself_is_met() -> None:
    """One bad round among three does not miss a goal, two do."""
    goal = Goal(Bound.AT_MOST, 4)

    assert Row("g", "w", "x", (4, 9, 3), goal).verdict == "met"
    assert Row("g", "w", "x", (4.1, 9, 3), goal).verdict == "MISSED"
    assert Row("g", "w", "x", (4.1, 9, 3)).verdict == ""


def test_the_table_tells_a_skipped_row_with_its_reason() -> None:
    """Nothing that could not be measured goes missing."""
    text = table([Row("feed", "a / b", goal=at_least(4), skipped="not installed")])

    words = text.splitlines()[1].split()
    assert words == ["a", "/", "b", "-", ">=", "4", "skipped", "not", "installed"]


def test_a_case_that_breaks_is_told_and_makes_the_exit_status_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken benchmark must not look like a fast one."""
    monkeypatch.setitem(CASES, "nothing", ("",))

    status = main(["--only", "nothing", "--quick"])

    assert status == 1
    assert "skipped  broke" in capsys.readouterr().out
