"""The paper exchange's worker: answers what the REST worker answers, without the exchange.

Questions about the market go on to the real REST worker. Everything of the account is answered by
a `PaperExchange`, which is told of time and books here; whatever is neither is not supported.
An order, a cancel and the like arrive `latency` after they were sent, so that an order may be
filled while its cancel is under way; see `paper_flights`. An order then waits for a book in step.

What happened is told as an account's stream tells it. The exchange's state outlives this actor; a
new incarnation first tells what the one before did not get to tell. What was still on its way when
an incarnation ended has never arrived, which is its proof for whoever asks.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import anyio
from attrs import frozen

from venuetree.actors.clock import NANOSECONDS, Clock
from venuetree.actors.context import Context
from venuetree.actors.directory import Directory
from venuetree.actors.envelope import Delivery
from venuetree.actors.errors import ActorError
from venuetree.actors.hub import Hub
from venuetree.actors.paper_answers import answer_at_once
from venuetree.actors.paper_books import PaperBooks
from venuetree.actors.paper_flights import PaperFlights
from venuetree.actors.paper_worth import PaperWorth
from venuetree.actors.ref import Ref
from venuetree.protocol import commands
from venuetree.protocol.book import BookView
from venuetree.protocol.commands import Rest
from venuetree.protocol.errors import EngineError, InstrumentNotFound
from venuetree.protocol.messages import Request
from venuetree.protocol.models import Instrument, OrderRequest, OrderType, Topic
from venuetree.protocol.paper import MARKET_QUESTIONS, PaperExchange, PaperState
from venuetree.protocol.paper.checks import check_paper
from venuetree.protocol.paper.closing import close_position
from venuetree.protocol.paper.preview import preview
from venuetree.protocol.port import Lane, OrderTerms, SessionEvent

__all__ = ["PaperActor", "PaperDetail", "PaperPlan"]

T = TypeVar("T")

#: A question of this actor's own to the exchange, in seconds.
ASK_TIMEOUT = 10.0
#: What is asked of an account whatever its orders are: at start, before there are books.
_OF_NO_ORDER = frozenset({commands.FetchKeyPermissions, commands.FetchFees})


@frozen
class PaperPlan:
    """Paper trading as a host wants it.

    Attributes:
        exchange: the account and its orders; it outlives the actor, and the tree.
        latency: seconds that an order or a cancel is on its way.
        patience: seconds that an order waits for a book in step to be matched against.
        catch_up: seconds that questions about the account wait until what rested before has been
            matched; for accounts that were laid aside with open orders.
        keep: writes the state down, before anybody is told of a change; its error undoes that.
    """

    exchange: PaperExchange
    latency: float
    patience: float
    keep: Callable[[PaperState], None] | None = None
    catch_up: float = 0.0


@frozen
class PaperDetail:
    """What the snapshot shows.

    Attributes:
        orders: how many there are, those that have ended included.
        watched: the instruments whose books are followed.
    """

    open_orders: int
    orders: int
    watched: tuple[str, ...]


@frozen
class PaperActor:
    """The actor's `run`.

    Attributes:
        topics: what the exchange's market streams have.
        orders: what there is of each type of order.
        rest: the real REST worker, for questions about the market.
        publish: takes what the account's stream would say.
    """

    exchange: str
    plan: PaperPlan
    topics: frozenset[Topic]
    orders: Mapping[OrderType, OrderTerms]
    rest: Ref[Rest]
    hub: Hub
    directory: Directory
    clock: Clock
    publish: Callable[[Sequence[SessionEvent]], None]

    async def __call__(self, ctx: Context[Rest]) -> None:
        """Serve until stopped; cancelled, what is on its way to the paper exchange is lost."""
        desk = _Desk(self)
        ctx.publish_from(desk.detail)
        try:
            async with anyio.create_task_group() as tasks:
                desk.tell()
                desk.follow()
                tasks.start_soon(desk.watch)
                tasks.start_soon(desk.keep_time)
                tasks.start_soon(desk.catch_up)
                ctx.ready()
                await ctx.serve_each(desk.take)
                tasks.cancel_scope.cancel()
        finally:
            desk.leave()


class _Desk:
    """One incarnation's work."""

    def __init__(self, actor: PaperActor) -> None:
        self._actor = actor
        self._paper = actor.plan.exchange
        self._books = PaperBooks(actor.hub, actor.topics)
        self._flights = PaperFlights(actor.plan.latency)
        self._worth = PaperWorth(self._paper, actor.directory, self._ask)
        self._moved = anyio.Event()
        self._caught_up = anyio.Event()
        self._handlers: dict[type, Callable[[Any], Awaitable[object]]] = {
            commands.PlaceOrder: self._place,
            commands.CancelOrder: self._cancel,
            commands.CancelOpenOrders: self._cancel_open,
            commands.EditOrder: self._edit,
            commands.ReplaceOrder: self._replace,
            commands.PreviewOrder: self._preview,
            commands.ClosePosition: self._close_position,
            commands.FetchPositions: self._valued,
            commands.FetchAccountSummary: self._valued,
        }

    def detail(self) -> PaperDetail:
        """For the snapshot."""
        state = self._paper.state
        orders = len(state.open) + len(state.ended)
        return PaperDetail(len(state.open), orders, self._books.followed)

    # ------------------------------------------------------------ answering

    async def take(self, delivery: Delivery) -> None:
        """Answer one command."""
        asked: Request[Rest, Any] = delivery.message
        command = asked.command if isinstance(asked, commands.Ahead) else asked
        try:
            with self._flights.of(command):
                if type(command) in MARKET_QUESTIONS:
                    answer = await self._pass_on(asked, delivery.deadline)
                else:
                    answer = await self._answer(command)
        except _NotPassedOn as error:
            delivery.fail(error.cause)
        except EngineError as error:
            # The account's rules do not know by which name their exchange goes.
            error.exchange = error.exchange or self._actor.exchange
            delivery.fail(error)
        else:
            delivery.reply(answer)

    async def _answer(self, command: Request[Rest, Any]) -> object:
        if type(command) not in _OF_NO_ORDER:
            await self._caught_up.wait()
        handler = self._handlers.get(type(command))
        if handler is not None:
            return await handler(command)
        return self._at_once(command)

    def _at_once(self, command: Request[Rest, Any]) -> object:
        in_flight = self._flights.client_order_ids
        return answer_at_once(self._paper, command, self._now_ns(), in_flight=in_flight)

    async def _valued(self, command: Request[Rest, Any]) -> object:
        """What follows prices, at those of now."""
        await self._worth.of_positions()
        return self._at_once(command)

    async def _pass_on(self, command: Request[Rest, T], deadline: float) -> T:
        left = deadline - anyio.current_time()
        try:
            return await self._actor.rest.ask(command, timeout=min(left, 3600.0))
        except ActorError as error:
            raise _NotPassedOn(error) from error

    async def _ask(self, command: Request[Rest, T]) -> T:
        """A question of this actor's own."""
        asked = commands.Ahead(command, Lane.UPKEEP)
        return await self._pass_on(asked, anyio.current_time() + ASK_TIMEOUT)

    async def _place(self, command: commands.PlaceOrder) -> object:
        request = command.order
        instrument, book = await self._received(request)
        return self._change(lambda: self._paper.place(request, instrument, book, self._now_ns()))

    async def _cancel(self, command: commands.CancelOrder) -> None:
        await self._flights.arrive()
        self._change(lambda: self._paper.cancel(command.key, self._now_ns()))

    async def _cancel_open(self, command: commands.CancelOpenOrders) -> object:
        await self._flights.arrive()
        return self._change(lambda: self._paper.cancel_open(command.instrument, self._now_ns()))

    async def _edit(self, command: commands.EditOrder) -> None:
        key, request = command.key, command.order
        instrument, book = await self._received(request)
        self._change(lambda: self._paper.edit(key, request, instrument, book, self._now_ns()))

    async def _replace(self, command: commands.ReplaceOrder) -> commands.Replaced:
        key, request = command.key, command.order
        instrument, book = await self._received(request)
        if not command.if_partially_filled:
            self._paper.need_untouched(key)
        return self._change(
            lambda: self._paper.replace(key, request, instrument, book, self._now_ns())
        )

    async def _close_position(self, command: commands.ClosePosition) -> object:
        orders = command.orders
        instrument, book = await self._received(*orders)
        return self._change(
            lambda: close_position(self._paper, orders, instrument, book, self._now_ns())
        )

    async def _preview(self, command: commands.PreviewOrder) -> object:
        request = command.order
        self._check(request)
        instrument, book = await self._market(request.instrument)
        return preview(self._paper, request, instrument, book, self._now_ns())

    async def _received(self, *requests: OrderRequest) -> tuple[Instrument, BookView | None]:
        """Have orders of one instrument arrive; it, and the book that they are matched against."""
        for request in requests:
            self._check(request)
        await self._flights.arrive()
        await self._worth.of_positions()
        return await self._market(requests[0].instrument)

    def _check(self, request: OrderRequest) -> None:
        check_paper(request, self._actor.orders, self._actor.exchange)

    # ------------------------------------------------------------ changes

    def _now_ns(self) -> int:
        return self._actor.clock.now_ns()

    def _change(self, act: Callable[[], T]) -> T:
        """Do something to the account, write it down, then tell it: all of it, or nothing."""
        paper, keep = self._paper, self._actor.plan.keep
        before, told = paper.state.copy(), len(paper.news)
        try:
            answer = act()
            is_changed = len(paper.news) > told or paper.state.open != before.open
            if keep is not None and is_changed:
                keep(paper.state)
        except BaseException:
            paper.state = before
            del paper.news[told:]
            raise
        if paper.news:
            self.tell()
            self.follow()
        return answer

    def tell(self) -> None:
        """Tell what happened; what could not be told is kept for the next incarnation."""
        news = tuple(self._paper.news)
        if news:
            self._actor.publish(news)
            del self._paper.news[: len(news)]

    # ------------------------------------------------------------ the market

    async def _market(self, name: str) -> tuple[Instrument, BookView | None]:
        """An instrument, and its book in step; that is waited for, and None if it did not come."""
        instrument = self._actor.directory.instruments.get(name) or await self._fetched(name)
        await self._worth.of_quote(instrument)
        try:
            return instrument, await self._books.wait_for(name, self._actor.plan.patience)
        finally:
            self._moved.set()

    async def _fetched(self, name: str) -> Instrument:
        found = await self._ask(commands.FetchInstruments((name,)))
        self._actor.directory.learn(found)
        for instrument in found:
            if instrument.name == name:
                return instrument
        raise InstrumentNotFound(f"{name} is not traded here", exchange=self._actor.exchange)

    async def watch(self) -> None:
        """Match the orders that wait whenever their book has changed."""
        async for event in self._books.feed:
            book = self._books.news(event)
            if book is not None:
                self._match(book)

    async def catch_up(self) -> None:
        """Match what rested when the account was laid aside, as far as books come in time."""
        with anyio.move_on_after(self._actor.plan.catch_up):
            for name in {order.instrument for order in self._paper.state.open.values()}:
                book = await self._books.wait_for(name, self._actor.plan.catch_up)
                if book is not None:
                    self._match(book)
        self._caught_up.set()

    def _match(self, book: BookView) -> None:
        self._paper.look(book.instrument, book)
        if self._paper.is_met(book):
            self._change(lambda: self._paper.match(book, self._now_ns()))

    def follow(self) -> None:
        """Have the books of the orders that wait."""
        self._books.follow({order.instrument for order in self._paper.state.open.values()})
        self._moved.set()

    def leave(self) -> None:
        """Follow no book any more."""
        self._books.leave()

    # ------------------------------------------------------------ time

    async def keep_time(self) -> None:
        """End orders when their time is over, and drop books that nobody needs."""
        while True:
            self._moved = anyio.Event()
            with anyio.CancelScope(deadline=self._next_due()):
                await self._moved.wait()
            expiry_ns = self._paper.next_expiry_ns()
            if expiry_ns is not None and expiry_ns <= self._now_ns():
                self._change(lambda: self._paper.expire(self._now_ns()))
            self._books.drop_idle()

    def _next_due(self) -> float:
        due = self._books.next_due()
        expiry_ns = self._paper.next_expiry_ns()
        if expiry_ns is None:
            return due
        left = max(0, expiry_ns - self._now_ns()) / NANOSECONDS
        return min(due, anyio.current_time() + left)


class _NotPassedOn(Exception):
    """The real REST worker did not answer; `cause` says why."""

    def __init__(self, cause: ActorError) -> None:
        super().__init__(str(cause))
        self.cause = cause
