"""REST of the simulated Binance.US: the exchange, its market data, listen keys, and failures."""

import json
from decimal import Decimal
from typing import Any

import anyio
import httpx
import pytest

from tests.scenarios.plain_binance_us import START_MS, PlainClient, bad, good, order, sign
from venuetree.scenarios.faults import (
    Body,
    DelayRequest,
    LoseReply,
    LoseRequest,
    Loss,
    Respond,
    SlowReply,
    TruncateBody,
)
from venuetree.scenarios.simulated import serve
from venuetree.scenarios.simulated.binance_us import Profile, Settings, SimulatedBinanceUs
from venuetree.scenarios.simulated.matching import Side
from venuetree.scenarios.simulated.wire import Delivery

D = Decimal
BTC = {"symbol": "BTCUSD"}
DAY_MS = 86_400_000


def test_the_exchange_answers_and_tells_its_time() -> None:
    """Every answer has the headers that were seen."""
    client = PlainClient()

    ping, told = client.public("ping"), client.public("time")

    assert (good(ping), good(told)) == ({}, {"serverTime": client.now_ms})
    assert ping.content_type == "application/json;charset=UTF-8"
    assert [name for name, _ in ping.headers] == [
        "x-mbx-uuid",
        "x-mbx-used-weight",
        "x-mbx-used-weight-1m",
    ]


def test_exchange_info_has_the_shape_of_its_profile() -> None:
    """The four traps: empty permissions, no NONE, a step of zero, numbers beside strings."""
    live = good(PlainClient().public("exchangeInfo", BTC))["symbols"][0]
    doc = good(PlainClient(Settings(profile=Profile.DOC)).public("exchangeInfo", BTC))["symbols"][0]

    filters = {each["filterType"]: each for each in live["filters"]}
    assert (live["permissions"], live["permissionSets"]) == ([], [["SPOT"]])
    assert (doc["permissions"], "permissionSets" in doc) == (["SPOT"], False)
    assert live["defaultSelfTradePreventionMode"] == "EXPIRE_MAKER"
    assert "NONE" not in live["allowedSelfTradePreventionModes"]
    assert "NONE" in doc["allowedSelfTradePreventionModes"]
    assert filters["MARKET_LOT_SIZE"]["stepSize"] == "0.00000000"
    assert filters["PERCENT_PRICE"] == {
        "filterType": "PERCENT_PRICE",
        "multiplierUp": "5",
        "multiplierDown": "0.2",
        "avgPriceMins": 5,
    }
    assert filters["PRICE_FILTER"]["tickSize"] == "0.01000000"
    assert filters["LOT_SIZE"]["stepSize"] == "0.00001000"
    assert list(filters) == [
        *("PRICE_FILTER", "PERCENT_PRICE", "LOT_SIZE", "MIN_NOTIONAL", "ICEBERG_PARTS"),
        *("MARKET_LOT_SIZE", "TRAILING_DELTA", "PERCENT_PRICE_BY_SIDE", "MAX_NUM_ORDERS"),
        *("MAX_NUM_ORDER_LISTS", "MAX_NUM_ALGO_ORDERS", "MAX_NUM_ORDER_AMENDS"),
    ]
    assert {key for key in live if key not in doc} == {
        *("otoAllowed", "opoAllowed", "amendAllowed", "pegInstructionsAllowed", "permissionSets"),
    }


def test_exchange_info_can_be_narrowed() -> None:
    """By one symbol, by several, by permission; an unknown one is refused."""
    client = PlainClient()

    def symbols(**params: str) -> list[str]:
        return [s["symbol"] for s in good(client.public("exchangeInfo", params))["symbols"]]

    everything = symbols()
    assert {"BTCUSD", "BTCUSDT", "ETHUSDT"} <= set(everything)
    assert symbols(symbol="ETHUSDT") == ["ETHUSDT"]
    assert symbols(symbols='["BTCUSD","ETHUSDT"]') == ["BTCUSD", "ETHUSDT"]
    assert symbols(permissions="SPOT") == symbols(permissions='["SPOT"]') == everything
    assert symbols(permissions="MARGIN") == []
    assert bad(client.public("exchangeInfo", {"symbol": "NOPE"})) == (-1121, "Invalid symbol.")
    both = {"symbol": "BTCUSD", "symbols": '["BTCUSD"]'}
    assert bad(client.public("exchangeInfo", both))[0] == -1128
    assert [rule["limit"] for rule in good(client.public("exchangeInfo"))["rateLimits"]] == [
        *(6000, 100, 200000, 300000),
    ]


