"""Coinbase frames made up for measuring: whole envelopes, a seeded walk, nothing of ours imported.

Prices walk and so repeat; quantities and sizes have eight digits and hardly ever repeat, which is
the dear case for a decoder that remembers numbers by their text.
"""

import random
from collections.abc import Callable

__all__ = ["PRODUCT", "Market", "heartbeat", "subscriptions"]

PRODUCT = "BTC-USD"
#: A level is taken away by so many of the updates of a book.
DELETIONS = 0.3
#: Updates reach so many ticks behind the best price.
REACH = 60
TICK_CENTS = 1


def envelope(channel: str, sequence: int, events: str, time: str) -> str:
    """A frame of `channel`, its events given as JSON text."""
    return (
        f'{{"channel":"{channel}","client_id":"","timestamp":"{time}",'
        f'"sequence_num":{sequence},"events":[{events}]}}'
    )


def subscriptions(sequence: int, channels: dict[str, list[str]], time: str) -> str:
    """The acknowledgement of a subscription: the connection's whole set."""
    texts = (
        f'"{channel}":[{",".join(f"{chr(34)}{name}{chr(34)}" for name in names)}]'
        for channel, names in channels.items()
    )
    inner = ",".join(texts)
    return envelope("subscriptions", sequence, f'{{"subscriptions":{{{inner}}}}}', time)


def heartbeat(sequence: int, counter: int, time: str) -> str:
    """What comes once a second."""
    event = f'{{"current_time":"{time}","heartbeat_counter":{counter}}}'
    return envelope("heartbeats", sequence, event, time)


class Market:
    """A product whose prices walk; gives frames one after the other.

    Attributes:
        stamp: gives the time stamps' text, one a call.
    """

    def __init__(self, seed: int, *, stamp: Callable[[], str] | None = None) -> None:
        self._random = random.Random(seed)
        self._cents = 6_500_000
        self._trade = 700_000_000 + seed * 1_000_000
        self._micro = self._random.randrange(1_000_000)
        self._second = self._random.randrange(3600)
        self.stamp = stamp or self._walk_time
        #: What the book holds, by side and price in cents.
        self.book: dict[str, dict[int, str]] = {"bid": {}, "offer": {}}

    def _walk_time(self) -> str:
        """Times a millisecond or so apart."""
        self._micro += self._random.randrange(300, 3000)
        self._second, self._micro = (
            (self._second + self._micro // 1_000_000) % 3600,
            self._micro % 1_000_000,
        )
        minute, second = divmod(self._second, 60)
        return f"2026-03-04T05:{minute:02d}:{second:02d}.{self._micro:06d}Z"

    def _step(self) -> int:
        self._cents += self._random.choice((-3, -1, -1, 0, 0, 0, 0, 1, 1, 3)) * TICK_CENTS
        return self._cents

    def _quantity(self) -> str:
        return f"{self._random.randrange(1, 5)}.{self._random.randrange(10**8):08d}"

    def trade(self, time: str, trade_id: str = "") -> str:
        """One trade as JSON text, without the frame."""
        cents = self._step()
        self._trade += 1
        size = f"0.{self._random.randrange(10**8):08d}"
        return (
            f'{{"trade_id":"{trade_id or self._trade}","product_id":"{PRODUCT}",'
            f'"price":"{cents // 100}.{cents % 100:02d}","size":"{size}",'
            f'"side":"{self._random.choice(("BUY", "SELL"))}","time":"{time}"}}'
        )

    def trades(self, sequence: int, count: int, *, kind: str = "update", trade_id: str = "") -> str:
        """A `market_trades` frame of `count` trades."""
        time = self.stamp()
        inner = ",".join(self.trade(time, trade_id) for _ in range(count))
        return envelope("market_trades", sequence, f'{{"type":"{kind}","trades":[{inner}]}}', time)

    def snapshot(self, sequence: int, levels: int) -> str:
        """An `l2_data` snapshot, `levels` a side."""
        time = self.stamp()
        self.book = {
            "bid": {self._cents - 1 - step: self._quantity() for step in range(levels)},
            "offer": {self._cents + 1 + step: self._quantity() for step in range(levels)},
        }
        updates = ",".join(
            self._update(side, cents, quantity, "1970-01-01T00:00:00Z")
            for side, held in self.book.items()
            for cents, quantity in held.items()
        )
        return self._level2(sequence, "snapshot", updates, time)

    def changes(self, sequence: int, count: int) -> str:
        """An `l2_data` update of `count` levels near the best price; the book never crosses."""
        time = self.stamp()
        rows = []
        for _ in range(count):
            side = self._random.choice(("bid", "offer"))
            reach = min(int(self._random.expovariate(0.15)) + 1, REACH)
            cents = self._cents - reach if side == "bid" else self._cents + reach
            held = self.book[side]
            if cents in held and self._random.random() < DELETIONS:
                quantity = "0"
                del held[cents]
            else:
                quantity = held[cents] = self._quantity()
            rows.append(self._update(side, cents, quantity, time))
        return self._level2(sequence, "update", ",".join(rows), time)

    def far_bid(self, sequence: int) -> str:
        """An `l2_data` update of one bid at a price that no other has: 1.00."""
        update = self._update("bid", 100, "1", self.stamp())
        return self._level2(sequence, "update", update, self.stamp())

    def ticker(self, sequence: int) -> str:
        """A `ticker` frame."""
        time = self.stamp()
        cents = self._step()
        price = f"{cents // 100}.{cents % 100:02d}"
        bid = f"{(cents - 1) // 100}.{(cents - 1) % 100:02d}"
        event = (
            f'{{"type":"update","tickers":[{{"type":"ticker","product_id":"{PRODUCT}",'
            f'"price":"{price}","volume_24_h":"{self._random.randrange(9000, 9999)}.'
            f'{self._random.randrange(10**8):08d}","low_24_h":"64011.5","high_24_h":"66400",'
            f'"low_52_w":"30111","high_52_w":"109350.72","price_percent_chg_24_h":"1.0239",'
            f'"best_bid":"{bid}","best_bid_quantity":"{self._quantity()}","best_ask":"{price}",'
            f'"best_ask_quantity":"{self._quantity()}"}}]}}'
        )
        return envelope("ticker", sequence, event, time)

    @staticmethod
    def _update(side: str, cents: int, quantity: str, time: str) -> str:
        return (
            f'{{"side":"{side}","event_time":"{time}",'
            f'"price_level":"{cents // 100}.{cents % 100:02d}","new_quantity":"{quantity}"}}'
        )

    @staticmethod
    def _level2(sequence: int, kind: str, updates: str, time: str) -> str:
        event = f'{{"type":"{kind}","product_id":"{PRODUCT}","updates":[{updates}]}}'
        return envelope("l2_data", sequence, event, time)
