"""Traffic of the real exchange, recorded: every frame decodes, and every number is the frame's."""

from decimal import Decimal
from typing import Any

import orjson

from tests.support.binance_us import NOW_NS, recorded, reply, talk
from venuetree.protocol.commands import FetchBook, FetchInstruments
from venuetree.protocol.events import (
    AggregateTradePrinted,
    BestPricesChanged,
    BookChanged,
    CandleChanged,
    Event,
)
from venuetree.protocol.exchanges.binance_us.decode import decode
from venuetree.protocol.exchanges.binance_us.reading import symbol_name
from venuetree.protocol.models import QuantumField, Side
from venuetree.protocol.port import LimitsTold

Row = tuple[Any, ...]


def row_of_event(event: Event) -> Row:
    """Every number of the event, with what it is of."""
    match event:
        case BookChanged():
            changes = [(side, str(price), quantity) for side, price, quantity in event.changes]
            return (event.first_update_id, event.last_update_id, changes)
        case BestPricesChanged() as best:
            return (best.update_id, best.bid, best.bid_quantity, best.ask, best.ask_quantity)
        case AggregateTradePrinted() as trade:
            return (
                *(trade.aggregate_id, trade.first_trade_id, trade.last_trade_id),
                *(trade.price, trade.quantity, trade.taker_side),
            )
        case CandleChanged(candle=c):
            return (c.start_time_ns, c.open, c.high, c.low, c.close, c.volume)
        case _:
            raise AssertionError(event)


def row_of_frame(data: dict[str, Any]) -> Row:
    """The same, straight from the frame."""
    match data.get("e"):
        case "depthUpdate":
            bids = [(Side.BUY, price, Decimal(size)) for price, size in data["b"]]
            asks = [(Side.SELL, price, Decimal(size)) for price, size in data["a"]]
            return (data["U"], data["u"], bids + asks)
        case None:
            return (data["u"], *(Decimal(data[key]) for key in "bBaA"))
        case "aggTrade":
            side = Side.SELL if data["m"] else Side.BUY
            numbers = (Decimal(data["p"]), Decimal(data["q"]), side)
            return (str(data["a"]), str(data["f"]), str(data["l"]), *numbers)
        case "kline":
            k = data["k"]
            return (k["t"] * 1_000_000, *(Decimal(k[key]) for key in "ohlcv"))
        case kind:
            raise AssertionError(kind)


def test_every_recorded_frame_is_told_number_by_number() -> None:
    """Prices to the digit."""
    frames = [raw for _, raw in recorded("streams.jsonl")]
    for frame in frames:
        (event,) = decode(orjson.dumps(frame), NOW_NS)

        assert row_of_event(event) == row_of_frame(frame["data"])
        assert symbol_name(event.instrument) == frame["data"]["s"]  # type: ignore[union-attr]
        if "E" in frame["data"]:
            assert event.exchange_time_ns is not None
            assert event.exchange_time_ns <= frame["data"]["E"] * 1_000_000
    assert len(frames) > 200


def test_the_recorded_list_gives_instruments_and_limits() -> None:
    """All five symbols, each with its grids, and the four limits of its day."""
    (info,) = (raw for channel, raw in recorded("rest.jsonl") if "exchangeInfo" in channel)
    conversation = talk(reply(info))
    found = conversation.ask(FetchInstruments())

    assert [instrument.exchange_symbol for instrument in found] == [
        told["symbol"] for told in info["symbols"]
    ]
    for instrument, told in zip(found, info["symbols"], strict=True):
        grid = instrument.quantum(QuantumField.PRICE)
        assert grid is not None
        assert grid.step == Decimal(told["filters"][0]["tickSize"])
        assert instrument.name == f"{told['baseAsset']}-{told['quoteAsset']}"
    (news,) = conversation.news
    assert isinstance(news, LimitsTold)
    assert {window.name: window.capacity for window in news.windows} == {
        "weight_1m": 1200,
        "orders_10s": 100,
        "orders_1d": 200000,
        "raw_5m": 6100,
    }


def test_the_recorded_books_are_read_level_by_level() -> None:
    """In the exchange's order, best first."""
    books = [(channel, raw) for channel, raw in recorded("rest.jsonl") if "depth" in channel]
    for channel, raw in books:
        symbol = channel.partition("symbol=")[2].partition("&")[0]
        book = talk(reply(raw)).ask(FetchBook(symbol))

        assert [(str(price), str(size)) for price, size in book.bids] == [
            tuple(row) for row in _plain(raw["bids"])
        ]
        assert [(str(price), str(size)) for price, size in book.asks] == [
            tuple(row) for row in _plain(raw["asks"])
        ]
        assert book.last_update_id == raw["lastUpdateId"]
        assert book.bids[0].price < book.asks[0].price
    assert len(books) == 4


def _plain(rows: list[list[str]]) -> list[list[str]]:
    return [[str(Decimal(number)) for number in row] for row in rows]
