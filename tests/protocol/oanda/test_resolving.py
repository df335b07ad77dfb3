"""What became of an order without a verdict: the log's proof, and nothing is ever sent again."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.oanda_acting import (
    Asked,
    MemoryLog,
    cancelled,
    converse,
    created,
    filled,
    refusal,
    refused,
    reply,
)
from tests.support.oanda_orders import ID
from tests.support.oanda_resolving import ORDER, SENT, resolve
from venuetree.protocol.builders import limit_order, stop_order
from venuetree.protocol.commands import Absent, Found, Resend, ResolveOrder, Undecided
from venuetree.protocol.errors import AuthRefused, PermissionRefused, ReplyLost
from venuetree.protocol.exchanges.oanda.resolving import ABSENT_AFTER_NS, BEFORE_NS
from venuetree.protocol.models import OrderRequest, OrderStatus, Side
from venuetree.protocol.port import RestReply, RestRequest
from venuetree.protocol.timestamps import SECOND

D = Decimal
BUY = Side.BUY
LIMIT = limit_order("EUR-USD", BUY, quantity="10000", price="1.0910", client_order_id=ID)
STOP = stop_order("EUR-USD", BUY, quantity="10000", stop_price="1.0920", client_order_id=ID)

# ---------------------------------------------------------------- found


def test_an_order_that_the_log_has_is_found_with_its_end() -> None:
    """By our id, after the position that was noted before it was sent."""
    asked = Asked()
    answer = resolve(created(6400, ID), created(6401, ID), filled(6402, 6401, ID), asked=asked)

    assert asked.paths == ["/transactions/sinceid?id=6400"]
    assert isinstance(answer, Found)
    assert answer.report.exchange_order_id == "6401"
    assert answer.report.client_order_id == ID
    assert answer.report.status is OrderStatus.FILLED
    assert (answer.report.filled_quantity, answer.report.average_price) == (
        D(10000),
        D("1.08425"),
    )


@pytest.mark.parametrize(
    ("later", "status", "filled_quantity"),
    [
        ([], OrderStatus.OPEN, D(0)),
        ([cancelled(6402, 6401, batch=6402)], OrderStatus.CANCELLED, D(0)),
        ([cancelled(6402, 6401, "MARKET_HALTED", batch=6401)], OrderStatus.REJECTED, D(0)),
        (
            [cancelled(6402, 6401, "TIME_IN_FORCE_EXPIRED", batch=6402)],
            OrderStatus.EXPIRED,
            D(0),
        ),
        (
            [
                filled(6402, 6401, units="4000", requestedUnits="10000"),
                cancelled(6403, 6401, "INSUFFICIENT_LIQUIDITY", batch=6401),
            ],
            OrderStatus.CANCELLED,
            D(4000),
        ),
    ],
)
def test_what_came_after_is_its_state(
    later: list[dict[str, Any]], status: OrderStatus, filled_quantity: Decimal
) -> None:
    """Waiting, ended or executed in part."""
    answer = resolve(created(6401, ID), *later)

    assert isinstance(answer, Found)
    assert (answer.report.status, answer.report.filled_quantity) == (status, filled_quantity)


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_the_log_is_read_to_its_end_however_it_is_cut(cut: int) -> None:
    """The order may be anywhere in it."""
    entries = [created(n, f"other{n}") for n in range(6401, 6408)]
    log = MemoryLog([*entries, created(6408, ID), created(6409), filled(6410, 6408)], cut=cut)
    answer = resolve(log=log)

    assert isinstance(answer, Found)
    assert answer.report.status is OrderStatus.FILLED


def test_an_order_that_was_replaced_by_somebody_is_the_one_that_was_sent() -> None:
    """Its heir bears our id, too, where none was given to it."""
    heir = created(6403, ID, kind="LIMIT_ORDER", price="1.1", batch=6402, replacesOrderID="6401")
    answer = resolve(
        created(6401, ID, kind="LIMIT_ORDER", price="1.09100"),
        cancelled(6402, 6401, "CLIENT_REQUEST_REPLACED", batch=6402),
        heir,
        order=LIMIT,
    )

    assert isinstance(answer, Found)
    assert (answer.report.exchange_order_id, answer.report.status) == (
        "6401",
        OrderStatus.CANCELLED,
    )


def test_the_rest_of_an_order_that_goes_on_is_no_second_one() -> None:
    """It was made with the execution."""
    answer = resolve(
        created(6401, ID, kind="LIMIT_ORDER", price="1.09100"),
        filled(6402, 6401, ID, units="4000", requestedUnits="10000", batch=6402),
        created(6403, ID, kind="LIMIT_ORDER", units="6000", price="1.09100", batch=6402),
        order=LIMIT,
    )

    assert isinstance(answer, Found)
    assert answer.report.exchange_order_id == "6401"


# ---------------------------------------------------------------- another's


@pytest.mark.parametrize(
    ("order", "made", "difference"),
    [
        (ORDER, created(6401, ID, units="-10000"), "side"),
        (ORDER, created(6401, ID, units="10001"), "quantity"),
        (ORDER, created(6401, ID, instrument="USD_JPY"), "instrument"),
        (ORDER, created(6401, ID, kind="LIMIT_ORDER", price="1"), "type"),
        (LIMIT, created(6401, ID, kind="LIMIT_ORDER", price="1.0911"), "price"),
        (STOP, created(6401, ID, kind="STOP_ORDER", price="1.0921"), "stop price"),
    ],
)
@pytest.mark.parametrize("age_ns", [SECOND, ABSENT_AFTER_NS * 2])
def test_another_order_under_our_id_decides_nothing(
    order: OrderRequest, made: dict[str, Any], difference: str, age_ns: int
) -> None:
    """However long ago; a person must look."""
    answer = resolve(made, order=order, age_ns=age_ns)

    assert isinstance(answer, Undecided)
    assert difference in answer.reason
    assert "6401" in answer.reason


def test_several_orders_of_our_id_decide_nothing() -> None:
    """One of them is a double."""
    answer = resolve(created(6401, ID), filled(6402, 6401), created(6403, ID))

    assert isinstance(answer, Undecided)
    assert "6401, 6403" in answer.reason


@pytest.mark.parametrize(
    "entry",
    [
        filled(6401, 6390, ID),
        cancelled(6401, 6390, client_id=ID),
    ],
)
def test_news_of_an_order_of_our_id_that_was_not_seen_made_keep_the_question_open(
    entry: dict[str, Any],
) -> None:
    """There is an order, somewhere."""
    assert isinstance(resolve(entry, age_ns=ABSENT_AFTER_NS), Undecided)


def test_a_refused_cancel_by_our_id_is_no_news_of_an_order() -> None:
    """It says that nothing waits under it."""
    no = {
        **cancelled(6401, 1, client_id=ID),
        "type": "ORDER_CANCEL_REJECT",
        "rejectReason": "ORDER_DOESNT_EXIST",
    }
    del no["orderID"]

    assert isinstance(resolve(no, age_ns=ABSENT_AFTER_NS), Absent)


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize("reason", ["UNITS_INVALID", "CLIENT_ORDER_ID_ALREADY_EXISTS"])
def test_an_order_that_the_log_says_was_refused_is_absent_at_once(reason: str) -> None:
    """For the exchange's reason."""
    assert resolve(created(6401, "b"), refused(6402, ID, reason)) == Absent(reason)


