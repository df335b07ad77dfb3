"""The account's stream: caught up at each connection, holes filled, each transaction once."""

from decimal import Decimal
from typing import Any

import orjson
import pytest
from attrs import evolve

from venuetree.protocol.commands import FetchLog, FetchLogState, LogPage, LogState
from venuetree.protocol.errors import (
    AuthRefused,
    ExchangeRefused,
    ExchangeUnavailable,
    RemoteProtocolError,
    ReplyLost,
)
from venuetree.protocol.events import (
    AccountSnapshot,
    OrderReported,
    SequenceGap,
    StreamErrorReported,
    TransactionRecorded,
    UnknownMessage,
)
from venuetree.protocol.exchanges.oanda.transaction_session import (
    SILENCE_NS,
    TransactionSession,
    TransactionStreams,
)
from venuetree.protocol.models import (
    MarginTrade,
    MarginTradeState,
    OrderStatus,
    OrderType,
    Side,
)
from venuetree.protocol.port import Auth, Call, Close, SessionContext, SessionEvent, Transport
from venuetree.protocol.timestamps import SECOND

NOW = 1_790_000_000 * SECOND
MS = SECOND // 1000
TIME = "2026-09-21T14:13:20.000000000Z"


def line(number: int, kind: str = "CLIENT_CONFIGURE", **fields: Any) -> bytes:
    """A transaction as the stream sends it."""
    base = {"id": str(number), "accountID": "a", "userID": 1, "batchID": str(number), "time": TIME}
    return orjson.dumps({**base, "type": kind, **fields})


def heartbeat(last: int) -> bytes:
    """As it comes every five seconds."""
    told = {"type": "HEARTBEAT", "lastTransactionID": str(last), "time": TIME}
    return orjson.dumps(told)


TRADE = MarginTrade(
    exchange="oanda",
    instrument="EUR-USD",
    trade_id="90",
    side=Side.BUY,
    state=MarginTradeState.OPEN,
    price=Decimal("1.08"),
    initial_quantity=Decimal(500),
    quantity=Decimal(300),
    realized_profit=Decimal(0),
    financing=Decimal(0),
    open_time_ns=NOW,
)
STATE = LogState("100", (), "USD", (TRADE,))


class Talk:
    """One account's connections, one after another, and a clock."""

    def __init__(self) -> None:
        self.streams = TransactionStreams("transactions", SessionContext(dict))
        self.now = NOW
        self.events: list[SessionEvent] = []

    def open(self, state: LogState = STATE) -> TransactionSession:
        """A connection that stands; the account's state is asked for where it must be."""
        session = self.session = self.streams()
        command = session.before()
        if command is not None:
            assert command == FetchLogState()
            session.answered(command, state, self.now)
        assert session.before() is None
        session.connect(frozenset())
        session.opened(self.now)
        session.want(frozenset(), self.now)
        return session

    def live(self, state: LogState = STATE) -> TransactionSession:
        """A connection that has caught up with nothing to catch up."""
        session = self.open(state)
        self.hear(heartbeat(int(state.position)))
        (call,) = self.step()
        assert call == Call(FetchLog(state.position))
        self.answer(call, LogPage((), state.position))
        assert self.is_healthy()
        self.events.clear()
        return session

    def hear(self, frame: bytes) -> None:
        """A line of the stream."""
        self.events += self.session.receive(frame, self.now)

    def told(self, *entries: bytes) -> None:
        """What a reply held."""
        self.events += self.session.told(entries, self.now)

    def answer(self, call: Any, answer: object) -> None:
        """The answer to a call."""
        self.events += self.session.answered(call.command, answer, self.now)

    def step(self, after_ns: int = 0) -> list[Any]:
        """What is to be done after a while; only when it is due."""
        self.now += after_ns
        actions: list[Any] = []
        due = self.session.deadline_ns
        while self.session.has_work or (due is not None and due <= self.now):
            step = self.session.step(self.now)
            self.events += step.events
            actions += step.actions
            if step.actions or not self.session.has_work:
                break
            due = None
        return actions

    def is_healthy(self) -> bool:
        """Whether the connection does its work by now."""
        return self.session.is_healthy

    @property
    def ids(self) -> list[int]:
        """The transactions that were told."""
        return [int(e.transaction_id) for e in self.events if isinstance(e, TransactionRecorded)]


