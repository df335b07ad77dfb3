"""Booking a fill: trades, balance, the fill's transaction and all that follows from it."""

from decimal import Decimal
from typing import Any

import attrs

from venuetree.scenarios.simulated.numbers import plain
from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.amounts import (
    ZERO,
    convert,
    home,
    home_text,
    price_text,
    units_text,
)
from venuetree.scenarios.simulated.oanda.clock_times import time_text
from venuetree.scenarios.simulated.oanda.filling import FillPlan
from venuetree.scenarios.simulated.oanda.lifecycle import accept, cancel_linked, filled
from venuetree.scenarios.simulated.oanda.margin import margin_rate
from venuetree.scenarios.simulated.oanda.opening_rules import attached_price
from venuetree.scenarios.simulated.oanda.order_fields import extension_fields, present
from venuetree.scenarios.simulated.oanda.orders import Order, OrderKind, Reduction, Ticket
from venuetree.scenarios.simulated.oanda.prices import Quote, Rung
from venuetree.scenarios.simulated.oanda.trades import Trade
from venuetree.scenarios.simulated.oanda.transactions import Batch, Transaction
from venuetree.scenarios.simulated.oanda.universe import Instrument

__all__ = ["book", "conversion_fields"]


@attrs.define
class _Closing:
    """What the reductions of a fill come to."""

    earned: Decimal = ZERO
    quote_earned: Decimal = ZERO
    closed: list[dict[str, Any]] = attrs.field(factory=list)
    reduced: dict[str, Any] | None = None
    trades_over: list[Trade] = attrs.field(factory=list)


def book(state: AccountState, batch: Batch, plan: FillPlan) -> Transaction:
    """Book a fill that was decided on.

    One batch: the fill, the cancellations of what was attached to trades that
    it closed, the orders that it attaches to the trade that it opened.
    """
    order, fill_id = plan.order, batch.next_id
    closing = _Closing()
    for reduction in plan.reductions:
        _reduce(state, batch, plan, reduction, closing)
    opened = _opened_fields(state, plan, fill_id)
    state.earn(closing.earned)
    fill = batch.add(
        "ORDER_FILL",
        orderID=str(order.id),
        clientOrderID=order.client_id,
        instrument=order.instrument.name,
        units=units_text(plan.units),
        requestedUnits=units_text(plan.requested),
        price=price_text(order.instrument, plan.price),
        pl=home_text(closing.earned),
        quotePL=format(closing.quote_earned, "f"),
        financing="0.0000",
        baseFinancing="0",
        commission="0.0000",
        accountBalance=home_text(state.balance),
        **_quote_conversion_fields(state, order.instrument),
        guaranteedExecutionFee="0.0000",
        quoteGuaranteedExecutionFee="0",
        halfSpreadCost=home_text(_half_spread(state, plan, plan.units)),
        fullVWAP=price_text(order.instrument, plan.full_price),
        reason=order.fill_reason,
        tradeOpened=opened,
        tradeReduced=closing.reduced,
        tradesClosed=closing.closed or None,
        fullPrice=_full_price(order.instrument, plan.quote),
        homeConversionFactors=conversion_fields(state, order.instrument),
    )
    filled(state, order, fill)
    for trade in closing.trades_over:
        cancel_linked(state, batch, trade, fill_id)
    if opened is not None:
        trade = _open(state, batch, plan, opened)
        _attach(state, batch, order, trade)
    return fill


def _reduce(
    state: AccountState, batch: Batch, plan: FillPlan, reduction: Reduction, closing: _Closing
) -> None:
    trade = state.trades.find_open(reduction.trade_id)
    if trade is None:  # an explicit close of a trade that is gone closes nothing
        return
    # The reduction has the closing order's sign, so a long trade's gain needs it turned round.
    quote_earned = -reduction.units * (plan.price - trade.price)
    earned = home(convert(quote_earned, state.quote_factors(trade.instrument)))
    trade.current_units += reduction.units
    trade.realized += earned
    trade.closings.append((int(batch.next_id), abs(reduction.units), plan.price))
    state.side_totals(trade.instrument, trade.side).realized += earned
    closing.earned += earned
    closing.quote_earned += quote_earned
    fields = present(
        {
            "tradeID": str(trade.id),
            "clientTradeID": trade.client_id,
            "units": units_text(reduction.units),
            "realizedPL": home_text(earned),
            "financing": "0.0000",
            "baseFinancing": "0",
            "price": price_text(trade.instrument, plan.price),
            "guaranteedExecutionFee": "0.0000",
            "quoteGuaranteedExecutionFee": "0",
            "halfSpreadCost": home_text(_half_spread(state, plan, reduction.units)),
        }
    )
    if trade.open:
        closing.reduced = fields
        return
    trade.closed_ns = batch.time_ns
    state.trades.close(trade)
    closing.closed.append(fields)
    closing.trades_over.append(trade)


