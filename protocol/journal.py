"""Where orders are written down, so that a ledger can be built again after a crash.

The ledger writes an order's intent before anybody is told of it, thus before a byte of it can be
sent, and every change after. What is here is the seam and a journal in memory, which outlives the
actor but not the process; one that outlives the process is another implementation of the seam.
"""

from collections.abc import Sequence
from typing import Protocol

from attrs import evolve, frozen

from venuetree.protocol.models import Fill, Order, OrderRequest

__all__ = ["JournalEntry", "MemoryJournal", "OrderJournal"]


@frozen
class JournalEntry:
    """One order as it is known.

    Attributes:
        name: what the ledger calls it: the same for every entry of one order.
        order: its state.
        request: what was or will be sent; None for an order that was placed elsewhere.
        sent_time_ns: when its first byte may have left, None if it cannot have.
        log_position: of the exchange's log of the account, noted before it was sent; `""` if
            none is known.
        fills: its executions: in `record` those that are new, in `load` all of them.
    """

    name: str
    order: Order
    request: OrderRequest | None = None
    sent_time_ns: int | None = None
    log_position: str = ""
    fills: tuple[Fill, ...] = ()


class OrderJournal(Protocol):
    """Keeps the last entry of every order, and all its fills."""

    def record(self, entry: JournalEntry) -> None:
        """Write an entry down. Must have done so when it returns: bytes follow at once.

        Raising ends the ledger's operation before it changed anything.
        """
        ...

    def forget(self, name: str) -> None:
        """The order is final and old: it need not be loaded again."""
        ...

    def load(self) -> Sequence[JournalEntry]:
        """What was recorded and not forgotten, in the order of the first entries."""
        ...


class MemoryJournal:
    """A journal that lives as long as its process."""

    def __init__(self) -> None:
        self._entries: dict[str, JournalEntry] = {}
        self._fills: dict[str, list[Fill]] = {}

    def record(self, entry: JournalEntry) -> None:
        """Keep it."""
        self._entries[entry.name] = entry
        if entry.fills:
            self._fills.setdefault(entry.name, []).extend(entry.fills)

    def forget(self, name: str) -> None:
        """Drop it."""
        self._entries.pop(name, None)
        self._fills.pop(name, None)

    def load(self) -> Sequence[JournalEntry]:
        """Everything kept."""
        return tuple(
            evolve(entry, fills=tuple(self._fills.get(name, ())))
            for name, entry in self._entries.items()
        )
