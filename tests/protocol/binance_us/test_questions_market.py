"""Books, prices and trades: what is asked, and what is made of the answers."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.binance_us import NOW_NS, payload, reply, talk
from tests.support.binance_us_questions import question
from venuetree.protocol.commands import FetchBook, FetchTickers, FetchTrades
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.events import BookSnapshot, TickerChanged, TradePrinted
from venuetree.protocol.exchanges.binance_us.rest import BinanceUsRest
from venuetree.protocol.models import Instrument, InstrumentStatus, Level, Side
from venuetree.protocol.port import FlowContext

D = Decimal
MS = 1_000_000
DEPTH = payload("rest_depth")


def listed(**fields: Any) -> Instrument:
    """An instrument of the list, whose symbol is none of our making."""
    return Instrument("BTC-USD", "BTC", "USD", "XBTUSD", InstrumentStatus.TRADING, **fields)


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
