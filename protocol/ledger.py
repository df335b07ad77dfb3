"""All orders of ours, by our id and the exchange's: what is known of them, and what must be asked.

The ledger takes in intents, replies, stream reports, queries and executions, in whatever order
they come and however often, and gives the events that subscribers should see: an `OrderUpdated`
for each change, a `FillReceived` for each execution, exactly once. It does no I/O; what it cannot
know it lists (`unknown_orders`, `doubtful`, `needs_fills`, `missing_from`) for its owner to ask.
What the states mean and how news is merged is told in `orders`, what is forgotten and when in
`order_shelf`: late copies of news of a forgotten order change nothing (that memory does not
outlive the ledger: one built again from the journal adopts a forgotten order as another's).

An execution is known by its instrument and fill id. One that comes before anything has named its
order is held until its order is known, see `unclaimed`. Orders that were placed elsewhere are
adopted when the exchange tells of them. An order that the exchange first told by its own id alone
and that then proves to be ours becomes one order again.
"""

from collections.abc import Iterable, Mapping
from itertools import count

from attrs import evolve

from venuetree.protocol import orders
from venuetree.protocol.errors import OrderInvalid
from venuetree.protocol.events import AccountEvent, FillReceived, OrderUpdated
from venuetree.protocol.journal import JournalEntry, MemoryJournal, OrderJournal
from venuetree.protocol.models import (
    Fill,
    Order,
    OrderKey,
    OrderReport,
    OrderRequest,
    OrderStatus,
    ReportSource,
)
from venuetree.protocol.order_shelf import Record, Shelf, fill_key
from venuetree.protocol.unclaimed import Unclaimed

__all__ = ["Events", "Ledger"]

Events = tuple[AccountEvent, ...]


