"""Letting waiting orders act when prices have moved."""

from collections.abc import Iterable

from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.execution import act
from venuetree.scenarios.simulated.oanda.triggers import fires, follow

__all__ = ["sweep"]


def sweep(state: AccountState, names: Iterable[str]) -> None:
    """Let the orders of these instruments act, oldest first, each in a batch of its own."""
    for name in names:
        quote = state.prices.quote(name)
        if not quote.tradeable:
            continue
        for order in state.orders.pending(name):
            if not order.pending:  # an earlier one has closed its trade
                continue
            follow(state, order, quote)
            if fires(state, order, quote):
                with state.by_itself() as batch:
                    act(state, batch, order)
