"""Ways to take a behaviour away from the engine, each at the narrowest place where it is."""

from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

import anyio
import pytest

from venuetree.actors import order_truth, placing
from venuetree.actors.auth import _ExchangeClock
from venuetree.actors.cancelling import Cancelling
from venuetree.actors.envelope import Delivery
from venuetree.actors.order_truth import ASK_TIMEOUT, OrderTruth, has_verdict, left
from venuetree.actors.placing import Placing
from venuetree.actors.sockets import Tap
from venuetree.actors.upkeep import CredentialsRefused, Upkeep
from venuetree.protocol import ledger
from venuetree.protocol.commands import FetchFills
from venuetree.protocol.errors import OrderRejected, OutcomeUnknown, TransportError
from venuetree.protocol.events import SequenceGap
from venuetree.protocol.exchanges import EXCHANGES
from venuetree.protocol.exchanges.coinbase.connection import Connection
from venuetree.protocol.exchanges.coinbase.wire import Refusal
from venuetree.protocol.journal import MemoryJournal
from venuetree.protocol.ledger import Events, Ledger
from venuetree.protocol.models import OrderKey, OrderReport, OrderStatus, ReportSource
from venuetree.protocol.verdict import Verdict
from venuetree.supervisors.exchange_tree import ExchangeTree

Patch = pytest.MonkeyPatch
_FOR_EVER_NS = 10**18

# ---------------------------------------------------------------- what a lost reply means


def send_again(patch: Patch) -> None:
    """An order whose reply is lost is sent once more."""
    usual = Placing._send

    async def send(
        self: Placing, command: Any, requests: Any, deadline: float, operation: str
    ) -> Any:
        try:
            return await self._truth.rest.ask(command, timeout=left(deadline))
        except OutcomeUnknown:
            return await usual(self, command, requests, deadline, operation)

    patch.setattr(Placing, "_send", send)


def call_it_refused(patch: Patch) -> None:
    """Whatever comes instead of an acknowledgement is a verdict: there is no such order."""
    patch.setattr(placing, "placing_verdict", lambda _: Verdict.NOT_PLACED)


def call_it_absent_at_once(name: str) -> Callable[[Patch], None]:
    """The first answer that does not show an order proves that there is none."""

    def apply(patch: Patch) -> None:
        resolving = f"venuetree.protocol.exchanges.{name}.resolving"
        patch.setattr(f"{resolving}.ABSENT_AFTER_NS", 0)
        patch.setattr(f"{resolving}._LIST_AFTER_NS", 0, raising=False)

    return apply


def never_call_it_absent(name: str) -> Callable[[Patch], None]:
    """However long an order is not shown, that proves nothing."""

    def apply(patch: Patch) -> None:
        resolving = f"venuetree.protocol.exchanges.{name}.resolving"
        patch.setattr(f"{resolving}.ABSENT_AFTER_NS", _FOR_EVER_NS)

    return apply


def take_a_failure_for_a_refusal(patch: Patch) -> None:
    """Coinbase: a 5xx says that there is no such order."""
    asking = "venuetree.protocol.exchanges.coinbase.asking.http_error"
    patch.setattr(asking, lambda reply, *_: OrderRejected(f"HTTP {reply.status}"))


def take_any_page_for_the_exchanges(patch: Patch) -> None:
    """Coinbase: a 403 refuses, whoever says it."""
    refusals = "venuetree.protocol.exchanges.coinbase.refusals._refusal"
    patch.setattr(refusals, lambda _: Refusal())


def take_half_a_reply_for_a_refusal(patch: Patch) -> None:
    """Binance.US: an acknowledgement that cannot be read says that there is no such order."""

    def understood(request: Any, reply: Any, read: Callable[[], Any]) -> Any:
        del request, reply
        try:
            return read()
        except (ValueError, TypeError, KeyError) as error:
            raise OrderRejected(str(error)) from error

    patch.setattr("venuetree.protocol.exchanges.binance_us.asking.understood", understood)


def take_pending_for_a_verdict(patch: Patch) -> None:
    """The first word of an order is the verdict on it."""
    patch.setattr(placing, "_stands", has_verdict)


def place_one_by_one(patch: Patch) -> None:
    """An order waits until the one before it has its verdict."""
    usual = Placing.place
    turn = anyio.Lock()

    async def place(self: Placing, delivery: Delivery) -> Any:
        async with turn:
            return await usual(self, delivery)

    patch.setattr(Placing, "place", place)


# ---------------------------------------------------------------- limits, clocks, keys


def heed_no_pause(name: str) -> Callable[[Patch], None]:
    """Refused for asking too much, the engine asks on."""

    def apply(patch: Patch) -> None:
        codec = type(EXCHANGES[name].rest)
        patch.setattr(codec, "retry_after_ns", lambda *_: None)

    return apply


def ask_for_orders_as_hosts_do(patch: Patch) -> None:
    """What the engine asks about orders waits behind what its host asks."""
    patch.setattr(order_truth, "Ahead", lambda command, _: command)


def read_no_clock_anew(name: str) -> Callable[[Patch], None]:
    """Refused for its time, a request is signed again by the same clock."""

    def apply(patch: Patch) -> None:
        asking = f"venuetree.protocol.exchanges.{name}.asking.read_clock"
        patch.setattr(asking, lambda **_: iter(()))

    return apply


def believe_no_clock(patch: Patch) -> None:
    """What the exchange's clock shows is read and not heeded."""
    patch.setattr(_ExchangeClock, "measure", lambda *_: None)


def doubt_no_key(patch: Patch) -> None:
    """A key that is refused is not looked at again."""
    patch.setattr(ExchangeTree, "_doubt_credentials", lambda _: None)


