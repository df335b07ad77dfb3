"""The state machine of one order."""

from decimal import Decimal
from itertools import permutations, product

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.order_strategies import NOW, Life, fill, lives, order, report, request
from venuetree.protocol.models import Fill, Order, OrderReport, OrderStatus, OrderType, TimeInForce
from venuetree.protocol.orders import (
    TRANSITIONS,
    adopt_order,
    apply_cancel_refused,
    apply_cancelling,
    apply_editing,
    apply_fills,
    apply_rejected,
    apply_report,
    apply_sent,
    apply_unknown,
    new_order,
)

NEW, SENT, OPEN, PARTIAL, FILLED, CANCELLED, EXPIRED, REJECTED, UNKNOWN = OrderStatus
FINAL = [FILLED, CANCELLED, EXPIRED, REJECTED]


def bare(status: OrderStatus) -> Order:
    """An order of unknown size, so that only what is told moves it."""
    return order(status, quantity=None)


# ---------------------------------------------------------------- the table


def test_every_state_has_a_row() -> None:
    """A state that was forgotten would be an error at the first order that reaches it."""
    assert set(TRANSITIONS) == set(OrderStatus)


def test_final_states_are_left_only_for_what_executions_prove() -> None:
    """Filled never; the others for FILLED; rejected also for an end that has executions."""
    assert {state: set(TRANSITIONS[state]) for state in FINAL} == {
        FILLED: set(),
        CANCELLED: {FILLED},
        EXPIRED: {FILLED},
        REJECTED: {FILLED, CANCELLED},
    }


@pytest.mark.parametrize(("state", "told"), list(product(OrderStatus, OrderStatus)))
def test_a_report_moves_an_order_as_the_table_says(state: OrderStatus, told: OrderStatus) -> None:
    """Whatever may not follow is old news and leaves the state as it is."""
    after = apply_report(bare(state), report(told)).status

    assert after is (told if told in TRANSITIONS[state] else state)


@pytest.mark.parametrize("state", [OPEN, PARTIAL, *FINAL])
@pytest.mark.parametrize("late", [NEW, SENT])
def test_news_from_before_the_acknowledgement_is_old(state: OrderStatus, late: OrderStatus) -> None:
    """SENT after OPEN changes nothing."""
    before = bare(state)

    assert apply_report(before, report(late)) is before
    assert apply_sent(before, NOW + 5) is before


def test_open_after_partially_filled_is_old() -> None:
    """Also where it is told without figures."""
    before = bare(PARTIAL)

    assert apply_report(before, report(OPEN)) is before


# ---------------------------------------------------------------- beginnings


def test_a_new_order_is_what_was_asked_for() -> None:
    """Nothing is added but names and time."""
    assert new_order("test", request(), NOW) == order(NEW, exchange_order_id="")


def test_an_adopted_order_is_what_is_told() -> None:
    """Its size, its fills, its state; GTC where nothing is said."""
    told = report(OPEN, "0.25", client_order_id="", quantity=Decimal(1), price=Decimal(100))

    assert adopt_order(told) == order(
        PARTIAL,
        client_order_id="",
        filled_quantity=Decimal("0.25"),
        created_time_ns=None,
        time_in_force=TimeInForce.GOOD_TILL_CANCELLED,
    )


def test_an_order_without_a_side_cannot_be_adopted() -> None:
    """Which way it goes must not be guessed."""
    assert adopt_order(report(side=None)) is None


# ---------------------------------------------------------------- figures


def test_an_open_order_with_fills_is_partially_filled() -> None:
    """Coinbase has no such state; the quantity says it."""
    after = apply_report(order(OPEN), report(OPEN, "0.5", average_price=Decimal(99)))

    assert after == order(PARTIAL, filled_quantity=Decimal("0.5"), average_price=Decimal(99))


def test_the_filled_quantity_never_falls_and_old_figures_are_not_taken() -> None:
    """A late report of less leaves quantity, average price and fees."""
    before = order(
        PARTIAL, filled_quantity=Decimal("0.5"), average_price=Decimal(99), fees=Decimal(3)
    )
    late = report(OPEN, "0.25", average_price=Decimal(98), fees=Decimal(1))

    assert apply_report(before, late) is before


def test_filled_means_all_of_it() -> None:
    """A FILLED report without figures fills the quantity."""
    after = apply_report(order(OPEN), report(FILLED))

    assert after == order(FILLED, filled_quantity=Decimal(1))


def test_a_cancelled_order_keeps_its_fills() -> None:
    """What was executed stays, also when the last report says nothing of it."""
    before = order(
        PARTIAL, filled_quantity=Decimal("0.5"), average_price=Decimal(99), fees=Decimal(3)
    )

    assert apply_report(before, report(CANCELLED)) == evolve(before, status=CANCELLED)


@pytest.mark.parametrize("end", [CANCELLED, EXPIRED])
def test_filled_beats_another_end_in_either_sequence(end: OrderStatus) -> None:
    """An end is a statement about the rest of an order, and there was none."""
    for first, second in permutations([report(FILLED, "1"), report(end, "0.5")]):
        after = apply_report(apply_report(order(OPEN), first), second)

        assert (after.status, after.filled_quantity) == (FILLED, Decimal(1))


