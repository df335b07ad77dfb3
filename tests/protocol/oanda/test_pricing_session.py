"""Quotes over one connection: told whole, stale before repaired, and silence judged with care."""

from decimal import Decimal
from typing import Any

import orjson
import pytest

from venuetree.protocol.commands import FetchInstruments, FetchTickers
from venuetree.protocol.errors import InstrumentNotFound, RemoteProtocolError, ReplyLost
from venuetree.protocol.events import (
    BestPricesChanged,
    BookInStep,
    BookStale,
    BookTopChanged,
    BookUpdated,
    InstrumentStatusChanged,
    QuoteChanged,
    StaleReason,
    StreamErrorReported,
    TickerChanged,
    TopicStalled,
    UnknownMessage,
)
from venuetree.protocol.exchanges.oanda.pricing_session import PricingSession
from venuetree.protocol.models import Instrument, InstrumentStatus, Side, Topic
from venuetree.protocol.port import (
    Auth,
    Call,
    Close,
    Replace,
    SessionEvent,
    Subscription,
    Transport,
)
from venuetree.protocol.timestamps import SECOND

NOW = 1_790_000_000 * SECOND
HEARTBEAT = b'{"type":"HEARTBEAT","time":"2026-09-21T14:13:20.000000000Z"}'


def price(
    bid: str = "1.10000", ask: str = "1.10010", name: str = "EUR_USD", second: int = 20, **more: Any
) -> bytes:
    """A line of one rung a side, unless told otherwise."""
    line = {
        "type": "PRICE",
        "time": f"2026-09-21T14:13:{second:02d}.000000000Z",
        "bids": [{"price": bid, "liquidity": 1000000}],
        "asks": [{"price": ask, "liquidity": 1000000}],
        "closeoutBid": bid,
        "closeoutAsk": ask,
        "status": "tradeable",
        "tradeable": True,
        "instrument": name,
    }
    return orjson.dumps({**line, **more})


def instrument(name: str) -> Instrument:
    """As the exchange lists it."""
    base, quote = name.split("-")
    symbol = name.replace("-", "_")
    return Instrument(name, base, quote, symbol, InstrumentStatus.TRADING)


LISTED = tuple(map(instrument, ("EUR-USD", "USD-JPY", "XAU-USD")))


def wanted(*pairs: tuple[str, Topic]) -> frozenset[Subscription]:
    """Subscriptions."""
    return frozenset(Subscription(*pair) for pair in pairs)


class Line:
    """One connection, and a clock."""

    def __init__(self, *pairs: tuple[str, Topic], listed: object = LISTED) -> None:
        self.session = PricingSession("market-0")
        self.now = NOW
        self.events: list[SessionEvent] = []
        assert self.session.before() == FetchInstruments()
        self.session.answered(FetchInstruments(), listed, self.now)
        assert self.session.before() is None
        self.connect = self.session.connect(wanted(*pairs))
        self.session.opened(self.now)
        self.session.want(wanted(*pairs), self.now)

    def want(self, *pairs: tuple[str, Topic]) -> None:
        """Want other things."""
        self.session.want(wanted(*pairs), self.now)

    def hear(self, *frames: bytes) -> list[SessionEvent]:
        """What these lines say."""
        told: list[SessionEvent] = []
        for frame in frames:
            told += self.session.receive(frame, self.now)
        self.events += told
        return told

    def step(self, after_ns: int = 0) -> list[Any]:
        """What is to be done after a while, if anything is due."""
        self.now += after_ns
        due = self.session.deadline_ns
        if not self.session.has_work and (due is None or due > self.now):
            return []
        step = self.session.step(self.now)
        self.events += step.events
        return list(step.actions)

    def of(self, *kinds: type) -> list[Any]:
        """What was told of some kinds."""
        return [event for event in self.events if isinstance(event, kinds)]


QUOTES, BOOK = ("EUR-USD", Topic.QUOTES), ("EUR-USD", Topic.BOOK)


# ---------------------------------------------------------------- opening


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


# ---------------------------------------------------------------- quotes


