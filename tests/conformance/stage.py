"""Where a case plays: a simulated exchange, an engine on it, and both ends compared at the end."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import ROUND_FLOOR, Decimal
from fnmatch import fnmatchcase
from typing import Any, Generic, TypeVar

from attrs import Factory, define, frozen

from tests.conformance.audit import audit
from venuetree import (
    Engine,
    EngineError,
    ExchangeHandle,
    Instrument,
    NotSupported,
    Order,
    OrderRequest,
    OrderStatus,
    OrderUpdated,
    Side,
    limit_order,
    market_order,
)
from venuetree.scenarios.faults import Fault
from venuetree.scenarios.operators import HeldOrder, Operator
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.witness import Witness
from venuetree.scenarios.world import World

__all__ = ["Caught", "Desk", "Stage"]

T = TypeVar("T")
E = TypeVar("E", bound=EngineError)


@define
class Caught(Generic[E]):
    """The error that a case has provoked."""

    error: E | None = None


@frozen
class Stage:
    """A simulated exchange, and whatever engines a case starts on it.

    Attributes:
        world: what may go wrong.
        far: who sees what the exchange really holds.
    """

    world: World
    far: Operator

    @asynccontextmanager
    async def trading(self, **settings: Any) -> AsyncIterator["Desk"]:
        """An engine, its account's events witnessed; both ends are compared when the body ends."""
        async with self.world.start_engine(**settings) as engine:
            exchange = engine[self.world.name]
            async with self.world.account() as account:
                desk = Desk(self, engine, exchange, account)
                yield desk
                await audit(desk)

    @asynccontextmanager
    async def another_engine(self) -> AsyncIterator[ExchangeHandle]:
        """One more engine, which has seen nothing of what the first one did."""
        async with self.world.start_engine() as engine:
            yield engine[self.world.name]

    def requests(self, pattern: str = "*") -> int:
        """How many requests the exchange has seen."""
        seen = self.far.simulator.log.of(LogKind.REQUEST)
        return sum(fnmatchcase(entry.subject, pattern) for entry in seen)

    def writes(self) -> int:
        """How many requests it has seen that place orders or cancel them."""
        patterns = self.far.patterns
        return self.requests(patterns.place) + self.requests(patterns.cancel)

    @contextmanager
    def refused(self, *kinds: type[E]) -> Iterator[Caught[E]]:
        """Expect the body to end with an error of one of these very kinds, whole in what it says.

        Raises:
            BrokenPromise: it ends well, or with another error.
        """
        caught: Caught[E] = Caught()
        names = ", ".join(kind.__name__ for kind in kinds)
        try:
            yield caught
        except EngineError as error:
            self.world.expect(type(error) in kinds, f"not {names} but {error!r}")
            self.world.expect(error.exchange == self.world.name, f"{error!r} names no exchange")
            self.world.expect(bool(error.operation), f"{error!r} names no operation")
            caught.error = error  # type: ignore[assignment]  # it is of one of `kinds`
        else:
            self.world.expect(False, f"it was not refused: {names}")  # noqa: FBT003

    async def if_supported(self, call: Callable[[], Awaitable[T]]) -> T | None:
        """What a call returns; None if the exchange has no such thing.

        Raises:
            BrokenPromise: it has not, and something was sent nevertheless.
        """
        before = self.requests()
        try:
            return await call()
        except NotSupported as error:
            sent = self.requests() - before
            self.world.expect(sent == 0, f"{sent} requests were sent before {error}")
            return None


