"""The ledger, case by case."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from tests.support.order_strategies import EXCHANGE, NOW, fill, order, report, request
from venuetree.protocol import ledger as ledger_module
from venuetree.protocol.errors import OrderInvalid
from venuetree.protocol.events import AccountEvent, FillReceived, OrderUpdated
from venuetree.protocol.journal import MemoryJournal
from venuetree.protocol.ledger import Ledger
from venuetree.protocol.models import (
    Closing,
    MarginTerms,
    OrderKey,
    OrderStatus,
    ReportSource,
    Side,
)

NEW, SENT, OPEN, PARTIAL, FILLED, CANCELLED, EXPIRED, REJECTED, UNKNOWN = OrderStatus
KEY = OrderKey("BTC-USD", "c1", "x1")


def placed(journal: MemoryJournal | None = None) -> Ledger:
    """A ledger with one order of ours, sent."""
    books = Ledger(EXCHANGE, journal)
    books.intend(request(), NOW)
    books.sent("c1", NOW)
    return books


def opened(journal: MemoryJournal | None = None) -> Ledger:
    """The same, acknowledged."""
    books = placed(journal)
    books.report(report(OPEN))
    return books


def summary(events: tuple[AccountEvent, ...]) -> list[tuple[str, object]]:
    """What was told: fills by id, orders by state."""
    told: list[tuple[str, object]] = []
    for event in events:
        match event:
            case FillReceived():
                told.append((event.fill.fill_id, event.fill.client_order_id))
            case OrderUpdated():
                told.append((event.order.client_order_id, event.order.status))
            case _:
                raise AssertionError(event)
    return told


def status(books: Ledger, client_order_id: str = "c1") -> OrderStatus:
    """The state of an order that is there."""
    known = books.order(client_order_id)

    assert known is not None
    return known.status


# ---------------------------------------------------------------- an order's life


def test_each_change_of_an_order_is_told_once() -> None:
    """Intent, sending, acknowledgement, a repetition, the end."""
    books = Ledger(EXCHANGE)

    assert summary(books.intend(request(), NOW)) == [("c1", NEW)]
    assert summary(books.sent("c1", NOW)) == [("c1", SENT)]
    assert summary(books.report(report(OPEN))) == [("c1", OPEN)]
    assert summary(books.report(report(OPEN))) == []
    assert summary(books.report(report(FILLED))) == [("c1", FILLED)]
    assert books.orders() == (order(FILLED, filled_quantity=Decimal(1)),)


def test_an_update_carries_both_times() -> None:
    """The exchange's and ours; ours alone where the change was ours."""
    books = Ledger(EXCHANGE)
    (intended,) = books.intend(request(), NOW)
    (told,) = books.report(report(OPEN, exchange_time_ns=NOW + 7, received_time_ns=NOW + 9))

    assert (intended.exchange_time_ns, intended.received_time_ns) == (None, NOW)
    assert (told.exchange_time_ns, told.received_time_ns) == (NOW + 7, NOW + 9)


@pytest.mark.parametrize("used", ["c1", ""])
def test_a_client_order_id_is_used_once(used: str) -> None:
    """Also after the order's end; and there must be one."""
    books = opened()
    books.report(report(FILLED))

    with pytest.raises(OrderInvalid):
        books.intend(request(used), NOW)
    assert len(books.orders()) == 1


@pytest.mark.parametrize(
    "other", [{"side": Side.SELL}, {"quantity": Decimal(3)}, {"price": Decimal(31)}]
)
def test_an_older_order_with_other_terms_is_not_taken_for_ours(other: dict[str, Any]) -> None:
    """One that bore our id before, as a list of open orders tells it while ours is on its way."""
    terms: dict[str, Any] = {"side": Side.BUY, "quantity": Decimal(1), "price": Decimal(30)}
    books = Ledger(EXCHANGE)
    books.intend(evolve(request(), **terms), NOW)
    books.sent("c1", NOW)
    books.report(report(OPEN, exchange_order_id="x9", **(terms | other)))
    books.report(report(OPEN, exchange_order_id="x9"))

    assert status(books) is SENT
    assert [held.exchange_order_id for held in books.orders()] == ["", "x9"]

    books.report(report(OPEN, exchange_order_id="x1", **terms))

    assert status(books) is OPEN
    assert books.find(OrderKey(exchange_order_id="x1")) == books.order("c1")


