"""The typed handle to one exchange: what a host calls."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import anyio
from attrs import evolve, frozen

from venuetree.actors.errors import ActorError, AskTimeout
from venuetree.actors.feed import AccountFeed, MarketFeed
from venuetree.actors.order_messages import Cancel, Edit, Known, Orders, Place, Query
from venuetree.actors.ref import Ref
from venuetree.protocol import commands
from venuetree.protocol.book import BookView
from venuetree.protocol.checks import check_order
from venuetree.protocol.errors import (
    ConfigurationError,
    EngineError,
    ExchangeRefused,
    ExchangeUnavailable,
    InstrumentNotFound,
    NotSupported,
    OrderNotFound,
    OutcomeUnknown,
    RateLimited,
    ReplyLost,
    TransportError,
)
from venuetree.protocol.events import BookSnapshot, TickerChanged, TradePrinted
from venuetree.protocol.messages import Request
from venuetree.protocol.models import (
    Balance,
    Candle,
    FeeSummary,
    Fill,
    Instrument,
    KeyPermissions,
    Order,
    OrderKey,
    OrderPreview,
    OrderReport,
    OrderRequest,
    Position,
    Topic,
)
from venuetree.protocol.orders import adopt_order
from venuetree.protocol.port import Subscription
from venuetree.supervisors.exchange_tree import ExchangeTree

__all__ = ["ExchangeHandle"]

R = TypeVar("R")

#: How long a question may take, in seconds, its wait at the rate gate included.
TIMEOUT = 15.0
#: How long placing may take: long enough for a lost reply to be resolved.
PLACE_TIMEOUT = 30.0


@frozen
class ExchangeHandle:
    """One exchange of a running engine.

    Timeouts are seconds. Cancelling a call that asks leaves nothing behind; cancelling `place`
    leaves the order to the engine, which follows it: see `open_orders` and `account_events`.
    """

    name: str
    _tree: ExchangeTree
    _fatal: Callable[[], EngineError | None]
    _new_id: Callable[[], str]
    _feed_capacity: int
    _account_capacity: int

    # ------------------------------------------------------------ orders

    async def place(self, request: OrderRequest, *, timeout: float = PLACE_TIMEOUT) -> Order:  # noqa: ASYNC109
        """Place an order; returns when the exchange has acknowledged it.

        A reply that is lost is resolved meanwhile, by the exchange's own proof. The order's later
        life comes as `account_events`.

        Args:
            request: made by `limit_order` and its siblings. Without a `client_order_id` it is
                given one, which the result shows.
            timeout: how long to wait, resolving included.

        Raises:
            OrderInvalid: it breaks a rule of the instrument; nothing was sent.
            NotSupported: the exchange has no such order; nothing was sent.
            OrderRejected: the exchange refused it (`InsufficientFunds`, …).
            TransportError: the exchange could not be reached; nothing was sent.
            OutcomeUnknown: time ended first. The engine goes on resolving.
        """
        orders = self._need_orders("place")
        if request.type not in self._tree.wiring.exchange.profile.order_types:
            raise NotSupported(
                f"orders of type {request.type.value}", exchange=self.name, operation="place"
            )
        if not request.client_order_id:
            request = evolve(request, client_order_id=self._new_id())
        instrument = self._tree.directory.instruments.get(request.instrument)
        if instrument is None:
            deadline = anyio.current_time() + timeout
            instrument = await self._instrument(request.instrument, timeout=timeout)
            timeout = deadline - anyio.current_time()
        check_order(request, instrument)
        return await self._ask(
            orders,
            Place(request),
            timeout,
            operation="place",
            client_order_id=request.client_order_id,
        )

    async def cancel(
        self,
        order_id: str | OrderKey,
        *,
        instrument: str = "",
        timeout: float = TIMEOUT,  # noqa: ASYNC109
    ) -> Order:
        """Cancel an order and wait for its end.

        Args:
            order_id: ours or the exchange's; a key says which.
            instrument: helps exchanges that number orders by instrument.
            timeout: how long to wait for the end.

        Returns:
            The order: cancelled, or filled if it filled before the cancel came through, or still
            open with `is_cancelling` when the time ended first.

        Raises:
            CancelRefused: it is filled, expired or rejected already.
            OrderNotFound: the exchange knows no such order.
            OutcomeUnknown: whether it is cancelled could not be found out in time.
        """
        return await self._of_either_id(Cancel, order_id, instrument, timeout, "cancel")

    async def edit(
        self,
        order_id: str | OrderKey,
        request: OrderRequest,
        *,
        timeout: float = TIMEOUT,  # noqa: ASYNC109
    ) -> Order:
        """Change price and total quantity of a resting order to those of `request`."""
        check_order(request, await self._instrument(request.instrument))
        return await self._ask(
            self._need_orders("edit"),
            Edit(await self._key(order_id, request.instrument), request),
            timeout,
            operation="edit",
        )

    async def order(
        self,
        order_id: str | OrderKey,
        *,
        instrument: str = "",
        timeout: float = TIMEOUT,  # noqa: ASYNC109
    ) -> Order:
        """Ask for an order's state, by our id or the exchange's.

        Raises:
            OrderNotFound: the exchange knows no such order; moments after placing one this
                proves nothing.
        """
        return await self._of_either_id(Query, order_id, instrument, timeout, "order")

    async def known_orders(self) -> tuple[Order, ...]:
        """The orders as the engine knows them, without asking the exchange."""
        return await self._ask(self._need_orders("orders"), Known(), TIMEOUT, operation="orders")

    async def open_orders(self, instrument: str = "") -> tuple[Order, ...]:
        """Ask for the orders that are not final; of one instrument if it is named."""
        reports = await self._question(commands.FetchOpenOrders(instrument), "open orders")
        return _as_orders(reports)

    async def orders(
        self,
        instrument: str = "",
        *,
        start_time_ns: int | None = None,
        end_time_ns: int | None = None,
        limit: int | None = None,
    ) -> tuple[Order, ...]:
        """Ask for orders created in a window of time, newest first."""
        reports = await self._question(
            commands.FetchOrders(instrument, start_time_ns, end_time_ns, limit), "orders"
        )
        return _as_orders(reports)

    async def fills(
        self,
        instrument: str = "",
        *,
        order: OrderKey | None = None,
        start_time_ns: int | None = None,
        limit: int | None = None,
    ) -> tuple[Fill, ...]:
        """Ask for executions, newest first."""
        return await self._question(
            commands.FetchFills(order, instrument, start_time_ns, limit), "fills"
        )

    async def preview(self, request: OrderRequest) -> OrderPreview:
        """Ask what an order would cost; nothing is placed."""
        check_order(request, await self._instrument(request.instrument))
        return await self._question(commands.PreviewOrder(request), "preview")

    # ------------------------------------------------------------ account

    async def balances(self) -> tuple[Balance, ...]:
        """Ask for every currency's balance."""
        return await self._question(commands.FetchBalances(), "balances")

    async def positions(self, instrument: str = "") -> tuple[Position, ...]:
        """Ask for open positions; `NotSupported` where there are none (spot exchanges)."""
        return await self._question(commands.FetchPositions(instrument), "positions")

    async def fees(self) -> FeeSummary:
        """Ask for the account's fee rates."""
        return await self._question(commands.FetchFees(), "fees")

    async def key_permissions(self) -> KeyPermissions:
        """Ask what our key may do; `AuthRefused` if it is no good."""
        return await self._question(commands.FetchKeyPermissions(), "key permissions")

    @asynccontextmanager
    async def account_events(self) -> AsyncIterator[AccountFeed]:
        """Every change of our orders, every fill once, and the user stream's interruptions.

        Nothing is ever dropped: a subscriber that lets its channel fill up is ended, with
        `SubscriberTooSlow`.
        """
        self._raise_fatal()
        self._need_orders("account events")
        hub = self._tree.hub
        feed = AccountFeed(capacity=self._account_capacity, release=hub.remove_account)
        hub.add_account(feed)
        try:
            yield feed
        finally:
            hub.remove_account(feed)

    # ------------------------------------------------------------ market data

    @asynccontextmanager
    async def subscribe(
        self, instruments: str | Iterable[str], *topics: Topic
    ) -> AsyncIterator[MarketFeed]:
        """Market data of instruments, while the body runs.

        Every gap, stall and reconnect is told before it is repaired. A slow consumer gets books
        and tickers folded to the newest state and a count of the trades that it missed.

        Raises:
            NotSupported: the exchange has no such topic.
        """
        self._raise_fatal()
        names = (instruments,) if isinstance(instruments, str) else tuple(instruments)
        missing = set(topics) - self._tree.wiring.exchange.profile.topics
        if missing:
            raise NotSupported(
                f"topics {', '.join(sorted(topic.value for topic in missing))}",
                exchange=self.name,
                operation="subscribe",
            )
        if "stream" not in self._tree.wiring.stream_endpoints:
            raise NotSupported(
                "this environment has no market streams",
                exchange=self.name,
                operation="subscribe",
            )
        feed = MarketFeed(capacity=self._feed_capacity)
        hub = self._tree.hub
        hub.add(feed, {Subscription(name, topic) for name in names for topic in topics})
        try:
            yield feed
        finally:
            hub.remove(feed)

    def book(self, instrument: str) -> BookView | None:
        """The book as the engine holds it; None unless somebody subscribes to it.

        Live and read-only: between two awaits it does not change. Look at `in_step`.
        """
        return self._tree.hub.book(instrument)

    async def instruments(self, *names: str) -> tuple[Instrument, ...]:
        """Ask for instruments and their rules; all, or those named."""
        found = await self._question(commands.FetchInstruments(names), "instruments")
        self._tree.directory.learn(found)
        return found

    async def candles(
        self, instrument: str, interval_ns: int, start_time_ns: int, end_time_ns: int
    ) -> tuple[Candle, ...]:
        """Ask for candles of a window of time, oldest first."""
        return await self._question(
            commands.FetchCandles(instrument, interval_ns, start_time_ns, end_time_ns), "candles"
        )

    async def trades(self, instrument: str, *, limit: int = 100) -> tuple[TradePrinted, ...]:
        """Ask for the latest public trades, newest first."""
        return await self._question(commands.FetchTrades(instrument, limit), "trades")

    async def tickers(self, *instruments: str) -> tuple[TickerChanged, ...]:
        """Ask for best bids and asks."""
        return await self._question(commands.FetchTickers(instruments), "tickers")

    async def book_snapshot(self, instrument: str, *, depth: int | None = None) -> BookSnapshot:
        """Ask for a book, without a subscription."""
        return await self._question(commands.FetchBook(instrument, depth), "book")

    async def server_time(self) -> int:
        """Ask for the exchange's clock, in nanoseconds since 1970 UTC."""
        return await self._question(commands.FetchServerTime(), "server time")

    # ------------------------------------------------------------ the connection

    @property
    def is_reachable(self) -> bool:
        """Whether the last attempt to ask the exchange something got an answer."""
        return self._tree.directory.is_reachable

    async def reachable(self) -> None:
        """Wait until the exchange answers."""
        self._raise_fatal()
        await self._tree.directory.reachable()

    # ------------------------------------------------------------ inside

    async def _question(
        self,
        command: Request[commands.Rest, R],
        operation: str,
        *,
        timeout: float = TIMEOUT,  # noqa: ASYNC109
    ) -> R:
        return await self._ask(self._tree.rest, command, timeout, operation=operation)

    async def _ask(
        self,
        ref: Ref[Any],
        message: Request[Any, R],
        timeout: float,  # noqa: ASYNC109
        *,
        operation: str,
        client_order_id: str = "",
    ) -> R:
        self._raise_fatal()
        try:
            return await ref.ask(message, timeout=timeout)
        except ActorError as error:
            fatal = self._fatal()
            if fatal is not None:
                raise fatal from error
            raise self._translated(error, operation, client_order_id) from error

    def _translated(self, error: ActorError, operation: str, client_order_id: str) -> EngineError:
        """An actor's error in the words of the host's errors."""
        is_timeout = isinstance(error, AskTimeout)
        mine: EngineError
        match error.started, is_timeout:
            case False, True:
                mine = RateLimited("too much is queued before this; nothing was sent")
            case False, False:
                mine = TransportError(str(error))
            case True, _ if operation in {"place", "cancel", "edit"}:
                mine = OutcomeUnknown(str(error), client_order_id=client_order_id)
            case True, True:
                mine = ExchangeUnavailable("no answer in time")
            case _:
                mine = ReplyLost(str(error))
        mine.exchange, mine.operation = self.name, operation
        return mine

    def _raise_fatal(self) -> None:
        fatal = self._fatal()
        if fatal is not None:
            raise fatal

    def _need_orders(self, operation: str) -> Ref[Orders]:
        self._raise_fatal()
        orders = self._tree.orders
        if orders is None:
            raise ConfigurationError(
                "this engine was started without its orders part",
                exchange=self.name,
                operation=operation,
            )
        return orders

    async def _of_either_id(
        self,
        message: Callable[[OrderKey], Request[Orders, Order]],
        order_id: str | OrderKey,
        instrument: str,
        timeout: float,  # noqa: ASYNC109
        operation: str,
    ) -> Order:
        """Ask about an order; a bare id may be the exchange's, or ours of an earlier run."""
        orders = self._need_orders(operation)
        deadline = anyio.current_time() + timeout
        key = await self._key(order_id, instrument)
        try:
            return await self._ask(orders, message(key), timeout, operation=operation)
        except (OrderNotFound, ExchangeRefused) as error:
            if isinstance(order_id, OrderKey) or key.client_order_id:
                raise
            if not isinstance(error, OrderNotFound) and type(error) is not ExchangeRefused:
                raise
            key = OrderKey(instrument=instrument, client_order_id=order_id)
            remaining = deadline - anyio.current_time()
            return await self._ask(orders, message(key), remaining, operation=operation)

    async def _key(self, order_id: str | OrderKey, instrument: str) -> OrderKey:
        """A key; a bare id is looked for among ours, then taken for the exchange's."""
        if isinstance(order_id, OrderKey):
            return order_id
        for order in await self.known_orders():
            if order_id in (order.client_order_id, order.exchange_order_id):
                return order.key
        return OrderKey(instrument=instrument, exchange_order_id=order_id)

    async def _instrument(self, name: str, *, timeout: float = TIMEOUT) -> Instrument:  # noqa: ASYNC109
        known = self._tree.directory.instruments.get(name)
        if known is not None:
            return known
        command = commands.FetchInstruments((name,))
        found = await self._question(command, "instruments", timeout=min(timeout, TIMEOUT))
        self._tree.directory.learn(found)
        for instrument in found:
            if instrument.name == name:
                return instrument
        raise InstrumentNotFound(f"{name} is not traded here", exchange=self.name)


def _as_orders(reports: Iterable[OrderReport]) -> tuple[Order, ...]:
    """The orders that reports tell of; a report that says too little to be one is left out."""
    adopted = (adopt_order(report) for report in reports)
    return tuple(order for order in adopted if order is not None)
