"""Frames to events: every channel of Advanced Trade, and the older Exchange feed by its shape.

Books, trades and tickers come by the ten thousand, so their events are built by hand from
orjson's dicts, field by field, with prices looked up in a bounded table. Every function here may
raise any of `MALFORMED`; `decode` alone translates.

Followed: "Advanced Trade WebSocket Channels" and "Advanced Trade WebSocket Overview".
"""

from collections.abc import Callable
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final

from venuetree.protocol.building import blank
from venuetree.protocol.events import (
    AccountSnapshot,
    BookChange,
    BookChanged,
    BookSnapshot,
    CandleChanged,
    Event,
    Heartbeat,
    InstrumentStatusChanged,
    OrderReported,
    SubscriptionsConfirmed,
    TickerChanged,
    TradePrinted,
    UnknownMessage,
)
from venuetree.protocol.exchanges.coinbase.feed import feed_events
from venuetree.protocol.exchanges.coinbase.reading import NAME, remote_error
from venuetree.protocol.exchanges.coinbase.reports import report_from_stream
from venuetree.protocol.models import Candle, Level, Side
from venuetree.protocol.numbers import DecimalTable, decimal_from, decimals_from, require_decimals
from venuetree.protocol.port import StreamKind
from venuetree.protocol.reading import (
    MALFORMED,
    optional_text,
    read_object,
    sample,
    text_of,
    texts_of,
)
from venuetree.protocol.timestamps import from_rfc3339, from_seconds

__all__ = ["decode", "events_of"]

#: Bids and offers of `l2_data`; the ask side is really spelled `offer`.
_BOOK_SIDES: Final = {"bid": Side.BUY, "offer": Side.SELL}
#: `market_trades` tell the maker's side: a resting BUY was hit by a seller.
_TAKER_SIDES: Final = {"BUY": Side.SELL, "SELL": Side.BUY}

#: Memory of pure results, bounded; two, so that passing quantities do not push out prices.
_prices: Final = DecimalTable()
_quantities: Final = DecimalTable()

#: Builds a named tuple without the detour through its Python-level `__new__`.
_tuple: Final = tuple.__new__
_price_of: Final = itemgetter(0)


def decode(
    frame: bytes | str, received_time_ns: int, kind: StreamKind | None = None
) -> tuple[Event, ...]:
    """The events of one frame, standing alone; never none.

    Args:
        frame: one WebSocket message.
        received_time_ns: our clock when it came, nanoseconds.
        kind: not needed here: a frame's own shape tells.

    Raises:
        RemoteProtocolError: it is none of the messages that the documents describe.
    """
    del kind
    try:
        return events_of(read_object(frame), received_time_ns)
    except MALFORMED as error:
        raise remote_error(error, frame) from error


def events_of(message: dict[str, Any], received_time_ns: int) -> tuple[Event, ...]:
    """The events of a message already read; raises any of `MALFORMED`."""
    channel = message.get("channel")
    if channel is None:
        # Error frames have no channel either, and the same shape on both.
        return feed_events(message, received_time_ns)
    read = _CHANNELS.get(channel)
    if read is None:
        return (_unknown(message, text_of(channel), "", received_time_ns),)
    return read(message, received_time_ns) or (
        _unknown(message, channel, "nothing in it", received_time_ns),
    )


def _sent_time_ns(message: dict[str, Any]) -> int | None:
    text = message.get("timestamp")
    return None if text is None else from_rfc3339(text)


def _unknown(
    message: dict[str, Any], kind: str, detail: str, received_time_ns: int
) -> UnknownMessage:
    return UnknownMessage(
        NAME, kind, detail or sample(message), _sent_time_ns(message), received_time_ns
    )


# ---------------------------------------------------------------- hot


_blank_trade: Final = blank(TradePrinted)
_blank_change: Final = blank(BookChanged)
_blank_ticker: Final = blank(TickerChanged)


