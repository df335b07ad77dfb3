"""What the exchange refuses and fails at, as typed errors, by status, word and what was asked."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.oanda_acting import reply
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
from venuetree.protocol.exchanges.oanda.refusals import http_error, unexecuted
from venuetree.protocol.exchanges.oanda.requests import account_get, account_write
from venuetree.protocol.port import Lane, RestReply, RestRequest
from venuetree.protocol.verdict import Verdict, placing_verdict

PLACE = account_write("POST", "place", "/orders", {}, lane=Lane.PLACE, client_order_id="c1")
CANCEL = account_write("PUT", "cancel", "/orders/1/cancel", None, lane=Lane.CANCEL)
WRITE = account_write("PUT", "trade_extensions", "/trades/1/clientExtensions", {}, lane=Lane.DATA)
READ = account_get("order", "/orders/1")

#: Every word that is worth an error of its own, and others of its family.
WORDS = [
    ("MARKET_HALTED", MarketHalted),
    ("INSTRUMENT_BID_HALTED", MarketHalted),
    ("INSTRUMENT_ASK_HALTED", MarketHalted),
    ("INSUFFICIENT_MARGIN", InsufficientFunds),
    ("INSUFFICIENT_LIQUIDITY", InsufficientLiquidity),
    ("BOUNDS_VIOLATION", PriceOutOfBounds),
    ("FIFO_VIOLATION", OutOfSequence),
    ("FIFO_VIOLATION_SAFEGUARD_VIOLATION", OutOfSequence),
    ("FIFO_VIOLATION_SAFEGUARD_PARTIAL_CLOSE_VIOLATION", OutOfSequence),
    ("STOP_LOSS_ORDER_WOULD_VIOLATE_FIFO_VIOLATION_SAFEGUARD", OutOfSequence),
    ("STOP_LOSS_ON_FILL_LOSS", ExitOnWrongSide),
    ("TAKE_PROFIT_ON_FILL_LOSS", ExitOnWrongSide),
    ("GUARANTEED_STOP_LOSS_ON_FILL_LOSS", ExitOnWrongSide),
    ("LOSING_TAKE_PROFIT", ExitOnWrongSide),
    ("CLIENT_ORDER_ID_ALREADY_EXISTS", DuplicateClientOrderId),
    ("CLIENT_TRADE_ID_ALREADY_EXISTS", OrderRejected),
    ("TAKE_PROFIT_ON_FILL_CLIENT_ORDER_ID_ALREADY_EXISTS", OrderRejected),
    ("ACCOUNT_LOCKED", PermissionRefused),
    ("ACCOUNT_NEW_POSITIONS_LOCKED", PermissionRefused),
    ("ACCOUNT_ORDER_CREATION_LOCKED", PermissionRefused),
    ("ACCOUNT_ORDER_FILL_LOCKED", PermissionRefused),
    ("ACCOUNT_NOT_ACTIVE", PermissionRefused),
    ("ACCOUNT_POSITION_VALUE_LIMIT_EXCEEDED", OrderRejected),
    ("INSTRUMENT_UNKNOWN", InstrumentNotFound),
    ("INSTRUMENT_NOT_TRADEABLE", PermissionRefused),
    ("INSTRUMENT_BID_REDUCE_ONLY", OrderRejected),
    ("UNITS_PRECISION_EXCEEDED", OrderRejected),
    ("PRICE_PRECISION_EXCEEDED", OrderRejected),
    ("TIME_IN_FORCE_GTD_TIMESTAMP_IN_PAST", OrderRejected),
    ("STOP_LOSS_ON_FILL_REQUIRED", OrderRejected),
    ("CLOSE_TRADE_UNITS_EXCEED_TRADE_SIZE", OrderRejected),
    ("POSITION_SIZE_EXCEEDED", OrderRejected),
    ("TRADE_DOESNT_EXIST", MarginTradeNotFound),
    ("CLOSEOUT_POSITION_DOESNT_EXIST", PositionNotFound),
    ("CLOSEOUT_POSITION_REJECT", OrderRejected),
    ("INTERNAL_SERVER_ERROR", OrderRejected),
    ("A_WORD_OF_TOMORROW", OrderRejected),
]


def no(code: str = "", message: str = "no", status: int = 400, **fields: Any) -> RestReply:
    """A refusal; without a code if that is none."""
    named = {"errorCode": code} if code else {}
    return reply({"errorMessage": message, **named, **fields}, status)


@pytest.mark.parametrize(("word", "kind"), WORDS)
def test_a_word_has_one_error_however_it_comes(word: str, kind: type[EngineError]) -> None:
    """As the code of a refusal, as the reason of one, and as that of a cancel in a success."""
    reject = {"id": "5", "rejectReason": word}
    errors = [
        http_error(no(word), PLACE),
        http_error(no("", orderRejectTransaction=reject), PLACE),
        unexecuted(word, "place"),
    ]

    for error in errors:
        assert type(error) is kind
        assert (error.exchange, error.operation, error.code) == ("oanda", "place", word)


@pytest.mark.parametrize(("word", "kind"), WORDS)
def test_only_a_repeated_id_leaves_a_refused_order_to_be_looked_for(
    word: str, kind: type[EngineError]
) -> None:
    """Every other refusal says that there is no such order."""
    is_open = kind is DuplicateClientOrderId
    verdict = placing_verdict(http_error(no(word), PLACE))

    assert verdict is (Verdict.UNKNOWN if is_open else Verdict.NOT_PLACED)


@pytest.mark.parametrize(
    ("status", "code", "message", "request_", "kind"),
    [
        (401, "", "Insufficient authorization to perform request.", PLACE, AuthRefused),
        (401, "", "Insufficient authorization to perform request.", READ, AuthRefused),
        (403, "", "The provided request was forbidden.", PLACE, PermissionRefused),
        (403, "", "Insufficient authorization", READ, PermissionRefused),
        (404, "NO_SUCH_ORDER", "The order ID specified does not exist", READ, OrderNotFound),
        (404, "", "The order ID specified does not exist", READ, OrderNotFound),
        (404, "ORDER_DOESNT_EXIST", "The Order specified does not exist", CANCEL, CancelRefused),
        (404, "", "The Order specified does not exist", CANCEL, CancelRefused),
        (404, "SOMETHING", "new", CANCEL, CancelRefused),
        (400, "ACCOUNT_ORDER_CANCEL_LOCKED", "locked", CANCEL, PermissionRefused),
        (404, "ORDER_DOESNT_EXIST", "The Order specified does not exist", WRITE, OrderNotFound),
        (404, "NO_SUCH_TRADE", "The trade ID specified does not exist", READ, MarginTradeNotFound),
        (404, "", "The trade ID specified does not exist", READ, MarginTradeNotFound),
        (404, "TRADE_DOESNT_EXIST", "The Trade", WRITE, MarginTradeNotFound),
        (404, "NO_SUCH_POSITION", "The Position", READ, PositionNotFound),
        (404, "CLOSEOUT_POSITION_DOESNT_EXIST", "The Position", PLACE, PositionNotFound),
        (
            400,
            "",
            "The Position requested to be closed out does not exist",
            PLACE,
            PositionNotFound,
        ),
        (404, "NO_SUCH_TRANSACTION", "The transaction ID", READ, ExchangeRefused),
        (
            400,
            "oanda::rest::core::InvalidParameterException",
            "Invalid value specified for 'order.instrument'",
            PLACE,
            InstrumentNotFound,
        ),
        (400, "", "Invalid value specified for 'instrument'", READ, InstrumentNotFound),
        (400, "", "Invalid value specified for 'instruments'", READ, InstrumentNotFound),
        (400, "", "Invalid value specified for 'to'", READ, ExchangeRefused),
        (400, "", "The request was missing required data", PLACE, OrderRejected),
        (400, "CLIENT_ORDER_TAG_INVALID", "tag", WRITE, ExchangeRefused),
        (405, "", "method", READ, ExchangeRefused),
        (416, "", "range", READ, ExchangeRefused),
    ],
)
def test_a_refusal_is_read_by_its_word_else_by_its_text(
    status: int, code: str, message: str, request_: RestRequest, kind: type[EngineError]
) -> None:
    """And by what was asked, where the same word means different things."""
    error = http_error(no(code, message, status), request_)

    assert type(error) is kind
    assert error.message == message
    assert error.code == (code or str(status))


HTML = b"<html><title>502 Bad Gateway</title></html>"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("body", [HTML, b"", b'{"errorMessage":"Timeout waiting for response."}'])
def test_trouble_leaves_the_outcome_of_a_change_open_and_a_question_to_be_asked_again(
    status: int, body: bytes
) -> None:
    """Whether it was taken up nobody says."""
    for request in (PLACE, CANCEL, WRITE):
        error = http_error(reply(body, status), request)
        assert type(error) is OutcomeUnknown
        assert error.client_order_id == request.client_order_id
    expected = RateLimited if status == 429 else ExchangeUnavailable
    assert type(http_error(reply(body, status), READ)) is expected


@pytest.mark.parametrize("status", [400, 403, 404, 405, 418])
def test_a_page_that_is_not_the_exchange_s_refuses_no_change(status: int) -> None:
    """It was made somewhere in between, which knows of what."""
    for body in (HTML, b"", b"[]", b"{}"):
        assert type(http_error(reply(body, status), PLACE)) is OutcomeUnknown
        assert type(http_error(reply(body, status), CANCEL)) is OutcomeUnknown


def test_a_page_that_is_not_the_exchange_s_says_little_to_a_question() -> None:
    """But a wrong token needs no words, and neither does a thing that is not there."""
    assert type(http_error(reply(HTML, 403), READ)) is ExchangeUnavailable
    assert type(http_error(reply(HTML, 400), READ)) is ExchangeUnavailable
    assert type(http_error(reply(HTML, 401), READ)) is AuthRefused
    assert type(http_error(reply(HTML, 401), PLACE)) is AuthRefused
    assert type(http_error(reply(HTML, 404), READ)) is ExchangeRefused
    assert type(http_error(reply(HTML, 416), READ)) is ExchangeRefused


def test_how_long_to_wait_is_told_on() -> None:
    """Where the exchange says so."""
    error = http_error(no("", "slow", 429), READ, 5)

    assert isinstance(error, RateLimited)
    assert error.retry_after_ns == 5


@given(st.binary(max_size=60), st.integers(400, 599), st.sampled_from([PLACE, CANCEL, WRITE, READ]))
def test_any_refusal_is_an_error_of_ours(body: bytes, status: int, request: RestRequest) -> None:
    """Whatever its body is; bytes that are no refusal of the exchange's reject no order."""
    error = http_error(RestReply(status, {}, body, 0, 0), request)

    assert isinstance(error, EngineError)
    if request is PLACE and status != 401:
        assert type(error) is OutcomeUnknown


@given(st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ_", min_size=1, max_size=40))
def test_a_word_that_is_not_known_is_kept(word: str) -> None:
    """Verbatim, and the order is refused."""
    error = unexecuted(word, "place")

    assert isinstance(error, ExchangeRefused)
    assert error.code == word
    assert word in str(error)


def test_a_reason_of_ours_is_a_sentence_and_no_code() -> None:
    """As the resolver gives it; nobody is to look for it in the exchange's list."""
    error = unexecuted("it is not in the account's log", "place")

    assert type(error) is OrderRejected
    assert (error.message, error.code) == ("it is not in the account's log", "")
    assert (error.exchange, error.operation) == ("oanda", "place")
