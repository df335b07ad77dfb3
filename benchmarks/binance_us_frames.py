"""Binance.US frames made up for measuring: a seeded walk, nothing of ours imported.

As in `frames`, prices walk and so repeat, and quantities hardly ever do. Numbers have the
exchange's eight decimals, of which the last are zeros.
"""

import random

from benchmarks.frames import DELETIONS, REACH

__all__ = ["FIRST_TRADE", "STREAM", "SYMBOL", "Market", "combined"]

SYMBOL = "BTCUSD"
STREAM = "btcusd@trade"
#: Trades are numbered without a gap from here.
FIRST_TRADE = 88_685_101


def combined(stream: str, data: str) -> str:
    """A payload as a connection for combined streams has it."""
    return f'{{"stream":"{stream}","data":{data}}}'


class Market:
    """A symbol whose prices walk; gives payloads one after the other."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._cents = 6_500_000
        self._trade = FIRST_TRADE
        self._order = 2_281_896_512 + seed * 1_000_000
        self._update = 8_812_044_118 + seed * 1_000_000
        self._now_ms = 1_772_600_000_000 + seed * 1_000_000

    def _tick(self) -> int:
        self._now_ms += self._random.randrange(1, 4)
        return self._now_ms

    def _step(self) -> str:
        self._cents += self._random.choice((-3, -1, -1, 0, 0, 0, 0, 1, 1, 3))
        return self._price(self._cents)

    @staticmethod
    def _price(cents: int) -> str:
        return f"{cents // 100}.{cents % 100:02d}000000"

    def _quantity(self, whole: int) -> str:
        return f"{self._random.randrange(whole)}.{self._random.randrange(1, 10**5):05d}000"

    def trade(self) -> str:
        """One trade."""
        now_ms, number = self._tick(), self._trade
        self._trade += 1
        self._order += self._random.randrange(1, 200)
        return (
            f'{{"e":"trade","E":{now_ms},"s":"{SYMBOL}","t":{number},'
            f'"p":"{self._step()}","q":"{self._quantity(1)}",'
            f'"b":{self._order},"a":{self._order - self._random.randrange(1, 90)},'
            f'"T":{now_ms - self._random.randrange(3)},'
            f'"m":{self._random.choice(("true", "false"))},"M":true}}'
        )

    def depth(self, levels: int) -> str:
        """Changes of so many levels near the best price, both sides alike."""
        first = self._update
        self._update += levels + self._random.randrange(4)
        self._step()
        bids = ",".join(self._level(-1) for _ in range(levels // 2))
        asks = ",".join(self._level(1) for _ in range(levels - levels // 2))
        return (
            f'{{"e":"depthUpdate","E":{self._tick()},"s":"{SYMBOL}",'
            f'"U":{first},"u":{self._update - 1},"b":[{bids}],"a":[{asks}]}}'
        )

    def _level(self, side: int) -> str:
        reach = min(int(self._random.expovariate(0.15)) + 1, REACH)
        is_gone = self._random.random() < DELETIONS
        quantity = "0.00000000" if is_gone else self._quantity(5)
        return f'["{self._price(self._cents + side * reach)}","{quantity}"]'
