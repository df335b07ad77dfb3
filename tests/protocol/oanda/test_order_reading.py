"""Orders and executions that are asked for: by the list where they wait, by the log where not."""

from decimal import Decimal
from typing import Any

import pytest

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
from venuetree.protocol.commands import FetchFills, FetchOpenOrders, FetchOrder, FetchOrders
from venuetree.protocol.errors import (
    AuthRefused,
    ExchangeRefused,
    ExchangeUnavailable,
    OrderNotFound,
    PermissionRefused,
    RemoteProtocolError,
)
from venuetree.protocol.models import (
    Fill,
    Liquidity,
    OrderKey,
    OrderReport,
    OrderStatus,
    OrderType,
    ReportSource,
    Side,
    TimeInForce,
)
from venuetree.protocol.port import Effect, Lane, RestReply
from venuetree.protocol.timestamps import SECOND

D = Decimal
HOUR = 3600 * SECOND
DAY = 24 * HOUR
UNKNOWN = refusal("NO_SUCH_ORDER", "The order ID specified does not exist", 404)


def listed(**fields: Any) -> dict[str, Any]:
    """An order as the exchange's list tells it."""
    return {
        "id": "6407",
        "createTime": "2024-06-11T14:03:20.000000005Z",
        "type": "LIMIT",
        "instrument": "EUR_USD",
        "units": "-10000",
        "price": "1.09100",
        "timeInForce": "GTC",
        "state": "PENDING",
        "clientExtensions": {"id": "c1"},
        **fields,
    }


def order(log: MemoryLog, key: OrderKey | None = None, asked: Asked | None = None) -> OrderReport:
    """One order's state."""
    return converse(FetchOrder(key or OrderKey("EUR-USD", "c1", "6407")), log, asked=asked)


def with_list(*entries: dict[str, Any], told: RestReply = UNKNOWN, **others: Any) -> MemoryLog:
    """A log beside which the list answers so."""
    return MemoryLog(entries, {"/orders/6407": told, "/orders/@c1": told, **others})


# ---------------------------------------------------------------- one order


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


# ---------------------------------------------------------------- by our id alone


BY_ID = OrderKey(client_order_id="c1")


def days_ago(days: float) -> int:
    """A time of the exchange's."""
    return NOW_NS - int(days * DAY)


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


# ---------------------------------------------------------------- exits

STOP_LOSS = {
    "id": "6407",
    "createTime": "2024-06-11T14:03:20Z",
    "type": "STOP_LOSS",
    "tradeID": "6402",
    "price": "1.08125",
    "timeInForce": "GTC",
    "state": "PENDING",
}
TRADE = {
    "id": "6402",
    "instrument": "EUR_USD",
    "price": "1.08425",
    "openTime": "2024-06-11T14:03:19Z",
    "initialUnits": "-10000",
    "state": "OPEN",
    "currentUnits": "-4000",
    "realizedPL": "0.0000",
    "financing": "0.0000",
}


def test_an_exit_that_waits_has_what_it_lacks_of_its_trade() -> None:
    """It ends what is open of it."""
    log = with_list(told=reply({"order": STOP_LOSS}), **{"/trades/6402": reply({"trade": TRADE})})
    report = order(log)

    assert (report.instrument, report.side, report.quantity) == ("EUR-USD", Side.BUY, D(4000))
    assert (report.type, report.trade_id) == (OrderType.STOP_LOSS, "6402")
    assert report.stop_price == D("1.08125")


def test_an_exit_of_a_trade_that_is_told_no_more_has_it_of_the_opening() -> None:
    """A trade's number is that of the execution that opened it."""
    gone = refusal("NO_SUCH_TRADE", status=404)
    made = created(6407, kind="STOP_LOSS_ORDER", tradeID="6402", price="1.08125", reason="ON_FILL")
    del made["instrument"], made["units"]
    opening = filled(6402, 6401, units="-10000")
    waiting = order(with_list(opening, made, **{"/trades/6402": gone}))
    ended = order(
        with_list(opening, made, cancelled(6408, 6407, "LINKED_TRADE_CLOSED", batch=6408))
    )

    for report in (waiting, ended):
        assert (report.instrument, report.side, report.quantity) == ("EUR-USD", Side.BUY, D(10000))
    assert ended.status is OrderStatus.CANCELLED