def test_what_was_proved_or_answered_is_of_our_order_however_its_terms_are_told() -> None:
    """Whoever proved it has compared them, in the exchange's own way."""
    for told in ({"source": ReportSource.REPLY}, {}):
        books = Ledger(EXCHANGE)
        books.intend(evolve(request(), price=Decimal(30)), NOW)
        books.sent("c1", NOW)
        news = report(OPEN, exchange_order_id="x1", price=Decimal(31), **told)
        books.report(news, proved_of="" if told else "c1")

        assert status(books) is OPEN


def test_of_an_order_that_closes_all_there_is_any_size_may_be_told() -> None:
    """However much that is by then: the size that was asked for is a guess."""
    books = Ledger(EXCHANGE)
    terms = MarginTerms(closing=Closing(is_whole=True))
    books.intend(evolve(request(), quantity=Decimal(1), price=None, margin=terms), NOW)
    books.sent("c1", NOW)
    books.report(report(OPEN, exchange_order_id="x1", quantity=Decimal(2), price=None))

    assert status(books) is OPEN


def test_an_order_is_found_by_either_id() -> None:
    """The exchange's decides if they name different orders."""
    books = opened()
    books.intend(request("c2"), NOW)

    assert books.find(OrderKey(client_order_id="c1")) == books.find(
        OrderKey(exchange_order_id="x1")
    )
    assert books.find(OrderKey("", "c2", "x1")) == books.order("c1")
    assert books.find(OrderKey(client_order_id="c9")) is None


def test_what_was_sent_is_kept_for_resolving() -> None:
    """The request, and when its first byte may have left: the first time counts."""
    books = placed()
    books.sent("c1", NOW + 5)

    assert (books.request("c1"), books.sent_time_ns("c1")) == (request(), NOW)
    assert (books.request("c9"), books.sent_time_ns("c9")) == (None, 0)


def test_a_missing_verdict_is_to_be_resolved_until_the_exchange_tells() -> None:
    """The order is listed as unknown; its absence is then proved."""
    books = placed()

    assert summary(books.unknown("c1", "timed out", NOW)) == [("c1", UNKNOWN)]
    assert books.unknown_orders() == ("c1",)
    assert books.doubtful() == ()
    assert summary(books.unknown("c1", "timed out again", NOW)) == []
    assert summary(books.absent("c1", "nowhere", NOW)) == [("c1", REJECTED)]
    assert books.unknown_orders() == ()


def test_a_late_word_of_the_exchange_undoes_absence() -> None:
    """The proof was wrong; the order is open, and told to be."""
    books = placed()
    books.absent("c1", "nowhere", NOW)

    assert summary(books.report(report(OPEN))) == [("c1", OPEN)]
    assert books.open_orders() == (order(OPEN),)


def test_a_rejection_is_void_once_the_exchange_has_numbered_the_order() -> None:
    """A refused repetition does not end the first one."""
    assert summary(opened().rejected("c1", "duplicate", NOW)) == []


def test_a_refused_cancel_must_be_asked_about() -> None:
    """Why it was refused is the order's state."""
    books = opened()

    assert summary(books.cancelling(KEY, NOW)) == [("c1", OPEN)]
    assert summary(books.cancel_refused(KEY, NOW)) == [("c1", OPEN)]
    assert books.doubtful() == (KEY,)
    books.report(report(FILLED))
    assert books.doubtful() == ()


def test_an_edit_is_expected_before_it_is_told() -> None:
    """The larger quantity holds, so that a fill of all the old one is not the end."""
    books = opened()
    books.editing(KEY, request(quantity="2"), NOW)
    books.fill(fill(1, "1"), NOW)

    assert status(books) is PARTIAL


