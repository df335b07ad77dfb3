"""The user connection of Advanced Trade: our own orders as they change.

It opens with a snapshot of the open orders, fifty a message; the set is complete at the first
message with fewer. An account with an exact multiple of fifty presumably gets an empty last one,
which is not certain: the wait is bounded, and then the REST API is asked.

The frames carry cumulative states, no executions: those are fetched by the orders actor. After a
gap the connection is given up, since the next one's snapshot says all that was missed.

Followed: "Advanced Trade WebSocket Channels", user; "… Overview".
"""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from venuetree.protocol.commands import FetchOpenOrders
from venuetree.protocol.errors import EngineError
from venuetree.protocol.events import (
    AccountSnapshot,
    BookChanged,
    BookSnapshot,
    Event,
    OrderReported,
    StreamErrorReported,
    SubscriptionsConfirmed,
)
from venuetree.protocol.exchanges.coinbase.connection import Connection
from venuetree.protocol.exchanges.coinbase.decode import events_of
from venuetree.protocol.exchanges.coinbase.profile import SNAPSHOT_BATCH, SNAPSHOT_WITHIN_NS
from venuetree.protocol.exchanges.coinbase.reading import NAME, remote_error
from venuetree.protocol.exchanges.coinbase.subscriptions import (
    HEARTBEATS,
    is_too_soon,
)
from venuetree.protocol.messages import Request
from venuetree.protocol.models import OrderReport
from venuetree.protocol.port import (
    Action,
    Call,
    Connect,
    Send,
    SendSigned,
    SessionEvent,
    Step,
    StreamMessage,
    StreamSession,
    Subscription,
    Transport,
)
from venuetree.protocol.reading import MALFORMED, read_object
from venuetree.protocol.session import Place, earliest

__all__ = ["UserSession"]

_USER: Final = "user"


