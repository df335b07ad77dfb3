"""A market connection of the older Exchange feed, behind the same events as Advanced Trade's.

How a book is kept:

1. A snapshot of a subscription in force replaces the book: it is in step. A change of a book in
   step is applied; before a snapshot it is ignored.
2. A lost match (`feed_evidence`) means that the exchange dropped messages of that product on this
   connection. A change of its book may have been among them, so the book is stale, and its
   subscription is ended and begun anew, the only way to a fresh snapshot.
3. A change stamped earlier than the one before, and a best bid above the best ask: the same.
4. No heartbeat of a product for five seconds: its silence can no longer be judged. All books are
   stale, and the connection is given up.

What this feed cannot prove: that no `l2update` was lost. None is numbered, so a lost one is
invisible unless a match was lost too, or the book crosses. A level may then be wrong until its
price next changes, while the book is called in step. Nor does a ticker's best bid help, which is
of another instant than the changes of a batch. Without `Topic.TRADES` not even rule 2 can see
anything. Advanced Trade numbers every frame and has none of this: prefer it.

Followed: "Exchange WebSocket Channels", "… Overview", "… Best Practices".
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from venuetree.protocol.errors import EngineError
from venuetree.protocol.events import (
    BookChanged,
    BookSnapshot,
    BookUpdated,
    Event,
    Heartbeat,
    InstrumentStatusChanged,
    SequenceGap,
    StaleReason,
    StreamErrorReported,
    SubscriptionsConfirmed,
    TickerChanged,
    TopicStalled,
    TradePrinted,
)
from venuetree.protocol.exchanges.coinbase.connection import Connection
from venuetree.protocol.exchanges.coinbase.feed import feed_events
from venuetree.protocol.exchanges.coinbase.feed_books import FeedBooks
from venuetree.protocol.exchanges.coinbase.feed_channels import (
    LEVEL2,
    STATUS,
    TICKERS,
    TRADES,
    BookChannel,
    key_of,
)
from venuetree.protocol.exchanges.coinbase.feed_evidence import Evidence, Lost, counter
from venuetree.protocol.exchanges.coinbase.feed_requests import FeedRequests
from venuetree.protocol.exchanges.coinbase.profile import (
    ALIVE_WITHIN_NS,
)
from venuetree.protocol.exchanges.coinbase.reading import NAME, remote_error
from venuetree.protocol.exchanges.coinbase.silence import TOPICS, Silence
from venuetree.protocol.exchanges.coinbase.subscriptions import (
    HEARTBEATS,
    Key,
)
from venuetree.protocol.exchanges.coinbase.subscriptions import Request as Asked
from venuetree.protocol.messages import Request
from venuetree.protocol.models import Topic
from venuetree.protocol.port import (
    Action,
    Connect,
    Send,
    SendSigned,
    SessionEvent,
    Step,
    StreamSession,
    Subscription,
    Transport,
)
from venuetree.protocol.reading import MALFORMED, read_object
from venuetree.protocol.session import Place, earliest

__all__ = ["FeedSession"]


class FeedSession:
    """One market connection's life; see `port.StreamSession` for the verbs."""

    def __init__(self, name: str, *, books: BookChannel = BookChannel.OPEN) -> None:
        self._name = name
        self._connection = Connection(name)
        self._requests = FeedRequests(self._connection, books)
        self._subscriptions = self._connection.subscriptions
        self._silence = Silence()
        self._wanted: frozenset[Key] = frozenset()
        #: Of which instruments `status` is wanted: its frames tell of all.
        self._statuses: frozenset[str] = frozenset()
        self._evidence: dict[str, Evidence] = {}
        self._books = FeedBooks(self._connection, self._silence)
        self._deadline_ns: int | None = None

    # ------------------------------------------------------------ what the reader asks

    def before(self) -> None:
        """Nothing is asked before the connection is opened."""

    def connect(self, wanted: frozenset[Subscription]) -> Connect:
        """A WebSocket at the endpoint's root."""
        del wanted  # it is said on the stream
        return Connect(Transport.WEBSOCKET)

    @property
    def has_work(self) -> bool:
        """Whether `step` has something to give."""
        return self._connection.has_work

    @property
    def deadline_ns(self) -> int | None:
        """When `step` must be called though nothing came."""
        return self._deadline_ns

    @property
    def is_healthy(self) -> bool:
        """Whether all that is wanted, but for what was refused, is being delivered."""
        return self._connection.is_live

    # ------------------------------------------------------------ what the reader tells

    def opened(self, now_ns: int) -> None:
        """The connection stands: a first subscription is due within five seconds."""
        self._connection.opened(now_ns)
        self._look_around(now_ns)

    def want(self, subscriptions: frozenset[Subscription], now_ns: int) -> None:
        """From now on, these and no others; `NotSupported` for candles."""
        self._wanted = frozenset(map(key_of, subscriptions))
        self._statuses = frozenset(
            each.instrument for each in subscriptions if each.topic is Topic.STATUS
        )
        # Those of `status` too: it speaks too seldom to show that the connection lives.
        products = {product for _, product in self._wanted if product} | self._statuses
        self._evidence = {name: self._evidence.get(name) or Evidence() for name in products}
        self._books.want(name for channel, name in self._wanted if channel == LEVEL2)
        self._ask(now_ns)

    def receive(self, frame: bytes | str, received_time_ns: int) -> Sequence[SessionEvent]:
        """What a frame says; `RemoteProtocolError` if it cannot be read."""
        self._connection.heard(received_time_ns)
        try:
            message = read_object(frame)
            decoded = feed_events(message, received_time_ns)
        except MALFORMED as error:
            raise remote_error(error, frame) from error
        events: list[SessionEvent] = []
        for event in decoded:
            events += self._take(event, message, received_time_ns)
        return events

    def step(self, now_ns: int) -> Step:
        """Watchdogs, pacing, and what is waiting to be sent."""
        self._connection.at(now_ns)
        events = self._watch(now_ns) if self._connection.is_open else []
        actions: list[Action] = []
        if self._connection.is_given_up:
            close = self._connection.take_close()
            actions += [close] if close else []
        elif not self._connection.is_open:
            return Step()
        elif (request := self._subscriptions.request(now_ns)) is not None:
            actions.append(self._send(request, now_ns))
        self._look_around(now_ns)
        return Step(tuple(events), tuple(actions))

    def answered(
        self, command: Request[Any, Any], answer: object | EngineError, now_ns: int
    ) -> Sequence[SessionEvent]:
        """A market connection asks nothing."""
        del command, answer, now_ns
        return ()

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
        """The connection is gone: every book that was in step is stale."""
        del reason
        self._connection.lost()
        self._deadline_ns = None
        return self._books.all_stale(StaleReason.DISCONNECTED, now_ns)

    # ------------------------------------------------------------ requests and their answers

    def _ask(self, now_ns: int) -> None:
        for product in self._requests.want(self._wanted, self._evidence):
            self._evidence[product].watch(now_ns)
        self._look_around(now_ns)

    def _send(self, request: Asked, now_ns: int) -> Send | SendSigned:
        for key in request.keys:
            self._silence.asked(key, now_ns)
            if key[0] == TRADES and key[1] in self._evidence:
                self._evidence[key[1]].forget_trades()
        return self._requests.action(request)

    def _refuse(self, keys: list[Key], now_ns: int) -> list[SessionEvent]:
        """An answer has come, by which these are refused."""
        self._ask(now_ns)
        return self._tell_refused(keys, now_ns)

    def _tell_refused(self, keys: Iterable[Key], now_ns: int) -> list[SessionEvent]:
        events: list[SessionEvent] = []
        for channel, product in keys:
            if channel == HEARTBEATS:
                meant = sorted(key for key in self._wanted if key[1] == product)
                events += self._tell_refused(meant, now_ns)
            elif channel == LEVEL2:
                events += self._books.refuse(product, now_ns)
            else:
                events += self._tell_stalled((channel, product), now_ns)
        return events

    def _tell_stalled(self, key: Key, now_ns: int) -> list[SessionEvent]:
        channel, product = key
        age_ns = self._silence.age_ns(key, now_ns)
        names = sorted(self._statuses) if key == STATUS else [product]
        return [TopicStalled(NAME, name, TOPICS[channel], age_ns, now_ns) for name in names]

    # ------------------------------------------------------------ frames

    def _take(
        self, event: Event, message: Mapping[str, Any], now_ns: int
    ) -> Sequence[SessionEvent]:
        match event:
            case BookChanged() | BookSnapshot():
                return self._take_book(event, now_ns)
            case TradePrinted():
                return self._take_trade(event, now_ns)
            case TickerChanged():
                return self._take_ticker(event, counter(message.get("sequence")), now_ns)
            case Heartbeat():
                return self._take_beat(event, counter(message.get("sequence")), now_ns)
            case InstrumentStatusChanged():
                if event.instrument not in self._statuses:
                    return ()
                self._hear(STATUS, now_ns)
                return (event,)
            case SubscriptionsConfirmed():
                return (event, *self._refuse(self._requests.listed(event.channels), now_ns))
            case StreamErrorReported():
                self._requests.failed(event.message, now_ns)
                self._look_around(now_ns)
                return (event,)
            case _:
                return (event,)

    def _hear(self, key: Key, now_ns: int) -> None:
        if self._silence.heard(key, now_ns):
            self._look_around(now_ns)

    def _take_book(self, event: BookChanged | BookSnapshot, now_ns: int) -> Sequence[SessionEvent]:
        if (LEVEL2, event.instrument) not in self._wanted:
            return ()
        events = self._books.take(event, self._evidence[event.instrument], now_ns)
        if not events or not isinstance(events[0], BookUpdated):
            self._look_around(now_ns)
        return events

    def _take_trade(self, event: TradePrinted, now_ns: int) -> Sequence[SessionEvent]:
        key = (TRADES, event.instrument)
        if key not in self._wanted:
            return ()
        place, lost = self._evidence[event.instrument].trade(counter(event.trade_id))
        if place is Place.PAST:
            return ()
        events = [] if lost is None else self._lose(event.instrument, lost, now_ns)
        self._hear(key, now_ns)
        return [*events, event]

    def _take_ticker(
        self, event: TickerChanged, sequence: int | None, now_ns: int
    ) -> Sequence[SessionEvent]:
        keys = [key for channel in TICKERS if (key := (channel, event.instrument)) in self._wanted]
        if not keys or not self._evidence[event.instrument].ticker(sequence):
            return ()
        for key in keys:
            self._hear(key, now_ns)
        return (event,)

    def _take_beat(
        self, event: Heartbeat, sequence: int | None, now_ns: int
    ) -> Sequence[SessionEvent]:
        product = event.instrument
        evidence = self._evidence.get(product)
        if evidence is None:
            return (event,)
        beat = evidence.beat(sequence, counter(event.last_trade_id), now_ns)
        if beat is None:
            return (event,)
        events = [] if beat.lost is None else self._lose(product, beat.lost, now_ns)
        # What had nothing to say has not been silent.
        quiet = (LEVEL2,) * beat.is_book_quiet + (TRADES, *TICKERS) * beat.is_trade_quiet
        for channel in quiet:
            if self._silence.has_delivered((channel, product)):
                self._silence.heard((channel, product), now_ns)
        return [*events, event]

    def _lose(self, product: str, lost: Lost, now_ns: int) -> list[SessionEvent]:
        """Trades are missing: the book is stale first, for its changes may be missing too."""
        stale = self._books.doubt(product, StaleReason.GAP, now_ns)
        self._look_around(now_ns)
        stream = f"{self._name} matches {product}"
        return [
            *stale,
            SequenceGap(NAME, stream, lost.expected, lost.received, None, now_ns),
            *self._tell_stalled((TRADES, product), now_ns),
        ]

    # ------------------------------------------------------------ watchdogs

    def _watch(self, now_ns: int) -> list[SessionEvent]:
        due = self._beat_due()
        if due is not None and due[0] <= now_ns:
            self._connection.give_up(f"no heartbeat of {due[1]} in time")
            return self._books.all_stale(StaleReason.STALLED, now_ns)
        if self._connection.is_silent(now_ns):
            return self._books.all_stale(StaleReason.STALLED, now_ns)
        events: list[SessionEvent] = []
        refused_until_ns = self._requests.refused_until_ns
        if refused_until_ns is not None and refused_until_ns <= now_ns:
            events += self._refuse(self._requests.refused(), now_ns)
        if self._connection.is_unanswered(now_ns):
            return events
        for key in self._silence.overdue(self._subscriptions.live(), now_ns):
            if key[0] == LEVEL2:
                events += self._books.overdue(key[1], now_ns)
            events += self._tell_stalled(key, now_ns)
        return events

    def _beat_due(self) -> tuple[int, str] | None:
        """When the first heartbeat will be overdue, and whose; they queue up behind snapshots."""
        return min(
            (
                (max(evidence.beat_ns, self._books.snapshot_ns) + ALIVE_WITHIN_NS, product)
                for product, evidence in self._evidence.items()
                if evidence.beat_ns is not None
            ),
            default=None,
        )

    def _look_around(self, now_ns: int) -> None:
        """Judge the state anew, and find when the next watchdog is due."""
        self._connection.at(now_ns)
        self._connection.judged(
            is_delivered=self._subscriptions.is_settled and self._books.is_delivered
        )
        due_ns: int | None = None
        if self._connection.is_open:
            beat = self._beat_due()
            due_ns = earliest(
                beat and beat[0],
                self._requests.refused_until_ns,
                self._silence.due_ns(self._subscriptions.live()),
            )
        self._deadline_ns = earliest(self._connection.deadline_ns, due_ns)
