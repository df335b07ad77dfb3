"""Letting an order act: fill it now if it can be, cancel it if it must be, else let it wait."""

from typing import Any

import attrs

from venuetree.scenarios.simulated.oanda.account_settings import ShortLadder
from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.amounts import ZERO
from venuetree.scenarios.simulated.oanda.filling import FillPlan, plan_fill
from venuetree.scenarios.simulated.oanda.lifecycle import accept, cancel
from venuetree.scenarios.simulated.oanda.order_fields import present
from venuetree.scenarios.simulated.oanda.orders import Order, OrderKind
from venuetree.scenarios.simulated.oanda.refusals import FillRefusedError
from venuetree.scenarios.simulated.oanda.settlement import book
from venuetree.scenarios.simulated.oanda.transactions import Batch, Transaction
from venuetree.scenarios.simulated.oanda.triggers import fires

__all__ = ["Outcome", "act", "start"]


@attrs.frozen
class Outcome:
    """What became of an order at once; all None if it waits."""

    fill: Transaction | None = None
    cancel: Transaction | None = None
    reissue: Transaction | None = None

    def named(self, prefix: str = "order", cancel_key: str | None = None) -> dict[str, Any]:
        """The transactions by the keys of an answer, which begin with `prefix`."""
        return present(
            {
                f"{prefix}FillTransaction": self.fill,
                cancel_key or f"{prefix}CancelTransaction": self.cancel,
                f"{prefix}ReissueTransaction": self.reissue,
            }
        )


def start(state: AccountState, batch: Batch, order: Order) -> Outcome:
    """Let an order that was just created act, if its price has come."""
    quote = state.prices.quote(order.instrument.name)
    if order.kind is OrderKind.MARKET or fires(state, order, quote):
        return act(state, batch, order)
    if order.ticket.time_in_force.rests:
        return Outcome()
    reason = "TIME_IN_FORCE_EXPIRED" if quote.tradeable else "MARKET_HALTED"
    return Outcome(cancel=cancel(state, batch, order, reason))


def act(state: AccountState, batch: Batch, order: Order) -> Outcome:
    """Fill an order whose price has come, or cancel it."""
    try:
        plan = plan_fill(state, order)
    except FillRefusedError as refused:
        if refused.waits:
            return Outcome()
        return Outcome(cancel=cancel(state, batch, order, refused.reason))
    fill = book(state, batch, plan)
    if plan.remainder == ZERO:
        return Outcome(fill)
    if _reissues(state, plan):
        return Outcome(fill, reissue=_reissue(state, batch, plan))
    return Outcome(fill, cancel=cancel(state, batch, order, plan.shortage))


def _reissues(state: AccountState, plan: FillPlan) -> bool:
    order = plan.order
    return (
        state.settings.short_ladder is ShortLadder.REISSUE
        and order.kind is OrderKind.LIMIT
        and order.ticket.time_in_force.rests
        and plan.shortage != "POSITION_CLOSEOUT_FAILED"
    )


def _reissue(state: AccountState, batch: Batch, plan: FillPlan) -> Transaction:
    """The rest of a limit order lives on under a new id."""
    ticket = attrs.evolve(plan.order.ticket, units=plan.remainder)
    order, transaction = accept(state, batch, ticket, "REPLACEMENT", replaces=plan.order)
    order.expires_ns = plan.order.expires_ns
    plan.order.replaced_by_id = order.id
    return transaction
