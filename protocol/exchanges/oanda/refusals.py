"""What the exchange refuses, and what it fails at, as typed errors.

The exchange says why by a word: as `errorCode` of a refused request, as `rejectReason` of the
transaction that a refusal makes, and as `reason` of the cancel where it took an order, did not
execute it and still answered 201. All three are words of one list, which grows: families of them
are known by what they begin or end with, and a word that is not known is kept as it is.

A status of 5xx, a 429 and a page that is none of the exchange's own say nothing about whether
something happened: on a request that may change something they leave its outcome open.

Followed: "Order Definitions" and "Transaction Definitions" (OrderCancelReason,
TransactionRejectReason); "Troubleshooting Common Errors"; "Order Endpoints"; "Trade Endpoints".
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
    ExitOnWrongSide,
    InstrumentNotFound,
    InsufficientFunds,
    InsufficientLiquidity,
    MarginTradeNotFound,
    MarketHalted,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    OutOfSequence,
    PermissionRefused,
    PositionNotFound,
    PriceOutOfBounds,
    RateLimited,
)
from venuetree.protocol.exchanges.oanda.reading import NAME
from venuetree.protocol.port import Effect, Lane, RestReply, RestRequest
from venuetree.protocol.reading import MALFORMED, optional_text, read_object

__all__ = ["BAD_RANGE", "Refusal", "error_of", "http_error", "refusal_of", "unexecuted"]

#: A range of ids that the log does not have.
BAD_RANGE: Final = 416
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_TOO_MANY: Final = 429
_SERVER_FAULT: Final = 500
#: Nothing of the request was taken up, or nobody says.
_NO_ANSWER: Final = frozenset({408, 425, 429})

_KINDS: Final[Mapping[str, type[ExchangeRefused]]] = {
    "BOUNDS_VIOLATION": PriceOutOfBounds,
    # Of the order itself. The same of an exit or a trade that the order was to make proves no
    # order with our id: there the whole word is another.
    "CLIENT_ORDER_ID_ALREADY_EXISTS": DuplicateClientOrderId,
    "CLOSEOUT_POSITION_DOESNT_EXIST": PositionNotFound,
    "INSTRUMENT_NOT_TRADEABLE": PermissionRefused,
    "INSTRUMENT_UNKNOWN": InstrumentNotFound,
    "INSUFFICIENT_LIQUIDITY": InsufficientLiquidity,
    "INSUFFICIENT_MARGIN": InsufficientFunds,
    "LOSING_TAKE_PROFIT": ExitOnWrongSide,
    "NO_SUCH_ORDER": OrderNotFound,
    "NO_SUCH_POSITION": PositionNotFound,
    "NO_SUCH_TRADE": MarginTradeNotFound,
    "ORDER_DOESNT_EXIST": OrderNotFound,
    "TRADE_DOESNT_EXIST": MarginTradeNotFound,
}
_ENDS: Final[tuple[tuple[str, type[ExchangeRefused]], ...]] = (
    ("_HALTED", MarketHalted),
    ("_ON_FILL_LOSS", ExitOnWrongSide),
)
_ABOUT_ACCOUNT: Final = ("_LOCKED", "_NOT_ACTIVE")

#: What is told without a code, by words in the text; the older answers have none.
_TEXTS: Final[tuple[tuple[str, type[ExchangeRefused]], ...]] = (
    ("'instrument'", InstrumentNotFound),
    ("'instruments'", InstrumentNotFound),
    ("'order.instrument'", InstrumentNotFound),
    ("order id specified does not exist", OrderNotFound),
    ("order specified does not exist", OrderNotFound),
    ("trade id specified does not exist", MarginTradeNotFound),
    ("trade specified does not exist", MarginTradeNotFound),
    ("position requested to be closed out does not exist", PositionNotFound),
)


@frozen
class Refusal:
    """What a refusal says.

    Attributes:
        status: of HTTP.
        code: the exchange's word, `""` for none.
        message: its text.
        is_told: whether the exchange itself says it, and not something in front of it.
    """

    status: int
    code: str
    message: str
    is_told: bool


def refusal_of(reply: RestReply) -> Refusal:
    """Read a refusal, whatever its body is: JSON, a page of the network's, or nothing."""
    try:
        body = read_object(reply.body)
    except MALFORMED:
        return Refusal(reply.status, "", "", is_told=False)
    code = optional_text(body, "errorCode") or _reject_reason(body)
    message = optional_text(body, "errorMessage")
    return Refusal(reply.status, code, message, is_told=bool(code or message))


