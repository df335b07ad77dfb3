"""What every script is tried by: its promise is kept, and breaks when it is switched off."""

import re
from collections.abc import Callable

import pytest
from attrs import frozen

from venuetree.scenarios.catalogue import catalogue
from venuetree.scenarios.replay import Outcome, Verdict, replay
from venuetree.scenarios.scenario import Scenario

__all__ = [
    "OTHER_SEED",
    "SEED",
    "Switch",
    "assert_breaks",
    "assert_kept",
    "assert_repeats",
    "scenario_named",
]

SEED = 1
#: What is drawn must decide no promise.
OTHER_SEED = 2
_CATALOGUE = catalogue()


@frozen
class Switch:
    """Takes away the behaviour that a scenario promises.

    Attributes:
        exchange: where the scenario is then tried.
        what: which behaviour is switched off, in a sentence.
        apply: does it, at the narrowest place.
    """

    exchange: str
    what: str
    apply: Callable[[pytest.MonkeyPatch], None]


def scenario_named(name: str) -> Scenario:
    """The scenario of a name of the catalogue."""
    return _CATALOGUE[name]


def assert_kept(name: str, exchange: str, backend: str, seed: int = SEED) -> None:
    """The promise is kept, and the log shows when and how the failure happened."""
    _check_kept(replay(scenario_named(name), exchange, backend=backend, seed=seed))


def assert_breaks(name: str, switch: Switch) -> None:
    """With the behaviour switched off the scenario says so, in words; it does not crash."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        switch.apply(monkeypatch)
        outcome = replay(scenario_named(name), switch.exchange, backend="trio", seed=SEED)

    story = f"switched off: {switch.what}\n{told(outcome)}"
    assert outcome.verdict is Verdict.BROKEN, story
    # What stands in for the behaviour takes the same arguments, or its crash broke the promise.
    assert not re.search(r"TypeError: .*(positional|keyword) argument", story), story


def assert_repeats(name: str, exchange: str) -> None:
    """The promise is kept, and the same seed tells the same story, to the log's last line."""
    scenario = scenario_named(name)
    first, second = (replay(scenario, exchange, backend="trio", seed=SEED) for _ in range(2))

    _check_kept(first)
    assert first == second


def _check_kept(outcome: Outcome) -> None:
    assert outcome.verdict is Verdict.KEPT, told(outcome)
    assert outcome.faults, told(outcome)


def told(outcome: Outcome) -> str:
    """An outcome for people: what a failed test shows."""
    lines = "\n".join(f"{line.at_s:10.3f} {line.kind.value:5} {line.text}" for line in outcome.log)
    return f"{outcome.scenario} on {outcome.exchange}: {outcome.detail}\n{lines}"
