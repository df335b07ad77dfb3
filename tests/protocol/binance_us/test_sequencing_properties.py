"""A book in step is the exchange's book, whatever is lost, repeated, or late."""

from decimal import Decimal

from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.binance_us import NOW_NS
from venuetree.protocol.events import BookChange, BookChanged, BookSnapshot
from venuetree.protocol.exchanges.binance_us.sequencing import BookSequencer, Loaded, Taken
from venuetree.protocol.models import Level, Side

#: Price to quantity, a side.
Rows = dict[Side, dict[Decimal, Decimal]]

#: Bids below 20, asks above: this exchange's book never crosses.
updates = st.tuples(
    st.sampled_from((Side.BUY, Side.SELL)),
    st.integers(1, 12),
    st.sampled_from(("0", "1", "2.50", "3")),
)
#: What the exchange does between two messages: a hundred milliseconds' updates.
histories = st.lists(st.lists(updates, min_size=1, max_size=4), min_size=1, max_size=12)


@frozen
class History:
    """What an exchange did: its book after each update, and the messages that told of it."""

    states: dict[int, Rows]
    messages: tuple[BookChanged, ...]
    first_id: int

    @property
    def last_id(self) -> int:
        """Of the last update."""
        return self.first_id + len(self.states) - 1

    def snapshot(self, update_id: int) -> BookSnapshot:
        """The whole book as it was then, in whatever order."""
        rows = self.states[update_id]
        bids = tuple(Level(*row) for row in rows[Side.BUY].items())
        asks = tuple(Level(*row) for row in rows[Side.SELL].items())
        return BookSnapshot("binance_us", "BTC-USD", bids, asks, None, NOW_NS, update_id)


def history_of(groups: list[list[tuple[Side, int, str]]], first_id: int = 1000) -> History:
    """An exchange that does this, update by update; `first_id` is its id before."""
    rows: Rows = {Side.BUY: {Decimal(10): Decimal(1)}, Side.SELL: {Decimal(30): Decimal(1)}}
    states = {first_id: {side: dict(levels) for side, levels in rows.items()}}
    messages, update_id = [], first_id
    for group in groups:
        begin, touched = update_id + 1, set()
        for side, step, text in group:
            update_id += 1
            price = Decimal(step if side is Side.BUY else 20 + step)
            touched.add((side, price))
            if Decimal(text):
                rows[side][price] = Decimal(text)
            else:
                rows[side].pop(price, None)
            states[update_id] = {which: dict(levels) for which, levels in rows.items()}
        # A message tells each level once, as it is at its end.
        changes = tuple(
            BookChange(side, price, rows[side].get(price, Decimal(0))) for side, price in touched
        )
        messages.append(
            BookChanged("binance_us", "BTC-USD", changes, NOW_NS, NOW_NS, begin, update_id)
        )
    return History(states, tuple(messages), first_id)


def rows_of(sequencer: BookSequencer) -> Rows:
    """The book as dictionaries."""
    return {
        Side.BUY: {level.price: level.quantity for level in sequencer.book.bids()},
        Side.SELL: {level.price: level.quantity for level in sequencer.book.asks()},
    }


def is_right(sequencer: BookSequencer, history: History) -> bool:
    """Equal to the exchange's book as of its own id, or not called in step."""
    assert sequencer.book.in_step is sequencer.is_in_step
    return not sequencer.is_in_step or rows_of(sequencer) == history.states[sequencer.update_id]