def test_the_book_is_numbered_without_a_gap_by_its_changes() -> None:
    """Each level that changes takes a number; a look at the book takes none."""
    client = PlainClient(Settings(levels=3000))

    def depth(**params: Any) -> Any:
        return good(client.public("depth", {**BTC, **params}))

    first = depth()
    again = depth(limit=5)
    client.place(price="60000.00")
    client.place(price="60000.00", quantity="0.02000")
    resting = depth(limit=9999)

    assert len(first["bids"]) == len(first["asks"]) == 100
    assert (again["lastUpdateId"], len(again["bids"])) == (first["lastUpdateId"], 5)
    assert resting["lastUpdateId"] == first["lastUpdateId"] + 2
    assert len(resting["bids"]) == 3001
    bids = [D(price) for price, _ in resting["bids"]]
    assert bids == sorted(bids, reverse=True)
    assert ["60000.00000000", "0.03000000"] in resting["bids"]
    assert bad(client.public("depth", {**BTC, "limit": 0}))[0] == -1130


def test_trades_are_listed_singly_and_by_taker_and_price() -> None:
    """One taker over two orders at a price and one at the next: three trades, two aggregates."""
    client = PlainClient()
    client.empty_book()
    client.place(side="SELL", quantity="0.1", price="64300", newClientOrderId="a")
    client.place(side="SELL", quantity="0.1", price="64300", newClientOrderId="b")
    client.offer(Side.SELL, "1", "64301.00")
    last = good(client.public("trades", {**BTC, "limit": 1}))[0]["id"]
    last_aggregate = good(client.public("aggTrades", {**BTC, "limit": 1}))[0]["a"]

    client.sim.trade("BTCUSD", Side.BUY, D("0.25"))

    trades = good(client.public("trades", {**BTC, "limit": 3}))
    assert [(t["id"], t["price"], t["qty"], t["isBuyerMaker"]) for t in trades] == [
        (last + 1, "64300.00000000", "0.10000000", False),
        (last + 2, "64300.00000000", "0.10000000", False),
        (last + 3, "64301.00000000", "0.05000000", False),
    ]
    assert trades[2]["quoteQty"] == "3215.05000000"
    aggregates = good(client.public("aggTrades", {**BTC, "fromId": last_aggregate + 1}))
    assert aggregates == [
        {"a": last_aggregate + 1, "p": "64300.00000000", "q": "0.20000000", "f": last + 1,
         "l": last + 2, "T": client.now_ms, "m": False, "M": True},
        {"a": last_aggregate + 2, "p": "64301.00000000", "q": "0.05000000", "f": last + 3,
         "l": last + 3, "T": client.now_ms, "m": False, "M": True},
    ]  # fmt: skip
    old = good(client.public("historicalTrades", {**BTC, "fromId": last + 2, "limit": 1}))
    assert [t["id"] for t in old] == [last + 2]
    by_time = {**BTC, "startTime": client.now_ms, "endTime": client.now_ms}
    assert good(client.public("aggTrades", by_time)) == aggregates
    assert bad(client.public("aggTrades", {**by_time, "fromId": 1}))[0] == -1128


