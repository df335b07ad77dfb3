"""Orders of the simulated Coinbase are cancelled: the answer for each id, and a lost race."""

from decimal import Decimal
from typing import Any

import pytest

from tests.scenarios.plain_client import PlainClient, limit_gtc
from venuetree.scenarios.simulated.matching import Side

D = Decimal


def test_cancelling_tells_the_truth_about_each_id() -> None:
    """Each id has its own result; the answer is 200 all the same."""
    client = PlainClient()
    filled = client.placed({"market_market_ioc": {"base_size": "0.01"}})
    cancelled = client.placed(limit_gtc("0.1", "60000"))
    client.post("/orders/batch_cancel", {"order_ids": [cancelled]})
    client.advance(0.1)
    resting = client.placed(limit_gtc("0.1", "60000"))
    ids = ["unknown", filled, cancelled, resting, resting]

    results = client.post("/orders/batch_cancel", {"order_ids": ids})["results"]

    assert [(r["order_id"], r["success"], r["failure_reason"]) for r in results] == [
        ("unknown", False, "UNKNOWN_CANCEL_ORDER"),
        (filled, False, "ORDER_IS_FULLY_FILLED"),
        (cancelled, False, "INVALID_CANCEL_REQUEST"),
        (resting, True, "UNKNOWN_CANCEL_FAILURE_REASON"),
        (resting, False, "DUPLICATE_CANCEL_REQUEST"),
    ]


@pytest.mark.parametrize("ids", [[], None, ["x"] * 101])
def test_a_batch_of_no_or_too_many_cancels_is_a_bad_request(ids: Any) -> None:
    """At most a hundred."""
    assert (
        PlainClient().response("POST", "/orders/batch_cancel", body={"order_ids": ids}).status
        == 400
    )


def test_a_queued_cancel_can_lose_the_race_to_a_fill() -> None:
    """Accepted is not cancelled."""
    client = PlainClient()
    order_id = client.placed(limit_gtc("0.1", "64283.25"))

    client.post("/orders/batch_cancel", {"order_ids": [order_id]})
    client.sim.trade("BTC-USD", Side.SELL, D("0.1"))
    client.advance(0.1)

    assert client.order(order_id)["status"] == "FILLED"
