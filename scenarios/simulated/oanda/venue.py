"""All state of one simulated OANDA, which its REST side and its streams share."""

from collections.abc import Callable
from random import Random

import attrs

from venuetree.scenarios.faults import ClockSkew
from venuetree.scenarios.simulated.fault_plan import FaultPlan
from venuetree.scenarios.simulated.limits import Limiter
from venuetree.scenarios.simulated.log import ExchangeLog
from venuetree.scenarios.simulated.numbers import NANOSECONDS
from venuetree.scenarios.simulated.oanda.account import Account
from venuetree.scenarios.simulated.oanda.candles import Candles
from venuetree.scenarios.simulated.oanda.prices import Prices
from venuetree.scenarios.simulated.oanda.sentiment import SentimentBooks
from venuetree.scenarios.simulated.oanda.settings import Settings
from venuetree.scenarios.simulated.oanda.tokens import Tokens

__all__ = ["Listing", "Venue", "exchange_clock"]

_REQUEST_IDS_FROM = 10**16
_REQUEST_IDS_TO = 10**17


def exchange_clock(clock_ns: Callable[[], int], faults: FaultPlan) -> Callable[[], int]:
    """The clock that the exchange shows: the true one, ahead by a standing `ClockSkew`."""

    def now_ns() -> int:
        skew = faults.standing(ClockSkew)
        return clock_ns() + (int(skew.seconds * NANOSECONDS) if skew else 0)

    return now_ns


@attrs.frozen
class Listing:
    """An account as the list of accounts shows it."""

    account: Account
    mt4_account_id: int | None = None
    """Of an account that another trading platform runs."""


@attrs.define(eq=False)
class Venue:
    """The exchange's state and its clock."""

    settings: Settings
    rng: Random
    clock_ns: Callable[[], int]
    """The true time."""
    now_ns: Callable[[], int]
    """The time as the exchange's clock shows it (`ClockSkew`)."""
    prices: Prices
    candles: Candles
    books: SentimentBooks
    listings: dict[str, Listing]
    """By account id, oldest first."""
    tokens: Tokens
    requests: Limiter
    connections: Limiter
    log: ExchangeLog
    faults: FaultPlan

    def new_request_id(self) -> str:
        """The id of one more request, numeric text."""
        return str(self.rng.randrange(_REQUEST_IDS_FROM, _REQUEST_IDS_TO))
