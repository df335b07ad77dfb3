"""Ids of the simulated Binance.US's orders: whose they are, and what two of them mean."""

import pytest

from tests.scenarios.binance_us_thin_market import NO_ORDER, UNKNOWN_CANCEL, thin_market
from tests.scenarios.plain_binance_us import PlainClient, bad, good
from venuetree.scenarios.simulated.binance_us import Profile, Settings


def test_a_cancel_renames_the_order() -> None:
    """Only the new id finds it; the client's own can be used again, and cancelled no more."""
    client = PlainClient()
    client.place(newClientOrderId="mine")

    over = client.cancel(origClientOrderId="mine")
    by_new = client.get("order", symbol="BTCUSD", origClientOrderId=over["clientOrderId"])
    by_old = client.signed("GET", "order", {"symbol": "BTCUSD", "origClientOrderId": "mine"})
    again = client.signed("DELETE", "order", {"symbol": "BTCUSD", "orderId": over["orderId"]})
    client.place(newClientOrderId="mine")

    assert len(over["clientOrderId"]) == 22
    assert (by_new["orderId"], by_new["status"]) == (over["orderId"], "CANCELED")
    assert bad(by_old) == NO_ORDER
    assert bad(again) == UNKNOWN_CANCEL
    assert client.status("mine") == "NEW"


def test_a_client_id_is_unique_among_open_orders_only() -> None:
    """So it protects a retry only while the first order rests."""
    client = thin_market()
    client.place(newClientOrderId="mine")

    refused = client.refused(newClientOrderId="mine", price="59000")
    first = client.place(newClientOrderId="twice", type="MARKET")
    second = client.place(newClientOrderId="twice", type="MARKET")

    assert refused == (-2010, "Duplicate order sent.")
    assert client.reports()[0] == ("mine", "NEW", "NEW")
    assert first["orderId"] != second["orderId"]
    found = client.get("order", symbol="BTCUSD", origClientOrderId="twice")
    assert found["orderId"] == second["orderId"]


@pytest.mark.parametrize(
    ("profile", "both", "neither"),
    [
        (Profile.LIVE, NO_ORDER[0], -1102),
        (Profile.DOC, None, -1128),
    ],
)
def test_two_ids_must_mean_the_same_order_by_the_newer_rules(
    profile: Profile, both: int | None, neither: int
) -> None:
    """By the documents the order id wins."""
    client = PlainClient(Settings(profile=profile))
    one, other = client.place(newClientOrderId="a"), client.place(newClientOrderId="b")
    ids = {"symbol": "BTCUSD", "orderId": one["orderId"], "origClientOrderId": "b"}

    response = client.signed("GET", "order", ids)

    assert one["orderId"] != other["orderId"]
    if both is None:
        assert good(response)["clientOrderId"] == "a"
    else:
        assert bad(response)[0] == both
    assert bad(client.signed("GET", "order", {"symbol": "BTCUSD"}))[0] == neither