def test_an_executed_exit_needs_no_trade() -> None:
    """Its execution tells."""
    made = created(6407, kind="STOP_LOSS_ORDER", tradeID="6402", price="1.08125", reason="ON_FILL")
    del made["instrument"], made["units"]
    asked = Asked()
    report = order(
        with_list(made, filled(6408, 6407, units="10000", reason="STOP_LOSS_ORDER")), asked=asked
    )

    assert (report.instrument, report.side, report.quantity) == ("EUR-USD", Side.BUY, D(10000))
    assert report.status is OrderStatus.FILLED
    assert len(asked.paths) == 3


# ---------------------------------------------------------------- lists


def test_open_orders_are_read_with_the_trades_that_they_leave() -> None:
    """In one question about the account as a whole."""
    body = {
        "account": {
            "currency": "USD",
            "orders": [listed(), STOP_LOSS, listed(id="6500", instrument="USD_JPY")],
            "trades": [TRADE],
            "lastTransactionID": "6500",
        },
        "lastTransactionID": "6500",
    }
    asked = Asked()
    reports = converse(FetchOpenOrders("EUR-USD"), lambda _: reply(body), asked=asked)
    everything = converse(FetchOpenOrders(), lambda _: reply(body))

    assert asked.paths == [""]
    assert [(each.type, each.side, each.quantity) for each in reports] == [
        (OrderType.LIMIT, Side.SELL, D(10000)),
        (OrderType.STOP_LOSS, Side.BUY, D(4000)),
    ]
    assert len(everything) == 3


LOG = [
    created(10, "a", time_ns=days_ago(9)),
    created(11, "b", time_ns=days_ago(6)),
    filled(12, 11, "b", time_ns=days_ago(6)),
    created(13, "c", time_ns=days_ago(5), instrument="USD_JPY"),
    created(14, "d", time_ns=days_ago(4), kind="LIMIT_ORDER", price="1.1"),
    refused(15, "e"),
    created(16, "f", time_ns=days_ago(2), kind="LIMIT_ORDER", price="1.2"),
    cancelled(17, 14, time_ns=days_ago(1), batch=17),
    created(18, "g", time_ns=NOW_NS - SECOND),
]


@pytest.mark.parametrize("cut", [1, 2, 3, 1000])
def test_orders_of_a_time_are_told_as_they_became(cut: int) -> None:
    """Newest first, refusals left out; the last seven days unless more is said."""
    log = MemoryLog(LOG, cut=cut)
    found = converse(FetchOrders(), log)
    named = converse(FetchOrders("EUR-USD"), log)

    assert [(each.client_order_id, each.status) for each in found] == [
        ("g", OrderStatus.OPEN),
        ("f", OrderStatus.OPEN),
        ("d", OrderStatus.CANCELLED),
        ("c", OrderStatus.OPEN),
        ("b", OrderStatus.FILLED),
    ]
    assert [each.client_order_id for each in named] == ["g", "f", "d", "b"]


