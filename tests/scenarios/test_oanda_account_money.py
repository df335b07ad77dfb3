"""The money of a simulated OANDA account: margin, closeout, financing, configuration, changes."""

from decimal import Decimal
from typing import Any

import pytest

from tests.scenarios.oanda_account_bench import ACCOUNT_ID, HOUR, START_NS, Bench, code
from venuetree.scenarios.simulated.oanda.account import Account, Financing, GuaranteedMode


def test_an_account_begins_with_its_creation_and_its_money() -> None:
    """Two transactions of the server's own, each a batch without a request."""
    bench = Bench(first_transaction_id=6397)
    created, funded = bench.account.transactions
    assert created == {
        "id": "6397",
        "accountID": ACCOUNT_ID,
        "userID": 0,
        "batchID": "6397",
        "time": "2026-09-21T14:13:20.000000000Z",
        "type": "CREATE",
        "divisionID": 4,
        "siteID": 101,
        "accountUserID": 9182736,
        "accountNumber": 1,
        "homeCurrency": "USD",
    }
    assert funded["amount"] == funded["accountBalance"] == "100000.0000"
    assert bench.account.last_transaction_id == 6398


def test_the_summary_adds_up_as_the_real_one_s_does() -> None:
    """Longs at the bid, what decides on a closeout at the middle; half of it is the closeout's."""
    bench = Bench()
    bench.at("1.08412", "1.08425")
    bench.opened(10000)
    bench.at("1.08431", "1.08444")
    told = bench.summary()
    expected = {
        "balance": "100000.0000",
        "unrealizedPL": "0.6000",
        "NAV": "100000.6000",
        "marginUsed": "216.8750",
        "marginAvailable": "99783.7250",
        "positionValue": "10843.7500",
        "marginCloseoutUnrealizedPL": "1.2500",
        "marginCloseoutNAV": "100001.2500",
        "marginCloseoutPercent": "0.00108",
        "withdrawalLimit": "99783.7250",
        "marginCallMarginUsed": "216.8750",
        "marginCallPercent": "0.00217",
    }
    assert {name: told[name] for name in expected} == expected
    assert (told["openTradeCount"], told["openPositionCount"]) == (1, 1)
    assert bench.trade(bench.told[-1]["id"])["initialMarginRequired"] == "216.8370"


def test_unrealised_money_is_converted_at_the_middle_and_truly_at_what_it_costs() -> None:
    """Only the fields that are called true contain the charge for the conversion."""
    bench = Bench()
    bench.at("150.000", "150.010", "USD_JPY")
    bench.opened(100000, instrument="USD_JPY")
    bench.at("151.010", "151.020", "USD_JPY")
    told, factors = bench.summary(), bench.prices.factors("JPY", "USD")
    assert Decimal(told["unrealizedPL"]) == round(100000 * factors.position, 4)
    assert Decimal(told["trueUnrealizedPL"]) == round(100000 * factors.gain, 4)
    assert told["trueNAV"] != told["NAV"]


def test_the_whole_account_lists_what_is_open() -> None:
    """Trades carry the ids of their orders, not the orders."""
    bench = Bench()
    trade = bench.opened(100, stopLossOnFill={"price": "1.0"})
    order = bench.resting()
    told = bench.account.full().body["account"]
    assert [each["id"] for each in told["orders"]] == [order, str(int(trade) + 1)]
    assert told["trades"][0]["stopLossOrderID"] == str(int(trade) + 1)
    assert "stopLossOrder" not in told["trades"][0]
    assert told["positions"][0]["long"]["units"] == "100"
    assert told["lastTransactionID"] == str(bench.account.last_transaction_id)


def test_an_account_without_margin_is_closed_out() -> None:
    """A margin call first; then every position that trades, its linked orders with it."""
    bench = Bench(balance=2000)
    first = bench.opened(50000, takeProfitOnFill={"price": "1.3"})
    bench.opened(1000, instrument="USD_JPY")
    before = bench.account.last_transaction_id
    bench.at("1.07500", "1.07510")  # 1,250 of 2,000 are lost; 1,075 and 40 are bound
    assert [each["type"] for each in bench.since(before)] == ["MARGIN_CALL_ENTER"]
    assert "marginCallEnterTime" in bench.summary()
    assert Decimal(bench.summary()["marginCallPercent"]) >= 1
    bench.at("1.26990", "1.27000", "GBP_USD")
    assert len(bench.since(before)) == 1
    bench.at("1.06800", "1.06810", "EUR_USD", tradeable=False)
    # Half of the margin is gone; what is at rest cannot be closed.
    order, fill = bench.since(before)[1:]
    assert order["instrument"] == "USD_JPY"
    assert order["reason"] == "MARGIN_CLOSEOUT"
    assert order["marginCloseout"] == {"reason": "MARGIN_CHECK_VIOLATION"}
    assert order["userID"] == 0
    assert fill["reason"] == "MARKET_ORDER_MARGIN_CLOSEOUT"
    bench.at("1.06800", "1.06810")
    kinds = [each["type"] for each in bench.since(before)[3:]]
    assert kinds == ["MARKET_ORDER", "ORDER_FILL", "ORDER_CANCEL", "MARGIN_CALL_EXIT"]
    assert bench.trade(first)["state"] == "CLOSED"
    assert "marginCallEnterTime" not in bench.summary()


