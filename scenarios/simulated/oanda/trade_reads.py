"""Trades as reads tell them."""

from decimal import Decimal
from typing import Any

from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.amounts import ZERO, home_text, price_text, units_text
from venuetree.scenarios.simulated.oanda.answers import Answered, BadRequestError
from venuetree.scenarios.simulated.oanda.clock_times import time_text
from venuetree.scenarios.simulated.oanda.margin import trade_value
from venuetree.scenarios.simulated.oanda.order_fields import extension_fields, present
from venuetree.scenarios.simulated.oanda.order_reads import order_object
from venuetree.scenarios.simulated.oanda.specifiers import Page, read_specifier, read_state
from venuetree.scenarios.simulated.oanda.trades import Trade, TradeState

__all__ = [
    "list_trades",
    "no_such_trade",
    "one_trade",
    "trade_object",
    "trade_price_fields",
    "trade_record",
    "trade_summary",
]


def trade_record(trade: Trade) -> dict[str, Any]:
    """A trade with the ids of its dependent orders, without what depends on prices."""
    return present(
        {
            **_stem(trade),
            "clientExtensions": extension_fields(trade.extensions),
            **{f"{kind.words}OrderID": str(number) for kind, number in trade.orders.items()},
            **_closed_fields(trade),
        }
    )


def trade_price_fields(state: AccountState, trade: Trade) -> dict[str, str]:
    """What prices make of an open trade."""
    if not trade.open:
        return {}
    value = trade_value(state, trade)
    return {
        "unrealizedPL": home_text(value.unrealized),
        "marginUsed": home_text(value.margin_used),
    }


def trade_summary(state: AccountState, trade: Trade) -> dict[str, Any]:
    """A trade with the ids of its dependent orders."""
    return {**trade_record(trade), **trade_price_fields(state, trade)}


def trade_object(state: AccountState, trade: Trade) -> dict[str, Any]:
    """A trade with its dependent orders themselves."""
    orders = {
        f"{kind.words}Order": order_object(order)
        for kind, number in trade.orders.items()
        if (order := state.orders.get(number)) is not None
    }
    return present(
        {
            **_stem(trade),
            **trade_price_fields(state, trade),
            "clientExtensions": extension_fields(trade.extensions),
            **orders,
            **_closed_fields(trade),
        }
    )


def _stem(trade: Trade) -> dict[str, Any]:
    return {
        "id": str(trade.id),
        "instrument": trade.instrument.name,
        "price": price_text(trade.instrument, trade.price),
        "openTime": time_text(trade.opened_ns),
        "initialUnits": units_text(trade.initial_units),
        "initialMarginRequired": home_text(trade.initial_margin),
        "state": trade.state.value,
        "currentUnits": units_text(trade.current_units),
        "realizedPL": home_text(trade.realized),
        "financing": home_text(trade.financing),
        "dividendAdjustment": "0.0000",
    }


def _closed_fields(trade: Trade) -> dict[str, Any]:
    """What a trade tells of the fills that closed some of it."""
    if not trade.closings:
        return {}
    units = sum((units for _, units, _ in trade.closings), ZERO)
    paid: Decimal = sum((units * price for _, units, price in trade.closings), ZERO)
    return present(
        {
            "averageClosePrice": price_text(trade.instrument, paid / units),
            "closingTransactionIDs": [str(number) for number, _, _ in trade.closings],
            "closeTime": None if trade.closed_ns is None else time_text(trade.closed_ns),
        }
    )


def one_trade(state: AccountState, specifier: str) -> Answered:
    """A trade by the exchange's id; by the client's only while it is open.

    Raises:
        BadRequestError: there is none.
    """
    key = read_specifier(specifier, "tradeSpecifier")
    trade = state.trades.find_open(key) or (state.trades.get(key) if isinstance(key, int) else None)
    if trade is None:
        raise no_such_trade(state)
    return Answered(200, {"trade": trade_object(state, trade), "lastTransactionID": state.last_id})


def no_such_trade(state: AccountState) -> BadRequestError:
    """The refusal of a read, and of a change that asks for nothing, of an unknown trade."""
    return BadRequestError(
        "The trade ID specified does not exist",
        status=404,
        code="NO_SUCH_TRADE",
        last_id=state.last_id,
    )


def list_trades(state: AccountState, page: Page, wanted_state: str | None) -> Answered:
    """Trades, newest first; by default the open ones.

    Raises:
        BadRequestError: there is no such state.
    """
    wanted = read_state(wanted_state, TradeState.OPEN)
    found = [
        trade
        for trade in state.trades.newest_first()
        if wanted in {None, trade.state} and page.wants(trade.id, trade.instrument.name)
    ]
    shown, following = page.cut(found)
    return Answered(
        200,
        {
            "trades": [trade_object(state, trade) for trade in shown],
            "lastTransactionID": state.last_id,
        },
        None if following is None else str(following.id),
    )
