"""The log of a simulated exchange: what it was asked, what it did, which faults fired."""

from collections.abc import Iterator
from enum import Enum

import attrs


class LogKind(Enum):
    """What a log entry is about."""

    REQUEST = "request"
    REPLY = "reply"
    ORDER = "order"
    FILL = "fill"
    STREAM = "stream"
    FAULT = "fault"


@attrs.frozen
class LogEntry:
    """One thing that happened; `time_ns` is the exchange's unskewed clock."""

    time_ns: int
    kind: LogKind
    subject: str
    """A request line, an order id, a stream's name, or a fault's class."""
    detail: str = ""


@attrs.define
class ExchangeLog:
    """The entries in the order in which they happened; the oldest fall out past `capacity`."""

    capacity: int = 200_000
    _entries: list[LogEntry] = attrs.field(factory=list, init=False)

    def add(self, time_ns: int, kind: LogKind, subject: str, detail: str = "") -> None:
        """Note one thing that happened."""
        self._entries.append(LogEntry(time_ns, kind, subject, detail))
        if len(self._entries) > self.capacity:
            del self._entries[: self.capacity // 10]

    def of(self, kind: LogKind) -> tuple[LogEntry, ...]:
        """The entries of one kind."""
        return tuple(entry for entry in self._entries if entry.kind is kind)

    @property
    def faults(self) -> tuple[LogEntry, ...]:
        """The faults that fired."""
        return self.of(LogKind.FAULT)

    def __iter__(self) -> Iterator[LogEntry]:
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)
