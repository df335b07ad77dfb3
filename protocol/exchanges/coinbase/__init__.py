"""Coinbase: Advanced Trade, and its market data by the older Exchange feed for those who ask."""

from enum import Enum
from functools import partial
from typing import Final

from attrs import evolve

from venuetree.protocol.exchanges.coinbase.aliases import canonical_instrument
from venuetree.protocol.exchanges.coinbase.credentials import (
    CoinbaseCredentials,
    CoinbaseExchangeCredentials,
    CoinbaseLegacyCredentials,
    credentials_from_environment,
    credentials_from_mapping,
)
from venuetree.protocol.exchanges.coinbase.decode import decode
from venuetree.protocol.exchanges.coinbase.feed_channels import BookChannel
from venuetree.protocol.exchanges.coinbase.feed_session import FeedSession
from venuetree.protocol.exchanges.coinbase.feed_signing import (
    CoinbaseFeedCredentials,
    feed_signer,
)
from venuetree.protocol.exchanges.coinbase.profile import FEED_PROFILE, PROFILE
from venuetree.protocol.exchanges.coinbase.reading import NAME
from venuetree.protocol.exchanges.coinbase.rest import CoinbaseRest
from venuetree.protocol.exchanges.coinbase.session import MarketSession
from venuetree.protocol.exchanges.coinbase.signing import signer
from venuetree.protocol.exchanges.coinbase.user_session import UserSession
from venuetree.protocol.port import Exchange

__all__ = [
    "COINBASE",
    "CoinbaseCredentials",
    "CoinbaseExchangeCredentials",
    "CoinbaseFeed",
    "CoinbaseFeedCredentials",
    "CoinbaseLegacyCredentials",
    "coinbase_by",
]

COINBASE: Final = Exchange(
    name=NAME,
    profile=PROFILE,
    rest=CoinbaseRest(),
    signer=signer,
    market_session=MarketSession,
    user_sessions=lambda name, _: partial(UserSession, name),
    decode=decode,
    credentials_type=CoinbaseCredentials,
    credentials_from_mapping=credentials_from_mapping,
    credentials_from_environment=credentials_from_environment,
    canonical_instrument=canonical_instrument,
)


class CoinbaseFeed(Enum):
    """Where market data come from; orders and the account are Advanced Trade's either way."""

    #: Every frame is numbered: a loss is always seen. To be preferred.
    ADVANCED_TRADE = "advanced_trade"
    #: The older feed: no candles, and books of which a lost change can go unseen.
    EXCHANGE = "exchange"


def coinbase_by(feed: CoinbaseFeed, credentials: object | None = None) -> Exchange:
    """Coinbase with its market data by this feed, for these credentials.

    With a key of the feed (`CoinbaseExchangeCredentials`, or `CoinbaseFeedCredentials`, which
    holds one) books come by its `level2`, else by `level2_batch`. Without a key of Advanced Trade
    there is no user stream, and no key to check at start.
    """
    if feed is CoinbaseFeed.ADVANCED_TRADE:
        return COINBASE
    record = evolve(COINBASE, profile=FEED_PROFILE, signer=feed_signer, market_session=FeedSession)
    match credentials:
        case CoinbaseFeedCredentials(_, None) | CoinbaseExchangeCredentials():
            chores = tuple(chore for chore in FEED_PROFILE.chores if not chore.is_private)
            profile = evolve(FEED_PROFILE, chores=chores, user_streams=())
        case CoinbaseFeedCredentials():
            profile = FEED_PROFILE
        case _:
            return record
    signed = partial(FeedSession, books=BookChannel.SIGNED)
    return evolve(record, profile=profile, market_session=signed)
