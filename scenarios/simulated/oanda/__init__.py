"""The simulated OANDA."""

from venuetree.scenarios.simulated.oanda.account_settings import AccountSettings
from venuetree.scenarios.simulated.oanda.exchange import SimulatedOanda
from venuetree.scenarios.simulated.oanda.settings import Settings

__all__ = ["AccountSettings", "Settings", "SimulatedOanda"]
