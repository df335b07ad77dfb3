"""Recorded traffic of the older feed through a session of it."""

from decimal import Decimal
from typing import Any

import orjson

from tests.support.coinbase import recorded
from tests.support.coinbase_feed import FeedLine, FeedPeer, levels
from tests.support.coinbase_stream import Sides
from tests.support.session_events import of
from venuetree.protocol.events import BookInStep, BookStale, SequenceGap, TradePrinted
from venuetree.protocol.exchanges.coinbase.feed_channels import BookChannel
from venuetree.protocol.models import Topic

D = Decimal


class SilentPeer(FeedPeer):
    """Grants everything and sends nothing: what follows is recorded."""

    def _opening(self, name: str, product: str) -> list[bytes]:
        del name, product
        return []


def test_recorded_traffic_is_in_step_without_a_false_alarm() -> None:
    """Trade ids and stamps of the real feed are in order, and its books come out right."""
    messages = [message for _, message in recorded("exchange_feed.jsonl")]
    products = sorted({message["product_id"] for message in messages if "product_id" in message})
    topics = (Topic.BOOK, Topic.TRADES, Topic.TICKER)
    wanted = [(product, topic) for product in products for topic in topics]
    line = FeedLine(*wanted, peer=SilentPeer({}), books=BookChannel.SIGNED)
    line.settle(seconds=2)
    books: dict[str, Sides] = {}
    for message in messages:
        replay(books, message)

    said = [event for message in messages for event in line.take(orjson.dumps(message))]
    views = {event.instrument: event.book for event in said if isinstance(event, BookInStep)}
    assert len(views) == sum(message["type"] == "snapshot" for message in messages) > 0
    assert {name: levels(view) for name, view in views.items()} == {n: books[n] for n in views}
    assert all(view.in_step for view in views.values())
    matches = [m for m in messages if m["type"] in {"match", "last_match"}]
    assert len(of(TradePrinted, said)) == len(matches) > 0
    assert not of(SequenceGap, said)
    assert not of(BookStale, said)


def replay(books: dict[str, Sides], message: dict[str, Any]) -> None:
    """The same books as plain dictionaries."""
    match message["type"]:
        case "snapshot":
            books[message["product_id"]] = {
                side: {D(price): D(quantity) for price, quantity in message[name]}
                for name, side in (("bids", "buy"), ("asks", "sell"))
            }
        case "l2update" if message["product_id"] in books:
            for side, price, quantity in message["changes"]:
                rows = books[message["product_id"]][side]
                rows.pop(D(price), None)
                if D(quantity):
                    rows[D(price)] = D(quantity)
        case _:
            pass
