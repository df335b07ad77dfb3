"""One order by our id alone: where it is sought, and which of several is told."""

import pytest

from tests.support.oanda_acting import Asked, cancelled, created, filled, refused
from tests.support.oanda_waiting import BY_ID, days_ago, order, with_list
from venuetree.protocol.errors import OrderNotFound
from venuetree.protocol.models import OrderStatus


def test_an_order_of_ours_that_waits_no_more_is_searched_in_the_last_days() -> None:
    """From the newest page on, no farther than it must."""
    asked = Asked()
    log = with_list(
        created(1, "c1", time_ns=days_ago(8)),
        created(2, "old", time_ns=days_ago(3)),
        created(1500, "c1", time_ns=days_ago(2)),
        filled(1501, 1500, "c1", time_ns=days_ago(1)),
        created(2600, "newest"),
    )
    report = order(log, BY_ID, asked)

    assert (report.exchange_order_id, report.status) == ("1500", OrderStatus.FILLED)
    assert asked.paths == [
        "/orders/@c1",
        ("/transactions?from=2024-06-04T14%3A03%3A28Z&to=2024-06-11T14%3A02%3A28Z&pageSize=1000"),
        "/transactions/idrange?from=1601&to=2600",
        "/transactions/idrange?from=601&to=1600",
        "/transactions/idrange?from=1502&to=1600",
    ]


def test_the_newest_of_several_orders_of_our_id_is_told() -> None:
    """An id of ours may be used again."""
    log = with_list(created(1, "c1", time_ns=days_ago(2)), created(2, "c1", time_ns=days_ago(1)))

    assert order(log, BY_ID).exchange_order_id == "2"


def test_an_order_that_was_given_our_id_later_is_found() -> None:
    """By the change of what is written on it."""
    modified = {
        **cancelled(6409, 6407, time_ns=days_ago(1)),
        "type": "ORDER_CLIENT_EXTENSIONS_MODIFY",
        "clientExtensionsModify": {"id": "c1"},
    }
    log = with_list(created(6407, "c0", time_ns=days_ago(30)), modified, cancelled(6410, 6407))

    assert order(log, BY_ID).exchange_order_id == "6407"
    assert order(log, BY_ID).status is OrderStatus.CANCELLED
    recent = created(6407, "c0", time_ns=days_ago(2))
    assert order(with_list(recent, modified), BY_ID).exchange_order_id == "6407"


def test_an_order_of_our_id_that_is_nowhere_says_where_it_was_sought() -> None:
    """Other orders, and older ones, are none of it."""
    log = with_list(created(1, "c1", time_ns=days_ago(8)), created(2, "c2"))
    with pytest.raises(OrderNotFound) as caught:
        order(log, BY_ID)
    assert "7 days" in str(caught.value)
    assert "refused" not in str(caught.value)


def test_an_order_of_our_id_that_was_refused_is_none_and_says_why() -> None:
    """The reason is in the log."""
    with pytest.raises(OrderNotFound) as caught:
        order(with_list(refused(2, "c1", "UNITS_INVALID")), BY_ID)
    assert "UNITS_INVALID" in str(caught.value)
