"""Every order of ours: placed, followed, cancelled, and never lost.

The actor takes commands and news. What is true of the orders, and the asking until it is known,
is `order_truth`. Each command runs in a task of its own, so that an order that waits for its
verdict delays no other; the ledger is read and changed between awaits only.

After a crash a new incarnation starts from the journal: what was sent without a verdict is
unknown, and what was open is asked for.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import assert_never

import anyio
from attrs import frozen

from venuetree.actors.clock import Clock
from venuetree.actors.context import Context
from venuetree.actors.envelope import Delivery
from venuetree.actors.errors import ActorError
from venuetree.actors.order_messages import (
    Cancel,
    Edit,
    Known,
    Orders,
    OrdersDetail,
    Place,
    Query,
    Reported,
)
from venuetree.actors.order_truth import (
    MARGIN,
    OrderTruth,
    Retry,
    has_verdict,
    is_named_or_final,
)
from venuetree.actors.ref import Ref
from venuetree.protocol.checks import check_open_orders
from venuetree.protocol.commands import CancelOrder, EditOrder, PlaceOrder, Rest
from venuetree.protocol.errors import (
    CancelRefused,
    EngineError,
    OrderRejected,
    OutcomeUnknown,
    TransportError,
)
from venuetree.protocol.events import (
    AccountEvent,
    AccountReport,
    AccountSnapshot,
    FillReported,
    OrderReported,
)
from venuetree.protocol.ledger import Ledger
from venuetree.protocol.models import Instrument, Order, OrderKey, OrderRequest, OrderStatus
from venuetree.protocol.verdict import Verdict, placing_verdict

__all__ = ["OrdersActor"]

#: Waits for the end of an order whose cancel was accepted: the stream is quicker, as a rule.
CANCELLED = Retry(0.25, 2.0)


@frozen
class OrdersActor:
    """The orders actor's `run`.

    Attributes:
        new_ledger: one that knows what the journal holds.
        publish: hands account events to the subscribers.
        instruments: what is known of them by now.
    """

    exchange: str
    new_ledger: Callable[[], Ledger]
    rest: Ref[Rest]
    publish: Callable[[Iterable[AccountEvent]], None]
    clock: Clock
    instruments: Callable[[], Mapping[str, Instrument]]

    async def __call__(self, ctx: Context[Orders]) -> None:
        """Serve until stopped; cancelled, orders in hand are left to the journal."""
        async with anyio.create_task_group() as tasks:
            truth = OrderTruth(
                exchange=self.exchange,
                ledger=self.new_ledger(),
                rest=self.rest,
                publish=self.publish,
                clock=self.clock,
                tasks=tasks,
            )
            commands = _Commands(truth, self.instruments)
            ctx.publish_from(
                lambda: OrdersDetail(truth.ledger.counts(), truth.ledger.unknown_orders())
            )
            ctx.ready()
            truth.apply(truth.ledger.recover(self.clock.now_ns()))
            tasks.start_soon(truth.reconcile)

            async def take(delivery: Delivery) -> None:
                handler = commands.handler(delivery.message)
                if handler is not None:
                    await _answer(delivery, handler)
                else:
                    delivery.reply(_answer_at_once(truth, delivery.message))

            await ctx.serve_each(take)


def _answer_at_once(truth: OrderTruth, message: Known | Reported) -> tuple[Order, ...] | None:
    """What needs no asking of the exchange."""
    match message:
        case Known():
            return truth.ledger.orders()
        case Reported(reports):
            for report in reports:
                _take_report(truth, report)
            return None
        case _:
            assert_never(message)


def _take_report(truth: OrderTruth, report: AccountReport) -> None:
    """What a user stream said."""
    match report:
        case OrderReported():
            truth.apply(truth.ledger.report(report.report))
        case FillReported():
            truth.apply(truth.ledger.fill(report.fill, report.received_time_ns))
        case AccountSnapshot():
            truth.apply(truth.ledger.snapshot(report.open_orders, report.received_time_ns))
        case _:
            assert_never(report)


async def _answer(delivery: Delivery, handler: Callable[[Delivery], Awaitable[Order]]) -> None:
    try:
        order = await handler(delivery)
    except EngineError as error:
        delivery.fail(error)
    else:
        delivery.reply(order)


class _Commands:
    """What a host can have done, each in a task of its own."""

    def __init__(
        self, truth: OrderTruth, instruments: Callable[[], Mapping[str, Instrument]]
    ) -> None:
        self.instruments = instruments
        self.truth = truth
        self.ledger = truth.ledger
        self.exchange = truth.exchange

    def handler(self, message: object) -> Callable[[Delivery], Awaitable[Order]] | None:
        """What carries out a command; None for a message that is none."""
        match message:
            case Place():
                return self.place
            case Cancel():
                return self.cancel
            case Edit():
                return self.edit
            case Query():
                return self.query
            case _:
                return None

    # ------------------------------------------------------------ place

    async def place(self, delivery: Delivery) -> Order:
        """Send an order and wait for its verdict, however it comes."""
        truth, ledger = self.truth, self.ledger
        request: OrderRequest = delivery.message.order
        client_order_id = request.client_order_id
        deadline = delivery.deadline
        instrument = self.instruments().get(request.instrument)
        if instrument is not None:
            check_open_orders(request, instrument, ledger.live_orders)
        truth.apply(ledger.intend(request, truth.now_ns()))
        truth.apply(ledger.sent(client_order_id, truth.now_ns()))
        truth.awaited[client_order_id] = deadline
        # The user stream may tell the verdict before the reply does, which is still read then.
        truth.on_verdict[client_order_id] = lambda order: self._placed(order, delivery)
        try:
            await self._send(request, deadline)
            return await truth.until(client_order_id, has_verdict, deadline, operation="place")
        finally:
            truth.on_verdict.pop(client_order_id, None)
            truth.awaited.pop(client_order_id, None)

    def _placed(self, order: Order, delivery: Delivery) -> None:
        """Tell an order's owner the verdict."""
        if order.status is OrderStatus.REJECTED:
            # Refused after all, whichever way the news came: nobody must take it for placed.
            delivery.fail(
                OrderRejected(
                    order.reason or "the exchange refused the order",
                    exchange=self.exchange,
                    operation="place",
                )
            )
        else:
            delivery.reply(order)

    async def _send(self, request: OrderRequest, deadline: float) -> None:
        truth, ledger = self.truth, self.ledger
        client_order_id = request.client_order_id
        try:
            report = await truth.rest.ask(PlaceOrder(request), timeout=_left(deadline))
        except EngineError as error:
            if placing_verdict(error) is Verdict.NOT_PLACED:
                truth.on_verdict.pop(client_order_id, None)
                reason = error.code or error.message
                truth.apply(ledger.rejected(client_order_id, reason, truth.now_ns()))
                raise
            truth.apply(ledger.unknown(client_order_id, error.message, truth.now_ns()))
        except ActorError as error:
            if not error.started:
                truth.on_verdict.pop(client_order_id, None)
                reason = f"the order was not sent: {error}"
                truth.apply(ledger.rejected(client_order_id, reason, truth.now_ns()))
                raise TransportError(reason, exchange=self.exchange, operation="place") from error
            truth.apply(ledger.unknown(client_order_id, str(error), truth.now_ns()))
        else:
            truth.apply(ledger.report(report))

    # ------------------------------------------------------------ cancel

    async def cancel(self, delivery: Delivery) -> Order:
        """Cancel and wait for the end. Asking twice for a cancel does no harm, so doubt asks."""
        truth = self.truth
        deadline = delivery.deadline
        key: OrderKey = delivery.message.key
        known = self.ledger.find(key)
        if known is not None and not is_named_or_final(known):
            # It is still on its way: what it is called there is not known yet.
            known = await truth.until(
                known.client_order_id, is_named_or_final, deadline, operation="cancel"
            )
        if known is not None:
            key = known.key
        is_accepted, attempt = False, 0
        while True:
            order = self.ledger.find(key)
            if order is not None and order.status.is_final:
                return self._ended(order, is_accepted=is_accepted)
            if anyio.current_time() >= deadline - 2 * MARGIN:
                return self._as_it_is(key)
            if not is_accepted:
                is_accepted = await self._try_cancel(key, deadline)
            else:
                await self._wait_or_ask(key, CANCELLED.delay(attempt), deadline)
                attempt += 1

    async def _try_cancel(self, key: OrderKey, deadline: float) -> bool:
        """Ask for the cancel; True if it was accepted."""
        truth, ledger = self.truth, self.ledger
        try:
            await truth.rest.ask(CancelOrder(key), timeout=_left(deadline))
        except CancelRefused:
            truth.apply(ledger.cancel_refused(key, truth.now_ns()))
            order = await truth.refresh(key, operation="cancel")
            if not order.status.is_final:
                raise
            return False
        except OutcomeUnknown:
            await self._look(key)
            return False
        except ActorError as error:
            if error.started:
                await self._look(key)
                return False
            raise TransportError(
                f"the cancel was not sent: {error}", exchange=self.exchange, operation="cancel"
            ) from error
        truth.apply(ledger.cancelling(key, truth.now_ns()))
        return True

    async def _look(self, key: OrderKey) -> None:
        """Whether a cancel came through is not known: see what the order is now."""
        self.ledger.doubt(key)
        try:
            await self.truth.refresh(key, operation="cancel")
        except EngineError:
            await anyio.sleep(CANCELLED.first)

    async def _wait_or_ask(self, key: OrderKey, seconds: float, deadline: float) -> None:
        order = self.ledger.find(key)
        with anyio.move_on_after(min(seconds, _left(deadline))) as scope:
            if order is None:
                await anyio.sleep(seconds)
            else:
                await self.truth.changes(order.client_order_id)
        if scope.cancelled_caught or order is None:
            try:
                await self.truth.refresh(key, operation="cancel")
            except EngineError:
                return  # asked again until the deadline

    def _ended(self, order: Order, *, is_accepted: bool) -> Order:
        """The order, if this is an end that a cancel may have; else a refusal that says so."""
        if order.status is OrderStatus.CANCELLED or is_accepted:
            return order
        raise CancelRefused(
            f"the order is {order.status.value} already",
            exchange=self.exchange,
            operation="cancel",
            code=order.status.value,
        )

    def _as_it_is(self, key: OrderKey) -> Order:
        order = self.ledger.find(key)
        if order is None or not order.is_cancelling:
            raise OutcomeUnknown(
                "whether the order is cancelled could not be found out in time",
                client_order_id=key.client_order_id,
                exchange=self.exchange,
                operation="cancel",
            )
        return order

    # ------------------------------------------------------------ edit, query

    async def edit(self, delivery: Delivery) -> Order:
        """Change an order, then read it back."""
        truth, ledger = self.truth, self.ledger
        key: OrderKey = delivery.message.key
        request: OrderRequest = delivery.message.order
        known = ledger.find(key)
        if known is not None:
            key = known.key
        truth.apply(ledger.editing(key, request, truth.now_ns()))
        try:
            await truth.rest.ask(EditOrder(key, request), timeout=_left(delivery.deadline))
        except (EngineError, ActorError) as error:
            # Refused, lost or not sent: which terms hold now is for the exchange to say.
            ledger.doubt(key)
            truth.apply(())
            if isinstance(error, EngineError):
                raise
            if not error.started:
                raise TransportError(
                    f"the edit was not sent: {error}", exchange=self.exchange, operation="edit"
                ) from error
            raise OutcomeUnknown(
                str(error),
                client_order_id=key.client_order_id,
                exchange=self.exchange,
                operation="edit",
            ) from error
        return await truth.refresh(key, operation="edit")

    async def query(self, delivery: Delivery) -> Order:
        """Ask for an order."""
        key: OrderKey = delivery.message.key
        known = self.ledger.find(key)
        return await self.truth.refresh(known.key if known is not None else key)


def _left(deadline: float) -> float:
    """The seconds for one ask within a deadline of anyio's clock; a little is kept for the answer.

    Never none, so that the ask itself says that it is too late.
    """
    return max(MARGIN, deadline - anyio.current_time() - MARGIN)
