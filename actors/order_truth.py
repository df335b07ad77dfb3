"""What is true of our orders, and the asking that goes on until it is known.

Holds the ledger of one incarnation. Every change goes through `apply`, which tells the
subscribers, wakes whoever waits for an order, and starts an inquiry for each question that the
ledger has come to have: an order without a verdict is resolved by the exchange's own proof, a
doubtful one is asked for, missing executions are fetched. An inquiry asks with backoff until its
question is answered, by it or by anything else; there is at most one for each question.
"""

from collections.abc import Awaitable, Callable, Hashable, Iterable
from functools import partial
from typing import assert_never

import anyio
from anyio.abc import TaskGroup
from attrs import frozen

from venuetree.actors.clock import Clock
from venuetree.actors.errors import ActorError
from venuetree.actors.ref import Ref
from venuetree.protocol.commands import (
    Absent,
    Ahead,
    FetchFills,
    FetchOpenOrders,
    FetchOrder,
    Found,
    Resend,
    ResolveOrder,
    Rest,
    Undecided,
)
from venuetree.protocol.errors import EngineError, OrderNotFound, OutcomeUnknown, TransportError
from venuetree.protocol.events import AccountEvent, OrderUpdated
from venuetree.protocol.ledger import Ledger
from venuetree.protocol.models import Order, OrderKey, OrderStatus
from venuetree.protocol.orders import adopt_order
from venuetree.protocol.port import Lane

__all__ = [
    "ASK_TIMEOUT",
    "MARGIN",
    "RESOLVE",
    "Awaited",
    "OrderTruth",
    "Retry",
    "has_verdict",
    "is_named_or_final",
    "left",
]

#: One attempt at finding something out, in seconds.
ASK_TIMEOUT = 20.0
#: Waiting ends so much before the asker's deadline, so that it gets our error and not a timeout.
MARGIN = 0.02


@frozen
class Retry:
    """Waits between attempts, in seconds: from `first`, doubled, to `last`."""

    first: float
    last: float

    def delay(self, attempt: int) -> float:
        """The wait after the attempt of this number, from 0."""
        return float(min(self.last, self.first * 2 ** min(attempt, 30)))


@frozen
class Awaited:
    """What is to be told of an order, and when."""

    is_enough: Callable[[Order], bool]
    tell: Callable[[Order], object]


#: An unknown order is asked for soon, because its owner waits, and for as long as it takes.
RESOLVE = Retry(0.2, 15.0)
DOUBT = Retry(0.2, 15.0)
#: Executions may never add up to the digit (sizes in quote currency): asking slows down.
FILLS = Retry(0.1, 60.0)


