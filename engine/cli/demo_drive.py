"""One exchange's way through the demo: listen to everything, try each step, note the outcome."""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial

import anyio
from attrs import frozen

from venuetree import Engine
from venuetree.actors.errors import ActorError
from venuetree.actors.feed import AccountFeed, MarketFeed
from venuetree.cli.demo_stage import BrokenPromise, Stage, Witness, demo_instrument
from venuetree.cli.demo_steps import STEPS, Step
from venuetree.cli.demo_view import DemoBoard, StepResult, StepState
from venuetree.cli.exits import one_line
from venuetree.cli.live_market import MarketView
from venuetree.protocol.errors import EngineError
from venuetree.protocol.models import Instrument, Topic
from venuetree.scenarios.simulated.registry import Simulator

__all__ = ["Drive"]

#: A step that takes longer has failed.
STEP_SECONDS = 10.0
#: So long the market is still listened to after the last step: its outcome can be seen.
LAST_LOOK_SECONDS = 0.3


@frozen(eq=False)
class Drive:
    """The demo of one exchange."""

    engine: Engine
    name: str
    simulator: Simulator
    board: DemoBoard
    markets: dict[str, MarketView]

    async def run(self, until: float) -> None:
        """Try every step, then go on listening until the given time of anyio's clock."""
        chosen: list[Instrument] = []

        async def connect() -> str:
            found = await self.engine[self.name].instruments()
            chosen.append(demo_instrument(found))
            return f"{len(found)} instruments; trading {chosen[0].name}"

        if not await self._try("connect", connect):
            self._give_up(self._steps())
            return
        (instrument,) = chosen
        exchange = self.engine[self.name]
        witness = Witness()
        view = self.markets[self.name] = MarketView(self.name, (instrument.name,))
        topics = {Topic.TRADES, Topic.TICKER, Topic.BOOK} & exchange.topics
        async with (
            exchange.subscribe(instrument.name, *topics) as market,
            exchange.account_events() as account,
            anyio.create_task_group() as listeners,
        ):
            listeners.start_soon(_listen_to_market, market, witness, view)
            listeners.start_soon(_listen_to_account, account, witness)
            await self._try_all(Stage(self.engine, exchange, self.simulator, instrument, witness))
            await anyio.sleep(max(LAST_LOOK_SECONDS, until - anyio.current_time()))
            listeners.cancel_scope.cancel("the demo is over")

    async def _try_all(self, stage: Stage) -> None:
        steps = self._steps()
        for number, step in enumerate(steps, start=1):
            if not await self._try(step.name, partial(step.check, stage)):
                self._give_up(steps[number:])
                return

    def _steps(self) -> tuple[Step, ...]:
        """Those that make sense on this exchange."""
        abilities = self.engine[self.name].abilities
        return tuple(step for step in STEPS if step.needs is None or step.needs in abilities)

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

    def _give_up(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self.board.put(StepResult(self.name, step.name, StepState.NOT_TRIED))


async def _listen_to_market(feed: MarketFeed, witness: Witness, view: MarketView) -> None:
    try:
        async for event in feed:
            witness.take(event)
            view.take(event)
    except EngineError as error:
        witness.end(error)


async def _listen_to_account(feed: AccountFeed, witness: Witness) -> None:
    try:
        async for event in feed:
            witness.take(event)
    except EngineError as error:
        witness.end(error)