@settings(max_examples=100, deadline=None)
@given(histories, st.data())
def test_any_snapshot_and_any_repetition_give_the_exchanges_book(
    groups: list[list[tuple[Side, int, str]]], data: st.DataObject
) -> None:
    """Messages in order, any of them again at any time, a snapshot of any moment in between."""
    history = history_of(groups)
    joined = data.draw(st.integers(0, len(history.messages) - 1), label="joined")
    messages = history.messages[joined:]
    asked = data.draw(st.integers(0, len(messages)), label="asked")
    earliest_id = messages[0].first_update_id
    assert earliest_id is not None
    position = data.draw(st.integers(earliest_id - 1, history.last_id), label="snapshot")
    sequencer = BookSequencer("BTC-USD")

    for index, message in enumerate(messages):
        if index == asked:
            assert sequencer.load(history.snapshot(position)) is Loaded.IN_STEP
            assert is_right(sequencer, history)
        assert sequencer.take(message) is not Taken.GAP
        assert is_right(sequencer, history)
        for again in data.draw(st.lists(st.integers(0, index), max_size=2), label="again"):
            repeated = sequencer.take(messages[again])
            assert repeated in {Taken.REPEATED, Taken.KEPT}
            assert is_right(sequencer, history)
    if asked == len(messages):
        assert sequencer.load(history.snapshot(position)) is Loaded.IN_STEP

    assert sequencer.is_in_step
    assert sequencer.update_id == history.last_id
    assert rows_of(sequencer) == history.states[history.last_id]


@settings(max_examples=100, deadline=None)
@given(histories, st.data())
def test_whatever_is_lost_nothing_wrong_is_ever_shown(
    groups: list[list[tuple[Side, int, str]]], data: st.DataObject
) -> None:
    """Losses, repetitions, swaps, old and new snapshots at any time: right, or stale."""
    history = history_of(groups)
    count = len(history.messages)
    sequencer = BookSequencer("BTC-USD")
    heard_id = history.first_id
    script = data.draw(
        st.lists(
            st.one_of(
                st.integers(0, count - 1).map(lambda index: ("message", index)),
                st.integers(0, history.last_id - history.first_id).map(
                    lambda offset: ("snapshot", history.first_id + offset)
                ),
            ),
            max_size=24,
        )
    )

    for what, which in script:
        if what == "message":
            message = history.messages[which]
            assert message.last_update_id is not None
            heard_id = max(heard_id, message.last_update_id)
            was_in_step, known = sequencer.is_in_step, sequencer.update_id
            taken = sequencer.take(message)
            if was_in_step and (message.first_update_id or 0) > known + 1:
                assert taken is Taken.GAP
                assert not sequencer.is_in_step
            # What is called in step holds every message that has come.
            assert not sequencer.is_in_step or sequencer.update_id >= message.last_update_id
        else:
            sequencer.load(history.snapshot(which))
        assert is_right(sequencer, history)

    # And it always recovers.
    for message in history.messages[-1:]:
        sequencer.take(message)
    sequencer.load(history.snapshot(history.last_id))
    assert sequencer.is_in_step
    assert rows_of(sequencer) == history.states[history.last_id]


@settings(max_examples=120, deadline=None)
@given(histories.filter(lambda groups: len(groups) > 1), st.data())
def test_a_single_lost_message_is_noticed_by_the_next(
    groups: list[list[tuple[Side, int, str]]], data: st.DataObject
) -> None:
    """Before anything that follows it is shown."""
    history = history_of(groups)
    lost = data.draw(st.integers(0, len(history.messages) - 2))
    sequencer = BookSequencer("BTC-USD")
    sequencer.load(history.snapshot(history.first_id))
    for message in history.messages[:lost]:
        assert sequencer.take(message) is Taken.APPLIED

    assert sequencer.take(history.messages[lost + 1]) is Taken.GAP
    assert not sequencer.book.in_step


@settings(max_examples=120, deadline=None)
@given(histories, st.data())
def test_a_book_goes_on_by_another_connection_wherever_the_two_are(
    groups: list[list[tuple[Side, int, str]]], data: st.DataObject
) -> None:
    """Two connections have come to different places; the book of the farther one is kept."""
    history = history_of(groups)
    count = len(history.messages)
    behind, ahead = sorted(data.draw(st.tuples(*[st.integers(0, count)] * 2)))
    old, new = BookSequencer("BTC-USD"), BookSequencer("BTC-USD")
    for sequencer, reached in ((old, ahead), (new, behind)):
        sequencer.load(history.snapshot(history.first_id))
        for message in history.messages[:reached]:
            sequencer.take(message)
    new.adopt(old)
    assert is_right(new, history)

    for message in history.messages[behind:]:
        assert new.take(message) is not Taken.GAP
        assert is_right(new, history)
    assert rows_of(new) == history.states[history.last_id]
