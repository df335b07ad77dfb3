"""Questions about the market and the account: what is asked, and what is made of the answers."""

from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.support.binance_us import NOW_NS, error, payload, reply, talk
from venuetree.protocol.builders import limit_order
from venuetree.protocol.commands import (
    ClosePosition,
    FetchBalances,
    FetchBook,
    FetchCandles,
    FetchFees,
    FetchInstruments,
    FetchKeyPermissions,
    FetchPositions,
    FetchServerTime,
    FetchTickers,
    FetchTrades,
    KeepAccountStream,
    OpenAccountStream,
)
from venuetree.protocol.errors import (
    ExchangeRefused,
    InstrumentNotFound,
    NotSupported,
    RemoteProtocolError,
)
from venuetree.protocol.events import BookSnapshot, TickerChanged, TradePrinted
from venuetree.protocol.exchanges.binance_us.profile import PROFILE
from venuetree.protocol.exchanges.binance_us.rest import BinanceUsRest
from venuetree.protocol.models import (
    Balance,
    Candle,
    FeeSummary,
    Instrument,
    InstrumentStatus,
    KeyPermissions,
    Level,
    Side,
)
from venuetree.protocol.port import (
    Auth,
    ClockReading,
    Cost,
    Effect,
    FlowContext,
    Lane,
    LimitsTold,
    LimitWindow,
    RestReply,
    RestRequest,
    WindowKind,
)
from venuetree.protocol.timestamps import SECOND

D = Decimal
MS = 1_000_000
NOW_MS = NOW_NS // MS
INFO = payload("rest_exchange_info")
DEPTH = payload("rest_depth")
ACCOUNT = payload("rest_account")


def question(
    operation: str,
    path: str,
    query: str = "",
    *,
    weight: int,
    auth: Auth = Auth.NONE,
    method: str = "GET",
) -> RestRequest:
    """A request that changes nothing."""
    return RestRequest(
        operation=operation,
        method=method,
        path=f"/api/v3/{path}",
        query=query,
        auth=auth,
        effect=Effect.READ,
        lane=Lane.DATA,
        costs=(Cost("weight_1m", weight), Cost("raw_5m")),
        timeout_ns=10 * SECOND,
    )


def listed(**fields: Any) -> Instrument:
    """An instrument of the list, whose symbol is none of our making."""
    return Instrument("BTC-USD", "BTC", "USD", "XBTUSD", InstrumentStatus.TRADING, **fields)


# ---------------------------------------------------------------- clock


def clock(milliseconds: int, way_ns: int) -> RestReply:
    """The clock's reading, over so long a way."""
    body = b'{"serverTime":%d}' % milliseconds
    return RestReply(200, {}, body, NOW_NS - way_ns, NOW_NS)


def test_the_clock_is_read_three_times_and_the_shortest_way_is_the_best() -> None:
    """Each reading is told: whoever signs takes the best of them, too."""
    readings = [clock(NOW_MS + 1, 50), clock(NOW_MS + 2, 10), clock(NOW_MS + 3, 30)]
    conversation = talk(*readings)

    assert conversation.ask(FetchServerTime()) == (NOW_MS + 2) * MS
    assert conversation.requests == [question("server_time", "time", weight=1)] * 3
    assert conversation.news == [
        ClockReading((NOW_MS + 1) * MS, NOW_NS - 50, NOW_NS),
        ClockReading((NOW_MS + 2) * MS, NOW_NS - 10, NOW_NS),
        ClockReading((NOW_MS + 3) * MS, NOW_NS - 30, NOW_NS),
    ]


@pytest.mark.parametrize("body", [{}, {"serverTime": "1"}, {"serverTime": 1.5}, b"", b"[]"])
def test_a_clock_that_cannot_be_read_is_an_error(body: Any) -> None:
    """Nothing is told by it."""
    conversation = talk(reply(body))
    with pytest.raises(RemoteProtocolError):
        conversation.ask(FetchServerTime())

    assert conversation.news == []


# ---------------------------------------------------------------- instruments


def test_the_list_tells_the_limits_too() -> None:
    """Before the answer: whoever counts must have them first."""
    conversation = talk(reply(INFO))
    (found,) = conversation.ask(FetchInstruments())

    assert found.name == "BTC-USD"
    assert conversation.requests == [question("instruments", "exchangeInfo", weight=20)]
    (news,) = conversation.news
    assert isinstance(news, LimitsTold)
    assert news.windows[0] == LimitWindow("weight_1m", 6000, 60 * SECOND, WindowKind.CALENDAR)
    assert len(news.windows) == 4


