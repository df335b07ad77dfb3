"""Where the ledger keeps its orders: by every name they have, and no more of them than it must.

Final orders beyond `keep_final` are forgotten, the oldest end first; those whose executions are
not all known are kept for as long again. Orders that are not final are never forgotten. Of a
forgotten order the exchange's id and the keys of its executions are remembered, the newest
`keep_ids` of each.
"""

from collections import OrderedDict
from collections.abc import Iterable
from decimal import Decimal
from typing import TypeVar

from venuetree.protocol.models import Fill, Order, OrderKey, OrderRequest, OrderStatus

__all__ = ["FillKey", "Record", "Shelf", "fill_key", "remember"]

K = TypeVar("K")
V = TypeVar("V")

#: Instrument and fill id.
FillKey = tuple[str, str]


def fill_key(fill: Fill) -> FillKey:
    """What an execution is known by, within an exchange."""
    return (fill.instrument, fill.fill_id)


def remember(where: OrderedDict[K, V], key: K, value: V, *, bound: int) -> None:
    """Keep the newest `bound` keys."""
    where[key] = value
    where.move_to_end(key)
    if len(where) > bound:
        where.popitem(last=False)


class Record:
    """One order, and what goes with it."""

    __slots__ = (
        "filled",
        "fills",
        "is_doubtful",
        "log_position",
        "name",
        "order",
        "request",
        "sent_time_ns",
    )

    def __init__(self, name: str, order: Order, request: OrderRequest | None = None) -> None:
        self.name = name
        self.order = order
        self.request = request
        self.sent_time_ns: int | None = None
        #: Of the exchange's log of the account, noted before it was sent.
        self.log_position = ""
        self.fills: dict[FillKey, Fill] = {}
        #: The sum of `fills`.
        self.filled = Decimal(0)
        #: Whether its state must be asked, beside that of every unknown order.
        self.is_doubtful = False

    def add_fills(self, fills: Iterable[Fill]) -> None:
        """Keep executions that are not among them yet."""
        for fill in fills:
            self.fills[fill_key(fill)] = fill
            self.filled += fill.quantity

    @property
    def is_unresolved(self) -> bool:
        """Whether it is an order of ours without a verdict."""
        return self.order.status is OrderStatus.UNKNOWN and self.request is not None

    @property
    def must_be_asked(self) -> bool:
        """Whether its state must be asked for by its name."""
        is_unclear = self.is_doubtful or self.order.status is OrderStatus.UNKNOWN
        return is_unclear and not self.is_unresolved


