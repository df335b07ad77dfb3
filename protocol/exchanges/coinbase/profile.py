"""What Coinbase is, in figures, each with the page that it is from.

Where the exchange publishes no figure the comment says "ours", and why.
"""

from decimal import Decimal
from typing import Final

from attrs import evolve

from venuetree.protocol.commands import FetchInstruments, FetchKeyPermissions, FetchServerTime
from venuetree.protocol.models import OrderType, Side, TimeInForce, Topic
from venuetree.protocol.port import (
    Ability,
    Chore,
    ChoreEffect,
    Endpoints,
    IdReuse,
    Lane,
    LimitWindow,
    OrderTerms,
    PaperTerms,
    Profile,
    StreamLimits,
    WindowKind,
)
from venuetree.protocol.timestamps import SECOND

__all__ = [
    "ACKNOWLEDGED_WITHIN_NS",
    "ALIVE_WITHIN_NS",
    "FEED_PROFILE",
    "FORGIVEN_AFTER_NS",
    "MESSAGES_PER_SECOND",
    "PROFILE",
    "QUIET_AT_MOST_NS",
    "REFUSED_WITHIN_NS",
    "RENEWALS_AT_MOST",
    "SNAPSHOT_BATCH",
    "SNAPSHOT_WITHIN_NS",
    "TOO_SOON",
    "TOO_SOON_PAUSE_NS",
]

#: "Advanced Trade WebSocket Rate Limits": client messages a second and address.
MESSAGES_PER_SECOND: Final = 8

#: Ours: `heartbeats` come each second ("Advanced Trade WebSocket Channels"), so five missing
#: in a row, with no other frame between them, are a dead connection.
ALIVE_WITHIN_NS: Final = 5 * SECOND
#: Ours: acknowledgements come within a round trip; a snapshot of 5 MB may be sent first.
ACKNOWLEDGED_WITHIN_NS: Final = 10 * SECOND
#: Ours: a snapshot follows its subscription at once, before the acknowledgement or just after.
SNAPSHOT_WITHIN_NS: Final = 10 * SECOND
#: Ours: a subscription that gave data and then gives none for so long is told as stalled, and a
#: book is fetched anew. Thin markets are silent for minutes while heartbeats show that the
#: connection lives, so these are long; instrument states change once in months, hence no figure.
QUIET_AT_MOST_NS: Final = {
    Topic.BOOK: 120 * SECOND,
    Topic.TICKER: 900 * SECOND,
    Topic.TICKER_BATCH: 900 * SECOND,
    Topic.TRADES: 900 * SECOND,
    Topic.CANDLES: 900 * SECOND,
}
#: Ours: a subscription that must be renewed more often is beyond mending by itself: the whole
#: connection is given up, and its backoff slows us down.
RENEWALS_AT_MOST: Final = 3
#: Ours: a book of the older feed that was kept for so long has been mended: its renewals are
#: counted anew, because that feed drops messages in the ordinary course ("Exchange WebSocket
#: Channels", matches).
FORGIVEN_AFTER_NS: Final = 60 * SECOND
#: Ours: how long the acknowledgement that follows an error of the older feed is awaited, so that
#: it is not taken for the next request's.
REFUSED_WITHIN_NS: Final = 2 * SECOND
#: Ours: the wording of the refusal for too many messages is not documented.
TOO_SOON: Final = ("rate limit", "too many requests", "too many messages")
#: "Advanced Trade WebSocket Rate Limits": the limit counts by the second.
TOO_SOON_PAUSE_NS: Final = SECOND
#: "Advanced Trade WebSocket Channels", user: open orders a message of the opening snapshot; the
#: first message with fewer ends it.
SNAPSHOT_BATCH: Final = 50

_WAITING: Final = frozenset({TimeInForce.GOOD_TILL_CANCELLED, TimeInForce.GOOD_TILL_DATE})