@define(eq=False)
class Desk:
    """What a host has in hand: its engine, the exchange's handle, and what the account was told.

    Attributes:
        account: every account event so far.
        created: how often an order was created under a client order id, where it is not once.
    """

    stage: Stage
    engine: Engine
    exchange: ExchangeHandle
    account: Witness
    created: dict[str, int] = Factory(dict)

    @property
    def world(self) -> World:
        """Where it happens."""
        return self.stage.world

    @property
    def far(self) -> Operator:
        """What really is."""
        return self.stage.far

    @property
    def instrument(self) -> str:
        """What is traded."""
        return self.world.instrument

    @property
    def small(self) -> Decimal:
        """A quantity that nothing forbids."""
        return self.world.small

    # ------------------------------------------------------------ orders

    async def rules(self) -> Instrument:
        """The instrument, as the exchange tells of it."""
        (instrument,) = await self.exchange.instruments(self.instrument)
        return instrument

    def near(self, factor: str) -> Decimal:
        """A price on the grid: the best ask times so much."""
        _, ask = self.far.top()
        tick = self.far.tick
        return (ask * Decimal(factor) / tick).to_integral_value(ROUND_FLOOR) * tick

    def limit(
        self,
        client_order_id: str,
        price: Decimal,
        quantity: Decimal | None = None,
        *,
        side: Side = Side.BUY,
        **terms: Any,
    ) -> OrderRequest:
        """A limit order."""
        return limit_order(
            self.instrument,
            side,
            quantity=self.small if quantity is None else quantity,
            price=price,
            client_order_id=client_order_id,
            **terms,
        )

    def market(
        self, client_order_id: str, quantity: Decimal | None = None, *, side: Side = Side.BUY
    ) -> OrderRequest:
        """A market order."""
        return market_order(
            self.instrument,
            side,
            quantity=self.small if quantity is None else quantity,
            client_order_id=client_order_id,
        )

    def rests(self, client_order_id: str, quantity: Decimal | None = None) -> OrderRequest:
        """An order that rests far below the market."""
        return self.limit(client_order_id, self.near("0.9"), quantity)

    def next_up(self, client_order_id: str, quantity: Decimal | None = None) -> OrderRequest:
        """An order that rests as the best bid: the next to be executed."""
        bid, _ = self.far.top()
        return self.limit(client_order_id, bid + self.far.tick, quantity)

    async def place_if_supported(self, request: OrderRequest) -> Order | None:
        """The order, or None where the exchange has none of that kind; then none is left behind."""
        order = await self.stage.if_supported(lambda: self.exchange.place(request))
        if order is None:
            known = [each.client_order_id for each in await self.exchange.known_orders()]
            self.expect(request.client_order_id not in known, "the order is known nevertheless")
            self.created[request.client_order_id] = 0
        return order

    def held(self, client_order_id: str) -> HeldOrder:
        """The one order that the exchange holds under this id of ours."""
        found = self.far.orders(client_order_id)
        self.expect(len(found) == 1, f"the exchange holds {len(found)} orders {client_order_id}")
        return found[0]

    async def becomes(self, client_order_id: str, *statuses: OrderStatus) -> Order:
        """The order, once the account's events tell that it has come so far."""
        event, _ = await self.account.see(
            OrderUpdated,
            lambda event: (
                event.order.client_order_id == client_order_id and event.order.status in statuses
            ),
        )
        return event.order

    # ------------------------------------------------------------ promises

    def expect(self, holds: bool, otherwise: str) -> None:  # noqa: FBT001 - the condition
        """Go on if the condition holds; `BrokenPromise` if not."""
        self.world.expect(holds, otherwise)

    def is_status(self, order: Order, *statuses: OrderStatus) -> None:
        """Go on if the order is in one of these states."""
        told = f"{order.client_order_id} is {order.status.value}: {order.reason}"
        self.expect(order.status in statuses, told)

    async def patient(self, holds: Callable[[], bool], otherwise: str) -> None:
        """Let time pass until something holds, some seconds at most."""
        await self.world.until(holds, otherwise, seconds=10.0)

    def inject(self, fault: Fault) -> Callable[[], int]:
        """Let the exchange fail; call what is returned to learn how often it did."""
        scheduled = self.world.inject(fault)
        return lambda: scheduled.fired
