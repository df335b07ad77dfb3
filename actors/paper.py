"""The paper exchange's worker: answers what the REST worker answers, without the exchange.

Questions about the market go on to the real REST worker. Everything of the account is answered by
a `PaperExchange`, which is told of time and books here; whatever is neither is not supported.
An order, a cancel and the like arrive `latency` after they were sent, in the order in which they
were sent, so that an order may be filled while its cancel is under way. An order that needs a book
waits for one in step.

What happened is told as an account's stream tells it. The exchange's state outlives this actor; a
new incarnation first tells what the one before did not get to tell. What was still on its way when
an incarnation ended has never arrived, which is its proof for whoever asks.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
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
from venuetree.actors.paper_worth import PaperWorth
from venuetree.actors.ref import Ref
from venuetree.protocol import commands
from venuetree.protocol.book import BookView
from venuetree.protocol.commands import Rest
from venuetree.protocol.errors import EngineError, InstrumentNotFound
from venuetree.protocol.messages import Request
from venuetree.protocol.models import Instrument, OrderRequest, Topic
from venuetree.protocol.paper import MARKET_QUESTIONS, PaperExchange, PaperState
from venuetree.protocol.paper.checks import check_paper
from venuetree.protocol.paper.closing import close_position
from venuetree.protocol.paper.preview import preview
from venuetree.protocol.port import SessionEvent

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
        orders: how many there have been.
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
        rest: the real REST worker, for questions about the market.
        publish: takes what the account's stream would say.
    """

    exchange: str
    plan: PaperPlan
    topics: frozenset[Topic]
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
        self._in_flight: Counter[str] = Counter()
        self._worth = PaperWorth(self._paper, actor.directory, self._ask)
        #: What is sent arrives in the order in which it was sent.
        self._road = anyio.Lock()
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
        return PaperDetail(len(state.open), state.numbers, self._books.followed)

    # ------------------------------------------------------------ answering

    async def take(self, delivery: Delivery) -> None:
        """Answer one command."""
        command: Request[Rest, Any] = delivery.message
        try:
            answer = await self._answer(command, delivery.deadline)
        except _NotPassedOn as error:
            delivery.fail(error.cause)
        except EngineError as error:
            # The account's rules do not know by which name their exchange goes.
            error.exchange = error.exchange or self._actor.exchange
            delivery.fail(error)
        else:
            delivery.reply(answer)

    async def _answer(self, command: Request[Rest, Any], deadline: float) -> object:
        if type(command) in MARKET_QUESTIONS:
            return await self._pass_on(command, deadline)
        if type(command) not in _OF_NO_ORDER:
            await self._caught_up.wait()
        handler = self._handlers.get(type(command))
        if handler is not None:
            return await handler(command)
        return self._at_once(command)

    def _at_once(self, command: Request[Rest, Any]) -> object:
        in_flight = self._in_flight.keys()
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
        return await self._pass_on(command, anyio.current_time() + ASK_TIMEOUT)

    async def _place(self, command: commands.PlaceOrder) -> object:
        request = command.order
        check_paper(request, self._actor.exchange)
        with self._sending(request):
            instrument = await self._instrument(request.instrument)
            await self._arrive()
            book = await self._book(request.instrument)
            return self._change(
                lambda: self._paper.place(request, instrument, book, self._now_ns())
            )

    async def _cancel(self, command: commands.CancelOrder) -> None:
        await self._arrive()
        self._change(lambda: self._paper.cancel(command.key, self._now_ns()))

    async def _cancel_open(self, command: commands.CancelOpenOrders) -> object:
        await self._arrive()
        return self._change(lambda: self._paper.cancel_open(command.instrument, self._now_ns()))

    async def _edit(self, command: commands.EditOrder) -> None:
        request = command.order
        check_paper(request, self._actor.exchange)
        instrument = await self._instrument(request.instrument)
        await self._arrive()
        book = await self._book(request.instrument)
        self._change(
            lambda: self._paper.edit(command.key, request, instrument, book, self._now_ns())
        )

    async def _replace(self, command: commands.ReplaceOrder) -> commands.Replaced:
        request = command.order
        check_paper(request, self._actor.exchange)
        with self._sending(request):
            instrument = await self._instrument(request.instrument)
            await self._arrive()
            book = await self._book(request.instrument)
            is_always = command.if_partially_filled
            return self._change(
                lambda: (self._paper.replace if is_always else self._paper.replace_untouched)(
                    command.key, request, instrument, book, self._now_ns()
                )
            )

    async def _close_position(self, command: commands.ClosePosition) -> object:
        orders = command.orders
        for order in orders:
            check_paper(order, self._actor.exchange)
        with ExitStack() as flights:
            for order in orders:
                flights.enter_context(self._sending(order))
            instrument = await self._instrument(orders[0].instrument)
            await self._arrive()
            book = await self._book(instrument.name)
            return self._change(
                lambda: close_position(self._paper, orders, instrument, book, self._now_ns())
            )

    async def _preview(self, command: commands.PreviewOrder) -> object:
        request = command.order
        check_paper(request, self._actor.exchange)
        instrument = await self._instrument(request.instrument)
        book = await self._book(request.instrument)
        return preview(self._paper, request, instrument, book, self._now_ns())

    # ------------------------------------------------------------ changes

    def _now_ns(self) -> int:
        return self._actor.clock.now_ns()

    def _change(self, act: Callable[[], T]) -> T:
        """Do something to the account, write it down, then tell it: all of it, or nothing."""
        paper, keep = self._paper, self._actor.plan.keep
        if keep is None:
            answer = act()
        else:
            before, told = paper.state.copy(), len(paper.news)
            try:
                answer = act()
                if len(paper.news) > told:
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

    # ------------------------------------------------------------ the way

    async def _arrive(self) -> None:
        """Be on the way for as long as it takes, behind what was sent before."""
        due = anyio.current_time() + self._actor.plan.latency
        async with self._road:
            await anyio.sleep_until(due)

    def _sending(self, request: OrderRequest) -> "_Flight":
        return _Flight(self._in_flight, request.client_order_id)

    async def _instrument(self, name: str) -> Instrument:
        known = self._actor.directory.instruments.get(name) or await self._fetched(name)
        await self._worth.of_quote(known)
        return known

    async def _fetched(self, name: str) -> Instrument:
        found = await self._ask(commands.FetchInstruments((name,)))
        self._actor.directory.learn(found)
        for instrument in found:
            if instrument.name == name:
                return instrument
        raise InstrumentNotFound(f"{name} is not traded here", exchange=self._actor.exchange)

    # ------------------------------------------------------------ books

    async def watch(self) -> None:
        """Match the orders that wait whenever their book has changed."""
        async for event in self._books.feed:
            book = self._books.news(event)
            if book is not None and self._paper.state.open:
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
        self._change(lambda: self._paper.match(book, self._now_ns()))

    async def _book(self, name: str) -> BookView | None:
        """The book in step, waited for; None if there was none in time, or it is not dealt in."""
        try:
            return await self._books.wait_for(name, self._actor.plan.patience)
        finally:
            self._moved.set()

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


class _Flight:
    """An order on its way: whoever asks for it meanwhile is told that nothing is decided."""

    def __init__(self, in_flight: Counter[str], client_order_id: str) -> None:
        self._in_flight = in_flight
        self._id = client_order_id

    def __enter__(self) -> None:
        self._in_flight[self._id] += 1

    def __exit__(self, *_: object) -> None:
        self._in_flight[self._id] -= 1
        if not self._in_flight[self._id]:
            del self._in_flight[self._id]


class _NotPassedOn(Exception):
    """The real REST worker did not answer; `cause` says why."""

    def __init__(self, cause: ActorError) -> None:
        super().__init__(str(cause))
        self.cause = cause