def test_it_opens_a_line_stream_that_must_be_signed() -> None:
    """The account's id is the signer's to put in."""
    session = TransactionStreams("transactions", SessionContext(dict))()
    session.answered(FetchLogState(), STATE, NOW)
    connect = session.connect(frozenset())
    assert connect.transport is Transport.HTTP_LINES
    assert connect.auth is Auth.SIGNED
    assert connect.path == "/v3/accounts/{account}/transactions/stream"


def test_the_first_connection_tells_the_account_as_it_is() -> None:
    """From there on the log tells everything."""
    talk = Talk()
    talk.open()
    assert talk.step() == []
    assert talk.events == [AccountSnapshot("oanda", (), None, NOW)]


def test_an_account_that_cannot_be_read_is_the_reason_for_not_connecting() -> None:
    """A wrong token is told as that."""
    session = TransactionStreams("transactions", SessionContext(dict))()
    session.answered(FetchLogState(), AuthRefused("no"), NOW)
    assert session.before() is None
    with pytest.raises(AuthRefused):
        session.connect(frozenset())


def test_the_log_is_read_as_soon_as_the_stream_lives_or_after_a_second() -> None:
    """What happens between is then told by one of the two."""
    talk = Talk()
    talk.open()
    assert talk.step(900 * MS) == []
    assert talk.step(100 * MS) == [Call(FetchLog("100"))]
    other = Talk()
    other.open()
    other.step()
    other.hear(heartbeat(100))
    assert other.step() == [Call(FetchLog("100"))]


def test_it_is_healthy_once_it_has_caught_up() -> None:
    """Connected is not enough."""
    talk = Talk()
    talk.open()
    talk.hear(heartbeat(102))
    (call,) = talk.step()
    assert not talk.is_healthy()
    talk.answer(call, LogPage((line(101), line(102)), "102"))
    assert talk.is_healthy()
    assert talk.ids == [101, 102]


def test_what_comes_while_the_log_is_read_finds_its_place() -> None:
    """The stream is ahead of the page."""
    talk = Talk()
    talk.open()
    talk.hear(line(103))
    (call,) = talk.step()
    talk.hear(line(104))
    assert talk.ids == []
    talk.answer(call, LogPage((line(101), line(102), line(103)), "103"))
    assert talk.ids == [101, 102, 103, 104]


def test_a_cut_page_is_read_on_at_once_to_the_end() -> None:
    """A thousand are told in one answer, and nothing of the rest."""
    talk = Talk()
    talk.open()
    talk.hear(heartbeat(1600))
    (call,) = talk.step()
    talk.answer(call, LogPage(tuple(map(line, range(101, 1101))), "1600"))
    (call,) = talk.step()
    assert call == Call(FetchLog("1100"))
    talk.answer(call, LogPage(tuple(map(line, range(1101, 1601))), "1600"))
    assert talk.ids == list(range(101, 1601))
    assert talk.is_healthy()


def test_the_next_connection_goes_on_where_the_last_one_ended() -> None:
    """The account is not read anew."""
    talk = Talk()
    talk.live()
    talk.hear(line(101))
    talk.session.closed("reset", talk.now)
    session = talk.streams()
    assert session.before() is None
    talk.open()
    talk.hear(heartbeat(103))
    (call,) = talk.step()
    assert call == Call(FetchLog("101"))
    talk.answer(call, LogPage((line(102), line(103)), "103"))
    assert talk.ids == [101, 102, 103]


def test_after_a_reconnection_the_open_orders_are_read_too() -> None:
    """Should news have been lost behind the session."""
    talk = Talk()
    talk.live()
    talk.session.closed("reset", talk.now)
    talk.open()
    talk.hear(heartbeat(100))
    (call,) = talk.step()
    talk.answer(call, LogPage((), "100"))
    (call,) = talk.step()
    assert call == Call(FetchLogState())
    talk.events.clear()
    talk.answer(call, LogState("101", (), "USD", ()))
    assert isinstance(talk.events[0], AccountSnapshot)
    # It is newer than what has been told: that is read.
    assert talk.step(SECOND) == [Call(FetchLog("100"))]


def test_replies_and_stream_tell_a_transaction_once() -> None:
    """Whichever is first."""
    talk = Talk()
    talk.live()
    talk.told(line(101), line(102))
    talk.hear(line(101))
    talk.hear(line(102))
    talk.hear(line(103))
    talk.told(line(103))
    assert talk.ids == [101, 102, 103]


