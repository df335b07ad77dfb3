"""Frames of the market to events: names, sides, windows, and what is malformed."""

from typing import Any

import pytest

from tests.support.binance_us import payload
from tests.support.binance_us_frames import SAMPLES, read
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.events import (
    AggregateTradePrinted,
    BookTopChanged,
    TickerChanged,
    TradePrinted,
)
from venuetree.protocol.models import Side


@pytest.mark.parametrize(
    ("stream", "instrument"),
    [
        ("btcusd@depth5", "BTC-USD"),
        ("btcusdt@depth20@100ms", "BTC-USDT"),
        ("ethbtc@depth10", "ETH-BTC"),
    ],
)
def test_the_top_of_a_book_is_named_by_its_stream(stream: str, instrument: str) -> None:
    """It says nothing of its symbol itself."""
    (top,) = read({"stream": stream, "data": payload("stream_book_top")})

    assert isinstance(top, BookTopChanged)
    assert top.instrument == instrument


def test_a_stream_of_many_symbols_is_one_frame() -> None:
    """Each element is an event of its own."""
    ticker = payload("stream_mini_ticker")
    frame = {"stream": "!miniTicker@arr", "data": [ticker, {**ticker, "s": "ETHUSDT"}]}
    events = read(frame)

    assert [event.instrument for event in events if isinstance(event, TickerChanged)] == [
        "BTC-USD",
        "ETH-USDT",
    ]


def test_the_maker_tells_who_took() -> None:
    """`m`: the buyer was the maker, so the taker sold."""
    for name in ("stream_trade", "stream_aggregate_trade"):
        (sold,) = read({**payload(name), "m": True})
        assert isinstance(sold, TradePrinted | AggregateTradePrinted)
        assert sold.taker_side is Side.SELL


def test_an_old_trade_names_its_orders_and_a_new_one_does_not() -> None:
    """Nothing depends on that."""
    message = payload("stream_trade")
    without = {key: value for key, value in message.items() if key not in {"a", "b"}}

    assert read(without) == SAMPLES["stream_trade"]


@pytest.mark.parametrize("name", ["stream_best_prices", "stream_ticker"])
@pytest.mark.parametrize("side", ["bid", "ask"])
def test_an_empty_side_has_no_price(name: str, side: str) -> None:
    """It comes as zeros."""
    small, large = side[0], side[0].upper()
    (event,) = read({**payload(name), small: "0.00000000", large: "0.00000000"})
    other = "ask" if side == "bid" else "bid"

    assert getattr(event, side) is None
    assert getattr(event, f"{side}_quantity") is None
    assert getattr(event, other) is not None


@pytest.mark.parametrize("kind", ["1hTicker", "4hTicker", "1dTicker"])
def test_figures_of_another_window_are_none_of_a_day(kind: str) -> None:
    """Only the last price is."""
    (ticker,) = read({**payload("stream_mini_ticker"), "e": kind})

    assert isinstance(ticker, TickerChanged)
    assert ticker.last_price == 117000
    assert (ticker.volume_24h, ticker.low_24h, ticker.high_24h) == (None, None, None)


def test_a_ticker_without_trades_names_none() -> None:
    """Its last number is negative then."""
    (ticker,) = read({**payload("stream_ticker"), "L": -1})

    assert isinstance(ticker, TickerChanged)
    assert ticker.trade_id == ""


def test_changes_of_a_book_that_run_backwards_are_none() -> None:
    """From the last number to the first."""
    message = payload("stream_depth")
    with pytest.raises(RemoteProtocolError, match="backwards"):
        read({**message, "U": message["u"] + 1})


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("stream_trade", {"m": None}),
        ("stream_trade", {"m": "true"}),
        ("stream_trade", {"t": "88685101"}),
        ("stream_trade", {"T": 1.5}),
        ("stream_trade", {"s": None}),
        ("stream_trade", {"p": 116999.5}),
        ("stream_trade", {"q": "1e-3"}),
        ("stream_aggregate_trade", {"m": 1}),
        ("stream_aggregate_trade", {"f": "88685101"}),
        ("stream_aggregate_trade", {"a": None}),
        ("stream_depth", {"U": "8812044118"}),
        ("stream_depth", {"u": None}),
        ("stream_depth", {"E": 1.5}),
        ("stream_depth", {"b": None}),
        ("stream_depth", {"a": [["116999.50000000"]]}),
        ("stream_depth", {"a": [["116999.50000000", 0]]}),
        ("stream_depth", {"a": [["1\n2", "0"]]}),
        ("stream_best_prices", {"u": "1"}),
        ("stream_best_prices", {"B": None}),
        ("stream_book_top", {"lastUpdateId": "1"}),
        ("stream_book_top", {"bids": [["1", "NaN"]]}),
        ("stream_candle", {"k": None}),
        ("stream_candle", {"E": None}),
        ("stream_ticker", {"c": None}),
        ("stream_ticker", {"v": ""}),
        ("user_balances", {"B": None}),
        ("user_balances", {"B": [{"a": "BTC", "f": 1, "l": "0"}]}),
        ("user_balance_update", {"E": None}),
        ("user_terminated", {"E": "1"}),
    ],
)
def test_market_data_of_another_shape_is_an_error(name: str, fields: dict[str, Any]) -> None:
    """Nothing is guessed, and no part of it is told."""
    with pytest.raises(RemoteProtocolError):
        read({**payload(name), **fields})
