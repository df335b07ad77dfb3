"""The account's log of transactions: from a position on, of a range of ids, or of a time.

The log is the truth of an account: what orders became is read here, because finished orders may
not be told elsewhere. An answer that begins at a position is cut at 1000 entries and goes on from
the last. A time is read by ids, from the newest back: a time that the exchange is asked for must
not be in the future, and which of the two clocks is ahead nobody knows.

Followed: "Transaction Endpoints".
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, urlsplit

import orjson

from venuetree.protocol.commands import LogPage
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.exchanges.oanda.asking import ask
from venuetree.protocol.exchanges.oanda.reading import (
    NAME,
    id_text,
    number,
    remote_error,
    time_ns,
)
from venuetree.protocol.exchanges.oanda.requests import account_get, quoted
from venuetree.protocol.port import FlowContext, Lane, RestFlow
from venuetree.protocol.reading import MALFORMED
from venuetree.protocol.timestamps import SECOND, to_rfc3339

__all__ = [
    "WEEK_NS",
    "Entries",
    "Entry",
    "entry_id",
    "entry_time_ns",
    "fetch_log",
    "legible",
    "log_after",
    "log_entry",
    "log_since",
]

T = TypeVar("T")

#: A transaction as it came.
Entry = Mapping[str, Any]
#: Those of one answer, oldest first.
Entries = tuple[Entry, ...]

WEEK_NS: Final = 7 * 86_400 * SECOND
#: Ours: ids grow by one, so that a thousand of them left out, three times in a row, is no gap.
_EMPTY_AT_MOST: Final = 3
#: The most that an answer holds, and the largest page.
_MOST: Final = 1000
#: Ours: no time is asked for that is nearer to now. Our clock may be ahead of the exchange's.
_TAIL_NS: Final = 60 * SECOND
#: The longest time of one question is 365 days.
_LONGEST_NS: Final = 364 * 86_400 * SECOND


def entry_id(entry: Entry) -> int:
    """The number of an entry, by which entries are in order."""
    return number(entry["id"])


def entry_time_ns(entry: Entry) -> int:
    """When it was written, by the exchange's clock."""
    return time_ns(entry["time"])


# ---------------------------------------------------------------- one answer


def fetch_log(after: str) -> RestFlow[LogPage]:
    """What came after a position, as far as one answer holds it.

    Raises:
        ExchangeRefused: the account's log has no such position.
    """
    entries, position = yield from _page("log", "sinceid", (("id", after),), Lane.RESOLVE)
    return LogPage(tuple(orjson.dumps(entry) for entry in entries), position)


def log_entry(name: str, *, lane: Lane, operation: str) -> RestFlow[Entry]:
    """One entry; `ExchangeRefused` with the exchange's code if there is none."""
    request = account_get(operation, f"/transactions/{quoted(name)}", lane=lane)
    return (yield from ask(request, lambda body, _: _entry(body["transaction"])))


def _page(
    operation: str, what: str, query: tuple[tuple[str, str], ...], lane: Lane
) -> RestFlow[tuple[Entries, str]]:
    """Entries, and the number of the newest that there is."""
    request = account_get(operation, f"/transactions/{what}", query, lane=lane)
    return (
        yield from ask(
            request,
            lambda body, _: (_sorted(body["transactions"]), id_text(body["lastTransactionID"])),
        )
    )


def _sorted(rows: Iterable[Any]) -> Entries:
    return tuple(sorted((_entry(row) for row in rows), key=entry_id))


def _entry(row: Any) -> Entry:
    if type(row) is not dict:
        message = f"expected a transaction, not {row!r:.80}"
        raise TypeError(message)
    number(row["id"])
    time_ns(row["time"])
    return row


def legible(operation: str, asked: RestFlow[T]) -> RestFlow[T]:
    """The same conversation; an entry of the log that cannot be read is `RemoteProtocolError`."""
    try:
        return (yield from asked)
    except MALFORMED as error:
        raise remote_error(error, b"", operation=operation) from error


# ---------------------------------------------------------------- from a position on


