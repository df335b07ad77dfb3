"""One exchange's way through the demo: listen to everything, try each step, note the outcome."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import anyio
from attrs import frozen

from venuetree import Engine
from venuetree.actors.errors import ActorError
from venuetree.actors.feed import MarketFeed
from venuetree.cli.demo_stage import Stage, demo_instrument
from venuetree.cli.demo_steps import CONNECT, STEPS, Step
from venuetree.cli.demo_story import Story
from venuetree.cli.demo_view import DemoBoard, StepResult, StepState
from venuetree.cli.exits import one_line
from venuetree.cli.live_market import MarketView
from venuetree.protocol.errors import EngineError
from venuetree.protocol.models import Instrument, Topic
from venuetree.scenarios.simulated.registry import Simulator
from venuetree.scenarios.witness import Witness
from venuetree.scenarios.world import BrokenPromise

__all__ = ["Drive"]

#: A step that takes longer has failed.
STEP_SECONDS = 10.0


@frozen(eq=False)
class Drive:
    """The demo of one exchange."""

    engine: Engine
    name: str
    simulator: Simulator
    board: DemoBoard
    story: Story
    markets: Mapping[str, MarketView]

    async def run(self) -> None:
        """Try every step, in step with the other exchanges."""
        chosen: list[Instrument] = []

        async def connect() -> str:
            found = await self.engine[self.name].instruments()
            chosen.append(demo_instrument(found))
            return f"{len(found)} instruments; trading {chosen[0].name}"

        is_connected = await self._try(CONNECT.name, connect)
        await self.story.turn_page()
        if not is_connected:
            await self._give_up(0)
            return
        (instrument,) = chosen
        exchange = self.engine[self.name]
        witness = Witness()
        topics = {Topic.TRADES, Topic.TICKER, Topic.BOOK} & exchange.topics
        async with (
            exchange.subscribe(instrument.name, *topics) as market,
            exchange.account_events() as account,
            anyio.create_task_group() as listeners,
        ):
            listeners.start_soon(_listen, market, witness, self.markets[self.name])
            listeners.start_soon(witness.listen, account)
            await self._try_all(Stage(self.engine, exchange, self.simulator, instrument, witness))
            listeners.cancel_scope.cancel("the demo is over")

    async def _try_all(self, stage: Stage) -> None:
        for number, step in enumerate(STEPS):
            if self._has(step) and not await self._try(step.name, partial(step.check, stage)):
                await self.story.turn_page()
                await self._give_up(number + 1)
                return
            await self.story.turn_page()

    def _has(self, step: Step) -> bool:
        """Whether the step makes sense on this exchange."""
        return step.needs is None or step.needs in self.engine[self.name].abilities

    async def _try(self, step: str, check: Callable[[], Awaitable[str]]) -> bool:
        """Whether a step was kept; either way it is on the board."""
        self.board.put(StepResult(self.name, step, StepState.RUNNING))
        begun = anyio.current_time()
        state = StepState.BROKEN
        try:
            with anyio.fail_after(STEP_SECONDS):
                detail = await check()
            state = StepState.KEPT
        except (BrokenPromise, EngineError, ActorError) as error:
            detail = one_line(error)
        except TimeoutError:
            detail = f"not within {STEP_SECONDS:g} s"
        took = round(1000 * (anyio.current_time() - begun))
        self.board.put(StepResult(self.name, step, state, detail, took))
        return state is StepState.KEPT

    async def _give_up(self, first: int) -> None:
        """Say of the steps from this one on that they were not tried, without holding others up."""
        for step in STEPS[first:]:
            if self._has(step):
                self.board.put(StepResult(self.name, step.name, StepState.NOT_TRIED))
            await self.story.turn_page()


async def _listen(feed: MarketFeed, witness: Witness, view: MarketView) -> None:
    """Let the screen and the steps hear the same."""
    try:
        async for event in feed:
            witness.take(event)
            view.take(event)
    except EngineError as error:
        witness.end(error)
