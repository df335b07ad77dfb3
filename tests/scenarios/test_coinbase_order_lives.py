"""Orders of the simulated Coinbase: how they rest, trade and end, and their money."""

from decimal import Decimal
from typing import Any

import pytest

from tests.scenarios.plain_client import START_NS, PlainClient, Stream, limit_gtc
from venuetree.scenarios.simulated.coinbase import Settings
from venuetree.scenarios.simulated.matching import Side
from venuetree.scenarios.simulated.numbers import rfc3339

D = Decimal
OPENING = D("64283.25")


def told(stream: Stream, order_id: str) -> list[tuple[str, str, str]]:
    """(status, cumulative quantity, leaves quantity) of an order on the user channel."""
    return [
        (order["status"], order["cumulative_quantity"], order["leaves_quantity"])
        for frame in stream.frames()
        if frame["channel"] == "user"
        for event in frame["events"]
        for order in event["orders"]
        if order["order_id"] == order_id
    ]


def test_the_account_begins_as_promised() -> None:
    """Enough of everything, nothing worth ten million, nothing held, no open order."""
    client = PlainClient()
    accounts = {a["currency"]: a for a in client.get("/accounts")["accounts"]}
    prices = {"USD": D(1), "USDC": D(1), "BTC": OPENING, "ETH": D("3120.55")}

    worth = {
        name: D(a["available_balance"]["value"]) * prices[name] for name, a in accounts.items()
    }

    assert all(10**6 <= value < 10**7 for value in worth.values()), worth
    assert {a["hold"]["value"] for a in accounts.values()} == {"0"}
    assert client.get("/orders/historical/batch", ("order_status", "OPEN"))["orders"] == []


def test_a_limit_order_rests_with_its_money_held_and_gives_it_back_when_cancelled() -> None:
    """PENDING, OPEN, CANCEL_QUEUED, CANCELLED; the hold includes the taker's fee."""
    client = PlainClient()
    stream = client.stream("user_stream")
    stream.subscribe("user", signed=True)

    order_id = client.placed(limit_gtc("0.5", "60000.10", post_only=True))
    resting, held = client.order(order_id), client.sim.balance("USD").held
    answer = client.post("/orders/batch_cancel", {"order_ids": [order_id]})
    queued = client.order(order_id)
    client.advance(0.05)

    assert (resting["status"], resting["outstanding_hold_amount"]) == ("OPEN", "30270.05045")
    assert held == D("0.5") * D("60000.10") * D("1.009")
    assert answer["results"] == [
        {
            "success": True,
            "failure_reason": "UNKNOWN_CANCEL_FAILURE_REASON",
            "order_id": order_id,
        }
    ]
    assert (queued["status"], queued["pending_cancel"]) == ("CANCEL_QUEUED", True)
    over = client.order(order_id)
    assert (over["status"], over["pending_cancel"]) == ("CANCELLED", False)
    assert client.sim.balance("USD").held == 0
    assert told(stream, order_id) == [
        ("PENDING", "0", "0.5"),
        ("OPEN", "0", "0.5"),
        ("CANCEL_QUEUED", "0", "0.5"),
        ("CANCELLED", "0", "0"),
    ]


def test_a_resting_order_is_filled_in_parts_at_its_own_price() -> None:
    """Maker's price, maker's fee; an order with fills stays OPEN until it is FILLED."""
    client = PlainClient()
    stream = client.stream("user_stream")
    stream.subscribe("user", signed=True)
    order_id = client.placed(limit_gtc("1", "64283.25"))

    client.sim.trade("BTC-USD", Side.SELL, D("0.4"))
    half = client.order(order_id)
    client.sim.trade("BTC-USD", Side.SELL, D("0.6"))

    assert (half["status"], half["filled_size"], half["completion_percentage"]) == (
        "OPEN",
        "0.4",
        "40",
    )
    assert D(half["outstanding_hold_amount"]) == D("0.6") * OPENING * D("1.009")
    whole = client.order(order_id)
    value = D(1) * OPENING
    assert (whole["status"], D(whole["filled_value"]), D(whole["total_fees"])) == (
        "FILLED",
        value,
        value * D("0.005"),
    )
    assert told(stream, order_id) == [
        ("PENDING", "0", "1"),
        ("OPEN", "0", "1"),
        ("OPEN", "0.4", "0.6"),
        ("FILLED", "1", "0"),
    ]
    fills = client.get("/orders/historical/fills", ("order_ids", order_id))["fills"]
    assert [(f["size"], f["liquidity_indicator"], f["size_in_quote"]) for f in fills] == [
        ("0.6", "MAKER", False),
        ("0.4", "MAKER", False),
    ]
    assert client.sim.balance("USD").total == D(2000000) - value * D("1.005")
    assert client.sim.balance("BTC").total == D(51)


