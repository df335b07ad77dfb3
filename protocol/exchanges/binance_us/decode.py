"""Frames to events: market streams, the account's own, and what is said of a connection.

Trades, depth and best prices come by the ten thousand, so their events are built by hand from
orjson's dicts, field by field, with prices looked up in a bounded table. Every function here may
raise any of `MALFORMED`; `decode` alone translates.

A frame is bare, wrapped by a combined stream (`stream`, `data`) or by the WebSocket API
(`subscriptionId`, `event`). Best prices and the top of a book carry no name of their kind, and the
latter no symbol either: those are told by the name of their stream.

Followed: "Websocket Market Streams"; "User Data Streams"; "WebSocket API: response format".
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import orjson

from venuetree.protocol.building import blank
from venuetree.protocol.events import (
    AccountNotice,
    AggregateTradePrinted,
    BalancesChanged,
    BestPricesChanged,
    BookChange,
    BookChanged,
    BookTopChanged,
    CandleChanged,
    Event,
    FillReported,
    OrderReported,
    StreamEnding,
    StreamErrorReported,
    SubscriptionsConfirmed,
    TickerChanged,
    TradePrinted,
    UnknownMessage,
)
from venuetree.protocol.exchanges.binance_us.reading import (
    MILLISECOND,
    NAME,
    Symbols,
    remote_error,
)
from venuetree.protocol.exchanges.binance_us.reports import (
    fill_from_event,
    integer,
    optional_time_ns,
    report_from_event,
    time_ns,
)
from venuetree.protocol.models import Balance, Candle, Level, Side
from venuetree.protocol.numbers import DecimalTable, decimal_from, require_decimals
from venuetree.protocol.port import StreamKind
from venuetree.protocol.reading import MALFORMED, optional_text, sample, text_of

__all__ = ["decode", "events_of", "payloads_of"]

#: Memory of pure results, bounded; two, so that passing quantities do not push out prices.
_prices: Final = DecimalTable()
_quantities: Final = DecimalTable()
#: Builds a named tuple without the detour through its Python-level `__new__`.
_tuple: Final = tuple.__new__

_Message = Mapping[str, Any]


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
    symbols = Symbols()
    try:
        events: list[Event] = []
        for message, stream in payloads_of(orjson.loads(frame)):
            events += events_of(message, received_time_ns, symbols, stream)
    except MALFORMED as error:
        raise remote_error(error, frame) from error
    return tuple(events) or (UnknownMessage(NAME, "empty", "[]", None, received_time_ns),)


def payloads_of(message: Any) -> list[tuple[dict[str, Any], str]]:
    """The payloads of a frame, unwrapped, each with its stream's name where that is told."""
    stream = ""
    if type(message) is dict:
        if "data" in message and "stream" in message:
            stream, message = text_of(message["stream"]), message["data"]
        elif "event" in message and type(message["event"]) is dict:
            message = message["event"]
    found = message if type(message) is list else [message]
    for payload in found:
        if type(payload) is not dict:
            text = f"a message must be a JSON object, not {type(payload).__name__}"
            raise TypeError(text)
    return [(payload, stream) for payload in found]


def events_of(
    message: dict[str, Any], received_time_ns: int, symbols: Symbols, stream: str = ""
) -> tuple[Event, ...]:
    """The events of an unwrapped message; raises any of `MALFORMED`.

    `stream` is the name under which a combined connection told it.
    """
    kind = message.get("e")
    if kind is None:
        return _nameless(message, received_time_ns, symbols, stream)
    read = _KINDS.get(kind)
    if read is None:
        return (_unknown(message, text_of(kind), received_time_ns),)
    return read(message, received_time_ns, symbols)


def _unknown(message: _Message, kind: str, received_time_ns: int) -> UnknownMessage:
    return UnknownMessage(
        NAME, kind, sample(message), optional_time_ns(message.get("E"), "E"), received_time_ns
    )


# ---------------------------------------------------------------- hot


_blank_trade: Final = blank(TradePrinted)
_blank_aggregate: Final = blank(AggregateTradePrinted)
_blank_change: Final = blank(BookChanged)
_blank_best: Final = blank(BestPricesChanged)
_blank_candle: Final = blank(Candle)
_blank_candle_change: Final = blank(CandleChanged)
_blank_ticker: Final = blank(TickerChanged)


def _taker_side(buyer_is_maker: Any) -> Side:
    """`m`: where the buyer was the maker, it was the taker who sold."""
    if buyer_is_maker is True:
        return Side.SELL
    if buyer_is_maker is False:
        return Side.BUY
    text = f"m must be true or false, not {buyer_is_maker!r:.40}"
    raise TypeError(text)


def _trade(message: _Message, received_time_ns: int, symbols: Symbols) -> tuple[Event, ...]:
    number, time_ms = message["t"], message["T"]
    if type(number) is not int or type(time_ms) is not int:
        text = "t and T must be integers"
        raise TypeError(text)
    printed = _blank_trade()
    printed.exchange = NAME
    printed.instrument = symbols.name(message["s"])
    printed.trade_id = str(number)
    printed.price = _prices[message["p"]]
    printed.quantity = decimal_from(message["q"])
    printed.taker_side = _taker_side(message["m"])
    printed.exchange_time_ns = time_ms * MILLISECOND
    printed.received_time_ns = received_time_ns
    printed.is_past = False
    printed.__class__ = TradePrinted
    return (printed,)