def test_the_limits_are_those_that_the_profile_begins_with() -> None:
    """Otherwise what requests cost would be counted in windows that are not there."""
    conversation = talk(reply(INFO))
    conversation.ask(FetchInstruments())

    assert conversation.news == [LimitsTold(PROFILE.limits)]


def test_named_instruments_are_asked_for_by_name() -> None:
    """As JSON, percent-encoded."""
    conversation = talk(reply(INFO))
    conversation.ask(FetchInstruments(("BTC-USD", "ETH-USDT")))

    assert conversation.requests[0].query == "symbols=%5B%22BTCUSD%22%2C%22ETHUSDT%22%5D"


def test_a_name_that_is_none_is_told_as_such() -> None:
    """By its code."""
    with pytest.raises(InstrumentNotFound):
        talk(error(-1121, "Invalid symbol.")).ask(FetchInstruments(("NOPE-USD",)))


@pytest.mark.parametrize(
    "body",
    [
        {**INFO, "symbols": None},
        {**INFO, "symbols": [{**INFO["symbols"][0], "filters": None}]},
        {**INFO, "symbols": {"BTCUSD": 1}},
        {**INFO, "rateLimits": None},
        {**INFO, "rateLimits": [{"rateLimitType": "ORDERS"}]},
        {"symbols": []},
        b"[]",
    ],
)
def test_a_list_of_which_nothing_can_be_read_is_an_error(body: Any) -> None:
    """It must not replace what is known by nothing."""
    conversation = talk(reply(body))
    with pytest.raises(RemoteProtocolError):
        conversation.ask(FetchInstruments())

    assert conversation.news == []


def test_one_symbol_that_cannot_be_read_hides_no_other() -> None:
    """It is left out."""
    broken = {**INFO["symbols"][0], "symbol": "ETHUSD", "filters": None}
    found = talk(reply({**INFO, "symbols": [broken, *INFO["symbols"]]})).ask(FetchInstruments())

    assert [instrument.name for instrument in found] == ["BTC-USD"]


# ---------------------------------------------------------------- books, prices, trades


@pytest.mark.parametrize(
    ("depth", "limit", "weight"),
    [
        (1, 1, 5),
        (100, 100, 5),
        (101, 101, 25),
        (500, 500, 25),
        (501, 501, 50),
        (1000, 1000, 50),
        (1001, 1001, 250),
        (5000, 5000, 250),
        (5001, 5000, 250),
        (None, 5000, 250),
    ],
)
def test_a_book_costs_by_its_depth(depth: int | None, limit: int, weight: int) -> None:
    """As deep as asked for, as deep as there is where nothing is said."""
    conversation = talk(reply(DEPTH))
    conversation.ask(FetchBook("BTC-USD", depth))
    query = f"symbol=BTCUSD&limit={limit}"

    assert conversation.requests == [question("book", "depth", query, weight=weight)]


def test_a_book_is_read_whole() -> None:
    """With the number by which changes follow it, under the name that was asked for."""
    conversation = talk(reply(DEPTH), instruments=[listed()])

    assert conversation.ask(FetchBook("BTC-USD")) == BookSnapshot(
        "binance_us",
        "BTC-USD",
        (Level(D("117285.10"), D("0.042")), Level(D(117280), D("0.31"))),
        (Level(D("117290.77"), D("0.0117")),),
        None,
        NOW_NS,
        8812044117,
    )
    assert conversation.requests[0].query.startswith("symbol=XBTUSD&")


@pytest.mark.parametrize(
    "fields",
    [
        {"bids": None},
        {"asks": [["1"]]},
        {"asks": [["1", 2]]},
        {"bids": [["1e5", "2"]]},
        {"lastUpdateId": "8812044117"},
    ],
)
def test_a_book_that_cannot_be_read_is_an_error(fields: dict[str, Any]) -> None:
    """Not one with a level less."""
    with pytest.raises(RemoteProtocolError):
        talk(reply({**DEPTH, **fields})).ask(FetchBook("BTC-USD"))


BEST = {
    "symbol": "BTCUSD",
    "bidPrice": "117285.10000000",
    "bidQty": "0.04200000",
    "askPrice": "117290.77000000",
    "askQty": "0.01170000",
}