def test_a_smaller_position_needs_no_margin() -> None:
    """An account that could not open anything may still turn to less."""
    bench = Bench(balance=2000)
    bench.opened(60000)
    bench.at("1.08000", "1.08010")
    assert bench.filled(-70000)["tradeOpened"]["units"] == "-10000"


def test_a_transfer_moves_the_balance() -> None:
    """In or out, by a transaction that is told like any other."""
    bench = Bench()
    transaction = bench.account.transfer(Decimal("-1000.5"))
    assert transaction["amount"] == "-1000.5000"
    assert transaction["accountBalance"] == "98999.5000"
    assert bench.account.balance == Decimal("98999.5")
    assert bench.told == [transaction]


def test_the_client_sets_alias_and_margin_rate() -> None:
    """The stricter of the client's rate and the instrument's binds."""
    bench = Bench()
    answered = bench.call("configure", {"alias": "engine-1", "marginRate": "0.05"})
    assert answered.status == 200
    changed = answered.body["clientConfigureTransaction"]
    assert (changed["alias"], changed["marginRate"]) == ("engine-1", "0.05")
    assert bench.summary()["alias"] == "engine-1"
    bench.opened(1000)
    assert bench.summary()["marginUsed"] == "55.0025"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({}, "CLIENT_CONFIGURE_DATA_MISSING"),
        ({"alias": ""}, "ALIAS_INVALID"),
        ({"marginRate": "0"}, "MARGIN_RATE_INVALID"),
        ({"marginRate": "1.5"}, "MARGIN_RATE_INVALID"),
        ({"marginRate": "0.1"}, "MARGIN_RATE_WOULD_TRIGGER_MARGIN_CALL"),
        ({"marginRate": "0.5"}, "MARGIN_RATE_WOULD_TRIGGER_CLOSEOUT"),
    ],
)
def test_a_configuration_may_be_refused(body: dict[str, Any], why: str) -> None:
    """Among others, if the account could not bear the rate."""
    bench = Bench(balance=10000)
    bench.opened(100000)
    answered = bench.call("configure", body)
    assert code(answered, 400, "clientConfigureRejectTransaction") == why
    assert bench.summary()["marginRate"] == "0.02"


def test_financing_is_charged_at_the_end_of_a_day_for_the_days_that_the_instrument_says() -> None:
    """In base currency first; an index, which is none, by its price."""
    bench = Bench(financing=Financing.DAILY)
    trade = bench.opened(10000)
    bench.opened(-2, instrument="DE30_EUR")
    bench.now_ns += 7 * HOUR
    before = bench.account.last_transaction_id
    bench.account.tick()
    bench.account.tick()
    (charged,) = bench.since(before)
    assert charged["type"] == "DAILY_FINANCING"
    euro, index = charged["positionFinancings"]
    assert euro["baseFinancing"] == "-0.63287671232877"
    factors = bench.prices.factors("EUR", "USD")
    assert euro["financing"] == str(round(Decimal(euro["baseFinancing"]) * factors.loss, 4))
    assert euro["openTradeFinancings"][0]["tradeID"] == trade
    assert euro["openTradeFinancings"][0]["financingRate"] == "-0.0231"
    assert "gainBaseHome" not in index["homeConversionFactors"]
    balance = 100000 + Decimal(charged["financing"])
    assert Decimal(charged["accountBalance"]) == bench.account.balance == balance
    assert bench.trade(trade)["financing"] == euro["financing"]
    bench.now_ns += 48 * HOUR  # Tuesday one day, Wednesday three
    bench.account.tick()
    rates = [each["positionFinancings"][0]["baseFinancing"] for each in bench.told[-2:]]
    assert rates == ["-0.63287671232877", "-1.8986301369863"]


