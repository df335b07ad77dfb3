"""One connection of a stream, from the moment it is dialled to the moment it is lost.

It connects a transport to a session: frames go in, what the session says goes on to whom it
concerns, and what the session wants done is done. All protocol is in the session.

Three tasks share a session, on one thread and with no await between reading and changing it:
`_read` (frames), `_work` (deadlines and whatever waits to be sent) and its reader's mailbox.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, assert_never

import anyio
from attrs import evolve, frozen

from venuetree.actors.auth import AuthProtocol, Sign, SignStream
from venuetree.actors.clock import Clock
from venuetree.actors.errors import ActorError
from venuetree.actors.ref import Ref
from venuetree.actors.stream_messages import EntriesTold
from venuetree.actors.streams import Stream
from venuetree.protocol.commands import Ahead, Rest
from venuetree.protocol.errors import EngineError, TransportError
from venuetree.protocol.events import StreamConnected, StreamDisconnected
from venuetree.protocol.messages import Request
from venuetree.protocol.port import (
    Action,
    Auth,
    Call,
    Close,
    Connect,
    Lane,
    Replace,
    RestRequest,
    Send,
    SendSigned,
    SessionEvent,
    StreamSession,
    Subscription,
)

__all__ = ["Relay", "StreamConnection", "StreamDetail", "StreamLost", "StreamSetup", "reason_of"]

#: How long a session's question may take; it is asked again after a restart.
CALL_TIMEOUT = 30.0
SIGN_TIMEOUT = 5.0
#: Events that a connection may say before it takes another's place; then it is given up.
HELD_AT_MOST = 100_000


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
class StreamSetup:
    """Everything that one stream needs.

    Attributes:
        stream: its name, as events and logs show it.
        host: of the exchange's questions: what a signature may have to name.
        new_session: a session for one connection.
        open_stream: dials what the session says to.
        wanted: what the stream should carry now.
        publish: takes the events.
        lane: how urgent the session's own questions are.
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
    lane: Lane
    clock: Clock


class Relay(Protocol):
    """Whose connection it is."""

    def judged(self, connection: "StreamConnection") -> None:
        """A connection has judged itself."""
        ...

    def replace(self, connection: "StreamConnection") -> None:
        """A connection asks for a successor."""
        ...


class StreamConnection:
    """One connection's life.

    Attributes:
        is_heard: whether what it says goes to the subscribers; until then it is kept in `held`.
    """

    def __init__(self, setup: StreamSetup, relay: Relay) -> None:
        self.setup = setup
        self.relay = relay
        self.session = setup.new_session()
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
            session.answered(command, await self._answer(command), self.setup.clock.now_ns())
        connect = await self._signed(session.connect(self.setup.wanted()))
        async with self.setup.open_stream(connect) as stream:
            reason = "stopped"
            try:
                self._opened()
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._work, stream, tasks)
                    await self._read(stream)
            except Exception as error:
                reason = reason_of(error)
                raise
            finally:
                self._lost(reason)

    def publish(self, events: Sequence[SessionEvent]) -> None:
        """Tell the subscribers, or keep it for when this connection speaks."""
        if self.is_heard:
            self.setup.publish(events)
            return
        self.held.extend(events)
        if len(self.held) > HELD_AT_MOST:
            raise StreamLost(
                f"more than {HELD_AT_MOST} events waited for it to take another's place",
                exchange=self.setup.exchange,
                operation=self.setup.stream,
            )

    def _opened(self) -> None:
        setup, session = self.setup, self.session
        now_ns = self.opened_ns = setup.clock.now_ns()
        self.is_connected = True
        session.opened(now_ns)
        session.want(setup.wanted(), now_ns)
        if self.is_heard:
            self.publish((StreamConnected(setup.exchange, setup.stream, now_ns),))
        self.judge()

    def _lost(self, reason: str) -> None:
        setup = self.setup
        now_ns = self._now_or_last_ns()
        self.is_connected = False
        last_words = tuple(self.session.closed(reason, now_ns))
        if self.is_heard:
            self.publish(last_words)
            self.publish((StreamDisconnected(setup.exchange, setup.stream, reason, now_ns),))
        self.judge()

    def _now_or_last_ns(self) -> int:
        """The time; the last one that the clock gave if it is the clock that has failed.

        What depended on the stream must be called stale, whatever has ended it.
        """
        try:
            return self.setup.clock.now_ns()
        except Exception:  # noqa: BLE001 - the stream is ending, and the next one will meet it too
            return self.last_frame_ns or self.opened_ns

    async def _read(self, stream: Stream) -> None:
        receive, publish = self.session.receive, self.publish
        now_ns = self.setup.clock.now_ns
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
        clock, session = self.setup.clock, self.session
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
                    await self.setup.auth.ask(SignStream(message), timeout=SIGN_TIMEOUT)
                )
            case Call():
                tasks.start_soon(self._call, action)
            case Replace():
                self.relay.replace(self)
            case Close(reason):
                raise StreamLost(reason, exchange=self.setup.exchange, operation=self.setup.stream)
            case _:
                assert_never(action)

    async def _answer(self, command: Request[Rest, Any]) -> object | EngineError:
        try:
            answer: object = await self.setup.rest.ask(
                Ahead(command, self.setup.lane), timeout=CALL_TIMEOUT
            )
        except EngineError as error:
            return error
        except ActorError as error:
            return TransportError(
                f"the REST worker did not answer: {error}",
                exchange=self.setup.exchange,
                operation=self.setup.stream,
            )
        return answer

    async def _call(self, call: Call) -> None:
        answer = await self._answer(call.command)
        events = self.session.answered(call.command, answer, self.setup.clock.now_ns())
        if events:
            self.publish(events)
        self.wake.set()

    async def _signed(self, connect: Connect) -> Connect:
        """The request that opens the stream, with what proves that it is ours."""
        if connect.auth is Auth.NONE:
            return connect
        path, _, query = connect.path.partition("?")
        setup = self.setup
        request = RestRequest(
            operation=setup.stream,
            method="GET",
            path=path,
            query=query,
            headers=connect.headers,
            auth=connect.auth,
        )
        signed = await setup.auth.ask(Sign(request, setup.host), timeout=SIGN_TIMEOUT)
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
        self.session.want(self.setup.wanted(), self.setup.clock.now_ns())
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
            subscriptions=len(self.setup.wanted()),
        )


def reason_of(error: BaseException) -> str:
    """One line that says why a stream was lost."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    if isinstance(error, EngineError):
        return error.message
    return f"{type(error).__name__}: {error}"