@pytest.mark.parametrize(
    ("start", "end", "limit", "names"),
    [
        (days_ago(9), None, None, "gfdcba"),
        (days_ago(5), None, None, "gfdc"),
        (days_ago(5) + 1, None, None, "gfd"),
        (days_ago(5), days_ago(2), None, "dc"),
        (days_ago(5), days_ago(2) + 1, None, "fdc"),
        (None, None, 2, "gf"),
        (None, days_ago(2), 2, "dc"),
        (days_ago(800), None, None, "gfdcba"),
        (NOW_NS - 2 * SECOND, None, None, "g"),
        (NOW_NS, None, None, ""),
    ],
)
def test_a_time_is_from_its_start_to_before_its_end(
    start: int | None, end: int | None, limit: int | None, names: str
) -> None:
    """Whatever has become of the orders after it."""
    for cut in (2, 1000):
        found = converse(FetchOrders("", start, end, limit), MemoryLog(LOG, cut=cut))
        assert "".join(each.client_order_id for each in found) == names
        ends = {each.client_order_id: each.status for each in found}
        assert ends.get("d", OrderStatus.CANCELLED) is OrderStatus.CANCELLED


def test_a_limit_leaves_older_entries_unread() -> None:
    """They are read from the newest on."""
    asked = Asked()
    log = MemoryLog([created(5, "a", time_ns=days_ago(6)), created(2000, "b"), created(2001, "c")])
    converse(FetchOrders(limit=2), log, asked=asked)

    assert asked.paths[1:] == ["/transactions/idrange?from=1002&to=2001"]


def test_ids_that_were_left_out_end_nothing() -> None:
    """As long as the exchange says that there is more of the time before them."""
    log = MemoryLog([created(5, "a", time_ns=days_ago(6)), created(9000, "b")])

    assert [each.client_order_id for each in converse(FetchOrders(), log)] == ["b", "a"]


def test_times_are_those_of_the_exchange_s_clock() -> None:
    """Which may differ from ours."""
    log = MemoryLog(LOG)
    found = converse(FetchOrders("", days_ago(5)), log, clock_offset_ns=-SECOND)
    late = converse(FetchOrders("", days_ago(5)), log, clock_offset_ns=SECOND)

    assert [each.client_order_id for each in found][-1] == "c"
    assert [each.client_order_id for each in late][-1] == "d"


def test_exits_are_listed_with_what_the_opening_tells() -> None:
    """From the same pages if it is there, else by a question each."""
    made = created(21, kind="TAKE_PROFIT_ORDER", tradeID="20", price="1.2", reason="ON_FILL")
    also = created(22, kind="STOP_LOSS_ORDER", tradeID="5", price="1.1", reason="CLIENT_ORDER")
    for entry in (made, also):
        del entry["instrument"], entry["units"]
    old = filled(5, 4, units="-300", instrument="USD_JPY", time_ns=days_ago(20))
    log = MemoryLog([old, created(19, "h"), filled(20, 19), made, also])
    asked = Asked()
    found = converse(FetchOrders(), log, asked=asked)

    assert [(each.instrument, each.side, each.quantity) for each in found] == [
        ("USD-JPY", Side.BUY, D(300)),
        ("EUR-USD", Side.SELL, D(10000)),
        ("EUR-USD", Side.BUY, D(10000)),
    ]
    assert asked.paths[-1] == "/transactions/5"
    assert len(converse(FetchOrders("EUR-USD"), log)) == 2


# ---------------------------------------------------------------- executions


def test_executions_of_an_order_are_what_comes_after_it() -> None:
    """No more of the log than that is read."""
    log = MemoryLog([created(6401, "c1"), created(6402), filled(6403, 6402), filled(6404, 6401)])
    asked = Asked()
    found = converse(FetchFills(OrderKey("EUR-USD", "c1", "6401")), log, asked=asked)

    assert asked.paths == ["/transactions/sinceid?id=6401"]
    assert found == (
        Fill(
            exchange="oanda",
            instrument="EUR-USD",
            fill_id="6404",
            exchange_order_id="6401",
            side=Side.BUY,
            price=D("1.08425"),
            quantity=D(10000),
            fee=D("0.0000"),
            fee_currency="",
            liquidity=Liquidity.UNKNOWN,
            exchange_time_ns=NOW_NS,
            client_order_id="c1",
            trade_id="6404",
        ),
    )


