"""Prices: a line of the pricing stream, or an element of `/pricing`, and what else it tells.

A price is a ladder for each side: what the exchange deals in at which price, best first. A line
without a type is a price. A price that is not tradeable still has its figures, the last ones.

Lines come by the thousand, so their events are built by hand from orjson's dicts, with prices and
quantities looked up in bounded tables.

Followed: "Pricing Definitions" (ClientPrice, PriceBucket, PriceStatus), "Pricing Endpoints".
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from venuetree.protocol.building import blank
from venuetree.protocol.events import (
    BestPricesChanged,
    BookSnapshot,
    BookTopChanged,
    InstrumentStatusChanged,
    QuoteChanged,
    TickerChanged,
)
from venuetree.protocol.exchanges.oanda.reading import (
    NAME,
    flag,
    instrument_name,
    time_ns,
)
from venuetree.protocol.models import Level
from venuetree.protocol.numbers import DecimalTable
from venuetree.protocol.reading import optional_text, text_of

__all__ = [
    "best_of",
    "quote_from",
    "snapshot_of",
    "status_of",
    "ticker_of",
    "top_of",
]

#: Memory of pure results, bounded; two, so that passing prices do not push out quantities.
_prices: Final = DecimalTable()
_quantities: Final = DecimalTable()


class _WholeNumbers(dict[int, Decimal]):
    """Decimals of integers, which liquidity is in prices; the few that there are come again."""

    __slots__ = ()
    LIMIT: Final = 4096

    def __missing__(self, value: int) -> Decimal:
        if len(self) >= self.LIMIT:
            self.clear()
        self[value] = made = Decimal(value)
        return made


_whole: Final = _WholeNumbers()
_blank_quote: Final = blank(QuoteChanged)
#: Builds a named tuple without the detour through its Python-level `__new__`.
_tuple: Final = tuple.__new__

_TRADEABLE: Final = "tradeable"
_NOT_TRADEABLE: Final = "non-tradeable"
#: Whether an instrument is dealt in, by the older of the two members that say so.
_STATUSES: Final = {_TRADEABLE: True, _NOT_TRADEABLE: False, "invalid": False}


def quote_from(price: Mapping[str, Any], received_time_ns: int) -> QuoteChanged:
    """A price as an event; raises any of `MALFORMED`."""
    closeout_bid, closeout_ask = price.get("closeoutBid"), price.get("closeoutAsk")
    status = optional_text(price, "status")
    tradeable = price.get("tradeable")
    quote = _blank_quote()
    quote.exchange = NAME
    quote.instrument = instrument_name(text_of(price["instrument"]))
    quote.bids = _ladder(price.get("bids", ()), is_rising=False)
    quote.asks = _ladder(price.get("asks", ()), is_rising=True)
    quote.closeout_bid = None if closeout_bid is None else _prices[closeout_bid]
    quote.closeout_ask = None if closeout_ask is None else _prices[closeout_ask]
    # Very old answers lack the newer member, and the older one is deprecated.
    quote.is_tradeable = (
        _STATUSES.get(status) if tradeable is None else flag(tradeable, "tradeable")
    )
    quote.status = status
    quote.exchange_time_ns = time_ns(price["time"])
    quote.received_time_ns = received_time_ns
    quote.__class__ = QuoteChanged
    told: QuoteChanged = quote
    return told


def _ladder(buckets: Any, *, is_rising: bool) -> tuple[Level, ...]:
    """One side, best first: as it comes, but that is made sure of."""
    if type(buckets) is not list:
        if buckets == ():
            return ()  # optional members are left out
        message = f"a side must be a list, not {buckets!r:.40}"
        raise TypeError(message)
    new, prices, whole, texts = _tuple, _prices, _whole, _quantities
    levels: list[Level] = [
        # By its type: an equal float would be found among the integers.
        new(
            Level,
            (
                prices[bucket["price"]],
                whole[size] if type(size := bucket["liquidity"]) is int else texts[size],
            ),
        )
        for bucket in buckets
    ]
    last: Decimal | None = None
    for price, _ in levels:
        if last is not None and (price < last if is_rising else price > last):
            levels.sort(reverse=not is_rising)
            break
        last = price
    return tuple(levels)


# ---------------------------------------------------------------- what else a quote tells


def _best(levels: tuple[Level, ...]) -> tuple[Decimal | None, Decimal | None]:
    return levels[0] if levels else (None, None)


def ticker_of(quote: QuoteChanged) -> TickerChanged:
    """Best bid and ask; nothing is told of trades, of which there is no record."""
    bid, bid_quantity = _best(quote.bids)
    ask, ask_quantity = _best(quote.asks)
    return TickerChanged(
        exchange=quote.exchange,
        instrument=quote.instrument,
        last_price=None,
        bid=bid,
        bid_quantity=bid_quantity,
        ask=ask,
        ask_quantity=ask_quantity,
        volume_24h=None,
        low_24h=None,
        high_24h=None,
        exchange_time_ns=quote.exchange_time_ns,
        received_time_ns=quote.received_time_ns,
    )


def best_of(quote: QuoteChanged) -> BestPricesChanged:
    """Best bid and ask."""
    bid, bid_quantity = _best(quote.bids)
    ask, ask_quantity = _best(quote.asks)
    return BestPricesChanged(
        exchange=quote.exchange,
        instrument=quote.instrument,
        bid=bid,
        bid_quantity=bid_quantity,
        ask=ask,
        ask_quantity=ask_quantity,
        exchange_time_ns=quote.exchange_time_ns,
        received_time_ns=quote.received_time_ns,
    )


def top_of(quote: QuoteChanged) -> BookTopChanged:
    """The ladder as the top of a book: it is all that there is."""
    return BookTopChanged(
        quote.exchange,
        quote.instrument,
        quote.bids,
        quote.asks,
        quote.exchange_time_ns,
        quote.received_time_ns,
    )


def snapshot_of(quote: QuoteChanged, depth: int | None = None) -> BookSnapshot:
    """The ladder as a whole book, at most `depth` levels a side."""
    return BookSnapshot(
        quote.exchange,
        quote.instrument,
        quote.bids[:depth],
        quote.asks[:depth],
        quote.exchange_time_ns,
        quote.received_time_ns,
    )


def status_of(quote: QuoteChanged) -> InstrumentStatusChanged:
    """Whether the instrument is dealt in, in the exchange's word; `""` if it said nothing."""
    status = quote.status
    if quote.is_tradeable is not None and _STATUSES.get(status) is not quote.is_tradeable:
        status = _TRADEABLE if quote.is_tradeable else _NOT_TRADEABLE
    return InstrumentStatusChanged(
        quote.exchange,
        quote.instrument,
        status,
        "",
        quote.exchange_time_ns,
        quote.received_time_ns,
    )