def _half_spread(state: AccountState, plan: FillPlan, units: Decimal) -> Decimal:
    spread = plan.quote.ask - plan.quote.bid
    return abs(units) * spread / 2 * state.quote_factors(plan.order.instrument).position


def _initial_margin(state: AccountState, plan: FillPlan) -> Decimal:
    instrument = plan.order.instrument
    value = abs(plan.opened) * plan.quote.mid * state.quote_factors(instrument).position
    return value * margin_rate(state, instrument)


def _opened_fields(state: AccountState, plan: FillPlan, fill_id: str) -> dict[str, Any] | None:
    if not plan.opened:
        return None
    ticket = plan.order.ticket
    return present(
        {
            "price": price_text(ticket.instrument, plan.price),
            "tradeID": fill_id,
            "units": units_text(plan.opened),
            "guaranteedExecutionFee": "0.0000",
            "quoteGuaranteedExecutionFee": "0",
            "halfSpreadCost": home_text(_half_spread(state, plan, plan.opened)),
            "initialMarginRequired": home_text(_initial_margin(state, plan)),
            "clientExtensions": extension_fields(ticket.trade_extensions),
        }
    )


def _open(state: AccountState, batch: Batch, plan: FillPlan, opened: dict[str, Any]) -> Trade:
    trade = Trade(
        id=int(opened["tradeID"]),
        instrument=plan.order.instrument,
        price=plan.price,
        opened_ns=batch.time_ns,
        initial_units=plan.opened,
        current_units=plan.opened,
        initial_margin=home(_initial_margin(state, plan)),
        extensions=plan.order.ticket.trade_extensions,
    )
    state.trades.add(trade)
    state.side_totals(trade.instrument, trade.side)
    return trade


def _attach(state: AccountState, batch: Batch, order: Order, trade: Trade) -> None:
    """Create the orders that the filled one wants on its trade."""
    for details in order.ticket.on_fill:
        ticket = Ticket(
            kind=details.kind,
            instrument=trade.instrument,
            price=attached_price(details, trade.price, trade.initial_units),
            distance=details.distance,
            time_in_force=details.time_in_force,
            gtd_ns=details.gtd_ns,
            extensions=details.extensions,
            trade_id=trade.id,
            client_trade_id=trade.client_id,
            guaranteed=details.guaranteed,
        )
        if ticket.kind is not OrderKind.TRAILING_STOP_LOSS and ticket.price is None:
            continue
        accept(state, batch, ticket, "ON_FILL", orderFillTransactionID=str(trade.id))


def _quote_conversion_fields(state: AccountState, instrument: Instrument) -> dict[str, str]:
    factors = state.quote_factors(instrument)
    return {
        "gainQuoteHomeConversionFactor": plain(factors.gain),
        "lossQuoteHomeConversionFactor": plain(factors.loss),
    }


def conversion_fields(state: AccountState, instrument: Instrument) -> dict[str, Any]:
    """The rates of the instrument's two currencies; a base that is no currency has none."""
    quote, base = state.quote_factors(instrument), state.base_factors(instrument)
    fields = {
        "gainQuoteHome": {"factor": plain(quote.gain)},
        "lossQuoteHome": {"factor": plain(quote.loss)},
    }
    if base is not None:
        fields["gainBaseHome"] = {"factor": plain(base.gain)}
        fields["lossBaseHome"] = {"factor": plain(base.loss)}
    return fields


def _full_price(instrument: Instrument, quote: Quote) -> dict[str, Any]:
    """The whole quote; its liquidity is text here and a number everywhere else."""

    def rungs(side: tuple[Rung, ...]) -> list[dict[str, str]]:
        return [
            {"price": price_text(instrument, rung.price), "liquidity": str(rung.liquidity)}
            for rung in side
        ]

    return {
        "closeoutBid": price_text(instrument, quote.closeout_bid),
        "closeoutAsk": price_text(instrument, quote.closeout_ask),
        "time": time_text(quote.time_ns),
        "bids": rungs(quote.bids),
        "asks": rungs(quote.asks),
    }
