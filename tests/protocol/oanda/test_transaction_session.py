"""The account's stream: opened, caught up at each connection, and ended by silence."""

import pytest

from tests.support.oanda_account_stream import MS, NOW, STATE, Talk, heartbeat, line
from venuetree.protocol.commands import FetchLog, FetchLogState, LogPage, LogState
from venuetree.protocol.errors import AuthRefused
from venuetree.protocol.events import AccountSnapshot
from venuetree.protocol.exchanges.oanda.transaction_session import SILENCE_NS, TransactionStreams
from venuetree.protocol.port import Auth, Call, Close, SessionContext, Transport
from venuetree.protocol.timestamps import SECOND


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


def test_a_connection_that_takes_over_tells_what_it_held() -> None:
    """Both tell the same log."""
    talk = Talk()
    before = talk.live()
    after = talk.open()
    held = after.receive(line(101), talk.now)
    assert after.take_over(before, held, talk.now) == held
