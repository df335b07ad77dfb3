"""What became of an order without a verdict: asked, never sent again, and no is proved late."""

from typing import Any

import pytest
from attrs import evolve

from tests.support.binance_us import NOW_NS, error, listed, reply, talk
from venuetree.protocol.builders import limit_order
from venuetree.protocol.commands import Absent, Found, Resend, ResolveOrder, Undecided
from venuetree.protocol.errors import AuthRefused, ReplyLost
from venuetree.protocol.exchanges.binance_us.resolving import ABSENT_AFTER_NS, LATE_AFTER_NS
from venuetree.protocol.models import OrderStatus, Side
from venuetree.protocol.port import Effect, Lane
from venuetree.protocol.timestamps import SECOND

MS = 1_000_000
SENT = 1_788_540_380_000 * MS
ORDER = limit_order("BTC-USD", Side.BUY, quantity="0.01", price="116000", client_order_id="c1")
UNKNOWN = error(-2013, "Order does not exist.")
#: An order of another name, made a second after the sending, with the same terms.
RENAMED = listed(orderId=7, clientOrderId="qQ2x9c0hXbW1kP7dYt3zLm", status="CANCELED")
TRADE = {
    "symbol": "BTCUSD",
    "id": 9,
    "orderId": 7,
    "orderListId": -1,
    "price": "116000.00000000",
    "qty": "0.01000000",
    "quoteQty": "1160.00000000",
    "commission": "0.00000060",
    "commissionAsset": "BTC",
    "time": 1788540381000,
    "isBuyer": True,
    "isMaker": False,
    "isBestMatch": True,
}


def resolve(
    *replies: Any, age_ns: int, known: frozenset[str] = frozenset(), offset_ns: int = 0
) -> tuple[object, list[str]]:
    """What is found out, and what was asked for it."""
    conversation = talk(*replies, now_ns=SENT + age_ns, clock_offset_ns=offset_ns)
    answer = conversation.ask(ResolveOrder(ORDER, SENT, Resend.ALLOWED, known))

    assert all(asked.effect is Effect.READ for asked in conversation.requests)
    assert all(asked.lane is Lane.RESOLVE for asked in conversation.requests)
    return answer, conversation.asked


def test_an_order_that_the_exchange_knows_is_found_at_once() -> None:
    """One question, by our own id."""
    answer, asked = resolve(reply(listed()), age_ns=0)

    assert isinstance(answer, Found)
    assert answer.report.status is OrderStatus.PARTIALLY_FILLED
    assert asked == ["resolve.order"]


@pytest.mark.parametrize(
    ("fields", "difference"),
    [
        ({"side": "SELL"}, "side"),
        ({"price": "116000.01000000"}, "price"),
        ({"origQty": "0.02000000"}, "quantity"),
        ({"type": "STOP_LOSS_LIMIT", "stopPrice": "1.00000000"}, "type"),
    ],
)
def test_another_order_under_our_id_decides_nothing(
    fields: dict[str, str], difference: str
) -> None:
    """Ours was never made, perhaps; a live order must not be hidden by saying so."""
    answer, _ = resolve(reply(listed(**fields)), age_ns=ABSENT_AFTER_NS * 2)

    assert isinstance(answer, Undecided)
    assert difference in answer.reason


def test_not_known_soon_after_sending_proves_nothing() -> None:
    """The heavy lists are not even asked for yet."""
    answer, asked = resolve(UNKNOWN, age_ns=2 * SECOND - 1)

    assert isinstance(answer, Undecided)
    assert asked == ["resolve.order"]


def test_the_list_may_know_what_the_question_does_not() -> None:
    """By the client order id, ours or the one that a cancel replaced."""
    by_name, asked = resolve(UNKNOWN, reply([listed()]), age_ns=3 * SECOND)
    cancelled = {**RENAMED, "origClientOrderId": "c1"}
    by_original, _ = resolve(UNKNOWN, reply([cancelled]), age_ns=3 * SECOND)

    assert isinstance(by_name, Found)
    assert asked == ["resolve.order", "orders"]
    assert isinstance(by_original, Found)
    assert by_original.report.client_order_id == "c1"
    assert by_original.report.status is OrderStatus.CANCELLED


def test_silence_of_the_lists_is_no_proof_before_its_time() -> None:
    """A late copy could still be taken, and the lists lag."""
    early, asked = resolve(UNKNOWN, reply([]), age_ns=ABSENT_AFTER_NS - 1)
    late, asked_late = resolve(UNKNOWN, reply([]), reply([]), age_ns=ABSENT_AFTER_NS)

    assert isinstance(early, Undecided)
    assert asked == ["resolve.order", "orders"]
    assert isinstance(late, Absent)
    assert asked_late == ["resolve.order", "orders", "fills"]


