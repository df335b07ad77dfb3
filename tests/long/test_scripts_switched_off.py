"""Each scenario's script fails when the behaviour that it promises is switched off."""

import pytest

from tests.scenarios.scripts.harness import assert_breaks
from tests.scenarios.scripts.switched_off import SWITCHED_OFF


@pytest.mark.parametrize("name", sorted(SWITCHED_OFF))
def test_a_script_fails_when_what_it_promises_is_switched_off(name: str) -> None:
    """Else it would prove nothing."""
    assert_breaks(name, SWITCHED_OFF[name])
