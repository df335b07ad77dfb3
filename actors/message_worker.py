"""Requests over a stream of messages instead of HTTP, where an exchange offers that for some.

One connection is kept open, so that an order costs one message each way. A request is sent as soon
as it is signed, and replies find theirs by number, in whatever order they come. The connection's
end is a crash, as a stream reader's is: what was sent without a reply fails as crashed in its
asker's hands, who makes an unknown outcome of it, and the next incarnation opens a new one.

Whether the connection stands is for the REST worker to see before it asks (`Doorway.is_open`):
while it does not, requests go by HTTP. Only what was queued in the very moment of a loss waits for
the next connection, and no longer than its asker does.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import anyio
import anyio.lowlevel
from attrs import define, frozen

from venuetree.actors.auth import AuthProtocol, SignStream
from venuetree.actors.clock import Clock
from venuetree.actors.context import Context
from venuetree.actors.envelope import Delivery
from venuetree.actors.errors import ActorError
from venuetree.actors.ref import Ref
from venuetree.actors.streams import Stream
from venuetree.protocol.errors import EngineError, TransportError
from venuetree.protocol.messages import Request
from venuetree.protocol.port import Connect, MessageDoor, MessageReply, RestReply, RestRequest

__all__ = ["Carry", "DoorDetail", "Doorway", "MessageWorker", "Messages"]

SIGN_TIMEOUT = 5.0
#: How long a connection that is to be replaced waits for replies, in seconds.
RETIRING = 30.0
#: Requests without a reply that are remembered, whether their askers still wait or not.
KEPT_AT_MOST = 1000


class Messages:
    """The protocol that message workers speak."""


@frozen
class Carry(Request[Messages, RestReply]):
    """Send a request as a message, and wait for its reply.

    `TransportError` if nothing was sent.
    """

    request: RestRequest


@define
class Doorway:
    """Whether a message worker's connection stands; owned by the tree, read by the REST worker."""

    is_open: bool = False


@frozen
class DoorDetail:
    """What the snapshot shows of a message worker."""

    is_connected: bool
    in_flight: int
    sent: int


class LineLost(TransportError):
    """The connection for messages was given up or broke; it is opened again with backoff."""

    remedy = "The engine reconnects by itself; requests go by HTTP until then"


@frozen
class MessageWorker:
    """The worker's `run`.

    Attributes:
        door: the exchange's messages.
        doorway: told whether the connection stands.
        open_stream: dials.
        lives_s: a connection is replaced after so long, in a moment without a request under way.
    """

    exchange: str
    door: MessageDoor
    doorway: Doorway
    open_stream: Callable[[Connect], AbstractAsyncContextManager[Stream]]
    auth: Ref[AuthProtocol]
    clock: Clock
    lives_s: float

    async def __call__(self, ctx: Context[Messages]) -> None:
        """Connect and serve until the connection is lost; cancelled, it is closed."""
        line = _Line(self, ctx)
        ctx.publish_from(line.detail)
        ctx.unhealthy()
        ctx.ready()
        # Its supervisor sees that it is ready before a refused connection ends it again: those
        # that start after it wait for that.
        await anyio.lowlevel.checkpoint()
        await line.run()


class _Line:
    """One connection."""

    def __init__(self, worker: MessageWorker, ctx: Context[Messages]) -> None:
        self.worker = worker
        self.ctx = ctx
        self.waiting: dict[int, tuple[Delivery, int]] = {}
        self.number = 0
        self.is_connected = False
        self.answered = anyio.Event()

    async def run(self) -> None:
        """Open, serve until lost."""
        worker = self.worker
        async with worker.open_stream(worker.door.connect()) as stream:
            self.is_connected = worker.doorway.is_open = True
            self.ctx.healthy()
            try:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._read, stream)
                    tasks.start_soon(self._retire)
                    await self._serve(stream)
            finally:
                self.is_connected = worker.doorway.is_open = False

    async def _serve(self, stream: Stream) -> None:
        while True:
            delivery = await self.ctx.receive()
            self.number += 1
            text = None if delivery.abandoned else await self._signed(delivery, self.number)
            if text is None or delivery.abandoned:
                continue  # its asker gave up before anything was sent, or has been told why not
            self.waiting[self.number] = (delivery, self.worker.clock.now_ns())
            # Part of it may have left when this fails: the error ends the connection, and its
            # asker, like all whose replies are missing, learns that the work had begun.
            await stream.send(text)

    async def _signed(self, delivery: Delivery, number: int) -> str | None:
        """The text of a request's message; None if it could not be signed, which is told."""
        worker, request = self.worker, delivery.message.request
        try:
            message = worker.door.message(request, number)
            return await worker.auth.ask(SignStream(message), timeout=SIGN_TIMEOUT)
        except ActorError as error:
            delivery.fail(
                TransportError(
                    f"the auth actor did not answer: nothing was sent ({error})",
                    exchange=worker.exchange,
                    operation=request.operation,
                )
            )
        except EngineError as error:
            delivery.fail(error)
        return None

    async def _read(self, stream: Stream) -> None:
        door = self.worker.door
        while True:
            for frame in await stream.receive_many():
                reply = door.reply(frame)
                if isinstance(reply, MessageReply):
                    self._take(reply)
                elif reply is not None:
                    raise self._lost(reply)

    def _take(self, reply: MessageReply) -> None:
        delivery, sent_ns = self.waiting.pop(reply.number, (None, 0))
        if delivery is None:
            return
        now_ns = self.worker.clock.now_ns()
        delivery.reply(RestReply(reply.status, reply.headers, reply.body, sent_ns, now_ns))
        self.answered.set()
        if len(self.waiting) > KEPT_AT_MOST:
            # Late replies to askers that gave up may never come.
            kept = self.waiting.items()
            self.waiting = {number: entry for number, entry in kept if not entry[0].abandoned}

    async def _retire(self) -> None:
        """End the connection before the exchange does, when nothing is under way any more."""
        await anyio.sleep(self.worker.lives_s)
        self.worker.doorway.is_open = False
        with anyio.move_on_after(RETIRING):
            while any(not delivery.abandoned for delivery, _ in self.waiting.values()):
                self.answered = anyio.Event()
                await self.answered.wait()
        raise self._lost("the connection has lived for as long as it may")

    def _lost(self, reason: str) -> LineLost:
        return LineLost(reason, exchange=self.worker.exchange, operation="messages")

    def detail(self) -> DoorDetail:
        """For the snapshot."""
        return DoorDetail(self.is_connected, len(self.waiting), self.number)
