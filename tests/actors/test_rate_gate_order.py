"""Who is admitted by the rate gate, and when: urgent lanes first, each in its order."""

import anyio
import pytest

from tests.support.rate_gate import WINDOW, gate
from venuetree.actors.gate_messages import Admit
from venuetree.actors.rate_gate import GateDetail
from venuetree.protocol.limit_answers import LimiterState, WindowState
from venuetree.protocol.port import Cost, Lane, LimitWindow, WindowKind
from venuetree.protocol.timestamps import SECOND

pytestmark = pytest.mark.anyio

# ---------------------------------------------------------------- order of service


async def test_who_finds_room_is_admitted_at_once_and_who_does_not_when_there_is() -> None:
    """The eleventh a period after the first."""
    async with gate() as running_gate:
        for index in range(11):
            await running_gate.ask(str(index))

    assert [moment for _, moment in running_gate.admitted[:10]] == [0] * 10
    assert SECOND <= running_gate.admitted[10][1] < SECOND + 1000


async def test_urgent_lanes_go_first_and_each_in_the_order_of_arrival() -> None:
    """Though the data had come first."""
    async with gate() as running_gate:
        # Room comes one by one, so that the order of the grants shows in that of the askers.
        for _ in range(10):
            await running_gate.fill(1)
            await anyio.sleep(0.01)
        async with anyio.create_task_group() as askers:
            for name, lane in [
                ("data 1", Lane.DATA),
                ("data 2", Lane.DATA),
                ("place 1", Lane.PLACE),
                ("resolve", Lane.RESOLVE),
                ("place 2", Lane.PLACE),
                ("cancel", Lane.CANCEL),
            ]:
                askers.start_soon(running_gate.ask, name, lane)
                await anyio.sleep(0.001)

    assert [name for name, _ in running_gate.admitted] == [
        "cancel",
        "resolve",
        "place 1",
        "place 2",
        "data 1",
        "data 2",
    ]


async def test_a_burst_is_sorted_before_anything_of_it_is_granted() -> None:
    """A cancel that was asked last, in the same moment, gets the next place."""
    window = LimitWindow("requests", 1, SECOND, WindowKind.SLIDING)
    async with gate(window) as running_gate:
        await running_gate.ask("first", Lane.DATA)
        async with anyio.create_task_group() as askers:
            for _ in range(3):
                askers.start_soon(running_gate.ask, "data", Lane.DATA)
            askers.start_soon(running_gate.ask, "cancel", Lane.CANCEL)

    names = [name for name, _ in running_gate.admitted]
    assert names == ["first", "cancel", "data", "data", "data"]


async def test_nobody_is_let_in_past_those_who_wait() -> None:
    """While one waits, another that would fit is queued behind it."""
    windows = (
        LimitWindow("requests", 1, SECOND, WindowKind.SLIDING),
        LimitWindow("other", 100, SECOND, WindowKind.SLIDING),
    )
    async with gate(*windows) as running_gate:
        await running_gate.ask("first", Lane.DATA)
        async with anyio.create_task_group() as askers:
            askers.start_soon(running_gate.ask, "second", Lane.DATA)
            await anyio.sleep(0.1)
            askers.start_soon(running_gate.ask, "third", Lane.DATA)

    assert [name for name, _ in running_gate.admitted] == ["first", "second", "third"]


async def test_waiting_data_never_delays_a_cancel() -> None:
    """A hundred wait for data's share; the cancel takes the reserved room in no time."""
    limits = gate(reserved={Lane.DATA: 0.3})
    async with limits as running_gate, anyio.create_task_group() as askers:
        for _ in range(100):
            askers.start_soon(running_gate.ask, "data", Lane.DATA)
        await anyio.sleep(0.5)
        before = running_gate.now
        await running_gate.ask("cancel", Lane.CANCEL)
        after = running_gate.now
        askers.cancel_scope.cancel()

    assert before == after


