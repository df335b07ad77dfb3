"""One stream, from the moment it is dialled to the moment it is lost.

The reader connects a transport to a session: frames go in, what the session says goes straight to
the hub, and what the session wants done is done. All protocol is in the session. Losing the
connection, for whatever reason, is a crash: the supervisor restarts the reader with backoff, and
a new incarnation begins with a new session. Before it ends, everything that depended on the
stream has been called stale.

Three tasks share the session, on one thread and with no await between reading and changing it:
`_read` (frames), `_work` (deadlines and whatever waits to be sent) and `_listen` (the mailbox).
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, assert_never

import anyio
from attrs import frozen

from venuetree.actors.auth import AuthProtocol, SignStream
from venuetree.actors.clock import Clock
from venuetree.actors.context import Context
from venuetree.actors.errors import ActorError
from venuetree.actors.ref import Ref
from venuetree.actors.streams import Stream
from venuetree.protocol.commands import Rest
from venuetree.protocol.errors import EngineError, TransportError
from venuetree.protocol.events import StreamConnected, StreamDisconnected
from venuetree.protocol.messages import Message, Request
from venuetree.protocol.port import (
    Call,
    Close,
    Connect,
    Send,
    SendSigned,
    SessionEvent,
    StreamSession,
    Subscription,
)

__all__ = ["Reader", "StreamDetail", "StreamLost", "SubscriptionsChanged"]

#: How long a session's question may take; it is asked again after a restart.
CALL_TIMEOUT = 30.0
SIGN_TIMEOUT = 5.0


class Reader:
    """The protocol that stream readers speak."""


@frozen
class SubscriptionsChanged(Message[Reader]):
    """Ask the hub again what this stream should carry."""


class StreamLost(TransportError):
    """The stream was given up or broke; it is opened again with backoff."""

    remedy = "The engine reconnects by itself; what was subscribed is told to be stale until then"


@frozen
class StreamDetail:
    """What the snapshot shows of a stream."""

    is_connected: bool
    is_healthy: bool
    #: When the last frame came, by our clock; None before the first.
    last_frame_time_ns: int | None
    frames: int
    subscriptions: int


@frozen
class StreamReader:
    """A reader's `run`: everything it needs comes in here.

    Attributes:
        stream: its name, as events and logs show it.
        new_session: a session for one connection.
        open_stream: dials what the session says to.
        wanted: what the stream should carry now.
        publish: takes the events.
    """

    exchange: str
    stream: str
    new_session: Callable[[], StreamSession]
    open_stream: Callable[[Connect], AbstractAsyncContextManager[Stream]]
    wanted: Callable[[], frozenset[Subscription]]
    publish: Callable[[Sequence[SessionEvent]], None]
    auth: Ref[AuthProtocol]
    rest: Ref[Rest]
    clock: Clock

    async def __call__(self, ctx: Context[Reader]) -> None:
        """Connect and read until the stream is lost; cancelled, the stream is closed."""
        # Disconnected is a state like any other: the tree does not wait for the exchange.
        connection = _Connection(self, ctx)
        ctx.publish_from(connection.detail)
        ctx.unhealthy()
        ctx.ready()
        await connection.run()


class _Connection:
    """One connection's life."""

    def __init__(self, reader: StreamReader, ctx: Context[Reader]) -> None:
        self.reader = reader
        self.ctx = ctx
        self.session = reader.new_session()
        self.wake = anyio.Event()
        #: When `_work` looks again by itself; None while it does not sleep for a time.
        self.sleeps_until_ns: int | None = None
        self.frames = 0
        self.last_frame_ns: int | None = None
        self.is_connected = False
        self.is_healthy = False

    async def run(self) -> None:
        """Open, read until lost, and tell that it is lost before anything else is tried."""
        session = self.session
        while (command := session.before()) is not None:
            session.answered(command, await self._answer(command), self.reader.clock.now_ns())
        async with self.reader.open_stream(self.session.connect()) as stream:
            reason = "stopped"
            try:
                self._opened()
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._listen)
                    tasks.start_soon(self._work, stream, tasks)
                    await self._read(stream)
            except Exception as error:
                reason = _reason(error)
                raise
            finally:
                self._lost(reason)

    def _opened(self) -> None:
        reader, session = self.reader, self.session
        now_ns = reader.clock.now_ns()
        self.is_connected = True
        session.opened(now_ns)
        session.want(reader.wanted(), now_ns)
        reader.publish((StreamConnected(reader.exchange, reader.stream, now_ns),))
        self.judge()

    def _lost(self, reason: str) -> None:
        reader = self.reader
        now_ns = reader.clock.now_ns()
        self.is_connected = False
        reader.publish(tuple(self.session.closed(reason, now_ns)))
        reader.publish((StreamDisconnected(reader.exchange, reader.stream, reason, now_ns),))
        self.judge()

    async def _read(self, stream: Stream) -> None:
        receive, publish = self.session.receive, self.reader.publish
        now_ns = self.reader.clock.now_ns
        while True:
            frames = await stream.receive_many()
            received_time_ns = now_ns()
            self.frames += len(frames)
            self.last_frame_ns = received_time_ns
            for frame in frames:
                events = receive(frame, received_time_ns)
                if events:
                    publish(events)
            if self.session.has_work or self._is_due_earlier():
                self.wake.set()
            if self.session.is_healthy is not self.is_healthy:
                self.judge()

    def _is_due_earlier(self) -> bool:
        """Whether the session wants to be looked at before `_work` would do so by itself."""
        due_ns, sleeps_until_ns = self.session.deadline_ns, self.sleeps_until_ns
        return due_ns is not None and (sleeps_until_ns is None or due_ns < sleeps_until_ns)

    async def _work(self, stream: Stream, tasks: anyio.abc.TaskGroup) -> None:
        clock, session = self.reader.clock, self.session
        while True:
            self.wake = anyio.Event()
            step = session.step(clock.now_ns())
            if step.events:
                self.reader.publish(step.events)
            for action in step.actions:
                match action:
                    case Send(text):
                        await stream.send(text)
                    case SendSigned(message):
                        await stream.send(
                            await self.reader.auth.ask(SignStream(message), timeout=SIGN_TIMEOUT)
                        )
                    case Call():
                        tasks.start_soon(self._call, action)
                    case Close(reason):
                        raise StreamLost(
                            reason, exchange=self.reader.exchange, operation=self.reader.stream
                        )
                    case _:
                        assert_never(action)
            self.judge()
            if session.has_work:
                continue
            deadline_ns = self.sleeps_until_ns = session.deadline_ns
            if deadline_ns is None:
                await self.wake.wait()
                continue
            with anyio.move_on_after(max(0, deadline_ns - clock.now_ns()) / 1e9):
                await self.wake.wait()

    async def _answer(self, command: Request[Rest, Any]) -> object | EngineError:
        try:
            answer: object = await self.reader.rest.ask(command, timeout=CALL_TIMEOUT)
        except EngineError as error:
            return error
        except ActorError as error:
            return TransportError(
                f"the REST worker did not answer: {error}",
                exchange=self.reader.exchange,
                operation=self.reader.stream,
            )
        return answer

    async def _call(self, call: Call) -> None:
        answer = await self._answer(call.command)
        events = self.session.answered(call.command, answer, self.reader.clock.now_ns())
        if events:
            self.reader.publish(events)
        self.wake.set()

    async def _listen(self) -> None:
        while True:
            delivery = await self.ctx.receive()
            delivery.reply(None)
            self.session.want(self.reader.wanted(), self.reader.clock.now_ns())
            self.wake.set()

    def judge(self) -> None:
        """Tell the supervisor whether the stream does its work: backoff is reset by that alone."""
        self.is_healthy = self.is_connected and self.session.is_healthy
        if self.is_healthy:
            self.ctx.healthy()
        else:
            self.ctx.unhealthy()

    def detail(self) -> StreamDetail:
        """For the snapshot."""
        return StreamDetail(
            is_connected=self.is_connected,
            is_healthy=self.is_healthy,
            last_frame_time_ns=self.last_frame_ns,
            frames=self.frames,
            subscriptions=len(self.reader.wanted()),
        )


def _reason(error: BaseException) -> str:
    """One line that says why a stream was lost."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    if isinstance(error, EngineError):
        return error.message
    return f"{type(error).__name__}: {error}"
