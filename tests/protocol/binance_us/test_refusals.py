"""Refusals, failures and limits: the documents' tables, row by row."""

import pickle
from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.binance_us import NOW_NS, ORDER, error, payload, reply, talk
from venuetree.protocol.builders import limit_order
from venuetree.protocol.commands import (
    CancelOrder,
    FetchBalances,
    FetchOrder,
    FetchServerTime,
    KeepAccountStream,
    OpenAccountStream,
    PlaceOrder,
)
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
    ReplyLost,
    TransportError,
)
from venuetree.protocol.exchanges.binance_us.rest import BinanceUsRest
from venuetree.protocol.models import OrderKey, Side
from venuetree.protocol.port import ClockReading, Lane, LimitReport, RestReply
from venuetree.protocol.timestamps import SECOND
from venuetree.protocol.verdict import Verdict, placing_verdict

MS = 1_000_000
CLIENT_ID = "eng-7f3a91c2-0001"
PLACE = PlaceOrder(
    limit_order("BTC-USD", Side.BUY, quantity="0.005", price="117000", client_order_id=CLIENT_ID)
)
KEY = OrderKey("BTC-USD", "c1", "1")
CANCEL, ASK = CancelOrder(KEY), FetchOrder(KEY)
CODEC = BinanceUsRest()


def refused(command: Any, answer: RestReply) -> EngineError:
    """The error of a command that is answered so."""
    conversation = talk(answer)
    with pytest.raises(EngineError) as caught:
        conversation.ask(command)

    assert len(conversation.requests) == 1
    assert caught.value.exchange == "binance_us"
    assert caught.value.operation == conversation.requests[0].operation
    return caught.value


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


# ---------------------------------------------------------------- the clock

LATE = error(-1021, "Timestamp for this request is outside of the recvWindow.")
FAST = error(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
CLOCK = reply({"serverTime": 1788540400123})
OK: Mapping[Any, RestReply] = {
    PLACE: reply(payload("rest_placed")),
    CANCEL: reply(payload("rest_cancelled")),
    ASK: reply(dict(ORDER)),
}


@pytest.mark.parametrize("first", [LATE, FAST])
@pytest.mark.parametrize("command", [PLACE, CANCEL, ASK])
def test_a_refused_time_is_mended_once(first: RestReply, command: Any) -> None:
    """The clock is read as urgently as the request, told as overdue; then the same again."""
    conversation = talk(first, CLOCK, OK[command])
    conversation.ask(command)
    before, clock, after = conversation.requests

    assert before == after
    assert clock.operation == "server_time"
    assert clock.lane is before.lane
    assert conversation.news == [
        ClockReading(1788540400123 * MS, NOW_NS - 4 * MS, NOW_NS, is_overdue=True)
    ]


@pytest.mark.parametrize("command", [PLACE, CANCEL, ASK])
def test_a_time_refused_twice_is_an_error(command: Any) -> None:
    """The engine had not had it: no outcome is open."""
    conversation = talk(LATE, CLOCK, FAST)
    with pytest.raises(ExchangeRefused) as caught:
        conversation.ask(command)

    assert caught.value.code == "-1021"
    assert placing_verdict(caught.value) is Verdict.NOT_PLACED
    assert len(conversation.requests) == 3


@pytest.mark.parametrize(
    "clock",
    [
        reply(b"{"),
        error(-1001, "Internal error", 500),
        error(-1003, "Too much", 429),
        ReplyLost("lost"),
        TransportError("down"),
    ],
)
@pytest.mark.parametrize("command", [PLACE, CANCEL, ASK])
def test_where_the_clock_cannot_be_read_the_refusal_stands(clock: Any, command: Any) -> None:
    """It was positive: the request was not done."""
    conversation = talk(LATE, clock)
    with pytest.raises(ExchangeRefused) as caught:
        conversation.ask(command)

    assert caught.value.code == "-1021"
    assert caught.value.operation == conversation.requests[0].operation
    assert placing_verdict(caught.value) is Verdict.NOT_PLACED


def test_the_second_answer_is_as_good_as_a_first() -> None:
    """An outcome may be open after it."""
    with pytest.raises(OutcomeUnknown):
        talk(LATE, CLOCK, error(-1007, "Timeout", 504)).ask(PLACE)
    with pytest.raises(InsufficientFunds):
        talk(LATE, CLOCK, error(-2010, "Account has insufficient balance")).ask(PLACE)


def test_a_success_is_never_asked_twice() -> None:
    """Whatever stands in it."""
    conversation = talk(reply({**payload("rest_placed"), "code": -1021}))
    conversation.ask(PLACE)

    assert conversation.asked == ["place"]


# ---------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("headers", "reports"),
    [
        ({"x-mbx-used-weight-1m": "21"}, (LimitReport("weight_1m", used=21),)),
        ({"x-mbx-used-weight": "21"}, ()),
        (
            {"x-mbx-order-count-10s": "3", "x-mbx-order-count-1d": "118"},
            (LimitReport("orders_10s", used=3), LimitReport("orders_1d", used=118)),
        ),
        ({"x-mbx-used-weight-2h": "0"}, (LimitReport("weight_2h", used=0),)),
        ({"x-mbx-used-weight-1m": "-1"}, ()),
        ({"x-mbx-used-weight-1m": "x"}, ()),
        ({"x-mbx-used-weight-1m": ""}, ()),
        ({"x-mbx-used-weight-1m": "٣"}, ()),
        ({"x-mbx-used-weight-1m": "9" * 5000}, ()),
        ({"x-mbx-used-weight-1w": "1"}, ()),
        ({"x-mbx-uuid": "1", "date": "1", "retry-after": "1"}, ()),
    ],
)
def test_the_headers_tell_what_is_used(
    headers: dict[str, str], reports: tuple[LimitReport, ...]
) -> None:
    """By the names of the windows."""
    assert tuple(CODEC.limits(reply({}, headers=headers))) == reports


