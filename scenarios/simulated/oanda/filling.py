"""Deciding on a fill: at which price, which trades it closes, how many units it opens."""

from decimal import Decimal

import attrs

from venuetree.scenarios.simulated.oanda.account_settings import ShortLadder
from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.amounts import ZERO, round_price
from venuetree.scenarios.simulated.oanda.ladder import Taken, take
from venuetree.scenarios.simulated.oanda.opening_rules import check_margin, check_opening
from venuetree.scenarios.simulated.oanda.orders import (
    Order,
    OrderKind,
    PositionFill,
    Reduction,
    TimeInForce,
)
from venuetree.scenarios.simulated.oanda.prices import Quote
from venuetree.scenarios.simulated.oanda.refusals import FillRefusedError
from venuetree.scenarios.simulated.oanda.trades import Side, side_of

__all__ = ["FillPlan", "plan_fill"]

_LIMITED = frozenset({OrderKind.LIMIT, OrderKind.TAKE_PROFIT})


@attrs.frozen
class FillPlan:
    """A fill that can be booked."""

    order: Order
    quote: Quote
    requested: Decimal
    """Signed units that the order wants."""
    units: Decimal
    """Signed units that it gets."""
    price: Decimal
    full_price: Decimal
    """The same without the promise of a guaranteed stop."""
    reductions: tuple[Reduction, ...]
    opened: Decimal
    """Signed units of the new trade, 0 if there is none."""
    shortage: str
    """Why it gets less than it wants."""

    @property
    def remainder(self) -> Decimal:
        """Signed units that it does not get."""
        return self.requested - self.units


def plan_fill(state: AccountState, order: Order) -> FillPlan:
    """Decide how an order fills now. Nothing is changed.

    Checks come in the exchange's order: halt, margin, bounds and liquidity,
    what shall be attached to the new trade, limits.

    Raises:
        FillRefusedError: it cannot be filled.
    """
    quote = state.prices.quote(order.instrument.name)
    if not quote.tradeable:
        raise FillRefusedError("MARKET_HALTED")
    _check_fifo(state, order)
    targets = _targets(state, order)
    requested = _requested(order, targets)
    wanted = _wanted(state, order, requested, closes=targets is not None)
    taken = _take(order, quote, wanted, closes=targets is not None)
    units = taken.units if _may_be_partial(state, order) else wanted
    reductions, opened = _split(state, order, units, targets)
    price = _booked_price(order, taken)
    plan = FillPlan(
        order=order,
        quote=quote,
        requested=requested,
        units=units,
        price=price,
        full_price=round_price(order.instrument, taken.price),
        reductions=reductions,
        opened=opened,
        shortage=taken.shortage if taken.units != wanted else "POSITION_CLOSEOUT_FAILED",
    )
    if opened:
        check_margin(state, order, quote, opened, _units_after(state, plan))
    if not taken.units or taken.units != units:
        waits = order.kind in _LIMITED and order.ticket.time_in_force.rests
        raise FillRefusedError(taken.shortage, waits=waits)
    if units != requested and order.ticket.time_in_force is TimeInForce.FOK:
        raise FillRefusedError(plan.shortage)
    if opened:
        check_opening(state, order, price, opened, reductions)
    return plan


def _check_fifo(state: AccountState, order: Order) -> None:
    """Refuse closing trades before older ones, where the account must keep their order."""
    if order.targets is None or not state.settings.fifo:
        return
    closed = [target.trade_id for target in order.targets]
    oldest = state.trades.open(order.instrument.name)[: len(closed)]
    if closed != [trade.id for trade in oldest]:
        raise FillRefusedError("FIFO_VIOLATION")


def _targets(state: AccountState, order: Order) -> tuple[Reduction, ...] | None:
    """The trades that the order closes and no others, None if it takes them as they come."""
    if not order.kind.dependent:
        return order.targets
    trade = state.trades.find_open(order.ticket.trade_id)
    return () if trade is None else (Reduction(trade.id, -trade.current_units),)


def _requested(order: Order, targets: tuple[Reduction, ...] | None) -> Decimal:
    if targets is not None:
        return sum((target.units for target in targets), ZERO)
    return order.ticket.units or ZERO


def effective_fill(state: AccountState, position_fill: PositionFill) -> PositionFill:
    """What the default means for this account."""
    if position_fill is not PositionFill.DEFAULT:
        return position_fill
    return PositionFill.OPEN_ONLY if state.settings.hedging else PositionFill.REDUCE_FIRST


def _opposite(units: Decimal) -> Side:
    return side_of(-units)


def _wanted(state: AccountState, order: Order, requested: Decimal, *, closes: bool) -> Decimal:
    """How much of its units the order may trade, given the position that there is."""
    if closes:
        return requested
    opposing = state.trades.units(order.instrument.name, _opposite(requested))
    match effective_fill(state, order.ticket.position_fill):
        case PositionFill.REDUCE_ONLY:
            wanted = min(abs(requested), abs(opposing))
            if wanted == ZERO:
                raise FillRefusedError("POSITION_CLOSEOUT_FAILED")
            return wanted.copy_sign(requested)
        case PositionFill.OPEN_ONLY if opposing and not state.settings.hedging:
            # No reason is known for this; a second side is what the FIFO rule forbids, too.
            raise FillRefusedError("FIFO_VIOLATION")
        case _:
            return requested


def _take(order: Order, quote: Quote, wanted: Decimal, *, closes: bool) -> Taken:
    ticket = order.ticket
    limited = order.kind in _LIMITED
    limit = ticket.price if limited else ticket.price_bound
    return take(quote, wanted, limit, closes=closes and not limited)


def _may_be_partial(state: AccountState, order: Order) -> bool:
    if order.ticket.time_in_force is TimeInForce.IOC:
        return True
    reissues = state.settings.short_ladder is ShortLadder.REISSUE
    return reissues and order.kind is OrderKind.LIMIT and order.ticket.time_in_force.rests


def _split(
    state: AccountState,
    order: Order,
    units: Decimal,
    targets: tuple[Reduction, ...] | None,
) -> tuple[tuple[Reduction, ...], Decimal]:
    """Which trades so many units close, oldest first, and how many they open."""
    if targets is not None:
        return targets, ZERO
    if effective_fill(state, order.ticket.position_fill) is PositionFill.OPEN_ONLY:
        return (), units
    left, reductions = units, []
    for trade in state.trades.open(order.instrument.name, _opposite(units)):
        if left == ZERO:
            break
        closed = min(abs(left), abs(trade.current_units)).copy_sign(units)
        reductions.append(Reduction(trade.id, closed))
        left -= closed
    return tuple(reductions), left


def _booked_price(order: Order, taken: Taken) -> Decimal:
    guaranteed = order.kind is OrderKind.GUARANTEED_STOP_LOSS or order.ticket.guaranteed
    if guaranteed and order.ticket.price is not None:
        return order.ticket.price
    return round_price(order.instrument, taken.price)


def _units_after(state: AccountState, plan: FillPlan) -> dict[Side, Decimal]:
    """Signed units of both sides of the position once the plan is booked."""
    name = plan.order.instrument.name
    after = {side: state.trades.units(name, side) for side in Side}
    if plan.opened:
        after[side_of(plan.opened)] += plan.opened
        after[_opposite(plan.opened)] += plan.units - plan.opened
    return after
