"""The demo's steps: each a promise of the engine, kept against a simulated exchange or broken.

A step is an async function of a `Stage` that returns what it saw, in a few words, or raises
`BrokenPromise`. None of them knows which exchange it runs on.
"""

from collections.abc import Awaitable, Callable
from decimal import Decimal

import anyio
from attrs import frozen

from venuetree import limit_order, market_order
from venuetree.cli.demo_stage import Stage, demo_quantity, price_below
from venuetree.protocol.events import (
    BookInStep,
    BookStale,
    BookUpdated,
    FillReceived,
    MarginTradeChanged,
    OrderUpdated,
    StreamDisconnected,
    TickerChanged,
    TradePrinted,
)
from venuetree.protocol.models import MarginTradeChange, Order, OrderStatus, Side, Topic
from venuetree.protocol.numbers import decimal_text
from venuetree.protocol.port import Ability
from venuetree.scenarios.faults import LoseReply, ResetConnection
from venuetree.scenarios.world import BrokenPromise

__all__ = ["CONNECT", "STEPS", "Chapter", "Step"]


@frozen
class Chapter:
    """A part of the story: what it is called, and what there is to see in it."""

    name: str
    tells: str


@frozen
class Step(Chapter):
    """A chapter whose promise is checked.

    Attributes:
        needs: what an exchange must be able to do for it; None if all can.
    """

    check: Callable[[Stage], Awaitable[str]]
    needs: Ability | None = None


async def _authenticate(stage: Stage) -> str:
    permissions = await stage.exchange.key_permissions()
    _expect(permissions.can_trade, "the key may not trade")
    return "the key may trade"


async def _read_balances(stage: Stage) -> str:
    if Ability.MARGIN in stage.exchange.abilities:
        summary = await stage.exchange.account_summary()
        (cash,) = await stage.exchange.balances()
        _expect(cash.total == summary.balance, f"{cash.total} is not {summary.balance}")
        margin = decimal_text(summary.margin_available)
        return f"{decimal_text(cash.total)} {cash.currency}, {margin} of it to be had as margin"
    wanted = {stage.instrument.base, stage.instrument.quote}
    found = {b.currency: b for b in await stage.exchange.balances() if b.currency in wanted}
    _expect(set(found) == wanted, f"no balance of {', '.join(sorted(wanted - set(found)))}")
    return ", ".join(f"{decimal_text(b.available)} {b.currency}" for b in found.values())


async def _follow_the_market(stage: Stage) -> str:
    ticker, _ = await stage.witness.see(TickerChanged)
    in_step, _ = await stage.witness.see(BookInStep)
    depth = len(in_step.book.bids()) + len(in_step.book.asks())
    if Topic.TRADES in stage.exchange.topics:
        trade, _ = await stage.witness.see(TradePrinted)
        return f"trade at {decimal_text(trade.price)}, ticker, book of {depth} levels in step"
    if ticker.bid is None or ticker.ask is None:
        message = "the quote has one side only"
        raise BrokenPromise(message)
    prices = f"{decimal_text(ticker.bid)} to {decimal_text(ticker.ask)}"
    pip = stage.instrument.pip
    spread = "" if pip is None else f", {decimal_text((ticker.ask - ticker.bid) / pip)} pips"
    return f"quote {prices}{spread}, book of {depth} levels in step"


async def _place_a_limit_order(stage: Stage) -> str:
    order = await _rest(stage)
    _expect(order.status is OrderStatus.OPEN, f"the order is {order.status.value}")
    await stage.witness.see(OrderUpdated, lambda event: _is_of(event, order))
    return f"{_described(order)} rests in the book"


async def _cancel_it(stage: Stage) -> str:
    (order,) = await stage.exchange.open_orders(stage.instrument.name)
    cancelled = await stage.exchange.cancel(order.key)
    _expect(cancelled.status is OrderStatus.CANCELLED, f"the order is {cancelled.status.value}")
    left = await stage.exchange.open_orders(stage.instrument.name)
    _expect(not left, f"{len(left)} orders are still open")
    return "cancelled; no order is open"


async def _fill_a_market_order(stage: Stage) -> str:
    quantity = demo_quantity(stage.instrument, _best_bid(stage))
    before = await _held(stage)
    request = market_order(stage.instrument.name, Side.BUY, quantity=quantity)
    order = await stage.exchange.place(request)
    done, _ = await stage.witness.see(
        OrderUpdated, lambda event: _is_of(event, order) and event.order.status.is_final
    )
    _expect(done.order.status is OrderStatus.FILLED, f"the order is {done.order.status.value}")
    filled, kept, index = Decimal(0), Decimal(0), 0
    while filled < quantity:
        told, index = await stage.witness.see(
            FillReceived,
            lambda event: event.fill.exchange_order_id == done.order.exchange_order_id,
            since=index,
        )
        filled += told.fill.quantity
        # Where the fee is taken from what was bought, so much less of it arrives.
        is_in_base = told.fill.fee_currency == stage.instrument.base
        kept += told.fill.quantity - (told.fill.fee if is_in_base else Decimal(0))
    gained = await _held(stage) - before
    _expect(filled == quantity, f"fills tell {filled}, not {quantity}")
    _expect(gained == kept, f"what is held grew by {gained}, not {kept}")
    what = "position" if Ability.MARGIN in stage.exchange.abilities else "balance"
    return f"bought {decimal_text(quantity)} {stage.instrument.base}; fills and {what} agree"


