"""One request and its answer, inside a flow: the clock that was refused, the errors, the limits."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, TypeVar

import orjson

from venuetree.protocol import understanding
from venuetree.protocol.errors import EngineError
from venuetree.protocol.exchanges.binance_us.instruments import window_name
from venuetree.protocol.exchanges.binance_us.reading import NAME
from venuetree.protocol.exchanges.binance_us.refusals import CLOCK, http_error, refusal_of
from venuetree.protocol.exchanges.binance_us.reports import time_ns
from venuetree.protocol.exchanges.binance_us.requests import public_get
from venuetree.protocol.numbers import decimal_from
from venuetree.protocol.port import (
    Auth,
    ClockReading,
    Lane,
    LimitReport,
    RestFlow,
    RestReply,
    RestRequest,
)
from venuetree.protocol.reading import MALFORMED, read_object
from venuetree.protocol.timestamps import SECOND

__all__ = [
    "answered",
    "ask",
    "ask_list",
    "granted",
    "limits",
    "read_clock",
    "retry_after_ns",
    "understood",
]

T = TypeVar("T")

_LONGEST_SILENCE_NS: Final = 3 * 86_400 * SECOND
#: Ours: "stop all calls for minutes" where the network in front of the exchange blocks them.
_BLOCKED_NS: Final = 120 * SECOND
_BANNED_UNTIL: Final = re.compile(r"banned until ([0-9]{13})", re.ASCII)
_TOO_MANY_ORDERS: Final = re.compile(
    r"current limit is ([0-9]{1,9}) orders per ([0-9]{1,5}) (SECOND|MINUTE|HOUR|DAY)", re.ASCII
)
_COUNTERS: Final = re.compile(r"x-mbx-(used-weight|order-count)-([0-9]{1,5})([smhd])", re.ASCII)
_COUNT: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_COUNTED: Final = {"used-weight": "weight", "order-count": "orders"}
_BLOCKED: Final = 403
_BANNED: Final = 418
_TOO_MANY: Final = 429
_ORDER_COUNT: Final = -1015


# ---------------------------------------------------------------- limits


def limits(reply: RestReply) -> tuple[LimitReport, ...]:
    """The counts in the headers, and the window that a refused order found full."""
    reports: list[LimitReport] = []
    for name, value in reply.headers.items():
        counted = _counter(name)
        if counted and _COUNT.fullmatch(value) is not None:
            reports.append(LimitReport(counted, used=int(value)))
    if reply.status == _TOO_MANY:
        full = _TOO_MANY_ORDERS.search(refusal_of(reply).message)
        if full is not None:
            capacity, count, interval = full.groups()
            window = window_name("ORDERS", int(count), interval)
            if window is not None:
                reports.append(LimitReport(window, used=int(capacity), capacity=int(capacity)))
    return tuple(reports)


@lru_cache(maxsize=256)
def _counter(header: str) -> str:
    """The window that a header counts; `""` for any other header."""
    found = _COUNTERS.fullmatch(header)
    if found is None:
        return ""
    kind, count, letter = found.groups()
    return f"{_COUNTED[kind]}_{int(count)}{letter}"


def retry_after_ns(reply: RestReply) -> int | None:
    """The silence that a reply asks for, 0 if it does not say how long; None for no silence.

    An order too many closes its own window only, which `limits` tells, unless a time is named.
    """
    if reply.status == _BLOCKED and not _is_ours(reply):
        return _BLOCKED_NS
    if reply.status not in {_TOO_MANY, _BANNED}:
        return None
    try:
        seconds = decimal_from(reply.headers.get("retry-after", ""))
    except ValueError:
        refusal = refusal_of(reply)
        until = _BANNED_UNTIL.search(refusal.message)
        if until is not None:
            wait_ns = time_ns(int(until[1])) - reply.received_time_ns
            return min(max(wait_ns, SECOND), _LONGEST_SILENCE_NS)
        return None if refusal.code == _ORDER_COUNT else 0
    return min(max(int(seconds * SECOND), 0), _LONGEST_SILENCE_NS)


def _is_ours(reply: RestReply) -> bool:
    """Whether the exchange itself says it, and not the network in front of it."""
    try:
        read_object(reply.body)
    except MALFORMED:
        return False
    return True


# ---------------------------------------------------------------- asking


def granted(request: RestRequest) -> RestFlow[RestReply]:
    """The answer, if it is no refusal.

    Raises:
        EngineError: any of `refusals.http_error`.
    """
    reply = yield from answered(request)
    if not 200 <= reply.status < 300:  # noqa: PLR2004
        raise http_error(reply, request, retry_after_ns(reply) or None)
    return reply


def answered(request: RestRequest) -> RestFlow[RestReply]:
    """The answer, whatever it is.

    A request refused for its time is asked once more, when the exchange's clock has been read
    anew: a refusal for the time comes before the engine, so that even an order was not placed.

    Raises:
        EngineError: the request was refused for its time, and the clock cannot be read.
    """
    reply: RestReply = yield request
    if reply.status >= 400 and refusal_of(reply).code == CLOCK:  # noqa: PLR2004
        try:
            yield from read_clock(is_overdue=True, lane=request.lane)
        except EngineError as error:
            raise http_error(reply, request) from error
        reply = yield request
    return reply


def read_clock(*, is_overdue: bool = False, lane: Lane = Lane.DATA) -> RestFlow[tuple[int, int]]:
    """Read the exchange's clock and tell it; the time, and how long its way was."""
    request = public_get("server_time", "/time", weight=1, lane=lane)
    reply: RestReply = yield request
    if not 200 <= reply.status < 300:  # noqa: PLR2004
        raise http_error(reply, request, retry_after_ns(reply) or None)
    told_ns = understood(
        request, reply, lambda: time_ns(read_object(reply.body)["serverTime"], "serverTime")
    )
    yield ClockReading(told_ns, reply.sent_time_ns, reply.received_time_ns, is_overdue)
    return told_ns, reply.received_time_ns - reply.sent_time_ns


def ask(request: RestRequest, read: Callable[[dict[str, Any], int], T]) -> RestFlow[T]:
    """What `read` makes of the answer's object and the time at which it had come.

    Raises:
        EngineError: any of `granted`; `RemoteProtocolError` for an unreadable body, which on a
            request that may have changed something is `OutcomeUnknown` instead.
    """
    reply = yield from granted(request)
    return understood(request, reply, lambda: read(read_object(reply.body), reply.received_time_ns))


def ask_list(
    request: RestRequest, read: Callable[[dict[str, Any], int], T]
) -> RestFlow[tuple[T, ...]]:
    """What `read` makes of each object of the answer's list; raises as `ask`."""
    reply = yield from granted(request)
    return understood(request, reply, lambda: _read_list(reply, read))


def _read_list(reply: RestReply, read: Callable[[dict[str, Any], int], T]) -> tuple[T, ...]:
    rows = orjson.loads(reply.body)
    if type(rows) is not list:
        text = f"expected a list, not {type(rows).__name__}"
        raise TypeError(text)
    return tuple(read(row, reply.received_time_ns) for row in rows)


def understood(request: RestRequest, reply: RestReply, read: Callable[[], T]) -> T:
    """As `understanding.understood`; of an answer to a request that has a key nothing is shown."""
    # What it holds may be a listen key, in whatever shape.
    secret = "a listen key" if request.auth is Auth.KEY else ""
    return understanding.understood(NAME, request, reply, read, secret=secret)