PROFILE: Final = Profile(
    # "Advanced Trade WebSocket Overview", "Advanced Trade API Sandbox" (REST only, canned).
    endpoints={
        "live": Endpoints(
            rest="https://api.coinbase.com",
            stream="wss://advanced-trade-ws.coinbase.com",
            user_stream="wss://advanced-trade-ws-user.coinbase.com",
            others={"feed": "wss://ws-feed.exchange.coinbase.com"},
        ),
        "sandbox": Endpoints(
            rest="https://api-sandbox.coinbase.com",
            stream="",
            others={"feed": "wss://ws-feed-public.sandbox.exchange.coinbase.com"},
        ),
    },
    limits=(
        # "Rate Limiting" (older pages; the current ones state no figure by the second).
        LimitWindow("private", 30, SECOND, WindowKind.SLIDING),
        LimitWindow("public", 10, SECOND, WindowKind.SLIDING),
        # "Rate Limiting": an hour and key.
        LimitWindow("hour", 10_000, 3600 * SECOND, WindowKind.SLIDING),
    ),
    # Measured, September 2026: the 31st level2 product of a connection is refused.
    stream_limits=StreamLimits(
        instruments={Topic.BOOK: 30}, messages_per_second=MESSAGES_PER_SECOND
    ),
    topics=frozenset(
        {
            Topic.TRADES,
            Topic.TICKER,
            Topic.TICKER_BATCH,
            Topic.BOOK,
            Topic.CANDLES,
            Topic.STATUS,
        }
    ),
    # "Create Order". Of a market order good till cancelled, the request's default, says nothing.
    orders={
        OrderType.MARKET: OrderTerms(
            frozenset(
                {
                    TimeInForce.GOOD_TILL_CANCELLED,
                    TimeInForce.IMMEDIATE_OR_CANCEL,
                    TimeInForce.FILL_OR_KILL,
                }
            ),
            # A sell's quote amount would be read as base.
            quote_sides=frozenset({Side.BUY}),
        ),
        OrderType.LIMIT: OrderTerms(
            frozenset(TimeInForce) - {TimeInForce.GOOD_FOR_DAY},
            maker_only_times=_WAITING,
            quote_sides=frozenset(Side),
            attached=True,
        ),
        OrderType.STOP_LIMIT: OrderTerms(_WAITING),
        OrderType.BRACKET: OrderTerms(_WAITING),
    },
    chores=(
        # A token from a clock that is off by more than its lifetime is refused.
        Chore(FetchServerTime(), ChoreEffect.CLOCK, every_ns=300 * SECOND),
        Chore(
            FetchKeyPermissions(), ChoreEffect.CREDENTIALS, every_ns=3600 * SECOND, is_private=True
        ),
        Chore(FetchInstruments(), ChoreEffect.INSTRUMENTS, every_ns=3600 * SECOND),
    ),
    user_streams=("user",),
    abilities=frozenset({Ability.EDIT, Ability.PREVIEW}),
    reserved={Lane.RESOLVE: 0.1, Lane.PLACE: 0.2, Lane.UPKEEP: 0.3, Lane.DATA: 0.4},
    paper=PaperTerms(
        # "Get Transaction Summary": the first tier, up to 10,000 USD in thirty days.
        maker_rate=Decimal("0.005"),
        taker_rate=Decimal("0.009"),
        balances={"USD": Decimal(100_000), "USDC": Decimal(100_000), "BTC": Decimal(1)},
        # "Create Order": a market buy by `quote_size` spends the fee, too.
        is_fee_within_quote_quantity=True,
        # "Create Order", client_order_id: the existing order is returned.
        id_reuse=IdReuse.ANSWERED_WITH_IT,
    ),
)

#: The same exchange with its market data by the older feed ("Exchange WebSocket Overview"), which
#: has no candles. Ours: thirty books a connection here too, so that a connection given up costs
#: no more snapshots than that; and eight messages a second, of the hundred that it allows.
FEED_PROFILE: Final = evolve(
    PROFILE,
    endpoints={
        name: evolve(endpoints, stream=endpoints.others["feed"])
        for name, endpoints in PROFILE.endpoints.items()
    },
    topics=PROFILE.topics - {Topic.CANDLES},
)
