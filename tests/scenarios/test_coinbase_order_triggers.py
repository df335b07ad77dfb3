"""Orders of the simulated Coinbase that wait for a price: stops and brackets."""

from decimal import Decimal

from tests.scenarios.plain_client import PlainClient, limit_gtc
from venuetree.scenarios.simulated.matching import Side

D = Decimal


def test_a_stop_waits_for_its_price_then_becomes_a_limit_order() -> None:
    """It fires by the last trade's price, not by the book."""
    client = PlainClient()
    bids = client.sim.book("BTC-USD", Side.BUY)
    stop = bids[1][0]
    fields = {
        "base_size": "0.01",
        "limit_price": f"{bids[8][0]:f}",
        "stop_price": f"{stop:f}",
        "stop_direction": "STOP_DIRECTION_STOP_DOWN",
    }

    order_id = client.placed({"stop_limit_stop_limit_gtc": fields}, side="SELL")
    waiting = client.order(order_id)
    client.sim.trade("BTC-USD", Side.SELL, bids[0][1] / 2)
    still = client.order(order_id)["trigger_status"]
    client.sim.trade("BTC-USD", Side.SELL, bids[0][1] / 2 + bids[1][1] / 2)

    assert (waiting["status"], waiting["trigger_status"]) == ("OPEN", "STOP_PENDING")
    assert still == "STOP_PENDING"
    order = client.order(order_id)
    assert (order["status"], order["trigger_status"]) == ("FILLED", "STOP_TRIGGERED")
    assert D(order["average_filled_price"]) == stop


def test_a_bracket_takes_its_profit_or_stops_its_loss() -> None:
    """It rests at the take-profit price; its stop sends it up to five per cent through."""
    outcomes = []
    for side in (Side.BUY, Side.SELL):
        client = PlainClient()
        bids, asks = (client.sim.book("BTC-USD", each) for each in Side)
        fields = {
            "base_size": "0.01",
            "limit_price": f"{asks[2][0]:f}",
            "stop_trigger_price": f"{bids[2][0]:f}",
        }
        order_id = client.placed({"trigger_bracket_gtc": fields}, side="SELL")
        book = asks if side is Side.BUY else bids
        size = sum((quantity for _, quantity in book[:3]), start=D("0.01"))
        client.sim.trade("BTC-USD", side, size)
        order = client.order(order_id)
        outcomes.append((order["order_type"], order["status"], order["trigger_status"]))
        assert client.sim.balance("BTC").held == 0
        assert client.sim.market("BTC-USD").book.get(order_id) is None

    assert outcomes == [
        ("BRACKET", "FILLED", "STOP_PENDING"),
        ("BRACKET", "FILLED", "STOP_TRIGGERED"),
    ]


def test_an_attached_bracket_is_placed_when_its_parent_is_done() -> None:
    """Its id is known from the beginning; it sells what was bought."""
    client = PlainClient()
    attached = {"trigger_bracket_gtc": {"limit_price": "70000", "stop_trigger_price": "60000"}}

    answer = client.place(limit_gtc("0.2", "64283.25"), attached_order_configuration=attached)
    child_id = answer["success_response"]["attached_order_id"]
    too_early = client.response("GET", f"/orders/historical/{child_id}").status
    client.sim.trade("BTC-USD", Side.SELL, D("0.2"))

    parent = client.order(answer["success_response"]["order_id"])
    child = client.order(child_id)
    assert too_early == 404
    assert parent["attached_order_configuration"] == attached
    assert (child["originating_order_id"], child["side"], child["status"]) == (
        parent["order_id"],
        "SELL",
        "OPEN",
    )
    assert child["order_configuration"]["trigger_bracket_gtc"]["base_size"] == "0.2"