def test_each_topic_has_its_own_form_of_a_quote() -> None:
    """The state first, so that prices are read by it."""
    topics = (Topic.STATUS, Topic.QUOTES, Topic.TICKER, Topic.BOOK, Topic.BOOK_TOP)
    line = Line(*(("EUR-USD", topic) for topic in (*topics, Topic.BEST_PRICES)))
    told = line.hear(price())
    assert [type(event) for event in told] == [
        InstrumentStatusChanged,
        QuoteChanged,
        TickerChanged,
        BookInStep,
        BookTopChanged,
        BestPricesChanged,
    ]


@pytest.mark.parametrize(
    ("topic", "kind"),
    [
        (Topic.STATUS, InstrumentStatusChanged),
        (Topic.QUOTES, QuoteChanged),
        (Topic.TICKER, TickerChanged),
        (Topic.BOOK, BookInStep),
        (Topic.BOOK_TOP, BookTopChanged),
        (Topic.BEST_PRICES, BestPricesChanged),
    ],
)
def test_only_what_is_wanted_is_told(topic: Topic, kind: type) -> None:
    """One line, one event."""
    line = Line(("EUR-USD", topic))
    assert [type(event) for event in line.hear(price())] == [kind]


def test_what_is_not_wanted_any_more_is_not_told() -> None:
    """The connection still carries it."""
    line = Line(QUOTES, ("USD-JPY", Topic.QUOTES))
    line.want(QUOTES)
    assert line.hear(price("150", "151", "USD_JPY")) == []
    assert line.hear(price(name="XAU_USD")) == []
    assert line.step(SECOND) == []


def test_a_book_is_replaced_and_its_changes_told() -> None:
    """Each line holds all there is."""
    line = Line(BOOK)
    line.hear(price("1.1", "1.2"))
    more = [{"price": "1.3", "liquidity": 5}, {"price": "1.4", "liquidity": "7"}]
    (told,) = line.hear(price("1.2", "1.3", asks=more))
    assert isinstance(told, BookUpdated)
    assert set(told.changes) == {
        (Side.BUY, Decimal("1.1"), Decimal(0)),
        (Side.BUY, Decimal("1.2"), Decimal(1000000)),
        (Side.SELL, Decimal("1.2"), Decimal(0)),
        (Side.SELL, Decimal("1.3"), Decimal(5)),
        (Side.SELL, Decimal("1.4"), Decimal(7)),
    }
    assert [tuple(level) for level in told.book.asks()] == [
        (Decimal("1.3"), Decimal(5)),
        (Decimal("1.4"), Decimal(7)),
    ]
    assert told.book.in_step


def test_what_stays_in_a_ladder_is_no_change() -> None:
    """Nor is it taken for gone."""
    line = Line(BOOK)
    rungs = [{"price": "1.2", "liquidity": 5}, {"price": "1.3", "liquidity": 7}]
    line.hear(price("1.1", asks=rungs))
    (told,) = line.hear(price("1.1", asks=[rungs[0], {"price": "1.3", "liquidity": 8}]))
    assert isinstance(told, BookUpdated)
    assert told.changes == ((Side.SELL, Decimal("1.3"), Decimal(8)),)


def test_a_side_may_be_empty() -> None:
    """Nobody deals there."""
    line = Line(BOOK, ("EUR-USD", Topic.TICKER))
    line.hear(price(asks=[]))
    (ticker,) = line.of(TickerChanged)
    assert (ticker.bid, ticker.ask) == (Decimal("1.10000"), None)
    assert line.of(BookInStep)[0].book.asks() == []


def test_a_crossed_quote_makes_the_book_stale_until_the_next() -> None:
    """No true book is crossed."""
    line = Line(BOOK)
    line.hear(price())
    (stale,) = line.hear(price("1.3", "1.2"))
    assert (type(stale), stale.reason) == (BookStale, StaleReason.CROSSED)  # type: ignore[union-attr]
    assert line.hear(price("1.3", "1.2")) == []
    assert [type(event) for event in line.hear(price())] == [BookInStep]


def test_best_prices_and_status_are_told_when_they_change() -> None:
    """And not with each line."""
    line = Line(("EUR-USD", Topic.BEST_PRICES), ("EUR-USD", Topic.STATUS))
    line.hear(price())
    assert line.hear(price()) == []
    (best,) = line.hear(price("1.10001"))
    assert isinstance(best, BestPricesChanged)
    closed: Any = {"status": "non-tradeable", "tradeable": False}
    (status,) = line.hear(price("1.10001", **closed))
    assert isinstance(status, InstrumentStatusChanged)
    assert status.status == "non-tradeable"


