"""Whatever is done on the simulated Binance.US, its money adds up."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scenarios.binance_us_thin_market import thin_market
from tests.scenarios.plain_binance_us import PlainClient, order
from venuetree.scenarios.simulated.binance_us import Settings
from venuetree.scenarios.simulated.matching import BookOrder, Side

D = Decimal


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("LMSXO"), st.integers(0, 1), st.integers(1, 40))))
def test_no_sequence_of_orders_makes_or_loses_money(steps: list[tuple[str, int, int]]) -> None:
    """What is locked is what open orders need, and the supply of each asset stays."""
    client = PlainClient(Settings(levels=5, limits_enforced=False))
    assets = ("BTC", "USD")
    before = {asset: client.sim.venue.ledger.supply(asset) for asset in assets}

    for kind, which, number in steps:
        side, quantity = ("BUY", "SELL")[which], f"0.{number:02}"
        price = str(64283 + (number - 20) * 2)
        match kind:
            case "L":
                client.signed("POST", "order", order(side=side, quantity=quantity, price=price))
            case "M":
                client.signed("POST", "order", order(side=side, type="MARKET", quantity=quantity))
            case "S":
                stop = order(side=side, type="STOP_LOSS", quantity=quantity, stopPrice=price)
                client.signed("POST", "order", stop)
            case "O":
                far = {"BUY": ("64000", "64600"), "SELL": ("64600", "64000")}[side]
                pair = {"symbol": "BTCUSD", "side": side, "quantity": quantity}
                pair |= {"price": far[0], "stopPrice": far[1]}
                client.signed("POST", "order/oco", pair)
            case _:
                client.signed("DELETE", "openOrders", {"symbol": "BTCUSD"})
        client.sim.trade("BTCUSD", Side(side), D(quantity))

    assert {asset: client.sim.venue.ledger.supply(asset) for asset in assets} == before
    client.signed("DELETE", "openOrders", {"symbol": "BTCUSD"})
    assert [client.balances(asset)[1] for asset in assets] == [0, 0]


def test_the_house_may_meet_itself_and_no_account_is_told() -> None:
    """Its walk may cross what it has left at the other side: that match is nobody's business."""
    client = thin_market()
    market = client.sim.market("BTCUSD")
    crossing = BookOrder(
        order_id="hff", owner="house-maker", side=Side.BUY, remaining=D("0.1"), price=D("64500.00")
    )

    execution = market.book.submit(crossing)
    client.sim.venue.desk.settle(market, execution)

    assert len(execution.prevented) == 1
    assert client.sim.venue.desk.store.prevented == []
