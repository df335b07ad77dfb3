"""A scenario: one failure, one promise about it, and the script that checks the promise.

::

    @scenario("An order whose reply is lost is found, and there is one of it.")
    async def reply_to_an_order_is_lost(world: World) -> str:
        world.inject(LoseReply(to=world.operator.patterns.place))
        order = await world.exchange.place(world.far_bid("a1"))
        world.expect(order.status is OrderStatus.OPEN, f"the order is {order.status.value}")
        return f"{world.held('a1').status.value} at the exchange, once"

Nothing in a script names an exchange: it is tried on each that it is for.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from attrs import frozen

from venuetree.scenarios.operators import OPERATORS
from venuetree.scenarios.world import World

__all__ = ["ALL_EXCHANGES", "Scenario", "Script", "World", "scenario"]

Script = Callable[[World], Awaitable[str]]

ALL_EXCHANGES = tuple(OPERATORS)


@frozen(eq=False)
class Scenario:
    """One failure, replayed.

    Attributes:
        name: what happens, in words joined by `-`.
        promise: what the engine promises, in a sentence.
        script: checks it; returns in a few words what it saw, or raises `BrokenPromise`.
        on: the exchanges that it is tried on.
        beside: other exchanges that the engine trades on meanwhile.
        before: runs before the engine starts.
        simulator: settings of the exchange's simulator.
        settings: of the engine's configuration.
        tick_s: between two ticks of the simulators.
        within_s: the virtual seconds that it may take.
    """

    name: str
    promise: str
    script: Script
    on: tuple[str, ...]
    beside: tuple[str, ...] = ()
    before: Callable[[World], object] | None = None
    simulator: Mapping[str, Any] | None = None
    settings: Mapping[str, Any] | None = None
    tick_s: float = 0.05
    within_s: float = 600.0


def scenario(
    promise: str,
    *,
    on: tuple[str, ...] = ALL_EXCHANGES,
    beside: tuple[str, ...] = (),
    before: Callable[[World], object] | None = None,
    simulator: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    tick_s: float = 0.05,
    within_s: float = 600.0,
) -> Callable[[Script], Scenario]:
    """Make a scenario of a function of a `World`; its name becomes the scenario's.

    The engine runs already when the function is called; what must be so before that is done by
    `before`. The other arguments are those of `Scenario`.
    """

    def make(script: Script) -> Scenario:
        return Scenario(
            name=script.__name__.replace("_", "-"),
            promise=promise,
            script=script,
            on=on,
            beside=beside,
            before=before,
            simulator=simulator,
            settings=settings,
            tick_s=tick_s,
            within_s=within_s,
        )

    return make
