"""The conversations about instruments and public market data, and the account's own figures."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from venuetree.protocol.errors import NotSupported
from venuetree.protocol.events import BookSnapshot, TickerChanged, TradePrinted
from venuetree.protocol.exchanges.coinbase import wire
from venuetree.protocol.exchanges.coinbase.asking import ask, read_clock
from venuetree.protocol.exchanges.coinbase.order_flows import read_as, symbol_of
from venuetree.protocol.exchanges.coinbase.reading import NAME
from venuetree.protocol.exchanges.coinbase.requests import get, public_get, segment
from venuetree.protocol.models import (
    Candle,
    Instrument,
    InstrumentStatus,
    Level,
    Notional,
    OrderRule,
    Quantum,
    QuantumField,
    Side,
)
from venuetree.protocol.port import FlowContext, RestFlow
from venuetree.protocol.reading import MALFORMED
from venuetree.protocol.structure import structure_value
from venuetree.protocol.timestamps import (
    SECOND,
    from_rfc3339,
    from_seconds,
    optional_rfc3339,
    to_seconds,
)

__all__ = ["book", "candles", "instruments", "server_time", "tickers", "trades"]


# ---------------------------------------------------------------- instruments


def instruments(names: tuple[str, ...]) -> RestFlow[tuple[Instrument, ...]]:
    """The spot products, or those named.

    A product that cannot be read is left out: it could not be traded rightly, and must not hide
    the others.
    """
    request = public_get("instruments", "/market/products", (("product_ids", n) for n in names))
    answer, _ = yield from ask(request, wire.Products)
    found: list[Instrument] = []
    for product in answer.products:
        try:
            found.append(_instrument(structure_value(product, wire.WireProduct)))
        except MALFORMED:
            continue
    return tuple(found)


def _instrument(product: wire.WireProduct) -> Instrument:
    base, _, quote = product.product_id.partition("-")
    aliases = [*(product.alias_to or ()), product.alias]
    return Instrument(
        name=product.product_id,
        base=product.base_currency_id or base,
        quote=product.quote_currency_id or quote,
        exchange_symbol=product.product_id,
        status=_instrument_status(product),
        rules=tuple(_rules(product)),
        product_type=product.product_type or "",
        aliases=tuple(alias for alias in aliases if alias),
    )


def _instrument_status(product: wire.WireProduct) -> InstrumentStatus:
    # Futures have no status word.
    is_online = product.status in {"online", "", None}
    if product.is_disabled or product.trading_disabled or product.view_only or not is_online:
        return InstrumentStatus.HALTED
    if product.cancel_only:
        return InstrumentStatus.CANCEL_ONLY
    if product.post_only:
        return InstrumentStatus.POST_ONLY
    if product.limit_only:
        return InstrumentStatus.LIMIT_ONLY
    return InstrumentStatus.TRADING


def _rules(product: wire.WireProduct) -> Iterable[OrderRule]:
    """The product's figures as rules, the grids first, each under the exchange's name for it."""
    zero = Decimal(0)
    # For futures `quote_increment` is another figure: the tick is `price_increment`.
    tick = product.price_increment or product.quote_increment
    for field in (QuantumField.PRICE, QuantumField.STOP_PRICE):
        if tick:
            yield Quantum(field, "price_increment", step=tick)
    if product.base_increment:
        yield Quantum(QuantumField.QUANTITY, "base_increment", step=product.base_increment)
    if product.quote_increment:
        yield Quantum(QuantumField.QUOTE_QUANTITY, "quote_increment", step=product.quote_increment)
    for field, low, low_name, high, high_name in (
        (
            QuantumField.QUANTITY,
            *(product.base_min_size, "base_min_size"),
            *(product.base_max_size, "base_max_size"),
        ),
        (
            QuantumField.QUOTE_QUANTITY,
            *(product.quote_min_size, "quote_min_size"),
            *(product.quote_max_size, "quote_max_size"),
        ),
    ):
        if low:
            yield Quantum(field, low_name, minimum=low)
        if high:
            yield Quantum(field, high_name, maximum=high)
    if product.quote_min_size:
        yield Notional("quote_min_size", minimum=product.quote_min_size)
    if product.quote_max_size:
        yield Notional("quote_max_size", maximum=product.quote_max_size or zero)


# ---------------------------------------------------------------- market data


def server_time() -> RestFlow[int]:
    """The exchange's clock."""
    return read_clock()


def _levels(levels: Iterable[wire.PriceLevel]) -> list[Level]:
    return [Level(level.price, level.size) for level in levels if level.size]


def book(instrument: str, depth: int | None, context: FlowContext) -> RestFlow[BookSnapshot]:
    """A snapshot of a book."""
    request = public_get(
        "book",
        "/market/product_book",
        (("product_id", symbol_of(instrument, context)), ("limit", depth)),
    )
    answer, received_ns = yield from ask(request, wire.ProductBook)
    told = answer.pricebook
    bids, asks = sorted(_levels(told.bids), reverse=True), sorted(_levels(told.asks))
    return BookSnapshot(
        NAME,
        instrument,
        tuple(bids[:depth]),
        tuple(asks[:depth]),
        read_as("book", told.time, lambda: optional_rfc3339(told.time)),
        received_ns,
    )


