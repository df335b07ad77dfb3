"""OANDA lines made up for measuring: a seeded walk, nothing of ours imported.

As in `frames`, prices walk and so repeat. Liquidity is told in a few round numbers, as the
exchange does, and repeats too.
"""

import random

__all__ = ["ACCOUNT", "INSTRUMENT", "INSTRUMENTS", "SYMBOL", "TOKEN", "Market"]

SYMBOL = "EUR_USD"
#: Our name of it.
INSTRUMENT = "EUR-USD"
ACCOUNT = "101-004-9182736-001"
#: Of nobody: the feed's server looks at none.
TOKEN = "f00d" * 8 + "-" + "cafe" * 8
#: The account's instruments: one.
INSTRUMENTS = (
    f'{{"instruments":[{{"name":"{SYMBOL}","type":"CURRENCY","displayName":"EUR/USD",'
    '"pipLocation":-4,"displayPrecision":5,"tradeUnitsPrecision":0,"minimumTradeSize":"1",'
    '"maximumTrailingStopDistance":"1.00000","minimumTrailingStopDistance":"0.00050",'
    '"maximumPositionSize":"0","maximumOrderUnits":"100000000","marginRate":"0.02",'
    '"guaranteedStopLossOrderMode":"DISABLED","tags":[]}],"lastTransactionID":"6404"}'
)
#: What is dealt in at each rung, best first.
_LIQUIDITY = (
    *(1_000_000, 2_000_000, 5_000_000, 10_000_000, 10_000_000),
    *(20_000_000, 20_000_000, 50_000_000, 50_000_000, 100_000_000),
)
_UNITS = 10_000


class Market:
    """An instrument whose prices walk; gives lines one after the other."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._points = 108_431
        self._transaction = 6_405 + seed * 1_000_000
        self._balance = 1_000_000_000
        self._second = self._random.randrange(3600)
        self._nano = self._random.randrange(10**9)

    def _time(self) -> str:
        """Times some milliseconds apart: a stream carries many instruments."""
        self._nano += self._random.randrange(2_000_000, 20_000_000)
        self._second, self._nano = (
            (self._second + self._nano // 10**9) % 3600,
            self._nano % 10**9,
        )
        minute, second = divmod(self._second, 60)
        return f"2026-03-04T05:{minute:02d}:{second:02d}.{self._nano:09d}Z"

    @staticmethod
    def _price(points: int) -> str:
        return f"{points // 100_000}.{points % 100_000:05d}"

    def _step(self) -> int:
        self._points += self._random.choice((-3, -1, -1, 0, 0, 0, 0, 1, 1, 3))
        return self._points

    def _ladder(self, best: int, away: int, rungs: int) -> str:
        levels = []
        for liquidity in _LIQUIDITY[:rungs]:
            levels.append(f'{{"price":"{self._price(best)}","liquidity":{liquidity}}}')
            best += away * self._random.randrange(1, 4)
        return ",".join(levels)

    def price(self, rungs: int) -> str:
        """A price with so many rungs a side."""
        bid = self._step()
        ask = bid + self._random.randrange(12, 17)
        return (
            f'{{"type":"PRICE","time":"{self._time()}",'
            f'"bids":[{self._ladder(bid, -1, rungs)}],"asks":[{self._ladder(ask, 1, rungs)}],'
            f'"closeoutBid":"{self._price(bid - 5)}","closeoutAsk":"{self._price(ask + 5)}",'
            f'"status":"tradeable","tradeable":true,"instrument":"{SYMBOL}"}}'
        )

    def fill(self) -> str:
        """A transaction: a stop loss has closed a trade."""
        number = self._transaction
        self._transaction += 1
        bid = self._step()
        points = self._random.randrange(-400, 400)
        profit = f"{points / 10:.4f}"
        financing = f"-0.{self._random.randrange(10_000):04d}"
        self._balance += points * 1000
        price, time, units = self._price(bid), self._time(), _UNITS + self._random.randrange(5000)
        return (
            f'{{"id":"{number}","accountID":"{ACCOUNT}","userID":0,"batchID":"{number}",'
            f'"time":"{time}","type":"ORDER_FILL","orderID":"{number - 1}",'
            f'"instrument":"{SYMBOL}","units":"-{units}","requestedUnits":"-{units}",'
            f'"price":"{price}","pl":"{profit}","quotePL":"{profit}0","financing":"{financing}",'
            '"commission":"0.0000",'
            f'"accountBalance":"{self._balance // 10_000}.{self._balance % 10_000:04d}",'
            '"gainQuoteHomeConversionFactor":"1","lossQuoteHomeConversionFactor":"1",'
            '"guaranteedExecutionFee":"0.0000","halfSpreadCost":"0.7000",'
            f'"fullVWAP":"{price}","reason":"STOP_LOSS_ORDER","tradesClosed":['
            f'{{"tradeID":"{number - 3}","clientTradeID":"eng-t-{number}","units":"-{units}",'
            f'"realizedPL":"{profit}","financing":"{financing}","price":"{price}",'
            '"guaranteedExecutionFee":"0.0000","halfSpreadCost":"0.7000"}],'
            f'"fullPrice":{{"closeoutBid":"{self._price(bid - 5)}",'
            f'"closeoutAsk":"{self._price(bid + 19)}","timestamp":"{time}",'
            f'"bids":[{{"price":"{price}","liquidity":"1000000"}}],'
            f'"asks":[{{"price":"{self._price(bid + 14)}","liquidity":"1000000"}}]}}}}'
        )
