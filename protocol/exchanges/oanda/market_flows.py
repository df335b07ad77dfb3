"""Conversations about the market: instruments, prices, candles, conversions, clients' sentiment.

Prices are the account's own: they are asked for under its number.

Followed: "Account Endpoints" (instruments); "Pricing Endpoints"; "Instrument Endpoints".
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from venuetree.protocol.errors import InstrumentNotFound, NotSupported
from venuetree.protocol.events import BookSnapshot, QuoteChanged, TickerChanged
from venuetree.protocol.exchanges.oanda.asking import (
    answered,
    ask,
    retry_after_ns,
)
from venuetree.protocol.exchanges.oanda.instruments import instruments_from
from venuetree.protocol.exchanges.oanda.quotes import quote_from, snapshot_of, ticker_of
from venuetree.protocol.exchanges.oanda.reading import (
    NAME,
    amount,
    exchange_symbol,
    instrument_name,
    integer,
    symbol_of,
    time_ns,
)
from venuetree.protocol.exchanges.oanda.refusals import http_error
from venuetree.protocol.exchanges.oanda.requests import account_get, instrument_get, quoted
from venuetree.protocol.models import (
    Candle,
    CandlePrice,
    Conversion,
    Instrument,
    SentimentBook,
    SentimentBucket,
    SentimentKind,
)
from venuetree.protocol.port import ClockReading, FlowContext, RestFlow, RestRequest
from venuetree.protocol.reading import read_object, text_of
from venuetree.protocol.timestamps import SECOND, to_rfc3339
from venuetree.protocol.understanding import understood

__all__ = [
    "book",
    "candles",
    "conversions",
    "instruments",
    "sentiment",
    "server_time",
    "tickers",
]

#: What is asked for where any instrument will do.
_USUAL: Final = "EUR_USD"


# ---------------------------------------------------------------- instruments


def instruments(names: tuple[str, ...]) -> RestFlow[tuple[Instrument, ...]]:
    """What the account may trade, or of it those named."""
    symbols = ",".join(exchange_symbol(name) for name in names)
    query = (("instruments", symbols),) if names else ()
    request = account_get("instruments", "/instruments", query)
    try:
        return (yield from ask(request, lambda body, _: _instruments(body)))
    except InstrumentNotFound as error:
        # The exchange names the parameter, not what was in it.
        message = f"{', '.join(names)}: not traded here ({error.message})"
        raise InstrumentNotFound(
            message, exchange=NAME, operation=error.operation, code=error.code
        ) from error


def _instruments(body: Mapping[str, Any]) -> tuple[Instrument, ...]:
    """What can be read of the list; one that cannot be is left out, but not all of it."""
    errors: list[Exception] = []
    found = tuple(instruments_from(body["instruments"], lambda _, error: errors.append(error)))
    if errors and not found:
        message = f"no instrument can be read: {errors[0]}"
        raise ValueError(message)
    return found


# ---------------------------------------------------------------- prices


def _pricing(
    operation: str, symbols: Sequence[str], query: tuple[tuple[str, str], ...] = ()
) -> RestRequest:
    return account_get(operation, "/pricing", (("instruments", ",".join(symbols)), *query))


def _quotes(body: Mapping[str, Any], received_time_ns: int) -> tuple[QuoteChanged, ...]:
    return tuple(quote_from(price, received_time_ns) for price in body["prices"])


def server_time(context: FlowContext) -> RestFlow[int]:
    """The exchange's clock, which it tells with prices; nothing tells it alone."""
    known = next(iter(context.instruments.values()), None)
    request = _pricing("server_time", (_USUAL if known is None else known.exchange_symbol,))
    reply = yield from answered(request)
    if not 200 <= reply.status < 300:  # noqa: PLR2004
        raise http_error(reply, request, retry_after_ns(reply) or None)
    told_ns = understood(NAME, request, reply, lambda: time_ns(read_object(reply.body)["time"]))
    yield ClockReading(told_ns, reply.sent_time_ns, reply.received_time_ns)
    return told_ns


def tickers(names: tuple[str, ...], context: FlowContext) -> RestFlow[tuple[TickerChanged, ...]]:
    """Best bid and ask of each."""
    if not names:
        return ()
    request = _pricing("tickers", [symbol_of(name, context) for name in names])
    quotes = yield from ask(request, _quotes)
    return tuple(ticker_of(quote) for quote in quotes)


def book(instrument: str, depth: int | None, context: FlowContext) -> RestFlow[BookSnapshot]:
    """The quantities that the exchange deals in at each price: as much of a book as there is."""
    symbol = symbol_of(instrument, context)
    request = _pricing("book", (symbol,))
    return (
        yield from ask(
            request,
            lambda body, received_ns: snapshot_of(
                _the_one(_quotes(body, received_ns), instrument_name(symbol)), depth
            ),
        )
    )


def _the_one(quotes: tuple[QuoteChanged, ...], name: str) -> QuoteChanged:
    for quote in quotes:
        if quote.instrument == name:
            return quote
    message = f"no price of {name} among {len(quotes)}"
    raise ValueError(message)


def conversions(names: tuple[str, ...], context: FlowContext) -> RestFlow[tuple[Conversion, ...]]:
    """What the currencies of these instruments are worth in the account's; both of each."""
    if not names:
        return ()
    symbols = [symbol_of(name, context) for name in names]
    request = _pricing("conversions", symbols, (("includeHomeConversions", "true"),))
    return (
        yield from ask(
            request, lambda body, _: tuple(_conversion(told) for told in body["homeConversions"])
        )
    )