class Shelf:
    """Orders by name. The records are shared: after changing one, `put` it again."""

    def __init__(self, *, keep_final: int, keep_ids: int, ids_per_instrument: bool = False) -> None:
        self._ids_per_instrument = ids_per_instrument
        self._keep_final = keep_final
        self._keep_ids = keep_ids
        self.records: dict[str, Record] = {}
        #: Those that are not final, oldest first.
        self.live: dict[str, Record] = {}
        #: Those of `live` that must be resolved or asked for.
        self.unclear: dict[str, Record] = {}
        #: Those of which more was executed than is known in executions.
        self.lacking: dict[str, Record] = {}
        self.by_client: dict[str, Record] = {}
        #: By `number`.
        self.by_exchange: dict[str, Record] = {}
        self.old_orders: OrderedDict[str, None] = OrderedDict()
        self.old_fills: OrderedDict[FillKey, None] = OrderedDict()
        #: In the order in which they became final.
        self._final: dict[str, Record] = {}
        self.counts = dict.fromkeys(OrderStatus, 0)
        self._counted: dict[str, OrderStatus] = {}

    def number(self, instrument: str, order_id: str) -> str:
        """What the exchange's id of an order is found by; `""` for none."""
        if self._ids_per_instrument and order_id:
            return f"{instrument} {order_id}"
        return order_id

    def ids_of(self, instrument: str) -> frozenset[str]:
        """The exchange's ids of an instrument's orders, forgotten ones included where known.

        Not of those that bear no id of a client's: one of them may prove to be ours.
        """
        ids = {
            r.order.exchange_order_id
            for r in self.by_exchange.values()
            if r.order.instrument == instrument and r.order.client_order_id
        }
        if self._ids_per_instrument:
            start = f"{instrument} "
            ids.update(n.removeprefix(start) for n in self.old_orders if n.startswith(start))
        else:
            ids.update(self.old_orders)
        return frozenset(ids)

    def find(self, key: OrderKey) -> Record | None:
        """By the exchange's id, else by ours."""
        found = self._numbered(key) if key.exchange_order_id else None
        return found or (self.by_client.get(key.client_order_id) if key.client_order_id else None)

    def _numbered(self, key: OrderKey) -> Record | None:
        found = self.by_exchange.get(self.number(key.instrument, key.exchange_order_id))
        if found is not None or key.instrument or not self._ids_per_instrument:
            return found
        # Without its instrument the id may name several orders: then it names none.
        named = [
            record
            for record in self.by_exchange.values()
            if record.order.exchange_order_id == key.exchange_order_id
        ]
        return named[0] if len(named) == 1 else None

    def put(self, record: Record) -> None:
        """Make the names and duties that a new or changed order has now findable."""
        name, order = record.name, record.order
        self.records[name] = record
        if order.client_order_id:
            # A second order that bears one of our ids does not take it over.
            self.by_client.setdefault(order.client_order_id, record)
        if order.exchange_order_id:
            self.by_exchange[self.number(order.instrument, order.exchange_order_id)] = record
        if order.filled_quantity > record.filled:
            self.lacking[name] = record
        elif self.lacking:
            self.lacking.pop(name, None)
        counted = self._counted.get(name)
        if counted is not order.status:
            self._count(record, counted)
        self._judge(record)

    def _count(self, record: Record, before: OrderStatus | None) -> None:
        """Its status has changed from `before`, None if it is new."""
        name, status = record.name, record.order.status
        if before is not None:
            self.counts[before] -= 1
        self.counts[status] += 1
        self._counted[name] = status
        if status.is_final:
            record.is_doubtful = False
            self.live.pop(name, None)
            self._final.setdefault(name, record)
        else:
            self._final.pop(name, None)
            self.live[name] = record

    def doubt(self, record: Record, *, is_doubtful: bool) -> None:
        """Its state must be asked, or need not; of a final order there is no doubt."""
        record.is_doubtful = is_doubtful and not record.order.status.is_final
        self._judge(record)

    def _judge(self, record: Record) -> None:
        """Keep `unclear` right: it is looked at after every change, so it must not be searched."""
        if record.is_doubtful or record.order.status is OrderStatus.UNKNOWN:
            self.unclear[record.name] = record
        elif self.unclear:
            self.unclear.pop(record.name, None)

    def drop(self, record: Record) -> None:
        """Take an order out, with all its names."""
        name, order = record.name, record.order
        for kept in (self.records, self.live, self.unclear, self.lacking, self._final):
            kept.pop(name, None)
        if self.by_client.get(order.client_order_id) is record:
            del self.by_client[order.client_order_id]
        number = self.number(order.instrument, order.exchange_order_id)
        if self.by_exchange.get(number) is record:
            del self.by_exchange[number]
        self.counts[self._counted.pop(name)] -= 1

    def forget_some(self) -> tuple[Record, ...]:
        """Drop the final orders that are too many; returns them."""
        forgotten: list[Record] = []
        while len(self._final) > self._keep_final:
            oldest = next((r for n, r in self._final.items() if n not in self.lacking), None)
            if oldest is None:
                if len(self._final) <= 2 * self._keep_final:
                    break
                oldest = next(iter(self._final.values()))
            self.drop(oldest)
            forgotten.append(oldest)
            number = self.number(oldest.order.instrument, oldest.order.exchange_order_id)
            if number:
                remember(self.old_orders, number, None, bound=self._keep_ids)
            for key in oldest.fills:
                self.remember_fill(key)
        return tuple(forgotten)

    def remember_fill(self, key: FillKey) -> None:
        """This execution was told, and its order is not kept (any more)."""
        remember(self.old_fills, key, None, bound=self._keep_ids)