def test_news_of_names_that_are_not_known_changes_nothing() -> None:
    """Of orders that were never there, or are forgotten."""
    books = Ledger(EXCHANGE)
    key = OrderKey(client_order_id="c9")

    assert books.sent("c9", NOW) == ()
    assert books.unknown("c9", "", NOW) == ()
    assert books.rejected("c9", "", NOW) == ()
    assert books.absent("c9", "", NOW) == ()
    assert books.cancelling(key, NOW) == ()
    assert books.cancel_refused(key, NOW) == ()
    assert books.editing(key, request(), NOW) == ()
    books.doubt(key)
    assert books.report(report(OPEN, client_order_id="c9", exchange_order_id="")) == ()
    assert (books.orders(), books.doubtful()) == ((), ())


def test_orders_are_counted_by_state() -> None:
    """All states are there."""
    books = opened()
    books.intend(request("c2"), NOW)
    none = dict.fromkeys((status.value for status in OrderStatus), 0)

    assert books.counts() == {**none, "open": 1, "new": 1}


# ---------------------------------------------------------------- executions


def test_an_execution_is_told_once_with_our_id() -> None:
    """From the stream, and again from a query."""
    books = opened()

    assert summary(books.fill(fill(), NOW)) == [("f1", "c1"), ("c1", PARTIAL)]
    assert summary(books.fill(fill(), NOW)) == []
    assert books.fills(KEY) == (fill(client_order_id="c1"),)


def test_the_same_fill_id_on_another_instrument_is_another_execution() -> None:
    """Trade ids count by instrument."""
    books = opened()
    books.fill(fill(), NOW)

    assert summary(books.fill(evolve(fill(), instrument="ETH-USD"), NOW))[0] == ("f1", "c1")


def test_an_execution_before_the_reply_waits_for_its_order() -> None:
    """Held under the exchange's id, told with the reply that names it."""
    books = placed()

    assert summary(books.fill(fill(), NOW)) == []
    assert summary(books.fill(fill(), NOW)) == []
    assert books.doubtful() == (OrderKey("BTC-USD", "", "x1"),)
    assert summary(books.report(report(OPEN, source=ReportSource.REPLY))) == [
        ("c1", OPEN),
        ("f1", "c1"),
        ("c1", PARTIAL),
    ]
    assert books.doubtful() == ()


def test_an_execution_that_bears_our_id_names_the_order() -> None:
    """It comes before the reply, and the reply adds nothing."""
    books = placed()

    assert summary(books.fill(fill(client_order_id="c1"), NOW)) == [("f1", "c1"), ("c1", PARTIAL)]
    assert summary(books.report(report(OPEN))) == []
    assert books.find(OrderKey(exchange_order_id="x1")) == books.order("c1")


def test_executions_that_were_not_told_are_asked_for() -> None:
    """The cumulative quantity says that there are more than we know."""
    books = opened()
    books.report(report(OPEN, "0.75"))

    assert books.needs_fills() == (KEY,)
    books.fill(fill(1, "0.5"), NOW)
    assert books.needs_fills() == (KEY,)
    books.fill(fill(2, "0.25"), NOW)
    assert books.needs_fills() == ()


def test_cumulative_news_after_the_executions_counts_nothing_twice() -> None:
    """Half and half is the whole, in whichever form it comes first."""
    books = opened()
    books.fill(fill(1), NOW)
    books.report(report(OPEN, "0.5"))
    books.report(report(FILLED, "1"))

    assert summary(books.fill(fill(2), NOW)) == [("f2", "c1"), ("c1", FILLED)]
    assert books.order("c1") == order(
        FILLED, filled_quantity=Decimal(1), average_price=Decimal(100), fees=Decimal("0.2")
    )


def test_too_many_held_executions_are_told_alone_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """And when their order comes to be known they count in it, but are not told again."""
    monkeypatch.setattr(ledger_module, "HELD_FILLS", 1)
    books = Ledger(EXCHANGE)
    books.fill(fill(1), NOW)

    assert summary(books.fill(fill(2), NOW)) == [("f1", "")]
    assert summary(books.report(report(OPEN, client_order_id="", quantity=Decimal(1)))) == [
        ("", OPEN),
        ("f2", ""),
        ("", PARTIAL),
    ]
    assert summary(books.fill(fill(1), NOW)) == [("", FILLED)]
    assert books.needs_fills() == ()