def test_an_end_that_is_told_of_a_whole_quantity_is_filled() -> None:
    """The exchange cancelled nothing: there was nothing left."""
    assert apply_report(order(OPEN), report(CANCELLED, "1")).status is FILLED


@pytest.mark.parametrize(("first", "second"), list(permutations([CANCELLED, EXPIRED], 2)))
def test_between_other_ends_the_first_one_stays(first: OrderStatus, second: OrderStatus) -> None:
    """Nobody's money depends on which."""
    after = apply_report(apply_report(order(OPEN), report(first, "0.5")), report(second, "0.5"))

    assert after.status is first


def test_a_rejected_order_with_executions_was_cancelled() -> None:
    """Told together, or the executions later."""
    told = apply_report(order(OPEN), report(REJECTED, "0.5"))
    later = apply_fills(order(REJECTED), [fill()], NOW)

    assert (told.status, later.status) == (CANCELLED, CANCELLED)


# ---------------------------------------------------------------- rejected without a number


@pytest.mark.parametrize("told", [OPEN, PARTIAL, FILLED, CANCELLED, EXPIRED, REJECTED, UNKNOWN])
def test_the_exchanges_word_undoes_a_rejection_without_number(told: OrderStatus) -> None:
    """It exists after all: whatever proved its absence was wrong."""
    absent = order(REJECTED, exchange_order_id="", reason="not found anywhere", quantity=None)
    after = apply_report(absent, report(told))

    assert (after.status, after.exchange_order_id) == (told, "x1")


def test_a_rejection_without_number_is_void_once_there_is_one() -> None:
    """The same two pieces of news in the other sequence."""
    there = order(OPEN)

    assert apply_report(there, report(REJECTED, exchange_order_id="")) is there
    assert apply_rejected(there, "duplicate", NOW) is there


def test_an_order_of_which_something_was_executed_is_never_rejected() -> None:
    """Whoever says so, and even before the exchange has numbered it: money has moved."""
    executed = order(SENT, exchange_order_id="", filled_quantity=Decimal("0.1"))

    assert apply_rejected(executed, "refused", NOW) is executed


def test_an_execution_makes_an_absent_order_unknown() -> None:
    """It exists, but what became of its rest must be asked."""
    after = apply_fills(order(REJECTED, exchange_order_id=""), [fill()], NOW)

    assert (after.status, after.filled_quantity) == (UNKNOWN, Decimal("0.5"))


# ---------------------------------------------------------------- unknown


@pytest.mark.parametrize("state", list(OrderStatus))
def test_a_missing_verdict_makes_only_unacknowledged_orders_unknown(state: OrderStatus) -> None:
    """The reply was lost, but the stream had told already."""
    before = order(state)
    after = apply_unknown(before, "timed out", NOW)

    if state in {NEW, SENT}:
        assert after == evolve(before, status=UNKNOWN, reason="timed out")
    else:
        assert after is before


def test_an_execution_of_part_does_not_end_unknown() -> None:
    """What became of the rest is still to be asked."""
    after = apply_fills(order(UNKNOWN), [fill()], NOW)

    assert (after.status, after.filled_quantity) == (UNKNOWN, Decimal("0.5"))


def test_executions_of_the_whole_end_unknown() -> None:
    """Nothing is left that could become of it."""
    assert apply_fills(order(UNKNOWN), [fill(1), fill(2)], NOW).status is FILLED


def test_the_reason_of_uncertainty_ends_with_it() -> None:
    """An open order has no reason."""
    before = order(UNKNOWN, reason="timed out")

    assert apply_report(before, report(OPEN)) == order(OPEN)


# ---------------------------------------------------------------- cancelling, editing


def test_cancelling_stays_until_the_end() -> None:
    """A report that does not mention it does not end it; the end does."""
    cancelling = apply_cancelling(order(OPEN), NOW)

    assert cancelling.is_cancelling
    assert apply_report(cancelling, report(OPEN, "0.5")).is_cancelling
    assert not apply_report(cancelling, report(CANCELLED)).is_cancelling
    assert not apply_fills(cancelling, [fill(1), fill(2)], NOW).is_cancelling
    assert apply_report(order(OPEN), report(OPEN, is_cancelling=True)).is_cancelling


def test_a_refused_cancel_ends_cancelling() -> None:
    """The order goes on as it was."""
    assert apply_cancel_refused(order(OPEN, is_cancelling=True), NOW) == order(OPEN)


@pytest.mark.parametrize("state", FINAL)
def test_a_final_order_is_not_cancelling(state: OrderStatus) -> None:
    """An acceptance that comes too late."""
    before = order(state)

    assert apply_cancelling(before, NOW) is before


def test_an_order_being_edited_is_as_large_as_it_may_be() -> None:
    """Fills of the new rest are not the end of the old order."""
    editing = apply_editing(order(OPEN), Decimal(2), NOW)
    filled = apply_fills(editing, [fill(1), fill(2)], NOW)

    assert (filled.status, filled.quantity) == (PARTIAL, Decimal(2))
    assert apply_editing(order(OPEN), Decimal("0.5"), NOW).quantity == Decimal(1)
    assert apply_editing(order(FILLED), Decimal(2), NOW).quantity == Decimal(1)


