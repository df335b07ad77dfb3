"""One stream, from the moment it is dialled to the moment it is lost.

The reader connects a transport to a session: frames go in, what the session says goes straight to
the hub, and what the session wants done is done. All protocol is in the session. Losing the
connection, for whatever reason, is a crash: the supervisor restarts the reader with backoff, and
a new incarnation begins with a new session. Before it ends, everything that depended on the
stream has been called stale.

Three tasks share a session, on one thread and with no await between reading and changing it:
`_read` (frames), `_work` (deadlines and whatever waits to be sent) and the mailbox's.

A connection that is about to end in the ordinary course asks to be replaced. Then another is
opened beside it, which nobody hears until it delivers all that is wanted; at that moment it takes
over, and subscribers see no interruption. Whatever goes wrong with it leaves the first as it was.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, assert_never

import anyio
import anyio.lowlevel
from attrs import evolve, frozen

from venuetree.actors.auth import AuthProtocol, Sign, SignStream
from venuetree.actors.clock import Clock
from venuetree.actors.context import Context
from venuetree.actors.errors import ActorError
from venuetree.actors.ref import Ref
from venuetree.actors.streams import Stream
from venuetree.protocol.commands import Rest
from venuetree.protocol.errors import EngineError, TransportError
from venuetree.protocol.events import StreamConnected, StreamDisconnected, StreamErrorReported
from venuetree.protocol.messages import Message, Request
from venuetree.protocol.port import (
    Action,
    Auth,
    Call,
    Close,
    Connect,
    Replace,
    RestRequest,
    Send,
    SendSigned,
    SessionEvent,
    StreamSession,
    Subscription,
)

__all__ = ["EntriesTold", "Reader", "StreamDetail", "StreamLost", "SubscriptionsChanged"]

#: How long a session's question may take; it is asked again after a restart.
CALL_TIMEOUT = 30.0
SIGN_TIMEOUT = 5.0
#: Events that a connection may say before it takes another's place; then it is given up.
HELD_AT_MOST = 100_000


class Reader:
    """The protocol that stream readers speak."""


@frozen
class SubscriptionsChanged(Message[Reader]):
    """Ask the hub again what this stream should carry."""


@frozen
class EntriesTold(Message[Reader]):
    """Replies to our own requests held what this stream tells too."""

    entries: tuple[bytes, ...]
    #: Our clock, when they came.
    received_time_ns: int


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
        host: of the exchange's questions: what a signature may have to name.
        new_session: a session for one connection.
        open_stream: dials what the session says to.
        wanted: what the stream should carry now.
        publish: takes the events.
    """

    exchange: str
    stream: str
    host: str
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
        relay = _Relay(self, ctx)
        ctx.publish_from(relay.detail)
        ctx.unhealthy()
        ctx.ready()
        # Its supervisor sees that it is ready before a refused connection ends it again: those
        # that start after it wait for that.
        await anyio.lowlevel.checkpoint()
        await relay.run()


