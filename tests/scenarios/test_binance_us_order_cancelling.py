"""Orders of the simulated Binance.US are cancelled: under a condition, or all of a symbol."""

from decimal import Decimal
from typing import Any

from tests.scenarios.binance_us_thin_market import UNKNOWN_CANCEL, thin_market
from tests.scenarios.plain_binance_us import PlainClient, bad, good
from venuetree.scenarios.simulated.matching import Side

D = Decimal


def test_cancel_restrictions_keep_orders_in_another_state() -> None:
    """ONLY_NEW, ONLY_PARTIALLY_FILLED; anything else is refused."""
    client = thin_market()
    client.place(newClientOrderId="mine", price="64100", quantity="0.2")
    kept = (-2011, "Order was not canceled due to cancel restrictions.")

    def cancel(restrictions: str) -> Any:
        params = {"symbol": "BTCUSD", "origClientOrderId": "mine"}
        return client.signed("DELETE", "order", params | {"cancelRestrictions": restrictions})

    assert bad(cancel("ONLY_PARTIALLY_FILLED")) == kept
    assert bad(cancel("ONLY_OLD")) == (-1145, "Invalid cancelRestrictions")
    client.sim.trade("BTCUSD", Side.SELL, D("0.05"))
    assert bad(cancel("ONLY_NEW")) == kept
    assert good(cancel("ONLY_PARTIALLY_FILLED"))["executedQty"] == "0.05000000"


def test_cancelling_all_of_a_symbol_leaves_the_others_and_fails_on_nothing() -> None:
    """With no open order it is -2011."""
    client = PlainClient()
    for number in range(3):
        client.place(newClientOrderId=f"btc-{number}")
    client.place(newClientOrderId="eth", symbol="ETHUSD", price="3000")
    symbol = {"symbol": "BTCUSD"}

    over = good(client.signed("DELETE", "openOrders", symbol))
    nothing = client.signed("DELETE", "openOrders", symbol)

    assert [(each["origClientOrderId"], each["status"]) for each in over] == [
        (f"btc-{number}", "CANCELED") for number in range(3)
    ]
    assert bad(nothing) == UNKNOWN_CANCEL
    assert [each["clientOrderId"] for each in client.get("openOrders")] == ["eth"]
