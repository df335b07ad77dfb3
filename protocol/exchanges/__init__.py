"""The exchanges, by name: the one registry."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from venuetree.protocol.exchanges.binance_us import BINANCE_US
from venuetree.protocol.exchanges.coinbase import COINBASE
from venuetree.protocol.exchanges.oanda import OANDA
from venuetree.protocol.port import Exchange

__all__ = ["EXCHANGES"]

EXCHANGES: Final[Mapping[str, Exchange]] = MappingProxyType(
    {exchange.name: exchange for exchange in (COINBASE, BINANCE_US, OANDA)}
)
