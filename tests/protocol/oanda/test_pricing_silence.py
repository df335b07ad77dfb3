"""A stream of prices that is silent: what is stale, what is asked, and what a quiet market is."""

from decimal import Decimal
from typing import Any

from tests.support.oanda_pricing import BOOK, HEARTBEAT, NOW, QUOTES, Line, price
from venuetree.protocol.commands import FetchTickers
from venuetree.protocol.errors import ReplyLost
from venuetree.protocol.events import BookStale, StaleReason, TickerChanged, TopicStalled
from venuetree.protocol.models import Topic
from venuetree.protocol.port import Call, Close
from venuetree.protocol.timestamps import SECOND


def test_ten_seconds_without_a_line_end_it_and_make_the_book_stale_first() -> None:
    """Two heartbeats."""
    line = Line(BOOK)
    line.hear(price())
    assert line.step(10 * SECOND - 1) == []
    line.events.clear()
    (close,) = line.step(1)
    assert isinstance(close, Close)
    assert [(e.reason) for e in line.of(BookStale)] == [StaleReason.STALLED]
    assert not line.session.is_healthy


def test_a_lost_connection_makes_the_books_stale() -> None:
    """Those that somebody wants."""
    line = Line(BOOK, ("USD-JPY", Topic.QUOTES))
    line.hear(price(), price("150", "151", "USD_JPY"))
    told = line.session.closed("reset", line.now)
    assert [(type(e), e.instrument) for e in told] == [(BookStale, "EUR-USD")]  # type: ignore[union-attr]


def test_an_instrument_that_is_never_told_is_stalled_and_the_others_live() -> None:
    """Heartbeats say that the stream lives."""
    line = Line(QUOTES, ("USD-JPY", Topic.QUOTES))
    line.hear(price())
    for _ in range(3):
        line.now += 5 * SECOND
        line.hear(HEARTBEAT)
    line.step()
    assert [e.instrument for e in line.of(TopicStalled)] == ["USD-JPY"]
    assert line.session.is_healthy


def quiet(line: Line, seconds: int) -> list[Any]:
    """Heartbeats and nothing else; what is to be done at the end."""
    actions: list[Any] = []
    for _ in range(seconds // 5):
        line.now += 5 * SECOND
        line.hear(HEARTBEAT)
        actions += line.step()
    return actions


def ticker(second: int) -> TickerChanged:
    """What the exchange has by the other way."""
    bid = Decimal("1.1")
    time_ns = NOW + (second - 20) * SECOND
    return TickerChanged(
        "oanda", "EUR-USD", None, bid, None, None, None, None, None, None, time_ns, NOW
    )


def test_heartbeats_alone_are_looked_into_after_a_while() -> None:
    """By the other way."""
    line = Line(BOOK)
    line.hear(price(second=20))
    assert quiet(line, 25) == []
    assert quiet(line, 5) == [Call(FetchTickers(("EUR-USD",)))]


def test_a_market_that_is_quiet_is_no_stall() -> None:
    """What the exchange has is what was told."""
    line = Line(BOOK)
    line.hear(price(second=20))
    (call,) = quiet(line, 30)
    for _ in range(3):
        assert not line.session.answered(call.command, (ticker(21),), line.now)
        (call,) = quiet(line, 30)
    assert line.session.is_healthy


def test_a_stream_that_keeps_newer_quotes_back_is_given_up() -> None:
    """Stale first."""
    line = Line(BOOK)
    line.hear(price(second=20))
    (call,) = quiet(line, 30)
    told = line.session.answered(call.command, (ticker(23),), line.now)
    assert [type(event) for event in told] == [BookStale, TopicStalled]
    (close,) = line.step()
    assert "EUR-USD" in close.reason


def test_lines_without_news_do_not_hide_that_newer_quotes_are_kept_back() -> None:
    """A stream that repeats old prices is looked into like a silent one."""
    line = Line(QUOTES)
    line.hear(price(second=22))
    calls: list[Any] = []
    for _ in range(5):
        line.hear(price(second=21))
        calls += line.step(8 * SECOND)

    assert calls == [Call(FetchTickers(("EUR-USD",)))]


def test_a_quote_that_came_meanwhile_clears_it() -> None:
    """The stream was only slow."""
    line = Line(BOOK)
    line.hear(price(second=20))
    (call,) = quiet(line, 30)
    line.hear(price(second=50))
    assert not line.session.answered(call.command, (ticker(55),), line.now)


def test_a_question_that_failed_proves_nothing_and_is_asked_again() -> None:
    """In due time."""
    line = Line(BOOK)
    line.hear(price(second=20))
    (call,) = quiet(line, 30)
    assert not line.session.answered(call.command, ReplyLost("lost"), line.now)
    assert quiet(line, 30) == [call]


def test_a_closed_market_is_not_looked_into() -> None:
    """All weekend."""
    line = Line(BOOK)
    line.hear(price(status="non-tradeable", tradeable=False))
    assert quiet(line, 600) == []
