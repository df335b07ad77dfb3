"""`python -m benchmarks`: run the cases, each in a process of its own, and print the table."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

from benchmarks.environments import PEERS, install
from benchmarks.options import Options
from benchmarks.registry import CASES, run_case
from benchmarks.rows import Row, machine_line, rows_from_json, rows_to_json, table

#: A case that takes longer than this hangs.
CASE_TIMEOUT_S = 900


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0 if everything ran, 1 if a case broke. Missed goals are no error."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument(
        "command", nargs="?", default="run", choices=["run", "peers-install", "case"]
    )
    parser.add_argument("names", nargs="*", help="peers to install (all), or the one case")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does everything run?")
    parser.add_argument(
        "--only", action="append", metavar="PATTERN", help="cases: 'feed', 'decode/l2*'"
    )
    parser.add_argument("--rounds", type=int, help="how often each ratio is taken (7)")
    parser.add_argument("--json", action="store_true", help="rows as JSON instead of the table")
    parser.add_argument("--profile", action="store_true", help="tell where an order's time goes")
    parser.add_argument("--no-peers", action="store_true", help="leave the peers out")
    given = parser.parse_args(arguments)
    options = Options(
        rounds=given.rounds or (1 if given.quick else 7),
        quick=given.quick,
        profile=given.profile,
        peers=not given.no_peers,
    )
    match given.command:
        case "peers-install":
            return install(given.names or list(PEERS))
        case "case":
            family, _, name = given.names[0].partition("/")
            print(rows_to_json(run_case(family, name, options)))
            return 0
        case _:
            return _run_all(given.only or ["*"], options, as_json=given.json)


def _run_all(patterns: list[str], options: Options, *, as_json: bool) -> int:
    names = [
        f"{family}/{name}".rstrip("/")
        for family, cases in CASES.items()
        for name in cases
        if any(fnmatchcase(f"{family}/{name}", f"{pattern}*") for pattern in patterns)
    ]
    if not as_json:
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        print(f"{machine_line()}, {now}")
        print(f"{options.rounds} rounds, medians; ratios are taken within a round\n", flush=True)
    rows: list[Row] = []
    broken = 0
    group: list[Row] = []
    for position, name in enumerate(names):
        measured = _run_apart(name, options)
        broken += any(row.skipped.startswith("broke") for row in measured)
        rows += measured
        group += measured
        is_last = position + 1 == len(names)
        if not as_json and (
            is_last or names[position + 1].partition("/")[0] != name.partition("/")[0]
        ):
            print(table(group), end="\n\n", flush=True)
            group = []
    if as_json:
        print(rows_to_json(rows))
    else:
        missed = [row for row in rows if row.verdict == "MISSED"]
        met = sum(row.verdict == "met" for row in rows)
        print(f"goals: {met} met, {len(missed)} missed")
        for row in missed:
            print(f"  missed: {row.what}: {row.median:.3g} {row.unit}, goal {row.goal}")
        print(machine_line())
    return 1 if broken else 0


def _run_apart(name: str, options: Options) -> list[Row]:
    """One case in a process of its own; what breaks there is told in a row."""
    command = [sys.executable, "-m", "benchmarks", "case", name, "--rounds", str(options.rounds)]
    command += ["--quick"] * options.quick + ["--profile"] * options.profile
    command += ["--no-peers"] * (not options.peers)
    try:
        done = subprocess.run(  # noqa: S603 - ourselves
            command,
            check=False,
            capture_output=True,
            text=True,
            timeout=CASE_TIMEOUT_S,
            cwd=Path(__file__).parent.parent,
        )
    except subprocess.TimeoutExpired:
        return [Row(name.partition("/")[0], name, skipped=f"broke: not done in {CASE_TIMEOUT_S} s")]
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        return [Row(name.partition("/")[0], name, skipped=f"broke: {last[:200]}")]
    if options.profile and done.stderr:
        print(done.stderr, file=sys.stderr)
    return rows_from_json(done.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    sys.exit(main())
