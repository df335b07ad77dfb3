"""Every order of ours: placed, followed, cancelled, and never lost.

The actor takes commands and news. How orders are sent is `placing`, how they end `cancelling`;
what is true of them, and the asking until it is known, `order_truth`. Each command runs in a task
of its own, so that an order that waits for its verdict delays no other; the ledger is read and
changed between awaits only.

After a crash a new incarnation starts from the journal: what was sent without a verdict is
unknown, and what was open is asked for.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import assert_never

import anyio
from attrs import frozen

from venuetree.actors.cancelling import Cancelling
from venuetree.actors.clock import Clock
from venuetree.actors.context import Context
from venuetree.actors.envelope import Delivery
from venuetree.actors.errors import ActorError
from venuetree.actors.order_messages import (
    Cancel,
    CancelAll,
    CloseBy,
    Edit,
    Known,
    Orders,
    OrdersDetail,
    Place,
    PlacePair,
    Query,
    Replace,
    Reported,
)
from venuetree.actors.order_truth import OrderTruth, left
from venuetree.actors.placing import Placing
from venuetree.actors.ref import Ref
from venuetree.protocol.commands import EditOrder, Rest
from venuetree.protocol.errors import (
    EngineError,
    ExchangeRefused,
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
from venuetree.protocol.models import Instrument, Order, OrderKey, OrderRequest
from venuetree.protocol.port import Lane

__all__ = ["OrdersActor"]


@frozen
class OrdersActor:
    """The orders actor's `run`.

    Attributes:
        new_ledger: one that knows what the journal holds.
        publish: hands account events to the subscribers.
        instruments: what is known of them by now.
        log_position: of the exchange's log of the account, as far as it has been told.
        reply_decides: see `port.Profile`.
        refusal: see `port.Exchange`.
    """

    exchange: str
    new_ledger: Callable[[], Ledger]
    rest: Ref[Rest]
    publish: Callable[[Iterable[AccountEvent]], None]
    clock: Clock
    instruments: Callable[[], Mapping[str, Instrument]]
    log_position: Callable[[], str] = str
    reply_decides: bool = False
    refusal: Callable[[str, str], ExchangeRefused] | None = None

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
            commands = _Commands(
                truth,
                Placing(
                    truth,
                    self.instruments,
                    self.log_position,
                    reply_decides=self.reply_decides,
                    refusal=self.refusal,
                ),
            )
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


async def _answer(delivery: Delivery, handler: Callable[[Delivery], Awaitable[object]]) -> None:
    try:
        answer = await handler(delivery)
    except EngineError as error:
        delivery.fail(error)
    else:
        delivery.reply(answer)


class _Commands:
    """What a host can have done, each in a task of its own."""

    def __init__(self, truth: OrderTruth, placing: Placing) -> None:
        self._truth = truth
        cancelling = Cancelling(truth)
        self._handlers: dict[type, Callable[[Delivery], Awaitable[object]]] = {
            Place: placing.place,
            PlacePair: placing.place_pair,
            CloseBy: placing.close_position,
            Replace: placing.replace,
            Cancel: cancelling.cancel,
            CancelAll: cancelling.cancel_all,
            Edit: self.edit,
            Query: self.query,
        }

    def handler(self, message: object) -> Callable[[Delivery], Awaitable[object]] | None:
        """What carries out a command; None for a message that is none."""
        return self._handlers.get(type(message))

    async def edit(self, delivery: Delivery) -> Order:
        """Change an order, then read it back."""
        truth, ledger = self._truth, self._truth.ledger
        key: OrderKey = delivery.message.key
        request: OrderRequest = delivery.message.order
        known = ledger.find(key)
        if known is not None:
            key = known.key
        truth.apply(ledger.editing(key, request, truth.now_ns()))
        try:
            await truth.rest.ask(EditOrder(key, request), timeout=left(delivery.deadline))
        except (EngineError, ActorError) as error:
            # Refused, lost or not sent: which terms hold now is for the exchange to say.
            ledger.doubt(key)
            truth.apply(())
            if isinstance(error, EngineError):
                raise
            if not error.started:
                raise TransportError(
                    f"the edit was not sent: {error}", exchange=truth.exchange, operation="edit"
                ) from error
            raise OutcomeUnknown(
                str(error),
                client_order_id=key.client_order_id,
                exchange=truth.exchange,
                operation="edit",
            ) from error
        try:
            return await truth.refresh(key, operation="edit", timeout=left(delivery.deadline))
        except EngineError as error:
            # As a failed question it would tell the host to try again what has been done.
            ledger.doubt(key)
            truth.apply(())
            raise OutcomeUnknown(
                f"the edit was accepted, and the order could not be read back: {error.message}",
                client_order_id=key.client_order_id,
                exchange=truth.exchange,
                operation="edit",
            ) from error

    async def query(self, delivery: Delivery) -> Order:
        """Ask for an order."""
        key: OrderKey = delivery.message.key
        known = self._truth.ledger.find(key)
        # Within its asker's time: one that queued all the while was not sent, which is to be told.
        return await self._truth.refresh(
            key if known is None else known.key, timeout=left(delivery.deadline), lane=Lane.DATA
        )
