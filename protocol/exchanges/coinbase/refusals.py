"""What Coinbase's refusals mean: its codes and HTTP statuses, as our errors.

A refusal of an order comes in one of two ways: HTTP 200 with `success: false` and a code in any
of three members, or an HTTP error. Which codes stand for which remedy is data below; a code
that is in no table is a plain `OrderRejected` with the code in it.

Followed: the API reference's "Create Order", "Cancel Orders", "Edit Order".
"""

from typing import Final

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
    RemoteProtocolError,
)
from venuetree.protocol.exchanges.coinbase.reading import NAME
from venuetree.protocol.exchanges.coinbase.wire import ErrorResponse, Refusal
from venuetree.protocol.port import Effect, RestReply, RestRequest
from venuetree.protocol.reading import MALFORMED
from venuetree.protocol.structure import structure

__all__ = [
    "cancel_refusal",
    "edit_refusal",
    "http_error",
    "is_settled",
    "order_refusal",
    "telling_code",
]

#: Words that say nothing; some stand even in successful answers.
_SILENT: Final = frozenset(
    {
        "",
        "UNKNOWN_FAILURE_REASON",
        "UNKNOWN_PREVIEW_FAILURE_REASON",
        "UNKNOWN_EDIT_ORDER_FAILURE_REASON",
        "UNKNOWN_CANCEL_FAILURE_REASON",
        "UNKNOWN",
        "unknown",
    }
)
_PREVIEW: Final = "PREVIEW_"

#: Codes without their `PREVIEW_`, by what the host can do about them.
_ORDER_ERRORS: Final[dict[str, type[OrderRejected] | type[InstrumentNotFound]]] = {
    "INSUFFICIENT_FUND": InsufficientFunds,
    "INSUFFICIENT_FUNDS": InsufficientFunds,
    "INSUFFICIENT_LEDGER_BALANCE": InsufficientFunds,
    "INSUFFICIENT_FUNDS_FOR_FUTURES": InsufficientFunds,
    "INVALID_LEDGER_BALANCE": InsufficientFunds,
    "REJECT_REASON_INSUFFICIENT_FUNDS": InsufficientFunds,
    "INVALID_LIMIT_PRICE_POST_ONLY": PostOnlyWouldTake,
    "TRADING_DISABLED": MarketHalted,
    "PRODUCT_TRADING_HALTED": MarketHalted,
    "DUPLICATE_CLIENT_ORDER_ID": DuplicateClientOrderId,
    "INVALID_PRODUCT_ID": InstrumentNotFound,
}

#: Codes that the order's own text decides, whatever market and account are: sent once or a
#: hundred times, such an order never exists. See `resolving`.
_SETTLED: Final = frozenset(
    {
        "UNSUPPORTED_ORDER_CONFIGURATION",
        "INVALID_SIDE",
        "INVALID_PRODUCT_ID",
        "INVALID_SIZE_PRECISION",
        "INVALID_PRICE_PRECISION",
        "INVALID_LIMIT_PRICE_PRECISION",
        "INVALID_STOP_PRICE_PRECISION",
        "INVALID_QUOTE_SIZE_PRECISION",
        "INVALID_BASE_SIZE_TOO_SMALL",
        "INVALID_BASE_SIZE_TOO_LARGE",
        "INVALID_QUOTE_SIZE_TOO_SMALL",
        "INVALID_QUOTE_SIZE_TOO_LARGE",
        "INVALID_ORDER_CONFIG",
        "NON_NUMERIC_ORDER_SIZE",
        "INVALID_INTX_CLIENT_ORDER_ID",
        "FRACTIONAL_ORDERS_NOT_ALLOWED_FOR_PRODUCT",
        "QUOTE_ORDERS_NOT_ALLOWED_FOR_PRODUCT",
    }
)

#: Cancel refusals after which the order's state is the thing to read.
_CANCEL_UNKNOWN_ORDER: Final = frozenset({"UNKNOWN_CANCEL_ORDER"})


def telling_code(*codes: str | None) -> str:
    """The first code that says something; `""` if none does."""
    for code in codes:
        if code is not None and code not in _SILENT:
            return code
    return ""


def _bare(code: str) -> str:
    return code.removeprefix(_PREVIEW)


def order_error(code: str, message: str, operation: str) -> ExchangeRefused:
    """The typed refusal of an order for a code of any of the three enums."""
    bare = _bare(code)
    kind = _ORDER_ERRORS.get(bare)
    if kind is None:
        if "INSUFFICIENT_FUND" in bare:
            kind = InsufficientFunds
        elif "POST_ONLY" in bare and bare.startswith("INVALID_"):
            kind = PostOnlyWouldTake
        else:
            kind = OrderRejected
    return kind(message, exchange=NAME, operation=operation, code=code)


def order_refusal(response: ErrorResponse | None, operation: str) -> ExchangeRefused:
    """The error of an answer with `success: false`."""
    if response is None:
        return OrderRejected(
            "the exchange refused the order without a reason", exchange=NAME, operation=operation
        )
    code = telling_code(
        response.error, response.new_order_failure_reason, response.preview_failure_reason
    )
    details = response.message or response.error_details or "the exchange refused the order"
    return order_error(code, details, operation)


