"""Watching an account's margin: margin calls, and the closeout when too little is left."""

from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.closing import close_trades
from venuetree.scenarios.simulated.oanda.margin import valuation
from venuetree.scenarios.simulated.oanda.orders import Reduction

__all__ = ["check"]


def check(state: AccountState) -> None:
    """Close out an account whose margin is used up, then begin or end its margin call.

    A closeout closes every position whose instrument trades, each in a batch of
    its own; what is at rest stays until it trades again.
    """
    if valuation(state).closeout_share >= 1:
        _close_out(state)
    called = valuation(state).call_share >= 1
    if called and state.margin_call_since_ns is None:
        with state.by_itself() as batch:
            batch.add("MARGIN_CALL_ENTER")
            state.margin_call_since_ns = batch.time_ns
    elif not called and state.margin_call_since_ns is not None:
        with state.by_itself() as batch:
            batch.add("MARGIN_CALL_EXIT")
        state.margin_call_since_ns = None


def _close_out(state: AccountState) -> None:
    positions = {(trade.instrument.name, trade.side) for trade in state.trades.open()}
    for name, side in sorted(positions, key=lambda each: (each[0], each[1].value)):
        if not state.prices.quote(name).tradeable:
            continue
        targets = [
            (trade, Reduction(trade.id, -trade.current_units))
            for trade in state.trades.open(name, side)
        ]
        with state.by_itself() as batch:
            closes = {"marginCloseout": {"reason": "MARGIN_CHECK_VIOLATION"}}
            close_trades(state, batch, targets, "MARGIN_CLOSEOUT", closes)
