"""How one simulated account is set up."""

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Protocol

import attrs

from venuetree.scenarios.simulated.oanda.prices import Factors, Quote
from venuetree.scenarios.simulated.oanda.universe import Instrument

__all__ = ["AccountSettings", "Financing", "GuaranteedMode", "PriceSource", "ShortLadder"]


class PriceSource(Protocol):
    """Where an account gets its prices."""

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """All instruments, by name."""

    def quote(self, name: str) -> Quote:
        """The current prices of an instrument; KeyError if there is no such instrument."""

    def factors(self, currency: str, home: str) -> Factors:
        """What makes an amount of a currency home currency."""


class GuaranteedMode(Enum):
    """The exchange's word for what an account may do with guaranteed stops."""

    DISABLED = "DISABLED"
    ALLOWED = "ALLOWED"
    REQUIRED = "REQUIRED"


class Financing(Enum):
    """Whether positions that are open at the end of a day are charged."""

    OFF = "off"
    DAILY = "daily"


class ShortLadder(Enum):
    """What a limit order does whose price is reached by fewer units than it wants."""

    WAIT = "wait"
    REISSUE = "reissue"
    """It fills what there is, and the rest lives on as a new order."""


@attrs.define
class AccountSettings:
    """How one account is set up. What a scenario changes takes effect with the next call.

    Args:
        home: the currency of its balance.
        hedging: whether it holds long and short positions of an instrument at once.
        fifo: whether trades can be closed in the order of their opening alone, as in the USA.
        user_id: of the client.
        guaranteed: what it may do with guaranteed stops.
        finished_orders_vanish: whether orders that are over cannot be read any more.
        maximum_pending_orders: how many orders may wait, dependent ones included.
        maximum_open_trades: how many trades may be open.
        financing: whether open positions are charged at the end of a day.
        short_ladder: what a limit order does that could be filled in part.
    """

    home: str = "USD"
    hedging: bool = False
    fifo: bool = False
    user_id: int = 9182736
    guaranteed: GuaranteedMode = GuaranteedMode.DISABLED
    finished_orders_vanish: bool = False
    maximum_pending_orders: int = 1000
    maximum_open_trades: int = 1000
    financing: Financing = Financing.OFF
    short_ladder: ShortLadder = ShortLadder.WAIT
    closeout_at: Decimal = Decimal("0.5")
    """The part of the margin used to which the net value may fall."""
