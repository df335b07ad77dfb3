"""Orders and fills that are asked for on the simulated Binance.US, and answers that lag."""

from decimal import Decimal
from typing import Any

from tests.scenarios.binance_us_thin_market import NO_ORDER, thin_market
from tests.scenarios.plain_binance_us import PlainClient, bad, good
from venuetree.scenarios.faults import DelayFills, LaggingOpenOrders, StaleReplica
from venuetree.scenarios.simulated.matching import Side

D = Decimal


def test_lists_of_orders_and_fills_can_be_narrowed() -> None:
    """By id from the oldest; by time; without anything the newest."""
    client = thin_market()
    for number in range(3):
        client.place(type="MARKET", quantity="0.01", newClientOrderId=f"o-{number}")
        client.now_ms += 1000
    everything = client.get("allOrders", symbol="BTCUSD")
    fills = client.get("myTrades", symbol="BTCUSD")
    ids, trades = [o["orderId"] for o in everything], [f["id"] for f in fills]
    times = [o["time"] for o in everything]

    def orders(**params: Any) -> list[int]:
        return [o["orderId"] for o in client.get("allOrders", symbol="BTCUSD", **params)]

    def fill_ids(**params: Any) -> list[int]:
        return [f["id"] for f in client.get("myTrades", symbol="BTCUSD", **params)]

    assert ids == sorted(ids) and trades == sorted(trades) and len(ids) == len(trades) == 3  # noqa: PT018
    assert orders(limit=2) == ids[1:]
    assert orders(orderId=ids[1]) == ids[1:]
    assert orders(orderId=ids[0], limit=1) == ids[:1]
    assert orders(startTime=times[1], endTime=times[1]) == ids[1:2]
    assert fill_ids(orderId=ids[2]) == trades[2:]
    assert fill_ids(fromId=trades[1]) == trades[1:]
    assert fill_ids(fromId=trades[0], limit=1) == trades[:1]
    assert fill_ids(limit=1) == trades[2:]
    assert fill_ids(endTime=times[0]) == trades[:1]
    day = 86_400_000
    too_long = {"symbol": "BTCUSD", "startTime": 1, "endTime": 1 + day + 1}
    assert bad(client.signed("GET", "myTrades", too_long)) == (
        -1127,
        "More than 24 hours between startTime and endTime.",
    )
    assert fill_ids(startTime=1, endTime=1 + day) == []
    mixed = {"symbol": "BTCUSD", "fromId": trades[0], "startTime": 1}
    assert bad(client.signed("GET", "myTrades", mixed)) == (
        -1128,
        "Combination of optional parameters invalid.",
    )


def test_a_stale_replica_knows_nothing_of_an_order_for_a_while() -> None:
    """Neither alone nor in lists; cancelling it works."""
    client = PlainClient()
    fault = client.sim.faults.add(StaleReplica(for_s=2))
    client.place(newClientOrderId="mine")
    one = {"symbol": "BTCUSD", "origClientOrderId": "mine"}

    early = client.signed("GET", "order", one)
    lists = [client.get("openOrders"), client.get("allOrders", symbol="BTCUSD")]
    client.now_ms += 2000

    assert bad(early) == NO_ORDER
    assert lists == [[], []]
    assert fault.fired == 3
    assert good(client.signed("GET", "order", one))["status"] == "NEW"


def test_a_lagging_list_of_open_orders_shows_the_past() -> None:
    """An order that is filled is still there, one that is new is not."""
    client = thin_market()
    client.place(newClientOrderId="old", price="64100", quantity="0.05")
    client.now_ms += 5000
    client.sim.trade("BTCUSD", Side.SELL, D("0.05"))
    client.place(newClientOrderId="new")
    client.sim.faults.add(LaggingOpenOrders(for_s=3, times=1))

    stale, fresh = client.get("openOrders"), client.get("openOrders")

    assert [(o["clientOrderId"], o["status"]) for o in stale] == [("old", "NEW")]
    assert [(o["clientOrderId"], o["status"]) for o in fresh] == [("new", "NEW")]


def test_fills_can_be_late_in_their_list() -> None:
    """The order says FILLED before the list of fills does."""
    client = thin_market()
    client.sim.faults.add(DelayFills(for_s=1, times=1))
    client.place(type="MARKET", newClientOrderId="mine")

    late = client.get("myTrades", symbol="BTCUSD")

    assert late == []
    assert len(client.get("myTrades", symbol="BTCUSD")) == 1
    assert client.status("mine") == "FILLED"


def test_an_order_that_ended_unfilled_is_archived_after_ninety_days() -> None:
    """Which is another answer than that there is none; one with a fill is kept."""
    client = thin_market()
    client.place(newClientOrderId="gone")
    client.cancel(origClientOrderId="gone", newClientOrderId="cancel")
    client.place(timeInForce="IOC", price="64500", quantity="0.3", newClientOrderId="filled")
    gone = {"symbol": "BTCUSD", "origClientOrderId": "cancel"}

    client.now_ms += 90 * 86_400_000
    kept = client.signed("GET", "order", gone)
    client.now_ms += 1
    archived = client.signed("GET", "order", gone)

    assert good(kept)["status"] == "CANCELED"
    assert bad(archived)[0] == -2026
    filled = client.get("order", symbol="BTCUSD", origClientOrderId="filled")
    assert (filled["status"], filled["executedQty"]) == ("EXPIRED", "0.10000000")
