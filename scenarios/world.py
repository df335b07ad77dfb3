"""A world in memory: a simulated exchange, a real engine on it, and all that can go wrong.

Everything in it runs on one clock, the loop's, which may be a virtual one: then hours pass in
seconds, and with the same seed the same things happen.
"""

import random
import uuid
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager, contextmanager
from decimal import ROUND_FLOOR, Decimal
from fnmatch import fnmatchcase
from typing import Any, TypeVar

import anyio
from attrs import define, field

from venuetree.actors.errors import ActorError
from venuetree.config import ExchangeConfig, exchange_config
from venuetree.engine import Engine
from venuetree.exchange import ExchangeHandle
from venuetree.protocol.builders import limit_order, market_order
from venuetree.protocol.errors import EngineError
from venuetree.protocol.models import Fill, OrderRequest, Side, Topic
from venuetree.scenarios.faults import Fault
from venuetree.scenarios.memory_network import MemoryNetwork
from venuetree.scenarios.operators import HeldOrder, Operator
from venuetree.scenarios.simulated.fault_plan import ScheduledFault
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.witness import Witness, listening
from venuetree.scenarios.world_clock import WorldClock
from venuetree.scenarios.world_log import LineKind, WorldLog

__all__ = ["BrokenPromise", "World"]

E = TypeVar("E", bound=EngineError)

#: How far below the market an order rests for good.
_FAR = Decimal("0.9")
#: How long a world waits for something that should come to hold, in seconds.
_PATIENCE = 60.0
#: Between two looks at it, at the least; and how often it is looked at in all.
_LOOK = 0.02
_LOOKS_AT_MOST = 1500


class BrokenPromise(Exception):
    """A scenario saw something else than was promised."""


