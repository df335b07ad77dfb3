"""What comes by one stream: told as it is, numbered, or (in `books`) kept as a book.

Each remembers how far it has told, so that another connection can go on from there.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final, Protocol

from venuetree.protocol.events import (
    AggregateTradePrinted,
    BestPricesChanged,
    BookChanged,
    BookTopChanged,
    CandleChanged,
    SequenceGap,
    TickerChanged,
    TopicStalled,
    TradePrinted,
)
from venuetree.protocol.exchanges.binance_us.reading import NAME
from venuetree.protocol.exchanges.binance_us.streams import stream_name
from venuetree.protocol.models import Topic
from venuetree.protocol.port import SessionEvent, Subscription
from venuetree.protocol.session import Continuity, Place

__all__ = ["Counted", "Delivery", "Plain", "delivery_of", "is_of_market", "stream_of"]


class Delivery(Protocol):
    """One stream that is wanted.

    Attributes:
        subscription: what it is of.
        instrument: the subscription's.
        kind: the only class of event that it takes.
        heard_ns: when it last gave something, or began.
    """

    subscription: Subscription
    instrument: str
    kind: type
    heard_ns: int

    def take(self, event: Any, now_ns: int) -> Sequence[SessionEvent]:
        """An event of its kind came; what is to be told."""
        ...

    def follow(self, before: "Delivery | None", now_ns: int) -> Sequence[SessionEvent]:
        """Go on from where another connection has come to; what subscribers must hear of it."""
        ...


#: By what the events of a stream are in order: its own counter, or the exchange's clock.
_POSITIONS: Final[Mapping[type, Callable[[Any], int | None]]] = {
    TickerChanged: attrgetter("exchange_time_ns"),
    BestPricesChanged: attrgetter("update_id"),
    BookTopChanged: attrgetter("last_update_id"),
    CandleChanged: attrgetter("exchange_time_ns"),
}
_NUMBERS: Final[Mapping[type, Callable[[Any], str]]] = {
    TradePrinted: attrgetter("trade_id"),
    AggregateTradePrinted: attrgetter("aggregate_id"),
}
_KINDS: Final[Mapping[Topic, type]] = {
    Topic.TRADES: TradePrinted,
    Topic.AGGREGATE_TRADES: AggregateTradePrinted,
    Topic.TICKER: TickerChanged,
    Topic.TICKER_BATCH: TickerChanged,
    Topic.BEST_PRICES: BestPricesChanged,
    Topic.BOOK_TOP: BookTopChanged,
    Topic.CANDLES: CandleChanged,
}
#: The other way round; small tickers are told from whole ones by what they lack.
_TOPICS: Final[Mapping[type, Topic]] = {
    kind: topic for topic, kind in _KINDS.items() if topic is not Topic.TICKER_BATCH
}


class Plain:
    """A stream whose events each stand for themselves: the newest is all that counts."""

    __slots__ = ("_floor", "_position", "heard_ns", "instrument", "kind", "last", "subscription")

    def __init__(self, subscription: Subscription, kind: type, now_ns: int) -> None:
        self.subscription = subscription
        self.instrument = subscription.instrument
        self.kind = kind
        self.heard_ns = now_ns
        self._position = _POSITIONS[kind]
        #: The last event told.
        self.last: Any = None
        #: Another connection has told up to here; None once this one is beyond it.
        self._floor: int | None = None

    def take(self, event: Any, now_ns: int) -> Sequence[SessionEvent]:
        """Told as it is, unless another connection told it before."""
        if self._floor is not None:
            position = self._position(event)
            if position is not None and position <= self._floor:
                return ()
            self._floor = None
        self.heard_ns = now_ns
        self.last = event
        return (event,)

    def follow(self, before: Delivery | None, now_ns: int) -> Sequence[SessionEvent]:
        """Go on from where another connection has come to."""
        del now_ns
        if isinstance(before, Plain):
            self.last = before.last
            self._floor = None if before.last is None else self._position(before.last)
        return ()


class Counted:
    """A stream of trades: their ids grow by one, so a loss shows and a repetition too."""

    __slots__ = (
        "_continuity",
        "_label",
        "_number",
        "heard_ns",
        "instrument",
        "kind",
        "subscription",
    )

    def __init__(self, subscription: Subscription, kind: type, label: str, now_ns: int) -> None:
        """`label` is how a gap names the stream."""
        self.subscription = subscription
        self.instrument = subscription.instrument
        self.kind = kind
        self.heard_ns = now_ns
        self._label = label
        self._number = _NUMBERS[kind]
        self._continuity = Continuity()

    def take(self, event: Any, now_ns: int) -> Sequence[SessionEvent]:
        """Told once; after a loss, the loss is told first."""
        number = int(self._number(event))
        continuity = self._continuity
        expected = continuity.expected
        heard_ns = self.heard_ns
        if number == expected:
            # Nearly always.
            continuity.expected = number + 1
            self.heard_ns = now_ns
            return (event,)
        place = continuity.take(number)
        if place is Place.PAST:
            return ()
        self.heard_ns = now_ns
        if place is Place.NEXT or expected is None:
            return (event,)
        topic = self.subscription.topic
        return (
            SequenceGap(NAME, self._label, expected, number, None, now_ns),
            TopicStalled(NAME, self.instrument, topic, now_ns - heard_ns, now_ns),
            event,
        )

    def follow(self, before: Delivery | None, now_ns: int) -> Sequence[SessionEvent]:
        """Go on from where another connection has come to."""
        del now_ns
        # What came here until now is gone through once more, and by the other's count.
        self._continuity = Continuity()
        if isinstance(before, Counted):
            self._continuity.expected = before._continuity.expected  # noqa: SLF001 - one of ours
        return ()


def is_of_market(event: Any) -> bool:
    """Whether it is data of one stream."""
    return event.__class__ in _TOPICS or event.__class__ is BookChanged


def stream_of(event: Any) -> str:
    """The stream by which an event of one came; `""` if it is no such event."""
    topic = _TOPICS.get(event.__class__)
    if topic is None:
        return ""
    if topic is Topic.TICKER and event.bid is None:
        topic = Topic.TICKER_BATCH
    return stream_name(Subscription(event.instrument, topic))


def delivery_of(subscription: Subscription, connection: str, now_ns: int) -> Plain | Counted:
    """How the stream of a topic other than a book is taken."""
    kind = _KINDS[subscription.topic]
    if kind in _NUMBERS:
        label = f"{connection} {subscription.topic.value} {subscription.instrument}"
        return Counted(subscription, kind, label, now_ns)
    return Plain(subscription, kind, now_ns)
