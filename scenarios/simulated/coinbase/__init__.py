"""The simulated Coinbase."""

from venuetree.scenarios.simulated.coinbase.exchange import SimulatedCoinbase
from venuetree.scenarios.simulated.coinbase.keys import ApiKey, HmacKey, Permission
from venuetree.scenarios.simulated.coinbase.rules import FeeRates
from venuetree.scenarios.simulated.coinbase.venue import RepeatedId, Settings, Spelling

__all__ = [
    "ApiKey",
    "FeeRates",
    "HmacKey",
    "Permission",
    "RepeatedId",
    "Settings",
    "SimulatedCoinbase",
    "Spelling",
]
