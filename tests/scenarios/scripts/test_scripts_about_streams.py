"""The scripts about streams, books and supervision: kept everywhere, broken when switched off."""

import pytest

from tests.scenarios.scripts.harness import (
    assert_breaks,
    assert_kept,
    assert_repeats,
    scenario_named,
)
from tests.scenarios.scripts.switched_off_streams import SWITCHED_OFF

NAMES = sorted(SWITCHED_OFF)
ELSEWHERE = [
    (name, exchange)
    for name in NAMES
    for exchange in scenario_named(name).on
    if exchange != SWITCHED_OFF[name].exchange
]


@pytest.mark.parametrize("name", NAMES)
def test_a_promise_is_kept_and_the_same_seed_tells_the_same_story(name: str) -> None:
    """The failure really happened, and happens again to the last line of the log."""
    assert_repeats(name, SWITCHED_OFF[name].exchange)


@pytest.mark.parametrize(("name", "exchange"), ELSEWHERE)
def test_a_promise_is_kept_on_the_other_exchanges(name: str, exchange: str) -> None:
    """The failure really happened there too."""
    assert_kept(name, exchange, "trio")


@pytest.mark.parametrize("name", NAMES)
def test_a_promise_is_kept_on_asyncio_too(name: str) -> None:
    """On one exchange: the other backend is all that differs."""
    assert_kept(name, SWITCHED_OFF[name].exchange, "asyncio")


@pytest.mark.parametrize("name", NAMES)
def test_a_script_fails_when_what_it_promises_is_switched_off(name: str) -> None:
    """Else it would prove nothing."""
    assert_breaks(name, SWITCHED_OFF[name])
