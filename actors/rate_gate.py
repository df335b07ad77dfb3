"""The rate gate: nothing goes to the exchange before its cost is spent here.

Who asks (`Admit`) gets a `Permit` when there is room, urgent lanes first and each lane in the
order of arrival. A request waits with its gate, not with its asker: the reply is deferred, so an
asker that gives up simply is not there any more when its turn comes, and costs nothing.

A less urgent request never delays a more urgent one: lanes have reserved room, and a window for
which the head of an urgent lane waits is closed to all lanes behind it. The other way round it
does: under lasting overload of its windows the least urgent lane waits for ever, that is until its
askers' deadlines, or is refused at once when its queue is full.

A gate that is stopped, because the tree or an actor that it depends on starts anew, has its books
in order, and its next incarnation goes on with them. One that crashed has not: the next believes
that everything was spent (`limits.Start.AFTER_CRASH`); what it does about cancels is told there.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, assert_never

import anyio
from attrs import field, frozen

from venuetree.actors.clock import Clock
from venuetree.actors.context import Context
from venuetree.actors.envelope import Delivery
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
from venuetree.actors.mailbox import AtTheDoor
from venuetree.protocol.errors import LocalProtocolError, RateLimited
from venuetree.protocol.limit_answers import Admitted, LimiterState, Start, Wait
from venuetree.protocol.limits import RateLimiter
from venuetree.protocol.port import Cost, Lane, LimitWindow

__all__ = ["LANE_BOUNDS", "GateDetail", "rate_gate"]

#: How many requests of a lane may wait. A cancel is small and never to be refused, short of a
#: runaway loop; a question that waits behind so many others had better not be asked.
LANE_BOUNDS: Mapping[Lane, int] = {
    Lane.CANCEL: 1024,
    Lane.RESOLVE: 256,
    Lane.PLACE: 256,
    Lane.UPKEEP: 256,
    Lane.DATA: 256,
}
#: A full queue is looked through for those whose askers gave up no more often than this: a host
#: that asks far too much must not make each refusal dear.
SWEEP_EVERY_NS = 20_000_000


@frozen
class GateDetail:
    """What the snapshot shows of a gate: windows, silence, and how many wait in each lane."""

    limits: LimiterState
    queued: Mapping[Lane, int]
    admitted: int
    refused: int


@frozen
class _Waiter:
    delivery: Delivery = field(eq=False)
    costs: tuple[Cost, ...]


class _Queues:
    """Who waits, by lane, and the limiter that they wait for. Never awaits."""

    def __init__(self, exchange: str, limiter: RateLimiter, bounds: Mapping[Lane, int]) -> None:
        self._exchange = exchange
        self._limiter = limiter
        self._bounds = bounds
        self._lanes: dict[Lane, deque[_Waiter]] = {lane: deque() for lane in Lane}
        self._swept_ns = dict.fromkeys(Lane, 0)
        self.admitted = 0
        self.refused = 0

    def join(self, delivery: Delivery, request: Admit, now_ns: int) -> None:
        """Queue a request, or refuse it if too many of its lane wait already."""
        queue = self._lanes[request.lane]
        bound = self._bounds[request.lane]
        if len(queue) >= bound and now_ns - self._swept_ns[request.lane] >= SWEEP_EVERY_NS:
            self._swept_ns[request.lane] = now_ns
            self._forget_abandoned(request.lane)
            queue = self._lanes[request.lane]
        if len(queue) < bound:
            queue.append(_Waiter(delivery, request.costs))
            return
        self.refused += 1
        silent_until_ns = self._limiter.state(now_ns).silent_until_ns
        delivery.fail(
            RateLimited(
                f"{len(queue)} requests of the lane {request.lane.name.lower()} wait at the rate "
                "gate already, as many as may: this one was not sent",
                retry_after_ns=None if silent_until_ns is None else silent_until_ns - now_ns,
                exchange=self._exchange,
                operation="admit",
            )
        )

    def admit_at_once(self, request: Admit, now_ns: int) -> Permit | None:
        """A permit if there is room; `LocalProtocolError` if there cannot be. Nobody may wait."""
        try:
            answer = self._limiter.admit(request.costs, request.lane, now_ns)
        except LocalProtocolError as error:
            error.exchange = self._exchange
            raise
        if isinstance(answer, Wait):
            return None
        self.admitted += 1
        return Permit(answer.permit, answer.granted_time_ns)

    def admit(self, now_ns: int) -> int | None:
        """Grant all that can be granted now; when to come again, None if nobody waits.

        Every lane's head is tried, the urgent ones first. The windows that the head of a lane
        waits for are closed to the lanes behind it, which else would eat up, bit by bit, the room
        that it waits for.
        """
        closed: set[str] = set()
        next_ns: int | None = None
        for lane in Lane:
            blocked = self._admit_lane(lane, closed, now_ns)
            if blocked is None:
                continue
            if not blocked.windows:
                return blocked.until_ns  # silence: the other lanes cannot fare better
            closed.update(blocked.windows)
            next_ns = blocked.until_ns if next_ns is None else min(next_ns, blocked.until_ns)
        return next_ns

    @property
    def is_empty(self) -> bool:
        """Whether nobody waits."""
        return not any(self._lanes.values())

    def waiting(self) -> dict[Lane, int]:
        """How many wait, by lane, those that gave up unnoticed included."""
        return {lane: len(queue) for lane, queue in self._lanes.items()}

    def _admit_lane(self, lane: Lane, closed: set[str], now_ns: int) -> Wait | None:
        """Grant from the lane's head on; what its first ungranted one waits for, None if none."""
        queue = self._lanes[lane]
        while queue:
            waiter = queue[0]
            if waiter.delivery.abandoned:
                queue.popleft()
                continue
            if any(cost.window in closed for cost in waiter.costs):
                return None  # whoever closed the window says when to come again
            try:
                answer = self._limiter.admit(waiter.costs, lane, now_ns)
            except LocalProtocolError as error:
                queue.popleft()
                error.exchange = self._exchange
                waiter.delivery.fail(error)
                continue
            if isinstance(answer, Wait):
                return answer
            queue.popleft()
            self._grant(waiter, answer)
        return None

    def _grant(self, waiter: _Waiter, granted: Admitted) -> None:
        if waiter.delivery.reply(Permit(granted.permit, granted.granted_time_ns)):
            self.admitted += 1
        else:
            self._limiter.refund(granted.permit)

    def _forget_abandoned(self, lane: Lane) -> None:
        waiting = (w for w in self._lanes[lane] if not w.delivery.abandoned)
        self._lanes[lane] = deque(waiting)


