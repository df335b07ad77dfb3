"""Lists that the exchange gives page by page: by time, a day at a time, or by number.

Followed: "All orders"; "Account trade list".
"""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from attrs import frozen

from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.exchanges.binance_us.reading import MILLISECOND, NAME
from venuetree.protocol.port import RestFlow

__all__ = ["MOST_ROWS", "PageParameters", "Pages"]

T = TypeVar("T")
PageParameters = tuple[tuple[str, str | int], ...]

#: The most that one page holds, and the most that may be asked for.
MOST_ROWS: Final = 1000
#: The longest span of a request by time.
_SPAN_MS: Final = 24 * 3600 * 1000
#: Ours: a longer time would take more requests day by day than there are pages.
_LONGEST_BY_TIME_MS: Final = 30 * _SPAN_MS


@frozen
class Pages(Generic[T]):
    """How a list is asked for.

    Attributes:
        page: asks with these parameters, beside the instrument and the limit; oldest first.
        first: the parameter that names the first number of a page.
        number: of a row.
        time_ns: of a row, by the exchange's clock; None where it is not told.
    """

    page: Callable[[PageParameters], RestFlow[tuple[T, ...]]]
    first: str
    number: Callable[[T], int]
    time_ns: Callable[[T], int | None]

    def since(self, start_ms: int, end_ms: int) -> RestFlow[tuple[T, ...]]:
        """Every row of a time of the exchange's clock, oldest first, and later ones at the most.

        Day by day, since a request spans no more; by number where a day has too many rows for
        that or the time has too many days.
        """
        if end_ms - start_ms > _LONGEST_BY_TIME_MS:
            every = yield from self.numbered()
            start_ns = start_ms * MILLISECOND
            return tuple(row for row in every if (self.time_ns(row) or start_ns) >= start_ns)
        found: dict[int, T] = {}
        while start_ms < end_ms:
            until_ms = min(start_ms + _SPAN_MS, end_ms) - 1
            rows = yield from self.page((("startTime", start_ms), ("endTime", until_ms)))
            found.update((self.number(row), row) for row in rows)
            if len(rows) == MOST_ROWS:
                rest = yield from self.numbered(self.number(rows[-1]) + 1)
                found.update((self.number(row), row) for row in rest)
                break
            start_ms = until_ms + 1
        return tuple(found.values())

    def numbered(self, first: int | None = 1) -> RestFlow[tuple[T, ...]]:
        """Every row from this number on (None: from the first): the last of all is the end.

        Raises:
            RemoteProtocolError: a full page leads no further.
        """
        found: list[T] = []
        while True:
            rows = yield from self.page(() if first is None else ((self.first, first),))
            found += rows
            if len(rows) < MOST_ROWS:
                return tuple(found)
            following = self.number(rows[-1]) + 1
            if first is not None and following <= first:
                message = f"a list from number {first} on ends before it: it would have no end"
                raise RemoteProtocolError(message, exchange=NAME, operation="list")
            first = following
