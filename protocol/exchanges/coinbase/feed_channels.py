"""The older feed's channels: their names, their echoes, and the messages that ask for them.

Inside, a subscription goes by Advanced Trade's channel name (`subscriptions.Key`), so that both
sessions share what judges requests and silence; these tables are the only translation.

Followed: "Exchange WebSocket Overview", "Exchange WebSocket Channels".
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from venuetree.protocol.errors import NotSupported
from venuetree.protocol.exchanges.coinbase.reading import NAME
from venuetree.protocol.exchanges.coinbase.silence import CHANNELS
from venuetree.protocol.exchanges.coinbase.subscriptions import HEARTBEATS, Key, Request
from venuetree.protocol.models import Topic
from venuetree.protocol.port import Subscription

__all__ = ["LEVEL2", "STATUS", "TICKERS", "TRADES", "BookChannel", "FeedChannels", "key_of"]

LEVEL2: Final = CHANNELS[Topic.BOOK]
TRADES: Final = CHANNELS[Topic.TRADES]
#: Frames of both have the same type: they cannot be told apart.
TICKERS: Final = (CHANNELS[Topic.TICKER], CHANNELS[Topic.TICKER_BATCH])
#: All instruments come at once; there is no subscribing to one.
STATUS: Final[Key] = (CHANNELS[Topic.STATUS], "")


class BookChannel(Enum):
    """Which channel books come by."""

    #: Open to all: changes gathered over 50 ms.
    OPEN = "level2_batch"
    #: Each change at once; needs a key of the Exchange.
    SIGNED = "level2"


def key_of(subscription: Subscription) -> Key:
    """The subscription's key; `NotSupported` for candles, which this feed does not have."""
    match subscription.topic:
        case Topic.STATUS:
            return STATUS
        case Topic.CANDLES:
            raise NotSupported(
                "the older feed has no candles", exchange=NAME, operation="subscribe"
            )
        case topic:
            return CHANNELS[topic], subscription.instrument


#: Acknowledgements list these channels under another name than they were asked by.
_ECHOES: Final = {"level2_batch": "level2_50", "ticker_batch": "ticker_1000"}


class FeedChannels:
    """The names of one connection, which differ by the channel that its books come by."""

    def __init__(self, book: BookChannel) -> None:
        self._book = book
        self._names: Mapping[str, str] = {
            **{channel: channel for channel in (*TICKERS, STATUS[0])},
            HEARTBEATS: "heartbeat",
            TRADES: "matches",
            LEVEL2: book.value,
        }
        self._channels = {
            spelling: channel
            for channel, name in self._names.items()
            for spelling in (name, _ECHOES.get(name, name))
        }

    def fields(self, request: Request) -> dict[str, object]:
        """The message: `{"type":"subscribe","channels":["matches"],"product_ids":["BTC-USD"]}`."""
        channels = [self._names[request.channel]]
        fields: dict[str, object] = {"type": request.verb.value, "channels": channels}
        if request.products != ("",):
            fields["product_ids"] = list(request.products)
        return fields

    def is_signed(self, channel: str) -> bool:
        """Whether subscribing to this channel needs a signature."""
        return channel == LEVEL2 and self._book is BookChannel.SIGNED

    def listed(self, channels: tuple[tuple[str, tuple[str, ...]], ...]) -> frozenset[Key]:
        """The subscriptions that an acknowledgement lists, of those that we know."""
        return frozenset(
            (channel, product)
            for name, products in channels
            if (channel := self._channels.get(name)) is not None
            for product in (products if channel != STATUS[0] else ("",))
        )
