"""The published rules of a local book, one by one, and the exchange's own recorded traffic."""

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.binance_us import NOW_NS
from tests.support.binance_us_stream import BUY, SELL, D, changed, snapshot
from venuetree.protocol.events import BookChanged, BookSnapshot
from venuetree.protocol.exchanges.binance_us.decode import decode
from venuetree.protocol.exchanges.binance_us.sequencing import (
    KEPT_AT_MOST,
    BookSequencer,
    Loaded,
    Taken,
)
from venuetree.protocol.models import Level


def in_step(update_id: int = 100) -> BookSequencer:
    """A book that stands at 99 / 101."""
    sequencer = BookSequencer("BTC-USD")
    assert sequencer.load(snapshot(update_id)) is Loaded.IN_STEP
    return sequencer


def test_changes_before_the_snapshot_are_kept_and_shown_to_nobody() -> None:
    """Rule 1: the book is not in step, whatever comes."""
    sequencer = BookSequencer("BTC-USD")

    assert sequencer.take(changed(101, 102, (BUY, "99", "5"))) is Taken.KEPT
    assert not sequencer.is_in_step
    assert not sequencer.book.in_step
    assert sequencer.book.bids() == []


@pytest.mark.parametrize(("last", "loaded"), [(99, Loaded.TOO_OLD), (100, Loaded.IN_STEP)])
def test_a_snapshot_that_ends_before_the_first_change_begins_is_too_old(
    last: int, loaded: Loaded
) -> None:
    """Rule 3: one less than the first `U` is just enough; below that changes are missing."""
    sequencer = BookSequencer("BTC-USD")
    sequencer.take(changed(101, 102, (BUY, "98", "5")))

    assert sequencer.load(snapshot(last)) is loaded
    assert sequencer.is_in_step is (loaded is Loaded.IN_STEP)
    assert sequencer.book.in_step is (loaded is Loaded.IN_STEP)


def test_changes_outlive_a_snapshot_that_is_too_old() -> None:
    """Rule 3 asks for another snapshot, not for other changes."""
    sequencer = BookSequencer("BTC-USD")
    sequencer.take(changed(101, 102, (BUY, "98", "5")))
    sequencer.load(snapshot(99))

    assert sequencer.load(snapshot(100)) is Loaded.IN_STEP
    assert sequencer.book.quantity_at(BUY, D(98)) == 5


def test_changes_that_the_snapshot_holds_are_dropped() -> None:
    """Rule 4: applied again they would bring back what has changed since."""
    sequencer = BookSequencer("BTC-USD")
    sequencer.take(changed(99, 100, (BUY, "98", "5")))
    sequencer.take(changed(101, 101, (SELL, "102", "3")))

    assert sequencer.load(snapshot(100)) is Loaded.IN_STEP
    assert sequencer.book.bids() == [Level(D(99), D(1))]
    assert sequencer.book.asks() == [Level(D(101), D(1)), Level(D(102), D(3))]
    assert sequencer.update_id == 101
    assert sequencer.book.last_update_id == 101


@pytest.mark.parametrize("span", [(101, 101), (100, 103), (90, 101), (101, 200)])
def test_the_first_change_covers_the_snapshots_successor(span: tuple[int, int]) -> None:
    """Rule 5: begun at or before it, ended at or after it."""
    sequencer = in_step()

    assert sequencer.take(changed(*span, (BUY, "98", "5"))) is Taken.APPLIED
    assert sequencer.book.quantity_at(BUY, D(98)) == 5
    assert sequencer.update_id == span[1]


@pytest.mark.parametrize("span", [(90, 95), (100, 100), (1, 100)])
def test_a_change_up_to_the_books_id_is_ignored(span: tuple[int, int]) -> None:
    """Rule 6: it was in the snapshot, or came before."""
    sequencer = in_step()

    assert sequencer.take(changed(*span, (BUY, "99", "0"))) is Taken.REPEATED
    assert sequencer.book.best_bid == Level(D(99), D(1))
    assert sequencer.is_in_step


def test_a_gap_makes_the_book_stale_and_begins_anew_with_what_shows_it() -> None:
    """Rule 6: nothing after a loss is shown; the change after it waits for the new snapshot."""
    sequencer = in_step()

    assert sequencer.take(changed(102, 103, (BUY, "98", "5"))) is Taken.GAP
    assert not sequencer.book.in_step
    assert sequencer.book.quantity_at(BUY, D(98)) == 0
    assert sequencer.take(changed(104, 104, (BUY, "97", "6"))) is Taken.KEPT
    assert sequencer.load(snapshot(100)) is Loaded.TOO_OLD
    assert sequencer.load(snapshot(101)) is Loaded.IN_STEP
    assert sequencer.book.bids() == [Level(D(99), D(1)), Level(D(98), D(5)), Level(D(97), D(6))]


