"""Stops of the simulated Binance.US: when they trigger, and what becomes of them."""

from decimal import Decimal

import pytest

from tests.scenarios.binance_us_thin_market import thin_market
from tests.scenarios.plain_binance_us import PlainClient
from venuetree.scenarios.simulated.matching import Side

D = Decimal


def test_stops_wait_for_the_last_price_and_then_act() -> None:
    """A second NEW is told when one does; until then it is not on the book."""
    client = thin_market()
    client.sim.trade("BTCUSD", Side.BUY, D("0.00001"))  # the last price is 64,500
    client.place(type="STOP_LOSS", stopPrice="64600", quantity="0.05", newClientOrderId="stop")
    client.place(
        type="TAKE_PROFIT_LIMIT",
        side="SELL",
        stopPrice="64600",
        price="64650",
        quantity="0.02",
        newClientOrderId="profit",
    )
    waiting = client.get("order", symbol="BTCUSD", origClientOrderId="stop")
    accepted = [event for event in client.take_events() if event["e"] == "executionReport"]

    client.sim.trade("BTCUSD", Side.BUY, D("0.09999"))
    before = client.reports()
    client.sim.trade("BTCUSD", Side.BUY, D("0.00001"))

    assert (waiting["isWorking"], waiting["workingTime"]) == (False, -1)
    assert [(event["w"], "W" in event) for event in accepted] == [(False, False)] * 2
    assert before == []
    assert client.reports() == [
        *(("stop", "NEW", "NEW"), ("stop", "TRADE", "FILLED")),
        ("profit", "NEW", "NEW"),
    ]
    working = client.get("order", symbol="BTCUSD", origClientOrderId="profit")
    assert (working["isWorking"], working["workingTime"]) == (True, client.now_ms)


@pytest.mark.parametrize(
    ("side", "kind", "immediate", "waits"),
    [
        ("BUY", "STOP_LOSS", "64500.00", "64500.01"),
        ("SELL", "TAKE_PROFIT", "64500.00", "64500.01"),
        ("SELL", "STOP_LOSS", "64500.00", "64499.99"),
        ("BUY", "TAKE_PROFIT", "64500.00", "64499.99"),
    ],
)
def test_a_stop_on_the_wrong_side_of_the_last_price_is_refused(
    side: str, kind: str, immediate: str, waits: str
) -> None:
    """At the last price it would trigger at once; a tick away it waits."""
    client = thin_market()
    client.sim.trade("BTCUSD", Side.BUY, D("0.001"))
    params = {"side": side, "type": kind, "newClientOrderId": "stop"}

    assert client.refused(**params, stopPrice=immediate) == (
        -2010,
        "Order would trigger immediately.",
    )
    client.place(**params, stopPrice=waits)
    assert client.status("stop") == "NEW"


def test_a_stop_that_cannot_pay_when_it_triggers_expires() -> None:
    """It was accepted at its stop price; the book asks more."""
    client = PlainClient()
    client.empty_book()
    client.offer(Side.SELL, "1", "64500.00")
    client.offer(Side.SELL, "100", "100000.00")
    client.sim.trade("BTCUSD", Side.BUY, D("0.001"))
    client.place(type="STOP_LOSS", stopPrice="64600", quantity="30", newClientOrderId="stop")
    client.take_events()

    client.sim.trade("BTCUSD", Side.BUY, D(2))

    (report, freed) = client.take_events()
    assert (report["x"], report["X"], report["eR"]) == ("EXPIRED", "EXPIRED", "REJECTED")
    assert freed["B"][1] == {"a": "USD", "f": "2000000.00000000", "l": "0.00000000"}
