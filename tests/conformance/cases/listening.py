"""Market streams: each topic, subscribed and given up again."""

from collections.abc import Awaitable, Callable

import anyio

from tests.conformance.case import NOT_SUPPORTED, YES, Heading, case
from tests.conformance.stage import Stage
from venuetree import (
    AggregateTradePrinted,
    BestPricesChanged,
    BookInStep,
    BookTopChanged,
    BookUpdated,
    CandleChanged,
    InstrumentNotFound,
    InstrumentStatusChanged,
    NotSupported,
    QuoteChanged,
    StreamConnected,
    TickerChanged,
    Topic,
    TopicStalled,
    TradePrinted,
)

MarketEvent = type[
    AggregateTradePrinted
    | BestPricesChanged
    | BookTopChanged
    | BookUpdated
    | CandleChanged
    | InstrumentStatusChanged
    | QuoteChanged
    | TickerChanged
    | TradePrinted
]


def topic(which: Topic, kind: MarketEvent) -> Callable[[Stage], Awaitable[str]]:
    """A case of one topic."""

    async def script(stage: Stage) -> str:
        async with stage.trading() as desk:
            if which not in desk.exchange.topics:
                with stage.refused(NotSupported):
                    async with stage.world.market(which):
                        pass
                return NOT_SUPPORTED
            for _ in range(2):
                async with stage.world.market(which) as market:
                    with anyio.fail_after(120):
                        event, _ = await market.see(kind)
                    desk.expect(event.instrument == desk.instrument, f"{event}")
                    desk.expect(event.exchange == desk.exchange.name, f"{event}")
                    connected = market.of(StreamConnected)
                    desk.expect(len(connected) <= 1, f"it connected {len(connected)} times")
                    desk.expect(not market.of(TopicStalled), "it was told to stall")
                heard = len(market.events)
                await anyio.sleep(2)
                desk.expect(len(market.events) == heard, "events come after the end")
        return YES

    script.__name__ = f"{which.value}_stream"
    return script


for _which, _kind in (
    (Topic.TRADES, TradePrinted),
    (Topic.AGGREGATE_TRADES, AggregateTradePrinted),
    (Topic.TICKER, TickerChanged),
    (Topic.TICKER_BATCH, TickerChanged),
    (Topic.BEST_PRICES, BestPricesChanged),
    (Topic.BOOK, BookUpdated),
    (Topic.BOOK_TOP, BookTopChanged),
    (Topic.QUOTES, QuoteChanged),
    (Topic.CANDLES, CandleChanged),
    (Topic.STATUS, InstrumentStatusChanged),
):
    case(
        Heading.STREAMS,
        f"`Topic.{_which.name}` tells `{_kind.__name__}`, ends with its subscription, and can be"
        " subscribed to again.",
        outcomes=(YES, NOT_SUPPORTED),
    )(topic(_which, _kind))


@case(
    Heading.STREAMS,
    "The engine's book equals the exchange's, level by level; gone when unsubscribed.",
)
async def book_is_right(stage: Stage) -> str:
    """After its snapshot, and some updates later."""
    async with stage.trading() as desk:
        async with stage.world.market(Topic.BOOK) as market:
            await market.see(BookInStep)
            for _ in range(3):
                seen = len(market.events)
                await market.see(BookUpdated, since=seen)
                await desk.patient(stage.world.is_book_right, "the book is wrong")
        desk.expect(desk.exchange.book(desk.instrument) is None, "the book outlives its subscriber")
    return YES


@case(Heading.STREAMS, "Every topic that the exchange has can be had at once.")
async def all_topics_at_once(stage: Stage) -> str:
    """In one subscription."""
    async with stage.trading() as desk:
        async with stage.world.market(*desk.exchange.topics) as market:
            with anyio.fail_after(60):
                await market.see(BookInStep)
                await market.see(TickerChanged)
        desk.expect(market.ended is None, f"{market.ended}")
    return YES


@case(
    Heading.STREAMS,
    "Subscribing to an instrument that there is not is `InstrumentNotFound`, and harms no other"
    " subscription.",
    outcomes=("refused",),
)
async def subscribe_to_an_unknown_instrument(stage: Stage) -> str:
    """While another subscription goes on."""
    async with stage.trading() as desk, stage.world.market(Topic.TICKER) as market:
        await market.see(TickerChanged)
        with stage.refused(InstrumentNotFound):
            async with desk.exchange.subscribe("NOPE-NADA", Topic.TICKER):
                pass
        with anyio.fail_after(120):
            await market.see(TickerChanged, since=len(market.events))
    return "refused"