def tickers(names: tuple[str, ...], context: FlowContext) -> RestFlow[tuple[TickerChanged, ...]]:
    """Best bid and ask; there is no public mirror of it."""
    by_symbol = {symbol_of(name, context): name for name in names}
    request = get("tickers", "/best_bid_ask", (("product_ids", symbol) for symbol in by_symbol))
    answer, received_ns = yield from ask(request, wire.Pricebooks)
    return tuple(
        _ticker(told, by_symbol.get(told.product_id, told.product_id), received_ns)
        for told in answer.pricebooks
    )


def _ticker(told: wire.Pricebook, name: str, received_ns: int) -> TickerChanged:
    bid = told.bids[0] if told.bids else None
    offer = told.asks[0] if told.asks else None
    return TickerChanged(
        exchange=NAME,
        instrument=name,
        last_price=None,
        bid=bid.price if bid else None,
        bid_quantity=bid.size if bid else None,
        ask=offer.price if offer else None,
        ask_quantity=offer.size if offer else None,
        volume_24h=None,
        low_24h=None,
        high_24h=None,
        exchange_time_ns=read_as("tickers", told.time, lambda: optional_rfc3339(told.time)),
        received_time_ns=received_ns,
    )


_MOST_TRADES: Final = 100
#: The maker's side is told.
_TAKER_SIDES: Final = {"BUY": Side.SELL, "SELL": Side.BUY}


def trades(instrument: str, limit: int, context: FlowContext) -> RestFlow[tuple[TradePrinted, ...]]:
    """The latest trades, newest first, at most a hundred: much more is answered by HTTP 500."""
    symbol = segment(symbol_of(instrument, context))
    request = public_get(
        "trades",
        f"/market/products/{symbol}/ticker",
        (("limit", max(1, min(limit, _MOST_TRADES))),),
    )
    answer, received_ns = yield from ask(request, wire.TradeList)
    return tuple(
        read_as("trades", trade.trade_id, lambda t=trade: _trade(t, instrument, received_ns))  # type: ignore[misc]
        for trade in answer.trades
    )


def _trade(trade: wire.WireTrade, instrument: str, received_ns: int) -> TradePrinted:
    return TradePrinted(
        exchange=NAME,
        instrument=instrument,
        trade_id=trade.trade_id,
        price=trade.price,
        quantity=trade.size,
        taker_side=_TAKER_SIDES[trade.side],
        exchange_time_ns=from_rfc3339(trade.time),
        received_time_ns=received_ns,
        is_past=True,
    )


_GRANULARITIES: Final = {
    60: "ONE_MINUTE",
    300: "FIVE_MINUTE",
    900: "FIFTEEN_MINUTE",
    1800: "THIRTY_MINUTE",
    3600: "ONE_HOUR",
    7200: "TWO_HOUR",
    14_400: "FOUR_HOUR",
    21_600: "SIX_HOUR",
    86_400: "ONE_DAY",
}
#: A window of more buckets is refused outright; reports differ whether 349 or 350 is the last.
_MOST_BUCKETS: Final = 349


def candles(
    instrument: str, interval_ns: int, start_ns: int, end_ns: int, context: FlowContext
) -> RestFlow[tuple[Candle, ...]]:
    """Candles of `[start, end)`, oldest first, in as many requests as it takes."""
    granularity = _GRANULARITIES.get(interval_ns // SECOND)
    if granularity is None or interval_ns % SECOND:
        message = f"no candles of {interval_ns} ns; there are {sorted(_GRANULARITIES)} s"
        raise NotSupported(message, exchange=NAME, operation="candles")
    path = f"/market/products/{segment(symbol_of(instrument, context))}/candles"
    return _candle_windows(path, granularity, interval_ns, start_ns, end_ns)


def _candle_windows(
    path: str, granularity: str, interval_ns: int, start_ns: int, end_ns: int
) -> RestFlow[tuple[Candle, ...]]:
    found: dict[int, Candle] = {}
    window_ns = _MOST_BUCKETS * interval_ns
    for begin in range(start_ns, end_ns, window_ns):
        # Both ends are inclusive and count as a bucket.
        until = min(begin + window_ns - interval_ns, end_ns)
        request = public_get(
            "candles",
            path,
            (
                ("start", to_seconds(begin)),
                ("end", to_seconds(until)),
                ("granularity", granularity),
            ),
        )
        answer, _ = yield from ask(request, wire.Candles)
        for told in answer.candles:
            time_ns = read_as("candles", told.start, lambda t=told.start: from_seconds(t))  # type: ignore[misc]
            if start_ns <= time_ns < end_ns:
                found[time_ns] = Candle(
                    time_ns, told.open, told.high, told.low, told.close, told.volume
                )
    return tuple(found[time_ns] for time_ns in sorted(found))
