"""One order by its number: told by the list where it waits, by the log where not."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.oanda_acting import Asked, cancelled, created, filled, refusal, refused, reply
from tests.support.oanda_waiting import listed, order, with_list
from venuetree.protocol.errors import (
    AuthRefused,
    ExchangeUnavailable,
    OrderNotFound,
    PermissionRefused,
    RemoteProtocolError,
)
from venuetree.protocol.models import (
    OrderKey,
    OrderStatus,
    OrderType,
    ReportSource,
    Side,
    TimeInForce,
)
from venuetree.protocol.port import RestReply

D = Decimal


def test_an_order_that_waits_is_told_by_the_list() -> None:
    """By the exchange's number, in one question."""
    asked = Asked()
    report = order(
        with_list(told=reply({"order": listed(), "lastTransactionID": "6413"})), asked=asked
    )

    assert asked.paths == ["/orders/6407"]
    assert asked.positions == ["6413"]
    assert report.status is OrderStatus.OPEN
    assert (report.side, report.quantity, report.price) == (Side.SELL, D(10000), D("1.09100"))
    assert report.source is ReportSource.QUERY


def test_an_order_that_waits_is_found_by_our_id() -> None:
    """Where the exchange's is not known."""
    asked = Asked()
    log = with_list(told=reply({"order": listed()}))
    report = order(log, OrderKey(client_order_id="c1"), asked)

    assert asked.paths == ["/orders/@c1"]
    assert report.exchange_order_id == "6407"


def test_the_end_of_a_listed_order_is_read_in_the_log() -> None:
    """The list tells neither why nor at what price."""
    asked = Asked()
    told = listed(state="FILLED", fillingTransactionID="6408", filledTime="2024-06-11T14:03:21Z")
    log = with_list(
        created(6407, "c1"),
        filled(6408, 6407, "c1", units="-10000", commission="0.25"),
        told=reply({"order": told}),
    )
    report = order(log, asked=asked)

    assert asked.paths == ["/orders/6407", "/transactions/6408"]
    assert report.status is OrderStatus.FILLED
    assert (report.filled_quantity, report.average_price) == (D(10000), D("1.08425"))
    assert report.fees == D("0.25")
    assert report.price == D("1.09100")


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("CLIENT_REQUEST", OrderStatus.CANCELLED),
        ("TIME_IN_FORCE_EXPIRED", OrderStatus.EXPIRED),
        ("INSUFFICIENT_MARGIN", OrderStatus.CANCELLED),
    ],
)
def test_why_a_listed_order_was_cancelled_decides_how_it_ended(
    reason: str, status: OrderStatus
) -> None:
    """It may have expired."""
    told = listed(state="CANCELLED", cancellingTransactionID="6410")
    log = with_list(cancelled(6410, 6407, reason, batch=6410), told=reply({"order": told}))
    report = order(log)

    assert (report.status, report.reason) == (status, reason)
    assert report.filled_quantity == D(0)


def test_an_end_that_the_log_does_not_have_is_told_as_the_list_has_it() -> None:
    """Less, but not wrong."""
    told = listed(state="CANCELLED", cancellingTransactionID="6410")
    report = order(with_list(told=reply({"order": told})))

    assert (report.status, report.reason) == (OrderStatus.CANCELLED, "")


def test_an_order_that_is_listed_no_more_is_read_in_the_log() -> None:
    """Its number is that of the transaction that created it, and its end comes after."""
    asked = Asked()
    log = with_list(
        created(6407, "c1", units="-10000", kind="LIMIT_ORDER", price="1.09100"),
        created(6408, "other"),
        filled(6409, 6408),
        filled(6410, 6407, "c1", units="-10000"),
        created(6411, "later"),
    )
    log.cut = 2
    report = order(log, asked=asked)

    assert asked.paths == [
        "/orders/6407",
        "/transactions/6407",
        "/transactions/sinceid?id=6407",
        "/transactions/sinceid?id=6409",
    ]
    assert (report.status, report.filled_quantity) == (OrderStatus.FILLED, D(10000))
    assert report.side is Side.SELL
    assert report.type is OrderType.LIMIT
    assert report.time_in_force is TimeInForce.GOOD_TILL_CANCELLED


def test_a_rejected_order_is_told_so() -> None:
    """It was created and ended at once."""
    report = order(
        with_list(created(6407, "c1"), cancelled(6408, 6407, "MARKET_HALTED", batch=6407))
    )

    assert (report.status, report.reason) == (OrderStatus.REJECTED, "MARKET_HALTED")


def test_the_cancel_of_the_rest_belongs_to_the_end() -> None:
    """Though a page of the log ends in between."""
    log = with_list(
        created(6407, "c1", timeInForce="IOC"),
        filled(6408, 6407, units="4000", requestedUnits="10000"),
        cancelled(6409, 6407, "INSUFFICIENT_LIQUIDITY", batch=6407),
    )
    log.cut = 1
    report = order(log)

    assert (report.status, report.reason) == (OrderStatus.CANCELLED, "INSUFFICIENT_LIQUIDITY")
    assert report.filled_quantity == D(4000)


