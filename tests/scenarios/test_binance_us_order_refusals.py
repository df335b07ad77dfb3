"""Orders that the simulated Binance.US refuses, and those that it only checks."""

from typing import Any

import pytest

from tests.scenarios.binance_us_thin_market import thin_market
from tests.scenarios.plain_binance_us import PlainClient, bad, good, order
from venuetree.scenarios.faults import SlowEngine

NO_FUNDS = (-2010, "Account has insufficient balance for requested action.")


@pytest.mark.parametrize(
    "params",
    [
        pytest.param({"quantity": "34", "price": "60000"}, id="limit buy"),
        pytest.param({"side": "SELL", "quantity": "51", "price": "70000"}, id="limit sell"),
        pytest.param({"side": "SELL", "type": "MARKET", "quantity": "51"}, id="market sell"),
        pytest.param(
            {"type": "MARKET", "quantity": None, "quoteOrderQty": "2000001"}, id="market, quote"
        ),
        pytest.param(
            {"type": "STOP_LOSS", "quantity": "30", "stopPrice": "70000"}, id="stop, stop price"
        ),
    ],
)
def test_want_of_funds_refuses_an_order_without_a_trace(params: dict[str, Any]) -> None:
    """No order, no event, nothing locked."""
    client = PlainClient()

    assert client.refused(**params) == NO_FUNDS
    assert client.take_events() == []
    assert client.get("allOrders", symbol="BTCUSD") == []
    assert client.balances("USD")[1] == client.balances("BTC")[1] == 0


def test_a_maker_only_order_that_would_take_is_refused() -> None:
    """At the best price of the other side it would; one tick off it rests."""
    client = thin_market()

    assert client.refused(type="LIMIT_MAKER", price="64500.00") == (
        -2010,
        "Order would immediately match and take.",
    )
    assert client.take_events() == []
    assert "status" not in client.place(type="LIMIT_MAKER", price="64499.99", newClientOrderId="m")
    assert client.status("m") == "NEW"


def test_a_test_order_is_checked_and_goes_nowhere() -> None:
    """Filters are looked at, the balance is not."""
    client = PlainClient()

    fine = client.signed("POST", "order/test", order(quantity="1000"))
    refused = client.signed("POST", "order/test", order(quantity="0.000001"))

    assert good(fine) == {}
    assert bad(refused) == (-1013, "Filter failure: LOT_SIZE")
    assert client.take_events() == []
    assert client.get("rateLimit/order")[0]["count"] == 0


def test_a_symbol_that_is_halted_takes_cancels_only() -> None:
    """And one that nobody knows takes nothing."""
    client = PlainClient()
    client.place(newClientOrderId="mine")
    client.sim.change_instrument("BTCUSD", status="HALT")

    assert client.refused() == (-2010, "Market is closed.")
    assert client.cancel(origClientOrderId="mine")["status"] == "CANCELED"
    assert client.refused(symbol="NOSUCH") == (-1121, "Invalid symbol.")


@pytest.mark.parametrize(("window", "placed"), [("5000", True), ("2999", False)])
def test_the_engine_looks_at_the_age_of_an_order_once_more(window: str, placed: bool) -> None:  # noqa: FBT001
    """An order that is slow to reach it is refused, and counted all the same."""
    client = PlainClient()
    client.sim.faults.add(SlowEngine(for_s=3))

    answer = client.answer("POST", "order", order(recvWindow=window))

    assert answer.delay_ns == 3_000_000_000
    if placed:
        assert good(answer.response)["status"] == "NEW"
    else:
        assert bad(answer.response) == (
            -1021,
            "Timestamp for this request is outside of the recvWindow.",
        )
    assert client.get("rateLimit/order")[0]["count"] == 1
    assert len(client.get("openOrders")) == placed
