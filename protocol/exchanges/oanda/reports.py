"""What the exchange answers of orders, trades, positions and the account, as our models.

An exit of a trade (take-profit, stop) has no instrument and no units of its own: they are those of
its trade, where that is known, turned round. A trade is told whole, with its exits, or as a summary
with their ids alone; those that are listed elsewhere in the same answer are joined to it.

An unknown state of an order or a trade, or time in force, is an error: money hangs on it. An
unknown type of order is not.

Followed: "Order Definitions"; "Trade Definitions"; "Position Definitions"; "Account Definitions".
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from attrs import evolve

from venuetree.protocol.exchanges.oanda.reading import (
    NAME,
    amount,
    flag,
    id_text,
    instrument_name,
    integer,
    member,
    optional_amount,
    optional_id,
    optional_time_ns,
    signed,
    time_ns,
    word,
)
from venuetree.protocol.exchanges.oanda.terms import (
    extensions_of,
    order_type,
    prices_of,
    time_in_force,
)
from venuetree.protocol.models import (
    AccountChanges,
    AccountSummary,
    Balance,
    MarginTrade,
    MarginTradeState,
    OrderReport,
    OrderStatus,
    OrderType,
    Position,
    ReportSource,
)
from venuetree.protocol.reading import optional_text, text_of

__all__ = [
    "account_changes",
    "account_summary",
    "as_exit_of",
    "balances_from",
    "margin_trades",
    "order_reports",
    "positions_from",
    "report_from_order",
    "trade_from",
]

_Object = Mapping[str, Any]
Trades = Mapping[str, MarginTrade]

_STATUSES: Final = {
    "PENDING": OrderStatus.OPEN,
    "FILLED": OrderStatus.FILLED,
    # Its price has been reached and it is about to be executed: it has not ended.
    "TRIGGERED": OrderStatus.OPEN,
    "CANCELLED": OrderStatus.CANCELLED,
}
_TRADE_STATES: Final = {
    "OPEN": MarginTradeState.OPEN,
    "CLOSED": MarginTradeState.CLOSED,
    "CLOSE_WHEN_TRADEABLE": MarginTradeState.CLOSE_WHEN_TRADEABLE,
}
#: Where a trade has its exits: the member that holds one, and the one that names it.
_EXITS: Final = (
    ("takeProfitOrder", OrderType.TAKE_PROFIT),
    ("stopLossOrder", OrderType.STOP_LOSS),
    ("guaranteedStopLossOrder", OrderType.GUARANTEED_STOP),
    ("trailingStopLossOrder", OrderType.TRAILING_STOP),
)
_ZERO: Final = Decimal(0)


def _objects(message: _Object, key: str) -> Iterator[_Object]:
    """The objects of a list; raises if there is none: what is missing must not pass for empty."""
    values = message[key]
    if type(values) is not list:
        text = f"{key} must be a list, not {values!r:.40}"
        raise TypeError(text)
    for value in values:
        if type(value) is not dict:
            text = f"{key} must hold objects, not {value!r:.40}"
            raise TypeError(text)
        yield value


# ---------------------------------------------------------------- orders


def report_from_order(
    order: _Object,
    received_time_ns: int,
    *,
    source: ReportSource = ReportSource.QUERY,
    trade: MarginTrade | None = None,
) -> OrderReport:
    """An `Order` as a report; raises any of `MALFORMED`.

    `trade`: the one that it is an exit of, where that is known.
    """
    kind = order_type(text_of(order["type"]))
    price, stop_price = prices_of(order, kind)
    units = optional_amount(order, "units")
    side, quantity = (None, None) if units is None else signed(units)
    created = time_ns(order["createTime"])
    ended = optional_time_ns(order, "filledTime") or optional_time_ns(order, "cancelledTime")
    report = OrderReport(
        exchange=NAME,
        instrument=instrument_name(optional_text(order, "instrument")),
        exchange_order_id=id_text(order["id"]),
        status=word(_STATUSES, order["state"], "order state"),
        source=source,
        received_time_ns=received_time_ns,
        client_order_id=extensions_of(order, "clientExtensions").id,
        side=side,
        type=kind,
        time_in_force=time_in_force(order),
        quantity=quantity,
        price=price,
        stop_price=stop_price,
        created_time_ns=created,
        exchange_time_ns=created if ended is None else ended,
        trade_id=optional_id(order, "tradeID"),
    )
    return report if trade is None else as_exit_of(trade, report)


def as_exit_of(trade: MarginTrade, report: OrderReport) -> OrderReport:
    """The report of an exit with what it has of its trade: it ends all that is open of that."""
    return evolve(
        report,
        instrument=report.instrument or trade.instrument,
        side=report.side or trade.side.opposite,
        quantity=report.quantity or trade.quantity or trade.initial_quantity,
        trade_id=trade.trade_id,
    )


def order_reports(
    body: _Object,
    received_time_ns: int,
    *,
    key: str = "orders",
    source: ReportSource = ReportSource.QUERY,
    trades: Trades | None = None,
) -> tuple[OrderReport, ...]:
    """The orders of a list, in its sequence; exits joined with those of `trades` that they leave.

    Raises any of `MALFORMED`.
    """
    known: Trades = {} if trades is None else trades
    return tuple(
        report_from_order(
            order,
            received_time_ns,
            source=source,
            trade=known.get(optional_text(order, "tradeID")),
        )
        for order in _objects(body, key)
    )


# ---------------------------------------------------------------- trades


def trade_from(
    trade: _Object,
    received_time_ns: int,
    *,
    exits: Mapping[str, OrderReport] | None = None,
) -> MarginTrade:
    """A `Trade` or a `TradeSummary`; raises any of `MALFORMED`.

    `exits`: orders by the exchange's id, of which a summary's exits are looked up.
    """
    side, initial = signed(amount(trade["initialUnits"]))
    found = MarginTrade(
        exchange=NAME,
        instrument=instrument_name(text_of(trade["instrument"])),
        trade_id=id_text(trade["id"]),
        side=side,
        state=word(_TRADE_STATES, trade["state"], "trade state"),
        price=amount(trade["price"]),
        initial_quantity=initial,
        quantity=amount(trade["currentUnits"]).copy_abs(),
        realized_profit=amount(trade["realizedPL"]),
        financing=amount(trade["financing"]),
        open_time_ns=time_ns(trade["openTime"]),
        unrealized_profit=optional_amount(trade, "unrealizedPL"),
        margin_used=optional_amount(trade, "marginUsed"),
        close_time_ns=optional_time_ns(trade, "closeTime"),
        average_close_price=optional_amount(trade, "averageClosePrice"),
        extensions=extensions_of(trade, "clientExtensions"),
    )
    told = tuple(_exits(trade, found, received_time_ns, exits or {}))
    return evolve(found, exits=told) if told else found


def _exits(
    told: _Object, trade: MarginTrade, received_time_ns: int, known: Mapping[str, OrderReport]
) -> Iterator[OrderReport]:
    for name, kind in _EXITS:
        order = member(told, name)
        if order:
            yield report_from_order(order, received_time_ns, trade=trade)
            continue
        number = optional_id(told, f"{name}ID")
        if not number:
            continue
        report = known.get(number)
        if report is not None:
            yield as_exit_of(trade, report)
        elif trade.state is not MarginTradeState.CLOSED:
            # Named by a trade that is open: it waits. Nothing more is told of it here.
            bare = OrderReport(
                NAME, "", number, OrderStatus.OPEN, ReportSource.QUERY, received_time_ns, type=kind
            )
            yield as_exit_of(trade, bare)


def margin_trades(
    body: _Object, received_time_ns: int, *, keys: Iterable[str] = ("trades",), orders: str = ""
) -> Iterator[tuple[MarginTrade, ...]]:
    """The trades of lists, a tuple for each; exits looked up among a list of orders, if named."""
    listed = order_reports(body, received_time_ns, key=orders) if orders else ()
    exits = {report.exchange_order_id: report for report in listed}
    for key in keys:
        yield tuple(
            trade_from(trade, received_time_ns, exits=exits) for trade in _objects(body, key)
        )


# ---------------------------------------------------------------- positions


def positions_from(told: Iterable[_Object]) -> tuple[Position, ...]:
    """One for each side of a position that is not flat; raises any of `MALFORMED`."""
    return tuple(side for position in told for side in _sides(position))


def _sides(position: _Object) -> Iterator[Position]:
    instrument = instrument_name(text_of(position["instrument"]))
    for name, sign in (("long", 1), ("short", -1)):
        side = position[name]
        units = amount(side["units"])
        if not units:
            continue
        if (units > 0) is not (sign > 0):
            message = f"units {units} on the {name} side"
            raise ValueError(message)
        yield Position(
            exchange=NAME,
            instrument=instrument,
            quantity=units,
            average_price=optional_amount(side, "averagePrice"),
            unrealized_profit=optional_amount(side, "unrealizedPL"),
            trade_ids=tuple(id_text(number) for number in side.get("tradeIDs", ())),
        )


# ---------------------------------------------------------------- the account


def account_summary(account: _Object, received_time_ns: int) -> AccountSummary:
    """An `AccountSummary`, or what an `Account` has of it; raises any of `MALFORMED`."""
    return AccountSummary(
        exchange=NAME,
        account_id=text_of(account["id"]),
        currency=text_of(account["currency"]),
        balance=amount(account["balance"]),
        net_asset_value=amount(account["NAV"]),
        unrealized_profit=amount(account["unrealizedPL"]),
        realized_profit=amount(account["pl"]),
        financing=amount(account["financing"]),
        margin_used=amount(account["marginUsed"]),
        margin_available=amount(account["marginAvailable"]),
        margin_call_percent=amount(account["marginCallPercent"]),
        margin_closeout_percent=amount(account["marginCloseoutPercent"]),
        open_trades=integer(account["openTradeCount"], "openTradeCount"),
        open_positions=integer(account["openPositionCount"], "openPositionCount"),
        pending_orders=integer(account["pendingOrderCount"], "pendingOrderCount"),
        is_hedging=flag(account["hedgingEnabled"], "hedgingEnabled"),
        guaranteed_stops=optional_text(account, "guaranteedStopLossOrderMode"),
        last_transaction_id=id_text(account["lastTransactionID"]),
        received_time_ns=received_time_ns,
        alias=optional_text(account, "alias"),
        margin_rate=optional_amount(account, "marginRate"),
    )


def balances_from(account: _Object) -> tuple[Balance, ...]:
    """The account's cash, in the one currency that it has; as transactions tell it, too.

    What is held as margin follows prices and is no part of it: see `account_summary`.
    """
    return (Balance(NAME, text_of(account["currency"]), amount(account["balance"]), _ZERO),)


def account_changes(body: _Object, received_time_ns: int) -> AccountChanges:
    """The answer of `/changes`; raises any of `MALFORMED`.

    Its trades are summaries: their exits are looked up among the orders that were created, which
    in turn are joined with the trades.
    """
    changes, state = body["changes"], member(body, "state")
    opened, reduced, closed = margin_trades(
        changes,
        received_time_ns,
        keys=("tradesOpened", "tradesReduced", "tradesClosed"),
        orders="ordersCreated",
    )
    trades = {trade.trade_id: trade for trade in (*opened, *reduced, *closed)}
    created, cancelled, filled, triggered = (
        order_reports(changes, received_time_ns, key=key, trades=trades)
        for key in ("ordersCreated", "ordersCancelled", "ordersFilled", "ordersTriggered")
    )
    return AccountChanges(
        orders_created=created,
        orders_cancelled=cancelled,
        orders_filled=filled,
        orders_triggered=triggered,
        trades_opened=opened,
        trades_reduced=reduced,
        trades_closed=closed,
        net_asset_value=optional_amount(state, "NAV"),
        unrealized_profit=optional_amount(state, "unrealizedPL"),
        margin_used=optional_amount(state, "marginUsed"),
        margin_available=optional_amount(state, "marginAvailable"),
        last_transaction_id=id_text(body["lastTransactionID"]),
    )