class OrderTruth:
    """The ledger, its subscribers, and its inquiries."""

    def __init__(
        self,
        *,
        exchange: str,
        ledger: Ledger,
        rest: Ref[Rest],
        publish: Callable[[Iterable[AccountEvent]], None],
        clock: Clock,
        tasks: TaskGroup,
    ) -> None:
        self.exchange = exchange
        self.ledger = ledger
        self.rest = rest
        self._publish = publish
        self._clock = clock
        self._tasks = tasks
        self._changed: dict[str, anyio.Event] = {}
        self._inquiries: set[Hashable] = set()
        #: Set when an inquiry ends, whatever it was about.
        self._answered = anyio.Event()
        #: Until when (anyio's clock) somebody waits for an order, by client order id.
        self.awaited: dict[str, float] = {}
        #: Called, once, with an order of which enough is known, whichever way that came first.
        self.on_verdict: dict[str, Awaited] = {}

    def now_ns(self) -> int:
        """Our clock."""
        return self._clock.now_ns()

    # ------------------------------------------------------------ changes

    def apply(self, events: Iterable[AccountEvent]) -> None:
        """Tell what changed in the ledger, and begin the inquiries that it calls for."""
        events = tuple(events)
        if events:
            self._publish(events)
        for event in events:
            if isinstance(event, OrderUpdated):
                self._tell_waiting(event.order)
        if not self.ledger.has_questions:
            return
        for client_order_id in self.ledger.unknown_orders():
            self._inquire(("resolve", client_order_id), partial(self._resolve, client_order_id))
        for key in self.ledger.needs_fills():
            name = (key.instrument, key.exchange_order_id)
            self._inquire(("fills", name), partial(self._fetch_fills, key))
        for key in self.ledger.doubtful():
            name = (key.instrument, key.exchange_order_id or key.client_order_id)
            self._inquire(("doubt", name), partial(self._settle_doubt, key))

    def _tell_waiting(self, order: Order) -> None:
        """Wake who waits for a change of the order, and who waits for the verdict on it."""
        client_order_id = order.client_order_id
        changed = self._changed.pop(client_order_id, None)
        if changed is not None:
            changed.set()
        awaited = self.on_verdict.get(client_order_id)
        if awaited is None or not awaited.is_enough(order):
            return
        # Another order may bear our id: one that was placed before ours, with other terms.
        ours = self.ledger.order(client_order_id)
        if ours is not None and ours.exchange_order_id == order.exchange_order_id:
            del self.on_verdict[client_order_id]
            awaited.tell(order)

    async def changes(self, client_order_id: str) -> None:
        """Wait until an order changes."""
        changed = self._changed.get(client_order_id)
        if changed is None:
            changed = self._changed[client_order_id] = anyio.Event()
        await changed.wait()

    async def until(
        self,
        client_order_id: str,
        is_enough: Callable[[Order], bool],
        deadline: float,
        *,
        operation: str,
    ) -> Order:
        """Wait for an order to be in a state.

        Raises:
            OutcomeUnknown: the deadline (anyio's clock) passed first.
        """
        order = self.ledger.order(client_order_id)
        while order is not None and not is_enough(order):
            with anyio.CancelScope(deadline=deadline - MARGIN) as scope:
                await self.changes(client_order_id)
            if scope.cancelled_caught:
                raise OutcomeUnknown(
                    f"the order is {order.status.value} when its owner's time ends"
                    f" ({order.reason or 'no answer yet'})",
                    client_order_id=client_order_id,
                    exchange=self.exchange,
                    operation=operation,
                )
            order = self.ledger.order(client_order_id)
        if order is None:
            raise self.not_found(OrderKey(client_order_id=client_order_id), operation)
        return order

    async def settled(self, order: Order, deadline: float, *, operation: str) -> Order:
        """Wait until an order in doubt has been asked for, or has ended.

        Raises:
            OutcomeUnknown: the deadline (anyio's clock) passed first; the asking goes on.
        """
        while order.key in self.ledger.doubtful() and not order.status.is_final:
            with anyio.CancelScope(deadline=deadline - MARGIN) as scope:
                await self._answered.wait()
            if scope.cancelled_caught:
                raise OutcomeUnknown(
                    "whether the order has ended could not be found out in time",
                    client_order_id=order.client_order_id,
                    exchange=self.exchange,
                    operation=operation,
                )
            order = self.ledger.find(order.key) or order
        return order

    async def named(self, key: OrderKey, deadline: float, *, operation: str) -> OrderKey:
        """All names of an order. One that is still on its way is waited for.

        Raises:
            OutcomeUnknown: the deadline passed before the exchange named it.
        """
        known = self.ledger.find(key)
        if known is not None and not is_named_or_final(known):
            known = await self.until(
                known.client_order_id, is_named_or_final, deadline, operation=operation
            )
        return key if known is None else known.key

    # ------------------------------------------------------------ asking

    async def refresh(
        self,
        key: OrderKey,
        *,
        operation: str = "order",
        timeout: float = ASK_TIMEOUT,  # noqa: ASYNC109
        lane: Lane = Lane.RESOLVE,
    ) -> Order:
        """Ask the exchange for an order and take in what it says, `timeout` seconds at most."""
        try:
            report = await self.rest.ask(Ahead(FetchOrder(key), lane), timeout=timeout)
        except ActorError as error:
            raise TransportError(str(error), exchange=self.exchange, operation=operation) from error
        self.apply(self.ledger.report(report))
        order = self.ledger.find(
            OrderKey(key.instrument, report.client_order_id, report.exchange_order_id)
        )
        if order is None:
            # Of long ago, and forgotten; the exchange knows it all the same.
            order = adopt_order(report)
        if order is None:
            raise self.not_found(key, operation)
        return order

    async def reconcile(self) -> None:
        """Take in what is open at the exchange; what should be and is not becomes doubtful."""
        attempt = 0
        while True:
            try:
                reports = await self.rest.ask(
                    Ahead(FetchOpenOrders(), Lane.RESOLVE), timeout=ASK_TIMEOUT
                )
            except (EngineError, ActorError):
                await anyio.sleep(DOUBT.delay(attempt))
                attempt += 1
            else:
                self.apply(self.ledger.snapshot(reports, self.now_ns()))
                return

    def not_found(self, key: OrderKey, operation: str) -> OrderNotFound:
        """The error for an order that nobody knows."""
        name = key.client_order_id or key.exchange_order_id
        return OrderNotFound(
            f"no order {name!r} is known", exchange=self.exchange, operation=operation
        )

    # ------------------------------------------------------------ inquiries

    def _inquire(self, name: Hashable, inquiry: Callable[[], Awaitable[None]]) -> None:
        if name not in self._inquiries:
            self._inquiries.add(name)
            self._tasks.start_soon(self._run, name, inquiry)

    async def _run(self, name: Hashable, inquiry: Callable[[], Awaitable[None]]) -> None:
        try:
            await inquiry()
        finally:
            self._inquiries.discard(name)
            answered, self._answered = self._answered, anyio.Event()
            answered.set()
        # The question may have come up again in the moment it was answered.
        self.apply(())

    async def _resolve(self, client_order_id: str) -> None:
        attempt = 0
        while client_order_id in self.ledger.unknown_orders():
            before = self.ledger.order(client_order_id)
            await self._resolve_once(client_order_id)
            if self.ledger.order(client_order_id) == before:
                with anyio.move_on_after(RESOLVE.delay(attempt)):
                    await self.changes(client_order_id)
            attempt += 1

    async def _resolve_once(self, client_order_id: str) -> None:
        request = self.ledger.request(client_order_id)
        if request is None:
            return
        # An identical body is only ever sent again while somebody waits for the order.
        waits_until = self.awaited.get(client_order_id, -1.0)
        is_awaited = waits_until - MARGIN > anyio.current_time()
        command = ResolveOrder(
            request,
            self.ledger.sent_time_ns(client_order_id),
            Resend.ALLOWED if is_awaited else Resend.FORBIDDEN,
            self.ledger.order_ids(request.instrument),
            self.ledger.log_position(client_order_id),
        )
        timeout = ASK_TIMEOUT
        if is_awaited:
            timeout = min(timeout, waits_until - anyio.current_time())
        try:
            resolution = await self.rest.ask(command, timeout=timeout)
        except (EngineError, ActorError) as error:
            resolution = Undecided(str(error))
        now_ns = self.now_ns()
        match resolution:
            case Found(report):
                self.apply(self.ledger.report(report, proved_of=client_order_id))
            case Absent(reason):
                self.apply(self.ledger.absent(client_order_id, reason, now_ns))
            case Undecided():
                # The order stays as unknown as it was: no change, so that the backoff grows.
                return
            case _:
                assert_never(resolution)

    async def _fetch_fills(self, key: OrderKey) -> None:
        attempt = 0
        name = (key.instrument, key.exchange_order_id)
        # How much of the order is executed is known without them: new orders go first.
        question = Ahead(FetchFills(key), Lane.UPKEEP)
        while name in {(k.instrument, k.exchange_order_id) for k in self.ledger.needs_fills()}:
            try:
                fills = await self.rest.ask(question, timeout=ASK_TIMEOUT)
            except (EngineError, ActorError):
                fills = ()
            for fill in reversed(fills):
                self.apply(self.ledger.fill(fill, self.now_ns()))
            if attempt or not fills:
                await anyio.sleep(FILLS.delay(attempt))
            attempt += 1

    async def _settle_doubt(self, key: OrderKey) -> None:
        attempt = 0
        while key in self.ledger.doubtful():
            try:
                await self.refresh(key)
            except EngineError:
                await anyio.sleep(DOUBT.delay(attempt))
            else:
                order = self.ledger.find(key)
                if order is not None and order.status is OrderStatus.UNKNOWN:
                    await anyio.sleep(DOUBT.delay(attempt))
            attempt += 1


def is_named_or_final(order: Order) -> bool:
    """Whether the exchange has given the order a name, or it has ended."""
    return bool(order.exchange_order_id) or order.status.is_final


def has_verdict(order: Order) -> bool:
    """Whether the exchange's word on the order is known.

    Pending with an exchange's id is acknowledged; unknown with one still has to be read.
    """
    return is_named_or_final(order) and order.status is not OrderStatus.UNKNOWN


def left(deadline: float) -> float:
    """The seconds for one ask within a deadline of anyio's clock; a little is kept for the answer.

    Never none, so that the ask itself says that it is too late.
    """
    return max(MARGIN, deadline - anyio.current_time() - MARGIN)
