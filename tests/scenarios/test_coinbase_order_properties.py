"""Whatever is done on the simulated Coinbase, its money adds up."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scenarios.plain_client import QUIET, PlainClient
from venuetree.scenarios.simulated.coinbase.venue import Venue

D = Decimal


def supplies(venue: Venue) -> dict[str, Decimal]:
    """How much there is of each currency, over all owners."""
    return {currency: venue.ledger.supply(currency) for currency in ("BTC", "ETH", "USD", "USDC")}


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["limit", "market", "quote", "ioc", "bracket", "cancel", "edit", "move"]),
        st.sampled_from(["BUY", "SELL"]),
        st.sampled_from(["BTC-USD", "ETH-USD", "ETH-BTC"]),
        st.integers(1, 400),
        st.integers(-40, 40),
    ),
    max_size=25,
)


@given(actions=ACTIONS, seed=st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_whatever_is_traded_no_digit_of_money_is_made_or_lost(  # noqa: C901 - one action a case
    actions: list[tuple[str, str, str, int, int]], seed: int
) -> None:
    """Supplies stay, holds are exactly those of the open orders, nobody is in debt."""
    client = PlainClient(QUIET, seed=seed)
    venue, desk = client.sim.venue, client.sim.venue.desk
    supply = supplies(venue)
    for name, side, product, size, ticks in actions:
        market = client.sim.market(product)
        price = market.middle + ticks * market.product.price_increment
        price -= price % market.product.price_increment
        base = {"base_size": f"{D(size) / 100:f}"}
        limit = {**base, "limit_price": f"{price:f}"}
        low, high = (f"{price * part // 1:f}" for part in (D("0.5"), D("1.5")))
        match name:
            case "move":
                client.sim._move()
            case "cancel" | "edit" if client.sim.orders:
                order_id = client.sim.orders[size % len(client.sim.orders)].order_id
                if name == "cancel":
                    client.post("/orders/batch_cancel", {"order_ids": [order_id]})
                    client.advance(0.03)
                else:
                    edit = {"order_id": order_id, "price": limit["limit_price"]}
                    client.post("/orders/edit", {**edit, "size": base["base_size"]})
            case "limit":
                client.place({"limit_limit_gtc": limit}, side=side, product=product)
            case "market":
                client.place({"market_market_ioc": base}, side=side, product=product)
            case "quote":
                quote = {"quote_size": str(size)}
                client.place({"market_market_ioc": quote}, side=side, product=product)
            case "ioc":
                client.place({"sor_limit_ioc": limit}, side=side, product=product)
            case "bracket":
                take, loss = (high, low) if side == "SELL" else (low, high)
                fields = {**base, "limit_price": take, "stop_trigger_price": loss}
                client.place({"trigger_bracket_gtc": fields}, side=side, product=product)

        assert supplies(venue) == supply
        for currency in supply:
            balance = client.sim.balance(currency)
            held = sum(
                (o.hold for o in desk.open_orders() if desk._hold_currency(o) == currency),
                start=D(0),
            )
            assert balance.held == held
            assert balance.available >= 0
        for order in desk.orders.values():
            assert order.filled_size == sum((f.quantity for f in order.fills), start=D(0))
            assert order.hold == 0 or not order.status.over
