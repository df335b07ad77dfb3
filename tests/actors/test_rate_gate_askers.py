"""Askers of the rate gate that are refused or gone: nothing is lost on them, nobody held up."""

import anyio
import pytest

from tests.support.rate_gate import gate
from venuetree.actors.gate_messages import Admit, LimitsChanged, Refund
from venuetree.actors.rate_gate import LANE_BOUNDS
from venuetree.protocol.errors import LocalProtocolError, RateLimited
from venuetree.protocol.port import Cost, Lane, LimitWindow, WindowKind
from venuetree.protocol.timestamps import SECOND

pytestmark = pytest.mark.anyio


async def test_a_full_lane_refuses_at_once_and_says_how_many_wait() -> None:
    """Cancels have a bound of their own, which is not reached by data."""
    bounds = {**LANE_BOUNDS, Lane.DATA: 3}
    async with gate(bounds=bounds) as running_gate:
        await running_gate.fill()
        async with anyio.create_task_group() as askers:
            for name in "abcd":
                askers.start_soon(running_gate.ask, name, Lane.DATA)
                await anyio.sleep(0.001)
            askers.start_soon(running_gate.ask, "cancel", Lane.CANCEL)

    ((name, error),) = running_gate.errors
    assert isinstance(error, RateLimited)
    assert (name, error.exchange) == ("d", "test")
    assert "3 requests of the lane data wait" in error.message
    assert sorted(name for name, _ in running_gate.admitted) == ["a", "b", "c", "cancel"]


async def test_those_who_gave_up_leave_their_places_to_others() -> None:
    """A lane full of the gone is not full, and nothing is spent on them."""
    bounds = {**LANE_BOUNDS, Lane.DATA: 3}
    async with gate(bounds=bounds) as running_gate:
        await running_gate.fill()
        async with anyio.create_task_group() as askers:
            for name in "abc":
                askers.start_soon(running_gate.ask, name, Lane.DATA, 1, 0.5)
        async with anyio.create_task_group() as askers:
            for name in "def":
                askers.start_soon(running_gate.ask, name, Lane.DATA)
        used = running_gate.detail.limits.windows[0].used

    assert sorted(name for name, _ in running_gate.errors) == ["a", "b", "c"]
    assert sorted(name for name, _ in running_gate.admitted) == ["d", "e", "f"]
    assert used == 3


async def test_one_that_gave_up_at_the_head_holds_nobody_up() -> None:
    """It waited for more room than there is; those behind it need less."""
    async with gate() as running_gate:
        await running_gate.fill(5)
        await running_gate.ask("large", Lane.PLACE, 10, 0.1)
        await running_gate.ask("small", Lane.PLACE)

    assert [name for name, _ in running_gate.errors] == ["large"]
    assert running_gate.admitted[0][1] < SECOND // 2


async def test_leave_that_nobody_waits_for_is_not_spent() -> None:
    """A request that was told instead of asked gets no permit, and none is lost on it."""
    async with gate() as running_gate:
        await running_gate.ref.tell(Admit(Lane.PLACE, (Cost("requests", 10),)))
        await anyio.sleep(0.1)
        detail = running_gate.detail

    assert (detail.limits.windows[0].used, detail.admitted) == (0, 0)


async def test_a_cost_that_can_never_be_met_is_an_error_and_holds_nobody_up() -> None:
    """It is told at once, with the exchange's name."""
    async with gate() as running_gate:
        await running_gate.ask("impossible", Lane.CANCEL, 11)
        await running_gate.ask("next")

    ((_, error),) = running_gate.errors
    assert isinstance(error, LocalProtocolError)
    assert error.exchange == "test"
    assert running_gate.admitted == [("next", 0)]


async def test_a_capacity_that_shrinks_below_a_waiting_cost_ends_the_waiting() -> None:
    """It could never be met any more."""
    async with gate() as running_gate:
        await running_gate.fill()
        async with anyio.create_task_group() as askers:
            askers.start_soon(running_gate.ask, "large", Lane.PLACE, 8)
            await anyio.sleep(0.001)
            await running_gate.ref.tell(
                LimitsChanged((LimitWindow("requests", 5, SECOND, WindowKind.SLIDING),))
            )

    assert [type(error) for _, error in running_gate.errors] == [LocalProtocolError]


async def test_a_permit_that_is_handed_back_admits_another() -> None:
    """Before its window has passed."""
    async with gate() as running_gate:
        permit = await running_gate.ask("unused")
        await running_gate.fill(9)
        assert permit is not None
        await running_gate.ref.tell(Refund(permit))
        await running_gate.ask("next")

    assert running_gate.admitted == [("next", 0)]


async def test_a_grant_whose_asker_has_just_gone_is_taken_back() -> None:
    """Its deadline passes in the very moment of the grant: nothing may be lost on it."""
    async with gate() as running_gate:
        await running_gate.fill()
        async with anyio.create_task_group() as askers:
            askers.start_soon(running_gate.ask, "gone", Lane.DATA, 1, 1.0)
            await anyio.sleep(1.5)
        used = running_gate.detail.limits.windows[0].used
        admitted = len(running_gate.admitted)

    assert used == admitted
