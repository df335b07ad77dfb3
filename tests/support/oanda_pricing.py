"""OANDA's stream of prices, driven by hand: its lines, one connection, and a clock."""

from typing import Any

import orjson

from venuetree.protocol.commands import FetchInstruments
from venuetree.protocol.exchanges.oanda.pricing_session import PricingSession
from venuetree.protocol.models import Instrument, InstrumentStatus, Topic
from venuetree.protocol.port import SessionEvent, Subscription
from venuetree.protocol.timestamps import SECOND

__all__ = ["BOOK", "HEARTBEAT", "LISTED", "NOW", "QUOTES", "Line", "price", "wanted"]

NOW = 1_790_000_000 * SECOND
HEARTBEAT = b'{"type":"HEARTBEAT","time":"2026-09-21T14:13:20.000000000Z"}'
QUOTES, BOOK = ("EUR-USD", Topic.QUOTES), ("EUR-USD", Topic.BOOK)


def price(
    bid: str = "1.10000", ask: str = "1.10010", name: str = "EUR_USD", second: int = 20, **more: Any
) -> bytes:
    """A line of one rung a side, unless told otherwise."""
    line = {
        "type": "PRICE",
        "time": f"2026-09-21T14:13:{second:02d}.000000000Z",
        "bids": [{"price": bid, "liquidity": 1000000}],
        "asks": [{"price": ask, "liquidity": 1000000}],
        "closeoutBid": bid,
        "closeoutAsk": ask,
        "status": "tradeable",
        "tradeable": True,
        "instrument": name,
    }
    return orjson.dumps({**line, **more})


def _instrument(name: str) -> Instrument:
    """As the exchange lists it."""
    base, quote = name.split("-")
    symbol = name.replace("-", "_")
    return Instrument(name, base, quote, symbol, InstrumentStatus.TRADING)


LISTED = tuple(map(_instrument, ("EUR-USD", "USD-JPY", "XAU-USD")))


def wanted(*pairs: tuple[str, Topic]) -> frozenset[Subscription]:
    """Subscriptions."""
    return frozenset(Subscription(*pair) for pair in pairs)


class Line:
    """One connection, and a clock."""

    def __init__(self, *pairs: tuple[str, Topic], listed: object = LISTED) -> None:
        self.session = PricingSession("market-0")
        self.now = NOW
        self.events: list[SessionEvent] = []
        assert self.session.before() == FetchInstruments()
        self.session.answered(FetchInstruments(), listed, self.now)
        assert self.session.before() is None
        self.connect = self.session.connect(wanted(*pairs))
        self.session.opened(self.now)
        self.session.want(wanted(*pairs), self.now)

    def want(self, *pairs: tuple[str, Topic]) -> None:
        """Want other things."""
        self.session.want(wanted(*pairs), self.now)

    def hear(self, *frames: bytes) -> list[SessionEvent]:
        """What these lines say."""
        told: list[SessionEvent] = []
        for frame in frames:
            told += self.session.receive(frame, self.now)
        self.events += told
        return told

    def step(self, after_ns: int = 0) -> list[Any]:
        """What is to be done after a while, if anything is due."""
        self.now += after_ns
        due = self.session.deadline_ns
        if not self.session.has_work and (due is None or due > self.now):
            return []
        step = self.session.step(self.now)
        self.events += step.events
        return list(step.actions)

    def of(self, *kinds: type) -> list[Any]:
        """What was told of some kinds."""
        return [event for event in self.events if isinstance(event, kinds)]
