"""What a plain client makes of the simulated Coinbase's streams: numbers, and a book."""

from decimal import Decimal
from typing import Any

from tests.scenarios.plain_client import QUIET, PlainClient
from venuetree.scenarios.simulated.coinbase import Settings
from venuetree.scenarios.simulated.matching import Side

__all__ = ["book_from", "numbers", "real_book", "walking"]

D = Decimal


def walking(settings: Settings = QUIET) -> PlainClient:
    """A client of an exchange whose prices walk."""
    client = PlainClient(settings)
    client.sim.paused = False
    return client


def numbers(frames: list[Any]) -> list[int]:
    """The sequence numbers of the frames that have one."""
    return [frame["sequence_num"] for frame in frames if "sequence_num" in frame]


def book_from(frames: list[Any], product: str = "BTC-USD") -> dict[str, dict[Decimal, Decimal]]:
    """The book that a client builds of `l2_data` frames."""
    book: dict[str, dict[Decimal, Decimal]] = {"bid": {}, "offer": {}}
    for frame in frames:
        for event in frame["events"] if frame.get("channel") == "l2_data" else ():
            if event["product_id"] != product:
                continue
            for update in event["updates"]:
                price, quantity = D(update["price_level"]), D(update["new_quantity"])
                if quantity:
                    book[update["side"]][price] = quantity
                else:
                    book[update["side"]].pop(price, None)
    return book


def real_book(client: PlainClient, product: str = "BTC-USD") -> dict[str, dict[Decimal, Decimal]]:
    """The exchange's own book."""
    return {
        "bid": dict(client.sim.book(product, Side.BUY)),
        "offer": dict(client.sim.book(product, Side.SELL)),
    }
