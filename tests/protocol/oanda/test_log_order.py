"""Each transaction once and in order, whatever comes first: pages, stream, replies."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.exchanges.oanda import log_order
from venuetree.protocol.exchanges.oanda.log_order import LogOrder


def order(last: int = 10) -> LogOrder[int]:
    """A log of which all up to `last` has been delivered; an entry is its own id."""
    return LogOrder(last)


def page(log: LogOrder[int], *ids: int, accept_gaps: bool = False) -> tuple[list[int], int | None]:
    """What a page of these delivers, and what is missing in it."""
    return log.page([(each, each) for each in ids], accept_gaps=accept_gaps)


def test_what_follows_is_delivered_at_once() -> None:
    """No gap, no waiting."""
    log = order()
    assert [log.take(n, n) for n in (11, 12)] == [[11], [12]]
    assert log.last == 12
    assert not log.is_behind


def test_what_is_known_is_dropped() -> None:
    """By the stream and by pages."""
    log = order()
    assert log.take(10, 10) == []
    assert log.take(11, 11) == [11]
    assert log.take(11, 11) == []
    assert page(log, 9, 10, 11) == ([], None)


def test_what_is_ahead_waits_for_what_is_missing() -> None:
    """In order means that nothing overtakes."""
    log = order()
    assert log.take(13, 13) == []
    before = log.is_behind
    assert log.take(12, 12) == []
    assert log.take(11, 11) == [11, 12, 13]
    assert (before, log.is_behind) == (True, False)


def test_a_page_fills_the_hole_and_frees_what_waits() -> None:
    """The log has what the stream lost."""
    log = order()
    log.take(13, 13)
    assert page(log, 11, 12) == ([11, 12, 13], None)
    assert log.last == 13


def test_a_page_that_holds_what_waits_tells_it_once() -> None:
    """It came before what it follows, and comes again."""
    log = order()
    log.take(12, 12)
    assert page(log, 11, 12, 13) == ([11, 12, 13], None)
    assert not log.is_behind
    assert log.take(13, 13) == []


def test_a_named_transaction_makes_it_behind() -> None:
    """A heartbeat says that there is one, not what it is."""
    log = order()
    log.told_newest(12)
    behind = [log.is_behind]
    for number in (11, 12):
        log.take(number, number)
        behind.append(log.is_behind)
    assert behind == [True, True, False]


def test_a_gap_in_the_log_is_not_believed_at_first() -> None:
    """A copy of the log may lag."""
    log = order()
    assert page(log, 11, 13, 14) == ([11], 12)
    assert log.last == 11
    assert log.is_behind
    assert page(log, 12, 13, 14) == ([12, 13, 14], None)


def test_a_gap_that_stays_is_accepted_and_what_comes_late_is_told_once() -> None:
    """Late is better than never."""
    log = order()
    page(log, 11, 14)
    assert page(log, 14, accept_gaps=True) == ([14], 12)
    assert log.last == 14
    assert log.take(12, 12) == [12]
    assert log.take(12, 12) == []
    assert log.take(13, 13) == [13]
    assert log.take(15, 15) == [15]


def test_of_several_gaps_the_first_is_told() -> None:
    """Whether or not they are believed."""
    assert page(order(), 12, 14) == ([], 11)
    assert page(order(), 12, 14, accept_gaps=True) == ([12, 14], 11)


def test_what_waits_within_a_gap_is_told_in_its_place() -> None:
    """The stream knew what the log left out."""
    log = order()
    log.take(13, 13)
    assert page(log, 11, 15, accept_gaps=True) == ([11, 13, 15], 12)
    assert log.take(14, 14) == [14]
    assert log.take(12, 12) == [12]


def test_too_much_without_what_came_before_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory has an end."""
    monkeypatch.setattr(log_order, "_WAITING_AT_MOST", 3)
    log = order()
    for number in (12, 13, 14):
        log.take(number, number)
    with pytest.raises(RemoteProtocolError, match="without those before"):
        log.take(15, 15)


def test_what_a_gap_left_out_is_not_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the newest of them."""
    monkeypatch.setattr(log_order, "_LEFT_OUT_AT_MOST", 2)
    log = order()
    page(log, 20, accept_gaps=True)
    assert log.take(17, 17) == []
    assert log.take(19, 19) == [19]


class ExactlyOnce(RuleBasedStateMachine):
    """A log that grows while its entries reach us by three ways, each late, lost or twice."""

    @initialize(start=st.integers(0, 5))
    def begin(self, start: int) -> None:
        """From some transaction on."""
        self.start = start
        self.written = start
        self.log: LogOrder[int] = LogOrder(start)
        self.delivered: list[int] = []

    @rule(count=st.integers(1, 4))
    def the_account_does_something(self, count: int) -> None:
        """New entries; nobody has told us."""
        self.written += count

    @rule(data=st.data())
    def the_stream_or_a_reply_tells_one(self, data: Any) -> None:
        """Any entry that there is: new, old, or ahead of others."""
        if self.written > self.start:
            number = data.draw(st.integers(self.start + 1, self.written))
            self.delivered += self.log.take(number, number)

    @rule()
    def a_heartbeat_names_the_newest(self) -> None:
        """Without telling it."""
        self.log.told_newest(self.written)

    @rule(data=st.data())
    def a_page_comes(self, data: Any) -> None:
        """Asked for some time ago, cut anywhere, and perhaps late."""
        after = data.draw(st.integers(self.start, self.log.last))
        end = data.draw(st.integers(after, self.written))
        ready, missing = self.log.page([(n, n) for n in range(after + 1, end + 1)])
        assert missing is None
        self.delivered += ready

    @precondition(lambda self: self.written > self.start)
    @rule()
    def all_is_caught_up(self) -> None:
        """Pages to the end, in a loop past their cut, bring everything."""
        while self.log.last < self.written:
            cut = min(self.written, self.log.last + 3)
            ready, _ = self.log.page([(n, n) for n in range(self.log.last + 1, cut + 1)])
            self.delivered += ready
        assert self.delivered == list(range(self.start + 1, self.written + 1))
        assert not self.log.is_behind

    @invariant()
    def each_was_told_once_and_in_order(self) -> None:
        """Whatever has happened."""
        assert self.delivered == list(range(self.start + 1, self.start + 1 + len(self.delivered)))
        assert self.log.last == self.start + len(self.delivered)


TestExactlyOnce = ExactlyOnce.TestCase
TestExactlyOnce.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