def is_settled(error: ExchangeRefused) -> bool:
    """Whether the order's own text brought the refusal, so that it could never have passed."""
    return _bare(error.code) in _SETTLED


def cancel_refusal(code: str, operation: str) -> ExchangeRefused:
    """The error of one failed result of a batch cancel."""
    if code in _CANCEL_UNKNOWN_ORDER:
        return OrderNotFound(
            "no order with this id can be cancelled", exchange=NAME, operation=operation, code=code
        )
    told = telling_code(code)
    return CancelRefused(
        "the exchange refused to cancel the order", exchange=NAME, operation=operation, code=told
    )


def edit_refusal(code: str, message: str, operation: str) -> ExchangeRefused:
    """The error of a refused edit: the order stays as it was."""
    if code == "ORDER_NOT_FOUND":
        return OrderNotFound(
            message or "no such order", exchange=NAME, operation=operation, code=code
        )
    error = order_error(code, message or "the exchange refused the edit", operation)
    if type(error) is OrderRejected:
        # The order itself lives on: only its edit was refused.
        return ExchangeRefused(error.message, exchange=NAME, operation=operation, code=code)
    return error


# ---------------------------------------------------------------- HTTP

#: Statuses of a request that the exchange read and turned down.
_REFUSED: Final = frozenset({400, 404, 405, 413, 414, 415, 422})


def http_error(reply: RestReply, request: RestRequest, retry_after_ns: int | None) -> EngineError:
    """The error of an answer that is no 200, by its status first: a 429 or 5xx may be HTML."""
    status, operation = reply.status, request.operation
    if status == 401:  # noqa: PLR2004
        return AuthRefused(
            "the exchange does not accept the key or its token",
            exchange=NAME,
            operation=operation,
            code="HTTP 401",
        )
    told = _refusal(reply)
    refusal = told or Refusal()
    text = refusal.message or refusal.error_details or _listed(refusal) or f"HTTP {status}"
    code = telling_code(refusal.error, refusal.preview_failure_reason) or f"HTTP {status}"
    is_refused = status == 403 or status in _REFUSED  # noqa: PLR2004
    if request.effect is Effect.WRITE and not (is_refused and told):
        # 429, 5xx, a page of some proxy, everything odd: what became of the order is not said.
        return OutcomeUnknown(
            f"HTTP {status}: {text}",
            client_order_id=request.client_order_id,
            exchange=NAME,
            operation=operation,
            code=code,
        )
    if status == 403:  # noqa: PLR2004
        return PermissionRefused(text, exchange=NAME, operation=operation, code=code)
    if status == 429:  # noqa: PLR2004
        return RateLimited(
            "the exchange asks for fewer requests",
            retry_after_ns=retry_after_ns,
            exchange=NAME,
            operation=operation,
            code="HTTP 429",
        )
    if status >= 500:  # noqa: PLR2004
        return ExchangeUnavailable(text, exchange=NAME, operation=operation, code=code)
    if status in _REFUSED:
        return _refused(text, code, reply, request)
    return RemoteProtocolError(
        f"HTTP {status} is no documented answer",
        payload=reply.body,
        exchange=NAME,
        operation=operation,
        code=code,
    )


def _refusal(reply: RestReply) -> Refusal | None:
    """The body, if it is the exchange's JSON; None if it is HTML, plain text or nothing."""
    try:
        return structure(reply.body, Refusal)
    except MALFORMED:
        return None


def _listed(refusal: Refusal) -> str:
    """The message of the older form: `{"errors":[{"id":"not_found","message":"Not found"}]}`."""
    for error in refusal.errors or ():
        message = error.get("message")
        if isinstance(message, str):
            return message
    return ""


def _refused(text: str, code: str, reply: RestReply, request: RestRequest) -> ExchangeRefused:
    operation, is_absent = request.operation, reply.status == 404  # noqa: PLR2004
    lowered = text.casefold()
    if ("product" in lowered and "supported" in lowered) or (
        "product_id is required" in lowered or "productid is invalid" in lowered
    ):
        return InstrumentNotFound(text, exchange=NAME, operation=operation, code=code)
    if operation in _ORDER_OPERATIONS:
        return order_error(code, text, operation)
    if operation in _BY_ORDER and (is_absent or "order" in lowered):
        return OrderNotFound(text, exchange=NAME, operation=operation, code=code)
    if operation in _BY_INSTRUMENT and is_absent:
        return InstrumentNotFound(text, exchange=NAME, operation=operation, code=code)
    return ExchangeRefused(text, exchange=NAME, operation=operation, code=code)


#: Operations by what a 400 or 404 of theirs is about.
_ORDER_OPERATIONS: Final = frozenset({"place", "preview", "close_position", "resolve.place"})
_BY_ORDER: Final = frozenset({"order", "cancel", "edit", "resolve.order"})
_BY_INSTRUMENT: Final = frozenset({"instruments", "book", "candles", "trades", "tickers"})
