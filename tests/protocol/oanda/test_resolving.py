"""What became of an order without a verdict: the log's proof, and nothing is ever sent again."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from tests.support.oanda_acting import (
    NOW_NS,
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
from venuetree.protocol.builders import limit_order, market_order, stop_order
from venuetree.protocol.commands import (
    Absent,
    Found,
    Resend,
    Resolution,
    ResolveOrder,
    Undecided,
)
from venuetree.protocol.errors import AuthRefused, PermissionRefused, ReplyLost
from venuetree.protocol.exchanges.oanda.resolving import ABSENT_AFTER_NS, BEFORE_NS
from venuetree.protocol.models import Closing, MarginTerms, OrderRequest, OrderStatus, Side
from venuetree.protocol.port import Effect, Lane, RestReply, RestRequest
from venuetree.protocol.timestamps import SECOND

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
SENT = NOW_NS - SECOND
ID = "eng-0007"
ORDER = market_order("EUR-USD", BUY, quantity="10000", client_order_id=ID)
LIMIT = limit_order("EUR-USD", BUY, quantity="10000", price="1.0910", client_order_id=ID)
STOP = stop_order("EUR-USD", BUY, quantity="10000", stop_price="1.0920", client_order_id=ID)


def resolve(
    *entries: dict[str, Any],
    order: OrderRequest = ORDER,
    position: str = "6400",
    age_ns: int = SECOND,
    known: frozenset[str] = frozenset(),
    log: MemoryLog | None = None,
    asked: Asked | None = None,
) -> Resolution:
    """What is found out; all of it by questions, as urgent as they are."""
    heard = Asked() if asked is None else asked
    command = ResolveOrder(order, SENT, Resend.ALLOWED, known, position)
    answer = converse(command, log or MemoryLog(entries), now_ns=SENT + age_ns, asked=heard)
    assert all(request.effect is Effect.READ for request in heard.requests)
    assert all(request.lane is Lane.RESOLVE for request in heard.requests)
    return answer


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


# ---------------------------------------------------------------- what closes a trade


def closing(*, is_whole: bool = False, trade: str = "6300") -> OrderRequest:
    """An order that closes a trade, or a side of a position."""
    what = Closing(trade, is_whole)
    return evolve(ORDER, side=SELL, quantity=D(4000), margin=MarginTerms(closing=what))


def trade_close(number: int, units: str = "4000", trade: str = "6300", **fields: Any) -> Any:
    """The order that the exchange makes to close a trade."""
    terms = {
        "units": "-4000" if units == "ALL" else f"-{units}",
        "reason": "TRADE_CLOSE",
        "tradeClose": {"units": units, "tradeID": trade},
    }
    return created(number, **{**terms, **fields})


def test_what_closes_a_trade_is_known_by_the_trade() -> None:
    """It bears no id of ours."""
    answer = resolve(trade_close(6401), filled(6402, 6401, units="-4000"), order=closing())

    assert isinstance(answer, Found)
    assert (answer.report.exchange_order_id, answer.report.client_order_id) == ("6401", ID)
    assert (answer.report.status, answer.report.filled_quantity) == (OrderStatus.FILLED, D(4000))


@pytest.mark.parametrize(
    "entry",
    [
        trade_close(6401, trade="6301"),
        trade_close(6401, "4001"),
        trade_close(6401, "ALL"),
        trade_close(6401, reason="CLIENT_ORDER"),
        created(6401, units="-4000"),
        created(6401, units="-4000", reason="POSITION_CLOSEOUT"),
        {**trade_close(6401), "type": "MARKET_ORDER_REJECT", "rejectReason": "X"},
    ],
)
def test_what_closes_another_trade_or_as_much_of_it_is_not_ours(entry: dict[str, Any]) -> None:
    """Nor is what only sells as much."""
    assert isinstance(resolve(entry, order=closing()), Undecided)
    assert isinstance(resolve(entry, order=closing(), age_ns=ABSENT_AFTER_NS), Absent)


def test_a_whole_trade_is_closed_in_whatever_words() -> None:
    """`ALL`, or as many units as there were; but not by what left some of it."""
    rest = filled(6402, 6401, units="-4000", tradeReduced={"tradeID": "6300", "units": "-4000"})
    order = closing(is_whole=True)

    for units in ("ALL", "4500"):
        answer = resolve(trade_close(6401, units), filled(6402, 6401, units="-4500"), order=order)
        assert isinstance(answer, Found)
    assert isinstance(resolve(trade_close(6401), rest, order=order), Undecided)
    assert isinstance(resolve(trade_close(6401), rest, order=order, age_ns=ABSENT_AFTER_NS), Absent)


def test_another_close_of_the_trade_that_is_known_is_not_ours() -> None:
    """The one that is left over is."""
    entries = [trade_close(6401), trade_close(6402)]
    answer = resolve(*entries, order=closing(), known=frozenset({"6401"}))

    assert isinstance(answer, Found)
    assert answer.report.exchange_order_id == "6402"


@pytest.mark.parametrize("known", [frozenset[str](), frozenset({"6401", "6402"})])
def test_closes_that_cannot_be_told_apart_are_for_a_person(known: frozenset[str]) -> None:
    """Never called absent: one of them may be ours."""
    answer = resolve(
        trade_close(6401),
        trade_close(6402),
        order=closing(),
        known=known,
        age_ns=ABSENT_AFTER_NS * 2,
    )

    assert isinstance(answer, Undecided)
    assert "6401, 6402" in answer.reason


def test_a_close_of_the_other_direction_is_not_ours() -> None:
    """A long trade is closed by a sale."""
    answer = resolve(trade_close(6401, units="4000", instrument="USD_JPY"), order=closing())
    other = created(
        6401, units="4000", reason="TRADE_CLOSE", tradeClose={"units": "4000", "tradeID": "6300"}
    )

    assert isinstance(answer, Undecided)
    assert "instrument" in answer.reason
    answer = resolve(other, order=closing())
    assert isinstance(answer, Undecided)
    assert "side" in answer.reason


# ---------------------------------------------------------------- what closes a position


def test_what_closes_a_position_is_known_by_our_id() -> None:
    """As what it is."""
    made = created(6401, ID, units="-4000", reason="POSITION_CLOSEOUT")
    answer = resolve(made, filled(6402, 6401, units="-4000"), order=closing(trade=""))

    assert isinstance(answer, Found)
    assert answer.report.status is OrderStatus.FILLED


def test_a_whole_position_is_as_much_as_there_was() -> None:
    """Not what was believed."""
    made = created(6401, ID, units="-4500", reason="POSITION_CLOSEOUT")

    assert isinstance(resolve(made, order=closing(trade="", is_whole=True)), Found)
    assert isinstance(resolve(made, order=closing(trade="")), Undecided)


def test_what_closes_the_position_without_any_id_keeps_the_question_open() -> None:
    """It may be ours; what closes another side or instrument, or bears another id, is not."""
    order = closing(trade="")

    def of(**fields: Any) -> Resolution:
        terms = {"units": "-4000", "reason": "POSITION_CLOSEOUT", **fields}
        return resolve(created(6401, **terms), order=order, age_ns=ABSENT_AFTER_NS)

    assert isinstance(of(), Undecided)
    assert isinstance(of(units="4000"), Absent)
    assert isinstance(of(instrument="USD_JPY"), Absent)
    assert isinstance(of(reason="CLIENT_ORDER"), Absent)
    assert isinstance(of(client_id="another"), Absent)


# ---------------------------------------------------------------- any log

_others = st.sampled_from(["", "a", "eng-0006", "eng-00070", ID.upper()])


@st.composite
def logs(draw: st.DrawFn) -> tuple[list[dict[str, Any]], str]:
    """A log of others' orders with their ends, with ours among them or not; and our number."""
    entries: list[dict[str, Any]] = []
    number = 6400
    count = draw(st.integers(0, 8))
    place = draw(st.integers(-1, count))
    ours = ""
    for which in range(count + 1):
        is_ours = which == place
        name = ID if is_ours else draw(_others)
        number += draw(st.integers(1, 3))
        units = "10000" if is_ours else draw(st.sampled_from(["10000", "-10000", "5"]))
        if is_ours:
            ours = str(number)
        elif draw(st.booleans()):
            entries.append(refused(number, name, units=units))
            continue
        order = number
        entries.append(created(order, name, units=units))
        end = draw(st.sampled_from(["", "fill", "cancel"]))
        if end:
            number += 1
            entries.append(
                filled(number, order, name, units=units)
                if end == "fill"
                else cancelled(number, order, "MARKET_HALTED", name, batch=order)
            )
    return entries, ours