@define(eq=False)
class World:
    """What a scenario is given.

    Attributes:
        name: of the exchange that it is about.
        operators: who runs each simulated exchange, by name.
        network: all connections, in memory.
        clock: the engine's.
        log: what happened so far.
        injected: the faults that this scenario ordered; each must have happened in the end.
    """

    name: str
    seed: int
    operators: Mapping[str, Operator]
    network: MemoryNetwork
    clock: WorldClock
    log: WorldLog
    _settings: Mapping[str, Any]
    _addresses: Mapping[str, Mapping[str, tuple[str, int]]]
    #: What is done to each configuration before an engine gets it.
    _configure: Callable[[ExchangeConfig], ExchangeConfig] = lambda config: config
    injected: list[ScheduledFault] = field(factory=list, init=False)
    _engines: list[Engine] = field(factory=list, init=False)
    _made: int = field(default=0, init=False)

    # ------------------------------------------------------------ who is there

    @property
    def operator(self) -> Operator:
        """Who runs the exchange."""
        return self.operators[self.name]

    @property
    def engine(self) -> Engine:
        """The engine; there is none before it starts."""
        if not self._engines:
            message = "the engine has not started: this part of the scenario runs before it does"
            raise RuntimeError(message)
        return self._engines[0]

    @property
    def exchange(self) -> ExchangeHandle:
        """The engine's handle to the exchange."""
        return self.engine[self.name]

    @property
    def instrument(self) -> str:
        """What is traded."""
        return self.operator.instrument

    @property
    def small(self) -> Decimal:
        """A quantity that nothing forbids."""
        return self.operator.small

    @asynccontextmanager
    async def start_engine(self, **settings: Any) -> AsyncIterator[Engine]:
        """One more engine on the same account; the first is `engine`.

        Args:
            settings: of the configuration of each exchange, beside those of the scenario.
        """
        self._made += 1
        rng = random.Random(f"{self.seed}/{self._made}")
        engine = Engine(
            *(self._config(name, settings) for name in self.operators),
            clock=self.clock,
            network=self.network,
            rng=rng,
            log=self.log,
            nonce=lambda: f"{rng.getrandbits(128):032x}",
            new_id=lambda: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        )
        unsubscribe = engine.subscribe_reports(self.log.report)
        self._engines.append(engine)
        try:
            async with engine:
                yield engine
        finally:
            unsubscribe()
            self._engines.remove(engine)

    def _config(self, name: str, settings: Mapping[str, Any]) -> ExchangeConfig:
        operator = self.operators[name]
        config = exchange_config(
            name,
            operator.credentials,
            endpoints=operator.endpoints(self._addresses[name]),
            **{**self._settings, **settings},
        )
        return self._configure(config)

    # ------------------------------------------------------------ what goes wrong

    def inject(self, fault: Fault) -> ScheduledFault:
        """Let the exchange fail; the value returned counts how often it did."""
        scheduled = self.operator.simulator.faults.add(fault)
        self.injected.append(scheduled)
        return scheduled

    def happens(self, what: str) -> None:
        """Note a failure that is no fault of the simulator's."""
        self.log.add(LineKind.FAULT, what)

    def take_down(self, *surfaces: str) -> None:
        """Let the exchange be unreachable: open connections are reset, new ones refused.

        Args:
            surfaces: only these of its addresses; all by default.
        """
        self.happens(f"{self.name} is down: {', '.join(surfaces) or 'all of it'}")
        self.network.take_down(*self.ports(surfaces))

    def bring_up(self, *surfaces: str) -> None:
        """Let it be reachable again."""
        self.log.add(LineKind.SEEN, f"{self.name} is up again")
        self.network.bring_up(*self.ports(surfaces))

    def cut(self, surface: str, *, after_bytes: int) -> None:
        """Reset each open connection of an address within the next longer piece that it sends."""
        self.happens(f"{surface} is cut within a message, after {after_bytes} bytes")
        for port in self.ports((surface,)):
            for arrival in self.network.arrivals:
                if arrival.port == port and not arrival.stream.is_closed:
                    arrival.stream.cut_at = after_bytes

    def jump_clock(self, seconds: float) -> None:
        """Put our clock wrong by so much."""
        self.happens(f"our clock jumps by {seconds:g} s")
        self.clock.jump(seconds)

    def revoke_key(self) -> None:
        """Let the key be worth nothing from now on."""
        self.happens("the key is revoked")
        self.operator.revoke_key()

    @contextmanager
    def broken_clock(self) -> Iterator[None]:
        """Let every actor that looks at our clock crash while the body runs."""
        self.happens("our clock cannot be read")

        def fail() -> None:
            message = "the clock cannot be read"
            raise RuntimeError(message)

        self.clock.check = fail
        try:
            yield
        finally:
            self.clock.check = lambda: None

    def ports(self, surfaces: Sequence[str]) -> list[int]:
        """On which ports of the network the exchange has these addresses; all if none is named."""
        doors = self._addresses[self.name]
        return [port for surface, (_, port) in doors.items() if not surfaces or surface in surfaces]

    # ------------------------------------------------------------ orders

    def far_bid(self, client_order_id: str = "", quantity: Decimal | None = None) -> OrderRequest:
        """A limit order that rests: a tenth below the market."""
        bid, _ = self.operator.top()
        tick = self.operator.tick
        price = (bid * _FAR / tick).to_integral_value(ROUND_FLOOR) * tick
        return self._limit(client_order_id, price, quantity)

    def near_bid(self, client_order_id: str = "", quantity: Decimal | None = None) -> OrderRequest:
        """A limit order that is the best bid: the next to be executed."""
        bid, _ = self.operator.top()
        return self._limit(client_order_id, bid + self.operator.tick, quantity)

    def bid_at_the_ask(
        self, client_order_id: str = "", quantity: Decimal | None = None, **terms: Any
    ) -> OrderRequest:
        """A limit order that takes what is to be had at the best ask."""
        _, ask = self.operator.top()
        return self._limit(client_order_id, ask, quantity, **terms)

    def buy(self, client_order_id: str = "", quantity: Decimal | None = None) -> OrderRequest:
        """A market order."""
        return market_order(
            self.instrument,
            Side.BUY,
            quantity=self.small if quantity is None else quantity,
            client_order_id=client_order_id,
        )

    def _limit(
        self, client_order_id: str, price: Decimal, quantity: Decimal | None, **terms: Any
    ) -> OrderRequest:
        return limit_order(
            self.instrument,
            Side.BUY,
            quantity=self.small if quantity is None else quantity,
            price=price,
            client_order_id=client_order_id,
            **terms,
        )

    def held(self, client_order_id: str) -> HeldOrder:
        """The one order that the exchange itself holds under an id of ours.

        Raises:
            BrokenPromise: there is none, or more than one.
        """
        found = self.operator.orders(client_order_id)
        self.expect(len(found) == 1, f"the exchange holds {len(found)} orders {client_order_id}")
        return found[0]

    # ------------------------------------------------------------ what is seen

    @asynccontextmanager
    async def market(self, *topics: Topic) -> AsyncIterator[Witness]:
        """Everything that a subscriber to the instrument is told while the body runs."""
        async with (
            self.exchange.subscribe(self.instrument, *topics) as feed,
            listening(feed) as witness,
        ):
            yield witness

    @asynccontextmanager
    async def account(self) -> AsyncIterator[Witness]:
        """Everything that a subscriber to the account is told while the body runs."""
        async with self.exchange.account_events() as feed, listening(feed) as witness:
            yield witness

    def expect(self, holds: bool, otherwise: str) -> None:  # noqa: FBT001 - the condition
        """Go on if the condition holds.

        Raises:
            BrokenPromise: it does not, and this is what was seen instead.
        """
        if not holds:
            raise BrokenPromise(otherwise)

    async def until(
        self, holds: Callable[[], bool], otherwise: str, *, seconds: float = _PATIENCE
    ) -> None:
        """Let time pass until something holds.

        Raises:
            BrokenPromise: it does not within so many seconds.
        """
        with anyio.move_on_after(seconds):
            while not holds():  # noqa: ASYNC110 - no event tells of it
                await anyio.sleep(max(_LOOK, seconds / _LOOKS_AT_MOST))
        self.expect(holds(), otherwise)

    def is_book_right(self) -> bool:
        """Whether our book is in step and equals the exchange's, level by level."""
        book = self.exchange.book(self.instrument)
        if book is None or not book.in_step:
            return False
        ours = [tuple(level) for level in book.bids()], [tuple(level) for level in book.asks()]
        return ours == self.operator.book()

    def asked(self, pattern: str = "*") -> list[str]:
        """The requests that reached the exchange, oldest first: `METHOD /path`, by shell pattern.

        Those of its faults too: some of them happen to a request that has arrived.
        """
        entries = self.operator.simulator.log.of(LogKind.REQUEST)
        return [entry.subject for entry in entries if fnmatchcase(entry.subject, pattern)]

    def received(self, fills: Iterable[Fill]) -> Decimal:
        """What executions that bought add to the base currency: a fee in it is taken off."""
        base = self.instrument.split("-", maxsplit=1)[0]
        return sum(
            (f.quantity - (f.fee if f.fee_currency == base else 0) for f in fills), Decimal(0)
        )

    async def error_of(self, kind: type[E], call: Awaitable[object]) -> E:
        """The error of this kind that a call must end with.

        Raises:
            BrokenPromise: it ended otherwise.
        """
        try:
            answer = await call
        except kind as error:
            return error
        except (EngineError, ActorError) as error:
            raise BrokenPromise(f"it ended with {type(error).__name__}: {error}") from error
        raise BrokenPromise(f"it ended without {kind.__name__}: {answer}")
