"""The ledger: what is written down, and what is known after a restart."""

import pytest
from attrs import evolve

from tests.support.ledgers import CANCELLED, KEY, NEW, OPEN, UNKNOWN, names, opened, summary
from tests.support.order_strategies import EXCHANGE, NOW, fill, report, request
from venuetree.protocol.journal import MemoryJournal
from venuetree.protocol.ledger import Ledger


def test_after_a_restart_what_may_have_been_sent_is_unknown_and_what_is_open_doubtful() -> None:
    """An intent that was written down may have been sent as well."""
    journal = MemoryJournal()
    books = opened(journal)
    books.intend(request("c2"), NOW + 1)
    books.intend(request("c3"), NOW + 2)
    books.sent("c3", NOW + 3)
    books.intend(request("c4"), NOW + 4)
    books.rejected("c4", "no", NOW + 4)
    again = Ledger(EXCHANGE, journal)

    assert again.orders() == books.orders()
    assert summary(again.recover(NOW + 9)) == [("c2", UNKNOWN), ("c3", UNKNOWN)]
    assert again.unknown_orders() == ("c2", "c3")
    assert again.doubtful() == (KEY,)
    assert (again.request("c3"), again.sent_time_ns("c3")) == (request("c3"), NOW + 3)
    assert again.sent_time_ns("c2") == NOW + 1


def test_the_position_that_was_noted_before_sending_outlives_a_restart() -> None:
    """The first one counts, and what becomes of the order does not change it."""
    journal = MemoryJournal()
    books = Ledger(EXCHANGE, journal)
    books.intend(request(), NOW)
    books.sent("c1", NOW, "5")
    books.sent("c1", NOW + 5, "9")
    books.unknown("c1", "lost", NOW + 6)
    again = Ledger(EXCHANGE, journal)
    again.report(report(OPEN))

    assert books.log_position("c1") == "5"
    assert Ledger(EXCHANGE, journal).log_position("c1") == "5"
    assert [entry.log_position for entry in journal.load()] == ["5"]


def test_an_order_that_was_not_sent_by_us_has_no_position() -> None:
    """Nor has one that is not known at all."""
    books = Ledger(EXCHANGE)
    books.intend(request(), NOW)
    books.report(report(OPEN, client_order_id="c2", exchange_order_id="x2"))

    assert [books.log_position(name) for name in ("c1", "c2", "c9")] == ["", "", ""]


def test_an_exit_keeps_the_trade_that_it_leaves() -> None:
    """Once told, whether or not later news repeats it."""
    books = Ledger(EXCHANGE)
    told = report(OPEN, client_order_id="", exchange_order_id="x2", trade_id="6397")
    books.report(told)
    books.report(evolve(told, status=CANCELLED, trade_id=""))

    (kept,) = books.orders()
    assert (kept.status, kept.trade_id) == (CANCELLED, "6397")


def test_after_a_restart_an_execution_is_not_told_again() -> None:
    """The journal holds what was counted."""
    journal = MemoryJournal()
    opened(journal).fill(fill(), NOW)
    again = Ledger(EXCHANGE, journal)

    assert again.fill(fill(), NOW) == ()
    assert again.fills(KEY) == (fill(client_order_id="c1"),)


def test_new_orders_after_a_restart_do_not_displace_old_ones() -> None:
    """Every order has a name of its own in the journal."""
    journal = MemoryJournal()
    opened(journal)
    Ledger(EXCHANGE, journal).intend(request("c2"), NOW)

    assert names(Ledger(EXCHANGE, journal)) == ["c1", "c2"]


def test_forgotten_and_merged_orders_leave_the_journal() -> None:
    """Else it would grow for ever, and bring them back."""
    journal = MemoryJournal()
    books = Ledger(EXCHANGE, journal, keep_final=0)
    books.report(report(OPEN, client_order_id=""))
    books.intend(request(), NOW)
    books.report(report(CANCELLED))
    books.intend(request("c2"), NOW)

    assert [entry.order.client_order_id for entry in journal.load()] == ["c2"]


class BrokenJournal(MemoryJournal):
    """A journal whose disk is full."""

    def record(self, entry: object) -> None:
        """Fail."""
        raise OSError(entry)


def test_what_cannot_be_written_down_is_not_done() -> None:
    """An intent that the journal did not take is no intent: it must not be sent."""
    books = Ledger(EXCHANGE, BrokenJournal())

    with pytest.raises(OSError, match="c1"):
        books.intend(request(), NOW)
    assert books.orders() == ()


def test_an_intent_is_written_down_before_it_is_told() -> None:
    """So that it is there before a byte can be sent."""
    journal = MemoryJournal()
    Ledger(EXCHANGE, journal).intend(request(), NOW)
    (entry,) = journal.load()

    assert (entry.order.status, entry.request) == (NEW, request())
