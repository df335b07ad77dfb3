"""When the waiting orders of a simulated OANDA account act, and at which price they fill."""

from typing import Any

import pytest

from tests.scenarios.oanda_account_bench import Bench, reason


@pytest.fixture
def bench() -> Bench:
    """A netting account in US dollars; EUR_USD at 1.10000 / 1.10010."""
    return Bench()


def moved(bench: Bench, bid: str, ask: str) -> list[dict[str, Any]]:
    """What a move of the price brings about."""
    before = bench.account.last_transaction_id
    bench.at(bid, ask)
    return bench.since(before)


@pytest.mark.parametrize(
    ("order", "stays", "goes", "price"),
    [
        # The kind, a price at which it waits, one at which it fills, and what it pays.
        ({"type": "LIMIT", "units": "10", "price": "1.09"}, "1.08991", "1.08980", "1.08990"),
        ({"type": "LIMIT", "units": "-10", "price": "1.11"}, "1.10999", "1.11005", "1.11005"),
        ({"type": "STOP", "units": "10", "price": "1.11"}, "1.10980", "1.10995", "1.11005"),
        ({"type": "STOP", "units": "-10", "price": "1.09"}, "1.09001", "1.08995", "1.08995"),
        (
            {"type": "MARKET_IF_TOUCHED", "units": "10", "price": "1.09"},
            "1.08991",
            "1.08980",
            "1.08990",
        ),
        (
            {"type": "MARKET_IF_TOUCHED", "units": "10", "price": "1.11"},
            "1.10980",
            "1.10995",
            "1.11005",
        ),
        # A buyer watches the bid instead, and still pays the ask.
        (
            {"type": "STOP", "units": "10", "price": "1.11", "triggerCondition": "INVERSE"},
            "1.10995",
            "1.11000",
            "1.11010",
        ),
        (
            {"type": "STOP", "units": "10", "price": "1.11", "triggerCondition": "MID"},
            "1.10994",
            "1.10995",
            "1.11005",
        ),
    ],
)
def test_an_order_acts_when_its_price_has_come(
    bench: Bench, order: dict[str, Any], stays: str, goes: str, price: str
) -> None:
    """One tick before it waits; the fill is the server's and takes the natural side."""
    order_id = bench.resting(**order)

    def ask(bid: str) -> str:
        return f"{float(bid) + 0.0001:.5f}"

    assert moved(bench, stays, ask(stays)) == []
    (fill,) = moved(bench, goes, ask(goes))
    assert fill["orderID"] == order_id
    assert fill["price"] == price
    assert fill["reason"] == f"{order['type']}_ORDER"
    assert fill["userID"] == 0
    assert "requestID" not in fill
    assert fill["batchID"] == fill["id"]
    told = bench.order(order_id)
    assert told["state"] == "FILLED"
    assert told["fillingTransactionID"] == fill["id"]


def test_a_marketable_limit_fills_in_the_answer_at_the_better_price(bench: Bench) -> None:
    """The reason is the limit order's."""
    answered = bench.post(type="LIMIT", units="10", price="1.2")
    fill = answered.body["orderFillTransaction"]
    assert (fill["price"], fill["reason"]) == ("1.10010", "LIMIT_ORDER")


def test_a_limit_that_watches_another_price_still_pays_no_more_than_its_own(bench: Bench) -> None:
    """It has fired, and waits until it can be filled."""
    bench.resting(units="10", price="1.09995", triggerCondition="INVERSE")
    assert moved(bench, "1.09990", "1.10000") == []
    (fill,) = moved(bench, "1.09985", "1.09995")
    assert fill["price"] == "1.09995"


def test_a_stop_that_a_gap_carries_past_its_bound_is_cancelled(bench: Bench) -> None:
    """It is not filled at a worse price."""
    bench.resting(type="STOP", units="10", price="1.11", priceBound="1.11500")
    (cancelled,) = moved(bench, "1.12000", "1.12010")
    assert cancelled["reason"] == "BOUNDS_VIOLATION"


def test_an_order_without_margin_is_cancelled_when_its_price_has_come(bench: Bench) -> None:
    """Margin is not asked for when it is created."""
    bench.resting(units="50000000", price="1.09")
    (cancelled,) = moved(bench, "1.08000", "1.08010")
    assert cancelled["reason"] == "INSUFFICIENT_MARGIN"
    assert cancelled["userID"] == 0


