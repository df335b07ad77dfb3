"""A supervised rate gate, in virtual time, that is asked by its tests.

Checks stand outside the tree: an assertion inside a supervised actor would be taken for a crash.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import anyio
from attrs import define, field

from venuetree.actors import ActorCrashed, AskTimeout, MailboxSpec, Overflow, Ref
from venuetree.actors.clock import LoopClock
from venuetree.actors.gate_messages import Admit, Arrived, Gate, Permit
from venuetree.actors.rate_gate import LANE_BOUNDS, GateDetail, rate_gate
from venuetree.protocol.errors import EngineError
from venuetree.protocol.limit_answers import Start
from venuetree.protocol.port import Cost, Lane, LimitWindow, WindowKind
from venuetree.protocol.timestamps import SECOND
from venuetree.supervisors import Backoff, ChildSpec, Supervisor, running

__all__ = ["BASE", "WINDOW", "Running", "gate"]

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
