"""What the demo's steps stand on: one exchange, its simulator, and everything it has said."""

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from attrs import frozen

from venuetree import Engine
from venuetree.exchange import ExchangeHandle
from venuetree.protocol.models import (
    Instrument,
    InstrumentStatus,
    Notional,
    OrderRule,
    QuantumField,
)
from venuetree.scenarios.simulated.registry import Simulator
from venuetree.scenarios.witness import Witness
from venuetree.scenarios.world import BrokenPromise
from venuetree.supervisors.snapshot import ChildInfo

__all__ = ["Stage", "demo_instrument", "demo_quantity", "price_below"]

#: What the demo's orders are worth, in quote currency, if the exchange's minimum allows.
_WORTH = Decimal(500)


@frozen(eq=False)
class Stage:
    """One exchange of the demo."""

    engine: Engine
    exchange: ExchangeHandle
    simulator: Simulator
    instrument: Instrument
    witness: Witness

    @property
    def name(self) -> str:
        """The exchange's name."""
        return self.exchange.name

    def restarts(self) -> int:
        """How many restarts this exchange's actors have caused."""
        return _restarts(self.engine.snapshot()[self.name].children)


def demo_instrument(instruments: Iterable[Instrument]) -> Instrument:
    """Something to trade: in dollars if there is such.

    Raises:
        BrokenPromise: nothing is being traded.
    """
    trading = [one for one in instruments if one.status is InstrumentStatus.TRADING]
    if not trading:
        message = "the exchange lists nothing that trades"
        raise BrokenPromise(message)
    return min(trading, key=lambda one: one.quote != "USD")


def demo_quantity(instrument: Instrument, price: Decimal) -> Decimal:
    """A small quantity that the instrument's rules allow at this price and somewhat below."""
    quantum = instrument.quantum(QuantumField.QUANTITY)
    step = quantum.step if quantum and quantum.step else Decimal(1)
    least = quantum.minimum if quantum else Decimal(0)
    worth = max([_WORTH, *(2 * rule.minimum for rule in _notionals(instrument.rules))])
    steps = (max(worth / price, least) / step).to_integral_value(ROUND_CEILING)
    return steps * step


def price_below(instrument: Instrument, price: Decimal) -> Decimal:
    """A price a tenth lower, on the instrument's grid: an order there rests."""
    quantum = instrument.quantum(QuantumField.PRICE)
    step = quantum.step if quantum and quantum.step else Decimal(1)
    return (price * Decimal("0.9") / step).to_integral_value(ROUND_FLOOR) * step


def _notionals(rules: Iterable[OrderRule]) -> list[Notional]:
    return [rule for rule in rules if isinstance(rule, Notional)]


def _restarts(children: Iterable[ChildInfo]) -> int:
    return sum(child.restarts + _restarts(child.children) for child in children)