def test_an_execution_of_an_order_that_is_not_listed_keeps_the_question_open() -> None:
    """It may be ours; one of an order that is listed or known is not."""
    open_question, _ = resolve(UNKNOWN, reply([]), reply([TRADE]), age_ns=ABSENT_AFTER_NS)
    known, _ = resolve(
        UNKNOWN, reply([]), reply([TRADE]), age_ns=ABSENT_AFTER_NS, known=frozenset({"7"})
    )
    other = listed(orderId=7, clientOrderId="other", status="FILLED")
    seen, _ = resolve(UNKNOWN, reply([other]), reply([TRADE]), age_ns=ABSENT_AFTER_NS)

    assert isinstance(open_question, Undecided)
    assert "order 7 was executed" in open_question.reason
    assert isinstance(known, Absent)
    assert isinstance(seen, Absent)


@pytest.mark.parametrize(
    ("row", "known", "is_open"),
    [
        (RENAMED, frozenset(), True),
        (RENAMED, frozenset({"7"}), False),
        ({**RENAMED, "price": "115999.00000000"}, frozenset(), False),
        ({**RENAMED, "status": "FILLED"}, frozenset(), False),
        ({**RENAMED, "time": (SENT + LATE_AFTER_NS) // MS}, frozenset(), True),
        ({**RENAMED, "time": (SENT + LATE_AFTER_NS) // MS + 1}, frozenset(), False),
    ],
    ids=["twin", "known", "other terms", "not cancelled", "as late as can be", "later"],
)
def test_a_cancelled_order_of_the_same_terms_may_be_ours_under_the_cancels_name(
    row: dict[str, Any],
    known: frozenset[str],
    is_open: bool,  # noqa: FBT001 - a table's column
) -> None:
    """Only one that we know to be another, or that cannot have been ours, is left aside."""
    answer, _ = resolve(UNKNOWN, reply([row]), reply([]), age_ns=ABSENT_AFTER_NS, known=known)

    assert isinstance(answer, Undecided if is_open else Absent)


def test_the_lists_are_read_by_the_exchanges_clock() -> None:
    """Ours may be wrong by more than the margin."""
    conversation = talk(
        UNKNOWN,
        reply([]),
        reply([]),
        now_ns=SENT + ABSENT_AFTER_NS,
        clock_offset_ns=-3600 * SECOND,
    )
    conversation.ask(ResolveOrder(ORDER, SENT, Resend.ALLOWED))
    start_ms = (SENT - 3660 * SECOND) // MS

    for asked in conversation.requests[1:]:
        assert f"startTime={start_ms}&" in asked.query


@pytest.mark.parametrize(
    "answer",
    [
        error(-1003, "Too much request weight used", 429),
        error(-1007, "Timeout", 504),
        reply(b"<html>", 403),
        reply(b"{"),
        reply(listed(status="MAYBE")),
        ReplyLost("lost", exchange="binance_us", operation="resolve.order"),
        error(-1100, "Illegal characters"),
    ],
    ids=["limit", "timeout", "blocked", "cut", "unknown status", "lost", "refused"],
)
def test_a_question_without_an_answer_leaves_everything_as_it_was(answer: Any) -> None:
    """However old the order is."""
    found, _ = resolve(answer, age_ns=2 * ABSENT_AFTER_NS)

    assert isinstance(found, Undecided)


def test_a_refused_key_is_told() -> None:
    """No asking can go on without it."""
    conversation = talk(error(-2015, "Invalid API-key", 401), now_ns=NOW_NS)
    with pytest.raises(AuthRefused):
        conversation.ask(ResolveOrder(ORDER, SENT, Resend.FORBIDDEN))


def test_what_was_not_asked_for_makes_no_difference() -> None:
    """An order in quote currency comes back with a quantity."""
    order = evolve(ORDER, quantity=None, price=None, quote_quantity=ORDER.price, type=ORDER.type)
    told = listed(price="0.00000000", origQuoteOrderQty="116000.00000000")
    other = listed(price="0.00000000", origQuoteOrderQty="5.00000000")
    found = talk(reply(told)).ask(ResolveOrder(order, SENT, Resend.ALLOWED))
    undecided = talk(reply(other)).ask(ResolveOrder(order, SENT, Resend.ALLOWED))

    assert isinstance(found, Found)
    assert isinstance(undecided, Undecided)
    assert "quote quantity" in undecided.reason
