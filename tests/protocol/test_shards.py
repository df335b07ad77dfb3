"""Which connection carries what."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from venuetree.protocol.models import Topic
from venuetree.protocol.port import StreamLimits, Subscription
from venuetree.protocol.shards import place_subscriptions

LIMITS = StreamLimits(instruments={Topic.BOOK: 3})
subscriptions = st.sets(
    st.builds(
        Subscription,
        st.sampled_from([f"I{number}-USD" for number in range(12)]),
        st.sampled_from([Topic.BOOK, Topic.TRADES]),
    )
)


@given(subscriptions, subscriptions)
def test_no_connection_carries_more_than_its_limit_and_nothing_moves(
    first: set[Subscription], second: set[Subscription]
) -> None:
    """However the wants change, limits hold and what stays wanted stays where it was."""
    before = place_subscriptions(first, {}, LIMITS)
    after = place_subscriptions(second, before, LIMITS)

    assert set(after) == second
    assert all(after[sub] == before[sub] for sub in first & second)
    load = Counter(shard for sub, shard in after.items() if sub.topic is Topic.BOOK)
    assert all(count <= 3 for count in load.values())


def test_topics_of_one_instrument_share_a_connection_while_there_is_room() -> None:
    """A new topic goes where its instrument already is."""
    book, trades = Subscription("A-USD", Topic.BOOK), Subscription("A-USD", Topic.TRADES)
    placed = place_subscriptions([book], {book: 5}, LIMITS)

    assert place_subscriptions([book, trades], placed, LIMITS) == {book: 5, trades: 5}


def test_a_fourth_book_opens_a_second_connection() -> None:
    """With room for three, the fourth goes to a new one."""
    books = [Subscription(f"{name}-USD", Topic.BOOK) for name in "ABCD"]

    assert sorted(place_subscriptions(books, {}, LIMITS).values()) == [0, 0, 0, 1]
