"""What the suite is run on: one line each."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from attrs import field, frozen

from tests.conformance.stage import Stage
from venuetree import ExchangeConfig
from venuetree.scenarios.operators import OPERATORS, Operator
from venuetree.scenarios.world import World, open_world

__all__ = ["SUBJECTS", "Subject"]

#: Of prices, ids and jitter. Any will do; the same one gives the same table.
SEED = 7


@frozen
class Subject:
    """An exchange, or a way to configure one: a column of the table.

    Attributes:
        name: of the column.
        exchange: that is simulated.
        configure: makes of the exchange's configuration the one that the engine gets.
        far_side: who knows what really became of orders and money: the exchange's operator, but
            where orders never reach the exchange.
        leaves_out: the cases that make no sense here, and why, by name.
    """

    name: str
    exchange: str
    configure: Callable[[ExchangeConfig], ExchangeConfig] = lambda config: config
    far_side: Callable[[World], Operator] = lambda world: world.operator
    leaves_out: Mapping[str, str] = field(factory=dict)

    @asynccontextmanager
    async def stage(self, *, others: int = 0, tick_s: float = 0.05) -> AsyncIterator[Stage]:
        """A simulated exchange of its own for one case, in memory, with no engine on it yet.

        Args:
            others: how many other exchanges its engines trade on as well.
            tick_s: between two ticks of the simulators.
        """
        beside = [name for name in OPERATORS if name != self.exchange][:others]
        async with open_world(
            self.exchange, seed=SEED, beside=beside, configure=self.configure, tick_s=tick_s
        ) as world:
            yield Stage(world, self.far_side(world))


SUBJECTS: Mapping[str, Subject] = {
    subject.name: subject for subject in (Subject(name, name) for name in OPERATORS)
}
