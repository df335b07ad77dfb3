"""What comes with time alone: orders expire, and open positions pay for the night."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from venuetree.scenarios.simulated.numbers import plain
from venuetree.scenarios.simulated.oanda.account_settings import Financing
from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.amounts import ZERO, convert, home, home_text
from venuetree.scenarios.simulated.oanda.hours import local, next_day_end_ns
from venuetree.scenarios.simulated.oanda.lifecycle import cancel
from venuetree.scenarios.simulated.oanda.settlement import conversion_fields
from venuetree.scenarios.simulated.oanda.trades import Side, Trade
from venuetree.scenarios.simulated.oanda.universe import Instrument

__all__ = ["charge", "expire"]

_DAYS_A_YEAR = 365
_BASE_STEP = Decimal("0.00000000000001")


def expire(state: AccountState) -> None:
    """Cancel orders whose time is over, each in a batch of its own."""
    now_ns = state.now_ns()
    for order in state.orders.pending():
        if order.pending and order.expires_ns is not None and order.expires_ns <= now_ns:
            with state.by_itself() as batch:
                cancel(state, batch, order, "TIME_IN_FORCE_EXPIRED")


def charge(state: AccountState, charged_ns: int) -> int:
    """Charge financing for every day that has ended since a time, and return until when.

    A market's day ends at 17:00 in New York; weekends are charged with the day
    that the instrument says.
    """
    now_ns = state.now_ns()
    while (day_end := next_day_end_ns(charged_ns)) <= now_ns:
        charged_ns = day_end
        if state.settings.financing is Financing.DAILY:
            _charge_day(state, local(day_end).weekday())
    return charged_ns


def _charge_day(state: AccountState, weekday: int) -> None:
    by_instrument: dict[str, list[Trade]] = {}
    for trade in state.trades.open():
        if trade.instrument.days_charged[weekday]:
            by_instrument.setdefault(trade.instrument.name, []).append(trade)
    positions = [
        _charge_position(state, trades[0].instrument, trades, weekday)
        for trades in by_instrument.values()
    ]
    if not positions:
        return
    total = sum((Decimal(position["financing"]) for position in positions), ZERO)
    with state.by_itself() as batch:
        state.earn(total)
        batch.add(
            "DAILY_FINANCING",
            financing=home_text(total),
            accountBalance=home_text(state.balance),
            positionFinancings=positions,
        )


def _charge_position(
    state: AccountState, instrument: Instrument, trades: list[Trade], weekday: int
) -> dict[str, Any]:
    charges = [_charge_trade(state, trade, weekday) for trade in trades]
    return {
        "instrument": instrument.name,
        "financing": home_text(sum((Decimal(each["financing"]) for each in charges), ZERO)),
        "baseFinancing": plain(sum((Decimal(each["baseFinancing"]) for each in charges), ZERO)),
        "accountFinancingMode": "DAILY_INSTRUMENT",
        "homeConversionFactors": conversion_fields(state, instrument),
        "openTradeFinancings": charges,
    }


def _charge_trade(state: AccountState, trade: Trade, weekday: int) -> dict[str, Any]:
    instrument = trade.instrument
    rate = instrument.long_rate if trade.side is Side.LONG else instrument.short_rate
    days = instrument.days_charged[weekday]
    base = abs(trade.current_units) * rate * days / _DAYS_A_YEAR
    base = base.quantize(_BASE_STEP, ROUND_HALF_EVEN)
    amount = home(_home_financing(state, instrument, base))
    trade.financing += amount
    state.side_totals(instrument, trade.side).financing += amount
    return {
        "tradeID": str(trade.id),
        "financing": home_text(amount),
        "baseFinancing": plain(base),
        "financingRate": format(rate, "f"),
    }


def _home_financing(state: AccountState, instrument: Instrument, base: Decimal) -> Decimal:
    factors = state.base_factors(instrument)
    if factors is not None:
        return convert(base, factors)
    # A base that is no currency, an index say: its worth is its price.
    middle = state.prices.quote(instrument.name).mid
    return convert(base * middle, state.quote_factors(instrument))