def test_quantities_are_absolute_and_zero_removes() -> None:
    """Rule 7, the removal of a level that was never there included."""
    sequencer = in_step()
    sequencer.take(changed(101, 101, (BUY, "99", "0.5"), (SELL, "101", "0.00000000")))
    taken = sequencer.take(changed(102, 102, (BUY, "12.5", "0"), (SELL, "103", "2")))

    assert taken is Taken.APPLIED
    assert sequencer.book.bids() == [Level(D(99), D("0.5"))]
    assert sequencer.book.asks() == [Level(D(103), D(2))]


def test_a_thin_market_is_in_step_with_its_snapshot_alone() -> None:
    """No change may come for minutes; the next is held to rule 5 all the same."""
    sequencer = in_step(100)

    assert sequencer.book.in_step
    assert sequencer.take(changed(102, 102)) is Taken.GAP


def test_a_gap_among_what_is_kept_is_not_bridged() -> None:
    """Only what comes after it can be applied, to a snapshot that is newer than it."""
    sequencer = BookSequencer("BTC-USD")
    sequencer.take(changed(101, 101, (BUY, "98", "1")))
    sequencer.take(changed(103, 103, (BUY, "97", "1")))

    assert sequencer.load(snapshot(101)) is Loaded.TOO_OLD
    assert sequencer.load(snapshot(102)) is Loaded.IN_STEP
    assert sequencer.book.bids() == [Level(D(99), D(1)), Level(D(97), D(1))]


def test_repetitions_among_what_is_kept_are_ignored() -> None:
    """An older one after a newer one must not undo it."""
    sequencer = BookSequencer("BTC-USD")
    sequencer.take(changed(101, 101, (BUY, "98", "1")))
    sequencer.take(changed(102, 102, (BUY, "98", "2")))

    assert sequencer.take(changed(101, 101, (BUY, "98", "1"))) is Taken.REPEATED
    sequencer.load(snapshot(100))
    assert sequencer.book.quantity_at(BUY, D(98)) == 2


def test_of_too_many_changes_the_oldest_go_and_ask_for_a_newer_snapshot() -> None:
    """Memory is bounded while snapshots fail; rule 3 makes up for it."""
    sequencer = BookSequencer("BTC-USD")
    for number in range(1, KEPT_AT_MOST + 11):
        sequencer.take(changed(number, number, (BUY, "98", str(number))))

    assert sequencer.load(snapshot(9)) is Loaded.TOO_OLD
    assert sequencer.load(snapshot(10)) is Loaded.IN_STEP
    assert sequencer.book.quantity_at(BUY, D(98)) == KEPT_AT_MOST + 10


def test_a_change_that_crosses_the_book_makes_it_stale() -> None:
    """No true book has its best bid above its best ask; touching is no crossing."""
    sequencer = in_step()
    assert sequencer.take(changed(101, 101, (BUY, "101", "1"))) is Taken.APPLIED

    assert sequencer.take(changed(102, 102, (BUY, "101.5", "1"))) is Taken.CROSSED
    assert not sequencer.book.in_step
    assert sequencer.load(snapshot(102)) is Loaded.IN_STEP


def test_a_snapshot_that_is_crossed_is_not_believed() -> None:
    """By itself, or by what was kept for it."""
    sequencer = BookSequencer("BTC-USD")

    assert sequencer.load(snapshot(100, bids=[("102", "1")])) is Loaded.CROSSED
    sequencer.take(changed(101, 101, (BUY, "102", "1")))
    assert sequencer.load(snapshot(100)) is Loaded.CROSSED
    assert not sequencer.book.in_step


def test_a_snapshot_of_a_book_in_step_changes_nothing() -> None:
    """It may be older than what was applied since."""
    sequencer = in_step()

    assert sequencer.load(snapshot(90, bids=[("95", "1")])) is Loaded.UNNEEDED
    assert sequencer.book.best_bid == Level(D(99), D(1))


def test_what_has_no_numbers_cannot_be_placed() -> None:
    """Another exchange's events are no use here."""
    bare = BookChanged("x", "BTC-USD", (), None, NOW_NS)

    with pytest.raises(TypeError):
        in_step().take(bare)
    with pytest.raises(TypeError):
        BookSequencer("BTC-USD").load(snapshot(None))