class UserSession:
    """One user connection's life; see `port.StreamSession` for the verbs."""

    def __init__(self, name: str) -> None:
        self._connection = Connection(name)
        self._subscriptions = self._connection.subscriptions
        self._subscriptions.want({(_USER, ""), (HEARTBEATS, "")})
        #: The opening snapshot as far as it has come; None once it is complete.
        self._gathered: list[OrderReport] | None = []
        #: From when on the REST API is asked instead.
        self._ask_at_ns: int | None = None
        self._is_asking = False

    def before(self) -> None:
        """Nothing is asked before the connection is opened."""

    def connect(self, wanted: frozenset[Subscription]) -> Connect:
        """A WebSocket at the endpoint's root; each subscription carries its own token."""
        del wanted  # it is said on the stream
        return Connect(Transport.WEBSOCKET)

    @property
    def has_work(self) -> bool:
        """Whether `step` has something to give."""
        return self._connection.has_work

    @property
    def deadline_ns(self) -> int | None:
        """When `step` must be called though nothing came."""
        due_ns = self._connection.deadline_ns
        if self._is_asking or not self._connection.is_open:
            return due_ns
        return earliest(due_ns, self._ask_at_ns)

    @property
    def is_healthy(self) -> bool:
        """Whether the opening snapshot is complete and changes are being delivered."""
        return self._connection.is_live

    def opened(self, now_ns: int) -> None:
        """The connection stands: a first subscription is due within five seconds."""
        self._connection.opened(now_ns)

    def want(self, subscriptions: frozenset[Subscription], now_ns: int) -> None:
        """A user connection has but one thing to want."""
        del subscriptions
        self._connection.at(now_ns)

    def receive(self, frame: bytes | str, received_time_ns: int) -> Sequence[SessionEvent]:
        """What a frame says; `RemoteProtocolError` if it cannot be read."""
        self._connection.heard(received_time_ns)
        try:
            message = read_object(frame)
            place, gap = self._connection.number(message, received_time_ns)
            if place is Place.PAST:
                return ()
            events: list[SessionEvent] = [] if gap is None else [gap]
            decoded = events_of(message, received_time_ns)
            is_complete = self._gather(message, decoded)
        except MALFORMED as error:
            raise remote_error(error, frame) from error
        for event in decoded:
            events += self._take(event, received_time_ns)
        if is_complete:
            events += self._complete(tuple(self._gathered or ()), received_time_ns)
        return events

    def _take(self, event: Event, now_ns: int) -> Sequence[SessionEvent]:
        match event:
            case SubscriptionsConfirmed():
                request = self._subscriptions.acknowledged()
                if request is not None and request.channel == _USER and self._gathered is not None:
                    self._ask_at_ns = now_ns + SNAPSHOT_WITHIN_NS
                self._look_around()
                return (event,)
            case StreamErrorReported():
                if is_too_soon(event.message):
                    self._connection.postpone(now_ns)
                elif self._subscriptions.refused():
                    self._connection.give_up(
                        f"the exchange refused the subscription: {event.message}"
                    )
                return (event,)
            case AccountSnapshot() | BookChanged() | BookSnapshot():
                # A frame alone cannot say that the list is complete: `_gather` does.
                return ()
            case _:
                return (event,)

    # ------------------------------------------------------------ the opening snapshot

    def _gather(self, message: dict[str, Any], decoded: Sequence[Event]) -> bool:
        """Add a snapshot's orders to those before; True if it was the last message of it."""
        if self._gathered is None or message.get("channel") != _USER:
            return False
        snapshots = [event for event in message["events"] if event.get("type") == "snapshot"]
        if not snapshots:
            return False
        reports = (event.report for event in decoded if isinstance(event, OrderReported))
        self._gathered.extend(reports)
        return sum(len(event.get("orders") or ()) for event in snapshots) < SNAPSHOT_BATCH

    def _complete(self, reports: tuple[OrderReport, ...], now_ns: int) -> Sequence[SessionEvent]:
        self._gathered = self._ask_at_ns = None
        self._look_around()
        return (AccountSnapshot(NAME, reports, None, now_ns),)

    def answered(
        self, command: Request[Any, Any], answer: object | EngineError, now_ns: int
    ) -> Sequence[SessionEvent]:
        """The open orders by REST, where the stream did not complete its list."""
        self._connection.at(now_ns)
        self._is_asking = False
        if self._gathered is None or not isinstance(command, FetchOpenOrders):
            return ()
        if isinstance(answer, tuple):
            return self._complete(answer, now_ns)
        self._ask_at_ns = now_ns + SNAPSHOT_WITHIN_NS
        return ()

    # ------------------------------------------------------------ steps

    def step(self, now_ns: int) -> Step:
        """Watchdogs, pacing, and what is waiting to be sent."""
        self._connection.at(now_ns)
        if self._connection.is_open and not self._connection.is_silent(now_ns):
            self._connection.is_unanswered(now_ns)
        if not self._connection.is_open:
            close = self._connection.take_close()
            return Step(actions=(close,) if close else ())
        actions: list[Action] = []
        request = self._subscriptions.request(now_ns)
        if request is not None and request.channel == _USER:
            actions.append(SendSigned(StreamMessage(request.fields)))
        elif request is not None:
            actions.append(Send(orjson.dumps(request.fields).decode()))
        if self._ask_at_ns is not None and now_ns >= self._ask_at_ns and not self._is_asking:
            self._is_asking = True
            actions.append(Call(FetchOpenOrders()))
        return Step(actions=tuple(actions))

    def _look_around(self) -> None:
        self._connection.judged(
            is_delivered=self._gathered is None and self._subscriptions.is_settled
        )

    def take_over(
        self, before: StreamSession, held: Sequence[SessionEvent], now_ns: int
    ) -> Sequence[SessionEvent]:
        """Connections here have no end of their own: none is ever replaced."""
        del before, now_ns
        return held

    def told(self, entries: Sequence[bytes], received_time_ns: int) -> Sequence[SessionEvent]:
        """Nothing: replies tell nothing that this stream would tell too."""
        del entries, received_time_ns
        return ()

    def closed(self, reason: str, now_ns: int) -> Sequence[SessionEvent]:
        """The connection is gone; a user connection holds nothing that could be stale."""
        del reason, now_ns
        self._connection.lost()
        return ()
