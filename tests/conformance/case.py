"""A case: one thing that a host does, one sentence that is promised of it, on every exchange.

::

    @case(Heading.CANCELLING, "A filled order cannot be cancelled.", outcomes=("refused",))
    async def cancel_of_a_filled_order(stage: Stage) -> str:
        async with stage.trading() as desk:
            ...
        return "refused"

A case returns what came of it, one of the outcomes that it declares, or raises if a promise is
broken. It names no exchange: what differs between them it asks the handle.
"""

from collections.abc import Awaitable, Callable
from enum import Enum

from attrs import frozen

from tests.conformance.stage import Stage

__all__ = ["CASES", "NOT_SUPPORTED", "YES", "Case", "Heading", "case"]

YES = "yes"
NOT_SUPPORTED = "not supported"


class Heading(Enum):
    """The parts of the table, in its order."""

    CONNECTION = "Connection and questions"
    ACCOUNT = "The account"
    STREAMS = "Market streams"
    PLACING = "Placing orders"
    LATER = "Orders that wait for a price"
    CHANGING = "Changing orders"
    RULES = "Orders that cannot be"
    READING = "Reading orders back"
    LIFE = "An order's life"
    CANCELLING = "Cancelling"
    ONCE = "Once and only once"
    KEYS = "Keys"
    OUTAGES = "Outages"


@frozen
class Case:
    """One row of the table.

    Attributes:
        name: of its function, in words joined by `-`.
        heading: the part of the table that it belongs to.
        sentence: what is promised, or what may come of it.
        outcomes: all that may come of it, on whatever exchange.
        advice: how a host writes it for all exchanges, where they differ.
        others: how many other exchanges its engine trades on as well.
        tick_s: between two ticks of the simulators; long where minutes pass, since each is work.
        is_still: whether the market moves by what the case does alone.
        script: tries it.
    """

    name: str
    heading: Heading
    sentence: str
    outcomes: tuple[str, ...]
    advice: str
    others: int
    tick_s: float
    is_still: bool
    script: Callable[[Stage], Awaitable[str]]

    async def run(self, stage: Stage) -> str:
        """Try it.

        Returns:
            What came of it.

        Raises:
            BrokenPromise: something else than was promised.
        """
        outcome = await self.script(stage)
        stage.world.expect(outcome in self.outcomes, f"{outcome!r} is no outcome of {self.name}")
        return outcome


#: In the order in which they are written.
CASES: dict[str, Case] = {}


def case(
    heading: Heading,
    sentence: str,
    *,
    outcomes: tuple[str, ...] = (YES,),
    advice: str = "",
    others: int = 0,
    tick_s: float = 0.05,
    is_still: bool = False,
) -> Callable[[Callable[[Stage], Awaitable[str]]], Case]:
    """Make a case of a function, and a row of the table."""

    def make(script: Callable[[Stage], Awaitable[str]]) -> Case:
        name = script.__name__.replace("_", "-")
        if name in CASES:
            message = f"two cases are called {name}"
            raise ValueError(message)
        CASES[name] = Case(
            name, heading, sentence, outcomes, advice, others, tick_s, is_still, script
        )
        return CASES[name]

    return make