class Ledger:
    """The orders of one exchange's account.

    A method that is given the name of an order it does not know does nothing.

    Args:
        exchange: its name.
        journal: what an earlier ledger wrote down is read from it at once, `recover` says what
            became of it; every change is written to it before it is told.
        keep_final: how many final orders are kept.
        keep_ids: how many ids of forgotten orders, and of their executions, are kept: far more
            than streams replay or queries look back.
        ids_per_instrument: whether the exchange's order ids are unique within an instrument only.
    """

    def __init__(
        self,
        exchange: str,
        journal: OrderJournal | None = None,
        *,
        keep_final: int = 1000,
        keep_ids: int = 100_000,
        ids_per_instrument: bool = False,
    ) -> None:
        self._exchange = exchange
        self._journal = MemoryJournal() if journal is None else journal
        self._shelf = Shelf(
            keep_final=keep_final, keep_ids=keep_ids, ids_per_instrument=ids_per_instrument
        )
        self._serial = count(1)
        self._unclaimed = Unclaimed()
        for entry in self._journal.load():
            record = Record(entry.name, entry.order, entry.request)
            record.sent_time_ns = entry.sent_time_ns
            record.log_position = entry.log_position
            record.add_fills(entry.fills)
            self._shelf.put(record)

    # --- what we do -----------------------------------------------------------------------------

    def recover(self, now_ns: int) -> Events:
        """After a restart: orders that may have been sent are unknown, open ones doubtful.

        That an intent was written down does not tell whether it was sent.
        """
        events: list[AccountEvent] = []
        reason = "the engine restarted before the exchange's verdict came"
        for record in tuple(self._shelf.live.values()):
            if record.request is not None and record.sent_time_ns is None:
                record.sent_time_ns = record.order.created_time_ns
            self._shelf.doubt(record, is_doubtful=True)
            after = orders.apply_unknown(record.order, reason, now_ns)
            events += self._change(record, after, now_ns)
        return tuple(events)

    def intend(self, request: OrderRequest, now_ns: int) -> Events:
        """An order is about to be sent. OrderInvalid if its client order id was used before."""
        client_order_id = request.client_order_id
        if not client_order_id or client_order_id in self._shelf.by_client:
            msg = f"an order needs a client order id of its own, not {client_order_id!r}"
            raise OrderInvalid(
                msg, rule="unique client order id", value=client_order_id, exchange=self._exchange
            )
        order = orders.new_order(self._exchange, request, now_ns)
        return self._add(Record(self._name(), order, request), now_ns)

    def sent(self, client_order_id: str, now_ns: int, log_position: str = "") -> Events:
        """Its first byte may leave from now on.

        Args:
            client_order_id: ours.
            now_ns: our clock.
            log_position: a position in the exchange's log of the account: what becomes of the
                order is told after it.
        """
        record = self._shelf.by_client.get(client_order_id)
        if record is None:
            return ()
        if record.sent_time_ns is None:
            record.sent_time_ns = now_ns
            record.log_position = log_position
        return self._change(record, orders.apply_sent(record.order, now_ns), now_ns)

    def unknown(self, client_order_id: str, reason: str, now_ns: int) -> Events:
        """It was sent, and no verdict came. Void if the exchange has told its state meanwhile."""
        record = self._shelf.by_client.get(client_order_id)
        if record is None:
            return ()
        return self._change(record, orders.apply_unknown(record.order, reason, now_ns), now_ns)

    def rejected(self, client_order_id: str, reason: str, now_ns: int) -> Events:
        """It was refused, or never sent. Void if the exchange has told that it exists."""
        record = self._shelf.by_client.get(client_order_id)
        if record is None:
            return ()
        return self._change(record, orders.apply_rejected(record.order, reason, now_ns), now_ns)

    def absent(self, client_order_id: str, reason: str, now_ns: int) -> Events:
        """The exchange has proved that there is no such order: as good as rejected, and as void."""
        return self.rejected(client_order_id, reason, now_ns)

    def cancelling(self, key: OrderKey, now_ns: int) -> Events:
        """The exchange accepted a cancel."""
        record = self._shelf.find(key)
        if record is None:
            return ()
        return self._change(record, orders.apply_cancelling(record.order, now_ns), now_ns)

    def cancel_refused(self, key: OrderKey, now_ns: int) -> Events:
        """The exchange refused a cancel: in what state the order is must be asked."""
        record = self._shelf.find(key)
        if record is None:
            return ()
        self.doubt(key)
        return self._change(record, orders.apply_cancel_refused(record.order, now_ns), now_ns)

    def editing(self, key: OrderKey, request: OrderRequest, now_ns: int) -> Events:
        """A changed quantity is about to be sent: until the exchange tells, the larger holds."""
        record = self._shelf.find(key)
        if record is None:
            return ()
        after = orders.apply_editing(record.order, request.quantity, now_ns)
        return self._change(record, after, now_ns)

    def doubt(self, key: OrderKey) -> None:
        """What is known of an order may be wrong (a cancel without a verdict): it must be asked."""
        record = self._shelf.find(key)
        if record is not None:
            self._shelf.doubt(record, is_doubtful=True)

    # --- what the exchange tells ----------------------------------------------------------------

    def report(self, report: OrderReport, *, proved_of: str = "") -> Events:
        """The exchange told an order's state: by reply, stream or query.

        Args:
            report: what it told.
            proved_of: our id of the order that it was proved to be of; `""` if its names must say.
        """
        now_ns = report.received_time_ns
        number = self._shelf.number(report.instrument, report.exchange_order_id)
        if number and number in self._shelf.old_orders:
            return ()
        events: Events = ()
        record = self._reported(report, proved_of)
        if record is None:
            record, events = self._adopt(report, now_ns)
            if record is None:
                return events
        events += self._merge_twin(record, number, now_ns)
        if report.source is ReportSource.QUERY:
            self._shelf.doubt(record, is_doubtful=False)
        after = orders.apply_report(record.order, report)
        if record.fills:
            after = orders.apply_fills(after, record.fills.values(), now_ns)
        events += self._change(record, after, now_ns, exchange_time_ns=report.exchange_time_ns)
        return events + self._release(record, now_ns)

    def fill(self, fill: Fill, now_ns: int) -> Events:
        """The exchange told one execution. One that is known already changes nothing."""
        key = fill_key(fill)
        number = self._shelf.number(fill.instrument, fill.exchange_order_id)
        record = self._shelf.by_exchange.get(number) if number else None
        if record is None and fill.client_order_id:
            named = self._shelf.by_client.get(fill.client_order_id)
            record = named if named and self._may_be_of(named, fill, number) else None
        if record is not None:
            events = self._count(record, (fill,), now_ns)
            return events + self._release(record, now_ns)
        if key in self._shelf.old_fills or key in self._unclaimed:
            return ()
        if not number or number in self._shelf.old_orders:
            return self._tell_alone(fill, now_ns)
        too_many = self._unclaimed.hold(number, fill)
        return () if too_many is None else self._tell_alone(too_many, now_ns)

    def snapshot(self, open_orders: Iterable[OrderReport], now_ns: int) -> Events:
        """The exchange listed all open orders.

        One that is believed open and is not listed becomes doubtful: it may have ended, and how
        is to be asked; it may also be newer than the list.
        """
        del now_ns  # each report carries its own
        listed = tuple(open_orders)
        events: Events = ()
        for report in listed:
            events += self.report(report)
        for key in self.missing_from(listed):
            self.doubt(key)
        return events

    # --- what must be asked ---------------------------------------------------------------------

    @property
    def has_questions(self) -> bool:
        """Whether any of what follows may have something in it: asked after every change."""
        shelf = self._shelf
        return bool(shelf.unclear or shelf.lacking or self._unclaimed)

    def unknown_orders(self) -> tuple[str, ...]:
        """Client order ids of our orders without a verdict, for `ResolveOrder`."""
        unclear = self._shelf.unclear.values()
        return tuple(record.order.client_order_id for record in unclear if record.is_unresolved)

    def doubtful(self) -> tuple[OrderKey, ...]:
        """Orders whose state must be asked by `FetchOrder`; ours without a verdict apart.

        Missing from a list of open orders, open at a restart, a cancel refused or without a
        verdict, of a list of orders one of which has ended, a state of the exchange's that we do
        not know, executions of an order that nobody has named.
        """
        unclear = self._shelf.unclear.values()
        keys = tuple(record.order.key for record in unclear if record.must_be_asked)
        return keys + self._unclaimed.keys()

    def needs_fills(self) -> tuple[OrderKey, ...]:
        """Orders of which more was executed than the known executions account for."""
        keys = (record.order.key for record in self._shelf.lacking.values())
        return tuple(key for key in keys if key.exchange_order_id)

    def missing_from(self, open_orders: Iterable[OrderReport]) -> tuple[OrderKey, ...]:
        """Orders believed open that a complete list of open orders does not hold."""
        listed = {self._reported(report) for report in open_orders}
        return tuple(r.order.key for r in self._open() if r not in listed)

    # --- looking --------------------------------------------------------------------------------

    def order(self, client_order_id: str) -> Order | None:
        """The order with this client order id."""
        return self.find(OrderKey(client_order_id=client_order_id))

    def find(self, key: OrderKey) -> Order | None:
        """The order of this name; the exchange's id decides if both are given."""
        record = self._shelf.find(key)
        return None if record is None else record.order

    def orders(self) -> tuple[Order, ...]:
        """Every order that is remembered, oldest first."""
        return tuple(record.order for record in self._shelf.records.values())

    def open_orders(self) -> tuple[Order, ...]:
        """Those that the exchange has told to be open, oldest first."""
        return tuple(record.order for record in self._open())

    def live_orders(self) -> tuple[Order, ...]:
        """Those that are not final, whether the exchange has told of them or not."""
        return tuple(record.order for record in self._shelf.live.values())

    def fills(self, key: OrderKey) -> tuple[Fill, ...]:
        """The known executions of an order, in the order in which they were told."""
        record = self._shelf.find(key)
        return () if record is None else tuple(record.fills.values())

    def request(self, client_order_id: str) -> OrderRequest | None:
        """What was sent, None for an order that is not ours or not remembered."""
        record = self._shelf.by_client.get(client_order_id)
        return None if record is None else record.request

    def order_ids(self, instrument: str) -> frozenset[str]:
        """The exchange's ids of the orders of an instrument, as far as they are known."""
        return self._shelf.ids_of(instrument)

    def sent_time_ns(self, client_order_id: str) -> int:
        """When its first byte may have left; 0 if there is no such order, or it was never sent."""
        record = self._shelf.by_client.get(client_order_id)
        return 0 if record is None else record.sent_time_ns or 0

    def log_position(self, client_order_id: str) -> str:
        """The position in the exchange's log that was noted before it was sent; `""` for none."""
        record = self._shelf.by_client.get(client_order_id)
        return "" if record is None else record.log_position

    def counts(self) -> Mapping[str, int]:
        """How many orders are in each state, by the state's word."""
        return {status.value: count for status, count in self._shelf.counts.items()}

    # --- inside ---------------------------------------------------------------------------------

    def _open(self) -> tuple[Record, ...]:
        is_open = {OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED}
        return tuple(r for r in self._shelf.live.values() if r.order.status in is_open)

    def _name(self) -> str:
        while (name := str(next(self._serial))) in self._shelf.records:
            pass  # of an order that was restored
        return name

    def _reported(self, report: OrderReport, proved_of: str = "") -> Record | None:
        """The order that a report is of.

        By our id, if the exchange's is new to us, or known of an order that nobody had named; but
        a second order that bears our id (the exchange took a request twice) is one of its own. So
        is an older order with other terms that bore the id before ours was sent, unless the report
        is known to be of ours: as the reply to the very request, or by proof.
        """
        number = self._shelf.number(report.instrument, report.exchange_order_id)
        numbered = self._shelf.by_exchange.get(number) if number else None
        named = self._shelf.find(OrderKey(client_order_id=report.client_order_id))
        if named is None or named is numbered:
            return numbered
        if number and named.order.exchange_order_id:
            return numbered
        is_ours = report.source is ReportSource.REPLY or named.order.client_order_id == proved_of
        if is_ours or named.request is None:
            return named
        told = (report,) if numbered is None else (report, numbered.order)
        is_one = all(orders.may_be_of(named.request, one) for one in told)
        return named if is_one else numbered

    def _may_be_of(self, record: Record, fill: Fill, number: str) -> bool:
        """Whether an execution that bears this order's client id is of it.

        A second order that bears our id is one of its own, and so is an older one.
        """
        if not number:
            return True
        request = record.request
        is_free = not record.order.exchange_order_id
        return is_free and (request is None or orders.may_execute(request, fill))

    def _adopt(self, report: OrderReport, now_ns: int) -> tuple[Record | None, Events]:
        """An order that was placed elsewhere; None while too little of it is told."""
        number = self._shelf.number(report.instrument, report.exchange_order_id)
        order = orders.adopt_order(report) if number else None
        if order is None:
            if number:
                key = OrderKey(report.instrument, report.client_order_id, report.exchange_order_id)
                self._unclaimed.note(number, key)
            return None, ()
        record = Record(self._name(), order)
        return record, self._add(record, now_ns)

    def _merge_twin(self, record: Record, number: str, now_ns: int) -> Events:
        """What was told under the exchange's id alone, before it was known to be this order."""
        twin = self._shelf.by_exchange.get(number) if number else None
        if twin is None or twin is record:
            return ()
        self._shelf.drop(twin)
        self._journal.forget(twin.name)
        client_order_id = record.order.client_order_id
        fills = tuple(evolve(f, client_order_id=client_order_id) for f in twin.fills.values())
        after = orders.apply_report(record.order, orders.as_report(twin.order))
        after = orders.apply_fills(after, (*record.fills.values(), *fills), now_ns)
        return self._change(record, after, now_ns, fills=fills)

    def _release(self, record: Record, now_ns: int) -> Events:
        """Executions that were held for an order whose name is known now."""
        order = record.order
        number = self._shelf.number(order.instrument, order.exchange_order_id)
        held = self._unclaimed.claim(number)
        if not held:
            return ()
        return self._count(record, held, now_ns)

    def _count(self, record: Record, told: Iterable[Fill], now_ns: int) -> Events:
        """Executions of a known order: told one by one, then the order as they leave it."""
        client_order_id = record.order.client_order_id
        new = tuple(
            evolve(fill, client_order_id=client_order_id or fill.client_order_id)
            for fill in told
            if fill_key(fill) not in record.fills
        )
        if not new:
            return ()
        old = self._shelf.old_fills  # told alone before, but part of this order all the same
        events = tuple(self._received(f, now_ns) for f in new if fill_key(f) not in old)
        after = orders.apply_fills(record.order, (*record.fills.values(), *new), now_ns)
        exchange_time_ns = max(fill.exchange_time_ns for fill in new)
        return events + self._change(
            record, after, now_ns, fills=new, exchange_time_ns=exchange_time_ns
        )

    def _tell_alone(self, fill: Fill, now_ns: int) -> Events:
        """An execution whose order is not known (any more)."""
        self._shelf.remember_fill(fill_key(fill))
        return (self._received(fill, now_ns),)

    def _add(self, record: Record, now_ns: int) -> Events:
        """A new order: written down, and told."""
        for forgotten in self._shelf.forget_some():
            self._journal.forget(forgotten.name)
        self._journal.record(JournalEntry(record.name, record.order, record.request))
        self._shelf.put(record)
        return (self._updated(record.order, now_ns, None),)

    def _change(
        self,
        record: Record,
        after: Order,
        now_ns: int,
        *,
        fills: tuple[Fill, ...] = (),
        exchange_time_ns: int | None = None,
    ) -> Events:
        """Write a change down, take it over, and tell it; nothing if there is none."""
        is_changed = after is not record.order and after != record.order
        if not (is_changed or fills):
            return ()
        entry = JournalEntry(
            record.name, after, record.request, record.sent_time_ns, record.log_position, fills
        )
        self._journal.record(entry)
        record.order = after
        record.add_fills(fills)
        self._shelf.put(record)
        if after.list_id and after.status.is_final:
            self._doubt_siblings(after)
        return (self._updated(after, now_ns, exchange_time_ns),) if is_changed else ()

    def _doubt_siblings(self, ended: Order) -> None:
        """With the end of one order of a list the others have ended, or soon will."""
        listed = (ended.instrument, ended.list_id)
        for record in tuple(self._shelf.live.values()):
            if (record.order.instrument, record.order.list_id) == listed:
                self._shelf.doubt(record, is_doubtful=True)

    def _received(self, fill: Fill, now_ns: int) -> FillReceived:
        return FillReceived(
            exchange=self._exchange,
            instrument=fill.instrument,
            fill=fill,
            exchange_time_ns=fill.exchange_time_ns,
            received_time_ns=now_ns,
        )

    def _updated(self, order: Order, now_ns: int, exchange_time_ns: int | None) -> OrderUpdated:
        return OrderUpdated(
            exchange=self._exchange,
            instrument=order.instrument,
            order=order,
            exchange_time_ns=exchange_time_ns,
            received_time_ns=now_ns,
        )
