"""Plain streams and trades of a market connection: names, losses, and repetitions."""

from collections.abc import Callable

import orjson
import pytest

from tests.support.binance_us import NOW_MS
from tests.support.binance_us_market import BOOK, TRADES
from tests.support.binance_us_stream import (
    BUY,
    Line,
    aggregate,
    best,
    candle,
    ticker,
    top,
    trade,
)
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.events import (
    AggregateTradePrinted,
    BestPricesChanged,
    BookTopChanged,
    CandleChanged,
    SequenceGap,
    TickerChanged,
    TopicStalled,
    TradePrinted,
)
from venuetree.protocol.exchanges.binance_us.profile import PROFILE
from venuetree.protocol.models import Topic
from venuetree.protocol.timestamps import SECOND


def test_each_stream_is_told_under_our_name() -> None:
    """Even where the quote currency is one that cannot be told by its spelling."""
    topics = [topic for topic in Topic if topic in PROFILE.topics - {Topic.BOOK}]
    line = Line(*(("BTC-XYZ", topic) for topic in topics)).live()
    name = "BTC-XYZ"
    said = line.take(
        trade(name, 1),
        aggregate(name, 1),
        best(name, 1),
        top(name, 1),
        candle(name, NOW_MS),
        ticker(name, NOW_MS),
        ticker(name, NOW_MS, is_small=True),
    )

    assert [type(event) for event in said] == [
        *(TradePrinted, AggregateTradePrinted, BestPricesChanged, BookTopChanged),
        *(CandleChanged, TickerChanged, TickerChanged),
    ]
    assert {getattr(event, "instrument", None) for event in said} == {name}


@pytest.mark.parametrize(
    ("topic", "made"), [(Topic.TRADES, trade), (Topic.AGGREGATE_TRADES, aggregate)]
)
def test_a_lost_trade_is_told_before_the_one_that_shows_it(
    topic: Topic, made: Callable[[str, int], bytes]
) -> None:
    """The gap for the log, the stall for the subscriber."""
    line = Line(("BTC-USD", topic)).live()
    line.take(made("BTC-USD", 5), made("BTC-USD", 6))
    line.now_ns += SECOND
    gap, stalled, printed = line.take(made("BTC-USD", 9))

    label = f"market-0 {topic.value} BTC-USD"
    assert gap == SequenceGap("binance_us", label, 7, 9, None, line.now_ns)
    assert stalled == TopicStalled("binance_us", "BTC-USD", topic, SECOND, line.now_ns)
    assert isinstance(printed, TradePrinted | AggregateTradePrinted)
    assert len(line.take(made("BTC-USD", 10))) == 1


def test_a_repeated_trade_is_told_once() -> None:
    """By its id, which only grows."""
    line = Line(TRADES).live()
    said = line.take(*(trade("BTC-USD", number) for number in (5, 6, 6, 5, 7)))

    assert [event.trade_id for event in said if isinstance(event, TradePrinted)] == ["5", "6", "7"]
    assert len(said) == 3


def test_trades_are_counted_by_instrument_and_anew_after_being_left() -> None:
    """Nobody missed what nobody wanted."""
    line = Line(TRADES, ("ETH-USD", Topic.TRADES)).live()
    assert len(line.take(trade("BTC-USD", 5), trade("ETH-USD", 90), trade("BTC-USD", 6))) == 3
    line.want(("ETH-USD", Topic.TRADES))
    line.settle()
    line.want(TRADES, ("ETH-USD", Topic.TRADES))
    line.settle()

    assert len(line.take(trade("BTC-USD", 50), trade("ETH-USD", 91))) == 2


def test_data_of_another_instrument_than_its_stream_is_an_error() -> None:
    """It must not move the wrong book."""
    line = Line(BOOK).live()
    frame = orjson.loads(line.peer.change("ETH-USD", (BUY, "99", "5")))
    frame["stream"] = "btcusd@depth@100ms"

    with pytest.raises(RemoteProtocolError):
        line.take(orjson.dumps(frame))


@pytest.mark.parametrize("frame", [b"", b"[]", b'{"stream":"btcusd@trade","data":{"e":"trade"}}'])
def test_what_cannot_be_read_is_an_error(frame: bytes) -> None:
    """Never an exception of another kind."""
    line = Line(TRADES).live()

    with pytest.raises(RemoteProtocolError):
        line.take(frame)


def test_market_data_without_its_stream_is_an_error() -> None:
    """Left out in silence it would be a stream that is dead and looks alive."""
    line = Line(TRADES).live()

    with pytest.raises(RemoteProtocolError):
        line.take(orjson.dumps(orjson.loads(trade("BTC-USD", 1))["data"]))