def best(name: str, bid: str | None, bid_quantity: str | None) -> TickerChanged:
    """The event of `BEST`."""
    return TickerChanged(
        "binance_us",
        name,
        None,
        None if bid is None else D(bid),
        None if bid_quantity is None else D(bid_quantity),
        D("117290.77"),
        D("0.0117"),
        None,
        None,
        None,
        None,
        NOW_NS,
    )


def test_tickers_are_best_prices_by_the_names_asked_for() -> None:
    """An empty side has none."""
    empty = {**BEST, "symbol": "ETHUSD", "bidPrice": "0.00000000", "bidQty": "0.00000000"}
    conversation = talk(reply([BEST, empty]))

    assert conversation.ask(FetchTickers(("BTC-USD", "ETH-USD"))) == (
        best("BTC-USD", "117285.10", "0.042"),
        best("ETH-USD", None, None),
    )
    query = "symbols=%5B%22BTCUSD%22%2C%22ETHUSD%22%5D"
    assert conversation.requests == [question("tickers", "ticker/bookTicker", query, weight=4)]


def test_no_tickers_are_no_question() -> None:
    """An empty list would be refused."""
    flow = BinanceUsRest().flow(FetchTickers(()), FlowContext(NOW_NS))
    with pytest.raises(StopIteration) as done:
        next(flow)

    assert done.value.value == ()


@pytest.mark.parametrize("body", [BEST, [{**BEST, "symbol": "DOGEUSD"}], [{"symbol": "BTCUSD"}]])
def test_tickers_of_something_else_are_an_error(body: Any) -> None:
    """One that was not asked for, or no list."""
    with pytest.raises(RemoteProtocolError):
        talk(reply(body)).ask(FetchTickers(("BTC-USD",)))


def test_trades_come_newest_first() -> None:
    """The exchange lists them oldest first."""
    (told,) = payload("rest_trades")
    later = {**told, "id": 88685054, "isBuyerMaker": True, "time": 1788540241168}
    conversation = talk(reply([told, later]))
    newest, oldest = conversation.ask(FetchTrades("BTC-USD", 2))

    assert oldest == TradePrinted(
        "binance_us",
        "BTC-USD",
        "88685053",
        D("117290.77"),
        D("0.00042"),
        Side.BUY,
        1788540241167 * MS,
        NOW_NS,
        is_past=True,
    )
    assert (newest.trade_id, newest.taker_side) == ("88685054", Side.SELL)
    assert conversation.requests == [
        question("trades", "trades", "symbol=BTCUSD&limit=2", weight=25)
    ]


@pytest.mark.parametrize(("limit", "rows"), [(0, 1), (1000, 1000), (1001, 1000)])
def test_so_many_trades_and_no_more(limit: int, rows: int) -> None:
    """A thousand at most."""
    conversation = talk(reply([]))
    conversation.ask(FetchTrades("BTC-USD", limit))

    assert conversation.requests[0].query == f"symbol=BTCUSD&limit={rows}"


@pytest.mark.parametrize("fields", [{"isBuyerMaker": None}, {"id": "1"}, {"qty": 1}, {"time": ""}])
def test_a_trade_that_cannot_be_read_is_an_error(fields: dict[str, Any]) -> None:
    """Which side took above all."""
    (told,) = payload("rest_trades")
    with pytest.raises(RemoteProtocolError):
        talk(reply([{**told, **fields}])).ask(FetchTrades("BTC-USD"))


# ---------------------------------------------------------------- candles

MINUTE_NS = 60 * SECOND
(ROW,) = payload("rest_klines")


def candle_rows(first_ms: int, count: int) -> list[list[Any]]:
    """So many minutes."""
    return [[first_ms + i * 60_000, *ROW[1:]] for i in range(count)]


def test_a_candle_is_read_whole() -> None:
    """The end of the window is not in it; over there it is."""
    conversation = talk(reply([ROW]))
    start_ns = 1788540240000 * MS
    command = FetchCandles("BTC-USD", MINUTE_NS, start_ns, start_ns + MINUTE_NS)

    assert conversation.ask(command) == (
        Candle(start_ns, D(117250), D("117301.20"), D("117249.50"), D("117290.77"), D("0.9142")),
    )
    query = "symbol=BTCUSD&interval=1m&startTime=1788540240000&endTime=1788540299999&limit=1000"
    assert conversation.requests == [question("candles", "klines", query, weight=2)]