def test_an_edited_quantity_and_price_are_taken_over_but_not_from_the_last_report() -> None:
    """Final reports often tell what is left, or nothing: zero."""
    edited = apply_report(order(OPEN), report(OPEN, "0", quantity=Decimal(2), price=Decimal(101)))
    ended = apply_report(edited, report(CANCELLED, "0", quantity=Decimal(0), price=Decimal(0)))

    assert (edited.quantity, edited.price) == (Decimal(2), Decimal(101))
    assert (ended.quantity, ended.price) == (Decimal(2), Decimal(101))


def test_an_old_quantity_does_not_end_an_edited_order() -> None:
    """A late report of the time before the edit, when one was all of it."""
    before = order(PARTIAL, quantity=Decimal(2), filled_quantity=Decimal(1))

    assert apply_report(before, report(OPEN, "0.5", quantity=Decimal(1))) is before


# ---------------------------------------------------------------- executions


def test_the_average_of_complete_executions_is_exact() -> None:
    """Two thirds at 100 and a third at 103 are 101, whatever the exchange rounded to."""
    before = order(OPEN, quantity=Decimal(3), average_price=Decimal("100.99"))
    after = apply_fills(before, [fill(1, "2", "100"), fill(2, "1", "103")], NOW)

    assert (after.status, after.average_price, after.fees) == (FILLED, Decimal(101), Decimal("0.2"))


def test_one_price_keeps_its_digits() -> None:
    """Trailing zeros too."""
    after = apply_fills(order(OPEN), [fill(1, "0.3", "100.10"), fill(2, "0.7", "100.10")], NOW)

    assert str(after.average_price) == "100.10"


def test_incomplete_executions_leave_the_exchanges_figures() -> None:
    """Half of what is filled is known in executions: its average is not the order's."""
    before = order(
        PARTIAL, filled_quantity=Decimal("0.9"), average_price=Decimal(7), fees=Decimal(8)
    )

    assert apply_fills(before, [fill()], NOW) is before


def test_fees_in_several_currencies_are_not_added() -> None:
    """One in USD and one in BNB make no sum."""
    fills = [fill(1), fill(2, fee_currency="BNB")]

    assert apply_fills(order(OPEN, fees=Decimal(9)), fills, NOW).fees == Decimal(9)


def test_an_execution_proves_that_the_order_was_accepted() -> None:
    """And names it."""
    after = apply_fills(order(SENT, exchange_order_id=""), [fill()], NOW)

    assert after == order(
        PARTIAL, filled_quantity=Decimal("0.5"), average_price=Decimal(100), fees=Decimal("0.1")
    )


# ---------------------------------------------------------------- time and identity


def test_news_that_changes_nothing_gives_the_very_same_order() -> None:
    """So that nobody is told of it."""
    known = apply_report(order(SENT), report(OPEN))

    assert apply_report(known, report(OPEN, exchange_time_ns=NOW + 99)) is known


def test_the_time_of_the_last_change_never_falls() -> None:
    """The exchange's stamp if it gave one, else ours."""
    stamped = apply_report(order(SENT), report(OPEN, exchange_time_ns=NOW + 50))
    later = apply_report(stamped, report(CANCELLED, exchange_time_ns=NOW + 20))

    assert (stamped.updated_time_ns, later.updated_time_ns) == (NOW + 50, NOW + 50)


def test_the_type_of_an_adopted_order_is_learnt() -> None:
    """OTHER gives way to what is told, nothing else does."""
    other = order(OPEN, type=OrderType.OTHER)

    assert apply_report(other, report(OPEN, type=OrderType.LIMIT)).type is OrderType.LIMIT
    assert apply_report(order(OPEN), report(OPEN, type=OrderType.OTHER)).type is OrderType.LIMIT


# ---------------------------------------------------------------- any sequence


def untimed(what: Order) -> Order:
    """Without times: they tell of the sequence."""
    return evolve(what, created_time_ns=None, updated_time_ns=None)


@settings(deadline=None)
@given(lives(), st.data())
def test_reports_and_executions_in_any_sequence_lead_to_the_truth(
    life: Life, data: st.DataObject
) -> None:
    """Late, repeated, swapped: the end is the same, and no step on the way goes backwards."""
    news = data.draw(st.permutations([*life.reports, *life.fills]))
    news += data.draw(st.lists(st.sampled_from(news), max_size=5))
    known = order(SENT, exchange_order_id="", quantity=Decimal(10))
    fills: list[Fill] = []
    for told in news:
        before = known
        if isinstance(told, OrderReport):
            known = apply_report(known, told)
        elif isinstance(told, Fill) and told not in fills:
            fills.append(told)
        known = apply_fills(known, fills, NOW)

        assert known.filled_quantity >= before.filled_quantity
        assert known.filled_quantity <= 10
        assert known.status is before.status or known.status in TRANSITIONS[before.status]
    assert untimed(known) == untimed(life.end)
