"""What a script does to requests and their answers, the same at every exchange."""

from collections.abc import Callable

import attrs

from venuetree.scenarios.faults import (
    DelayRequest,
    LoseReply,
    LoseRequest,
    Loss,
    Respond,
    SlowReply,
    TruncateBody,
)
from venuetree.scenarios.simulated.fault_plan import FaultPlan, matches
from venuetree.scenarios.simulated.numbers import NANOSECONDS
from venuetree.scenarios.simulated.wire import Answer, Delivery, Request, Response

__all__ = ["RequestFaults", "line_of"]

_NOTHING = Response(status=0)
_DELIVERIES = {
    Loss.CLOSED: Delivery.CLOSED,
    Loss.RESET: Delivery.RESET,
    Loss.HANGING: Delivery.HANGING,
}


def line_of(request: Request) -> str:
    """What a fault's pattern is held against."""
    return f"{request.method} {request.path}"


@attrs.define(eq=False)
class RequestFaults:
    """The faults of one exchange's requests, and the requests that are under way.

    `scripted` makes the response that a `Respond` fault describes, in the
    exchange's own words.
    """

    faults: FaultPlan
    clock_ns: Callable[[], int]
    """The true time."""
    scripted: Callable[[Respond], Response]
    _under_way: list[tuple[int, Request]] = attrs.field(factory=list, init=False)

    def before(self, request: Request) -> Answer | None:
        """The answer of a request that is not served, or not yet; None if nothing is the matter."""
        line = line_of(request)
        lost = self.faults.take(LoseRequest, line, lambda f: matches(f.to, line))
        if lost is not None:
            return Answer(_NOTHING, _DELIVERIES[lost.how])
        late = self.faults.take(DelayRequest, line, lambda f: matches(f.to, line))
        if late is not None:
            due_ns = self.clock_ns() + int(late.delay_s * NANOSECONDS)
            self._under_way.append((due_ns, request))
            return Answer(_NOTHING, _DELIVERIES[late.how])
        instead = self.faults.take(Respond, line, lambda f: not f.applied and matches(f.to, line))
        return None if instead is None else Answer(self.scripted(instead))

    def after(self, answer: Answer, line: str) -> Answer:
        """The answer as it reaches the client, what was asked being done."""
        lost = self.faults.take(LoseReply, line, lambda f: matches(f.to, line))
        if lost is not None:
            return attrs.evolve(answer, delivery=_DELIVERIES[lost.how])
        instead = self.faults.take(Respond, line, lambda f: f.applied and matches(f.to, line))
        if instead is not None:
            answer = attrs.evolve(answer, response=self.scripted(instead))
        cut = self.faults.take(TruncateBody, line, lambda f: matches(f.to, line))
        if cut is not None and cut.how is None:
            half = answer.response.body[: len(answer.response.body) // 2]
            answer = attrs.evolve(answer, response=attrs.evolve(answer.response, body=half))
        elif cut is not None:
            answer = attrs.evolve(answer, delivery=Delivery.TRUNCATED)
        slow = self.faults.take(SlowReply, line, lambda f: matches(f.to, line))
        if slow is not None:
            answer = attrs.evolve(answer, delay_ns=int(slow.delay_s * NANOSECONDS))
        return answer

    def arrived(self) -> list[Request]:
        """The delayed requests whose time has come; nobody waits for their answers."""
        now_ns = self.clock_ns()
        arrived = [request for due_ns, request in self._under_way if due_ns <= now_ns]
        self._under_way = [late for late in self._under_way if late[0] > now_ns]
        return arrived
