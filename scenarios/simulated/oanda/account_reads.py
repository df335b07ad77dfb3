"""The account, its positions and what is open, as reads tell them."""

from decimal import Decimal
from typing import Any

from venuetree.scenarios.simulated.numbers import plain
from venuetree.scenarios.simulated.oanda.account_settings import GuaranteedMode
from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.amounts import (
    ZERO,
    home_text,
    percent_text,
    price_text,
    units_text,
)
from venuetree.scenarios.simulated.oanda.answers import Answered, BadRequestError
from venuetree.scenarios.simulated.oanda.clock_times import time_text
from venuetree.scenarios.simulated.oanda.margin import (
    Valuation,
    bound_margin,
    trade_value,
    valuation,
)
from venuetree.scenarios.simulated.oanda.order_fields import present
from venuetree.scenarios.simulated.oanda.order_reads import order_object
from venuetree.scenarios.simulated.oanda.specifiers import known_instrument
from venuetree.scenarios.simulated.oanda.trade_reads import trade_object, trade_summary
from venuetree.scenarios.simulated.oanda.trades import Side, Trade
from venuetree.scenarios.simulated.oanda.universe import Instrument

__all__ = [
    "full",
    "open_positions",
    "open_trades",
    "pending_orders",
    "position",
    "position_object",
    "positions",
    "price_fields",
    "summary",
]


def summary(state: AccountState) -> Answered:
    """The account without its lists."""
    return _with_last(state, account=_account_fields(state))


def full(state: AccountState) -> Answered:
    """The account with all that is pending or open, and every position."""
    account = {
        **_account_fields(state),
        "orders": [order_object(order) for order in state.orders.pending()[::-1]],
        "trades": [trade_summary(state, trade) for trade in state.trades.open()[::-1]],
        "positions": _positions(state),
    }
    return _with_last(state, account=account)


def pending_orders(state: AccountState) -> Answered:
    """All pending orders, newest first."""
    return _with_last(state, orders=[order_object(each) for each in state.orders.pending()[::-1]])


def open_trades(state: AccountState) -> Answered:
    """All open trades, newest first."""
    trades = state.trades.open()[::-1]
    return _with_last(state, trades=[trade_object(state, trade) for trade in trades])


def positions(state: AccountState) -> Answered:
    """The position of every instrument that was ever traded."""
    return _with_last(state, positions=_positions(state))


def open_positions(state: AccountState) -> Answered:
    """The positions that are not flat."""
    names = {trade.instrument.name for trade in state.trades.open()}
    found = [each for each in _positions(state) if each["instrument"] in names]
    return _with_last(state, positions=found)


def position(state: AccountState, name: str) -> Answered:
    """The position of one instrument.

    Raises:
        BadRequestError: there is no such instrument, or it was never traded.
    """
    instrument = known_instrument(state, name, "instrument")
    if (name, Side.LONG) not in state.totals:
        raise BadRequestError(
            "The Position specified does not exist",
            status=404,
            code="NO_SUCH_POSITION",
            last_id=state.last_id,
        )
    return _with_last(state, position=position_object(state, instrument))


def _with_last(state: AccountState, **parts: Any) -> Answered:
    return Answered(200, {**parts, "lastTransactionID": state.last_id})


def _positions(state: AccountState) -> list[dict[str, Any]]:
    names = dict.fromkeys(name for name, _ in state.totals)
    return [position_object(state, state.prices.instruments[name]) for name in names]


# The account


def _account_fields(state: AccountState) -> dict[str, Any]:
    value, settings = valuation(state), state.settings
    realized = sum((totals.realized for totals in state.totals.values()), ZERO)
    financing = sum((totals.financing for totals in state.totals.values()), ZERO)
    trades = state.trades.open()
    return present(
        {
            "guaranteedStopLossOrderMode": settings.guaranteed.value,
            "guaranteedStopLossOrderParameters": _guaranteed_parameters(settings.guaranteed),
            "hedgingEnabled": settings.hedging,
            "id": state.id,
            "createdTime": time_text(state.created_ns),
            "currency": settings.home,
            "createdByUserID": settings.user_id,
            "alias": state.alias,
            "marginRate": None if state.margin_rate is None else plain(state.margin_rate),
            "lastTransactionID": state.last_id,
            "balance": home_text(state.balance),
            "openTradeCount": len(trades),
            "openPositionCount": len({trade.instrument.name for trade in trades}),
            "pendingOrderCount": len(state.orders.pending()),
            "pl": home_text(realized),
            "resettablePL": home_text(realized),
            "resettablePLTime": "0",
            "financing": home_text(financing),
            "commission": "0.0000",
            "dividendAdjustment": "0",
            "guaranteedExecutionFees": "0.0000",
            "trueUnrealizedPL": home_text(value.true_unrealized),
            "trueNAV": home_text(value.true_nav),
            **price_fields(value),
            **_margin_call_fields(state),
        }
    )


