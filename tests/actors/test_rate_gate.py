"""The rate gate, in virtual time on both backends.

Checks stand outside the tree: an assertion inside a supervised actor would be taken for a crash.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import anyio
import pytest
from attrs import define, field

from venuetree.actors import ActorCrashed, AskTimeout, MailboxSpec, Overflow, Ref
from venuetree.actors.clock import LoopClock
from venuetree.actors.gate_messages import (
    Admit,
    Arrived,
    ClockOffset,
    Gate,
    LimitsChanged,
    Permit,
    Refund,
    Replied,
    Silence,
)
from venuetree.actors.rate_gate import LANE_BOUNDS, GateDetail, rate_gate
from venuetree.protocol.errors import EngineError, LocalProtocolError, RateLimited
from venuetree.protocol.limit_answers import LimiterState, Start, WindowState
from venuetree.protocol.port import Cost, Lane, LimitReport, LimitWindow, WindowKind
from venuetree.supervisors import Backoff, ChildSpec, Supervisor, running

pytestmark = pytest.mark.anyio

SECOND = 1_000_000_000
#: A multiple of a minute.
BASE = 1_700_000_040 * SECOND
WINDOW = LimitWindow("requests", 10, SECOND, WindowKind.SLIDING)
#: Seconds; longer than any test lasts.
PATIENCE = 1000.0


@define
class Running:
    """A gate that is up."""

    ref: Ref[Gate]
    supervisor: Supervisor
    clock: LoopClock
    #: When who was admitted, in nanoseconds since the start, in this order.
    admitted: list[tuple[str, int]] = field(factory=list)
    errors: list[tuple[str, Exception]] = field(factory=list)

    @property
    def now(self) -> int:
        """Nanoseconds since the start."""
        return self.clock.now_ns() - BASE

    @property
    def detail(self) -> GateDetail:
        """What the snapshot shows."""
        detail = self.supervisor.snapshot()["gate"].detail

        assert isinstance(detail, GateDetail)
        return detail

    async def ask(
        self, name: str, lane: Lane = Lane.DATA, amount: int = 1, patience: float = PATIENCE
    ) -> Permit | None:
        """Ask for leave, and note how it went."""
        try:
            admit = Admit(lane, (Cost("requests", amount),))
            permit = await self.ref.ask(admit, timeout=patience)
        except (EngineError, AskTimeout, ActorCrashed) as error:
            self.errors.append((name, error))
            return None
        self.admitted.append((name, self.now))
        # It is there at once.
        await self.ref.tell(Arrived(permit))
        return permit

    async def ask_for(self, name: str, admit: Admit) -> None:
        """Ask for exactly this."""
        permit = await self.ref.ask(admit, timeout=PATIENCE)
        self.admitted.append((name, self.now))
        await self.ref.tell(Arrived(permit))

    async def fill(self, times: int = 10, lane: Lane = Lane.CANCEL) -> None:
        """Spend some of the window, one after the other."""
        for _ in range(times):
            await self.ask("filler", lane)
        self.admitted.clear()


@asynccontextmanager
async def gate(
    *windows: LimitWindow,
    reserved: Mapping[Lane, float] | None = None,
    bounds: Mapping[Lane, int] = LANE_BOUNDS,
    start: Start = Start.FRESH,
) -> AsyncIterator[Running]:
    """A supervised gate."""
    clock = LoopClock(BASE, anyio.current_time())
    run = rate_gate(
        exchange="test",
        windows=windows or (WINDOW,),
        reserved=reserved or {},
        clock=clock,
        bounds=bounds,
        start=start,
    )
    spec = ChildSpec(
        "gate",
        run,
        backoff=Backoff(min=0.1, max=0.1, factor=1, jitter=0, reset_after=1),
        mailbox=MailboxSpec(4096, Overflow.FAIL),
    )
    supervisor = Supervisor(spec)
    async with running(supervisor):
        yield Running(supervisor.ref(spec), supervisor, clock)


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


# ---------------------------------------------------------------- refusals and gone askers


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


# ---------------------------------------------------------------- what replies say


async def test_a_replys_count_of_others_use_closes_the_window() -> None:
    """Eight others' requests, one of ours and one of ours still under way are ten."""
    async with gate() as running_gate:
        permit = await running_gate.ask("first")
        await anyio.sleep(0.1)
        await running_gate.ask("second")
        report = LimitReport("requests", used=9)
        await running_gate.ref.tell(Replied((report,), BASE, permit=permit))
        await running_gate.ask("third")

    assert running_gate.admitted[2][1] >= SECOND