def test_a_refusal_may_lack_what_was_wrong() -> None:
    """What it has must be ours."""
    bare = refused(6401, ID, "INSTRUMENT_UNKNOWN")
    del bare["instrument"], bare["units"]

    assert isinstance(resolve(bare), Absent)


@pytest.mark.parametrize("fields", [{"units": "-10000"}, {"units": "5"}, {"instrument": "USD_JPY"}])
def test_a_refusal_of_another_order_under_our_id_proves_nothing(fields: dict[str, str]) -> None:
    """Ours may come yet."""
    answer = resolve(refused(6401, ID, **fields), age_ns=ABSENT_AFTER_NS)

    assert isinstance(answer, Undecided)


def test_an_order_that_was_made_is_found_though_another_try_was_refused() -> None:
    """Whatever took it there twice."""
    answer = resolve(
        created(6401, ID, kind="LIMIT_ORDER", price="1.091"),
        refused(6402, ID, "CLIENT_ORDER_ID_ALREADY_EXISTS", kind="LIMIT_ORDER"),
        order=LIMIT,
    )

    assert isinstance(answer, Found)


# ---------------------------------------------------------------- absent


def test_a_log_without_the_order_is_no_proof_before_its_time() -> None:
    """The request may be on its way yet."""
    others = [created(6401, "other"), filled(6402, 6401)]

    assert isinstance(resolve(*others, age_ns=0), Undecided)
    assert isinstance(resolve(*others, age_ns=ABSENT_AFTER_NS - 1), Undecided)
    assert isinstance(resolve(*others, age_ns=ABSENT_AFTER_NS), Absent)
    assert isinstance(resolve(created(6400, "x"), age_ns=ABSENT_AFTER_NS), Absent)


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"", 503),
        reply(b"<html>", 200),
        refusal("", status=429),
        ReplyLost("lost"),
        reply({"transactions": [], "lastTransactionID": "6500"}),
        reply({"transactions": [], "lastTransactionID": "6399"}),
        reply({"transactions": [created(6400)], "lastTransactionID": "6400"}),
        reply({"transactions": [created(6401)], "lastTransactionID": "6500"}),
        reply({"transactions": [{"id": "6401"}], "lastTransactionID": "6401"}),
        reply({"transactions": [created(6401, ID, units="x")], "lastTransactionID": "6401"}),
        reply({"transactions": {}, "lastTransactionID": "6401"}),
        reply({"lastTransactionID": "6401"}),
        reply({"transactions": []}),
    ],
)
def test_a_log_that_could_not_be_read_whole_proves_nothing(
    answer: RestReply | Exception,
) -> None:
    """Held back, from a copy that lags, unreadable, or without an end."""
    command = ResolveOrder(ORDER, SENT, Resend.ALLOWED, frozenset(), "6400")
    late = SENT + 2 * ABSENT_AFTER_NS

    assert isinstance(converse(command, lambda _: answer, now_ns=late), Undecided)


