"""Data of the older feed: books, matches, tickers, states, and what cannot be read."""

from decimal import Decimal

import orjson
import pytest

from tests.support.coinbase_feed import levels
from tests.support.coinbase_feed_lines import (
    BATCH,
    BOOK,
    BTC,
    ETH,
    LEVELS,
    STATUS,
    TICKER,
    TRADES,
    asked,
    line_of,
)
from tests.support.coinbase_stream import book_of
from tests.support.session_events import of
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.events import (
    BookChange,
    BookInStep,
    BookUpdated,
    InstrumentStatusChanged,
    TickerChanged,
    TradePrinted,
)
from venuetree.protocol.models import Side

D = Decimal


# ---------------------------------------------------------------- data


def test_a_snapshot_puts_the_book_in_step_and_a_change_updates_it() -> None:
    """Whole events; `buy` is the bids' side, zero in any spelling removes."""
    line = line_of(BOOK)
    (in_step,) = of(BookInStep, line.settle())
    assert isinstance(in_step, BookInStep)
    assert levels(in_step.book) == book_of(LEVELS)

    frame = (
        b'{"type":"l2update","product_id":"BTC-USD","changes":[["sell","101.00","0.00000000"],'
        b'["buy","99.5","3"]],"time":"2026-10-05T09:30:00.25Z"}'
    )
    assert line.take(frame) == [
        BookUpdated(
            "coinbase",
            BTC,
            in_step.book,
            (BookChange(Side.SELL, D(101), D(0)), BookChange(Side.BUY, D("99.5"), D(3))),
            1_791_192_600_250_000_000,
            line.now_ns,
        )
    ]
    assert levels(in_step.book) == book_of(
        {"buy": {"99.5": "3", "99": "1", "98": "2"}, "sell": {"102": "2"}}
    )


def test_the_last_match_is_past_and_a_match_tells_the_takers_side() -> None:
    """The maker bought, so the taker sold."""
    line = line_of(TRADES)
    said = line.settle()
    past, new = (*of(TradePrinted, said), *line.take(line.peer.trade(BTC)))

    assert isinstance(past, TradePrinted)
    assert (past.is_past, past.trade_id) == (True, "100")
    assert new == TradePrinted(
        *("coinbase", BTC, "101", D(100), D(1), Side.SELL),
        line.peer.now_ns,
        line.now_ns,
    )


def test_a_ticker_older_than_the_one_before_is_ignored() -> None:
    """By the product's own counter; an equal one may tell a new best bid."""
    line = line_of(TICKER, BATCH).live()

    assert of(TickerChanged, line.take(line.peer.ticker(BTC)))
    assert line.take(line.peer.ticker(BTC, sequence=line.peer.sequence - 1)) == []


def test_status_tells_of_the_instruments_that_were_asked_for() -> None:
    """Its frames list everything there is."""
    line = line_of(STATUS)
    line.settle()
    line.settle(seconds=60)
    assert line.session.is_healthy
    assert asked(line) == [("subscribe", "heartbeat", (BTC,)), ("subscribe", "status", ())]
    products = [{"id": name, "status": "online", "status_message": ""} for name in (ETH, BTC)]

    assert line.take(orjson.dumps({"type": "status", "products": products})) == [
        InstrumentStatusChanged("coinbase", BTC, "online", "", None, line.now_ns)
    ]


def test_frames_of_products_and_channels_that_nobody_wants_are_ignored() -> None:
    """Left meanwhile, or sent for no reason."""
    line = line_of(TRADES).live()

    assert line.take(line.peer.ticker(BTC), line.peer.trade(ETH), line.peer.snapshot(ETH)) == []
    assert line.take(line.peer.change(BTC, "buy", "99", "5")) == []


# ---------------------------------------------------------------- silence


def test_what_cannot_be_read_is_a_protocol_error() -> None:
    """And nothing else."""
    line = line_of(BOOK).live()

    for frame in (b"", b"[]", b"{}", b'{"type":"l2update","product_id":"BTC-USD"}'):
        with pytest.raises(RemoteProtocolError):
            line.take(frame)