def test_executions_of_an_order_of_ours_are_found_by_its_number() -> None:
    """Which is looked up first."""
    log = MemoryLog([created(6407, "c1"), filled(6408, 6407, "c1")], {"/orders/@c1": UNKNOWN})
    (found,) = converse(FetchFills(BY_ID), log)

    assert found.fill_id == "6408"


@pytest.mark.parametrize("number", ["x", "-1", "٣"])
def test_what_is_no_number_is_no_order(number: str) -> None:
    """Nothing is asked for it."""
    with pytest.raises(OrderNotFound):
        converse(FetchFills(OrderKey(exchange_order_id=number)), MemoryLog([]))


def test_a_position_that_the_log_does_not_have_is_no_order() -> None:
    """But a refused key is a refused key."""
    key = FetchFills(OrderKey(exchange_order_id="5"))
    with pytest.raises(OrderNotFound):
        converse(key, MemoryLog([], is_position_refused=True))
    with pytest.raises(AuthRefused):
        converse(key, lambda _: refusal("", status=401))


FILLS = [
    created(1, time_ns=days_ago(9)),
    filled(2, 1, time_ns=days_ago(9)),
    created(3, time_ns=days_ago(3), units="-5"),
    filled(4, 3, units="-5", time_ns=days_ago(3)),
    created(5, time_ns=days_ago(2)),
    filled(6, 5, instrument="USD_JPY", time_ns=days_ago(2)),
    created(7),
    filled(8, 7, time_ns=NOW_NS - SECOND),
    cancelled(9, 1),
]


@pytest.mark.parametrize(
    ("command", "ids"),
    [
        (FetchFills(), ["8", "6", "4"]),
        (FetchFills(instrument="EUR-USD"), ["8", "4"]),
        (FetchFills(start_time_ns=days_ago(10)), ["8", "6", "4", "2"]),
        (FetchFills(start_time_ns=days_ago(2)), ["8", "6"]),
        (FetchFills(start_time_ns=days_ago(2) + 1), ["8"]),
        (FetchFills(instrument="EUR-USD", limit=1), ["8"]),
        (FetchFills(instrument="USD-JPY", limit=5), ["6"]),
        (FetchFills(instrument="GBP-USD"), []),
        (FetchFills(OrderKey(exchange_order_id="3"), start_time_ns=days_ago(3)), ["4"]),
        (FetchFills(OrderKey(exchange_order_id="3"), start_time_ns=days_ago(2)), []),
    ],
)
@pytest.mark.parametrize("cut", [1, 2, 1000])
def test_executions_are_told_newest_first(command: FetchFills, ids: list[str], cut: int) -> None:
    """Of an instrument, of a time, or both."""
    asked = Asked()
    found = converse(command, MemoryLog(FILLS, cut=cut), asked=asked)

    assert [fill.fill_id for fill in found] == ids
    assert all(request.effect is Effect.READ for request in asked.requests)
    assert all(request.lane is Lane.DATA for request in asked.requests)
    if ids and ids[-1] == "4":
        assert found[-1].side is Side.SELL


def test_executions_alone_are_asked_for() -> None:
    """But of a time that one answer cannot bound everything is: nothing else tells its end."""
    asked, long = Asked(), Asked()
    converse(FetchFills(), MemoryLog(FILLS), asked=asked)
    converse(FetchFills(start_time_ns=days_ago(500)), MemoryLog(FILLS), asked=long)

    assert asked.paths[1:] == [
        "/transactions/idrange?from=1&to=9&type=ORDER_FILL",
        "/transactions/idrange?from=9&to=9&type=ORDER_FILL",
    ]
    assert long.paths[1:] == ["/transactions/idrange?from=1&to=9"]


def test_an_exchange_that_refuses_the_time_is_told() -> None:
    """As what it is."""
    with pytest.raises(ExchangeRefused):
        converse(FetchFills(), lambda _: refusal("", "Invalid value specified for 'to'"))
