"""Simulated exchanges: small real exchanges that speak the real wire protocols.

They are written from the exchanges' documents and import nothing of the
engine, so that a mistake cannot hide by being made on both sides.
"""

from venuetree.scenarios.simulated.binance_us import SimulatedBinanceUs
from venuetree.scenarios.simulated.coinbase import SimulatedCoinbase
from venuetree.scenarios.simulated.server import Running, serve

__all__ = ["Running", "SimulatedBinanceUs", "SimulatedCoinbase", "serve"]