TOO_MANY_ORDERS = "Too many new orders; current limit is {}."


@pytest.mark.parametrize(
    ("words", "report"),
    [
        ("100 orders per 10 SECOND", LimitReport("orders_10s", used=100, capacity=100)),
        ("200000 orders per 1 DAY", LimitReport("orders_1d", used=200000, capacity=200000)),
        ("5 orders per 1 FORTNIGHT", None),
        ("orders per 10 SECOND", None),
    ],
)
def test_an_order_too_many_tells_which_window_is_full(
    words: str, report: LimitReport | None
) -> None:
    """And its size; that window is closed, and everything else goes on."""
    answer = error(-1015, TOO_MANY_ORDERS.format(words), 429)

    assert tuple(CODEC.limits(answer)) == (() if report is None else (report,))
    assert CODEC.retry_after_ns(answer) is None


def test_a_text_about_a_limit_in_a_success_closes_nothing() -> None:
    """Only a 429 says that."""
    assert CODEC.limits(error(-1015, TOO_MANY_ORDERS.format("1 orders per 1 DAY"), 200)) == ()


UNTIL_MS = NOW_NS // MS + 90_000
BANNED = (
    f"Way too much request weight used; IP banned until {UNTIL_MS}. Please use WebSocket Streams"
    " for live updates to avoid bans."
)
TOO_MUCH = (
    "Too much request weight used; current limit is 6000 request weight per 1 MINUTE. Please use"
    " WebSocket Streams for live updates to avoid polling the API."
)
DAY = 86_400 * SECOND


