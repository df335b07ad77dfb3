"""`venuetree scenario`: lists failures and the promises about them, and replays them."""

import signal
import sys
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from venuetree.cli.exits import ExitCode, UsageError
from venuetree.cli.printing import show
from venuetree.scenarios.catalogue import NoScenario, catalogue, scenario_in_file
from venuetree.scenarios.replay import Outcome, Verdict, replay
from venuetree.scenarios.scenario import ALL_EXCHANGES, Scenario
from venuetree.scenarios.world_log import Line, LineKind

__all__ = ["scenario"]

#: The name that stands for every scenario of the package.
_ALL = "all"
_MILLISECONDS = 1000
#: So many replays take longer than other processes take to start.
_WORTH_SHARING = 12

_STYLES = {
    Verdict.KEPT: "bold green",
    Verdict.BROKEN: "bold red",
    Verdict.CRASHED: "bold magenta",
}
_LINE_STYLES = {LineKind.FAULT: "bold red", LineKind.TREE: "yellow", LineKind.SEEN: "green"}


def scenario(options: Namespace) -> ExitCode:
    """List the scenarios, or run some; each in a loop of its own.

    Raises:
        UsageError: there is no such scenario, or none for the exchange.
    """
    if options.action == "list":
        found = tuple(catalogue().values())
        show(options, [_listed(one) for one in found], _list_table(found))
        return ExitCode.DONE
    # anyio would call a backend that is not installed one that does not exist.
    import_module(options.backend)
    began = time.monotonic()
    outcomes = _run(_wanted(options), options)
    took_ms = round((time.monotonic() - began) * _MILLISECONDS)
    is_kept = all(outcome.verdict is Verdict.KEPT for outcome in outcomes)
    document = {
        "ok": is_kept,
        "backend": options.backend,
        "seed": options.seed,
        "duration_ms": took_ms,
        "outcomes": [_told(outcome) for outcome in outcomes],
    }
    show(options, document, _report(outcomes, took_ms, with_logs=options.log))
    return ExitCode.DONE if is_kept else ExitCode.REFUSED


def _wanted(options: Namespace) -> list[tuple[Scenario, str]]:
    """What to run, and on which exchange each."""
    known = catalogue()
    chosen: list[Scenario] = []
    for name in options.names:
        if name == _ALL:
            chosen += known.values()
        elif name.endswith(".py"):
            try:
                chosen += scenario_in_file(Path(name))
            except NoScenario as error:
                raise UsageError(str(error)) from error
        elif name in known:
            chosen.append(known[name])
        else:
            raise UsageError(
                f"there is no scenario {name!r}: `venuetree scenario list` names them all;"
                " a file of your own ends in .py"
            )
    wanted = [
        (one, exchange)
        for one in dict.fromkeys(chosen)
        for exchange in one.on
        if options.exchange in (None, exchange)
    ]
    if not wanted:
        raise UsageError(f"none of these is for {options.exchange}")
    return wanted


def _run(wanted: Sequence[tuple[Scenario, str]], options: Namespace) -> list[Outcome]:
    with _progress(len(wanted), is_shown=not options.json) as bar:
        task = bar.add_task("", total=len(wanted))
        outcomes = []
        for outcome in _outcomes(wanted, options):
            outcomes.append(outcome)
            bar.update(task, advance=1, description=f"{outcome.scenario} on {outcome.exchange}")
        return outcomes