def test_candles_come_of_the_trades_and_before_the_start_out_of_the_seed() -> None:
    """Open times on the grid, the last one still forming; always the same for a seed."""
    client, twin = PlainClient(seed=3), PlainClient(seed=3)
    client.now_ms = twin.now_ms = (START_MS // 60_000 + 10) * 60_000
    client.empty_book()
    for price, quantity in (("64300", "0.2"), ("64305", "0.1"), ("64290", "0.3")):
        side = Side.SELL if price == "64290" else Side.BUY
        client.offer(side.opposite, quantity, price)
        client.sim.trade("BTCUSD", side, D(quantity))

    rows = good(client.public("klines", {**BTC, "interval": "1m", "limit": 600}))

    assert len(rows) == 600
    opens = [row[0] for row in rows]
    assert opens == list(range(opens[0], opens[0] + 600 * 60_000, 60_000))
    newest = rows[-1]
    assert newest == [
        client.now_ms,
        *("64300.00000000", "64305.00000000", "64290.00000000", "64290.00000000", "0.60000000"),
        client.now_ms + 59_999,
        str(f"{D('0.2') * 64300 + D('0.1') * 64305 + D('0.3') * 64290:.8f}"),
        3,
        "0.30000000",
        str(f"{D('0.2') * 64300 + D('0.1') * 64305:.8f}"),
        "0",
    ]
    assert rows[-2][8] == 0
    assert rows[-2][1:5] == [rows[-2][4]] * 4
    assert all(row[8] > 0 and D(row[3]) <= D(row[2]) for row in rows[:500])
    assert good(twin.public("klines", {**BTC, "interval": "1m", "limit": 600}))[:580] == rows[:580]


@pytest.mark.parametrize("interval", ["1m", "15m", "4h", "1d", "3d", "1w", "1M"])
def test_candles_of_every_length_follow_each_other(interval: str) -> None:
    """Each opens where the one before it closed, and bounds may be equal."""
    client = PlainClient()
    asked = {**BTC, "interval": interval}

    rows = good(client.public("klines", {**asked, "limit": 20}))
    one = good(client.public("klines", {**asked, "startTime": rows[3][0], "endTime": rows[3][0]}))
    two = good(client.public("klines", {**asked, "startTime": rows[3][0] - 1, "limit": 2}))

    assert [row[0] for row in rows[1:]] == [row[6] + 1 for row in rows[:-1]]
    assert rows[-1][0] <= client.now_ms <= rows[-1][6]
    assert one == [rows[3]]
    assert two == rows[3:5]
    assert bad(client.public("klines", {**BTC, "interval": "1s"})) == (-1120, "Invalid interval.")


def test_tickers_tell_of_one_or_of_many() -> None:
    """An object for `symbol`, a list otherwise; their figures fit each other."""
    client = PlainClient()
    client.sim.trade("BTCUSD", Side.BUY, D("0.5"))
    for path in ("ticker/price", "ticker/bookTicker", "ticker/24hr"):
        one = good(client.public(path, BTC))
        some = good(client.public(path, {"symbols": '["BTCUSD","ETHUSDT"]'}))
        everything = good(client.public(path))
        assert some[0] == one
        assert one in everything
        assert len(everything) == 5

    day = good(client.public("ticker/24hr", BTC))
    short = good(client.public("ticker/24hr", {**BTC, "type": "MINI"}))
    rolling = good(client.public("ticker", {**BTC, "windowSize": "1h"}))

    assert list(day) == [
        *("symbol", "priceChange", "priceChangePercent", "weightedAvgPrice", "prevClosePrice"),
        *("lastPrice", "lastQty", "bidPrice", "bidQty", "askPrice", "askQty", "openPrice"),
        *("highPrice", "lowPrice", "volume", "quoteVolume", "openTime", "closeTime"),
        *("firstId", "lastId", "count"),
    ]
    assert D(day["priceChange"]) == D(day["lastPrice"]) - D(day["openPrice"])
    assert day["lastId"] - day["firstId"] + 1 == day["count"]
    assert day["closeTime"] - day["openTime"] == DAY_MS
    assert day["lastQty"] == good(client.public("trades", {**BTC, "limit": 1}))[0]["qty"]
    assert short == {key: day[key] for key in short}
    assert set(day) - set(rolling) == {
        *("prevClosePrice", "lastQty", "bidPrice", "bidQty", "askPrice", "askQty"),
    }
    assert rolling["openTime"] % 60_000 == 0
    assert D(rolling["volume"]) < D(day["volume"])
    assert bad(client.public("ticker", {**BTC, "windowSize": "8d"}))[0] == -1130
    assert bad(client.public("ticker/price", {"symbols": '["BTCUSD","BTCUSD"]'})) == (
        -1101,
        "Duplicate values for a parameter detected.",
    )


def test_a_listen_key_lives_an_hour_from_its_last_use() -> None:
    """One an account; POST and PUT extend it, DELETE ends it."""
    client = PlainClient()
    key = client.key.key
    unknown = (-1125, "This listenKey does not exist.")

    def call(method: str, listen_key: str = "", *, in_body: bool = False) -> Any:
        text = f"listenKey={listen_key}" if listen_key else ""
        places = {"body": text} if in_body else {"query": text}
        return client.send(method, "userDataStream", key=key, **places).response

    first = good(call("POST"))["listenKey"]
    client.now_ms += 3_599_000
    same = good(call("POST"))["listenKey"]
    client.now_ms += 3_599_000
    extended = good(call("PUT", first, in_body=True))
    client.now_ms += 3_600_000
    late = call("PUT", first)
    second = good(call("POST"))["listenKey"]
    ended = good(call("DELETE", second))

    assert len(first) == 60
    assert same == first != second
    assert extended == ended == {}
    assert bad(late) == bad(call("DELETE", second)) == unknown
    assert bad(call("PUT"))[0] == -1102
    assert bad(client.send("POST", "userDataStream").response, 401)[0] == -2014


def test_listen_keys_can_be_withdrawn() -> None:
    """HTTP 410, for as long as the fault stays."""
    client = PlainClient()
    fault = client.sim.faults.add(Respond("* /api/v3/userDataStream", 410, times=None))

    gone = client.send("POST", "userDataStream", key=client.key.key).response
    fault.remove()

    assert bad(gone, 410) == (-1016, "This service is no longer available.")
    assert client.send("POST", "userDataStream", key=client.key.key).response.status == 200


def test_money_that_moves_in_and_out_is_told() -> None:
    """A signed delta, then the balance."""
    client = PlainClient()

    client.sim.deposit("BTC", D("-0.1"))

    update, position = client.take_events()
    assert (update["e"], update["a"], update["d"]) == ("balanceUpdate", "BTC", "-0.10000000")
    assert position["B"] == [{"a": "BTC", "f": "49.90000000", "l": "0.00000000"}]


def test_paths_that_do_not_exist_are_answered_in_html() -> None:
    """404 and no JSON, double slashes and other versions too."""
    client = PlainClient()
    for path in ("nothing", "/time", "../../api/v1/time"):
        response = client.public(path)
        assert (response.status, response.content_type) == (404, "text/html")


@pytest.mark.parametrize(
    ("fault", "status", "code", "applied"),
    [
        pytest.param(Respond("POST *", 503), 503, -1001, False, id="5xx before"),
        pytest.param(Respond("POST *", 504, applied=True), 504, -1007, True, id="5xx after"),
        pytest.param(Respond("POST *", 500, applied=True), 500, -1006, True, id="500 after"),
        pytest.param(Respond("POST *", 429, retry_after_s=7), 429, -1003, False, id="429"),
        pytest.param(Respond("POST *", 418, retry_after_s=120), 418, -1003, False, id="418"),
        pytest.param(Respond("POST *", 403), 403, None, False, id="403"),
        pytest.param(Respond("POST *", 502, Body.HTML, applied=True), 502, None, True, id="502"),
        pytest.param(Respond("POST *", 500, Body.EMPTY), 500, None, False, id="empty"),
    ],
)
def test_an_order_call_can_fail_before_or_after_it_is_applied(
    fault: Respond,
    status: int,
    code: int | None,
    applied: bool,  # noqa: FBT001
) -> None:
    """The account's events and queries know the truth."""
    client = PlainClient()
    client.sim.faults.add(fault)

    response = client.signed("POST", "order", order(newClientOrderId="mine"))

    assert response.status == status
    if code is None:
        assert response.body[:1] != b"{"
    else:
        assert json.loads(response.body)["code"] == code
    if fault.retry_after_s is not None:
        assert dict(response.headers)["retry-after"] == str(fault.retry_after_s)
    assert (client.sim.order("mine") is not None) is applied
    assert bool(client.take_events()) is applied


def test_requests_and_replies_get_lost_late_or_cut() -> None:
    """Lost before or after, arriving later, answered slowly, or in half."""
    client = PlainClient()

    def answer(client_id: str) -> Any:
        return client.answer("POST", "order", order(newClientOrderId=client_id))

    client.sim.faults.add(LoseRequest("POST *"))
    lost = answer("lost")
    client.sim.faults.add(LoseReply("POST *", Loss.HANGING))
    unanswered = answer("unanswered")
    client.sim.faults.add(SlowReply("POST *", delay_s=2.5))
    slow = answer("slow")
    client.sim.faults.add(TruncateBody("POST *"))
    cut = answer("cut")
    client.sim.faults.add(DelayRequest("POST *", delay_s=2))
    late = answer("late")
    too_early = client.sim.order("late")
    client.advance(2)

    assert (lost.delivery, client.sim.order("lost")) == (Delivery.CLOSED, None)
    assert (unanswered.delivery, client.status("unanswered")) == (Delivery.HANGING, "NEW")
    assert (slow.delay_ns, client.status("slow")) == (2_500_000_000, "NEW")
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut.response.body)
    assert (late.delivery, too_early, client.status("late")) == (Delivery.CLOSED, None, "NEW")