def _guaranteed_parameters(mode: GuaranteedMode) -> dict[str, str] | None:
    if mode is GuaranteedMode.DISABLED:
        return None
    # What is required can be moved, but not taken away.
    open_market = "CANCELABLE" if mode is GuaranteedMode.ALLOWED else "REPLACEABLE"
    return {"mutabilityMarketOpen": open_market, "mutabilityMarketHalted": "FIXED"}


def _margin_call_fields(state: AccountState) -> dict[str, Any]:
    if state.margin_call_since_ns is None:
        return {}
    return {
        "marginCallEnterTime": time_text(state.margin_call_since_ns),
        "marginCallExtensionCount": 0,
    }


def price_fields(value: Valuation) -> dict[str, str]:
    """What prices make of the account."""
    return {
        "unrealizedPL": home_text(value.unrealized),
        "NAV": home_text(value.nav),
        "marginUsed": home_text(value.margin_used),
        "marginAvailable": home_text(value.margin_available),
        "positionValue": home_text(value.position_value),
        "marginCloseoutUnrealizedPL": home_text(value.closeout_unrealized),
        "marginCloseoutNAV": home_text(value.closeout_nav),
        "marginCloseoutMarginUsed": home_text(value.margin_used),
        "marginCloseoutPositionValue": home_text(value.position_value),
        "marginCloseoutPercent": percent_text(value.closeout_share),
        "withdrawalLimit": home_text(value.margin_available),
        "marginCallMarginUsed": home_text(value.margin_used),
        "marginCallPercent": percent_text(value.call_share),
    }


# Positions


def position_object(state: AccountState, instrument: Instrument) -> dict[str, Any]:
    """The position of an instrument that was traded."""
    long, short = (_side_object(state, instrument, side) for side in Side)
    trades = state.trades.open(instrument.name)
    margin = bound_margin(
        state,
        instrument,
        state.trades.units(instrument.name, Side.LONG),
        state.trades.units(instrument.name, Side.SHORT),
    )
    return present(
        {
            "instrument": instrument.name,
            **{name: _both(long, short, name) for name in ("pl", "unrealizedPL")},
            "marginUsed": home_text(margin) if trades else None,
            **{name: _both(long, short, name) for name in ("resettablePL", "financing")},
            "commission": "0.0000",
            "dividendAdjustment": "0.0000",
            "guaranteedExecutionFees": "0.0000",
            "long": long,
            "short": short,
        }
    )


def _both(long: dict[str, Any], short: dict[str, Any], name: str) -> str:
    return home_text(Decimal(long[name]) + Decimal(short[name]))


def _side_object(state: AccountState, instrument: Instrument, side: Side) -> dict[str, Any]:
    trades = state.trades.open(instrument.name, side)
    totals = state.side_totals(instrument, side)
    unrealized = sum((trade_value(state, trade).unrealized for trade in trades), ZERO)
    return present(
        {
            "units": units_text(state.trades.units(instrument.name, side)),
            "averagePrice": price_text(instrument, _average(trades)) if trades else None,
            "tradeIDs": [str(trade.id) for trade in trades] or None,
            "pl": home_text(totals.realized),
            "unrealizedPL": home_text(unrealized),
            "resettablePL": home_text(totals.realized),
            "financing": home_text(totals.financing),
            "dividendAdjustment": "0.0000",
            "guaranteedExecutionFees": "0.0000",
        }
    )


def _average(trades: list[Trade]) -> Decimal:
    units = sum((trade.current_units for trade in trades), ZERO)
    paid: Decimal = sum((trade.current_units * trade.price for trade in trades), ZERO)
    return paid / units
