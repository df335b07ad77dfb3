"""A market connection of Advanced Trade: subscriptions, continuity, books and watchdogs.

How a book stays right:

1. A snapshot of a subscription in force replaces the book: it is in step.
2. A change of a book in step is applied; before a snapshot it is ignored.
3. The connection's counter covers every frame. A jump means that any book may have missed a
   change: all are stale, and the connection is given up, which brings new snapshots. A lower
   number is a repetition and ignored whole.
4. A book whose best bid is above its best ask is wrong: it is stale, and its subscription is
   ended and begun anew, the only way to a fresh snapshot.
5. Deleting a level that was never announced is routine.

Followed: "Advanced Trade WebSocket Channels", "… Overview", "… Rate Limits".
"""

from collections.abc import Sequence
from typing import Any, Final

import attrs
import orjson

from venuetree.protocol.book import Book
from venuetree.protocol.errors import EngineError
from venuetree.protocol.events import (
    AccountSnapshot,
    BookChanged,
    BookInStep,
    BookSnapshot,
    BookStale,
    CandleChanged,
    Event,
    InstrumentStatusChanged,
    StaleReason,
    StreamErrorReported,
    SubscriptionsConfirmed,
    TickerChanged,
    TopicStalled,
    TradePrinted,
)
from venuetree.protocol.exchanges.coinbase.aliases import canonical_instrument, names_by_product
from venuetree.protocol.exchanges.coinbase.connection import Connection
from venuetree.protocol.exchanges.coinbase.decode import events_of
from venuetree.protocol.exchanges.coinbase.profile import RENEWALS_AT_MOST
from venuetree.protocol.exchanges.coinbase.reading import NAME, remote_error
from venuetree.protocol.exchanges.coinbase.silence import CHANNELS, TOPICS, Silence
from venuetree.protocol.exchanges.coinbase.subscriptions import (
    HEARTBEATS,
    Key,
    Verb,
    is_too_soon,
)
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
from venuetree.protocol.session import Place, book_updated, earliest

__all__ = ["MarketSession"]

_LEVEL2: Final = CHANNELS[Topic.BOOK]
#: Events that a session tells as they are.
_PLAIN_EVENTS: Final = frozenset({TradePrinted, TickerChanged})
_TRADES: Final = CHANNELS[Topic.TRADES]
_PAST: Final = Place.PAST


def _age(event: Event) -> tuple[int, str]:
    """Sorts trades oldest first, by their numeric ids: frames list them newest first."""
    trade_id = event.trade_id if isinstance(event, TradePrinted) else ""
    return len(trade_id), trade_id


