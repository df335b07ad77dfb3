"""The end of orders: one by its name, or all that are open.

Asking twice for a cancel does no harm, so doubt asks again; an order has ended when the exchange
says so, and not before.
"""

from contextlib import suppress

import anyio

from venuetree.actors.envelope import Delivery
from venuetree.actors.errors import ActorError
from venuetree.actors.order_messages import Cancel, CancelAll
from venuetree.actors.order_truth import ASK_TIMEOUT, MARGIN, OrderTruth, Retry, left
from venuetree.protocol.commands import Ahead, CancelOpenOrders, CancelOrder, FetchOpenOrders
from venuetree.protocol.errors import (
    CancelIncomplete,
    CancelRefused,
    EngineError,
    ExchangeUnavailable,
    OrderNotFound,
    OutcomeUnknown,
    RateLimited,
    ReplyLost,
    TransportError,
)
from venuetree.protocol.models import Order, OrderKey, OrderReport, OrderStatus
from venuetree.protocol.port import Lane

__all__ = ["Cancelling"]

#: Waits for the end of an order whose cancel was accepted: the stream is quicker, as a rule.
CANCELLED = Retry(0.25, 2.0)


class Cancelling:
    """What ends orders."""

    def __init__(self, truth: OrderTruth) -> None:
        self._truth = truth

    async def cancel(self, delivery: Delivery) -> Order:
        """Cancel and wait for the end."""
        message: Cancel = delivery.message
        return await self._cancel(message.key, delivery.deadline)

    async def _cancel(self, key: OrderKey, deadline: float) -> Order:
        truth = self._truth
        key = await truth.named(key, deadline, operation="cancel")
        is_accepted, waits, tries = False, 0, 0
        while True:
            order = truth.ledger.find(key)
            if order is not None and order.status.is_final:
                return self._ended(order, is_accepted=is_accepted)
            if anyio.current_time() >= deadline - 2 * MARGIN:
                return self._as_it_is(key)
            if is_accepted:
                await self._wait_or_ask(key, CANCELLED.delay(waits), deadline)
                waits += 1
                continue
            is_accepted = await self._try_cancel(key, deadline)
            order = truth.ledger.find(key)
            if not is_accepted and not (order is not None and order.status.is_final):
                await self._wait(key, CANCELLED.delay(tries), deadline)
            tries += 1

    async def _try_cancel(self, key: OrderKey, deadline: float) -> bool:
        """Ask for the cancel; True if it was accepted, False if it is to be asked for again."""
        truth, ledger = self._truth, self._truth.ledger
        try:
            await truth.rest.ask(CancelOrder(key), timeout=left(deadline))
        except CancelRefused:
            truth.apply(ledger.cancel_refused(key, truth.now_ns()))
            if await self._is_open(key, deadline):
                raise
            return False
        except OutcomeUnknown:
            await self._look(key, deadline)
            return False
        except ActorError as error:
            if error.started:
                await self._look(key, deadline)
                return False
            raise TransportError(
                f"the cancel was not sent: {error}", exchange=truth.exchange, operation="cancel"
            ) from error
        truth.apply(ledger.cancelling(key, truth.now_ns()))
        return True

    async def _is_open(self, key: OrderKey, deadline: float) -> bool:
        """Whether an order whose cancel was refused is open; False while that is not known."""
        try:
            order = await self._read(key, deadline)
        except OrderNotFound:
            known = self._truth.ledger.find(key)
            if known is None or not known.exchange_order_id:
                raise
            return False  # the exchange has numbered it: what it reads from lags behind
        except (TransportError, ReplyLost, RateLimited, ExchangeUnavailable):
            return False  # that the question failed says nothing of the order
        return not order.status.is_final

    async def _look(self, key: OrderKey, deadline: float) -> None:
        """Whether a cancel came through is not known: see what the order is now."""
        self._truth.ledger.doubt(key)
        try:
            await self._read(key, deadline)
        except EngineError:
            # It is asked for until it is known, though its canceller's time may end before that.
            self._truth.apply(())

    async def _read(self, key: OrderKey, deadline: float) -> Order:
        """What the exchange says of an order, within the canceller's time."""
        timeout = min(ASK_TIMEOUT, left(deadline))
        return await self._truth.refresh(key, operation="cancel", timeout=timeout)

    async def _wait(self, key: OrderKey, seconds: float, deadline: float) -> bool:
        """Wait until the order changes; False if it did not in this time."""
        order = self._truth.ledger.find(key)
        with anyio.CancelScope(deadline=min(anyio.current_time() + seconds, deadline - 2 * MARGIN)):
            if order is None:
                await anyio.sleep_forever()
            else:
                await self._truth.changes(order.client_order_id)
                return True
        return False

    async def _wait_or_ask(self, key: OrderKey, seconds: float, deadline: float) -> None:
        if not await self._wait(key, seconds, deadline):
            with suppress(EngineError):  # asked again until the deadline
                await self._read(key, deadline)

    def _ended(self, order: Order, *, is_accepted: bool) -> Order:
        """The order, if this is an end that a cancel may have; else a refusal that says so."""
        if order.status is OrderStatus.CANCELLED or is_accepted:
            return order
        raise CancelRefused(
            f"the order is {order.status.value} already",
            exchange=self._truth.exchange,
            operation="cancel",
            code=order.status.value,
        )

    def _as_it_is(self, key: OrderKey) -> Order:
        order = self._truth.ledger.find(key)
        if order is None or not order.is_cancelling:
            raise OutcomeUnknown(
                "whether the order is cancelled could not be found out in time",
                client_order_id=key.client_order_id,
                exchange=self._truth.exchange,
                operation="cancel",
            )
        return order

    # ------------------------------------------------------------ all

    async def cancel_all(self, delivery: Delivery) -> tuple[Order, ...]:
        """Have everything cancelled at once, then see to what is or may still be open one by one.

        Raises:
            CancelIncomplete: some may be open still; it says which.
        """
        message: CancelAll = delivery.message
        truth, deadline = self._truth, delivery.deadline
        # With those that are on their way: they may come to rest behind the sweep.
        # An exit goes with its trade: to take that away is nothing to be done in passing.
        live = (o for o in truth.ledger.live_orders() if not o.trade_id)
        ours = (o.key for o in live if _is_of(o, message.instrument))
        keys = dict.fromkeys(ours)
        reports = [*await self._sweep(message.instrument, deadline)]
        errors: list[EngineError] = []
        try:
            reports += await self._listed(message.instrument, deadline)
        except EngineError as error:
            errors.append(error)
        for report in reports:
            truth.apply(truth.ledger.report(report))
            name = OrderKey(report.instrument, report.client_order_id, report.exchange_order_id)
            known = truth.ledger.find(name)
            if report.trade_id or (known is not None and known.trade_id):
                continue
            keys.setdefault(name if known is None else known.key)
        ends: dict[OrderKey, Order] = {}
        async with anyio.create_task_group() as tasks:
            for key in keys:
                tasks.start_soon(self._end, key, deadline, ends, errors)
        if errors:
            raise self._some_left(keys, ends, errors[0])
        # Named twice, before and after the exchange gave it an id, it is one order; of one that
        # was refused there is nothing to tell.
        ended = {o.key: o for o in ends.values() if o.status is not OrderStatus.REJECTED}
        return tuple(ended.values())

    async def _sweep(self, instrument: str, deadline: float) -> tuple[OrderReport, ...]:
        """What one request ended. In doubt nothing: each order is looked at afterwards."""
        truth = self._truth
        try:
            return await truth.rest.ask(CancelOpenOrders(instrument), timeout=_half(deadline))
        except (CancelRefused, ExchangeUnavailable, OutcomeUnknown, ReplyLost):
            return ()
        except ActorError as error:
            if error.started:
                return ()
            raise TransportError(
                f"the cancel was not sent: {error}", exchange=truth.exchange, operation="cancel_all"
            ) from error

    async def _listed(self, instrument: str, deadline: float) -> tuple[OrderReport, ...]:
        """What is still listed as open."""
        truth = self._truth
        try:
            return await truth.rest.ask(
                Ahead(FetchOpenOrders(instrument), Lane.CANCEL), timeout=_half(deadline)
            )
        except ActorError as error:
            raise TransportError(
                str(error), exchange=truth.exchange, operation="cancel_all"
            ) from error

    async def _end(
        self,
        key: OrderKey,
        deadline: float,
        ends: dict[OrderKey, Order],
        errors: list[EngineError],
    ) -> None:
        """See an order's end: the sweep's, or that of a cancel of its own."""
        truth = self._truth
        order = truth.ledger.find(key)
        if order is not None and order.exchange_order_id and not order.status.is_final:
            await self._wait_or_ask(key, CANCELLED.first, deadline)
        try:
            order = await self._cancel(key, deadline)
        except EngineError as error:
            order = truth.ledger.find(key)
            if order is None or not order.status.is_final:
                errors.append(error)
                return
        if not order.status.is_final:
            errors.append(self._not_yet(order))
            return
        ends[key] = order

    def _not_yet(self, order: Order) -> OutcomeUnknown:
        return OutcomeUnknown(
            "its cancel was accepted and has not happened yet",
            client_order_id=order.client_order_id,
            exchange=self._truth.exchange,
            operation="cancel_all",
        )

    def _some_left(
        self, keys: dict[OrderKey, None], ends: dict[OrderKey, Order], first: EngineError
    ) -> CancelIncomplete:
        names = tuple(k.client_order_id or k.exchange_order_id for k in keys if k not in ends)
        told = ", ".join(names) or "orders that could not be listed"
        return CancelIncomplete(
            f"{len(ends)} orders have ended, these may be open still: {told} ({first.message})",
            order_ids=names,
            exchange=self._truth.exchange,
            operation="cancel_all",
            code=first.code,
        )


def _half(deadline: float) -> float:
    """Of the time that is left: an answer that never comes must leave some for the others."""
    return min(left(deadline) / 2, ASK_TIMEOUT)


def _is_of(order: Order, instrument: str) -> bool:
    return instrument in {"", order.instrument}