def test_an_execution_that_names_no_order_is_told_alone_and_once() -> None:
    """There is nothing to ask for."""
    books = Ledger(EXCHANGE)
    nameless = fill(exchange_order_id="")

    assert summary(books.fill(nameless, NOW)) == [("f1", "")]
    assert summary(books.fill(nameless, NOW)) == []
    assert books.doubtful() == ()


# ---------------------------------------------------------------- orders placed elsewhere


def test_an_order_placed_elsewhere_is_adopted() -> None:
    """It is told, and followed like ours; it is never resolved by sending."""
    books = Ledger(EXCHANGE)
    foreign = report(OPEN, "0.5", client_order_id="", quantity=Decimal(1), price=Decimal(100))

    assert summary(books.report(foreign)) == [("", PARTIAL)]
    assert books.needs_fills() == (OrderKey("BTC-USD", "", "x1"),)
    assert summary(books.report(evolve(foreign, status=UNKNOWN))) == [("", UNKNOWN)]
    assert (books.unknown_orders(), books.doubtful()) == ((), (OrderKey("BTC-USD", "", "x1"),))


def test_an_order_of_which_too_little_is_told_is_asked_for() -> None:
    """Without a side it cannot be adopted; with one it is, and asked for no more."""
    books = Ledger(EXCHANGE)

    assert books.report(report(OPEN, side=None)) == ()
    assert books.doubtful() == (KEY,)
    assert summary(books.report(report(OPEN))) == [("c1", OPEN)]
    assert books.doubtful() == ()


def test_an_adopted_order_that_proves_to_be_ours_becomes_one_with_it() -> None:
    """The stream told it by its number alone, before the reply named it."""
    books = placed()
    books.report(report(OPEN, client_order_id=""))
    books.fill(fill(), NOW)
    told = books.report(report(OPEN, source=ReportSource.REPLY))

    assert summary(told) == [("c1", PARTIAL)]
    assert books.orders() == (
        order(
            PARTIAL,
            filled_quantity=Decimal("0.5"),
            average_price=Decimal(100),
            fees=Decimal("0.1"),
            updated_time_ns=NOW,
        ),
    )
    assert books.fills(KEY) == (fill(client_order_id="c1"),)
    assert sum(books.counts().values()) == 1


def test_the_list_that_an_adopted_order_was_told_to_be_of_is_kept() -> None:
    """Also where the reply that names the order says nothing of it."""
    books = placed()
    books.report(evolve(report(OPEN, client_order_id=""), list_id="7"))
    books.report(report(OPEN, source=ReportSource.REPLY))
    (known,) = books.orders()

    assert (known.client_order_id, known.list_id) == ("c1", "7")


def test_a_second_order_that_bears_our_id_is_an_order_of_its_own() -> None:
    """The exchange took a repeated request twice: both are told, and the first is not changed."""
    books = opened()
    doubled = report(FILLED, "1", exchange_order_id="x2", quantity=Decimal(1))

    assert summary(books.report(doubled)) == [("c1", FILLED)]
    assert status(books) is OPEN
    assert len(books.orders()) == 2
    assert summary(books.fill(fill(7, "1", exchange_order_id="x2", client_order_id="c1"), NOW))[
        0
    ] == ("f7", "c1")
    assert books.fills(KEY) == ()


# ---------------------------------------------------------------- lists of open orders


def test_an_open_order_that_a_list_lacks_is_asked_for_not_assumed() -> None:
    """It may have ended, or be newer than the list."""
    books = opened()
    books.intend(request("c2"), NOW)
    books.sent("c2", NOW)

    assert books.missing_from(()) == (KEY,)
    assert books.snapshot((), NOW) == ()
    assert status(books) is OPEN
    assert books.doubtful() == (KEY,)


def test_a_listed_order_is_news_like_any() -> None:
    """It is taken up, and missing from nothing."""
    books = opened()
    listed = (report(OPEN, "0.5"), report(OPEN, client_order_id="", exchange_order_id="x9"))

    assert summary(books.snapshot(listed, NOW)) == [("c1", PARTIAL), ("", OPEN)]
    assert books.doubtful() == ()