def test_times_between_milliseconds_are_rounded_into_the_window() -> None:
    """Neither a candle before its start nor one at its end."""
    conversation = talk(reply([]))
    conversation.ask(FetchCandles("BTC-USD", MINUTE_NS, 1_000_001, 3_000_001))
    asked = dict(parse_qsl(conversation.requests[0].query))

    assert (asked["startTime"], asked["endTime"]) == ("2", "3")


def test_many_candles_take_many_requests() -> None:
    """A thousand at a time, each page after the last candle of the one before."""
    start_ms = 1788540240000
    end_ms = start_ms + 2000 * 60_000
    pages = [candle_rows(start_ms, 1000), candle_rows(start_ms + 60_000_000, 1000), []]
    conversation = talk(*map(reply, pages))
    found = conversation.ask(FetchCandles("BTC-USD", MINUTE_NS, start_ms * MS, end_ms * MS))
    starts = [int(dict(parse_qsl(request.query))["startTime"]) for request in conversation.requests]

    assert [candle.start_time_ns for candle in found] == [
        (start_ms + i * 60_000) * MS for i in range(2000)
    ]
    assert starts == [start_ms, start_ms + 999 * 60_000 + 1, start_ms + 1999 * 60_000 + 1]


@pytest.mark.parametrize("end_ms", [1000, 999])
def test_a_window_of_candles_without_an_inside_asks_nothing(end_ms: int) -> None:
    """The end is not in it."""
    command = FetchCandles("BTC-USD", MINUTE_NS, 1000 * MS, end_ms * MS)
    flow = BinanceUsRest().flow(command, FlowContext(NOW_NS))
    with pytest.raises(StopIteration) as done:
        next(flow)

    assert done.value.value == ()


@pytest.mark.parametrize(
    ("seconds", "word"),
    [
        (60, "1m"),
        (180, "3m"),
        (300, "5m"),
        (900, "15m"),
        (1800, "30m"),
        (3600, "1h"),
        (7200, "2h"),
        (14400, "4h"),
        (21600, "6h"),
        (28800, "8h"),
        (43200, "12h"),
        (86400, "1d"),
        (259200, "3d"),
        (604800, "1w"),
    ],
)
def test_every_interval_has_its_word(seconds: int, word: str) -> None:
    """But a month, which is no fixed time."""
    conversation = talk(reply([]))
    conversation.ask(FetchCandles("BTC-USD", seconds * SECOND, 0, SECOND))

    assert dict(parse_qsl(conversation.requests[0].query))["interval"] == word


@pytest.mark.parametrize("interval_ns", [0, SECOND, 60 * SECOND + 1, 120 * SECOND, 30 * 86400])
def test_other_intervals_are_not_there(interval_ns: int) -> None:
    """Seconds were withdrawn; and nothing is rounded."""
    with pytest.raises(NotSupported):
        talk().ask(FetchCandles("BTC-USD", interval_ns, 0, SECOND))


@pytest.mark.parametrize(
    "body", [{}, [1], [[]], [["1", *ROW[1:]]], [ROW[:5]], [[1, 2, 3, 4, 5, 6]]]
)
def test_candles_that_cannot_be_read_are_an_error(body: Any) -> None:
    """And never none at all."""
    with pytest.raises(RemoteProtocolError):
        talk(reply(body)).ask(FetchCandles("BTC-USD", MINUTE_NS, 0, SECOND))


# ---------------------------------------------------------------- the account


def test_balances_are_those_of_which_there_is_any() -> None:
    """All assets are listed, nearly all of them empty."""
    empty = {"asset": "DOGE", "free": "0.00000000", "locked": "0.00000000"}
    held = {"asset": "ETH", "free": "0.00000000", "locked": "0.50000000"}
    conversation = talk(reply({**ACCOUNT, "balances": [empty, *ACCOUNT["balances"], held]}))

    assert conversation.ask(FetchBalances()) == (
        Balance("binance_us", "BTC", D("0.50499900"), D(0)),
        Balance("binance_us", "USD", D("8414.50150000"), D(1160)),
        Balance("binance_us", "ETH", D(0), D("0.5")),
    )
    assert conversation.requests == [question("balances", "account", weight=20, auth=Auth.SIGNED)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {},
            KeyPermissions(can_view=True, can_trade=True, can_transfer=True, detail="account SPOT"),
        ),
        (
            {"canTrade": False, "accountType": None},
            KeyPermissions(can_view=True, can_trade=False, can_transfer=True),
        ),
        (
            {"canWithdraw": False},
            KeyPermissions(
                can_view=True, can_trade=True, can_transfer=False, detail="account SPOT"
            ),
        ),
    ],
)
def test_permissions_are_the_accounts(fields: dict[str, Any], expected: KeyPermissions) -> None:
    """Of the key the exchange says nothing."""
    conversation = talk(reply({**ACCOUNT, **fields}))

    assert conversation.ask(FetchKeyPermissions()) == expected
    assert conversation.requests == [
        question("key_permissions", "account", weight=20, auth=Auth.SIGNED)
    ]


