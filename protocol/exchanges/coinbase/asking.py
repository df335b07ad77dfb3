"""One request and its answer, inside a flow: the retry of a 401, the errors, the paging."""

from contextlib import suppress
from typing import Final, TypeVar

from attrs import evolve

from venuetree.protocol.errors import EngineError, RemoteProtocolError
from venuetree.protocol.exchanges.coinbase import wire
from venuetree.protocol.exchanges.coinbase.reading import NAME
from venuetree.protocol.exchanges.coinbase.refusals import http_error
from venuetree.protocol.exchanges.coinbase.requests import public_get
from venuetree.protocol.numbers import decimal_from
from venuetree.protocol.port import (
    Auth,
    ClockReading,
    Lane,
    RestFlow,
    RestReply,
    RestRequest,
)
from venuetree.protocol.structure import structure
from venuetree.protocol.timestamps import SECOND, from_milliseconds
from venuetree.protocol.understanding import understood

__all__ = ["Answer", "ask", "granted", "next_cursor", "read_clock", "retry_after_ns"]

T = TypeVar("T")

#: A value, and when its last byte had come.
Answer = tuple[T, int]

_LONGEST_SILENCE_NS: Final = 3600 * SECOND

_UNAUTHORIZED: Final = 401
_TOO_MANY: Final = 429


def retry_after_ns(reply: RestReply) -> int | None:
    """The silence that a reply asks for, 0 if it does not say how long; None for no silence.

    By its status only, since a 429 may be HTML.
    """
    if reply.status != _TOO_MANY:
        return None
    try:
        seconds = decimal_from(reply.headers.get("retry-after", ""))
    except ValueError:
        return 0
    return min(max(int(seconds * SECOND), 0), _LONGEST_SILENCE_NS)


def granted(request: RestRequest) -> RestFlow[RestReply]:
    """The answer, if it is no refusal.

    A 401 is asked once more, with a fresh signature: valid tokens are refused now and then, one
    of a clock that has jumped always, and a refused token did nothing. So the exchange's clock is
    read in between.

    Raises:
        EngineError: any of `refusals.http_error`.
    """
    reply: RestReply = yield request
    if reply.status == _UNAUTHORIZED and request.auth is not Auth.NONE:
        with suppress(EngineError):  # the second answer decides
            yield from read_clock(is_overdue=True, lane=request.lane)
        reply = yield request
    if not 200 <= reply.status < 300:  # noqa: PLR2004
        raise http_error(reply, request, retry_after_ns(reply) or None)
    return reply


def read_clock(*, is_overdue: bool = False, lane: Lane = Lane.DATA) -> RestFlow[int]:
    """Read the exchange's clock and tell it; the time."""
    request = evolve(public_get("server_time", "/time"), lane=lane)
    reply = yield from granted(request)
    time_ns = understood(
        NAME,
        request,
        reply,
        lambda: from_milliseconds(structure(reply.body, wire.ServerTime).epochMillis),
    )
    yield ClockReading(time_ns, reply.sent_time_ns, reply.received_time_ns, is_overdue)
    return time_ns


def ask(request: RestRequest, kind: type[T]) -> RestFlow[Answer[T]]:
    """The body of the answer as `kind`.

    Raises:
        EngineError: any of `granted`; `RemoteProtocolError` for an unreadable body, which on a
            request that may have changed something is `OutcomeUnknown` instead.
    """
    reply = yield from granted(request)
    body = understood(NAME, request, reply, lambda: structure(reply.body, kind))
    return body, reply.received_time_ns


def next_cursor(cursor: str | None, seen: set[str], operation: str) -> str | None:
    """Where the next page begins, None at the end; `RemoteProtocolError` if it goes in circles."""
    if not cursor:
        return None
    if cursor in seen:
        message = f"the exchange repeats the page {cursor[:100]!r}"
        raise RemoteProtocolError(message, exchange=NAME, operation=operation)
    seen.add(cursor)
    return cursor
