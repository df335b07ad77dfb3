"""A market connection: its streams, its books, its watchdogs, and how another takes its place.

What proves that a stream is delivered is the reply to its subscription, not data: markets here may
be silent for minutes on every stream. So silence is judged apart from topics:

1. The exchange pings, each 20 s or each 3 min by its two generations of documents, and the
   transport answers. It pings by itself, too, and ends a connection whose pong is late. Frames of
   that kind never come here; a dead link is noticed without this session.
2. What is left is a link that lives, to a server that sends nothing any more. When no frame at all
   has come for three minutes, the list of subscriptions is asked for: no answer, and the
   connection is given up; a stream that is missing in it is subscribed again.
3. A book, of which a lost change could stay unseen, is compared by REST (`kept_book`).

Trades are numbered without a gap (`deliveries`), books by their rules (`sequencing`).

A connection lives for at most 24 hours, and an ending may be announced. Before that the session
says `Replace`: another connection is opened beside it, and once that one is healthy it takes over
(`take_over`). It has heard the same streams for a while, so that nothing is missing between the
two; and what both have heard is told once, for every event has a position: trades and aggregates
their ids, books and best prices their update ids, tickers and candles the exchange's clock.

Followed: "Websocket Market Streams"; "General WSS information".
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from venuetree.protocol.commands import FetchBook
from venuetree.protocol.errors import EngineError
from venuetree.protocol.events import (
    BookInStep,
    BookStale,
    BookUpdated,
    Event,
    SequenceGap,
    StaleReason,
    StreamEnding,
    StreamErrorReported,
    SubscriptionsConfirmed,
    TopicStalled,
)
from venuetree.protocol.exchanges.binance_us.books import Books
from venuetree.protocol.exchanges.binance_us.decode import events_of
from venuetree.protocol.exchanges.binance_us.deliveries import (
    Delivery,
    delivery_of,
    is_of_market,
    stream_of,
)
from venuetree.protocol.exchanges.binance_us.kept_book import KeptBook
from venuetree.protocol.exchanges.binance_us.profile import MESSAGES_PER_SECOND
from venuetree.protocol.exchanges.binance_us.reading import NAME, Symbols, remote_error
from venuetree.protocol.exchanges.binance_us.streams import stream_name
from venuetree.protocol.exchanges.binance_us.subscriptions import (
    ANSWERED_WITHIN_NS,
    Subscriptions,
    Verb,
)
from venuetree.protocol.exchanges.binance_us.succession import Succession
from venuetree.protocol.messages import Request
from venuetree.protocol.models import Topic
from venuetree.protocol.port import (
    Action,
    Connect,
    Send,
    SessionEvent,
    Step,
    StreamSession,
    Subscription,
    Transport,
)
from venuetree.protocol.reading import MALFORMED, read_object
from venuetree.protocol.session import Life, Pacer, earliest
from venuetree.protocol.timestamps import SECOND

__all__ = ["MarketSession"]

#: Half of what the profile allows. The exchange counts five frames a second, our pings and pongs
#: among them; so even where three of ours fall into one second, a ping and a pong have room.
_PACE: Final = MESSAGES_PER_SECOND // 2
#: Ours: by the longer of the two rhythms of pings a link is dead after some four minutes.
_QUIET_AT_MOST_NS: Final = 180 * SECOND


class MarketSession:
    """One market connection's life; see `port.StreamSession` for the verbs."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._life = Life()
        self._pacer = Pacer(_PACE)
        self._subscriptions = Subscriptions()
        self._succession = Succession(name)
        self._books = Books()
        self._symbols = Symbols()
        #: What is wanted, by the name of its stream.
        self._deliveries: dict[str, Delivery] = {}
        self._now_ns = 0
        self._last_frame_ns = 0
        self._deadline_ns: int | None = None

    # ------------------------------------------------------------ what the reader asks

    def before(self) -> None:
        """Nothing is asked before the connection is opened."""

    def connect(self, wanted: frozenset[Subscription]) -> Connect:
        """A WebSocket for combined streams: each message says its stream's name."""
        del wanted  # it is said on the stream
        return Connect(Transport.WEBSOCKET, path="/stream")

    @property
    def has_work(self) -> bool:
        """Whether `step` has something to give."""
        if not self._life.is_open:
            return self._life.has_close
        due_ns = self._deadline_ns
        return due_ns is not None and due_ns <= self._now_ns

    @property
    def deadline_ns(self) -> int | None:
        """When `step` must be called though nothing came."""
        return self._deadline_ns

    @property
    def is_healthy(self) -> bool:
        """Whether all that is wanted, but for what was refused, has been delivered for a while."""
        return self._life.is_live

    # ------------------------------------------------------------ what the reader tells

    def opened(self, now_ns: int) -> None:
        """The connection stands."""
        self._life.opened()
        self._succession.opened(now_ns)
        self._last_frame_ns = now_ns
        self._look_around(now_ns)

    def want(self, subscriptions: frozenset[Subscription], now_ns: int) -> None:
        """From now on, these and no others; `NotSupported` if there is no such stream."""
        wanted = {stream_name(each): each for each in sorted(subscriptions)}
        before = self._deliveries
        self._deliveries = {
            stream: found
            if (found := before.get(stream)) is not None and found.subscription == each
            else self._begin(each, now_ns)
            for stream, each in wanted.items()
        }
        self._symbols.call(each.instrument for each in wanted.values())
        self._subscriptions.want(wanted)
        books = {
            stream: each for stream, each in self._deliveries.items() if isinstance(each, KeptBook)
        }
        self._books.want(books.values())
        for stream, book in books.items():
            if self._subscriptions.is_live(stream):
                # Wanted again before it was left.
                book.subscribed(now_ns)
        self._look_around(now_ns)

    def _begin(self, subscription: Subscription, now_ns: int) -> Delivery:
        if subscription.topic is Topic.BOOK:
            return KeptBook(subscription, self._look_around, now_ns)
        return delivery_of(subscription, self._name, now_ns)

    def receive(self, frame: bytes | str, received_time_ns: int) -> Sequence[SessionEvent]:
        """What a frame says; `RemoteProtocolError` if it cannot be read."""
        self._now_ns = self._last_frame_ns = received_time_ns
        try:
            message = read_object(frame)
            stream = message.get("stream")
            if stream is None:
                # Answers, never wrapped, and perhaps an announcement.
                decoded = events_of(message, received_time_ns, self._symbols)
            else:
                decoded = events_of(message["data"], received_time_ns, self._symbols, stream)
                delivery = self._deliveries.get(stream)
                event = decoded[0]
                if delivery is not None and event.__class__ is delivery.kind:
                    if event.instrument != delivery.instrument:  # type: ignore[union-attr]
                        text = f"{stream} told of another instrument"
                        raise ValueError(text)
                    return delivery.take(event, received_time_ns)
            return [
                told for event in decoded for told in self._take(event, message, received_time_ns)
            ]
        except MALFORMED as error:
            raise remote_error(error, frame) from error

    def step(self, now_ns: int) -> Step:
        """Watchdogs, pacing, and what is waiting to be sent or asked."""
        events = self._watch(now_ns) if self._life.is_open else []
        actions: list[Action] = []
        if self._life.is_given_up:
            close = self._life.take_close()
            actions += [close] if close else []
        elif self._life.is_open:
            actions += self._act(now_ns)
        self._look_around(now_ns)
        return Step(tuple(events), tuple(actions))

    def answered(
        self, command: Request[Any, Any], answer: object | EngineError, now_ns: int
    ) -> Sequence[SessionEvent]:
        """A snapshot of a book, or the error that came instead."""
        if not isinstance(command, FetchBook):
            return ()
        events = self._books.answered(command, answer, now_ns)
        self._look_around(now_ns)
        return events

    def told(self, entries: Sequence[bytes], received_time_ns: int) -> Sequence[SessionEvent]:
        """Nothing: replies tell nothing that this stream would tell too."""
        del entries, received_time_ns
        return ()

    def closed(self, reason: str, now_ns: int) -> Sequence[SessionEvent]:
        """The connection is gone: every book that was in step is stale."""
        del reason
        self._life.lost()
        events = self._books.stop(StaleReason.DISCONNECTED, now_ns)
        self._look_around(now_ns)
        return events

    # ------------------------------------------------------------ what is not a stream's

    def _take(
        self, event: Event, message: Mapping[str, Any], now_ns: int
    ) -> Sequence[SessionEvent]:
        match event:
            case SubscriptionsConfirmed():
                return (event, *self._granted(message, now_ns))
            case StreamErrorReported():
                return (event, *self._refused(message, now_ns))
            case StreamEnding(reason=reason):
                self._succession.announced(reason, now_ns)
                self._look_around(now_ns)
                return (event,)
            case _ if is_of_market(event):
                if "stream" not in message:
                    text = "market data without the name of its stream"
                    raise ValueError(text)
                # Left meanwhile.
                return ()
            case _:
                return (event,)  # type: ignore[return-value]  # no book message is left

    def _granted(self, message: Mapping[str, Any], now_ns: int) -> list[SessionEvent]:
        request = self._subscriptions.granted(message.get("id"))
        if request is None:
            return []
        events: list[SessionEvent] = []
        if request.verb is Verb.SUBSCRIBE:
            for stream in request.streams:
                delivery = self._deliveries.get(stream)
                if isinstance(delivery, KeptBook):
                    delivery.subscribed(now_ns)
        elif request.verb is Verb.LIST:
            listed = message.get("result")
            for stream in self._subscriptions.listed(listed) if type(listed) is list else ():
                events += self._stalled(stream, StaleReason.STALLED, now_ns)
        self._look_around(now_ns)
        return events

    def _refused(self, message: Mapping[str, Any], now_ns: int) -> list[SessionEvent]:
        events: list[SessionEvent] = []
        for stream in self._subscriptions.refused(message.get("id")):
            events += self._stalled(stream, StaleReason.REFUSED, now_ns)
        self._look_around(now_ns)
        return events

    def _stalled(self, stream: str, reason: StaleReason, now_ns: int) -> list[SessionEvent]:
        """A stream is not delivered, for this reason."""
        delivery = self._deliveries.get(stream)
        if delivery is None:
            return []
        if isinstance(delivery, KeptBook):
            if reason is StaleReason.REFUSED:
                return delivery.refuse(now_ns)
            return delivery.stop(reason, now_ns)
        topic, age_ns = delivery.subscription.topic, now_ns - delivery.heard_ns
        return [TopicStalled(NAME, delivery.instrument, topic, age_ns, now_ns)]

    # ------------------------------------------------------------ watchdogs and requests

    def _watch(self, now_ns: int) -> list[SessionEvent]:
        oldest = self._subscriptions.oldest
        if oldest is not None and now_ns - oldest.sent_time_ns >= ANSWERED_WITHIN_NS:
            self._life.give_up(f"no answer to {oldest.verb.value} in time")
            return self._books.stop(StaleReason.STALLED, now_ns)
        if now_ns - self._last_frame_ns >= _QUIET_AT_MOST_NS:
            self._subscriptions.ask_for_list()
        return self._books.judge(now_ns)

    def _act(self, now_ns: int) -> list[Action]:
        actions: list[Action] = []
        if self._pacer.may_send(now_ns):
            request = self._subscriptions.request(now_ns)
            if request is not None:
                self._pacer.sent(now_ns)
                actions.append(Send(request.text))
        actions += self._books.calls(now_ns)
        replace = self._succession.replace(now_ns)
        return [*actions, replace] if replace is not None else actions

    def _look_around(self, now_ns: int) -> None:
        """Judge the state anew, and find when the next watchdog is due."""
        self._now_ns = now_ns
        self._deadline_ns = None
        if not self._life.is_open:
            return
        subscriptions, succession = self._subscriptions, self._succession
        is_delivered = subscriptions.is_settled and self._books.are_delivered
        self._life.judged(is_delivered=succession.may_speak(now_ns, is_delivered=is_delivered))
        oldest = subscriptions.oldest
        self._deadline_ns = earliest(
            self._pacer.ready_ns if subscriptions.has_request else None,
            oldest.sent_time_ns + ANSWERED_WITHIN_NS if oldest else None,
            None if subscriptions.is_listing else self._last_frame_ns + _QUIET_AT_MOST_NS,
            self._books.deadline_ns,
            succession.deadline_ns,
        )

    # ------------------------------------------------------------ taking over

    def take_over(
        self, before: StreamSession, held: Sequence[SessionEvent], now_ns: int
    ) -> Sequence[SessionEvent]:
        """Go on from where `before` has come to: what both have heard is told once."""
        if not isinstance(before, MarketSession):
            return held
        events: list[SessionEvent] = []
        for stream, delivery in self._deliveries.items():
            other = before._deliveries.get(stream)  # noqa: SLF001 - one of ours
            events += delivery.follow(other, now_ns)
        for event in held:
            events += self._tell_held(event, before, now_ns)
        self._look_around(now_ns)
        return events

    def _tell_held(
        self, event: SessionEvent, before: "MarketSession", now_ns: int
    ) -> Sequence[SessionEvent]:
        match event:
            case BookInStep() | BookStale() | BookUpdated() | SequenceGap():
                # Books have been told as they are now; lost trades are found again, if they are.
                return ()
            case TopicStalled(instrument=instrument, topic=topic):
                stream = stream_name(Subscription(instrument, topic))
                is_news = self._subscriptions.is_refused(stream)
                was_known = before._subscriptions.is_refused(stream)  # noqa: SLF001
                return (event,) if is_news and not was_known else ()
        delivery = self._deliveries.get(stream_of(event))
        if delivery is None:
            return () if is_of_market(event) else (event,)
        return delivery.take(event, now_ns)
