"""The ledger: an order's life, case by case."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from tests.support.ledgers import (
    FILLED,
    KEY,
    NEW,
    OPEN,
    PARTIAL,
    REJECTED,
    SENT,
    UNKNOWN,
    opened,
    placed,
    status,
    summary,
)
from tests.support.order_strategies import EXCHANGE, NOW, fill, order, report, request
from venuetree.protocol.errors import OrderInvalid
from venuetree.protocol.ledger import Ledger
from venuetree.protocol.models import (
    Closing,
    MarginTerms,
    OrderKey,
    OrderStatus,
    ReportSource,
    Side,
)


def test_each_change_of_an_order_is_told_once() -> None:
    """Intent, sending, acknowledgement, a repetition, the end."""
    books = Ledger(EXCHANGE)

    assert summary(books.intend(request(), NOW)) == [("c1", NEW)]
    assert summary(books.sent("c1", NOW)) == [("c1", SENT)]
    assert summary(books.report(report(OPEN))) == [("c1", OPEN)]
    assert summary(books.report(report(OPEN))) == []
    assert summary(books.report(report(FILLED))) == [("c1", FILLED)]
    assert books.orders() == (order(FILLED, filled_quantity=Decimal(1)),)


def test_an_update_carries_both_times() -> None:
    """The exchange's and ours; ours alone where the change was ours."""
    books = Ledger(EXCHANGE)
    (intended,) = books.intend(request(), NOW)
    (told,) = books.report(report(OPEN, exchange_time_ns=NOW + 7, received_time_ns=NOW + 9))

    assert (intended.exchange_time_ns, intended.received_time_ns) == (None, NOW)
    assert (told.exchange_time_ns, told.received_time_ns) == (NOW + 7, NOW + 9)


@pytest.mark.parametrize("used", ["c1", ""])
def test_a_client_order_id_is_used_once(used: str) -> None:
    """Also after the order's end; and there must be one."""
    books = opened()
    books.report(report(FILLED))

    with pytest.raises(OrderInvalid):
        books.intend(request(used), NOW)
    assert len(books.orders()) == 1


@pytest.mark.parametrize(
    "other", [{"side": Side.SELL}, {"quantity": Decimal(3)}, {"price": Decimal(31)}]
)
def test_an_older_order_with_other_terms_is_not_taken_for_ours(other: dict[str, Any]) -> None:
    """One that bore our id before, as a list of open orders tells it while ours is on its way."""
    terms: dict[str, Any] = {"side": Side.BUY, "quantity": Decimal(1), "price": Decimal(30)}
    books = Ledger(EXCHANGE)
    books.intend(evolve(request(), **terms), NOW)
    books.sent("c1", NOW)
    books.report(report(OPEN, exchange_order_id="x9", **(terms | other)))
    books.report(report(OPEN, exchange_order_id="x9"))

    assert status(books) is SENT
    assert [held.exchange_order_id for held in books.orders()] == ["", "x9"]

    books.report(report(OPEN, exchange_order_id="x1", **terms))

    assert status(books) is OPEN
    assert books.find(OrderKey(exchange_order_id="x1")) == books.order("c1")


def test_what_was_proved_or_answered_is_of_our_order_however_its_terms_are_told() -> None:
    """Whoever proved it has compared them, in the exchange's own way."""
    for source, proved_of in ((ReportSource.REPLY, ""), (ReportSource.QUERY, "c1")):
        books = Ledger(EXCHANGE)
        books.intend(evolve(request(), price=Decimal(30)), NOW)
        books.sent("c1", NOW)
        told = report(OPEN, exchange_order_id="x1", price=Decimal(31))
        books.report(evolve(told, source=source), proved_of=proved_of)

        assert status(books) is OPEN