class MarketSession:
    """One market connection's life; see `port.StreamSession` for the verbs."""

    def __init__(self, name: str) -> None:
        self._connection = Connection(name)
        self._subscriptions = self._connection.subscriptions
        self._silence = Silence()
        self._wanted: frozenset[Key] = frozenset()
        #: Which of our instruments a channel's product stands for.
        self._names: dict[Key, tuple[str, ...]] = {}
        #: `-USDC` subscriptions known to be told under their `-USD` name.
        self._shared: set[Key] = set()
        #: Subscriptions that deliver under their own names; forgotten whenever anything changes.
        self._settled: set[Key] = set()
        #: Books that come under their own names alone and have begun; forgotten likewise.
        self._steady: dict[str, Book] = {}
        self._books: dict[str, Book] = {}
        self._renewals: dict[Key, int] = {}
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
        self._subscriptions.want(self._wanted | {(HEARTBEATS, "")})
        self._look_around(now_ns)

    def want(self, subscriptions: frozenset[Subscription], now_ns: int) -> None:
        """From now on, these and no others."""
        self._connection.at(now_ns)
        self._wanted = frozenset((CHANNELS[s.topic], s.instrument) for s in subscriptions)
        self._shared &= self._wanted
        self._subscriptions.want(self._wanted | {(HEARTBEATS, "")})
        books = {name for channel, name in self._wanted if channel == _LEVEL2}
        for name in self._books.keys() - books:
            del self._books[name]
        for name in sorted(books - self._books.keys()):
            self._books[name] = Book(name)
            # Wanted again before it was left: the new book needs a snapshot of its own.
            self._subscriptions.renew((_LEVEL2, name))
        self._rename()
        self._look_around(now_ns)

    def receive(self, frame: bytes | str, received_time_ns: int) -> Sequence[SessionEvent]:
        """What a frame says; `RemoteProtocolError` if it cannot be read."""
        self._connection.heard(received_time_ns)
        events: list[SessionEvent] = []
        try:
            message = read_object(frame)
            channel = message.get("channel")
            place, gap = self._connection.number(message, received_time_ns)
            if place is _PAST:
                return ()
            if gap is not None:
                events += [*self._all_stale(StaleReason.GAP, received_time_ns), gap]
                self._look_around(received_time_ns)
            decoded = events_of(message, received_time_ns)
        except MALFORMED as error:
            raise remote_error(error, frame) from error
        if len(decoded) == 1:
            event = decoded[0]
            if event.__class__ is BookChanged and not events:
                return self._take_change(event, received_time_ns)
        elif channel == _TRADES:
            decoded = tuple(sorted(decoded, key=_age))
        if not events and self._are_settled(decoded, channel, received_time_ns):
            return decoded  # type: ignore[return-value]  # trades and tickers only
        for event in decoded:
            if isinstance(event, BookChanged):
                events += self._take_change(event, received_time_ns)
            else:
                events += self._take(event, channel or "", received_time_ns)
        return events

    def _are_settled(self, events: Sequence[Event], channel: str | None, now_ns: int) -> bool:
        """Whether these can be told as they are, as nearly all can: the way of a flood.

        Their subscriptions go by the names they carry and have been delivering all along, so that
        there is nothing to judge anew.
        """
        settled = self._settled
        for event in events:
            if event.__class__ not in _PLAIN_EVENTS:
                return False
            key = (channel, event.instrument)  # type: ignore[union-attr]
            if key not in settled:
                return False
            self._silence.heard_again(key, now_ns)
        return True

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
            for key in request.keys:
                self._silence.asked(key, now_ns)
            actions.append(Send(orjson.dumps(request.fields).decode()))
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
        return self._all_stale(StaleReason.DISCONNECTED, now_ns)

    # ------------------------------------------------------------ frames

    def _take(self, event: Event, channel: str, now_ns: int) -> Sequence[SessionEvent]:
        match event:
            case BookChanged() | BookSnapshot():
                return self._take_book(event, now_ns)
            case TradePrinted() | TickerChanged() | CandleChanged() | InstrumentStatusChanged():
                return self._take_plain(event, channel, now_ns)
            case SubscriptionsConfirmed():
                return (event, *self._acknowledge(event, now_ns))
            case StreamErrorReported():
                return (event, *self._refuse(event.message, now_ns))
            case AccountSnapshot():
                return ()
            case _:
                return (event,)

    def _take_plain(
        self,
        event: TradePrinted | TickerChanged | CandleChanged | InstrumentStatusChanged,
        channel: str,
        now_ns: int,
    ) -> Sequence[SessionEvent]:
        key = (channel, event.instrument)
        names = self._names.get(key)
        if names is None:
            # Left meanwhile, or a product of `status` that nobody asked for.
            return ()
        if key in self._shared:
            self._unshare(key)
        for name in names:
            self._hear((channel, name), now_ns)
        if names == (event.instrument,):
            self._settled.add(key)
            return (event,)
        return [attrs.evolve(event, instrument=name) for name in names]

    def _hear(self, key: Key, now_ns: int) -> None:
        if self._silence.heard(key, now_ns):
            self._look_around(now_ns)

    # ------------------------------------------------------------ answers to subscriptions

    def _acknowledge(
        self, confirmed: SubscriptionsConfirmed, now_ns: int
    ) -> Sequence[SessionEvent]:
        request = self._subscriptions.acknowledged()
        if request is None:
            return ()
        if request.verb is Verb.SUBSCRIBE:
            listed = dict(confirmed.channels).get(request.channel, ())
            for key in request.keys:
                product = canonical_instrument(key[1])
                if product != key[1] and key[1] not in listed and product in listed:
                    # Listed under the other name alone: one book under two names.
                    self._shared.add(key)
        self._rename()
        events = self._adopt(now_ns)
        self._look_around(now_ns)
        return events

    def _adopt(self, now_ns: int) -> list[SessionEvent]:
        """Books that turn out to be shared begin as what their twin is now."""
        events: list[SessionEvent] = []
        for channel, name in sorted(self._shared):
            book = self._books.get(name)
            twin = self._books.get(canonical_instrument(name))
            if channel == _LEVEL2 and book and twin and twin.in_step and not book.in_step:
                book.load(twin.bids(), twin.asks())
                self._hear((channel, name), now_ns)
                events.append(BookInStep(NAME, name, book, now_ns))
        return events

    def _unshare(self, key: Key) -> None:
        """A frame of its own name came: the two are not one after all."""
        self._shared.discard(key)
        self._rename()

    def _refuse(self, message: str, now_ns: int) -> Sequence[SessionEvent]:
        """An error frame names no request: the one outstanding is meant."""
        events: list[SessionEvent] = []
        if is_too_soon(message):
            self._connection.postpone(now_ns)
            self._look_around(now_ns)
            return events
        for key in self._subscriptions.refused():
            topic = TOPICS.get(key[0])
            if topic is None:
                # Without heartbeats silence cannot be judged.
                self._connection.give_up("heartbeats were refused")
            elif topic is Topic.BOOK:
                if key[1] in self._books:
                    self._books[key[1]].mark_stale()
                events.append(BookStale(NAME, key[1], StaleReason.REFUSED, now_ns))
            else:
                age_ns = self._silence.age_ns(key, now_ns)
                events.append(TopicStalled(NAME, key[1], topic, age_ns, now_ns))
        self._look_around(now_ns)
        return events

    # ------------------------------------------------------------ books

    def _take_change(self, event: BookChanged, now_ns: int) -> Sequence[SessionEvent]:
        """A change of a book, nearly always of one with nothing to judge anew: a flood's way."""
        book = self._steady.get(event.instrument)
        if book is None or not book.in_step:
            return self._take_book(event, now_ns)
        key = (_LEVEL2, event.instrument)
        book.apply(event.changes)
        if book.is_crossed:
            return self._renew(key, StaleReason.CROSSED, now_ns)
        self._silence.heard_again(key, now_ns)
        return (book_updated(NAME, book, event, now_ns),)

    def _take_book(self, event: BookChanged | BookSnapshot, now_ns: int) -> Sequence[SessionEvent]:
        key = (_LEVEL2, event.instrument)
        names = self._names.get(key)
        if names is None:
            return ()
        events: list[SessionEvent] = []
        if key in self._shared:
            self._unshare(key)
            events += self._renew(key, StaleReason.GAP, now_ns)
            return events
        for name in names:
            book = self._books[name]
            was_in_step = book.in_step
            if isinstance(event, BookChanged):
                if not was_in_step:
                    continue
                book.apply(event.changes)
            elif self._may_load(name):
                book.load(event.bids, event.asks)
            else:
                continue
            if book.is_crossed:
                events += self._renew((_LEVEL2, name), StaleReason.CROSSED, now_ns)
                continue
            self._hear((_LEVEL2, name), now_ns)
            if was_in_step:
                events.append(book_updated(NAME, book, event, now_ns))
            else:
                events.append(BookInStep(NAME, name, book, now_ns, event.exchange_time_ns))
            if names == (event.instrument,):
                self._steady[name] = book
        return events

    def _own_key(self, name: str) -> Key:
        """The subscription that a book comes by: a shared one may come by its twin's."""
        key = (_LEVEL2, name)
        return (_LEVEL2, canonical_instrument(name)) if key in self._shared else key

    def _may_load(self, name: str) -> bool:
        """Whether a snapshot can be believed: not while its subscription is being ended (changes
        would stop without a word), and not after a gap.
        """  # noqa: D205
        return self._connection.is_open and self._subscriptions.is_delivering(self._own_key(name))

    def _all_stale(self, reason: StaleReason, now_ns: int) -> list[SessionEvent]:
        return [
            BookStale(NAME, name, reason, now_ns)
            for name, book in self._books.items()
            if book.mark_stale()
        ]

    def _renew(self, key: Key, reason: StaleReason, now_ns: int) -> list[SessionEvent]:
        """A book is stale, and its subscription begun anew; too often, and all is given up."""
        name = key[1]
        was_in_step = self._books[name].mark_stale()
        own = self._own_key(name)
        self._subscriptions.renew(own)
        self._silence.asked(key, now_ns)
        self._renewals[own] = self._renewals.get(own, 0) + 1
        if self._renewals[own] > RENEWALS_AT_MOST:
            self._connection.give_up(f"the book of {name} cannot be kept: {reason.value}")
        self._look_around(now_ns)
        return [BookStale(NAME, name, reason, now_ns)] if was_in_step else []

    # ------------------------------------------------------------ watchdogs

    def _watch(self, now_ns: int) -> list[SessionEvent]:
        if self._connection.is_silent(now_ns):
            return self._all_stale(StaleReason.STALLED, now_ns)
        if self._connection.is_unanswered(now_ns):
            return []
        events: list[SessionEvent] = []
        for key in self._silence.overdue(self._subscriptions.live(), now_ns):
            events += self._stall(key, now_ns)
        return events

    def _stall(self, key: Key, now_ns: int) -> list[SessionEvent]:
        channel, name = key
        twin = (channel, canonical_instrument(name))
        if twin != key and key not in self._shared and self._silence.has_delivered(twin):
            # Accepted, and silent under its own name while its twin's data flows: one book.
            self._shared.add(key)
            self._rename()
            return self._adopt(now_ns)
        age_ns = self._silence.age_ns(key, now_ns)
        stalled = TopicStalled(NAME, name, TOPICS[channel], age_ns, now_ns)
        if name in self._books and channel == _LEVEL2:
            return [*self._renew(key, StaleReason.STALLED, now_ns), stalled]
        return [stalled]

    def _look_around(self, now_ns: int) -> None:
        """Judge the state anew, and find when the next watchdog is due."""
        self._settled.clear()
        self._steady.clear()
        self._connection.at(now_ns)
        self._connection.judged(
            is_delivered=self._subscriptions.is_settled
            and all(
                self._books[name].in_step
                for channel, name in self._subscriptions.live()
                if channel == _LEVEL2 and name in self._books
            )
        )
        due_ns = self._silence.due_ns(self._subscriptions.live())
        self._deadline_ns = earliest(
            self._connection.deadline_ns, due_ns if self._connection.is_open else None
        )

    def _rename(self) -> None:
        self._settled.clear()
        self._steady.clear()
        self._names = names_by_product(
            self._wanted,
            self._shared,
            lambda key: self._subscriptions.standing(key) is not None,
        )
