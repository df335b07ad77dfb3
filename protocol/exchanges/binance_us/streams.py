"""What a topic of an instrument is called as a stream of the exchange.

Followed: "Websocket Market Streams".
"""

from typing import Final

from venuetree.protocol.errors import NotSupported
from venuetree.protocol.exchanges.binance_us.reading import NAME, symbol_name
from venuetree.protocol.models import Topic
from venuetree.protocol.port import Subscription

__all__ = ["stream_name"]

#: Changes and tops of books at the faster of their two speeds; candles of a minute.
_CHANNELS: Final = {
    Topic.TRADES: "trade",
    Topic.AGGREGATE_TRADES: "aggTrade",
    Topic.TICKER: "ticker",
    Topic.TICKER_BATCH: "miniTicker",
    Topic.BEST_PRICES: "bookTicker",
    Topic.BOOK: "depth@100ms",
    Topic.BOOK_TOP: "depth20@100ms",
    Topic.CANDLES: "kline_1m",
}


def stream_name(subscription: Subscription) -> str:
    """`btcusd@trade`; `NotSupported` if there is no such stream."""
    channel = _CHANNELS.get(subscription.topic)
    if channel is None:
        message = f"there is no stream of {subscription.topic.value}"
        raise NotSupported(message, exchange=NAME, operation="subscribe")
    return f"{symbol_name(subscription.instrument).lower()}@{channel}"