def _outcomes(wanted: Sequence[tuple[Scenario, str]], options: Namespace) -> Iterator[Outcome]:
    """Each outcome in turn; where there are many, processes share the work.

    A scenario of the package can be found by its name in another process; a host's own file may
    do what it likes when it is loaded, and is loaded here alone.
    """
    known = catalogue()
    backend, seed = options.backend, options.seed
    is_ours = all(known.get(one.name) is one for one, _ in wanted)
    if not is_ours or len(wanted) < _WORTH_SHARING or options.jobs == 1:
        for one, exchange in wanted:
            yield replay(one, exchange, backend=backend, seed=seed)
        return
    names = [(one.name, exchange, backend, seed) for one, exchange in wanted]
    with ProcessPoolExecutor(options.jobs, get_context("spawn")) as processes:
        try:
            with _interrupts_held():
                outcomes = processes.map(_replay_named, names)
            yield from outcomes
        finally:
            processes.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let processes that start now never hear of Ctrl-C; this one hears of it afterwards.

    It reaches every process of the terminal, and only one is to speak of it. What is blocked here
    is blocked there from their first moment, while they import, too.
    """
    if sys.platform == "win32":
        yield  # nothing can be blocked there
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _replay_named(wanted: tuple[str, str, str, int]) -> Outcome:
    name, exchange, backend, seed = wanted
    return replay(catalogue()[name], exchange, backend=backend, seed=seed)


def _progress(total: int, *, is_shown: bool) -> Progress:
    """A bar on stderr, where that is a terminal; it goes when all is done."""
    console = Console(stderr=True)
    return Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
        disable=not (is_shown and console.is_terminal and total > 1),
    )


# ---------------------------------------------------------------- for people


def _list_table(found: Sequence[Scenario]) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("scenario", no_wrap=True)
    table.add_column("on", no_wrap=True)
    table.add_column("promise", overflow="fold")
    for one in found:
        table.add_row(one.name, ", ".join(one.on), one.promise)
    return table


def _report(outcomes: Sequence[Outcome], took_ms: int, *, with_logs: bool) -> RenderableType:
    exchanges = [name for name in ALL_EXCHANGES if any(o.exchange == name for o in outcomes)]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in exchanges:
        table.add_column(name, no_wrap=True)
    table.add_column("faults", justify="right", no_wrap=True)
    table.add_column("their time", justify="right", no_wrap=True)
    table.add_column("scenario, and what is promised", overflow="fold")
    for name in dict.fromkeys(outcome.scenario for outcome in outcomes):
        mine = {o.exchange: o for o in outcomes if o.scenario == name}
        table.add_row(
            *(_mark(mine.get(exchange)) for exchange in exchanges),
            str(sum(len(outcome.faults) for outcome in mine.values())),
            _duration(sum(outcome.virtual_s for outcome in mine.values())),
            Text(name, "bold"),
        )
        promise = Text(next(iter(mine.values())).promise)
        table.add_row(*[""] * len(exchanges), "", "", promise)
    parts: list[RenderableType] = [table]
    for outcome in outcomes:
        if with_logs or outcome.verdict is not Verdict.KEPT:
            parts += [Text(), _log(outcome)]
    return Group(*parts, _summary(outcomes, took_ms))


def _mark(outcome: Outcome | None) -> Text:
    """What a cell says; empty where a failure cannot happen."""
    return Text() if outcome is None else Text(outcome.verdict.value, _STYLES[outcome.verdict])


def _log(outcome: Outcome) -> RenderableType:
    verdict = outcome.verdict
    lines = [
        Text(f"{outcome.scenario} on {outcome.exchange}", "bold"),
        Text(f"{verdict.value}: {outcome.detail}", _STYLES[verdict]),
    ]
    for line in outcome.log:
        head = f"{line.at_s:>12.3f} s  {line.kind.value:<5}  "
        lines.append(Text(head + line.text, _LINE_STYLES.get(line.kind, "")))
    return Group(*lines)


def _summary(outcomes: Sequence[Outcome], took_ms: int) -> Text:
    kept = sum(outcome.verdict is Verdict.KEPT for outcome in outcomes)
    virtual_s = sum(outcome.virtual_s for outcome in outcomes)
    took = f"{_duration(virtual_s)} of their time in {took_ms / _MILLISECONDS:.1f} s"
    if kept == len(outcomes):
        return Text(f"\nEvery promise was kept: {kept} of {kept}, {took}.", "bold green")
    broken = len(outcomes) - kept
    return Text(f"\n{broken} of {len(outcomes)} promises were not kept, {took}.", "bold red")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


# ---------------------------------------------------------------- for machines


def _listed(one: Scenario) -> dict[str, Any]:
    return {"scenario": one.name, "promise": one.promise, "exchanges": list(one.on)}


def _told(outcome: Outcome) -> dict[str, Any]:
    return {
        "scenario": outcome.scenario,
        "exchange": outcome.exchange,
        "promise": outcome.promise,
        "verdict": outcome.verdict.value,
        "detail": outcome.detail,
        "virtual_ms": round(outcome.virtual_s * _MILLISECONDS),
        "faults": [_line(line) for line in outcome.faults],
        "log": [_line(line) for line in outcome.log],
    }


def _line(line: Line) -> dict[str, Any]:
    at_ms = round(line.at_s * _MILLISECONDS)
    return {"at_ms": at_ms, "kind": line.kind.value, "text": line.text}