async def _close_the_position(stage: Stage) -> str:
    name = stage.instrument.name
    (order,) = await stage.exchange.close_position(name)
    _expect(order.status is OrderStatus.FILLED, f"the order is {order.status.value}")
    _expect(await _held(stage) == 0, "something is still held")
    told, _ = await stage.witness.see(
        MarginTradeChanged, lambda event: event.change is MarginTradeChange.CLOSED
    )
    profit = Decimal(0) if told.realized_profit is None else told.realized_profit
    return f"sold {decimal_text(order.filled_quantity)} {name}; profit {decimal_text(profit)}"


async def _survive_a_lost_reply(stage: Stage) -> str:
    fault = stage.simulator.faults.add(LoseReply(to="POST *order*"))
    order = await _rest(stage)
    _expect(fault.fired == 1, "the simulator did not lose the reply")
    found = await stage.exchange.open_orders(stage.instrument.name)
    mine = [one for one in found if one.client_order_id == order.client_order_id]
    _expect(len(mine) == 1, f"the exchange holds {len(mine)} such orders")
    await stage.exchange.cancel(order.key)
    return "the exchange holds it exactly once, and the engine knows"


async def _recover_a_dropped_stream(stage: Stage) -> str:
    restarts = stage.restarts()
    name = stage.instrument.name
    since = len(stage.witness.events)
    begun = anyio.current_time()
    # Any stream's next frame may be the one that is cut: go on until the market's was.
    fault = stage.simulator.faults.add(ResetConnection(times=None))
    _, after_stale = await stage.witness.see(
        BookStale, lambda event: event.instrument == name, since=since
    )
    fault.remove()
    await stage.witness.see(StreamDisconnected, since=since)
    _, after_repair = await stage.witness.see(
        BookInStep, lambda event: event.instrument == name, since=after_stale
    )
    await stage.witness.see(BookUpdated, since=after_repair)
    _expect(fault.fired >= 1, "the simulator did not drop the stream")
    _expect(stage.restarts() > restarts, "no actor was restarted")
    took = anyio.current_time() - begun
    return f"told stale first, in step again after {took:.1f} s"


#: Tried before there is a stage.
CONNECT = Chapter(
    "connect",
    "Each exchange is a supervised tree of actors of its own; none takes another down.",
)

#: In the order in which they are tried.
STEPS = (
    Step(
        "authenticate",
        "Only one actor holds the key; it signs, and the exchange checks the signature.",
        _authenticate,
    ),
    Step("read balances", "Amounts are decimals, with the digits that came.", _read_balances),
    Step(
        "follow the market",
        "A book is in step with the exchange's, or it is called stale. It is never a guess.",
        _follow_the_market,
    ),
    Step(
        "place a limit order",
        "Checked against the exchange's rules first; nothing is rounded in silence.",
        _place_a_limit_order,
    ),
    Step("cancel it", "Done when the exchange has ended the order, not before.", _cancel_it),
    Step(
        "fill a market order",
        "Each fill is counted once; fills and what is held must agree to the last digit.",
        _fill_a_market_order,
    ),
    Step(
        "close the position",
        "On margin, what was bought is a position; it is closed by one request.",
        _close_the_position,
        needs=Ability.MARGIN,
    ),
    Step(
        "survive a lost reply",
        "The exchange takes an order and its reply is lost. Sending it again could make two,"
        " calling it rejected would be wrong: the engine asks what became of it.",
        _survive_a_lost_reply,
    ),
    Step(
        "recover a dropped stream",
        "The stream is cut. Subscribers hear that the book is stale before it is repaired.",
        _recover_a_dropped_stream,
    ),
)


def _expect(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - the condition itself
    if not holds:
        raise BrokenPromise(otherwise)


async def _rest(stage: Stage) -> Order:
    """Place a buy far enough below the market that it stays in the book."""
    price = price_below(stage.instrument, _best_bid(stage))
    quantity = demo_quantity(stage.instrument, price)
    name = stage.instrument.name
    return await stage.exchange.place(limit_order(name, Side.BUY, quantity=quantity, price=price))


def _best_bid(stage: Stage) -> Decimal:
    book = stage.exchange.book(stage.instrument.name)
    best = None if book is None else book.best_bid
    if best is None:
        message = "the book has no bid"
        raise BrokenPromise(message)
    return best.price


async def _held(stage: Stage) -> Decimal:
    """What the account holds of the instrument, as a position or as its base currency."""
    if Ability.MARGIN in stage.exchange.abilities:
        positions = await stage.exchange.positions(stage.instrument.name)
        return sum((position.quantity for position in positions), Decimal(0))
    balances = await stage.exchange.balances()
    return next((b.total for b in balances if b.currency == stage.instrument.base), Decimal(0))


def _is_of(event: OrderUpdated, order: Order) -> bool:
    return event.order.client_order_id == order.client_order_id


def _described(order: Order) -> str:
    amount = "" if order.quantity is None else decimal_text(order.quantity)
    price = "" if order.price is None else f" at {decimal_text(order.price)}"
    return f"{order.side.value} {amount} {order.instrument}{price}"