@given(
    logs(),
    st.integers(1, 5),
    st.sampled_from([0, ABSENT_AFTER_NS - 1, ABSENT_AFTER_NS, ABSENT_AFTER_NS * 9]),
    st.sampled_from(["6400", ""]),
)
def test_an_order_in_the_log_is_never_absent_and_another_s_is_never_ours(
    made: tuple[list[dict[str, Any]], str], cut: int, age_ns: int, position: str
) -> None:
    """Wherever the log is cut, however it is read, and however late it is asked."""
    entries, ours = made
    # Of no order, so that the log is not empty.
    start = {**cancelled(6400, 1), "type": "DAILY_FINANCING"}
    log = MemoryLog([start, *entries], cut=cut)
    answer = resolve(log=log, position=position, age_ns=age_ns)

    if ours:
        assert isinstance(answer, Found)
        assert answer.report.exchange_order_id == ours
        ends = {e["type"] for e in entries if e.get("orderID") == ours}
        expected = {
            frozenset[str](): OrderStatus.OPEN,
            frozenset({"ORDER_FILL"}): OrderStatus.FILLED,
            frozenset({"ORDER_CANCEL"}): OrderStatus.REJECTED,
        }
        assert answer.report.status is expected[frozenset(ends)]
    else:
        assert isinstance(answer, Absent if age_ns >= ABSENT_AFTER_NS else Undecided)