def test_a_price_that_is_older_than_the_last_is_no_news() -> None:
    """Two lines that changed places leave the newer one standing, in every form of a quote."""
    others = [Topic.TICKER, Topic.BOOK_TOP, Topic.BEST_PRICES, Topic.STATUS]
    line = Line(QUOTES, BOOK, *(("EUR-USD", topic) for topic in others))
    line.hear(price("1.10000", second=20))
    line.hear(price("1.10002", second=22))

    assert line.hear(price("1.10001", second=21)) == []
    (book,) = {id(event.book): event.book for event in line.of(BookInStep, BookUpdated)}.values()
    assert [level.price for level in book.bids()] == [Decimal("1.10002")]
    assert line.hear(price("1.10003", second=23))


def test_a_price_of_the_same_time_as_the_last_is_told() -> None:
    """Which of the two came last is then all that is known."""
    line = Line(QUOTES)
    line.hear(price("1.10000"))
    (told,) = line.hear(price("1.10001"))

    assert isinstance(told, QuoteChanged)
    assert told.bids[0].price == Decimal("1.10001")


def test_a_halt_counts_whatever_its_time() -> None:
    """To trade into a halt costs more than to wait for the next price."""
    line = Line(("EUR-USD", Topic.STATUS))
    line.hear(price(second=22))
    (halted,) = line.hear(price(second=21, tradeable=False, status="non-tradeable"))
    (resumed,) = line.hear(price(second=23))

    assert isinstance(halted, InstrumentStatusChanged)
    assert halted.status == "non-tradeable"
    assert isinstance(resumed, InstrumentStatusChanged)
    assert resumed.status == "tradeable"


def test_a_clock_that_was_set_back_does_not_silence_an_instrument() -> None:
    """Lines change places within moments; what is older by more is the exchange's time anew."""
    line = Line(QUOTES)
    line.hear(price("1.10000", second=40))
    (told,) = line.hear(price("1.10001", second=20))

    assert isinstance(told, QuoteChanged)
    assert [type(event) for event in line.hear(price("1.10002", second=21))] == [QuoteChanged]


def test_lines_without_news_do_not_hide_that_newer_quotes_are_kept_back() -> None:
    """A stream that repeats old prices is looked into like a silent one."""
    line = Line(QUOTES)
    line.hear(price(second=22))
    calls: list[Any] = []
    for _ in range(5):
        line.hear(price(second=21))
        calls += line.step(8 * SECOND)

    assert calls == [Call(FetchTickers(("EUR-USD",)))]


def test_who_comes_later_is_told_what_is_known() -> None:
    """A quiet market may say nothing for long."""
    line = Line(QUOTES)
    line.hear(price())
    line.want(QUOTES, BOOK, ("EUR-USD", Topic.STATUS))
    assert line.session.has_work
    line.events.clear()
    line.step()
    assert [type(event) for event in line.events] == [InstrumentStatusChanged, BookInStep]


def test_a_book_that_nobody_wants_any_more_is_not_called_right() -> None:
    """Whoever still holds it must see that; wanted again it is the newest."""
    line = Line(BOOK, QUOTES)
    (_, in_step) = line.hear(price())
    assert isinstance(in_step, BookInStep)
    held = in_step.book
    line.want(QUOTES)
    line.hear(price("1.2", "1.3"))
    states = [held.in_step]
    line.want(QUOTES, BOOK)
    line.events.clear()
    line.step()
    assert [type(event) for event in line.events] == [BookInStep]
    states.append(held.in_step)
    assert (states, held.best_bid) == ([False, True], (Decimal("1.2"), Decimal(1000000)))


def test_a_state_that_was_told_on_coming_is_not_told_again() -> None:
    """The next quote brings nothing new."""
    line = Line(QUOTES)
    line.hear(price())
    line.want(QUOTES, ("EUR-USD", Topic.STATUS))
    line.step()
    assert [type(event) for event in line.hear(price())] == [QuoteChanged]


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


# ---------------------------------------------------------------- silence


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


# ---------------------------------------------------------------- other instruments


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
