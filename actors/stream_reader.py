"""One stream, as an actor: its connection, and now and then a second one that takes over.

Losing the connection, for whatever reason, is a crash: the supervisor restarts the reader with
backoff, and a new incarnation begins with a new session. Before it ends, everything that depended
on the stream has been called stale.

A connection that is about to end in the ordinary course asks to be replaced. Then another is
opened beside it, which nobody hears until it delivers all that is wanted; at that moment it takes
over, and subscribers see no interruption. Whatever goes wrong with it leaves the first as it was.
"""

import anyio
import anyio.lowlevel
from attrs import frozen

from venuetree.actors.context import Context
from venuetree.actors.stream_connection import (
    StreamConnection,
    StreamDetail,
    StreamSetup,
    reason_of,
)
from venuetree.actors.stream_messages import EntriesTold, Reader
from venuetree.protocol.events import StreamErrorReported

__all__ = ["StreamReader"]


@frozen
class StreamReader:
    """A reader's `run`."""

    setup: StreamSetup

    async def __call__(self, ctx: Context[Reader]) -> None:
        """Connect and read until the stream is lost; cancelled, the stream is closed."""
        # Disconnected is a state like any other: the tree does not wait for the exchange.
        relay = _Relay(self.setup, ctx)
        ctx.publish_from(relay.detail)
        ctx.unhealthy()
        ctx.ready()
        # Its supervisor sees that it is ready before a refused connection ends it again: those
        # that start after it wait for that.
        await anyio.lowlevel.checkpoint()
        await relay.run()


class _Relay:
    """The connection that speaks, and now and then another that is to take its place."""

    def __init__(self, setup: StreamSetup, ctx: Context[Reader]) -> None:
        self.setup = setup
        self.ctx = ctx
        self.current = StreamConnection(setup, self)
        self.current.is_heard = True
        self.successor: StreamConnection | None = None
        self._tasks: anyio.abc.TaskGroup | None = None

    async def run(self) -> None:
        """Run connections until the one that speaks is lost."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            tasks.start_soon(self._listen)
            tasks.start_soon(self._run, self.current)

    async def _run(self, connection: StreamConnection) -> None:
        try:
            with connection.scope:
                await connection.run()
        except Exception as error:
            if connection is self.current:
                raise
            if connection is self.successor:
                # The one that speaks goes on, and asks for another again.
                self.successor = None
                setup, why = self.setup, reason_of(error)
                message = f"{setup.stream} could not be replaced: {why}"
                now_ns = setup.clock.now_ns()
                setup.publish((StreamErrorReported(setup.exchange, message, why, None, now_ns),))

    def replace(self, connection: StreamConnection) -> None:
        """Open a successor of the one that speaks, if none is being opened already."""
        is_current = connection is self.current
        if is_current and self.successor is None and self._tasks is not None:
            self.successor = StreamConnection(self.setup, self)
            self._tasks.start_soon(self._run, self.successor)

    def judged(self, connection: StreamConnection) -> None:
        """A connection has judged itself."""
        if connection is self.current:
            # Backoff is reset by health alone.
            if connection.is_healthy:
                self.ctx.healthy()
            else:
                self.ctx.unhealthy()
        elif connection is self.successor and connection.is_healthy:
            self._hand_over(connection)

    def _hand_over(self, successor: StreamConnection) -> None:
        """From now on the successor speaks; nothing is told twice, and nothing left out."""
        before, self.current, self.successor = self.current, successor, None
        before.is_heard = False
        held, successor.held = successor.held, []
        successor.is_heard = True
        now_ns = self.setup.clock.now_ns()
        events = successor.session.take_over(before.session, held, now_ns)
        if events:
            self.setup.publish(events)
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