def _aggregate(message: _Message, received_time_ns: int, symbols: Symbols) -> tuple[Event, ...]:
    printed = _blank_aggregate()
    printed.exchange = NAME
    printed.instrument = symbols.name(message["s"])
    printed.aggregate_id = str(integer(message["a"], "a"))
    printed.first_trade_id = str(integer(message["f"], "f"))
    printed.last_trade_id = str(integer(message["l"], "l"))
    printed.price = _prices[message["p"]]
    printed.quantity = decimal_from(message["q"])
    printed.taker_side = _taker_side(message["m"])
    printed.exchange_time_ns = time_ns(message["T"], "T")
    printed.received_time_ns = received_time_ns
    printed.__class__ = AggregateTradePrinted
    return (printed,)


def _depth(message: _Message, received_time_ns: int, symbols: Symbols) -> tuple[Event, ...]:
    bids, asks = message["b"], message["a"]
    first, last, time_ms = message["U"], message["u"], message["E"]
    if type(first) is not int or type(last) is not int or type(time_ms) is not int:
        text = "U, u and E must be integers"
        raise TypeError(text)
    if first > last:
        text = f"changes from {first} to {last} run backwards"
        raise ValueError(text)
    prices, new, change, buy, sell = _prices, _tuple, BookChange, Side.BUY, Side.SELL
    quantities = [quantity for _, quantity in bids]
    quantities += [quantity for _, quantity in asks]
    require_decimals(quantities)
    changes = [new(change, (buy, prices[price], Decimal(quantity))) for price, quantity in bids]
    changes += [new(change, (sell, prices[price], Decimal(quantity))) for price, quantity in asks]
    changed = _blank_change()
    changed.exchange = NAME
    changed.instrument = symbols.name(message["s"])
    changed.changes = tuple(changes)
    changed.exchange_time_ns = time_ms * MILLISECOND
    changed.received_time_ns = received_time_ns
    changed.first_update_id = first
    changed.last_update_id = last
    changed.__class__ = BookChanged
    return (changed,)


def _best(message: _Message, received_time_ns: int, symbols: Symbols) -> tuple[Event, ...]:
    bid, ask = _prices[message["b"]], _prices[message["a"]]
    bid_quantity, ask_quantity = _quantities[message["B"]], _quantities[message["A"]]
    changed = _blank_best()
    changed.exchange = NAME
    changed.instrument = symbols.name(message["s"])
    changed.bid = bid if bid_quantity else None
    changed.bid_quantity = bid_quantity or None
    changed.ask = ask if ask_quantity else None
    changed.ask_quantity = ask_quantity or None
    changed.exchange_time_ns = optional_time_ns(message.get("E"), "E")
    changed.received_time_ns = received_time_ns
    changed.update_id = integer(message["u"], "u")
    changed.__class__ = BestPricesChanged
    return (changed,)


def _candle(message: _Message, received_time_ns: int, symbols: Symbols) -> tuple[Event, ...]:
    told = message["k"]
    candle = _blank_candle()
    candle.start_time_ns = time_ns(told["t"], "t")
    candle.open = _prices[told["o"]]
    candle.high = _prices[told["h"]]
    candle.low = _prices[told["l"]]
    candle.close = _prices[told["c"]]
    candle.volume = decimal_from(told["v"])
    candle.__class__ = Candle
    changed = _blank_candle_change()
    changed.exchange = NAME
    changed.instrument = symbols.name(message["s"])
    changed.candle = candle
    changed.exchange_time_ns = time_ns(message["E"], "E")
    changed.received_time_ns = received_time_ns
    changed.__class__ = CandleChanged
    return (changed,)


#: Tickers whose figures are those of 24 hours.
_OF_A_DAY: Final = frozenset({"24hrTicker", "24hrMiniTicker"})


def _ticker(message: _Message, received_time_ns: int, symbols: Symbols) -> tuple[Event, ...]:
    """A whole ticker, or a small one without best prices."""
    last_id = message.get("L")
    ticker = _blank_ticker()
    ticker.exchange = NAME
    ticker.instrument = symbols.name(message["s"])
    ticker.last_price = _prices[message["c"]]
    ticker.bid, ticker.bid_quantity = _side(message, "b", "B")
    ticker.ask, ticker.ask_quantity = _side(message, "a", "A")
    # Those of another window are no figures of 24 hours.
    is_of_a_day = message["e"] in _OF_A_DAY
    ticker.volume_24h = decimal_from(message["v"]) if is_of_a_day else None
    ticker.low_24h = _prices[message["l"]] if is_of_a_day else None
    ticker.high_24h = _prices[message["h"]] if is_of_a_day else None
    ticker.exchange_time_ns = time_ns(message["E"], "E")
    ticker.received_time_ns = received_time_ns
    # Negative where nothing was traded.
    ticker.trade_id = str(last_id) if type(last_id) is int and last_id >= 0 else ""
    ticker.last_quantity = _quantities[message["Q"]] if "Q" in message else None
    ticker.__class__ = TickerChanged
    return (ticker,)


