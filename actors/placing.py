"""Orders on their way to the exchange: alone, in pairs, or in another one's place.

Each is written down before it is sent, and waits for its verdict, however that comes: by the
reply, by the user stream, or by the asking of `order_truth` where both are lost.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import anyio

from venuetree.actors.envelope import Delivery
from venuetree.actors.errors import ActorError
from venuetree.actors.order_messages import CloseBy, Place, PlacePair, Replace
from venuetree.actors.order_truth import RESOLVE, Awaited, OrderTruth, has_verdict, left
from venuetree.protocol.account_checks import check_open_orders
from venuetree.protocol.commands import (
    ClosePosition,
    PlaceOco,
    PlaceOrder,
    ReplaceOrder,
    Rest,
)
from venuetree.protocol.errors import (
    CancelRefused,
    EngineError,
    ExchangeRefused,
    OrderInvalid,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    TransportError,
)
from venuetree.protocol.messages import Request
from venuetree.protocol.models import (
    Instrument,
    Order,
    OrderKey,
    OrderReport,
    OrderRequest,
    OrderStatus,
    OrderType,
    TimeInForce,
)
from venuetree.protocol.verdict import Verdict, placing_verdict

__all__ = ["Placing"]

T = TypeVar("T")


class Placing:
    """What sends new orders."""

    def __init__(
        self,
        truth: OrderTruth,
        instruments: Callable[[], Mapping[str, Instrument]],
        log_position: Callable[[], str] = str,
        *,
        reply_decides: bool = False,
        refusal: Callable[[str, str], ExchangeRefused] | None = None,
    ) -> None:
        self._truth = truth
        self._instruments = instruments
        self._log_position = log_position
        self._reply_decides = reply_decides
        self._refusal = refusal

    async def place(self, delivery: Delivery) -> Order:
        """Send an order and wait for its verdict."""
        message: Place = delivery.message
        truth, request, deadline = self._truth, message.order, delivery.deadline
        client_order_id = request.client_order_id
        self._intend((request,))
        truth.awaited[client_order_id] = deadline
        # The user stream may tell the verdict before the reply does, which is still read then.
        truth.on_verdict[client_order_id] = Awaited(
            self._enough(request), lambda order: self._told(order, delivery)
        )
        try:
            report = await self._send(PlaceOrder(request), (request,), deadline, "place")
            if report is not None:
                truth.apply(truth.ledger.report(report))
            return await self._verdict(request, deadline, "place", is_told=report is not None)
        finally:
            truth.on_verdict.pop(client_order_id, None)
            truth.awaited.pop(client_order_id, None)

    async def place_pair(self, delivery: Delivery) -> tuple[Order, Order]:
        """Send two orders in one request and wait for the verdict of each.

        Neither is ever sent again to find out: an order of the pair by itself is another thing.
        """
        message: PlacePair = delivery.message
        oco, deadline = message.oco, delivery.deadline
        self._intend(oco.orders)
        reports = await self._send(PlaceOco(oco), oco.orders, deadline, "place_oco")
        for report in reports or ():
            self._truth.apply(self._truth.ledger.report(report))
        return (
            await self._verdict(oco.limit, deadline, "place_oco", is_told=reports is not None),
            await self._verdict(oco.stop, deadline, "place_oco", is_told=reports is not None),
        )

    async def close_position(self, delivery: Delivery) -> tuple[Order, ...]:
        """Send the orders that close a position, in one request, and wait for their verdicts.

        The exchange takes both or neither, and may then fail to execute one of them: what the
        other did is not to be hidden by that, so only where none exists is the refusal raised.
        """
        message: CloseBy = delivery.message
        orders, deadline = message.orders, delivery.deadline
        self._intend(orders)
        reports = await self._send(ClosePosition(orders), orders, deadline, "close_position")
        for report in reports or ():
            self._truth.apply(self._truth.ledger.report(report))
        closed: list[Order] = []
        refusals: list[ExchangeRefused] = []
        for each in orders:
            try:
                order = await self._verdict(
                    each, deadline, "close_position", is_told=reports is not None
                )
            except ExchangeRefused as refusal:
                refusals.append(refusal)
                known = self._truth.ledger.order(each.client_order_id)
                closed += () if known is None else (known,)
            else:
                closed.append(order)
        if len(refusals) == len(orders):
            raise refusals[0]
        return tuple(closed)

    async def replace(self, delivery: Delivery) -> Order:
        """Have an order cancelled and another placed; the state of each is known apart."""
        message: Replace = delivery.message
        truth, ledger = self._truth, self._truth.ledger
        request, deadline = message.order, delivery.deadline
        key = await self._to_replace(message, deadline)
        old = ledger.find(key)
        if old is not None and old.status.is_final:
            raise CancelRefused(
                f"the order is {old.status.value} already; no new one was placed",
                exchange=truth.exchange,
                operation="replace",
                code=old.status.value,
            )
        self._intend((request,))
        command = ReplaceOrder(key, request, message.if_partially_filled)
        try:
            replaced = await self._send(command, (request,), deadline, "replace")
        except (CancelRefused, OrderNotFound):
            truth.apply(ledger.cancel_refused(key, truth.now_ns()))
            raise
        if replaced is None or replaced.cancelled is None:
            # Whether it still is what it was is for the exchange to say.
            ledger.doubt(key)
            truth.apply(())
        else:
            truth.apply(ledger.report(replaced.cancelled))
        if replaced is not None:
            self._take(replaced.placed, request)
        return await self._verdict(request, deadline, "replace", is_told=replaced is not None)

    async def _to_replace(self, message: Replace, deadline: float) -> OrderKey:
        """The order to be replaced, by all its names, of the instrument of the new one.

        Where orders are numbered by instrument, its number would name another order there.
        """
        truth, instrument = self._truth, message.order.instrument
        try:
            key = await truth.named(message.key, deadline, operation="replace")
        except OutcomeUnknown as error:
            raise TransportError(
                f"the old order is not known yet, nothing was sent: {error.message}",
                exchange=truth.exchange,
                operation="replace",
            ) from error
        if key.instrument not in {"", instrument}:
            raise OrderInvalid(
                f"an order of {key.instrument} cannot be replaced by one of {instrument}",
                rule="instrument",
                value=instrument,
                bound=key.instrument,
                exchange=truth.exchange,
                operation="replace",
            )
        return OrderKey(instrument, key.client_order_id, key.exchange_order_id)

    def _take(self, placed: OrderReport | EngineError, request: OrderRequest) -> None:
        """What became of the new order."""
        if isinstance(placed, OrderReport):
            self._truth.apply(self._truth.ledger.report(placed))
            return
        self._failed((request,), placed)

    # ------------------------------------------------------------ the steps

    def _intend(self, requests: Sequence[OrderRequest]) -> None:
        """Write down that these are about to be sent; all of them, or `OrderInvalid` and none."""
        truth, ledger = self._truth, self._truth.ledger
        instrument = self._instruments().get(requests[0].instrument)
        if instrument is not None:
            check_open_orders(requests, instrument, ledger.live_orders)
        intended: list[OrderRequest] = []
        try:
            for request in requests:
                truth.apply(ledger.intend(request, truth.now_ns()))
                intended.append(request)
        except EngineError as error:
            self._refused(intended, f"not sent: {error.message}")
            raise
        position = self._log_position()
        for request in requests:
            truth.apply(ledger.sent(request.client_order_id, truth.now_ns(), position))

    async def _send(
        self,
        command: Request[Rest, T],
        requests: Sequence[OrderRequest],
        deadline: float,
        operation: str,
    ) -> T | None:
        """The answer; None if none came, which leaves the orders unknown.

        Raises:
            EngineError: the orders do not exist.
        """
        try:
            return await self._truth.rest.ask(command, timeout=left(deadline))
        except EngineError as error:
            self._failed(requests, error)
        except ActorError as error:
            if not error.started:
                reason = f"the order was not sent: {error}"
                self._refused(requests, reason)
                raise TransportError(
                    reason, exchange=self._truth.exchange, operation=operation
                ) from error
            self._unknown(requests, str(error))
        return None

    def _failed(self, requests: Sequence[OrderRequest], error: EngineError) -> None:
        """An error came instead of the exchange's word: raise it if the orders do not exist."""
        if placing_verdict(error) is Verdict.NOT_PLACED:
            self._refused(requests, error.code or error.message)
            raise error
        self._unknown(requests, error.message)

    def _refused(self, requests: Sequence[OrderRequest], reason: str) -> None:
        truth = self._truth
        for request in requests:
            # Its owner is told by the error, which says more than the order could.
            truth.on_verdict.pop(request.client_order_id, None)
            truth.apply(truth.ledger.rejected(request.client_order_id, reason, truth.now_ns()))

    def _unknown(self, requests: Sequence[OrderRequest], reason: str) -> None:
        truth = self._truth
        for request in requests:
            truth.apply(truth.ledger.unknown(request.client_order_id, reason, truth.now_ns()))

    # ------------------------------------------------------------ the verdict

    def _enough(self, request: OrderRequest) -> Callable[[Order], bool]:
        """What the account's stream must have told of an order to be taken for the verdict."""
        return _stands if _may_rest(request) and not self._reply_decides else _has_ended

    async def _verdict(
        self, request: OrderRequest, deadline: float, operation: str, *, is_told: bool
    ) -> Order:
        """The order, once the exchange's word on it is known.

        Where no reply told it, and what the stream said first is not enough, it is asked for.
        """
        order = await self._truth.until(
            request.client_order_id, has_verdict, deadline, operation=operation
        )
        if not is_told and not self._enough(request)(order):
            order = await self._asked(request, order, deadline, operation)
        if order.status is OrderStatus.REJECTED:
            raise self._rejection(order, operation)
        return order

    async def _asked(
        self, request: OrderRequest, order: Order, deadline: float, operation: str
    ) -> Order:
        """An order that may have ended in the moment it was made, as the exchange has it.

        Raises:
            OutcomeUnknown: the deadline passed first; the asking goes on.
        """
        truth, attempt = self._truth, 0
        while not order.status.is_final:
            truth.ledger.doubt(order.key)
            truth.apply(())
            order = await truth.settled(order, deadline, operation=operation)
            if _may_rest(request):
                break
            # Of one that cannot rest only the end is the answer: what was asked lagged behind.
            with anyio.move_on_after(min(RESOLVE.delay(attempt), left(deadline))):
                order = await truth.until(
                    request.client_order_id, _has_ended, deadline, operation=operation
                )
            attempt += 1
        return order

    def _told(self, order: Order, delivery: Delivery) -> None:
        """Tell an order's owner the verdict."""
        if order.status is OrderStatus.REJECTED:
            delivery.fail(self._rejection(order, "place"))
        else:
            delivery.reply(order)

    def _rejection(self, order: Order, operation: str) -> ExchangeRefused:
        """Refused after all, whichever way the news came: nobody must take it for placed."""
        if self._refusal is not None and order.reason:
            return self._refusal(order.reason, operation)
        return OrderRejected(
            order.reason or "the exchange refused the order",
            exchange=self._truth.exchange,
            operation=operation,
        )


def _may_rest(request: OrderRequest) -> bool:
    """Whether an open order is what may be meant: else the stream's first word is not the verdict.

    Of an order that is executed at once or not at all a stream tells first that it was accepted.
    """
    at_once = {TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL}
    return request.type is not OrderType.MARKET and request.time_in_force not in at_once


def _stands(order: Order) -> bool:
    """Whether the exchange has taken the order up, or refused it; that it is pending is neither."""
    return has_verdict(order) and order.status is not OrderStatus.SENT


def _has_ended(order: Order) -> bool:
    return order.status.is_final
