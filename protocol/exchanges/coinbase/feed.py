"""The older Coinbase Exchange feed (`wss://ws-feed.exchange.coinbase.com`), behind our events.

It shares matching engine and trade ids with Advanced Trade. Numbers are text except `sequence`
and `trade_id`. `match.side` is the maker's, `ticker.side` the taker's: opposite for one trade.

Followed: "Exchange WebSocket Channels".
"""

from collections.abc import Callable
from typing import Any, Final

from venuetree.protocol.events import (
    BookChange,
    BookChanged,
    BookSnapshot,
    Event,
    Heartbeat,
    InstrumentStatusChanged,
    StreamErrorReported,
    SubscriptionsConfirmed,
    TickerChanged,
    TradePrinted,
    UnknownMessage,
)
from venuetree.protocol.exchanges.coinbase.reading import NAME
from venuetree.protocol.models import Level, Side
from venuetree.protocol.numbers import DecimalTable
from venuetree.protocol.reading import optional_text, sample, text_of, texts_of
from venuetree.protocol.timestamps import from_rfc3339, optional_rfc3339

__all__ = ["feed_events"]

_BOOK_SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
#: A match tells the maker's side.
_TAKER_SIDES: Final = {"buy": Side.SELL, "sell": Side.BUY}

_prices: Final = DecimalTable()
_quantities: Final = DecimalTable()


def feed_events(message: dict[str, Any], received_time_ns: int) -> tuple[Event, ...]:
    """The events of a message of the older feed; raises any of `reading.MALFORMED`."""
    kind = text_of(message["type"])
    read = _TYPES.get(kind)
    if read is None:
        # The order-by-order events of `full` (received, open, done, change, activate), auctions,
        # balances, and whatever comes new: told, not interpreted.
        return (
            UnknownMessage(
                NAME,
                kind,
                sample(message),
                optional_rfc3339(message.get("time")),
                received_time_ns,
            ),
        )
    return read(message, received_time_ns) or (
        UnknownMessage(NAME, kind, "nothing in it", None, received_time_ns),
    )


def _id(value: Any) -> str:
    """A `trade_id`, an integer here and text elsewhere, as text."""
    if type(value) is int:
        return str(value)
    return text_of(value)


def _match(message: dict[str, Any], received_time_ns: int) -> tuple[Event, ...]:
    return (
        TradePrinted(
            NAME,
            text_of(message["product_id"]),
            _id(message["trade_id"]),
            _prices[message["price"]],
            _quantities[message["size"]],
            _TAKER_SIDES[message["side"]],
            from_rfc3339(message["time"]),
            received_time_ns,
            # `last_match` tells the trade before the subscription.
            message["type"] == "last_match",
        ),
    )


def _level2_changes(message: dict[str, Any], received_time_ns: int) -> tuple[Event, ...]:
    changes = tuple(
        BookChange(_BOOK_SIDES[side], _prices[price], _quantities[quantity])
        for side, price, quantity in message["changes"]
    )
    return (
        BookChanged(
            NAME,
            text_of(message["product_id"]),
            changes,
            optional_rfc3339(message.get("time")),
            received_time_ns,
        ),
    )


def _level2_snapshot(message: dict[str, Any], received_time_ns: int) -> tuple[Event, ...]:
    return (
        BookSnapshot(
            NAME,
            text_of(message["product_id"]),
            tuple(sorted(_levels(message["bids"]), reverse=True)),
            tuple(sorted(_levels(message["asks"]))),
            optional_rfc3339(message.get("time")),
            received_time_ns,
        ),
    )


def _levels(rows: Any) -> list[Level]:
    levels = [Level(_prices[price], _quantities[quantity]) for price, quantity in rows]
    return [level for level in levels if level.quantity]


def _ticker(message: dict[str, Any], received_time_ns: int) -> tuple[Event, ...]:
    get = message.get
    last, last_quantity, volume = get("price"), get("last_size"), get("volume_24h")
    bid, bid_quantity = get("best_bid"), get("best_bid_size")
    ask, ask_quantity = get("best_ask"), get("best_ask_size")
    low, high, trade_id = get("low_24h"), get("high_24h"), get("trade_id")
    return (
        TickerChanged(
            NAME,
            text_of(message["product_id"]),
            _prices[last] if last else None,
            _prices[bid] if bid else None,
            _quantities[bid_quantity] if bid_quantity else None,
            _prices[ask] if ask else None,
            _quantities[ask_quantity] if ask_quantity else None,
            _quantities[volume] if volume else None,
            _prices[low] if low else None,
            _prices[high] if high else None,
            optional_rfc3339(get("time")),
            received_time_ns,
            "" if trade_id is None else _id(trade_id),
            _quantities[last_quantity] if last_quantity else None,
        ),
    )


def _heartbeat(message: dict[str, Any], received_time_ns: int) -> tuple[Event, ...]:
    last = message.get("last_trade_id")
    return (
        Heartbeat(
            NAME,
            None,
            optional_rfc3339(message.get("time")),
            received_time_ns,
            text_of(message["product_id"]),
            "" if last is None else _id(last),
        ),
    )


def _subscriptions(message: dict[str, Any], received_time_ns: int) -> tuple[Event, ...]:
    channels = tuple(
        (text_of(channel["name"]), texts_of(channel.get("product_ids")))
        for channel in message["channels"]
    )
    return (SubscriptionsConfirmed(NAME, channels, None, received_time_ns),)


def _status(message: dict[str, Any], received_time_ns: int) -> tuple[Event, ...]:
    return tuple(
        InstrumentStatusChanged(
            NAME,
            text_of(product["id"]),
            optional_text(product, "status"),
            optional_text(product, "status_message"),
            None,
            received_time_ns,
        )
        for product in message["products"]
    )


def _error(message: dict[str, Any], received_time_ns: int) -> tuple[Event, ...]:
    return (
        StreamErrorReported(
            NAME,
            optional_text(message, "message"),
            optional_text(message, "reason"),
            None,
            received_time_ns,
        ),
    )


_TYPES: Final[dict[str, Callable[[dict[str, Any], int], tuple[Event, ...]]]] = {
    "match": _match,
    "last_match": _match,
    "l2update": _level2_changes,
    "snapshot": _level2_snapshot,
    "ticker": _ticker,
    "heartbeat": _heartbeat,
    "subscriptions": _subscriptions,
    "status": _status,
    "error": _error,
}