def test_a_hole_is_given_a_moment_and_then_read() -> None:
    """Most holes fill themselves."""
    talk = Talk()
    talk.live()
    talk.hear(line(102))
    assert not talk.is_healthy()
    assert talk.step(200 * MS) == []
    (call,) = talk.step(50 * MS)
    assert call == Call(FetchLog("100"))
    talk.answer(call, LogPage((line(101), line(102)), "102"))
    assert talk.ids == [101, 102]
    assert talk.is_healthy()
    assert talk.step() == []


def test_a_hole_that_fills_itself_is_not_told_twice() -> None:
    """Though the log is asked all the same."""
    talk = Talk()
    talk.live()
    talk.hear(line(102))
    talk.hear(line(101))
    assert talk.ids == [101, 102]
    for call in talk.step(SECOND):
        talk.answer(call, LogPage((), "102"))
    assert talk.ids == [101, 102]


def test_a_heartbeat_that_names_more_than_has_come_makes_it_read() -> None:
    """Silent loss on a stream that still beats."""
    talk = Talk()
    talk.live()
    talk.hear(heartbeat(101))
    assert talk.step(1900 * MS) == []
    (call,) = talk.step(100 * MS)
    talk.answer(call, LogPage((line(101),), "101"))
    assert talk.ids == [101]
    assert talk.is_healthy()


def test_a_gap_in_the_log_is_told_and_then_believed() -> None:
    """After three more looks; what was missing may still come."""
    talk = Talk()
    talk.live()
    talk.hear(heartbeat(103))
    looks = 0
    while not talk.ids or talk.ids[-1] != 103:
        (call,) = talk.step(2 * SECOND)
        talk.hear(heartbeat(103))
        talk.answer(call, LogPage((line(101), line(103)), "103"))
        looks += 1
        assert looks < 10
    assert looks == 4
    assert talk.ids == [101, 103]
    gaps = [event for event in talk.events if isinstance(event, SequenceGap)]
    assert [(gap.expected, gap.received) for gap in gaps] == [(102, 103)]
    talk.hear(line(102))
    assert talk.ids == [101, 103, 102]


@pytest.mark.parametrize("error", [ReplyLost("lost"), ExchangeUnavailable("503")])
def test_a_log_that_cannot_be_read_is_asked_for_again_ever_more_slowly(error: Any) -> None:
    """And what the stream tells is kept meanwhile."""
    talk = Talk()
    talk.open()
    talk.hear(heartbeat(101))
    (call,) = talk.step()
    for wait in (1, 2, 4, 8):
        talk.answer(call, error)
        assert not talk.is_healthy()
        assert isinstance(talk.events[-1], StreamErrorReported)
        assert talk.step(wait * SECOND - 1) == []
        talk.hear(heartbeat(101))
        (call,) = talk.step(1)
    talk.answer(call, LogPage((line(101),), "101"))
    assert talk.ids == [101]
    assert talk.is_healthy()


def test_heartbeats_do_not_hurry_what_has_failed() -> None:
    """They come every five seconds and name what is missing."""
    talk = Talk()
    talk.open()
    talk.hear(heartbeat(101))
    (call,) = talk.step()
    for wait in (1, 2, 4, 8):
        talk.answer(call, ReplyLost("lost"))
        (call,) = talk.step(wait * SECOND)
        talk.hear(heartbeat(101))
    talk.answer(call, ReplyLost("lost"))
    for _ in range(3):
        assert talk.step(5 * SECOND) == []
        talk.hear(heartbeat(101))
    assert talk.step(1 * SECOND) == [call]


def test_a_log_that_ends_before_what_was_told_is_begun_anew_in_the_end() -> None:
    """Not at once: a copy may lag. Else all that comes would pass for old."""
    talk = Talk()
    talk.live()
    talk.hear(line(101))
    talk.hear(heartbeat(7))
    for _ in range(3):
        (call,) = talk.step(2 * SECOND)
        talk.hear(heartbeat(7))
        talk.answer(call, LogPage((), "7"))
        assert not [event for event in talk.events if isinstance(event, SequenceGap)]
    (call,) = talk.step(2 * SECOND)
    talk.answer(call, LogPage((), "7"))
    assert [e.expected for e in talk.events if isinstance(e, SequenceGap)] == [102]
    assert isinstance(talk.step()[0], Close)
    talk.session.closed("given up", talk.now)
    assert talk.streams().before() == FetchLogState()