@pytest.mark.parametrize(
    ("bids", "depth", "agrees"),
    [
        ([("99", "1"), ("98", "2")], 100, True),
        ([("99", "1.000"), ("98", "2")], 100, True),
        ([("99", "1"), ("98", "3")], 100, False),
        ([("99", "1"), ("97", "2")], 100, False),
        # A whole side that lacks a level of ours, and one that may hold more than was asked for.
        ([("99", "1")], 100, False),
        ([("99", "1")], 1, True),
        ([], 100, False),
    ],
)
def test_a_book_agrees_with_a_snapshot_as_far_as_that_reaches(
    bids: list[tuple[str, str]], depth: int, *, agrees: bool
) -> None:
    """Levels equal as numbers, and none too many where the snapshot is whole."""
    sequencer = BookSequencer("BTC-USD")
    sequencer.load(snapshot(100, bids=[("99", "1"), ("98", "2")]))

    assert sequencer.agrees_with(snapshot(100, bids=bids), depth) is agrees


def test_a_book_is_taken_over_and_goes_on_by_its_numbers() -> None:
    """The one who gave it has none left, and nothing done to that one touches it any more."""
    first, second = in_step(105), in_step(103)
    book = first.book
    second.adopt(first)

    assert second.book is book
    assert not first.is_in_step
    first.restart()
    assert book.in_step
    assert second.take(changed(104, 105, (BUY, "98", "9"))) is Taken.REPEATED
    assert second.take(changed(105, 106, (BUY, "98", "9"))) is Taken.APPLIED
    assert book.quantity_at(BUY, D(98)) == 9


# ---------------------------------------------------------------- recordings


def recorded(file: str) -> list[tuple[str, Any]]:
    """Channel and message of each recorded line; skips where there are none."""
    beside = Path(__file__).parents[4] / "shared/recordings"
    folder = os.environ.get("VENUETREE_RECORDINGS", str(beside))
    path = Path(folder) / "binance_us" / file
    if not path.exists():
        pytest.skip(f"no recordings at {path}: set VENUETREE_RECORDINGS")
    lines = (json.loads(line) for line in path.read_text().splitlines())
    return [(line["channel"], line["raw"]) for line in lines if line["channel"] != "open"]


def plainly(
    raw: dict[str, Any], messages: list[dict[str, Any]]
) -> tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]:
    """The rules once more, on dictionaries, without the code under test."""
    known = raw["lastUpdateId"]
    sides = tuple({Decimal(p): Decimal(q) for p, q in raw[side]} for side in ("bids", "asks"))
    for message in messages:
        if message["u"] <= known:
            continue
        assert message["U"] <= known + 1, "the recording has a gap"
        for side, key in zip(sides, ("b", "a"), strict=True):
            for price, quantity in message[key]:
                if Decimal(quantity):
                    side[Decimal(price)] = Decimal(quantity)
                else:
                    side.pop(Decimal(price), None)
        known = message["u"]
    return sides[0], sides[1]


@pytest.mark.parametrize("symbol", ["COMPUSDT", "OMGBUSD", "CRVUSDT", "ZRXUSDT"])
def test_recorded_changes_give_the_book_that_plain_dictionaries_give(symbol: str) -> None:
    """Snapshot after all changes, and snapshot before them: to the last digit both times."""
    ((_, raw),) = [
        (channel, raw)
        for channel, raw in recorded("rest.jsonl")
        if channel.startswith(f"GET /api/v3/depth?symbol={symbol}&")
    ]
    frames = [
        message
        for channel, message in recorded("streams.jsonl")
        if channel == f"{symbol.lower()}@depth@100ms"
    ]
    changes = [
        event
        for message in frames
        for event in decode(orjson.dumps(message), NOW_NS)
        if isinstance(event, BookChanged)
    ]
    levels = [
        tuple(Level(Decimal(price), Decimal(quantity)) for price, quantity in raw[side])
        for side in ("bids", "asks")
    ]
    told = BookSnapshot(
        "binance_us", symbol, levels[0], levels[1], None, NOW_NS, raw["lastUpdateId"]
    )
    bids, asks = plainly(raw, [message["data"] for message in frames])
    buffered, live = BookSequencer(symbol), BookSequencer(symbol)

    assert live.load(told) is Loaded.IN_STEP
    applied = [live.take(change) for change in changes].count(Taken.APPLIED)
    for change in changes:
        buffered.take(change)
    assert buffered.load(told) is Loaded.IN_STEP

    assert len(changes) == len(frames)
    assert applied
    for sequencer in (buffered, live):
        assert sequencer.is_in_step
        assert sequencer.book.bids() == sorted(bids.items(), reverse=True)
        assert sequencer.book.asks() == sorted(asks.items())
