"""A connection for prices: what it opens, what ends it, and how another takes its place."""

from typing import Any

import pytest

from tests.support.oanda_pricing import BOOK, HEARTBEAT, LISTED, NOW, QUOTES, Line, price, wanted
from venuetree.protocol.commands import FetchInstruments
from venuetree.protocol.errors import InstrumentNotFound, RemoteProtocolError, ReplyLost
from venuetree.protocol.events import (
    BookInStep,
    BookUpdated,
    StreamErrorReported,
    TopicStalled,
    UnknownMessage,
)
from venuetree.protocol.exchanges.oanda.pricing_session import PricingSession
from venuetree.protocol.models import Topic
from venuetree.protocol.port import Auth, Replace, Transport
from venuetree.protocol.timestamps import SECOND


def test_the_instruments_are_in_the_address_which_must_be_signed() -> None:
    """Each once, whatever the topics."""
    line = Line(BOOK, ("USD-JPY", Topic.TICKER), ("EUR-USD", Topic.TICKER))
    assert line.connect.transport is Transport.HTTP_LINES
    assert line.connect.auth is Auth.SIGNED
    assert line.connect.path == (
        "/v3/accounts/{account}/pricing/stream?instruments=EUR_USD%2CUSD_JPY"
    )


def test_an_unknown_instrument_is_left_out_and_told() -> None:
    """It would fail them all."""
    line = Line(QUOTES, ("EUR-UDS", Topic.QUOTES))
    assert line.connect.path.endswith("instruments=EUR_USD")
    line.step()
    assert [(e.instrument, e.topic) for e in line.of(TopicStalled)] == [("EUR-UDS", Topic.QUOTES)]
    line.hear(price())
    assert line.session.is_healthy
    line.want(QUOTES, ("EUR-UDS", Topic.QUOTES))
    line.step()
    assert len(line.of(TopicStalled)) == 1


def test_nothing_that_is_known_is_no_address() -> None:
    """An empty one would be refused, and say less."""
    session = PricingSession("market-0")
    session.answered(FetchInstruments(), LISTED, NOW)
    with pytest.raises(InstrumentNotFound, match="EUR-UDS"):
        session.connect(wanted(("EUR-UDS", Topic.QUOTES)))


def test_without_the_list_it_is_tried_all_the_same() -> None:
    """The exchange will tell."""
    line = Line(QUOTES, ("EUR-UDS", Topic.QUOTES), listed=ReplyLost("lost"))
    assert line.connect.path.endswith("instruments=EUR_UDS%2CEUR_USD")


def test_it_is_healthy_once_each_has_been_told() -> None:
    """A snapshot of each comes first."""
    line = Line(QUOTES, ("USD-JPY", Topic.QUOTES))
    assert not line.session.is_healthy
    line.hear(price())
    assert not line.session.is_healthy
    line.hear(price("150", "151", "USD_JPY"))
    assert line.session.is_healthy


@pytest.mark.parametrize("frame", [b"", b"[]", b'{"type":"PRICE"}', price(bids="x")])
def test_a_line_that_is_neither_quote_nor_heartbeat_is_an_error(frame: bytes) -> None:
    """The stream is opened again."""
    line = Line(QUOTES)
    with pytest.raises(RemoteProtocolError):
        line.hear(frame)


def test_a_line_of_a_kind_that_is_not_known_is_told() -> None:
    """It harms nothing, and somebody should know."""
    line = Line(QUOTES)
    (told,) = line.hear(b'{"type":"DEPTH","instrument":"EUR_USD"}')
    assert isinstance(told, UnknownMessage)
    assert (told.exchange, told.kind) == ("oanda", "DEPTH")
    assert line.hear(HEARTBEAT) == []


def test_an_error_message_ends_it() -> None:
    """In its own words."""
    line = Line(QUOTES)
    (told,) = line.hear(b'{"errorMessage":"too many"}')
    assert isinstance(told, StreamErrorReported)
    (close,) = line.step()
    assert "too many" in close.reason


def test_replies_say_nothing_here() -> None:
    """Quotes come by the stream alone."""
    assert Line(QUOTES).session.told((price(),), NOW) == ()


def test_other_instruments_need_another_connection_and_changes_are_gathered() -> None:
    """Connections are few here."""
    line = Line(QUOTES)
    line.hear(price())
    line.want(QUOTES, ("USD-JPY", Topic.QUOTES))
    assert not line.session.is_healthy
    assert line.step(SECOND // 4) == []
    line.want(QUOTES, ("USD-JPY", Topic.QUOTES), ("XAU-USD", Topic.QUOTES))
    (action,) = line.step(SECOND // 4)
    assert isinstance(action, Replace)
    assert line.step(SECOND) == []


def test_a_change_that_is_taken_back_needs_none() -> None:
    """A program that starts wants much in a row."""
    line = Line(QUOTES)
    line.hear(price())
    line.want(QUOTES, ("USD-JPY", Topic.QUOTES))
    line.want(QUOTES)
    assert line.step(SECOND) == []
    assert line.session.is_healthy


def taken_over(before: Line, *pairs: tuple[str, Topic], frames: tuple[bytes, ...]) -> Any:
    """A successor that has heard these, and what its taking over tells."""
    after = Line(*pairs)
    held = after.hear(*frames)
    told = after.session.take_over(before.session, held, after.now)
    return after, told


def test_the_successor_keeps_the_books_and_tells_what_is_newer() -> None:
    """Whoever holds a book goes on reading it."""
    before = Line(BOOK)
    (in_step,) = before.hear(price(second=20))
    yen = ("USD-JPY", Topic.BOOK)
    frames = (price("1.10001", second=21), price("150", "151", "USD_JPY"))
    after, told = taken_over(before, BOOK, yen, frames=frames)
    assert [(type(e), e.instrument) for e in told] == [
        (BookUpdated, "EUR-USD"),
        (BookInStep, "USD-JPY"),
    ]
    assert told[0].book is in_step.book  # type: ignore[union-attr]
    # What becomes of the other connection is nothing to the books any more.
    assert list(before.session.closed("replaced", before.now)) == []
    assert told[0].book.in_step
    assert after.session.is_healthy
    assert [type(e) for e in after.hear(price("1.2", "1.3", second=25))] == [BookUpdated]


def test_the_successor_tells_nothing_twice() -> None:
    """Older or the same."""
    before = Line(QUOTES)
    before.hear(price(second=22))
    _, told = taken_over(before, QUOTES, frames=(price(second=21),))
    assert told == []
    before = Line(QUOTES)
    before.hear(price(second=22))
    _, told = taken_over(before, QUOTES, frames=(price(second=22),))
    assert told == []


def test_what_only_the_successor_wants_is_told_by_it() -> None:
    """From what is known already."""
    before = Line(QUOTES)
    before.hear(price(second=22))
    _, told = taken_over(before, QUOTES, BOOK, frames=(price(second=22),))
    assert [type(event) for event in told] == [BookInStep]
