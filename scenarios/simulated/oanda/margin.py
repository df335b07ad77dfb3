"""What an account is worth and how much of that its open trades bind, at the current prices.

Unrealised amounts are at the prices at which a trade could be closed; those
that decide on a closeout are at the middle. Both are converted at the middle
of the conversion rate; the "true" ones at what a conversion really costs.
"""

from decimal import Decimal

import attrs

from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.amounts import ZERO, convert
from venuetree.scenarios.simulated.oanda.trades import Side, Trade
from venuetree.scenarios.simulated.oanda.universe import Instrument

__all__ = ["TradeValue", "Valuation", "bound_margin", "margin_rate", "trade_value", "valuation"]

_HOPELESS = Decimal(1000)
"""The percentage, as a number, where nothing is left that it could be a part of."""


@attrs.frozen
class TradeValue:
    """One open trade at the current prices, in home currency."""

    unrealized: Decimal
    true_unrealized: Decimal
    closeout_unrealized: Decimal
    margin_used: Decimal


@attrs.frozen
class Valuation:
    """An account at the current prices, in home currency."""

    balance: Decimal
    unrealized: Decimal
    true_unrealized: Decimal
    closeout_unrealized: Decimal
    position_value: Decimal
    margin_used: Decimal
    closeout_at: Decimal

    @property
    def nav(self) -> Decimal:
        """The net asset value."""
        return self.balance + self.unrealized

    @property
    def true_nav(self) -> Decimal:
        """The net asset value once conversions are paid for."""
        return self.balance + self.true_unrealized

    @property
    def closeout_nav(self) -> Decimal:
        """The net asset value at middle prices."""
        return self.balance + self.closeout_unrealized

    @property
    def margin_available(self) -> Decimal:
        """What no trade binds."""
        return max(self.nav - self.margin_used, ZERO)

    @property
    def call_share(self) -> Decimal:
        """The part of the value that is bound; at 1 and above it is a margin call."""
        return _share(self.margin_used, self.closeout_nav)

    @property
    def closeout_share(self) -> Decimal:
        """The same for a closeout."""
        return _share(self.margin_used * self.closeout_at, self.closeout_nav)


def _share(part: Decimal, whole: Decimal) -> Decimal:
    if part == ZERO:
        return ZERO
    return min(part / whole, _HOPELESS) if whole > ZERO else _HOPELESS


def margin_rate(state: AccountState, instrument: Instrument) -> Decimal:
    """The part of its value that a position binds: the stricter of the instrument's and ours."""
    return max(instrument.margin_rate, state.margin_rate or ZERO)


def bound_value(
    state: AccountState, instrument: Instrument, long_units: Decimal, short_units: Decimal
) -> Decimal:
    """The value of a position that binds margin: of its larger side, if it has two."""
    units = max(abs(long_units), abs(short_units))
    middle = state.prices.quote(instrument.name).mid
    return units * middle * state.quote_factors(instrument).position


def bound_margin(
    state: AccountState, instrument: Instrument, long_units: Decimal, short_units: Decimal
) -> Decimal:
    """The margin that a position of so many units binds."""
    value = bound_value(state, instrument, long_units, short_units)
    return value * margin_rate(state, instrument)


def trade_value(state: AccountState, trade: Trade) -> TradeValue:
    """What an open trade is worth."""
    quote = state.prices.quote(trade.instrument.name)
    factors = state.quote_factors(trade.instrument)
    units = trade.current_units
    closing = quote.bid if trade.side is Side.LONG else quote.ask
    earned = units * (closing - trade.price)
    return TradeValue(
        unrealized=earned * factors.position,
        true_unrealized=convert(earned, factors),
        closeout_unrealized=units * (quote.mid - trade.price) * factors.position,
        margin_used=abs(units)
        * quote.mid
        * factors.position
        * margin_rate(state, trade.instrument),
    )


def valuation(state: AccountState) -> Valuation:
    """What the account is worth."""
    trades = state.trades.open()
    values = [trade_value(state, trade) for trade in trades]
    instruments = {trade.instrument.name: trade.instrument for trade in trades}
    bound = {
        name: bound_value(
            state,
            instrument,
            state.trades.units(name, Side.LONG),
            state.trades.units(name, Side.SHORT),
        )
        for name, instrument in instruments.items()
    }
    return Valuation(
        balance=state.balance,
        unrealized=sum((value.unrealized for value in values), ZERO),
        true_unrealized=sum((value.true_unrealized for value in values), ZERO),
        closeout_unrealized=sum((value.closeout_unrealized for value in values), ZERO),
        position_value=sum(bound.values(), ZERO),
        margin_used=sum(
            (value * margin_rate(state, instruments[name]) for name, value in bound.items()), ZERO
        ),
        closeout_at=state.settings.closeout_at,
    )
