"""What the suite is run on: one line each."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from attrs import field, frozen

from tests.conformance.paper import PaperOperator
from tests.conformance.stage import Stage
from venuetree import ExchangeConfig, paper
from venuetree.scenarios.operators import OPERATORS, Operator
from venuetree.scenarios.world import World
from venuetree.scenarios.world_opening import open_world

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
    async def stage(
        self, *, others: int = 0, tick_s: float = 0.05, is_still: bool = False
    ) -> AsyncIterator[Stage]:
        """A simulated exchange of its own for one case, in memory, with no engine on it yet.

        Args:
            others: how many other exchanges its engines trade on as well.
            tick_s: between two ticks of the simulators.
            is_still: whether the market moves by what the case does alone.
        """
        beside = [name for name in OPERATORS if name != self.exchange][:others]
        async with open_world(
            self.exchange,
            seed=SEED,
            beside=beside,
            simulator={"move_every_s": 3600.0} if is_still else None,
            configure=self.configure,
            tick_s=tick_s,
        ) as world:
            yield Stage(world, self.far_side(world))


_NO_NETWORK = "between the engine and its paper account there is no network to fail"
_NO_KEY = "a paper account needs no key"
_ONE_ENGINE = "a paper account in memory is one engine's"
_BY_THE_BOOK = "what the market does is known to a paper account once its book shows it"
_ON_PAPER: Mapping[str, str] = {
    "cancel-whose-reply-is-lost": _NO_NETWORK,
    "order-whose-reply-is-lost": _NO_NETWORK,
    "order-that-never-arrives": _NO_NETWORK,
    "down-at-the-start": _NO_NETWORK,
    "one-of-two-is-down": _NO_NETWORK,
    "bad-key": _NO_KEY,
    "wrong-permission": _NO_KEY,
    "key-revoked": _NO_KEY,
    "open-order-of-another-engine": _ONE_ENGINE,
    "filled-order-of-another-engine": _ONE_ENGINE,
    "cancel-of-a-filled-order": _ONE_ENGINE,
    "cancel-all": _ONE_ENGINE,
    "id-of-another-engines-open-order": _ONE_ENGINE,
    "id-of-another-engines-ended-order": _ONE_ENGINE,
    "halted-since": "a halt is known when instruments are next asked for",
    "cancel-after-an-unseen-fill": _BY_THE_BOOK,
    "cancel-while-it-fills": _BY_THE_BOOK,
    "fill-of-a-resting-order": "it is executed at the price that the book shows, not at its own",
}
_ON_MARGIN: Mapping[str, str] = {
    "preview": "there are no previews on margin",
    "too-poor": "margin is needed for what is executed, and no book shows as much",
}


def _on_paper(name: str, **also: str) -> Subject:
    """The same exchange, by a paper account."""
    return Subject(
        f"paper-{name}", name, paper, far_side=PaperOperator, leaves_out={**_ON_PAPER, **also}
    )


SUBJECTS: Mapping[str, Subject] = {
    subject.name: subject
    for subject in (
        *(Subject(name, name) for name in OPERATORS),
        _on_paper("coinbase"),
        _on_paper("binance_us"),
        _on_paper("oanda", **_ON_MARGIN),
    )
}