def test_a_touched_order_tells_the_price_that_it_started_from(bench: Bench) -> None:
    """Of the side that it watches."""
    order_id = bench.resting(type="MARKET_IF_TOUCHED", units="-10", price="1.2")
    assert bench.order(order_id)["initialMarketPrice"] == "1.10000"


@pytest.mark.parametrize("sign", [1, -1])
def test_a_take_profit_and_a_stop_end_a_trade_and_each_other(bench: Bench, sign: int) -> None:
    """The linked cancellation belongs to the fill's batch."""
    up, down = {"price": "1.11000"}, {"price": "1.09000"}
    profit, stop = (up, down) if sign > 0 else (down, up)
    trade = bench.opened(sign * 100, takeProfitOnFill=profit, stopLossOnFill=stop)
    fill, cancelled = moved(bench, "1.11000", "1.11010")
    assert fill["reason"] == ("TAKE_PROFIT_ORDER" if sign > 0 else "STOP_LOSS_ORDER")
    assert fill["units"] == str(-sign * 100)
    assert fill["tradesClosed"][0]["tradeID"] == trade
    assert cancelled["reason"] == "LINKED_TRADE_CLOSED"
    assert cancelled["batchID"] == fill["id"]
    assert bench.trade(trade)["state"] == "CLOSED"


def test_a_take_profit_fills_at_its_price_or_better_and_waits_for_all_units() -> None:
    """The average of the ladder, every rung of it good enough."""
    big = Bench(balance=10**7)
    big.opened(1_500_000, takeProfitOnFill={"price": "1.11000"})
    assert moved(big, "1.11000", "1.11010") == []
    (fill,) = moved(big, "1.11010", "1.11020")
    assert fill["price"] == "1.11007"


def test_a_stop_loss_fills_whatever_there_is_on_the_ladder() -> None:
    """What closes a trade does not wait for liquidity."""
    big = Bench(balance=10**7)
    big.opened(2_000_000, stopLossOnFill={"price": "1.09000"})
    before = big.account.last_transaction_id
    big.at("1.09000", "1.09010", liquidity=(1_000_000,))
    (fill,) = big.since(before)
    # The second million gets the closeout price.
    assert fill["price"] == "1.08995"


@pytest.mark.parametrize("sign", [1, -1])
def test_a_trailing_stop_follows_the_best_price_and_never_turns_back(sign: int) -> None:
    """Its distance to the price is in the account's state."""
    bench = Bench()
    trade = bench.opened(sign * 100, trailingStopLossOnFill={"distance": "0.00100"})

    def level() -> str:
        value: str = bench.trade(trade)["trailingStopLossOrder"]["trailingStopValue"]
        return value

    assert level() == ("1.09900" if sign > 0 else "1.10110")
    far = ("1.10500", "1.10510") if sign > 0 else ("1.09500", "1.09510")
    near = ("1.10450", "1.10460") if sign > 0 else ("1.09550", "1.09560")
    assert moved(bench, *far) == []
    assert moved(bench, *near) == []
    assert level() == ("1.10400" if sign > 0 else "1.09610")
    state = bench.account.changes(None).body["state"]["orders"][0]
    assert state["triggerDistance"] == "0.00050"
    assert state["isTriggerDistanceExact"] is True
    (fill,) = moved(bench, "1.10400", "1.10410") if sign > 0 else moved(bench, "1.09600", "1.09610")
    assert fill["reason"] == "TRAILING_STOP_LOSS_ORDER"


def test_nothing_acts_in_a_market_at_rest(bench: Bench) -> None:
    """It acts when the market is back."""
    bench.opened(100, stopLossOnFill={"price": "1.09"})
    before = bench.account.last_transaction_id
    bench.at("1.05000", "1.05010", tradeable=False)
    assert bench.since(before) == []
    assert reason(bench.post(type="LIMIT", units="1", price="1.2", timeInForce="IOC")) == (
        "MARKET_HALTED"
    )
    bench.at("1.05000", "1.05010")
    assert bench.told[-1]["reason"] == "STOP_LOSS_ORDER"


def test_every_order_that_fires_is_a_batch_of_its_own(bench: Bench) -> None:
    """Oldest first."""
    orders = [bench.resting(price=price) for price in ("1.09", "1.08", "1.07")]
    fills = moved(bench, "1.07000", "1.07010")
    assert [each["orderID"] for each in fills] == orders[:2]
    assert len({each["batchID"] for each in fills}) == 2
