"""The ledger: lists of open orders, and what they leave in doubt."""

import pytest
from attrs import evolve

from tests.support.ledgers import (
    CANCELLED,
    EXPIRED,
    FILLED,
    KEY,
    OPEN,
    PARTIAL,
    opened,
    status,
    summary,
)
from tests.support.order_strategies import EXCHANGE, NOW, report, request
from venuetree.protocol.ledger import Ledger
from venuetree.protocol.models import OrderKey, OrderStatus, ReportSource


def test_an_open_order_that_a_list_lacks_is_asked_for_not_assumed() -> None:
    """It may have ended, or be newer than the list."""
    books = opened()
    books.intend(request("c2"), NOW)
    books.sent("c2", NOW)

    assert books.missing_from(()) == (KEY,)
    assert books.snapshot((), NOW) == ()
    assert status(books) is OPEN
    assert books.doubtful() == (KEY,)


def test_a_listed_order_is_news_like_any() -> None:
    """It is taken up, and missing from nothing."""
    books = opened()
    listed = (report(OPEN, "0.5"), report(OPEN, client_order_id="", exchange_order_id="x9"))

    assert summary(books.snapshot(listed, NOW)) == [("c1", PARTIAL), ("", OPEN)]
    assert books.doubtful() == ()


def test_a_list_never_brings_back_an_ended_order() -> None:
    """Lists lag by seconds."""
    books = opened()
    books.report(report(CANCELLED))

    assert books.snapshot((report(OPEN),), NOW) == ()
    assert status(books) is CANCELLED


@pytest.mark.parametrize("end", [FILLED, CANCELLED, EXPIRED])
def test_with_the_end_of_one_of_a_list_the_others_are_doubtful(end: OrderStatus) -> None:
    """It ended them, and the news of that may be lost. Those of no list, or another, are not."""
    books = Ledger(EXCHANGE)
    for number, list_id in enumerate(("7", "7", "8", ""), start=1):
        name, number_there = f"c{number}", f"x{number}"
        books.intend(request(name), NOW)
        books.sent(name, NOW)
        told = report(OPEN, client_order_id=name, exchange_order_id=number_there)
        books.report(evolve(told, list_id=list_id))
    assert books.doubtful() == ()

    books.report(report(end))
    assert books.doubtful() == (OrderKey("BTC-USD", "c2", "x2"),)
    books.report(report(EXPIRED, client_order_id="c2", exchange_order_id="x2"))
    assert books.doubtful() == ()
    known = books.order("c2")
    assert known is not None
    assert known.list_id == "7"


def test_orders_of_a_list_of_another_instrument_are_none_of_it() -> None:
    """Lists are numbered by instrument, as orders are."""
    books = Ledger(EXCHANGE, ids_per_instrument=True)
    for name, instrument in (("c1", "BTC-USD"), ("c2", "ETH-USD")):
        told = report(OPEN, client_order_id=name, exchange_order_id="x1", instrument=instrument)
        books.report(evolve(told, list_id="7"))
    books.report(report(FILLED, client_order_id="c1", exchange_order_id="x1"))

    assert books.doubtful() == ()


@pytest.mark.parametrize(
    ("source", "is_settled"),
    [(ReportSource.STREAM, False), (ReportSource.QUERY, True)],
)
def test_only_an_answer_ends_a_doubt(source: ReportSource, is_settled: bool) -> None:  # noqa: FBT001 - a table's column
    """What the stream says may have been on its way before the list."""
    books = opened()
    books.snapshot((), NOW)
    books.report(report(OPEN, source=source))

    assert (books.doubtful() == ()) is is_settled
