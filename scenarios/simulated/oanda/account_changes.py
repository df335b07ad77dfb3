"""What has changed in an account since a transaction, and what prices make of it now."""

from typing import Any

from venuetree.scenarios.simulated.oanda.account_reads import position_object, price_fields
from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.amounts import price_text
from venuetree.scenarios.simulated.oanda.answers import Answered, BadRequestError, bad_value
from venuetree.scenarios.simulated.oanda.margin import valuation
from venuetree.scenarios.simulated.oanda.order_fields import present
from venuetree.scenarios.simulated.oanda.order_reads import order_object
from venuetree.scenarios.simulated.oanda.orders import Order
from venuetree.scenarios.simulated.oanda.specifiers import read_id
from venuetree.scenarios.simulated.oanda.trade_reads import trade_price_fields, trade_record
from venuetree.scenarios.simulated.oanda.transactions import Transaction
from venuetree.scenarios.simulated.oanda.triggers import buys, stop_level, watched_price

__all__ = ["changes"]

_CREATIONS = "_ORDER"
"""With which the type of every transaction ends that creates an order."""


def changes(state: AccountState, since: str | int | None) -> Answered:
    """Orders and trades that have changed since a transaction, and all that prices change.

    Raises:
        BadRequestError: the id is none, or none of this account.
    """
    number = state.log.last_id if since is None else read_id(since)
    if number is None:
        raise bad_value("sinceTransactionID")
    if not state.log.first_id - 1 <= number <= state.log.last_id:
        raise BadRequestError(
            "The transaction ID range specified is invalid",
            status=416,
            code="INVALID_TRANSACTION_ID_RANGE",
            last_id=state.last_id,
        )
    news = state.log.between(number + 1, state.log.last_id)
    return Answered(
        200,
        {
            "changes": _changes(state, news),
            "state": _state(state),
            "lastTransactionID": state.last_id,
        },
    )


def _changes(state: AccountState, news: list[Transaction]) -> dict[str, Any]:
    fills = [each for each in news if each["type"] == "ORDER_FILL"]
    touched = dict.fromkeys(
        each["instrument"]
        for transaction in news
        for each in [transaction, *transaction.get("positionFinancings", ())]
        if each.get("type") in {None, "ORDER_FILL"}
    )
    return {
        "ordersCreated": _orders(
            state, [each["id"] for each in news if each["type"].endswith(_CREATIONS)]
        ),
        "ordersCancelled": _orders(
            state, [each["orderID"] for each in news if each["type"] == "ORDER_CANCEL"]
        ),
        "ordersFilled": _orders(state, [each["orderID"] for each in fills]),
        "ordersTriggered": [],
        "tradesOpened": _trades(
            state, [each["tradeOpened"]["tradeID"] for each in fills if "tradeOpened" in each]
        ),
        "tradesReduced": _trades(
            state, [each["tradeReduced"]["tradeID"] for each in fills if "tradeReduced" in each]
        ),
        "tradesClosed": _trades(
            state, [one["tradeID"] for each in fills for one in each.get("tradesClosed", ())]
        ),
        "positions": [position_object(state, state.prices.instruments[name]) for name in touched],
        "transactions": news,
    }


def _orders(state: AccountState, ids: list[str]) -> list[dict[str, Any]]:
    found = (state.orders.get(int(number)) for number in dict.fromkeys(ids))
    return [order_object(order) for order in found if order is not None]


def _trades(state: AccountState, ids: list[str]) -> list[dict[str, Any]]:
    found = (state.trades.get(int(number)) for number in dict.fromkeys(ids))
    return [trade_record(trade) for trade in found if trade is not None]


def _state(state: AccountState) -> dict[str, Any]:
    trades = state.trades.open()
    instruments = {trade.instrument.name: trade.instrument for trade in trades}
    return {
        **price_fields(valuation(state)),
        "orders": [_order_state(state, order) for order in state.orders.pending()],
        "trades": [{"id": str(trade.id), **trade_price_fields(state, trade)} for trade in trades],
        "positions": [
            _position_state(position_object(state, each)) for each in instruments.values()
        ],
    }


def _order_state(state: AccountState, order: Order) -> dict[str, Any]:
    """How far the price is from where the order acts."""
    instrument, level = order.instrument, stop_level(order)
    quote = state.prices.quote(instrument.name)
    watched = watched_price(quote, order.ticket.trigger_condition, buying=buys(state, order))
    trailing = order.trailing_value
    return present(
        {
            "id": str(order.id),
            "trailingStopValue": None if trailing is None else price_text(instrument, trailing),
            "triggerDistance": None
            if level is None
            else price_text(instrument, abs(watched - level)),
            "isTriggerDistanceExact": level is not None,
        }
    )


def _position_state(position: dict[str, Any]) -> dict[str, Any]:
    return {
        "instrument": position["instrument"],
        "netUnrealizedPL": position["unrealizedPL"],
        "longUnrealizedPL": position["long"]["unrealizedPL"],
        "shortUnrealizedPL": position["short"]["unrealizedPL"],
        "marginUsed": position["marginUsed"],
    }