def rate_gate(
    *,
    exchange: str,
    windows: tuple[LimitWindow, ...],
    reserved: Mapping[Lane, float],
    clock: Clock,
    slack_ns: int = 0,
    start: Start = Start.FRESH,
    bounds: Mapping[Lane, int] = LANE_BOUNDS,
) -> Callable[[Context[Gate]], Awaitable[None]]:
    """The rate gate's `run`.

    Args:
        exchange: its name, for errors.
        windows: its limits, until `LimitsChanged` tells others.
        reserved: by lane, the part of every window that only more urgent lanes may use.
        clock: ours.
        slack_ns: by how much the way to the exchange may vary; see `limits.RateLimiter`.
        start: what the first incarnation believes of the past; give `AFTER_CRASH` where another
            gate of this account may have just ended. After a crash the worst is believed anyway.
        bounds: how many requests of each lane may wait.
    """
    memory = _Memory(windows, start)

    async def run(ctx: Context[Gate]) -> None:
        """Serve until asked to stop; whoever waits then fails with ActorStopped.

        Cancelled: nobody who waits is granted anything.
        """
        limiter = memory.limiter or RateLimiter(
            memory.windows,
            reserved,
            now_ns=clock.now_ns(),
            start=memory.start,
            clock_offset_ns=memory.clock_offset_ns,
            slack_ns=slack_ns,
        )
        memory.limiter = limiter
        queues = _Queues(exchange, limiter, bounds)

        def sort(delivery: Delivery) -> None:
            now_ns = clock.now_ns()
            if isinstance(delivery.message, Admit):
                queues.join(delivery, delivery.message, now_ns)
            else:
                _take_up(delivery.message, limiter, memory, now_ns)

        def detail() -> GateDetail:
            limits = limiter.state(clock.now_ns())
            return GateDetail(limits, queues.waiting(), queues.admitted, queues.refused)

        ctx.publish_from(detail)
        ctx.ready()
        at_once = partial(_at_once, queues, limiter, memory, clock)
        try:
            with ctx.at_the_door(at_once, refuses=(LocalProtocolError,)):
                while True:
                    now_ns = clock.now_ns()
                    next_ns = queues.admit(now_ns)
                    if next_ns is None:
                        sort(await ctx.receive())
                    else:
                        with anyio.move_on_after(_seconds_until(next_ns, now_ns)):
                            sort(await ctx.receive())
                    # The whole burst is sorted before anything is granted: the cancel behind it
                    # is first.
                    while (delivery := ctx.receive_nowait()) is not None:
                        sort(delivery)
        except anyio.EndOfStream:
            return  # asked to stop
        except Exception:
            # Nothing here waits but for messages, so only a fault can leave the books half written.
            memory.limiter, memory.start = None, Start.AFTER_CRASH
            raise

    return run


