"""Market orders that close trades: what they have in common, whoever wants the trades closed."""

from typing import Any

from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.amounts import ZERO
from venuetree.scenarios.simulated.oanda.execution import Outcome, act
from venuetree.scenarios.simulated.oanda.lifecycle import accept
from venuetree.scenarios.simulated.oanda.orders import (
    Extensions,
    OrderKind,
    PositionFill,
    Reduction,
    Ticket,
    TimeInForce,
)
from venuetree.scenarios.simulated.oanda.trades import Trade
from venuetree.scenarios.simulated.oanda.transactions import Batch, Transaction

__all__ = ["CLOSING_TERMS", "close_trades"]

CLOSING_TERMS = {
    "timeInForce": TimeInForce.FOK.value,
    "positionFill": PositionFill.REDUCE_ONLY.value,
}
"""What the rejection of every such order says too."""


def close_trades(
    state: AccountState,
    batch: Batch,
    targets: list[tuple[Trade, Reduction]],
    reason: str,
    closes: dict[str, Any],
    *,
    extensions: Extensions | None = None,
) -> tuple[Transaction, Outcome]:
    """Create a market order that closes these trades and no others, and let it act.

    Args:
        state: the account.
        batch: to which its transactions belong.
        targets: trades of one instrument and one side, at least one.
        reason: of the order; its fill's is the same with ``MARKET_ORDER_`` before it.
        closes: the field of the order that says what it closes.
        extensions: of the order.
    """
    ticket = Ticket(
        kind=OrderKind.MARKET,
        instrument=targets[0][0].instrument,
        units=sum((reduction.units for _, reduction in targets), ZERO),
        time_in_force=TimeInForce.FOK,
        position_fill=PositionFill.REDUCE_ONLY,
        closes=closes,
        extensions=extensions,
    )
    order, created = accept(state, batch, ticket, reason)
    order.targets = tuple(reduction for _, reduction in targets)
    order.fill_reason = f"MARKET_ORDER_{reason}"
    return created, act(state, batch, order)
