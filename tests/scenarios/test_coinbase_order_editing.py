"""Orders of the simulated Coinbase are edited: which, and by which rules."""

from decimal import Decimal

import pytest

from tests.scenarios.plain_client import START_NS, PlainClient, limit_gtc
from venuetree.scenarios.simulated.matching import Side
from venuetree.scenarios.simulated.numbers import rfc3339

D = Decimal


def test_an_edit_changes_price_and_total_size() -> None:
    """The id stays, the hold follows, the history tells."""
    client = PlainClient()
    order_id = client.placed(limit_gtc("0.1", "60000"))

    answer = client.post("/orders/edit", {"order_id": order_id, "price": "61000", "size": "0.2"})

    order = client.order(order_id)
    assert answer["success"]
    fields = order["order_configuration"]["limit_limit_gtc"]
    assert (fields["base_size"], fields["limit_price"]) == ("0.2", "61000")
    assert [(e["price"], e["size"]) for e in order["edit_history"]] == [("61000", "0.2")]
    assert client.sim.balance("USD").held == D("0.2") * 61000 * D("1.009")
    assert client.sim.market("BTC-USD").book.total_at(Side.BUY, D(60000)) == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"order_id": "nobody"}, "ORDER_NOT_FOUND"),
        ({"size": ""}, "INVALID_EDITED_SIZE"),
        ({"size": "0.000000001"}, "INVALID_EDITED_SIZE"),
        ({"price": "0.001"}, "INVALID_EDITED_PRICE"),
        ({"size": "0.05"}, "CANNOT_EDIT_TO_BELOW_FILLED_SIZE"),
        ({}, "EDIT_REQUEST_EQUAL_TO_ORIGINAL_REQUEST"),
        ({"size": "40", "price": "64000"}, "COMMANDER_REJECTED_EDIT_ORDER"),
    ],
)
@pytest.mark.parametrize("path", ["/orders/edit", "/orders/edit_preview"])
def test_an_edit_that_a_rule_forbids_is_refused(
    path: str, change: dict[str, str], reason: str
) -> None:
    """In an edit and in its preview alike (which looks at no funds)."""
    client = PlainClient()
    order_id = client.placed(limit_gtc("0.1", "64283.25"))
    client.sim.trade("BTC-USD", Side.SELL, D("0.06"))
    before = client.sim.balance("USD")

    answer = client.post(path, {"order_id": order_id, "price": "64283.25", "size": "0.1", **change})

    reasons = [error["edit_failure_reason"] for error in answer["errors"]]
    assert reasons == ([] if (path, reason) == PREVIEW_BLIND else [reason])
    assert client.sim.balance("USD") == before


PREVIEW_BLIND = ("/orders/edit_preview", "COMMANDER_REJECTED_EDIT_ORDER")


def test_only_open_good_till_cancelled_orders_can_be_edited() -> None:
    """Neither finished, nor pending cancel, nor of another time in force."""
    client = PlainClient()
    end = rfc3339(START_NS + 10**12)
    filled = client.placed({"market_market_ioc": {"base_size": "0.01"}})
    queued = client.placed(limit_gtc("0.1", "60000"))
    client.post("/orders/batch_cancel", {"order_ids": [queued]})
    dated = client.placed(
        {"limit_limit_gtd": {"base_size": "0.1", "limit_price": "60000", "end_time": end}}
    )

    answers = [
        client.post("/orders/edit", {"order_id": order_id, "price": "61000", "size": "1"})
        for order_id in (filled, queued, dated)
    ]

    assert [answer["errors"][0]["edit_failure_reason"] for answer in answers] == [
        "ONLY_OPEN_ORDERS_CAN_BE_EDITED",
        "CANNOT_EDIT_ORDER_PENDING_CANCEL",
        "ORDER_EDIT_ORDER_TYPE_NOT_SUPPORTED",
    ]