def need_the_exchange_at_the_start(patch: Patch) -> None:
    """An exchange that cannot be reached fails the start."""
    usual = Upkeep._do

    async def do(self: Upkeep, chore: Any) -> None:
        try:
            await usual(self, chore)
        except TransportError as error:
            raise CredentialsRefused(str(error)) from error

    patch.setattr(Upkeep, "_do", do)


# ---------------------------------------------------------------- cancels


def _ended(truth: OrderTruth, key: OrderKey) -> None:
    """Have the ledger believe that an order is cancelled."""
    order = truth.ledger.find(key)
    if order is None:
        return
    report = OrderReport(
        order.exchange,
        order.instrument,
        order.exchange_order_id,
        OrderStatus.CANCELLED,
        ReportSource.QUERY,
        truth.now_ns(),
    )
    truth.apply(truth.ledger.report(report))


def take_a_lost_cancel_for_done(patch: Patch) -> None:
    """A cancel without a verdict is taken for accepted."""

    async def look(self: Cancelling, key: OrderKey, deadline: float) -> None:
        del deadline
        _ended(self._truth, key)

    patch.setattr(Cancelling, "_look", look)


def take_a_sent_cancel_for_done(patch: Patch) -> None:
    """An order has ended as soon as its cancel is sent."""

    async def try_cancel(self: Cancelling, key: OrderKey, deadline: float) -> bool:
        del deadline
        _ended(self._truth, key)
        return True

    patch.setattr(Cancelling, "_try_cancel", try_cancel)


def leave_a_lost_cancel_open(patch: Patch) -> None:
    """A cancel without a verdict is told so at once, and nobody looks."""

    async def look(_: Cancelling, key: OrderKey, deadline: float) -> None:
        del deadline
        raise OutcomeUnknown("no verdict", client_order_id=key.client_order_id)

    patch.setattr(Cancelling, "_look", look)


def look_at_nothing_after_a_sweep(patch: Patch) -> None:
    """When all have been cancelled at once, what each is by then is what is told."""

    async def end(
        self: Cancelling, key: OrderKey, deadline: float, ends: Any, errors: list[Any]
    ) -> None:
        del deadline
        order = self._truth.ledger.find(key)
        if order is not None and order.status.is_final:
            ends[key] = order
        elif order is not None:
            errors.append(self._not_yet(order))

    patch.setattr(Cancelling, "_end", end)


def wait_for_no_order(patch: Patch) -> None:
    """An order that is on its way is treated like one that has landed."""

    async def named(_: OrderTruth, key: OrderKey, deadline: float, *, operation: str) -> OrderKey:
        del deadline, operation
        return key

    patch.setattr(OrderTruth, "named", named)


def trust_kept_connections(patch: Patch) -> None:
    """A kept connection is used without a look whether it is alive."""

    async def peek(_: Tap) -> None:
        return

    patch.setattr(Tap, "peek", peek)


# ---------------------------------------------------------------- the ledger


def end_what_is_not_listed(patch: Patch) -> None:
    """An order that a list of open orders does not show has ended."""
    usual = Ledger.snapshot

    def snapshot(self: Ledger, open_orders: Iterable[OrderReport], now_ns: int) -> Events:
        listed = tuple(open_orders)
        events = usual(self, listed, now_ns)
        for key in self.missing_from(listed):
            order = self.find(key)
            report = OrderReport(
                order.exchange if order else "",
                key.instrument,
                key.exchange_order_id,
                OrderStatus.CANCELLED,
                ReportSource.QUERY,
                now_ns,
            )
            events += self.report(report)
        return events

    patch.setattr(Ledger, "snapshot", snapshot)


def ask_for_nothing_that_is_missing(patch: Patch) -> None:
    """An order that should be listed as open and is not stays what it was."""
    patch.setattr(Ledger, "missing_from", lambda *_: ())


def ask_for_fills_once(patch: Patch) -> None:
    """Executions that are not listed yet are not asked for again."""
    asked: set[str] = set()

    async def fetch(self: OrderTruth, key: OrderKey) -> None:
        if key.exchange_order_id in asked:
            await anyio.sleep_forever()
        asked.add(key.exchange_order_id)
        for fill in await self.rest.ask(FetchFills(key), timeout=ASK_TIMEOUT):
            self.apply(self.ledger.fill(fill, self.now_ns()))

    patch.setattr(OrderTruth, "_fetch_fills", fetch)


def ask_for_no_fills(patch: Patch) -> None:
    """Executions are told as the stream tells them, and not asked for."""
    patch.setattr(Ledger, "needs_fills", lambda _: ())


def count_fills_without_their_key(patch: Patch) -> None:
    """Each news of an execution is another execution."""
    serial = count()
    patch.setattr(ledger, "fill_key", lambda fill: (fill.instrument, str(next(serial))))
    patch.setattr(
        "venuetree.protocol.order_shelf.fill_key",
        lambda fill: (fill.instrument, str(next(serial))),
    )


def adopt_nothing(patch: Patch) -> None:
    """Orders that were placed elsewhere are nobody's."""
    patch.setattr(Ledger, "_adopt", lambda *_: (None, ()))


def forget_the_journal(patch: Patch) -> None:
    """A new incarnation of the orders actor begins with nothing."""
    patch.setattr(MemoryJournal, "load", lambda _: ())


def overlook_gaps(patch: Patch) -> None:
    """Coinbase: a frame whose number is too high is the next one."""
    usual = Connection.number

    def number(self: Connection, message: Any, now_ns: int) -> tuple[Any, SequenceGap | None]:
        if "sequence_num" in message:
            self._continuity.expected = message["sequence_num"]
        return usual(self, message, now_ns)

    patch.setattr(Connection, "number", number)