def _trades(message: dict[str, Any], received_time_ns: int) -> tuple[Event, ...]:
    kind, new, name, prices, quantity_of, takers, time_of = (
        TradePrinted,
        _blank_trade,
        NAME,
        _prices,
        decimal_from,
        _TAKER_SIDES,
        from_rfc3339,
    )
    events: list[Event] = []
    for event in message["events"]:
        is_past = event["type"] == "snapshot"
        for trade in event["trades"]:
            trade_id = trade["trade_id"]
            product = trade["product_id"]
            if type(trade_id) is not str or type(product) is not str:
                text = "trade_id and product_id must be text"
                raise TypeError(text)
            printed = new()
            printed.exchange = name
            printed.instrument = product
            printed.trade_id = trade_id
            printed.price = prices[trade["price"]]
            # A size comes once, mostly: remembering it would cost more than it saves.
            printed.quantity = quantity_of(trade["size"])
            printed.taker_side = takers[trade["side"]]
            printed.exchange_time_ns = time_of(trade["time"])
            printed.received_time_ns = received_time_ns
            printed.is_past = is_past
            printed.__class__ = kind
            events.append(printed)
    return tuple(events)


def _level2(message: dict[str, Any], received_time_ns: int) -> tuple[Event, ...]:
    sent_ns = _sent_time_ns(message)
    events: list[Event] = []
    for event in message["events"]:
        product = event["product_id"]
        if type(product) is not str:
            text = "product_id must be text"
            raise TypeError(text)
        kind = event["type"]
        if kind == "update":
            changed = _blank_change()
            changed.exchange = NAME
            changed.instrument = product
            changed.changes = _changes(event["updates"])
            changed.exchange_time_ns = sent_ns
            changed.received_time_ns = received_time_ns
            changed.first_update_id = None
            changed.last_update_id = None
            changed.__class__ = BookChanged
            events.append(changed)
        elif kind == "snapshot":
            bids, asks = _levels(event["updates"])
            events.append(BookSnapshot(NAME, product, bids, asks, sent_ns, received_time_ns))
        else:
            events.append(_unknown(message, f"l2_data {kind}", "", received_time_ns))
    return tuple(events)


def _changes(updates: Any) -> tuple[BookChange, ...]:
    # Most quantities come once, which no table helps: they are checked all at once instead.
    require_decimals([update["new_quantity"] for update in updates])
    sides, prices, build, kind, number = _BOOK_SIDES, _prices, _tuple, BookChange, Decimal
    changes: list[BookChange] = [
        build(
            kind,
            (
                sides[update["side"]],
                prices[update["price_level"]],
                number(update["new_quantity"]),
            ),
        )
        for update in updates
    ]
    return tuple(changes)


def _levels(updates: Any) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    """A snapshot's bids and asks, best first: the wire promises no order.

    Tens of thousands of prices, each of them once: looked up, they would only push others out.
    """
    sides = [_BOOK_SIDES[update["side"]] for update in updates]
    prices = decimals_from([update["price_level"] for update in updates])
    quantities = decimals_from([update["new_quantity"] for update in updates])
    bids: list[Level] = []
    asks: list[Level] = []
    buy, build, kind = Side.BUY, _tuple, Level
    for side, price, quantity in zip(sides, prices, quantities, strict=True):
        if quantity:
            (bids if side is buy else asks).append(build(kind, (price, quantity)))
    bids.sort(key=_price_of, reverse=True)
    asks.sort(key=_price_of)
    return tuple(bids), tuple(asks)


def _tickers(message: dict[str, Any], received_time_ns: int) -> tuple[Event, ...]:
    sent_ns = _sent_time_ns(message)
    prices, quantities = _prices, _quantities
    events: list[Event] = []
    for event in message["events"]:
        for ticker in event["tickers"]:
            get = ticker.get
            # "" and absence both mean "no value"; `ticker_batch` has no best bid and ask.
            last, volume = get("price"), get("volume_24_h")
            bid, bid_quantity = get("best_bid"), get("best_bid_quantity")
            ask, ask_quantity = get("best_ask"), get("best_ask_quantity")
            low, high = get("low_24_h"), get("high_24_h")
            told = _blank_ticker()
            told.exchange = NAME
            told.instrument = text_of(ticker["product_id"])
            told.last_price = prices[last] if last else None
            told.bid = prices[bid] if bid else None
            told.bid_quantity = quantities[bid_quantity] if bid_quantity else None
            told.ask = prices[ask] if ask else None
            told.ask_quantity = quantities[ask_quantity] if ask_quantity else None
            told.volume_24h = quantities[volume] if volume else None
            told.low_24h = prices[low] if low else None
            told.high_24h = prices[high] if high else None
            told.exchange_time_ns = sent_ns
            told.received_time_ns = received_time_ns
            told.trade_id = ""
            told.last_quantity = None
            told.__class__ = TickerChanged
            events.append(told)
    return tuple(events)