def test_of_an_order_that_closes_all_there_is_any_size_may_be_told() -> None:
    """However much that is by then: the size that was asked for is a guess."""
    books = Ledger(EXCHANGE)
    terms = MarginTerms(closing=Closing(is_whole=True))
    books.intend(evolve(request(), quantity=Decimal(1), price=None, margin=terms), NOW)
    books.sent("c1", NOW)
    books.report(report(OPEN, exchange_order_id="x1", quantity=Decimal(2), price=None))

    assert status(books) is OPEN


def test_an_order_is_found_by_either_id() -> None:
    """The exchange's decides if they name different orders."""
    books = opened()
    books.intend(request("c2"), NOW)

    assert books.find(OrderKey(client_order_id="c1")) == books.find(
        OrderKey(exchange_order_id="x1")
    )
    assert books.find(OrderKey("", "c2", "x1")) == books.order("c1")
    assert books.find(OrderKey(client_order_id="c9")) is None


def test_what_was_sent_is_kept_for_resolving() -> None:
    """The request, and when its first byte may have left: the first time counts."""
    books = placed()
    books.sent("c1", NOW + 5)

    assert (books.request("c1"), books.sent_time_ns("c1")) == (request(), NOW)
    assert (books.request("c9"), books.sent_time_ns("c9")) == (None, 0)


def test_a_missing_verdict_is_to_be_resolved_until_the_exchange_tells() -> None:
    """The order is listed as unknown; its absence is then proved."""
    books = placed()

    assert summary(books.unknown("c1", "timed out", NOW)) == [("c1", UNKNOWN)]
    assert books.unknown_orders() == ("c1",)
    assert books.doubtful() == ()
    assert summary(books.unknown("c1", "timed out again", NOW)) == []
    assert summary(books.absent("c1", "nowhere", NOW)) == [("c1", REJECTED)]
    assert books.unknown_orders() == ()


def test_a_late_word_of_the_exchange_undoes_absence() -> None:
    """The proof was wrong; the order is open, and told to be."""
    books = placed()
    books.absent("c1", "nowhere", NOW)

    assert summary(books.report(report(OPEN))) == [("c1", OPEN)]
    assert books.open_orders() == (order(OPEN),)


def test_a_rejection_is_void_once_the_exchange_has_numbered_the_order() -> None:
    """A refused repetition does not end the first one."""
    assert summary(opened().rejected("c1", "duplicate", NOW)) == []


def test_a_refused_cancel_must_be_asked_about() -> None:
    """Why it was refused is the order's state."""
    books = opened()

    assert summary(books.cancelling(KEY, NOW)) == [("c1", OPEN)]
    assert summary(books.cancel_refused(KEY, NOW)) == [("c1", OPEN)]
    assert books.doubtful() == (KEY,)
    books.report(report(FILLED))
    assert books.doubtful() == ()


def test_an_edit_is_expected_before_it_is_told() -> None:
    """The larger quantity holds, so that a fill of all the old one is not the end."""
    books = opened()
    books.editing(KEY, request(quantity="2"), NOW)
    books.fill(fill(1, "1"), NOW)

    assert status(books) is PARTIAL


def test_news_of_names_that_are_not_known_changes_nothing() -> None:
    """Of orders that were never there, or are forgotten."""
    books = Ledger(EXCHANGE)
    key = OrderKey(client_order_id="c9")

    assert books.sent("c9", NOW) == ()
    assert books.unknown("c9", "", NOW) == ()
    assert books.rejected("c9", "", NOW) == ()
    assert books.absent("c9", "", NOW) == ()
    assert books.cancelling(key, NOW) == ()
    assert books.cancel_refused(key, NOW) == ()
    assert books.editing(key, request(), NOW) == ()
    books.doubt(key)
    assert books.report(report(OPEN, client_order_id="c9", exchange_order_id="")) == ()
    assert (books.orders(), books.doubtful()) == ((), ())


def test_orders_are_counted_by_state() -> None:
    """All states are there."""
    books = opened()
    books.intend(request("c2"), NOW)
    none = dict.fromkeys((status.value for status in OrderStatus), 0)

    assert books.counts() == {**none, "open": 1, "new": 1}