def log_after(
    position: str,
    *,
    lane: Lane,
    operation: str = "log",
    is_enough: Callable[[Entries], bool] = lambda _: False,
) -> RestFlow[Entries]:
    """Everything after a position, oldest first, or as much as is enough.

    Raises:
        RemoteProtocolError: answers that lead no further, or not to the end that they name.
    """
    found: list[Entry] = []
    last = number(position)
    while True:
        entries, newest = yield from _page(operation, "sinceid", (("id", str(last)),), lane)
        reached = max((entry_id(entry) for entry in entries), default=last)
        if entries and entry_id(entries[0]) <= last:
            raise _endless(f"what was asked for after {last} begins before it", operation)
        if not entries and number(newest) != last:
            # Ahead: something is held back. Behind: it comes from a copy that lags.
            raise _endless(f"nothing is told after {last}, and {newest} is the newest", operation)
        found += entries
        if reached >= number(newest) or is_enough(tuple(found)):
            return tuple(found)
        last = reached


def _endless(message: str, operation: str) -> RemoteProtocolError:
    return RemoteProtocolError(message, exchange=NAME, operation=operation)


# ---------------------------------------------------------------- by time


def log_since(
    start_time_ns: int,
    context: FlowContext,
    *,
    lane: Lane,
    operation: str,
    is_enough: Callable[[Entries], bool] = lambda _: False,
    kind: str = "",
) -> RestFlow[Entries]:
    """Everything since a time of our clock, oldest first.

    It is read from the newest entry back, a thousand ids at a time, until that is before the time
    or is enough. How far back there is something to read the exchange says by the pages of the
    time, so that ids that were left out end nothing.

    Args:
        start_time_ns: by our clock.
        context: of the question.
        lane: how urgent it is.
        operation: for errors.
        is_enough: whether what has been read, all that is newest, will do.
        kind: of transactions, `""` for all.

    Raises:
        RemoteProtocolError: answers that lead no further.
    """
    start_ns = start_time_ns + context.clock_offset_ns
    end_ns = context.now_ns + context.clock_offset_ns - _TAIL_NS
    from_ns = max(min(start_ns, end_ns - SECOND), end_ns - _LONGEST_NS)
    is_told_whole = from_ns <= start_ns
    newest, lowest = yield from _bounds(from_ns, end_ns, lane, operation)
    found: Entries = ()
    empty = 0
    for first, last in _backwards(newest):
        # Where nothing says how far there is something, ranges without entries are the end.
        kept = kind if is_told_whole and lowest else ""
        entries = yield from _between(first, last, kept, lane, operation)
        found = (*entries, *found)
        empty = 0 if entries else empty + 1
        if entries and (entry_time_ns(entries[0]) < start_ns or is_enough(found)):
            break
        if first <= lowest and is_told_whole:
            break
        if empty and (first <= lowest or (not lowest and empty > _EMPTY_AT_MOST)):
            break
    return tuple(entry for entry in found if entry_time_ns(entry) >= start_ns)


def _backwards(newest: int) -> Iterator[tuple[int, int]]:
    """Ranges of ids from the newest one back to the first."""
    while newest > 0:
        first = max(1, newest - _MOST + 1)
        yield first, newest
        newest = first - 1


def _between(first: int, last: int, kind: str, lane: Lane, operation: str) -> RestFlow[Entries]:
    """The entries of a range of ids, both within it: asked on where an answer does not reach it."""
    found: list[Entry] = []
    while first <= last:
        query = (("from", str(first)), ("to", str(last)), *((("type", kind),) if kind else ()))
        entries, _ = yield from _page(operation, "idrange", query, lane)
        if not entries:
            break
        if entry_id(entries[0]) < first:
            raise _endless(f"what was asked for from {first} on begins before it", operation)
        found += entries
        first = entry_id(entries[-1]) + 1
    return tuple(found)


def _bounds(from_ns: int, to_ns: int, lane: Lane, operation: str) -> RestFlow[tuple[int, int]]:
    """The number of the newest entry that there is, and of the first of a time; 0 if it has none.

    Of the pages of the time only ids are used: they may carry the host of somewhere else.
    """
    query = (("from", to_rfc3339(from_ns)), ("to", to_rfc3339(to_ns)), ("pageSize", str(_MOST)))
    request = account_get(operation, "/transactions", query, lane=lane)
    return (
        yield from ask(
            request,
            lambda body, _: (
                number(body["lastTransactionID"]),
                min((_first_of(url) for url in body["pages"]), default=0),
            ),
        )
    )


def _first_of(url: str) -> int:
    """The first id of a page."""
    (first,) = parse_qs(urlsplit(url).query, strict_parsing=True)["from"]
    return number(first)
