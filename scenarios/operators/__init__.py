"""Who runs a simulated exchange: sees what it really holds, and lets things happen to it."""

from collections.abc import Callable, Mapping

from venuetree.scenarios.operators.binance_us import binance_us_operator
from venuetree.scenarios.operators.coinbase import coinbase_operator
from venuetree.scenarios.operators.oanda import OandaOperator
from venuetree.scenarios.operators.port import (
    Held,
    HeldAccount,
    HeldFill,
    HeldOrder,
    Operator,
    Patterns,
)

__all__ = [
    "OPERATORS",
    "Held",
    "HeldAccount",
    "HeldFill",
    "HeldOrder",
    "Operator",
    "Patterns",
]

#: One line an exchange. Each takes the seed, our true time, and settings of its simulator.
OPERATORS: Mapping[str, Callable[..., Operator]] = {
    "coinbase": coinbase_operator,
    "binance_us": binance_us_operator,
    "oanda": OandaOperator,
}
