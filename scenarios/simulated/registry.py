"""The simulated exchanges, by name: the one registry."""

from collections.abc import Callable, Mapping
from typing import Protocol

from venuetree.scenarios.simulated.binance_us import SimulatedBinanceUs
from venuetree.scenarios.simulated.coinbase import SimulatedCoinbase
from venuetree.scenarios.simulated.fault_plan import FaultPlan
from venuetree.scenarios.simulated.log import ExchangeLog
from venuetree.scenarios.simulated.oanda import SimulatedOanda
from venuetree.scenarios.simulated.wire import SimulatedExchange

__all__ = ["SIMULATORS", "Simulator"]


class Simulator(SimulatedExchange, Protocol):
    """A simulated exchange that can be made to fail.

    Attributes:
        paused: while true its prices move only by what clients do.
    """

    paused: bool

    @property
    def faults(self) -> FaultPlan:
        """What is to go wrong."""

    @property
    def log(self) -> ExchangeLog:
        """What it was asked, what it did, which faults fired."""


#: One line an exchange; the function takes the seed of its market.
SIMULATORS: Mapping[str, Callable[[int], Simulator]] = {
    "coinbase": lambda seed: SimulatedCoinbase(seed=seed),
    "binance_us": lambda seed: SimulatedBinanceUs(seed=seed),
    "oanda": lambda seed: SimulatedOanda(seed=seed),
}
