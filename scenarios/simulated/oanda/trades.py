"""Trades of an account and what its positions have earned: plain state, no decisions."""

from decimal import Decimal
from enum import Enum

import attrs

from venuetree.scenarios.simulated.oanda.amounts import ZERO
from venuetree.scenarios.simulated.oanda.orders import Extensions, OrderKind
from venuetree.scenarios.simulated.oanda.universe import Instrument

__all__ = ["PositionTotals", "Side", "Trade", "TradeState", "TradeStore", "side_of"]


class Side(Enum):
    """The side of a position."""

    LONG = "long"
    SHORT = "short"


class TradeState(Enum):
    """The exchange's word for the state of a trade."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"
    CLOSE_WHEN_TRADEABLE = "CLOSE_WHEN_TRADEABLE"
    """Of the real exchange alone: here a trade in a market at rest stays open."""


def side_of(units: Decimal) -> Side:
    """The side that signed units are on."""
    return Side.LONG if units > ZERO else Side.SHORT


@attrs.define(eq=False)
class Trade:
    """Units that one fill opened, and what is left of them. Units are signed."""

    id: int
    instrument: Instrument
    price: Decimal
    opened_ns: int
    initial_units: Decimal
    current_units: Decimal
    initial_margin: Decimal
    extensions: Extensions | None = None
    realized: Decimal = ZERO
    financing: Decimal = ZERO
    closed_ns: int | None = None
    closings: list[tuple[int, Decimal, Decimal]] = attrs.field(factory=list)
    """(Transaction, units without sign, price) of each fill that closed some of it."""
    orders: dict[OrderKind, int] = attrs.field(factory=dict)
    """Its dependent orders; of a closed trade, those that it had at the end."""

    @property
    def side(self) -> Side:
        """Whether it is long or short."""
        return side_of(self.initial_units)

    @property
    def open(self) -> bool:
        """Whether units are left."""
        return self.current_units != ZERO

    @property
    def state(self) -> TradeState:
        """Open or closed."""
        return TradeState.OPEN if self.open else TradeState.CLOSED

    @property
    def client_id(self) -> str | None:
        """The client's own id."""
        return None if self.extensions is None else self.extensions.id


@attrs.define(eq=False)
class PositionTotals:
    """What one side of one instrument has earned since the account began."""

    realized: Decimal = ZERO
    financing: Decimal = ZERO


@attrs.define(eq=False)
class TradeStore:
    """All trades of an account."""

    _all: dict[int, Trade] = attrs.field(factory=dict, init=False)
    _open: dict[int, Trade] = attrs.field(factory=dict, init=False)

    def add(self, trade: Trade) -> None:
        """Keep a trade that was just opened."""
        self._all[trade.id] = self._open[trade.id] = trade

    def close(self, trade: Trade) -> None:
        """Note that a trade has no units left."""
        del self._open[trade.id]

    def get(self, trade_id: int) -> Trade | None:
        """A trade, open or closed."""
        return self._all.get(trade_id)

    def find_open(self, specifier: int | str | None) -> Trade | None:
        """An open trade by the exchange's id or by the client's."""
        if isinstance(specifier, int):
            return self._open.get(specifier)
        if specifier is None:
            return None
        found = (trade for trade in self._open.values() if trade.client_id == specifier)
        return next(found, None)

    def open(self, instrument: str | None = None, side: Side | None = None) -> list[Trade]:
        """Open trades, oldest first."""
        return [
            trade
            for trade in self._open.values()
            if instrument in {None, trade.instrument.name} and side in {None, trade.side}
        ]

    def newest_first(self) -> list[Trade]:
        """All trades."""
        return list(reversed(self._all.values()))

    def units(self, instrument: str, side: Side) -> Decimal:
        """Signed units of one side of a position."""
        return sum((trade.current_units for trade in self.open(instrument, side)), ZERO)