def _conversion(told: Mapping[str, Any]) -> Conversion:
    return Conversion(
        currency=text_of(told["currency"]),
        gain=amount(told["accountGain"]),
        loss=amount(told["accountLoss"]),
        position=amount(told["positionValue"]),
    )


# ---------------------------------------------------------------- candles

#: There are candles of a month, too, which is no number of seconds.
_GRANULARITIES: Final = {
    5: "S5",
    10: "S10",
    15: "S15",
    30: "S30",
    60: "M1",
    120: "M2",
    240: "M4",
    300: "M5",
    600: "M10",
    900: "M15",
    1800: "M30",
    3600: "H1",
    7200: "H2",
    10_800: "H3",
    14_400: "H4",
    21_600: "H6",
    28_800: "H8",
    43_200: "H12",
    86_400: "D",
    604_800: "W",
}
#: The parameter, and the member of a candle.
_PRICED_BY: Final = {
    CandlePrice.USUAL: ("M", "mid"),
    CandlePrice.MID: ("M", "mid"),
    CandlePrice.BID: ("B", "bid"),
    CandlePrice.ASK: ("A", "ask"),
}
_MOST_CANDLES: Final = 5000


def candles(
    instrument: str,
    interval_ns: int,
    start_ns: int,
    end_ns: int,
    context: FlowContext,
    *,
    priced_by: CandlePrice = CandlePrice.USUAL,
) -> RestFlow[tuple[Candle, ...]]:
    """Candles that begin in `[start, end)`, oldest first, in as many requests as it takes.

    The last may still be forming. Intervals without a price have no candle, and a volume is the
    number of prices. Candles of two hours and more are aligned to 17:00 in New York, those of a
    week to its Friday, summer time and all: the exchange's defaults.

    Raises:
        NotSupported: there are no candles of this length.
    """
    granularity = _GRANULARITIES.get(interval_ns // SECOND)
    if granularity is None or interval_ns % SECOND:
        message = f"no candles of {interval_ns} ns; there are {sorted(_GRANULARITIES)} s"
        raise NotSupported(message, exchange=NAME, operation="candles")
    path = f"/{quoted(symbol_of(instrument, context))}/candles"
    letter, key = _PRICED_BY[priced_by]
    asked = (("price", letter), ("granularity", granularity))
    # Nothing begins in the future, and the exchange refuses to be asked for it.
    until_ns = min(end_ns, context.now_ns + context.clock_offset_ns)
    return _candle_pages(
        path, asked, key, interval_ns=interval_ns, start_ns=start_ns, end_ns=until_ns
    )


def _candle_pages(
    path: str,
    asked: tuple[tuple[str, str], ...],
    key: str,
    *,
    interval_ns: int,
    start_ns: int,
    end_ns: int,
) -> RestFlow[tuple[Candle, ...]]:
    """By a beginning and a number: an end beside them would be refused, and one in the future.

    Where intervals are missing an answer reaches beyond the end, which is cut off; where there is
    more than an answer holds, the next begins after its last candle.
    """
    found: dict[int, Candle] = {}
    begin_ns = start_ns
    follows: tuple[tuple[str, str], ...] = ()
    while begin_ns < end_ns:
        # One more than fit: the first may have begun before.
        count = min(_MOST_CANDLES, (end_ns - begin_ns) // interval_ns + 2)
        query = (*asked, ("from", to_rfc3339(begin_ns)), ("count", str(count)), *follows)
        page = yield from ask(
            instrument_get("candles", path, query),
            lambda body, _: [_candle(told, key) for told in body["candles"]],
        )
        found |= {c.start_time_ns: c for c in page if start_ns <= c.start_time_ns < end_ns}
        last_ns = page[-1].start_time_ns if page else end_ns
        if len(page) < count or last_ns <= begin_ns:
            break
        begin_ns, follows = last_ns, (("includeFirst", "false"),)
    return tuple(found[start] for start in sorted(found))


def _candle(told: Mapping[str, Any], key: str) -> Candle:
    prices = told[key]
    return Candle(
        start_time_ns=time_ns(told["time"]),
        open=amount(prices["o"]),
        high=amount(prices["h"]),
        low=amount(prices["l"]),
        close=amount(prices["c"]),
        volume=Decimal(integer(told["volume"], "volume")),
    )


# ---------------------------------------------------------------- sentiment

#: Where it is, and the member of the answer.
_SENTIMENTS: Final = {
    SentimentKind.ORDERS: "orderBook",
    SentimentKind.POSITIONS: "positionBook",
}


def sentiment(
    instrument: str, kind: SentimentKind, at_ns: int | None, context: FlowContext
) -> RestFlow[SentimentBook]:
    """How the exchange's clients are placed: the newest snapshot, or that of an earlier time.

    There are snapshots of few instruments, every twenty minutes or less often; one of another time
    is refused.
    """
    name = _SENTIMENTS[kind]
    query = () if at_ns is None else (("time", to_rfc3339(at_ns)),)
    path = f"/{quoted(symbol_of(instrument, context))}/{name}"
    return (
        yield from ask(
            instrument_get("sentiment", path, query), lambda body, _: _sentiment(body[name], kind)
        )
    )


def _sentiment(told: Mapping[str, Any], kind: SentimentKind) -> SentimentBook:
    return SentimentBook(
        exchange=NAME,
        instrument=instrument_name(text_of(told["instrument"])),
        kind=kind,
        exchange_time_ns=time_ns(told["time"]),
        price=amount(told["price"]),
        bucket_width=amount(told["bucketWidth"]),
        buckets=tuple(
            SentimentBucket(
                amount(bucket["price"]),
                amount(bucket["longCountPercent"]),
                amount(bucket["shortCountPercent"]),
            )
            for bucket in told["buckets"]
        ),
    )