def _side(message: _Message, price: str, quantity: str) -> tuple[Decimal | None, Decimal | None]:
    """Best price and its quantity: an empty side has zeros, a small ticker has neither."""
    if quantity not in message:
        return None, None
    size = _quantities[message[quantity]]
    return (_prices[message[price]], size) if size else (None, None)


# ---------------------------------------------------------------- the top of a book


def _top(
    message: _Message, received_time_ns: int, symbols: Symbols, stream: str
) -> tuple[Event, ...]:
    """The best levels of a book; of which symbol, only the stream's name says."""
    symbol = stream.partition("@")[0].upper()
    return (
        BookTopChanged(
            NAME,
            symbols.name(symbol) if symbol else "",
            _levels(message["bids"]),
            _levels(message["asks"]),
            None,
            received_time_ns,
            integer(message["lastUpdateId"], "lastUpdateId"),
        ),
    )


def _levels(levels: Any) -> tuple[Level, ...]:
    return tuple(Level(_prices[price], _quantities[quantity]) for price, quantity in levels)


# ---------------------------------------------------------------- the account


def _order(message: _Message, received_time_ns: int, symbols: Symbols) -> tuple[Event, ...]:
    report = report_from_event(message, received_time_ns, symbols)
    event_time_ns = time_ns(message["E"], "E")
    told = OrderReported(NAME, report, event_time_ns, received_time_ns)
    fill = fill_from_event(message, report)
    if fill is None:
        return (told,)
    return told, FillReported(NAME, fill, event_time_ns, received_time_ns)


def _balances(message: _Message, received_time_ns: int, symbols: Symbols) -> tuple[Event, ...]:
    del symbols
    balances = tuple(
        Balance(NAME, text_of(row["a"]), decimal_from(row["f"]), decimal_from(row["l"]))
        for row in message["B"]
    )
    return (BalancesChanged(NAME, balances, time_ns(message["E"], "E"), received_time_ns),)


def _notice(message: _Message, received_time_ns: int, symbols: Symbols) -> tuple[Event, ...]:
    """A deposit's change comes with the new balances, a list's state with its orders'."""
    del symbols
    time = time_ns(message["E"], "E")
    return (AccountNotice(NAME, message["e"], sample(message), time, received_time_ns),)


def _ending(message: _Message, received_time_ns: int, symbols: Symbols) -> tuple[Event, ...]:
    del symbols
    time = optional_time_ns(message.get("E"), "E")
    return (StreamEnding(NAME, message["e"], time, received_time_ns),)


_Read = Callable[[_Message, int, Symbols], tuple[Event, ...]]
_KINDS: Final[Mapping[str, _Read]] = {
    "trade": _trade,
    "aggTrade": _aggregate,
    "depthUpdate": _depth,
    "kline": _candle,
    "24hrTicker": _ticker,
    "24hrMiniTicker": _ticker,
    "1hTicker": _ticker,
    "4hTicker": _ticker,
    "1dTicker": _ticker,
    "executionReport": _order,
    "outboundAccountPosition": _balances,
    "balanceUpdate": _notice,
    "externalLockUpdate": _notice,
    "listStatus": _notice,
    "listenKeyExpired": _ending,
    "eventStreamTerminated": _ending,
    "serverShutdown": _ending,
}


# ---------------------------------------------------------------- without a kind


def _nameless(
    message: dict[str, Any], received_time_ns: int, symbols: Symbols, stream: str
) -> tuple[Event, ...]:
    if "lastUpdateId" in message:
        return _top(message, received_time_ns, symbols, stream)
    if "u" in message and "s" in message:
        return _best(message, received_time_ns, symbols)
    if "error" in message or ("code" in message and "msg" in message):
        return (_refusal(message.get("error", message), received_time_ns),)
    if "id" in message and ("result" in message or "response" in message):
        return (_confirmation(message.get("result"), received_time_ns),)
    return (_unknown(message, "", received_time_ns),)


def _refusal(error: Any, received_time_ns: int) -> StreamErrorReported:
    """Flat as documented, or nested as seen."""
    code = error["code"]
    return StreamErrorReported(
        NAME, optional_text(error, "msg"), str(integer(code, "code")), None, received_time_ns
    )


def _confirmation(result: Any, received_time_ns: int) -> SubscriptionsConfirmed:
    """A list of subscriptions names them; what only says yes names none."""
    streams: dict[str, tuple[str, ...]] = {}
    if type(result) is list and all(type(name) is str for name in result):
        for name in result:
            symbol, _, channel = name.partition("@")
            streams[channel] = (*streams.get(channel, ()), symbol)
    return SubscriptionsConfirmed(NAME, tuple(streams.items()), None, received_time_ns)