def test_a_copy_that_lags_for_a_moment_changes_nothing() -> None:
    """The next page has it all."""
    talk = Talk()
    talk.live()
    talk.hear(line(101))
    talk.hear(heartbeat(100))
    (call,) = talk.step(2 * SECOND)
    talk.answer(call, LogPage((), "100"))
    (call,) = talk.step(1 * SECOND)
    talk.answer(call, LogPage((line(102),), "102"))
    assert talk.ids == [101, 102]
    assert talk.is_healthy()


def test_a_log_that_does_not_go_back_so_far_is_begun_anew() -> None:
    """An account that was reset, or another's."""
    talk = Talk()
    talk.live()
    talk.hear(heartbeat(105))
    (call,) = talk.step(2 * SECOND)
    talk.answer(call, ExchangeRefused("no such range", code="416"))
    assert any(isinstance(event, SequenceGap) for event in talk.events)
    (close,) = talk.step()
    assert isinstance(close, Close)
    talk.session.closed("given up", talk.now)
    assert talk.streams().before() == FetchLogState()


def test_silence_for_two_heartbeats_ends_it_and_replies_are_no_sign_of_life() -> None:
    """They come by another way."""
    talk = Talk()
    talk.live()
    talk.now += SILENCE_NS - 1
    talk.told(line(101))
    assert [a for a in talk.step() if isinstance(a, Close)] == []
    (close,) = [a for a in talk.step(1) if isinstance(a, Close)]
    assert "nothing came for 10 s" in close.reason


def test_heartbeats_keep_it() -> None:
    """An account may do nothing for long."""
    talk = Talk()
    talk.live()
    for _ in range(10):
        talk.now += 5 * SECOND
        talk.hear(heartbeat(100))
        assert talk.step() == []
    assert talk.is_healthy()


def test_an_exit_has_the_instrument_and_side_of_its_trade() -> None:
    """Its transaction says neither."""
    talk = Talk()
    talk.live()
    talk.hear(line(101, "STOP_LOSS_ORDER", tradeID="90", price="1.07", timeInForce="GTC"))
    (told,) = [e.report for e in talk.events if isinstance(e, OrderReported)]
    assert (told.instrument, told.side, told.quantity) == ("EUR-USD", Side.SELL, Decimal(300))
    assert (told.type, told.trade_id) == (OrderType.STOP_LOSS, "90")


def test_an_exit_of_a_short_trade_buys() -> None:
    """What is open of it is below zero."""
    talk = Talk()
    short = evolve(TRADE, side=Side.SELL)
    talk.live(LogState("100", (), "USD", (short,)))
    talk.hear(line(101, "STOP_LOSS_ORDER", tradeID="90", price="1.09", timeInForce="GTC"))
    (told,) = [e.report for e in talk.events if isinstance(e, OrderReported)]
    assert (told.side, told.quantity) == (Side.BUY, Decimal(300))


def test_a_page_in_another_sequence_is_told_in_order() -> None:
    """Ids say where a transaction belongs, not its place on the page."""
    talk = Talk()
    talk.live()
    talk.hear(heartbeat(103))
    (call,) = talk.step(2 * SECOND)
    talk.answer(call, LogPage((line(103), line(101), line(102)), "103"))
    assert talk.ids == [101, 102, 103]
    assert talk.is_healthy()


def test_the_exit_of_a_trade_that_was_just_opened_and_reduced() -> None:
    """It closes what is left."""
    talk = Talk()
    talk.live()
    opened = {"tradeID": "102", "units": "-200", "price": "1.1"}
    fill = {"orderID": "101", "instrument": "EUR_USD", "price": "1.1", "accountBalance": "9.5"}
    talk.hear(line(101, "MARKET_ORDER", instrument="EUR_USD", units="-200", timeInForce="FOK"))
    talk.hear(line(102, "ORDER_FILL", units="-200", **fill, tradeOpened=opened))
    reduced = {"tradeID": "102", "units": "50", "price": "1.1"}
    talk.hear(line(103, "ORDER_FILL", units="50", **fill, tradeReduced=reduced))
    talk.events.clear()
    talk.hear(line(104, "TAKE_PROFIT_ORDER", tradeID="102", price="1.05", timeInForce="GTC"))
    (told,) = [e.report for e in talk.events if isinstance(e, OrderReported)]
    assert (told.instrument, told.side, told.quantity) == ("EUR-USD", Side.BUY, Decimal(150))


