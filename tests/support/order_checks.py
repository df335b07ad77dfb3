"""What the tests of checks share: an instrument with rules, orders that keep them, refusals."""

from collections.abc import Callable
from decimal import Decimal

import attrs
import pytest

from venuetree.protocol.builders import limit_order, market_order, oco, stop_limit_order
from venuetree.protocol.errors import OrderInvalid
from venuetree.protocol.models import (
    Instrument,
    InstrumentStatus,
    Notional,
    OrderRequest,
    Quantum,
    QuantumField,
    Side,
    StopDirection,
)

__all__ = ["BTC", "LIMIT", "MARKET", "SELL_PAIR", "STOP", "changed", "refusal_of"]

D = Decimal
BTC = Instrument(
    name="BTC-USD",
    base="BTC",
    quote="USD",
    exchange_symbol="BTC-USD",
    status=InstrumentStatus.TRADING,
    rules=(
        Quantum(QuantumField.PRICE, "tick", step=D("0.01"), minimum=D(1), maximum=D(100000)),
        Quantum(QuantumField.STOP_PRICE, "stop tick", step=D("0.01")),
        Quantum(QuantumField.QUANTITY, "lot", step=D("0.001"), minimum=D("0.001"), maximum=D(10)),
        Quantum(QuantumField.MARKET_QUANTITY, "market lot", maximum=D(5)),
        Quantum(QuantumField.QUOTE_QUANTITY, "quote lot", step=D("0.01"), minimum=D(1)),
        Notional("notional", minimum=D(10), maximum=D(200000)),
    ),
)
LIMIT = limit_order("BTC-USD", Side.BUY, quantity="0.5", price="30000.00")
MARKET = market_order("BTC-USD", Side.BUY, quantity="0.5")
STOP = stop_limit_order(
    "BTC-USD",
    Side.SELL,
    quantity="0.5",
    price="29000",
    stop_price="29100",
    stop_direction=StopDirection.DOWN,
)
SELL_PAIR = oco(
    "BTC-USD", Side.SELL, quantity="1", price="110", stop_price="90", stop_limit_price="89"
)


def changed(order: OrderRequest, **changes: object) -> OrderRequest:
    """The order, other in these fields."""
    return attrs.evolve(order, **changes)  # type: ignore[arg-type]


def refusal_of(check: Callable[[], None]) -> tuple[str, str, str]:
    """Rule, value and bound of the refusal that a check must raise."""
    with pytest.raises(OrderInvalid) as caught:
        check()
    return caught.value.rule, caught.value.value, caught.value.bound
