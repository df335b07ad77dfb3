"""Refusals and failures: the documents' tables, row by row."""

import pytest

from tests.support.binance_us import error, reply
from tests.support.binance_us_orders import CLIENT_ID
from tests.support.binance_us_refusals import ASK, CANCEL, PLACE, refused
from venuetree.protocol.commands import FetchBalances
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
from venuetree.protocol.verdict import Verdict, placing_verdict

# ---------------------------------------------------------------- codes

Kind = type[EngineError]
#: Status, code, message; then what it is of an order, of a cancel, and of a question.
Row = tuple[int, int, str, Kind, Kind, Kind]
CODES: list[Row] = [
    # Nobody knows whether it happened.
    *(
        (status, code, "told", OutcomeUnknown, OutcomeUnknown, ExchangeUnavailable)
        for status, code in (
            *((500, -1000), (400, -1000), (500, -1001), (500, -1006), (504, -1007)),
            *((400, -1007), (503, -1008), (400, -1008), (500, -2010), (503, -1013)),
        )
    ),
    # Not admitted; of an order or a cancel that is not said for certain.
    *(
        (status, code, "told", OutcomeUnknown, OutcomeUnknown, RateLimited)
        for status, code in ((429, -1003), (418, -1003), (429, -1015), (429, -1034), (400, -1003))
    ),
    # The key or its secret.
    *(
        (status, code, "told", AuthRefused, AuthRefused, AuthRefused)
        for status, code in (
            *((401, -1002), (401, -1099), (401, -2014), (401, -2015), (400, -2015)),
            *((400, -2008), (400, -1022), (401, -9999)),
        )
    ),
    # Refused for what it says.
    *(
        (400, code, "told", OrderRejected, CancelRefused, ExchangeRefused)
        for code in (
            *(-1013, -1014, -1016, -1020, -1100, -1101, -1102, -1103, -1104, -1105, -1106, -1108),
            *(-1111, -1112, -1114, -1115, -1116, -1117, -1118, -1119, -1120, -1127, -1128, -1130),
            *(-1131, -1135, -1145, -2016, -9999),
        )
    ),
    (400, -1125, "This listenKey does not exist.", OrderRejected, CancelRefused, ExchangeRefused),
    (400, -2026, "archived", OrderRejected, CancelRefused, ExchangeRefused),
    (400, -1121, "Invalid symbol.", InstrumentNotFound, InstrumentNotFound, InstrumentNotFound),
    (400, -2013, "Order does not exist.", OrderNotFound, OrderNotFound, OrderNotFound),
    (400, -2011, "Unknown order sent.", CancelRefused, CancelRefused, CancelRefused),
    (400, -2011, "Market is closed.", CancelRefused, CancelRefused, CancelRefused),
    (
        451,
        0,
        "Service unavailable from a restricted location",
        PermissionRefused,
        PermissionRefused,
        PermissionRefused,
    ),
]


@pytest.mark.parametrize("row", CODES)
def test_every_code_is_an_error_of_its_kind(row: Row) -> None:
    """Of an order, of a cancel and of a question; with its code and its words."""
    status, code, message, *kinds = row
    for command, kind in zip((PLACE, CANCEL, ASK), kinds, strict=True):
        told = refused(command, error(code, message, status))

        assert type(told) is kind
        assert (told.code, told.message) == (str(code), message)


REJECTIONS: list[tuple[str, Kind]] = [
    ("Account has insufficient balance for requested action.", InsufficientFunds),
    ("Duplicate order sent.", DuplicateClientOrderId),
    ("Order would immediately match and take.", PostOnlyWouldTake),
    ("This action is disabled on this account.", PermissionRefused),
    ("This account may not place or cancel orders.", PermissionRefused),
    ("This symbol is not permitted for this account.", PermissionRefused),
    ("This symbol is restricted for this account.", PermissionRefused),
    ("Rest API trading is not enabled.", PermissionRefused),
    ("Market is closed.", MarketHalted),
    *(
        (message, OrderRejected)
        for message in (
            "Market orders are not supported for this symbol.",
            "Stop loss limit orders are not supported for this symbol.",
            "Price * QTY is zero or less.",
            "IcebergQty exceeds QTY.",
            "Unsupported order combination",
            "Order would trigger immediately.",
            "The relationship of the prices for the orders is not correct.",
            "Quote order qty market orders are not support for this symbol.",
            "This order type is not possible in this trading phase.",
            "Limit orders require GTC for this phase.",
            "Order book liquidity is less than LOT_SIZE filter minimum quantity.",
            "",
        )
    ),
]