class _Relay:
    """The connection that speaks, and now and then another that is to take its place."""

    def __init__(self, reader: StreamReader, ctx: Context[Reader]) -> None:
        self.reader = reader
        self.ctx = ctx
        self.current = _Connection(reader, self)
        self.current.is_heard = True
        self.successor: _Connection | None = None
        self._tasks: anyio.abc.TaskGroup | None = None

    async def run(self) -> None:
        """Run connections until the one that speaks is lost."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            tasks.start_soon(self._listen)
            tasks.start_soon(self._run, self.current)

    async def _run(self, connection: "_Connection") -> None:
        try:
            with connection.scope:
                await connection.run()
        except Exception as error:
            if connection is self.current:
                raise
            if connection is self.successor:
                # The one that speaks goes on, and asks for another again.
                self.successor = None
                reader, why = self.reader, _reason(error)
                message = f"{reader.stream} could not be replaced: {why}"
                now_ns = reader.clock.now_ns()
                reader.publish((StreamErrorReported(reader.exchange, message, why, None, now_ns),))

    def replace(self) -> None:
        """Open a successor, if none is being opened already."""
        if self.successor is None and self._tasks is not None:
            self.successor = _Connection(self.reader, self)
            self._tasks.start_soon(self._run, self.successor)

    def judged(self, connection: "_Connection") -> None:
        """A connection has judged itself."""
        if connection is self.current:
            # Backoff is reset by health alone.
            if connection.is_healthy:
                self.ctx.healthy()
            else:
                self.ctx.unhealthy()
        elif connection is self.successor and connection.is_healthy:
            self._hand_over(connection)

    def _hand_over(self, successor: "_Connection") -> None:
        """From now on the successor speaks; nothing is told twice, and nothing left out."""
        before, self.current, self.successor = self.current, successor, None
        before.is_heard = False
        held, successor.held = successor.held, []
        successor.is_heard = True
        now_ns = self.reader.clock.now_ns()
        events = successor.session.take_over(before.session, held, now_ns)
        if events:
            self.reader.publish(events)
        before.scope.cancel()
        self.judged(successor)

    async def _listen(self) -> None:
        while True:
            delivery = await self.ctx.receive()
            delivery.reply(None)
            message = delivery.message
            for connection in (self.current, self.successor):
                if connection is None or not connection.is_connected:
                    continue
                if isinstance(message, EntriesTold):
                    connection.hear(message)
                else:
                    connection.want()

    def detail(self) -> StreamDetail:
        """For the snapshot: of the connection that speaks."""
        return self.current.detail()


class _Connection:
    """One connection's life.

    Attributes:
        is_heard: whether what it says goes to the subscribers; until then it is kept in `held`.
    """

    def __init__(self, reader: StreamReader, relay: _Relay) -> None:
        self.reader = reader
        self.relay = relay
        self.session = reader.new_session()
        self.scope = anyio.CancelScope()
        self.wake = anyio.Event()
        #: When `_work` looks again by itself; None while it does not sleep for a time.
        self.sleeps_until_ns: int | None = None
        self.frames = 0
        self.opened_ns = 0
        self.last_frame_ns: int | None = None
        self.is_connected = False
        self.is_healthy = False
        self.is_heard = False
        self.held: list[SessionEvent] = []

    async def run(self) -> None:
        """Open, read until lost, and tell that it is lost before anything else is tried."""
        session = self.session
        while (command := session.before()) is not None:
            session.answered(command, await self._answer(command), self.reader.clock.now_ns())
        connect = await self._signed(session.connect(self.reader.wanted()))
        async with self.reader.open_stream(connect) as stream:
            reason = "stopped"
            try:
                self._opened()
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._work, stream, tasks)
                    await self._read(stream)
            except Exception as error:
                reason = _reason(error)
                raise
            finally:
                self._lost(reason)

    def publish(self, events: Sequence[SessionEvent]) -> None:
        """Tell the subscribers, or keep it for when this connection speaks."""
        if self.is_heard:
            self.reader.publish(events)
            return
        self.held.extend(events)
        if len(self.held) > HELD_AT_MOST:
            raise StreamLost(
                f"more than {HELD_AT_MOST} events waited for it to take another's place",
                exchange=self.reader.exchange,
                operation=self.reader.stream,
            )

    def _opened(self) -> None:
        reader, session = self.reader, self.session
        now_ns = self.opened_ns = reader.clock.now_ns()
        self.is_connected = True
        session.opened(now_ns)
        session.want(reader.wanted(), now_ns)
        if self.is_heard:
            self.publish((StreamConnected(reader.exchange, reader.stream, now_ns),))
        self.judge()

    def _lost(self, reason: str) -> None:
        reader = self.reader
        now_ns = self._now_or_last_ns()
        self.is_connected = False
        last_words = tuple(self.session.closed(reason, now_ns))
        if self.is_heard:
            self.publish(last_words)
            self.publish((StreamDisconnected(reader.exchange, reader.stream, reason, now_ns),))
        self.judge()

    def _now_or_last_ns(self) -> int:
        """The time; the last one that the clock gave if it is the clock that has failed.

        What depended on the stream must be called stale, whatever has ended it.
        """
        try:
            return self.reader.clock.now_ns()
        except Exception:  # noqa: BLE001 - the stream is ending, and the next one will meet it too
            return self.last_frame_ns or self.opened_ns

    async def _read(self, stream: Stream) -> None:
        receive, publish = self.session.receive, self.publish
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
                self.publish(step.events)
            for action in step.actions:
                await self._do(action, stream, tasks)
            self.judge()
            if session.has_work:
                continue
            deadline_ns = self.sleeps_until_ns = session.deadline_ns
            if deadline_ns is None:
                await self.wake.wait()
                continue
            with anyio.move_on_after(max(0, deadline_ns - clock.now_ns()) / 1e9):
                await self.wake.wait()

    async def _do(self, action: Action, stream: Stream, tasks: anyio.abc.TaskGroup) -> None:
        match action:
            case Send(text):
                await stream.send(text)
            case SendSigned(message):
                await stream.send(
                    await self.reader.auth.ask(SignStream(message), timeout=SIGN_TIMEOUT)
                )
            case Call():
                tasks.start_soon(self._call, action)
            case Replace():
                if self is self.relay.current:
                    self.relay.replace()
            case Close(reason):
                raise StreamLost(
                    reason, exchange=self.reader.exchange, operation=self.reader.stream
                )
            case _:
                assert_never(action)

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
            self.publish(events)
        self.wake.set()

    async def _signed(self, connect: Connect) -> Connect:
        """The request that opens the stream, with what proves that it is ours."""
        if connect.auth is Auth.NONE:
            return connect
        path, _, query = connect.path.partition("?")
        reader = self.reader
        request = RestRequest(
            operation=reader.stream,
            method="GET",
            path=path,
            query=query,
            headers=connect.headers,
            auth=connect.auth,
        )
        signed = await reader.auth.ask(Sign(request, reader.host), timeout=SIGN_TIMEOUT)
        path = f"{signed.path}?{signed.query}" if signed.query else signed.path
        return evolve(connect, path=path, headers=signed.headers)

    def hear(self, message: EntriesTold) -> None:
        """Replies told what the stream tells too."""
        events = self.session.told(message.entries, message.received_time_ns)
        if events:
            self.publish(events)
        self.wake.set()

    def want(self) -> None:
        """What the stream should carry has changed."""
        self.session.want(self.reader.wanted(), self.reader.clock.now_ns())
        self.wake.set()

    def judge(self) -> None:
        """See whether the stream does its work, and let the relay know."""
        self.is_healthy = self.is_connected and self.session.is_healthy
        self.relay.judged(self)

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