def test_without_financing_nothing_is_charged() -> None:
    """It is off unless it is asked for."""
    bench = Bench()
    bench.opened(10000)
    bench.now_ns += 96 * HOUR
    before = bench.account.last_transaction_id
    bench.account.tick()
    assert bench.since(before) == []


def test_changes_tell_what_happened_since_a_transaction() -> None:
    """What was created and ended in between is in both lists."""
    bench = Bench()
    before = bench.account.last_transaction_id
    limit = bench.resting(clientExtensions={"id": "mine"})
    trade = bench.opened(100, stopLossOnFill={"price": "1.0"})
    bench.call("cancel_order", "@mine")
    bench.call("close_trade", trade, {"units": "40"})
    told = bench.account.changes(str(before)).body
    changes = told["changes"]
    ids = {
        name: [each["id"] for each in listed]
        for name, listed in changes.items()
        if name != "positions"
    }
    market, fill, stop = str(int(limit) + 1), trade, str(int(trade) + 1)
    close = str(bench.account.last_transaction_id - 1)
    assert ids == {
        "ordersCreated": [limit, market, stop, close],
        "ordersCancelled": [limit],
        "ordersFilled": [market, close],
        "ordersTriggered": [],
        "tradesOpened": [fill],
        "tradesReduced": [fill],
        "tradesClosed": [],
        "transactions": [str(number) for number in range(before + 1, int(close) + 2)],
    }
    assert changes["positions"][0]["long"]["units"] == "60"
    assert changes["tradesOpened"][0]["stopLossOrderID"] == stop
    assert "unrealizedPL" not in changes["tradesOpened"][0]
    assert told["state"]["trades"] == [
        {"id": trade, "unrealizedPL": "-0.0060", "marginUsed": "1.3201"}
    ]
    assert told["state"]["positions"][0]["netUnrealizedPL"] == "-0.0060"
    assert told["state"]["orders"][0]["id"] == stop
    nothing = bench.account.changes(told["lastTransactionID"]).body["changes"]
    assert not any(nothing.values())
    assert bench.account.changes(bench.account.last_transaction_id + 1).status == 416
    assert bench.account.changes("x").status == 400


def test_transactions_are_found_by_id_range_and_time() -> None:
    """Ranges may reach beyond what there is."""
    bench = Bench(first_transaction_id=100)
    log = bench.account.transactions
    bench.now_ns += 1
    bench.filled(1)
    assert [each["id"] for each in log.since(101)] == ["102", "103"]
    assert [each["id"] for each in log.since(0, 2)] == ["100", "101"]
    assert [each["id"] for each in log.between(0, 101)] == ["100", "101"]
    assert log.between(5, 7) == []
    assert log.get(99) is log.get(104) is None
    assert [each["type"] for each in log.within(START_NS + 1, START_NS + 2, ["ORDER"])] == [
        "MARKET_ORDER",
        "ORDER_FILL",
    ]
    assert [each["type"] for each in log.within(0, START_NS + 1, ["FUNDING", "CREATE"])] == [
        "CREATE",
        "TRANSFER_FUNDS",
    ]


def test_listeners_hear_of_a_batch_when_it_is_complete() -> None:
    """Whoever then reads the account finds all of the batch done."""
    bench = Bench()
    seen: list[tuple[str, int]] = []

    def listen(transaction: dict[str, Any]) -> None:
        seen.append((transaction["id"], bench.account.last_transaction_id))

    bench.account.on_transaction.append(listen)
    bench.opened(1, takeProfitOnFill={"price": "2"})
    assert seen == [("3", 5), ("4", 5), ("5", 5)]


def test_an_account_in_another_currency_and_with_guaranteed_stops_says_so() -> None:
    """A euro account is worth its euros without any rate."""
    bench = Bench()
    account = Account(
        "101-004-9182736-002",
        prices=bench.prices,
        now_ns=lambda: START_NS,
        home="EUR",
        hedging=True,
        guaranteed=GuaranteedMode.ALLOWED,
        margin_rate=None,
    )
    order = {"type": "MARKET", "instrument": "EUR_USD", "units": "1000"}
    account.create_order(order, "1")
    told = account.summary().body["account"]
    assert told["currency"] == "EUR"
    assert told["hedgingEnabled"] is True
    assert told["guaranteedStopLossOrderParameters"]["mutabilityMarketHalted"] == "FIXED"
    assert "marginRate" not in told
    assert told["positionValue"] == "1000.0000"
    assert told["marginUsed"] == "20.0000"
