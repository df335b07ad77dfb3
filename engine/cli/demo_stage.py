"""What the demo's steps stand on: one exchange, its simulator, and everything it has said."""

from collections.abc import Callable, Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TypeVar

import anyio
from attrs import Factory, define, frozen

from venuetree import Engine
from venuetree.exchange import ExchangeHandle
from venuetree.protocol.errors import EngineError
from venuetree.protocol.events import AccountEvent, FeedEvent
from venuetree.protocol.models import (
    Instrument,
    InstrumentStatus,
    Notional,
    OrderRule,
    QuantumField,
)
from venuetree.scenarios.simulated.registry import Simulator
from venuetree.supervisors.snapshot import ChildInfo

__all__ = [
    "BrokenPromise",
    "Stage",
    "Witness",
    "demo_instrument",
    "demo_quantity",
    "price_below",
]

#: What the demo's orders are worth, in quote currency, if the exchange's minimum allows.
_WORTH = Decimal(500)

E = TypeVar("E", bound=FeedEvent | AccountEvent)


class BrokenPromise(Exception):
    """A step of the demo saw something else than it should."""


@define(eq=False)
class Witness:
    """Remembers every event, and lets a step wait for one that it expects."""

    events: list[FeedEvent | AccountEvent] = Factory(list)
    _arrived: anyio.Event = Factory(anyio.Event)
    _ended: EngineError | None = None

    def take(self, event: FeedEvent | AccountEvent) -> None:
        """Remember an event and wake who waits."""
        self.events.append(event)
        self._arrived.set()
        self._arrived = anyio.Event()

    def end(self, error: EngineError) -> None:
        """No more will come, for this reason."""
        self._ended = error
        self._arrived.set()

    async def see(
        self, kind: type[E], holds: Callable[[E], bool] = lambda _: True, *, since: int = 0
    ) -> tuple[E, int]:
        """The first event of a kind for which `holds`, from index `since` on, and the next index.

        Waits for it if it has not come; cancelling loses nothing.

        Raises:
            EngineError: the feed has ended for good.
        """
        index = since
        while True:
            for event in self.events[index:]:
                index += 1
                if isinstance(event, kind) and holds(event):
                    return event, index
            if self._ended is not None:
                raise self._ended
            await self._arrived.wait()


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
