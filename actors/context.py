"""What an actor sees of its own life: its address, its mailbox, and the wish that it stop."""

from __future__ import annotations

import math
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import anyio
import anyio.lowlevel

from venuetree.actors.envelope import Delivery, Envelope, handling
from venuetree.actors.errors import LeakedCancellation, unwrap
from venuetree.actors.in_step import InStep
from venuetree.actors.incarnation import Deferred, Incarnation
from venuetree.actors.ref import Ref

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    # A handler matches on its own union of messages, which no signature here could name.
    Handler: TypeAlias = Callable[[Any], Awaitable[object]]

P = TypeVar("P")

# Messages taken in a row without yielding: draining a burst is an order of magnitude cheaper
# than a checkpoint a message, and the bound keeps it fair to the other tasks.
BURST_LIMIT = 64

# Tasks that wait, or wait to wait, for a message in `serve_each`: more than a lone command needs.
STANDBY = 3


class Context(Generic[P]):
    """One incarnation's view of itself. It is of no use after the incarnation's end."""

    __slots__ = ("_burst", "life", "ref")

    def __init__(self, life: Incarnation) -> None:
        self.life = life
        """The supervisor's side; not for actors."""
        self.ref: Ref[P] = Ref(life.mailbox)
        """The actor's own address."""
        self._burst = 0

    @property
    def name(self) -> str:
        """The child's name, unique beneath its supervisor."""
        return self.life.path[-1]

    @property
    def path(self) -> tuple[str, ...]:
        """The names from the root of the tree down to this child."""
        return self.life.path

    @property
    def incarnation(self) -> int:
        """Which life this is, counted from one over the life of the address."""
        return self.life.number

    @property
    def stopping(self) -> anyio.Event:
        """Set when the supervisor wishes this child to stop.

        Touching it opts in to the grace period: who never does is cancelled at once.
        """
        self.life.graceful = True
        return self.life.stopping

    def ready(self) -> None:
        """Say that the mailbox is served and the state is stable; the next child may start.

        It does not mean "connected": being disconnected is a state, not a failed start.
        """
        self.life.ready()

    def healthy(self) -> None:
        """Say that the work is being done; ready says so too, unless `unhealthy` came first.

        The count of failures, and with it the backoff, starts anew once a child has been healthy
        for its backoff's `reset_after`. Said again while healthy, it changes nothing.
        """
        self.life.healthy()

    def unhealthy(self) -> None:
        """Say that the work is not being done for now; the period of health begins anew."""
        self.life.unhealthy()

    def publish(self, detail: object) -> None:
        """Show a value in the supervisor's snapshot, in place of the one before.

        It should be frozen and small: it is handed out as it is.
        """
        self.life.publish(detail)

    def publish_from(self, make: Callable[[], object]) -> None:
        """Show, whenever somebody takes a snapshot, what `make` gives then.

        For figures that change with every message. `make` must be quick and must not raise; it
        is called after the incarnation's end too, until the next one shows something.
        """
        self.life.publish(Deferred(make))

    async def receive(self) -> Delivery:
        """Wait for the next message; those expired or abandoned are skipped.

        Raises anyio.EndOfStream when the child was asked to stop (which only one that touched
        `stopping` gets to see) and there is nothing left for this incarnation to take. Cancelled:
        no message was taken.
        """
        envelope = await self._next()
        if envelope is None:
            raise anyio.EndOfStream
        return Delivery(envelope)

    def receive_nowait(self) -> Delivery | None:
        """The next message if one is queued, else None; for draining bursts."""
        self._live()
        envelope = self.life.mailbox.take_nowait()
        return None if envelope is None else Delivery(envelope)

    async def deliveries(self) -> AsyncIterator[Delivery]:
        """Iterate over the messages until the child is asked to stop and all are taken.

        Opts in to the grace period.
        """
        self.life.graceful = True
        while (envelope := await self._next()) is not None:
            yield Delivery(envelope)

    @contextmanager
    def at_the_door(
        self, handler: Callable[[Any], object], *, refuses: tuple[type[Exception], ...] = ()
    ) -> Iterator[None]:
        """Answer asks by a synchronous `handler` in the asker's own step, inside this block.

        What is told without waiting (`Ref.tell_nowait`) comes to it as well, whose answer is
        for nobody. It saves two wake-ups an ask, for work that is quick. The handler is
        called only while nothing is queued, so that no message overtakes another; it may answer
        `AtTheDoor.LATER`, and the message is queued. An exception in `refuses` goes to the asker;
        any other is a crash of the actor, and the asker gets ActorCrashed.
        """
        life = self.life

        def answer(message: object) -> object:
            try:
                return handler(message)
            except refuses:
                raise
            except Exception as error:
                life.fail(error)
                raise life.mailbox.crashed(unwrap(error)) from error

        life.mailbox.at_the_door = answer
        try:
            yield
        finally:
            life.mailbox.at_the_door = None

    async def serve_at_the_door(
        self, handler: Callable[[Any], object], *, refuses: tuple[type[Exception], ...] = ()
    ) -> None:
        """Like `serve`, for a synchronous handler; asks are answered at the door where possible."""

        async def handle(message: object) -> object:
            return handler(message)

        with self.at_the_door(handler, refuses=refuses):
            await self.serve(handle, refuses=refuses)

    async def serve_each(self, take: Callable[[Delivery], Awaitable[object]]) -> None:
        """Have every message in hand at once, however many: `take` settles its delivery.

        One task at a time waits for a message; it hands the waiting on before it begins, so that
        messages are begun in the order in which they came. Tasks stand by, so that none has to be
        spawned for a message that comes alone. Call `ready` yourself. Returns when the child is
        asked to stop and all that was taken is done; cancelled, what is in hand fails.
        """
        turn = anyio.Lock(fast_acquire=True)
        idle = 0

        async def pump() -> None:
            nonlocal idle
            while idle < STANDBY:
                idle += 1
                try:
                    async with turn:
                        delivery = await self.receive()
                except anyio.EndOfStream:
                    return
                finally:
                    idle -= 1
                if not idle:
                    pumps.start_soon(pump)
                await take(delivery)

        async with anyio.create_task_group() as pumps:
            pumps.start_soon(pump)

    async def serve_in_step(self, take: Callable[[Delivery], Awaitable[object]]) -> None:
        """Like `serve_each`; an ask that finds nothing queued is worked on in its asker's own task.

        That saves the two changes of task that a queued ask costs. For its asker an ask is what
        it was, but for one thing: if it is cancelled, or its deadline passes, the work on it is
        cancelled too, instead of going on for nobody. An answer that something else gives while
        `take` still runs is had when `take` ends. An exception that `take` lets out is a crash.
        """
        work = InStep(self.life, take)
        self.life.mailbox.in_step = work
        try:
            await self.serve_each(take)
            await work.finished()
        except BaseException:
            work.cancel()
            raise
        finally:
            self.life.mailbox.in_step = None
            with anyio.CancelScope(shield=True):
                # None is left, or they are cancelled: no incarnation begins before the end of the
                # one before it.
                await work.finished()

    async def serve(
        self,
        handler: Handler,
        *,
        refuses: tuple[type[Exception], ...] = (),
        concurrency: int = 1,
    ) -> None:
        """Handle messages until the child is asked to stop, then finish those accepted.

        What `handler` returns is the reply. An exception in `refuses` is one too: the asker
        raises it, and the actor lives on (a refused tell becomes a dead letter); any other is a
        crash. With `concurrency` above one, that many are in hand at once, in no fixed order.
        Says ready, and opts in to the grace period. Cancelled: the messages in hand fail with
        ActorStopped, those queued stay.
        """
        if concurrency < 1:
            msg = f"concurrency must be at least 1, not {concurrency}"
            raise ValueError(msg)
        self.life.graceful = True
        self.ready()
        if concurrency == 1:
            await self._pump(handler, refuses, sequential=True)
            return
        async with anyio.create_task_group() as pumps:
            for _ in range(concurrency):
                pumps.start_soon(partial(self._pump, handler, refuses, sequential=False))

    async def _pump(
        self,
        handler: Handler,
        refuses: tuple[type[Exception], ...],
        *,
        sequential: bool,
    ) -> None:
        while (envelope := await self._next()) is not None:
            envelope.sequential = sequential
            await _handle(handler, refuses, envelope)

    async def _next(self) -> Envelope | None:
        """The next message, or None when the child is to stop and needs to take no more."""
        self._live()
        mailbox, stopping = self.life.mailbox, self.life.stopping
        while True:
            if self.life.failure is not None:
                raise self.life.failure
            # A mailbox that stays open at a stop has a next incarnation: leave it the rest.
            if stopping.is_set() and not mailbox.sealed:
                return None
            self._burst += 1
            if self._burst > BURST_LIMIT:
                self._burst = 0
                await anyio.lowlevel.checkpoint()
            if mailbox.untaken and (envelope := mailbox.take_nowait()) is not None:
                return envelope
            if stopping.is_set():
                return None
            self._burst = 0
            if (envelope := await mailbox.take()) is not None:
                return envelope

    def _live(self) -> None:
        if self.life.over.is_set():
            msg = f"incarnation {self.incarnation} of {self.life.mailbox.name} has ended"
            raise RuntimeError(msg)


async def _handle(
    handler: Handler, refuses: tuple[type[Exception], ...], envelope: Envelope
) -> None:
    token = handling.set(envelope)
    try:
        value = await handler(envelope.message)
    except refuses as refusal:
        envelope.settle(None, refusal)
        if not envelope.is_asked:
            envelope.mailbox.refused(envelope)
    except anyio.get_cancelled_exc_class() as error:
        # A library that cancels a future behind our back ends a task group in silence, this
        # pump's too (P2): only a cancellation that some scope really asked for may pass.
        if anyio.current_effective_deadline() == -math.inf:
            raise
        leaked = LeakedCancellation("a cancellation that nobody asked for escaped from the actor")
        envelope.settle(None, envelope.mailbox.crashed(leaked))
        raise leaked from error
    except Exception as error:
        # Told now, not when the incarnation has cleaned up, which may take longer than the asker.
        envelope.settle(None, envelope.mailbox.crashed(unwrap(error)))
        raise
    else:
        envelope.settle(value, None)
    finally:
        handling.reset(token)