def test_a_list_never_brings_back_an_ended_order() -> None:
    """Lists lag by seconds."""
    books = opened()
    books.report(report(CANCELLED))

    assert books.snapshot((report(OPEN),), NOW) == ()
    assert status(books) is CANCELLED


@pytest.mark.parametrize("end", [FILLED, CANCELLED, EXPIRED])
def test_with_the_end_of_one_of_a_list_the_others_are_doubtful(end: OrderStatus) -> None:
    """It ended them, and the news of that may be lost. Those of no list, or another, are not."""
    books = Ledger(EXCHANGE)
    for number, list_id in enumerate(("7", "7", "8", ""), start=1):
        name, number_there = f"c{number}", f"x{number}"
        books.intend(request(name), NOW)
        books.sent(name, NOW)
        told = report(OPEN, client_order_id=name, exchange_order_id=number_there)
        books.report(evolve(told, list_id=list_id))
    assert books.doubtful() == ()

    books.report(report(end))
    assert books.doubtful() == (OrderKey("BTC-USD", "c2", "x2"),)
    books.report(report(EXPIRED, client_order_id="c2", exchange_order_id="x2"))
    assert books.doubtful() == ()
    known = books.order("c2")
    assert known is not None
    assert known.list_id == "7"


def test_orders_of_a_list_of_another_instrument_are_none_of_it() -> None:
    """Lists are numbered by instrument, as orders are."""
    books = Ledger(EXCHANGE, ids_per_instrument=True)
    for name, instrument in (("c1", "BTC-USD"), ("c2", "ETH-USD")):
        told = report(OPEN, client_order_id=name, exchange_order_id="x1", instrument=instrument)
        books.report(evolve(told, list_id="7"))
    books.report(report(FILLED, client_order_id="c1", exchange_order_id="x1"))

    assert books.doubtful() == ()


@pytest.mark.parametrize(
    ("source", "is_settled"),
    [(ReportSource.STREAM, False), (ReportSource.QUERY, True)],
)
def test_only_an_answer_ends_a_doubt(source: ReportSource, is_settled: bool) -> None:  # noqa: FBT001 - a table's column
    """What the stream says may have been on its way before the list."""
    books = opened()
    books.snapshot((), NOW)
    books.report(report(OPEN, source=source))

    assert (books.doubtful() == ()) is is_settled


# ---------------------------------------------------------------- memory


def ended(books: Ledger, number: int, *, lacks_fills: bool = False) -> None:
    """An order of ours that was filled, or cancelled without a fill."""
    client_order_id, exchange_order_id = f"c{number}", f"x{number}"
    books.intend(request(client_order_id), NOW)
    end = FILLED if lacks_fills else CANCELLED
    filled = "1" if lacks_fills else "0"
    books.report(
        report(end, filled, client_order_id=client_order_id, exchange_order_id=exchange_order_id)
    )


def names(books: Ledger) -> list[str]:
    """Which orders are remembered."""
    return [known.client_order_id for known in books.orders()]


def test_old_final_orders_are_forgotten_and_open_ones_never() -> None:
    """Two final orders are kept, beside however many others."""
    books = Ledger(EXCHANGE, keep_final=2)
    books.intend(request("open"), NOW)
    for number in range(1, 6):
        ended(books, number)
    books.intend(request("next"), NOW)

    assert names(books) == ["open", "c4", "c5", "next"]
    assert books.find(OrderKey(exchange_order_id="x1")) is None


def test_final_orders_that_lack_executions_are_kept_longer() -> None:
    """Twice as many at the most."""
    books = Ledger(EXCHANGE, keep_final=2)
    for number in range(1, 4):
        ended(books, number, lacks_fills=True)
    ended(books, 4)
    books.intend(request("next"), NOW)

    assert names(books) == ["c1", "c2", "c3", "next"]
    ended(books, 5, lacks_fills=True)
    ended(books, 6, lacks_fills=True)
    books.intend(request("last"), NOW)
    assert names(books) == ["c2", "c3", "next", "c5", "c6", "last"]


