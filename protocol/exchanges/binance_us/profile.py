"""What Binance.US is, in figures, each with the page that it is from.

Two generations of the exchange's documents differ; where they do, the figure is that of the live
exchange as captured in September 2026, or the more careful of the two. `exchangeInfo` tells the
limits anew at each start. Where nothing is published the comment says "ours", and why.
"""

from decimal import Decimal
from typing import Final

from venuetree.protocol.commands import FetchInstruments, FetchKeyPermissions, FetchServerTime
from venuetree.protocol.models import OrderStatus, OrderType, Side, TimeInForce, Topic
from venuetree.protocol.port import (
    Ability,
    Chore,
    ChoreEffect,
    Endpoints,
    FeeTakenFrom,
    Lane,
    LimitWindow,
    OrderTerms,
    PaperTerms,
    Profile,
    StreamLimits,
    WindowKind,
)
from venuetree.protocol.timestamps import SECOND

__all__ = ["MESSAGES_PER_SECOND", "PROFILE"]

#: "General WSS information": five incoming messages a second, pings and pongs included; one is
#: left to those.
MESSAGES_PER_SECOND: Final = 4

_MINUTE: Final = 60 * SECOND
_DAY: Final = 86_400 * SECOND

_TIMES: Final = frozenset(
    {
        TimeInForce.GOOD_TILL_CANCELLED,
        TimeInForce.IMMEDIATE_OR_CANCEL,
        TimeInForce.FILL_OR_KILL,
    }
)

PROFILE: Final = Profile(
    # "General API Information", "Websocket Market Streams", "WebSocket API". There is no sandbox.
    endpoints={
        "live": Endpoints(
            rest="https://api.binance.us",
            stream="wss://stream.binance.us:9443",
            user_stream="wss://stream.binance.us:9443",
            others={"ws_api": "wss://ws-api.binance.us:443/ws-api/v3"},
        ),
    },
    # "Rate limits": counted by the calendar; the figures of `exchangeInfo` as captured.
    limits=(
        LimitWindow("weight_1m", 6000, _MINUTE, WindowKind.CALENDAR),
        LimitWindow("orders_10s", 100, 10 * SECOND, WindowKind.CALENDAR),
        LimitWindow("orders_1d", 200_000, _DAY, WindowKind.CALENDAR),
        LimitWindow("raw_5m", 300_000, 5 * _MINUTE, WindowKind.CALENDAR),
    ),
    # "General WSS information": 1024 streams a connection. Ours: fifty books a connection, so
    # that one that is lost costs no more snapshots (weight 50 each) than half a minute allows.
    stream_limits=StreamLimits(
        instruments={
            Topic.TRADES: 200,
            Topic.AGGREGATE_TRADES: 100,
            Topic.TICKER: 100,
            Topic.TICKER_BATCH: 100,
            Topic.BEST_PRICES: 100,
            Topic.BOOK: 50,
            Topic.BOOK_TOP: 100,
            Topic.CANDLES: 100,
        },
        messages_per_second=MESSAGES_PER_SECOND,
    ),
    topics=frozenset(Topic) - {Topic.STATUS, Topic.QUOTES},
    # "Trade Endpoints", New Order. Of a market order good till cancelled, the request's default,
    # says nothing.
    orders={
        OrderType.MARKET: OrderTerms(
            frozenset({TimeInForce.GOOD_TILL_CANCELLED, TimeInForce.IMMEDIATE_OR_CANCEL}),
            quote_sides=frozenset(Side),
        ),
        OrderType.LIMIT: OrderTerms(
            _TIMES, maker_only_times=frozenset({TimeInForce.GOOD_TILL_CANCELLED})
        ),
        OrderType.STOP_LIMIT: OrderTerms(_TIMES),
    },
    chores=(
        # "Timing security": a time outside of the window of five seconds is refused.
        Chore(FetchServerTime(), ChoreEffect.CLOCK, every_ns=300 * SECOND),
        # Before the key is checked: it tells the limits, too.
        Chore(FetchInstruments(), ChoreEffect.INSTRUMENTS, every_ns=3600 * SECOND),
        Chore(
            FetchKeyPermissions(), ChoreEffect.CREDENTIALS, every_ns=3600 * SECOND, is_private=True
        ),
    ),
    user_streams=("user",),
    reserved={Lane.RESOLVE: 0.1, Lane.PLACE: 0.2, Lane.UPKEEP: 0.3, Lane.DATA: 0.4},
    abilities=frozenset({Ability.OCO, Ability.REPLACE, Ability.PREVIEW}),
    order_ids_per_instrument=True,
    paper=PaperTerms(
        # "Account information": `commissionRates` as captured.
        maker_rate=Decimal(0),
        taker_rate=Decimal("0.0002"),
        balances={"USD": Decimal(100_000), "USDT": Decimal(100_000), "BTC": Decimal(1)},
        fee_taken_from=FeeTakenFrom.RECEIVED,
        # "Exchange information": `baseCommissionPrecision`, `quoteCommissionPrecision`.
        fee_places=8,
        # "New order": what may not wait and is not executed ends as EXPIRED.
        rest_becomes=OrderStatus.EXPIRED,
        nothing_becomes=OrderStatus.EXPIRED,
    ),
)