@pytest.mark.parametrize(
    ("status", "body", "headers", "silence_ns"),
    [
        (429, {"code": -1003, "msg": TOO_MUCH}, {"retry-after": "37"}, 37 * SECOND),
        (429, {"code": -1003, "msg": TOO_MUCH}, {}, 0),
        (429, b"<html>", {}, 0),
        (429, b"<html>", {"retry-after": "2"}, 2 * SECOND),
        (429, {"code": -1015, "msg": "x"}, {}, None),
        (429, {"code": -1015, "msg": "x"}, {"retry-after": "5"}, 5 * SECOND),
        (418, {"code": -1003, "msg": BANNED}, {}, 90 * SECOND),
        (418, {"code": -1003, "msg": BANNED}, {"retry-after": "120"}, 120 * SECOND),
        (418, {"code": -1003, "msg": BANNED}, {"retry-after": "Wed, 21 Oct"}, 90 * SECOND),
        (418, {"code": -1003, "msg": "banned"}, {}, 0),
        (418, {"code": -1003, "msg": "banned until 1788540399000"}, {}, SECOND),
        (418, {"code": -1003, "msg": "banned until 9999999999999"}, {}, 3 * DAY),
        (418, b"", {"retry-after": "999999999"}, 3 * DAY),
        (418, b"", {"retry-after": "-5"}, 0),
        (403, b"<html>Forbidden</html>", {}, 120 * SECOND),
        (403, b"", {}, 120 * SECOND),
        (403, {"code": -2015, "msg": "x"}, {}, None),
        (200, {}, {"retry-after": "5"}, None),
        (400, {"code": -1003, "msg": BANNED}, {}, None),
        (503, b"", {"retry-after": "5"}, None),
    ],
)
def test_how_long_everything_must_be_silent(
    status: int, body: Any, headers: dict[str, str], silence_ns: int | None
) -> None:
    """The header first, then the text; 0 where it is not said, None where nothing is asked."""
    answer = reply(body, status, headers)

    assert CODEC.retry_after_ns(answer) == silence_ns


@pytest.mark.parametrize(
    ("answer", "wait_ns"),
    [
        (reply({"code": -1003, "msg": TOO_MUCH}, 429, {"retry-after": "37"}), 37 * SECOND),
        (reply({"code": -1003, "msg": BANNED}, 418), 90 * SECOND),
        (reply({"code": -1003, "msg": TOO_MUCH}, 429), None),
        (reply({"code": -1015, "msg": "x"}, 429), None),
    ],
)
def test_a_limited_question_says_how_long_to_wait(answer: RestReply, wait_ns: int | None) -> None:
    """Where that is known."""
    for command in (ASK, FetchServerTime()):
        told = refused(command, answer)
        assert isinstance(told, RateLimited)
        assert told.retry_after_ns == wait_ns


# ---------------------------------------------------------------- secrets

LISTEN_KEY = "h3Tq8ZrLw0VnCkX5sYp1DmGb7JfUe2AoI9tRvK4xQyHcN6aWzSgMdE0uPiBl"


@pytest.mark.parametrize(
    "answer",
    [
        error(-1125, "This listenKey does not exist."),
        error(-1003, TOO_MUCH, 429),
        reply(b"{"),
        reply(b"", 410),
        reply(b"", 500),
    ],
)
def test_no_error_tells_a_listen_key(answer: RestReply) -> None:
    """Neither in words nor in what it carries."""
    told = refused(KeepAccountStream(LISTEN_KEY), answer)

    assert LISTEN_KEY not in str(told)
    assert LISTEN_KEY.encode() not in pickle.dumps(told)


def test_a_listen_key_that_comes_in_another_shape_is_not_told() -> None:
    """The payload of what cannot be read is kept, but not of this answer."""
    for body in ({"listenkey": LISTEN_KEY}, {"listenKey": [LISTEN_KEY]}, [LISTEN_KEY]):
        told = refused(OpenAccountStream(), reply(body))

        assert isinstance(told, RemoteProtocolError)
        assert LISTEN_KEY.encode() not in pickle.dumps(told)
        assert told.__cause__ is None


def test_the_lane_decides_what_is_a_cancel() -> None:
    """And nothing else about the request."""
    conversation = talk(error(-1013, "Invalid quantity."))
    with pytest.raises(CancelRefused):
        conversation.ask(CANCEL)

    assert conversation.requests[0].lane is Lane.CANCEL


def test_a_balance_question_is_refused_as_a_question() -> None:
    """It is about no order."""
    assert type(refused(FetchBalances(), error(-1013, "x"))) is ExchangeRefused