class _Memory:
    """What outlives an incarnation: what the exchange told of itself, and the books if right."""

    __slots__ = ("clock_offset_ns", "limiter", "start", "windows")

    def __init__(self, windows: tuple[LimitWindow, ...], start: Start) -> None:
        self.windows = windows
        self.clock_offset_ns = 0
        self.limiter: RateLimiter | None = None
        #: With what belief a limiter begins, where there is none to go on with.
        self.start = start


def _at_once(
    queues: _Queues, limiter: RateLimiter, memory: _Memory, clock: Clock, message: Any
) -> Permit | AtTheDoor | None:
    """A permit without waiting, if there is room; news. While anybody waits, neither."""
    if not queues.is_empty:
        return AtTheDoor.LATER
    now_ns = clock.now_ns()
    if isinstance(message, Admit):
        return queues.admit_at_once(message, now_ns) or AtTheDoor.LATER
    _take_up(message, limiter, memory, now_ns)
    return None


def _take_up(
    message: Refund | Arrived | Replied | Silence | LimitsChanged | ClockOffset,
    limiter: RateLimiter,
    memory: _Memory,
    now_ns: int,
) -> None:
    match message:
        case Refund(permit):
            limiter.refund(permit.number)
        case Arrived(permit):
            limiter.arrived(permit.number, now_ns)
        case Replied():
            _heed(message, limiter, now_ns)
        case Silence(until_ns):
            limiter.silence(until_ns)
        case LimitsChanged(told):
            limiter.replace(told, now_ns)
            names = {window.name for window in told}
            memory.windows = (*(w for w in memory.windows if w.name not in names), *told)
        case ClockOffset(offset_ns):
            limiter.set_clock_offset(offset_ns, now_ns)
            memory.clock_offset_ns = offset_ns
        case _:
            assert_never(message)


def _heed(reply: Replied, limiter: RateLimiter, now_ns: int) -> None:
    """Take up what a reply said."""
    if reply.permit is not None:
        limiter.arrived(reply.permit.number, now_ns)
    limiter.report(
        reply.reports,
        now_ns,
        permit=None if reply.permit is None else reply.permit.number,
        sent_time_ns=reply.sent_time_ns,
    )
    match reply.retry_after_ns:
        case None:
            pass
        case 0:
            limiter.refused(now_ns, sent_time_ns=reply.sent_time_ns)
        case wait_ns:
            limiter.silence(now_ns + wait_ns)


def _seconds_until(time_ns: int, now_ns: int) -> float:
    """How long to sleep; a nanosecond is added since a float may fall short of it."""
    return max(0, time_ns - now_ns + 1) / 1e9