def _reject_reason(body: Mapping[str, Any]) -> str:
    """Why the first of the transactions that refuse something does."""
    for name, value in body.items():
        if name.endswith("RejectTransaction") and type(value) is dict:
            return optional_text(value, "rejectReason")
    return ""


def http_error(
    reply: RestReply, request: RestRequest, retry_after_ns: int | None = None
) -> EngineError:
    """The error that a reply without success is."""
    return error_of(refusal_of(reply), request, retry_after_ns)


def error_of(
    refusal: Refusal, request: RestRequest, retry_after_ns: int | None = None
) -> EngineError:
    """The error that a refusal is."""
    status = refusal.status
    told = refusal.message or f"the exchange answered HTTP {status}"
    named = {
        "exchange": NAME,
        "operation": request.operation,
        "code": refusal.code or str(status),
    }
    if request.effect is Effect.WRITE and _is_open(refusal):
        return OutcomeUnknown(told, client_order_id=request.client_order_id, **named)
    if status == _TOO_MANY:
        return RateLimited(told, retry_after_ns=retry_after_ns, **named)
    if status >= _SERVER_FAULT or status in _NO_ANSWER or not (refusal.is_told or _says(status)):
        return ExchangeUnavailable(told, **named)
    return _kind(refusal, request)(told, **named)


def _is_open(refusal: Refusal) -> bool:
    """Whether a request that changes something may have done so after all."""
    status = refusal.status
    if status >= _SERVER_FAULT or status in _NO_ANSWER:
        return True
    # A page of somebody's in between, who knows of what; a wrong token needs no words.
    return not refusal.is_told and status != _UNAUTHORIZED


def _says(status: int) -> bool:
    """Whether a status says enough of a question by itself, without a body of the exchange's."""
    return status in {_UNAUTHORIZED, _NOT_FOUND, BAD_RANGE}


def _kind(refusal: Refusal, request: RestRequest) -> type[ExchangeRefused]:
    if refusal.status == _UNAUTHORIZED:
        return AuthRefused
    if refusal.status == _FORBIDDEN:
        return PermissionRefused
    kind = _by_word(refusal.code) or _by_text(refusal.message)
    if request.lane is Lane.CANCEL:
        # Whether it is unknown, filled or cancelled already the exchange does not tell apart.
        return CancelRefused if kind in {None, OrderNotFound} else kind
    if kind is not None:
        return kind
    is_order = request.effect is Effect.WRITE and request.lane is Lane.PLACE
    return OrderRejected if is_order else ExchangeRefused


def _by_word(code: str) -> type[ExchangeRefused] | None:
    known = _KINDS.get(code)
    if known is not None:
        return known
    if "FIFO_VIOLATION" in code:
        return OutOfSequence
    if code.startswith("ACCOUNT_") and code.endswith(_ABOUT_ACCOUNT):
        return PermissionRefused
    for end, kind in _ENDS:
        if code.endswith(end):
            return kind
    return None


def _by_text(message: str) -> type[ExchangeRefused] | None:
    text = message.lower()
    for words, kind in _TEXTS:
        if words in text:
            return kind
    return None


def unexecuted(reason: str, operation: str, *, message: str = "") -> ExchangeRefused:
    """The refusal that an order is of which nothing was executed, by the reason for its end.

    The exchange's reasons are words of its list; a sentence is ours, and tells all that there is.
    """
    named = {"exchange": NAME, "operation": operation}
    if " " in reason:
        return OrderRejected(message or reason, **named)
    kind = _by_word(reason) or OrderRejected
    return kind(message or "nothing was executed", **named, code=reason)