def test_fees_are_fractions() -> None:
    """As the exchange tells them."""
    conversation = talk(reply(ACCOUNT))

    assert conversation.ask(FetchFees()) == FeeSummary("", D(0), D("0.0002"))
    assert conversation.requests == [question("fees", "account", weight=20, auth=Auth.SIGNED)]


def test_fees_of_older_make_are_basis_points() -> None:
    """Where there are no rates."""
    older = {key: value for key, value in ACCOUNT.items() if key != "commissionRates"}
    found = talk(reply({**older, "makerCommission": 10})).ask(FetchFees())

    assert found == FeeSummary("", D("0.001"), D("0.0002"))


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        (FetchBalances(), {"balances": None}),
        (FetchBalances(), {"balances": [{"asset": "BTC", "free": 1, "locked": "0"}]}),
        (FetchKeyPermissions(), {"canTrade": "true"}),
        (FetchKeyPermissions(), {"canWithdraw": None}),
        (FetchFees(), {"commissionRates": {"maker": "0"}}),
        (FetchFees(), {"commissionRates": None, "makerCommission": "10"}),
    ],
)
def test_an_account_that_cannot_be_read_is_an_error(command: Any, fields: dict[str, Any]) -> None:
    """No permission and no balance is guessed."""
    with pytest.raises(RemoteProtocolError):
        talk(reply({**ACCOUNT, **fields})).ask(command)


# ---------------------------------------------------------------- listen keys


def test_a_listen_key_is_opened_and_kept_with_the_key_alone() -> None:
    """No signature, no time, and no parameter that is not asked for."""
    opening = talk(reply({"listenKey": "h3Tq8ZrL"}))
    keeping = talk(reply({}))

    assert opening.ask(OpenAccountStream()) == "h3Tq8ZrL"
    keeping.ask(KeepAccountStream("h3Tq8ZrL"))
    assert opening.requests == [
        question("open_stream", "userDataStream", weight=2, auth=Auth.KEY, method="POST")
    ]
    assert keeping.requests == [
        question(
            "keep_stream",
            "userDataStream",
            "listenKey=h3Tq8ZrL",
            weight=2,
            auth=Auth.KEY,
            method="PUT",
        )
    ]


@pytest.mark.parametrize(
    "answer", [error(-1125, "This listenKey does not exist."), reply(b"", 410)]
)
def test_a_listen_key_that_is_no_more_is_refused(answer: RestReply) -> None:
    """Or the calls are withdrawn; either way another way must be found."""
    with pytest.raises(ExchangeRefused) as caught:
        talk(answer).ask(KeepAccountStream("h3Tq8ZrL"))

    assert caught.value.code in {"-1125", "410"}
    assert "h3Tq8ZrL" not in str(caught.value)


@pytest.mark.parametrize("body", [{}, {"listenKey": None}, b""])
def test_an_answer_without_a_listen_key_is_an_error(body: Any) -> None:
    """Not an empty one."""
    with pytest.raises(RemoteProtocolError):
        talk(reply(body)).ask(OpenAccountStream())


@pytest.mark.parametrize(
    "command",
    [
        FetchPositions(),
        ClosePosition((limit_order("BTC-USD", Side.SELL, quantity="1", price="1"),)),
    ],
)
def test_what_a_spot_exchange_has_not_is_not_supported(command: Any) -> None:
    """Before anything is asked, whatever the flow would be."""
    with pytest.raises(NotSupported) as caught:
        BinanceUsRest().flow(command, FlowContext(NOW_NS))

    assert caught.value.exchange == "binance_us"