# ---------------------------------------------------------------- cold


def _candles(message: dict[str, Any], received_time_ns: int) -> tuple[Event, ...]:
    sent_ns = _sent_time_ns(message)
    return tuple(
        CandleChanged(
            NAME,
            text_of(candle["product_id"]),
            Candle(
                start_time_ns=from_seconds(candle["start"]),
                open=decimal_from(candle["open"]),
                high=decimal_from(candle["high"]),
                low=decimal_from(candle["low"]),
                close=decimal_from(candle["close"]),
                volume=decimal_from(candle["volume"]),
            ),
            sent_ns,
            received_time_ns,
        )
        for event in message["events"]
        for candle in event["candles"]
    )


def _status(message: dict[str, Any], received_time_ns: int) -> tuple[Event, ...]:
    sent_ns = _sent_time_ns(message)
    return tuple(
        InstrumentStatusChanged(
            NAME,
            text_of(product["id"]),
            optional_text(product, "status"),
            optional_text(product, "status_message"),
            sent_ns,
            received_time_ns,
        )
        for event in message["events"]
        for product in event["products"]
    )


def _heartbeats(message: dict[str, Any], received_time_ns: int) -> tuple[Event, ...]:
    sent_ns = _sent_time_ns(message)
    return tuple(
        Heartbeat(NAME, _counter(event.get("heartbeat_counter")), sent_ns, received_time_ns)
        for event in message["events"]
    )


def _counter(value: Any) -> int | None:
    """`heartbeat_counter`: an integer now, text in older frames."""
    if value is None or type(value) is int:
        return value
    number = decimal_from(value)
    if number != number.to_integral_value():
        text = f"not a counter: {value!r}"
        raise ValueError(text)
    return int(number)


def _subscriptions(message: dict[str, Any], received_time_ns: int) -> tuple[Event, ...]:
    return (
        SubscriptionsConfirmed(
            NAME,
            tuple(
                (text_of(channel), texts_of(products))
                for event in message["events"]
                for channel, products in event["subscriptions"].items()
            ),
            _sent_time_ns(message),
            received_time_ns,
        ),
    )


def _user(message: dict[str, Any], received_time_ns: int) -> tuple[Event, ...]:
    sent_ns = _sent_time_ns(message)
    events: list[Event] = []
    for event in message["events"]:
        # null or absent when only positions changed.
        orders = event.get("orders")
        for order in orders or ():
            report = report_from_stream(order, sent_ns, received_time_ns)
            events.append(OrderReported(NAME, report, sent_ns, received_time_ns))
        if orders == [] and event.get("type") == "snapshot":
            events.append(AccountSnapshot(NAME, (), sent_ns, received_time_ns))
        positions = event.get("positions")
        if positions and any(positions.values()):
            events.append(_unknown(message, "user positions", sample(positions), received_time_ns))
    return tuple(events)


def _futures_balance(message: dict[str, Any], received_time_ns: int) -> tuple[Event, ...]:
    """Told as it is: the engine trades no futures yet."""
    return (
        _unknown(message, "futures_balance_summary", sample(message["events"]), received_time_ns),
    )


_CHANNELS: Final[dict[str, Callable[[dict[str, Any], int], tuple[Event, ...]]]] = {
    "market_trades": _trades,
    "l2_data": _level2,
    "ticker": _tickers,
    "ticker_batch": _tickers,
    "candles": _candles,
    "status": _status,
    "heartbeats": _heartbeats,
    "subscriptions": _subscriptions,
    "user": _user,
    "futures_balance_summary": _futures_balance,
}
