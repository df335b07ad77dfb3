"""Every script of the catalogue: its promise is kept, everywhere and every time."""

import pytest

from tests.scenarios.scripts.harness import (
    assert_kept,
    assert_repeats,
    scenario_named,
)
from tests.scenarios.scripts.switched_off import SWITCHED_OFF
from venuetree.scenarios.catalogue import catalogue

NAMES = sorted(SWITCHED_OFF)
#: Tried twice, and on asyncio; the others are so among the long tests.
AGAIN = {
    "book-updates-are-swapped",
    "connection-is-half-open",
    "exchange-clock-jumps",
    "kicked-right-after-accept",
    "line-arrives-in-pieces",
    "listen-key-dies-in-silence",
    "orders-actor-crashes-under-an-order",
    "reply-to-an-order-is-lost",
    "storm-of-429",
    "two-engines-trade-on-one-account",
}
ELSEWHERE = [
    (name, exchange)
    for name in NAMES
    for exchange in scenario_named(name).on
    if exchange != SWITCHED_OFF[name].exchange
]


def test_every_script_can_be_shown_to_fail() -> None:
    """Each has a switch, and only those that there are."""
    assert sorted(catalogue()) == NAMES


@pytest.mark.parametrize("name", [name for name in NAMES if name not in AGAIN])
def test_a_promise_is_kept(name: str) -> None:
    """The failure really happened."""
    assert_kept(name, SWITCHED_OFF[name].exchange, "trio")


@pytest.mark.parametrize("name", sorted(AGAIN))
def test_a_promise_is_kept_and_the_same_seed_tells_the_same_story(name: str) -> None:
    """The failure really happened, and happens again to the last line of the log."""
    assert_repeats(name, SWITCHED_OFF[name].exchange)


@pytest.mark.parametrize(("name", "exchange"), ELSEWHERE)
def test_a_promise_is_kept_on_the_other_exchanges(name: str, exchange: str) -> None:
    """The failure really happened there too."""
    assert_kept(name, exchange, "trio")


@pytest.mark.parametrize("name", sorted(AGAIN))
def test_a_promise_is_kept_on_asyncio_too(name: str) -> None:
    """On one exchange: the other backend is all that differs."""
    assert_kept(name, SWITCHED_OFF[name].exchange, "asyncio")