@pytest.mark.parametrize(("status", "kind"), [(401, AuthRefused), (403, PermissionRefused)])
def test_a_refused_key_is_told(status: int, kind: type[Exception]) -> None:
    """No asking again can mend it."""
    command = ResolveOrder(ORDER, SENT, Resend.ALLOWED, frozenset(), "6400")
    with pytest.raises(kind):
        converse(command, lambda _: refusal("", status=status))


# ---------------------------------------------------------------- by time


@pytest.mark.parametrize("cut", [1, 3, 1000])
def test_without_a_position_the_log_is_read_from_before_the_sending(cut: int) -> None:
    """Newer than all that can have been before; older entries are nothing of ours."""
    entries = [
        created(5, ID, time_ns=SENT - BEFORE_NS - 1),
        created(6, "b", time_ns=SENT - BEFORE_NS),
        created(7, ID, time_ns=SENT - BEFORE_NS + SECOND),
        filled(8, 7, time_ns=SENT),
    ]
    asked = Asked()
    answer = resolve(position="", log=MemoryLog(entries, cut=cut), asked=asked)

    assert isinstance(answer, Found)
    assert answer.report.exchange_order_id == "7"
    assert asked.paths[0].startswith("/transactions?from=2024-06-11T13%3A53%3A27Z&to=")


def test_without_a_position_and_an_order_it_is_absent_in_the_end() -> None:
    """A time without entries, too."""
    old = created(5, ID, time_ns=SENT - 2 * BEFORE_NS)

    for entries in ([old], []):
        assert isinstance(resolve(*entries, position=""), Undecided)
        assert isinstance(resolve(*entries, position="", age_ns=ABSENT_AFTER_NS), Absent)


def test_a_position_that_is_refused_is_given_up_for_the_time() -> None:
    """It was of another account's log, perhaps."""
    log = MemoryLog([created(6401, ID)], is_position_refused=True)
    asked = Asked()

    assert isinstance(resolve(log=log, asked=asked), Found)
    assert asked.paths[0] == "/transactions/sinceid?id=6400"
    assert asked.paths[1].startswith("/transactions?from=")


def test_a_position_that_could_not_be_asked_for_is_not_given_up() -> None:
    """The time would be no better."""

    def answer(request: RestRequest) -> RestReply:
        assert request.path.endswith("/sinceid")
        return reply(b"", 503)

    command = ResolveOrder(ORDER, SENT, Resend.ALLOWED, frozenset(), "6400")
    assert isinstance(converse(command, answer), Undecided)