@pytest.mark.parametrize(
    ("retry_after_ns", "expected"),
    [pytest.param(7 * SECOND, 7, id="told"), pytest.param(0, 1, id="untold")],
)
async def test_after_a_429_everything_is_silent(retry_after_ns: int, expected: int) -> None:
    """Cancels too, for as long as is told, or for a second at first."""
    async with gate() as running_gate:
        await running_gate.ref.tell(Replied((), BASE, retry_after_ns=retry_after_ns))
        async with anyio.create_task_group() as askers:
            askers.start_soon(running_gate.ask, "cancel", Lane.CANCEL)
            await anyio.sleep(0.001)
            silent_until_ns = running_gate.detail.limits.silent_until_ns

    assert silent_until_ns == BASE + expected * SECOND
    assert running_gate.admitted[0][1] // SECOND == expected


async def test_silence_is_kept_until_its_end() -> None:
    """A ban whose end the exchange told as a time."""
    async with gate() as running_gate:
        await running_gate.ref.tell(Silence(BASE + 120 * SECOND))
        await running_gate.ask("cancel", Lane.CANCEL)

    assert running_gate.admitted[0][1] >= 120 * SECOND


async def test_calendar_windows_follow_the_offset_that_is_told() -> None:
    """With the exchange 4 s ahead its ten seconds end after six of ours."""
    window = LimitWindow("requests", 10, 10 * SECOND, WindowKind.CALENDAR)
    async with gate(window) as running_gate:
        await running_gate.ref.tell(ClockOffset(4 * SECOND))
        await running_gate.fill()
        await running_gate.ask("next")

    assert running_gate.admitted[0][1] // SECOND == 6


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


# ---------------------------------------------------------------- crashes


async def crash(running_gate: Running) -> None:
    """Tell the gate something that it cannot understand: a bug, as good as any."""
    await running_gate.ref.tell(Replied(None, BASE))  # type: ignore[arg-type]
    await anyio.sleep(0.2)


async def test_after_a_crash_the_gate_begins_with_nothing_to_give() -> None:
    """But a cancel passes."""
    async with gate() as running_gate:
        await crash(running_gate)
        restarted = running_gate.now
        async with anyio.create_task_group() as askers:
            askers.start_soon(running_gate.ask, "data", Lane.DATA)
            await anyio.sleep(0.001)
            is_guess = running_gate.detail.limits.windows[0].is_guess
            await running_gate.ask("cancel", Lane.CANCEL)

    assert is_guess
    (first, at_once), (second, later) = running_gate.admitted
    assert (first, second) == ("cancel", "data")
    assert at_once - restarted < SECOND // 10
    assert SECOND * 9 // 10 <= later - restarted <= SECOND


async def test_who_waits_at_a_gate_that_crashes_is_told_at_once() -> None:
    """And who is still in its mailbox is served by the next one."""
    async with gate() as running_gate:
        await running_gate.fill()
        async with anyio.create_task_group() as askers:
            askers.start_soon(running_gate.ask, "waiting")
            await anyio.sleep(0.001)
            await crash(running_gate)
            moment = running_gate.now

    ((name, error),) = running_gate.errors
    assert (name, type(error)) == ("waiting", ActorCrashed)
    assert moment < SECOND


async def test_what_the_exchange_told_of_its_limits_outlives_a_crash() -> None:
    """Only what was counted is lost."""
    async with gate() as running_gate:
        await running_gate.ref.tell(
            LimitsChanged((LimitWindow("requests", 3, SECOND, WindowKind.SLIDING),))
        )
        await crash(running_gate)
        capacity = running_gate.detail.limits.windows[0].capacity

    assert capacity == 3


async def test_a_gate_that_is_stopped_goes_on_with_its_books() -> None:
    """What was spent before is spent, and nothing else: there is nothing to guess."""
    async with gate() as running_gate:
        await running_gate.fill(7)
        await running_gate.supervisor.restart_child("gate")
        is_guess = running_gate.detail.limits.windows[0].is_guess
        used = running_gate.detail.limits.windows[0].used
        for name in range(4):
            await running_gate.ask(str(name))

    assert (is_guess, used) == (False, 7)
    waits = [time for _, time in running_gate.admitted]
    assert waits[:3] == [0, 0, 0]
    assert SECOND <= waits[3] < SECOND * 11 // 10


async def test_books_that_were_kept_over_a_stop_are_not_kept_over_a_crash() -> None:
    """A fault may have left them half written, at whatever incarnation."""
    async with gate() as running_gate:
        await running_gate.supervisor.restart_child("gate")
        await crash(running_gate)
        after_crash = running_gate.detail.limits.windows[0].is_guess
        await anyio.sleep(2)
        await running_gate.supervisor.restart_child("gate")
        later = running_gate.detail.limits.windows[0].is_guess

    assert (after_crash, later) == (True, False)


async def test_a_gate_may_be_told_to_begin_cautiously() -> None:
    """Where another of the same account may have just ended."""
    async with gate(start=Start.AFTER_CRASH) as running_gate:
        await running_gate.ask("data")

    assert running_gate.admitted[0][1] >= SECOND


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
