"""One request and its answer, inside a flow: what it tells of the log, and the errors.

Answers to orders, refusals among them, hold the transactions that the request made. They are told
on (`LogTold`) before the flow goes on, so that the account's events come by whichever way is the
quicker; whoever reads the stream of transactions drops what has come already.

Followed: "Development Guide" (RequestID, errors); "Transaction Endpoints".
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar

import orjson

from venuetree.protocol.exchanges.oanda.reading import NAME, number
from venuetree.protocol.exchanges.oanda.refusals import http_error
from venuetree.protocol.port import (
    LimitReport,
    LogTold,
    RestFlow,
    RestReply,
    RestRequest,
)
from venuetree.protocol.reading import MALFORMED, read_object
from venuetree.protocol.timestamps import SECOND
from venuetree.protocol.understanding import understood

__all__ = ["answered", "ask", "limits", "log_told", "retry_after_ns"]

T = TypeVar("T")

_TOO_MANY: Final = 429
_LONGEST_SILENCE_NS: Final = 600 * SECOND
#: The members of an answer that hold a transaction each.
_TRANSACTION: Final = "Transaction"
_LAST: Final = "lastTransactionID"


# ---------------------------------------------------------------- limits


def limits(reply: RestReply) -> tuple[LimitReport, ...]:
    """Nothing: the exchange says of its limits only that one was broken."""
    del reply
    return ()


def retry_after_ns(reply: RestReply) -> int | None:
    """The silence that a 429 asks for, 0 if it does not say how long; None for no silence.

    Whether the exchange sends `Retry-After` is not documented: it is taken if it is there.
    """
    if reply.status != _TOO_MANY:
        return None
    told = reply.headers.get("retry-after", "").strip()
    if not (told.isascii() and told.isdigit()):
        return 0
    return min(int(told[:9]) * SECOND, _LONGEST_SILENCE_NS)


# ---------------------------------------------------------------- the log


def log_told(body: Mapping[str, Any], received_time_ns: int) -> LogTold | None:
    """What an answer tells of the account's log; None if it names no position."""
    try:
        number(body.get(_LAST))
    except MALFORMED:
        return None
    entries = dict(_transactions(body))
    told = tuple(orjson.dumps(entries[which]) for which in sorted(entries))
    return LogTold(body[_LAST], told, received_time_ns)


def _transactions(body: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    for name, value in body.items():
        if name.endswith(_TRANSACTION) and type(value) is dict:
            with suppress(*MALFORMED):
                yield number(value["id"]), value


# ---------------------------------------------------------------- asking


def answered(request: RestRequest) -> RestFlow[RestReply]:
    """The answer, whatever it is; what it tells of the log is told on first."""
    reply: RestReply = yield request
    try:
        told = log_told(read_object(reply.body), reply.received_time_ns)
    except MALFORMED:
        told = None
    if told is not None:
        yield told
    return reply


def ask(request: RestRequest, read: Callable[[dict[str, Any], int], T]) -> RestFlow[T]:
    """What `read` makes of the answer's object and the time at which it had come.

    Raises:
        EngineError: any of `refusals.http_error`; `RemoteProtocolError` for an unreadable body,
            which on a request that may have changed something is `OutcomeUnknown` instead.
    """
    reply = yield from answered(request)
    if not 200 <= reply.status < 300:  # noqa: PLR2004
        raise http_error(reply, request, retry_after_ns(reply) or None)
    return understood(NAME, request, reply, lambda: read(_object(reply), reply.received_time_ns))


def _object(reply: RestReply) -> dict[str, Any]:
    """The object of an answer; pages of the network in between come as a success too."""
    kind = reply.headers.get("content-type", "application/json")
    if "json" not in kind.lower():
        message = f"an answer of type {kind[:80]!r} where JSON was to come"
        raise ValueError(message)
    return read_object(reply.body)