@pytest.mark.parametrize(("message", "kind"), REJECTIONS)
@pytest.mark.parametrize("ending", ["", "."])
def test_a_rejected_order_is_told_by_its_text(message: str, kind: Kind, ending: str) -> None:
    """With its final dot or without."""
    text = message.removesuffix(".") + ending

    assert type(refused(PLACE, error(-2010, text))) is kind


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (-2010, "Cancel order is invalid. Check origClOrdId and orderId.", CancelRefused),
        (-2010, "Unknown order sent.", CancelRefused),
        (-2011, "Order was not canceled due to cancel restrictions.", CancelRefused),
        (-2010, "This account may not place or cancel orders.", PermissionRefused),
        (-2011, "This account may not place or cancel orders.", PermissionRefused),
        (-2011, "This action is disabled on this account.", PermissionRefused),
    ],
)
def test_a_refused_cancel_is_told_by_its_text(code: int, message: str, kind: Kind) -> None:
    """Under either code."""
    assert type(refused(CANCEL, error(code, message))) is kind


@pytest.mark.parametrize("row", CODES)
def test_only_what_was_refused_for_certain_is_not_placed(row: Row) -> None:
    """The verdict that the order's owner hears."""
    status, code, message, placing, *_ = row
    verdict = placing_verdict(refused(PLACE, error(code, message, status)))

    assert verdict is (Verdict.UNKNOWN if placing is OutcomeUnknown else Verdict.NOT_PLACED)


# ---------------------------------------------------------------- statuses without a code


@pytest.mark.parametrize(
    ("status", "placing", "asking"),
    [
        (301, OutcomeUnknown, ExchangeRefused),
        (400, OutcomeUnknown, ExchangeRefused),
        (401, AuthRefused, AuthRefused),
        (403, OutcomeUnknown, ExchangeUnavailable),
        (404, OrderRejected, ExchangeRefused),
        (408, OutcomeUnknown, ExchangeUnavailable),
        (409, OutcomeUnknown, ExchangeRefused),
        (410, OrderRejected, ExchangeRefused),
        (418, OutcomeUnknown, RateLimited),
        (429, OutcomeUnknown, RateLimited),
        (451, PermissionRefused, PermissionRefused),
        (500, OutcomeUnknown, ExchangeUnavailable),
        (502, OutcomeUnknown, ExchangeUnavailable),
        (503, OutcomeUnknown, ExchangeUnavailable),
        (504, OutcomeUnknown, ExchangeUnavailable),
    ],
)
@pytest.mark.parametrize(
    "body",
    [b"", b"<html>Forbidden</html>", b"{", b"[]", b'"text"', b"{}", b'{"code":"-1"}', b"\xff"],
)
def test_an_answer_that_is_not_the_exchanges_own_is_told_by_its_status(
    status: int, placing: Kind, asking: Kind, body: bytes
) -> None:
    """A page of the network in front of it, or nothing."""
    told, asked = refused(PLACE, reply(body, status)), refused(ASK, reply(body, status))

    assert type(told) is placing
    assert type(asked) is asking
    assert told.code == asked.code == str(status)
    if isinstance(told, OutcomeUnknown):
        assert told.client_order_id == CLIENT_ID


def test_a_message_without_a_code_is_told() -> None:
    """Other parts of the exchange answer so."""
    told = refused(ASK, reply({"msg": "System busy"}, 500))

    assert (told.message, told.code) == ("System busy", "500")


@pytest.mark.parametrize(
    "message",
    [
        "Unknown error, please check your request or try again later.",
        "Service Unavailable.",
        "Internal error; unable to process your request. Please try again.",
    ],
)
def test_whatever_text_a_503_has_the_outcome_is_open(message: str) -> None:
    """Texts of other hosts; none is trusted about an order."""
    assert isinstance(refused(PLACE, error(-1001, message, 503)), OutcomeUnknown)
    assert isinstance(refused(CANCEL, reply({"msg": message}, 503)), OutcomeUnknown)


# ---------------------------------------------------------------- what was asked


def test_a_balance_question_is_refused_as_a_question() -> None:
    """It is about no order."""
    assert type(refused(FetchBalances(), error(-1013, "x"))) is ExchangeRefused