async def test_small_requests_do_not_eat_up_the_room_a_large_urgent_one_waits_for() -> None:
    """Data is held back while the head of a more urgent lane waits for the same window."""
    async with gate() as running_gate:
        await running_gate.fill(5)
        await anyio.sleep(0.5)
        await running_gate.fill(5)
        async with anyio.create_task_group() as askers:
            askers.start_soon(running_gate.ask, "large", Lane.PLACE, 10)
            await anyio.sleep(0.001)
            for _ in range(30):
                askers.start_soon(running_gate.ask, "data", Lane.DATA)

    assert running_gate.admitted[0][0] == "large"
    assert running_gate.admitted[0][1] < 1.6 * SECOND


async def test_a_lane_that_waits_for_another_window_holds_nobody_up() -> None:
    """Orders wait for the orders' window; data does not need it."""
    orders = LimitWindow("orders", 1, 10 * SECOND, WindowKind.SLIDING)
    async with gate(WINDOW, orders) as running_gate:
        place = Admit(Lane.PLACE, (Cost("requests"), Cost("orders")))
        await running_gate.ref.ask(place, timeout=1)
        async with anyio.create_task_group() as askers:
            askers.start_soon(running_gate.ask_for, "place", place)
            await anyio.sleep(0.001)
            await running_gate.ask("data", Lane.DATA)

    assert [name for name, _ in running_gate.admitted] == ["data", "place"]
    assert running_gate.admitted[0][1] < SECOND < running_gate.admitted[1][1]


async def test_the_snapshot_shows_windows_queues_and_counts() -> None:
    """As a value."""
    async with gate() as running_gate:
        await running_gate.fill()
        async with anyio.create_task_group() as askers:
            for _ in range(3):
                askers.start_soon(running_gate.ask, "data")
            await anyio.sleep(0.001)
            detail = running_gate.detail

    assert detail == GateDetail(
        LimiterState((WindowState("requests", 10, 10, SECOND),), None),
        {Lane.CANCEL: 0, Lane.RESOLVE: 0, Lane.PLACE: 0, Lane.UPKEEP: 0, Lane.DATA: 3},
        admitted=10,
        refused=0,
    )


# ---------------------------------------------------------------- under load


@pytest.mark.bulk
@pytest.mark.parametrize("kind", list(WindowKind))
async def test_ten_times_the_permitted_demand_never_breaks_the_limit(kind: WindowKind) -> None:
    """60 s of it: the limit is held and used, and of the cancels among it 99 % wait under 1 s."""
    window = LimitWindow("requests", 5, SECOND, kind)
    waits: list[int] = []

    async with gate(window, reserved={Lane.DATA: 0.4, Lane.PLACE: 0.2}) as running_gate:

        async def cancel() -> None:
            before = running_gate.now
            await running_gate.ask("cancel", Lane.CANCEL)
            waits.append(running_gate.now - before)

        async with anyio.create_task_group() as askers:
            for tick in range(600):
                # 52 a second where 5 are permitted: 30 data, 20 places, 2 cancels.
                for _ in range(3):
                    askers.start_soon(running_gate.ask, "data", Lane.DATA, 1, 5.0)
                for _ in range(2):
                    askers.start_soon(running_gate.ask, "place", Lane.PLACE, 1, 5.0)
                if tick % 5 == 0:
                    askers.start_soon(cancel)
                await anyio.sleep(0.1)
            await anyio.sleep(1)
            askers.cancel_scope.cancel()

    moments = [moment for _, moment in running_gate.admitted]
    match kind:
        case WindowKind.SLIDING:
            most = max(
                sum(1 for other in moments[i : i + 10] if other < moment + SECOND)
                for i, moment in enumerate(moments)
            )
        case WindowKind.CALENDAR:
            seconds = [moment // SECOND for moment in moments]
            most = max(seconds.count(second) for second in set(seconds))
    assert most <= window.capacity
    assert len(moments) >= 0.95 * 60 * 4
    assert len(waits) == 120
    assert sorted(waits)[118] < SECOND