def forgetful() -> Ledger:
    """A ledger that has just forgotten the order c1, filled for a half."""
    books = Ledger(EXCHANGE, keep_final=0)
    books.intend(request(), NOW)
    books.fill(fill(client_order_id="c1"), NOW)
    books.report(report(CANCELLED))
    books.intend(request("c2"), NOW)

    assert names(books) == ["c2"]
    return books


def test_late_copies_of_a_forgotten_orders_news_change_nothing() -> None:
    """Neither is it adopted as somebody else's, nor its execution told again."""
    books = forgetful()

    assert books.report(report(OPEN)) == ()
    assert books.fill(fill(client_order_id="c1"), NOW) == ()
    assert (names(books), books.doubtful()) == (["c2"], ())


def test_a_new_execution_of_a_forgotten_order_is_told() -> None:
    """Money moved."""
    assert summary(forgetful().fill(fill(2), NOW)) == [("f2", "")]


# ---------------------------------------------------------------- the journal


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


# ---------------------------------------------------------------- ids unique by instrument only


def two_of_one_number() -> Ledger:
    """Two orders that the exchange gave one number, as its numbers count by instrument."""
    books = Ledger(EXCHANGE, ids_per_instrument=True)
    for name, instrument in (("c1", "BTC-USD"), ("c2", "ETH-USD")):
        books.intend(evolve(request(), client_order_id=name, instrument=instrument), NOW)
        books.sent(name, NOW)
        books.report(
            evolve(
                report(OPEN),
                client_order_id=name,
                instrument=instrument,
                exchange_order_id="7",
            )
        )
    return books


def test_orders_of_one_number_are_told_apart_by_their_instruments() -> None:
    """News without our id finds each; neither becomes the other's."""
    books = two_of_one_number()
    cancelled = evolve(
        report(CANCELLED), client_order_id="", instrument="ETH-USD", exchange_order_id="7"
    )

    assert summary(books.report(cancelled)) == [("c2", CANCELLED)]
    assert status(books, "c1") is OPEN
    assert books.find(OrderKey("BTC-USD", exchange_order_id="7")) == books.order("c1")
    assert books.find(OrderKey("ETH-USD", exchange_order_id="7")) == books.order("c2")


def test_a_number_without_its_instrument_names_an_order_only_if_it_is_the_only_one() -> None:
    """Rather none than the wrong one."""
    books = two_of_one_number()
    single = Ledger(EXCHANGE, ids_per_instrument=True)
    single.intend(request(), NOW)
    single.report(report(OPEN))

    assert books.find(OrderKey(exchange_order_id="7")) is None
    assert single.find(OrderKey(exchange_order_id="x1")) == single.order("c1")


def test_an_execution_goes_to_the_order_of_its_instrument() -> None:
    """Told before the order has a name, and after."""
    books = two_of_one_number()
    other = evolve(fill(), instrument="ETH-USD", exchange_order_id="7", client_order_id="")
    early = evolve(fill(), instrument="ETH-USD", exchange_order_id="8", client_order_id="")

    assert summary(books.fill(other, NOW)) == [("f1", "c2"), ("c2", PARTIAL)]
    books = two_of_one_number()
    assert books.fill(early, NOW) == ()
    assert books.doubtful() == (OrderKey("ETH-USD", exchange_order_id="8"),)
    third = evolve(
        report(FILLED), client_order_id="c3", instrument="ETH-USD", exchange_order_id="8"
    )
    assert ("f1", "c3") in summary(books.report(third))


def test_the_numbers_of_an_instrument_are_known_after_their_orders_are_forgotten() -> None:
    """None of these can be an order that is looked for."""
    books = Ledger(EXCHANGE, ids_per_instrument=True, keep_final=1)
    for number in ("1", "2", "3"):
        books.intend(evolve(request(), client_order_id=f"c{number}"), NOW)
        books.report(
            evolve(report(CANCELLED), client_order_id=f"c{number}", exchange_order_id=number)
        )

    assert books.order("c1") is None
    assert books.order_ids("BTC-USD") == {"1", "2", "3"}
    assert books.order_ids("ETH-USD") == frozenset()