def test_a_market_buy_by_quote_spends_no_more_than_that_with_fees() -> None:
    """Its fills tell their size in quote currency."""
    client = PlainClient()

    order_id = client.placed({"market_market_ioc": {"quote_size": "250.00"}})

    order = client.order(order_id)
    spent = D(order["filled_value"]) + D(order["total_fees"])
    assert (order["status"], order["order_type"]) == ("FILLED", "MARKET")
    assert (order["size_in_quote"], order["size_inclusive_of_fees"]) == (True, True)
    assert D("249.99") < spent <= 250
    assert client.sim.balance("USD").total == 2000000 - spent
    (fill,) = client.get("/orders/historical/fills", ("order_ids", order_id))["fills"]
    assert (fill["size_in_quote"], fill["liquidity_indicator"]) == (True, "TAKER")
    assert D(fill["size"]) / D(fill["price"]) == D(order["filled_size"])


def test_a_market_sell_by_base_walks_down_the_book() -> None:
    """Several makers, one order; the fee comes out of the proceeds."""
    client = PlainClient()
    bids = client.sim.book("BTC-USD", Side.BUY)
    size = bids[0][1] + bids[1][1]

    order_id = client.placed({"market_market_ioc": {"base_size": f"{size:f}"}}, side="SELL")

    value = sum((price * quantity for price, quantity in bids[:2]), start=D(0))
    order = client.order(order_id)
    assert (order["status"], order["number_of_fills"]) == ("FILLED", "2")
    assert D(order["filled_value"]) == value
    assert client.sim.balance("USD").total == 2000000 + value * (1 - D("0.009"))


def test_a_market_order_beyond_the_price_protection_is_cancelled_with_its_fills() -> None:
    """The book is far too thin for it: what is left ends CANCELLED."""
    client = PlainClient(Settings(levels=3, private_limit=None))

    order = client.order(client.placed({"market_market_ioc": {"base_size": "40"}}, side="SELL"))

    assert (order["status"], order["number_of_fills"]) == ("CANCELLED", "3")
    assert client.refused({"market_market_ioc": {"base_size": "1"}}, side="SELL") == (
        "INVALID_NO_LIQUIDITY",
        "PREVIEW_INVALID_NO_LIQUIDITY",
    )


@pytest.mark.parametrize(
    ("configuration", "status", "filled"),
    [
        ({"sor_limit_ioc": {"base_size": "0.01", "limit_price": "60000"}}, "CANCELLED", "0"),
        ({"sor_limit_ioc": {"base_size": "0.01", "limit_price": "65000"}}, "FILLED", "0.01"),
        ({"sor_limit_ioc": {"quote_size": "650", "limit_price": "65000"}}, "FILLED", "0.01"),
        ({"limit_limit_fok": {"base_size": "0.01", "limit_price": "65000"}}, "FILLED", "0.01"),
        ({"limit_limit_fok": {"base_size": "20", "limit_price": "64283.3"}}, "CANCELLED", "0"),
    ],
)
def test_immediate_orders_end_at_once(configuration: Any, status: str, filled: str) -> None:
    """IOC leftovers and killed FOKs end as CANCELLED."""
    client = PlainClient()

    order = client.order(client.placed(configuration))

    assert (order["status"], order["filled_size"]) == (status, filled)
    assert client.sim.balance("USD").held == 0


def test_a_good_till_date_order_expires() -> None:
    """OPEN until then, EXPIRED after."""
    client = PlainClient()
    end = rfc3339(START_NS + 2_000_000_000)
    fields = {"base_size": "0.1", "limit_price": "60000", "end_time": end, "post_only": False}

    order_id = client.placed({"limit_limit_gtd": fields})
    client.advance(1.9)
    before = client.order(order_id)
    client.advance(0.2)

    assert (before["status"], before["time_in_force"]) == ("OPEN", "GOOD_UNTIL_DATE_TIME")
    assert client.order(order_id)["status"] == "EXPIRED"
    assert client.sim.balance("USD").held == 0


def test_own_orders_never_trade_with_each_other() -> None:
    """The incoming one is cancelled, the resting one stays."""
    client = PlainClient()
    resting = client.placed(limit_gtc("0.1", "64283.25"))

    incoming = client.placed(limit_gtc("0.1", "64283.25"), side="SELL")

    assert client.order(incoming)["status"] == "CANCELLED"
    assert client.order(resting)["status"] == "OPEN"
