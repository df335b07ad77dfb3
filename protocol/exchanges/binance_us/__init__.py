"""Binance.US: spot trading, market data and the account's own stream."""

from enum import Enum
from typing import Final

from attrs import evolve

from venuetree.protocol.exchanges.binance_us.credentials import (
    BinanceUsCredentials,
    credentials_from_environment,
    credentials_from_mapping,
)
from venuetree.protocol.exchanges.binance_us.decode import decode
from venuetree.protocol.exchanges.binance_us.messages import OrderMessages
from venuetree.protocol.exchanges.binance_us.profile import PROFILE
from venuetree.protocol.exchanges.binance_us.reading import NAME
from venuetree.protocol.exchanges.binance_us.rest import BinanceUsRest
from venuetree.protocol.exchanges.binance_us.session import MarketSession
from venuetree.protocol.exchanges.binance_us.signing import signer
from venuetree.protocol.exchanges.binance_us.user_streams import UserStreams
from venuetree.protocol.port import Exchange

__all__ = ["BINANCE_US", "BinanceUsCredentials", "OrderWay", "binance_us_by"]

BINANCE_US: Final = Exchange(
    name=NAME,
    profile=PROFILE,
    rest=BinanceUsRest(),
    signer=signer,
    market_session=MarketSession,
    user_sessions=UserStreams,
    decode=decode,
    credentials_type=BinanceUsCredentials,
    credentials_from_mapping=credentials_from_mapping,
    credentials_from_environment=credentials_from_environment,
)


class OrderWay(Enum):
    """How orders are placed, cancelled and read; everything else goes over HTTP either way."""

    REST = "rest"
    #: By the WebSocket API, one message each way; over HTTP while its connection does not stand.
    WS_API = "ws_api"


def binance_us_by(way: OrderWay) -> Exchange:
    """Binance.US with its orders by this way."""
    if way is OrderWay.REST:
        return BINANCE_US
    return evolve(BINANCE_US, message_door=OrderMessages())
