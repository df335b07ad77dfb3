"""The local book."""

from decimal import Decimal, localcontext

from hypothesis import given, settings
from hypothesis import strategies as st

from venuetree.protocol.book import Book
from venuetree.protocol.models import Level, Side

prices = st.integers(1, 40).map(lambda cents: Decimal(cents) / 100)
quantities = st.integers(0, 5).map(Decimal)
changes = st.lists(st.tuples(st.sampled_from(Side), prices, quantities), max_size=80)


def reference(levels: dict[Decimal, Decimal], side: Side) -> list[Level]:
    """The same side from a plain dict, sorted each time."""
    ordered = sorted(levels.items(), reverse=side is Side.BUY)
    return [Level(price, quantity) for price, quantity in ordered]


@given(changes, changes, st.integers(0, 12))
def test_a_book_of_a_snapshot_and_diffs_equals_a_plain_table(
    snapshot: list[tuple[Side, Decimal, Decimal]],
    diffs: list[tuple[Side, Decimal, Decimal]],
    depth: int,
) -> None:
    """Whatever the changes, levels, order and tops are those of a dict sorted anew."""
    tables: dict[Side, dict[Decimal, Decimal]] = {Side.BUY: {}, Side.SELL: {}}
    for side, price, quantity in snapshot:
        tables[side][price] = quantity
    book = Book("A-USD")
    book.load(
        [Level(p, q) for s, p, q in snapshot if s is Side.BUY],
        [Level(p, q) for s, p, q in snapshot if s is Side.SELL],
    )
    for side, price, quantity in diffs:
        tables[side][price] = quantity
    book.apply(diffs)
    for table in tables.values():
        for price in [price for price, quantity in table.items() if not quantity]:
            del table[price]
    bids, asks = (reference(tables[side], side) for side in (Side.BUY, Side.SELL))

    assert book.bids() == bids
    assert book.asks() == asks
    assert book.bids(depth) == bids[:depth]
    assert book.asks(depth) == asks[:depth]
    assert book.best_bid == (bids[0] if bids else None)
    assert book.best_ask == (asks[0] if asks else None)
    assert all(book.quantity_at(Side.BUY, level.price) == level.quantity for level in bids)


deep_prices = st.integers(1, 200).flatmap(
    # The same price with other digits: 0.5, 0.50, 0.500.
    lambda cents: st.sampled_from(["", "0", "00"]).map(
        lambda zeros: Decimal(f"{Decimal(cents) / 100:f}" + (zeros if cents % 100 else ""))
    )
)
deep_changes = st.lists(
    st.tuples(st.sampled_from(Side), deep_prices, quantities), min_size=20, max_size=150
)


@settings(max_examples=60)
@given(st.integers(0, 200), deep_changes, st.integers(1, 3))
def test_a_deep_book_changed_frame_by_frame_equals_a_plain_table_digit_for_digit(
    levels: int, diffs: list[tuple[Side, Decimal, Decimal]], frame: int
) -> None:
    """Near the best and far from it, whatever the digits: those last sent are shown."""
    one = Decimal(1)
    shown = [Level(Decimal(cents) / 100, one) for cents in range(1, levels + 1)]
    book = Book("A-USD")
    book.load(shown, reversed(shown))
    tables = {side: {price: (price, one) for price, _ in shown} for side in Side}
    # A host's small precision must not round a price.
    with localcontext(prec=1):
        for start in range(0, len(diffs), frame):
            changed = diffs[start : start + frame]
            book.apply(changed)
            for side, price, quantity in changed:
                # Removed first: a dict keeps the digits that a key came with.
                tables[side].pop(price, None)
                if quantity:
                    tables[side][price] = (price, quantity)

            bids = sorted(tables[Side.BUY].values(), reverse=True)
            asks = sorted(tables[Side.SELL].values())
            assert book.bids(10) == bids[:10]
            assert book.asks(10) == asks[:10]
            assert book.is_crossed == bool(bids and asks and bids[0][0] > asks[0][0])

    assert str(book.bids()) == str([Level(*level) for level in bids])
    assert str(list(book.iterate(Side.SELL))) == str([Level(*level) for level in asks])


def test_deleting_a_level_that_was_never_there_is_normal() -> None:
    """Exchanges do so routinely."""
    book = Book("A-USD")
    book.load([Level(Decimal(1), Decimal(1))], [])
    book.apply([(Side.SELL, Decimal(2), Decimal("0.000")), (Side.BUY, Decimal(3), Decimal(0))])

    assert book.bids() == [Level(Decimal(1), Decimal(1))]
    assert book.asks() == []


def test_a_book_is_crossed_only_when_the_best_bid_is_above_the_best_ask() -> None:
    """Equal prices may meet for an instant; a bid above an ask cannot be."""
    book = Book("A-USD")
    book.load([Level(Decimal(2), Decimal(1))], [Level(Decimal(2), Decimal(1))])
    touching = book.is_crossed
    book.apply([(Side.BUY, Decimal("2.01"), Decimal(1))])

    assert not touching
    assert book.is_crossed


def test_staleness_is_told_once_and_a_snapshot_ends_it() -> None:
    """`mark_stale` says whether it was news."""
    book = Book("A-USD")
    book.load([], [], last_update_id=7)
    news = (book.mark_stale(), book.mark_stale(), book.in_step)
    book.load([], [], last_update_id=9)

    assert news == (True, False, False)
    assert (book.in_step, book.last_update_id) == (True, 9)