def test_an_order_executed_in_part_ends_with_its_batch() -> None:
    """What comes later is not waited for."""
    log = with_list(
        created(6407, "c1"),
        filled(6408, 6407, units="4000", requestedUnits="10000"),
        created(6409, "later"),
        created(6410, "later still"),
    )
    log.cut = 2
    asked = Asked()
    report = order(log, asked=asked)

    assert (report.status, report.filled_quantity) == (OrderStatus.CANCELLED, D(4000))
    assert len(asked.paths) == 3


def test_the_log_is_read_no_farther_than_the_end_of_the_order() -> None:
    """What comes after is others'."""
    log = with_list(created(6407, "c1"), cancelled(6408, 6407, batch=6408), created(6409))
    log.cut = 1
    asked = Asked()

    assert order(log, asked=asked).status is OrderStatus.CANCELLED
    assert asked.paths[-1] == "/transactions/sinceid?id=6407"
    whole = with_list(created(6407, "c1"), filled(6408, 6407), created(6409))
    whole.cut = 1
    assert order(whole, asked=asked).status is OrderStatus.FILLED
    assert asked.paths[-1] == "/transactions/sinceid?id=6407"


def test_what_was_executed_before_a_cancel_counts() -> None:
    """Whatever the cancel is for."""
    log = with_list(
        created(6407, "c1"),
        filled(6408, 6407, units="4000", requestedUnits="10000"),
        cancelled(6409, 6407, "MIGRATION", batch=6409),
    )
    report = order(log)

    assert (report.status, report.reason) == (OrderStatus.CANCELLED, "MIGRATION")
    assert report.filled_quantity == D(4000)


def test_several_executions_would_be_added_up() -> None:
    """An order has one at the most, but no money is to be lost by that."""
    made = created(6407, "c1", kind="LIMIT_ORDER", price="1.1")
    first = filled(6408, 6407, units="4000", price="1.0", commission="1")
    second = filled(6409, 6407, units="6000", price="1.5", commission="2")
    del first["requestedUnits"], second["requestedUnits"]
    report = order(with_list(made, first, second))

    assert (report.status, report.filled_quantity) == (OrderStatus.FILLED, D(10000))
    assert (report.average_price, report.fees) == (D("1.3"), D("3.0000"))


def test_a_part_is_a_part_though_what_was_requested_is_not_told() -> None:
    """The order says how much that was."""
    fill = filled(6408, 6407, units="4000")
    del fill["requestedUnits"]
    report = order(with_list(created(6407, "c1"), fill))

    assert (report.status, report.filled_quantity) == (OrderStatus.CANCELLED, D(4000))
    assert report.quantity == D(10000)


def test_an_order_without_an_end_in_the_log_is_open() -> None:
    """The list may lag behind: it was asked first."""
    assert order(with_list(created(6407, "c1"))).status is OrderStatus.OPEN


def test_the_position_of_the_log_that_was_read_is_told_on() -> None:
    """With every answer."""
    asked = Asked()
    order(with_list(created(6407, "c1"), filled(6408, 6407)), asked=asked)

    assert asked.positions == ["6408", "6408"]


@pytest.mark.parametrize("entry", [cancelled(6407, 5), filled(6407, 5), refused(6407, "c1")])
def test_a_transaction_that_creates_no_order_is_no_order(entry: dict[str, Any]) -> None:
    """Rejections are numbered too."""
    with pytest.raises(OrderNotFound):
        order(with_list(entry))


def test_a_number_that_the_log_does_not_have_is_no_order() -> None:
    """Neither waiting nor created."""
    with pytest.raises(OrderNotFound):
        order(with_list(created(6408, "c2")))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusal("", status=401), AuthRefused),
        (refusal("", status=403), PermissionRefused),
        (reply(b"", 503), ExchangeUnavailable),
    ],
)
def test_trouble_is_not_absence(answer: RestReply, kind: type[Exception]) -> None:
    """Neither of the list nor of the log."""
    with pytest.raises(kind):
        order(with_list(told=answer))
    with pytest.raises(kind):
        order(with_list(**{"/transactions/6407": answer}))
    ended = reply({"order": listed(state="CANCELLED", cancellingTransactionID="6410")})
    with pytest.raises(kind):
        order(with_list(told=ended, **{"/transactions/6410": answer}))


def test_an_entry_that_cannot_be_read_is_told_as_such() -> None:
    """And decides nothing."""
    bad = filled(6408, 6407, units="many")
    with pytest.raises(RemoteProtocolError):
        order(with_list(created(6407, "c1"), bad))
    with pytest.raises(RemoteProtocolError):
        order(with_list(created(6407, "c1"), {**bad, "time": "yesterday"}))
    with pytest.raises(RemoteProtocolError):
        order(with_list(created(6407, "c1"), {**bad, "id": 6408}))
