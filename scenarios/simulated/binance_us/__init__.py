"""The simulated Binance.US."""

from venuetree.scenarios.simulated.binance_us.exchange import SimulatedBinanceUs
from venuetree.scenarios.simulated.binance_us.filters import Profile
from venuetree.scenarios.simulated.binance_us.funds import FeeRates
from venuetree.scenarios.simulated.binance_us.heartbeat import Pulse
from venuetree.scenarios.simulated.binance_us.keys import ApiKey, Permission
from venuetree.scenarios.simulated.binance_us.stream_settings import StreamSettings
from venuetree.scenarios.simulated.binance_us.venue import Settings

__all__ = [
    "ApiKey",
    "FeeRates",
    "Permission",
    "Profile",
    "Pulse",
    "Settings",
    "SimulatedBinanceUs",
    "StreamSettings",
]
