"""The streams themselves: what their messages, their ends and their gaps say."""

from attrs import frozen

from venuetree.protocol.events.account import AccountNews, AccountReport
from venuetree.protocol.events.market import MarketEvent

__all__ = [
    "Event",
    "Heartbeat",
    "SequenceGap",
    "StreamConnected",
    "StreamDisconnected",
    "StreamEnding",
    "StreamErrorReported",
    "StreamEvent",
    "SubscriptionsConfirmed",
    "UnknownMessage",
]


@frozen
class Heartbeat:
    """The exchange is alive. `instrument` is `""` where it is not of one instrument."""

    exchange: str
    counter: int | None
    exchange_time_ns: int | None
    received_time_ns: int
    instrument: str = ""
    last_trade_id: str = ""


@frozen
class SubscriptionsConfirmed:
    """The connection's whole set of subscriptions, in the exchange's own words."""

    exchange: str
    channels: tuple[tuple[str, tuple[str, ...]], ...]
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class StreamErrorReported:
    """The exchange refused something on the stream; it seldom says what."""

    exchange: str
    message: str
    reason: str
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class StreamEnding:
    """The exchange will end this stream, or has ended what it carried: another must be opened."""

    exchange: str
    reason: str
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class UnknownMessage:
    """A well-formed message of a kind that we do not know; kept and told, never fatal."""

    exchange: str
    kind: str
    detail: str
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class SequenceGap:
    """Messages were lost: the connection's counter jumped."""

    exchange: str
    stream: str
    expected: int
    received: int
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class StreamConnected:
    """A stream is open and its subscriptions are being sent.

    Comes at the first connection and after every reconnect.
    """

    exchange: str
    #: Its name in the tree: `market-0`, `user`.
    stream: str
    received_time_ns: int
    exchange_time_ns: int | None = None


@frozen
class StreamDisconnected:
    """A stream is down; what was subscribed on it is not live until told otherwise.

    Comes before anything is repaired; books of that stream are told stale as well.
    """

    exchange: str
    #: Its name in the tree: `market-0`, `user`.
    stream: str
    #: For a person: the error's words, or the exchange's.
    reason: str
    received_time_ns: int
    exchange_time_ns: int | None = None


StreamEvent = (
    Heartbeat
    | SubscriptionsConfirmed
    | StreamErrorReported
    | StreamEnding
    | UnknownMessage
    | SequenceGap
    | StreamConnected
    | StreamDisconnected
)


#: What decoding a frame gives.
Event = MarketEvent | AccountReport | AccountNews | StreamEvent