def test_balances_are_in_the_accounts_currency() -> None:
    """Transactions do not say which that is."""
    talk = Talk()
    talk.live()
    talk.hear(line(101, "TRANSFER_FUNDS", amount="5.0", accountBalance="105.0"))
    balances = [event.balances for event in talk.events if hasattr(event, "balances")]
    assert [(b.currency, b.total) for (b,) in balances] == [("USD", Decimal("105.0"))]


def test_the_exit_of_a_trade_that_nobody_told_of_says_what_it_can() -> None:
    """Nor of one that is closed: its order is asked for."""
    talk = Talk()
    talk.live()
    fill = {"orderID": "80", "instrument": "EUR_USD", "price": "1.1", "accountBalance": "9.5"}
    closed = [{"tradeID": "90", "units": "-300", "price": "1.1"}]
    talk.hear(line(101, "ORDER_FILL", units="-300", **fill, tradesClosed=closed))
    talk.events.clear()
    for number, trade in ((102, "90"), (103, "4711")):
        exit_ = {"tradeID": trade, "price": "1.07", "timeInForce": "GTC"}
        talk.hear(line(number, "STOP_LOSS_ORDER", **exit_))
    reports = [e.report for e in talk.events if isinstance(e, OrderReported)]
    assert [(r.instrument, r.side, r.trade_id) for r in reports] == [
        ("", None, "90"),
        ("", None, "4711"),
    ]


def test_an_order_that_cannot_be_read_is_asked_for_and_the_stream_lives() -> None:
    """A time in force of next year."""
    talk = Talk()
    talk.live()
    talk.hear(line(101, "LIMIT_ORDER", instrument="EUR_USD", units="1", timeInForce="WHENEVER"))
    assert isinstance(talk.events[0], StreamErrorReported)
    (report,) = [e.report for e in talk.events if isinstance(e, OrderReported)]
    assert (report.exchange_order_id, report.status) == ("101", OrderStatus.UNKNOWN)
    talk.hear(line(102))
    assert talk.ids == [102]


def test_a_refusal_that_cannot_be_read_is_no_order() -> None:
    """There is nothing to ask for."""
    talk = Talk()
    talk.live()
    talk.hear(line(101, "LIMIT_ORDER_REJECT", instrument="EUR_USD", units="1", time="never"))
    assert [type(event) for event in talk.events] == [StreamErrorReported]


@pytest.mark.parametrize("frame", [b"{", b"[]", b"{}", b'{"type":"HEARTBEAT"}', b'{"id":1}'])
def test_a_line_that_is_neither_is_an_error(frame: bytes) -> None:
    """The next connection reads it from the log."""
    talk = Talk()
    talk.live()
    with pytest.raises(RemoteProtocolError):
        talk.hear(frame)


def test_a_line_of_a_kind_that_is_not_known_is_told() -> None:
    """It is no transaction, so that the log is not in question."""
    talk = Talk()
    talk.live()
    talk.hear(b'{"type":"NOTICE","text":"maintenance at noon"}')
    (told,) = talk.events
    assert isinstance(told, UnknownMessage)
    assert (told.exchange, told.kind) == ("oanda", "NOTICE")
    assert talk.is_healthy()


def test_what_a_reply_held_and_cannot_be_read_is_left_to_the_stream() -> None:
    """The reply has been judged by others."""
    talk = Talk()
    talk.live()
    talk.told(b"{", b'{"id":"x"}', line(101))
    assert talk.ids == [101]


def test_an_error_on_the_stream_ends_it() -> None:
    """In its own words."""
    talk = Talk()
    talk.live()
    talk.hear(b'{"errorMessage":"maintenance"}')
    assert isinstance(talk.events[0], StreamErrorReported)
    (close,) = talk.step()
    assert "maintenance" in close.reason


def test_a_connection_that_takes_over_tells_what_it_held() -> None:
    """Both tell the same log."""
    talk = Talk()
    before = talk.live()
    after = talk.open()
    held = after.receive(line(101), talk.now)
    assert after.take_over(before, held, talk.now) == held
