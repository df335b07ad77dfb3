"""The values that all exchanges share: instruments, orders, fills, balances, market data.

Prices, quantities and amounts are `Decimal`, with the digits the exchange sent. Times are
integer nanoseconds since 1970 UTC. Instruments are named `BASE-QUOTE`, upper case.
"""

from venuetree.protocol.models.account import (
    Balance,
    FeeSummary,
    KeyPermissions,
    Position,
)
from venuetree.protocol.models.instruments import (
    AllowedOrders,
    Instrument,
    Notional,
    OpenOrderLimit,
    OrderRule,
    PositionLimit,
    PriceBand,
    Quantum,
)
from venuetree.protocol.models.market import (
    Candle,
    Level,
)
from venuetree.protocol.models.orders import (
    Bracket,
    Fill,
    OcoRequest,
    Order,
    OrderKey,
    OrderPreview,
    OrderReport,
    OrderRequest,
)
from venuetree.protocol.models.words import (
    Counted,
    InstrumentStatus,
    Liquidity,
    LiquidityPreference,
    OrderStatus,
    OrderType,
    QuantumField,
    ReportSource,
    Side,
    StopDirection,
    TimeInForce,
    Topic,
)

__all__ = [
    "AllowedOrders",
    "Balance",
    "Bracket",
    "Candle",
    "Counted",
    "FeeSummary",
    "Fill",
    "Instrument",
    "InstrumentStatus",
    "KeyPermissions",
    "Level",
    "Liquidity",
    "LiquidityPreference",
    "Notional",
    "OcoRequest",
    "OpenOrderLimit",
    "Order",
    "OrderKey",
    "OrderPreview",
    "OrderReport",
    "OrderRequest",
    "OrderRule",
    "OrderStatus",
    "OrderType",
    "Position",
    "PositionLimit",
    "PriceBand",
    "Quantum",
    "QuantumField",
    "ReportSource",
    "Side",
    "StopDirection",
    "TimeInForce",
    "Topic",
]
