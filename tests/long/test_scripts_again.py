"""Each scenario is the same story to the last line of its log, as often as it is told."""

import pytest

from tests.scenarios.scripts.harness import OTHER_SEED, assert_kept, assert_repeats
from tests.scenarios.scripts.switched_off import SWITCHED_OFF


@pytest.mark.parametrize("name", sorted(SWITCHED_OFF))
def test_the_same_seed_tells_the_same_story(name: str) -> None:
    """On trio, where nothing but the seed decides."""
    assert_repeats(name, SWITCHED_OFF[name].exchange)


@pytest.mark.parametrize("name", sorted(SWITCHED_OFF))
def test_a_promise_is_kept_on_asyncio_and_with_another_seed_too(name: str) -> None:
    """On one exchange: nothing else differs."""
    assert_kept(name, SWITCHED_OFF[name].exchange, "asyncio", OTHER_SEED)