def test_a_request_that_arrives_later_than_its_window_is_refused() -> None:
    """It was signed in time, and can never be applied any more."""
    client = PlainClient()
    client.sim.faults.add(DelayRequest("POST *", delay_s=6))
    client.answer("POST", "order", order(newClientOrderId="late"))

    client.advance(6)

    assert client.sim.order("late") is None


def test_the_same_seed_gives_the_same_exchange() -> None:
    """Keys, prices, ids; another seed gives another."""

    def told(seed: int) -> tuple[Any, ...]:
        client = PlainClient(seed=seed)
        client.sim.paused = False
        for _ in range(50):
            client.advance(0.2)
        placed = client.place()
        depth = good(client.public("depth", BTC))
        return client.key.key, placed, depth, good(client.public("trades", BTC))

    assert told(7) == told(7)
    assert told(7)[0] != told(8)[0]
    assert told(7)[2] != told(8)[2]


def test_every_market_moves_and_trades_within_five_seconds() -> None:
    """Books and prints, of each symbol, at any time."""
    client = PlainClient(Settings(limits_enforced=False))
    client.sim.paused = False
    for _ in range(5):
        marks = {m: (m.last_update_id, m.last.trade_id) for m in client.sim.venue.markets.values()}
        for _ in range(20):
            client.now_ms += 250
            client.sim.tick()
        for market, (update_id, trade_id) in marks.items():
            assert market.last_update_id > update_id
            assert market.last.trade_id > trade_id


@pytest.mark.anyio
async def test_it_is_served_over_sockets_on_either_backend() -> None:
    """Endpoints as other programs take them; a signed form body goes through."""
    simulated = SimulatedBinanceUs(seed=1)
    async with serve(simulated) as running, httpx.AsyncClient() as http:
        endpoints = running.endpoints["binance_us"]
        with anyio.fail_after(30):
            now = (await http.get(f"{endpoints['rest']}/api/v3/time")).json()["serverTime"]
            key, secret = endpoints["credentials"].values()
            body = httpx.QueryParams({**order(), "timestamp": now})
            signature = sign(secret, str(body))
            placed = await http.post(
                f"{endpoints['rest']}/api/v3/order",
                content=f"{body}&signature={signature}",
                headers={
                    "X-MBX-APIKEY": key,
                    "Content-Type": "application/x-www-form-urlencoded",
                },
            )

    assert set(endpoints) == {"rest", "stream", "ws_api", "credentials"}
    assert endpoints["ws_api"].endswith("/ws-api/v3")
    assert placed.status_code == 200, placed.text
    assert placed.headers["x-mbx-order-count-10s"] == "1"
