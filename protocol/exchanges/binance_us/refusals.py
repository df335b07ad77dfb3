"""What the exchange refuses, and what it fails at, as typed errors.

The code decides first, then the text: -1013, -2010 and -2011 mean many things. A status of 5xx
and the codes of a lost bus or a timeout say nothing about whether something happened, and neither
do a limit's answers on an order: those leave its outcome open.

Followed: "Error codes"; "HTTP return codes"; "Rate limits".
"""

from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from venuetree.protocol.errors import (
    AuthRefused,
    CancelRefused,
    DuplicateClientOrderId,
    EngineError,
    ExchangeRefused,
    ExchangeUnavailable,
    InstrumentNotFound,
    InsufficientFunds,
    MarketHalted,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    PermissionRefused,
    PostOnlyWouldTake,
    RateLimited,
)
from venuetree.protocol.exchanges.binance_us.reading import NAME
from venuetree.protocol.port import Effect, Lane, RestReply, RestRequest
from venuetree.protocol.reading import MALFORMED, optional_text, read_object

__all__ = ["CLOCK", "Refusal", "error_of", "http_error", "refusal_in", "refusal_of"]

#: The request's time was outside of the window: nothing was done, it may be signed anew.
CLOCK: Final = -1021

#: "Execution status unknown", internal errors, and a server that was too busy to say.
_UNKNOWN: Final = frozenset({-1000, -1001, -1006, -1007, -1008})
_LIMITS: Final = frozenset({-1003, -1015, -1034})
#: A wrong secret shows as a wrong signature (-1022).
_KEY: Final = frozenset({-1002, -1022, -1099, -2008, -2014, -2015})
_UNAUTHORIZED: Final = 401
_BLOCKED: Final = 403
_REQUEST_TIMEOUT: Final = 408
_BANNED: Final = 418
_TOO_MANY: Final = 429
_RESTRICTED: Final = 451
_SERVER_FAULT: Final = 500

#: What a text under -2010 says, by words in it; any other is a plain rejection.
_REJECTIONS: Final[tuple[tuple[str, type[ExchangeRefused]], ...]] = (
    ("insufficient balance", InsufficientFunds),
    ("Duplicate order sent", DuplicateClientOrderId),
    ("immediately match and take", PostOnlyWouldTake),
)
#: The same under -2011, where a cancel is refused.
_FORBIDDEN: Final = (
    "disabled on this account",
    "may not place or cancel orders",
    "not permitted for this account",
    "restricted for this account",
    "Rest API trading is not enabled",
)
_CODES: Final[Mapping[int, type[ExchangeRefused]]] = {
    -1121: InstrumentNotFound,
    -2011: CancelRefused,
    -2013: OrderNotFound,
}


@frozen
class Refusal:
    """What a refusal says: its code is None where the body is none of the exchange's own."""

    status: int
    code: int | None
    message: str


def refusal_of(reply: RestReply) -> Refusal:
    """Read a refusal, whatever its body is: JSON, a page of the network's, or nothing."""
    try:
        return refusal_in(read_object(reply.body), reply.status)
    except MALFORMED:
        return Refusal(reply.status, None, "")


def refusal_in(body: Mapping[str, Any], status: int) -> Refusal:
    """Read the object of a refusal; raises any of `MALFORMED`."""
    code = body.get("code")
    return Refusal(status, code if type(code) is int else None, optional_text(body, "msg"))


def http_error(
    reply: RestReply, request: RestRequest, retry_after_ns: int | None = None
) -> EngineError:
    """The error that a reply without success is."""
    return error_of(refusal_of(reply), request, retry_after_ns)


def error_of(
    refusal: Refusal, request: RestRequest, retry_after_ns: int | None = None
) -> EngineError:
    """The error that a refusal is."""
    status, code = refusal.status, refusal.code
    told = refusal.message or f"the exchange answered HTTP {status}"
    named = {
        "exchange": NAME,
        "operation": request.operation,
        "code": str(status if code is None else code),
    }
    is_write = request.effect is Effect.WRITE
    if _is_open(refusal, is_write=is_write):
        return OutcomeUnknown(told, client_order_id=request.client_order_id, **named)
    if status in {_TOO_MANY, _BANNED} or code in _LIMITS:
        return RateLimited(told, retry_after_ns=retry_after_ns, **named)
    if status >= _SERVER_FAULT or code in _UNKNOWN or status in {_BLOCKED, _REQUEST_TIMEOUT}:
        return ExchangeUnavailable(told, **named)
    return _kind(refusal, request)(told, **named)


def _is_open(refusal: Refusal, *, is_write: bool) -> bool:
    """Whether a request that changes something may have done so after all."""
    if not is_write:
        return False
    status, code = refusal.status, refusal.code
    return (
        status >= _SERVER_FAULT
        or code in _UNKNOWN
        or code in _LIMITS
        or status in {_BLOCKED, _REQUEST_TIMEOUT, _BANNED, _TOO_MANY}
        # A page of somebody's in between, who knows of what.
        or (code is None and status not in {_UNAUTHORIZED, _RESTRICTED, 404, 410})
    )


def _rejection(message: str, request: RestRequest) -> type[ExchangeRefused]:
    """What a text under -2010 says: of an order, or of a cancel."""
    for words, kind in _REJECTIONS:
        if words in message:
            return kind
    if request.lane is Lane.CANCEL:
        return CancelRefused
    return MarketHalted if "Market is closed" in message else OrderRejected


def _kind(refusal: Refusal, request: RestRequest) -> type[ExchangeRefused]:
    status, code, message = refusal.status, refusal.code, refusal.message
    if code in _KEY or status == _UNAUTHORIZED:
        return AuthRefused
    if status == _RESTRICTED:
        return PermissionRefused
    is_cancel = request.lane is Lane.CANCEL
    if code in {-2010, -2011} and any(words in message for words in _FORBIDDEN):
        return PermissionRefused
    if code == -2010:  # noqa: PLR2004 - the exchange's own number reads best as it is
        return _rejection(message, request)
    known = None if code is None else _CODES.get(code)
    if known is not None:
        return known
    if code == CLOCK:
        return ExchangeRefused
    if is_cancel:
        return CancelRefused
    return OrderRejected if request.effect is Effect.WRITE else ExchangeRefused
