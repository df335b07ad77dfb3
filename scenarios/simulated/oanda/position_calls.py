"""Closing the sides of a position: both that are asked for, or neither."""

from decimal import Decimal
from typing import Any

import attrs

from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.amounts import ZERO, units_text
from venuetree.scenarios.simulated.oanda.answers import Answered, bad_value
from venuetree.scenarios.simulated.oanda.closing import CLOSING_TERMS, close_trades
from venuetree.scenarios.simulated.oanda.extension_calls import Changed, read_extensions
from venuetree.scenarios.simulated.oanda.field_reader import as_object, decimals, number_text
from venuetree.scenarios.simulated.oanda.lifecycle import reject
from venuetree.scenarios.simulated.oanda.orders import OrderKind, Reduction
from venuetree.scenarios.simulated.oanda.refusals import rejected
from venuetree.scenarios.simulated.oanda.specifiers import known_instrument
from venuetree.scenarios.simulated.oanda.trades import Side, Trade
from venuetree.scenarios.simulated.oanda.transactions import Batch
from venuetree.scenarios.simulated.oanda.universe import Instrument

__all__ = ["close"]

_REJECTED = "CLOSEOUT_POSITION_REJECT"
"""The reason on the side that could have been closed but for the other."""


@attrs.frozen
class _SideRequest:
    """One side that shall be closed."""

    side: Side
    units: str
    """ALL, NONE or a number, as it was sent."""
    extensions: Changed
    held: Decimal
    """Units of the position's side, without sign."""
    reason: str | None
    """Why it cannot be closed."""

    @property
    def size(self) -> Decimal:
        """Units to close, without sign."""
        return self.held if self.units == "ALL" else Decimal(self.units)

    def closes(self, instrument: Instrument) -> dict[str, Any]:
        """What the order's transaction says of it."""
        closeout = {"instrument": instrument.name, "units": self.units}
        return {f"{self.side.value}PositionCloseout": closeout}


def close(state: AccountState, name: str, body: Any, request_id: str) -> Answered:
    """Close a position's sides; a side that the request does not mention is left alone.

    Raises:
        BadRequestError: the request cannot be read.
    """
    instrument = known_instrument(state, name, "instrument")
    body = as_object({} if body is None else body, "body")
    asked = [_read_side(state, body, side, instrument) for side in Side]
    wanted = [each for each in asked if each.units != "NONE"]
    with state.requested(request_id) as batch:
        if not wanted:
            return _incomplete(batch, instrument)
        if any(each.reason is not None for each in wanted):
            return _rejected(state, batch, wanted, instrument)
        parts: dict[str, Any] = {}
        for each in wanted:
            parts |= _close_side(state, batch, each, instrument)
        return Answered(
            200,
            {
                **parts,
                "relatedTransactionIDs": batch.ids,
                "lastTransactionID": str(batch.log.last_id),
            },
        )


def _read_side(
    state: AccountState, body: dict[str, Any], side: Side, instrument: Instrument
) -> _SideRequest:
    name = f"{side.value}Units"
    sent = "NONE" if body.get(name) is None else body[name]
    text = sent if sent in ("ALL", "NONE") else number_text(sent)
    if text is None:
        raise bad_value(name)
    extensions = read_extensions(body, f"{side.value}ClientExtensions")
    held = abs(state.trades.units(instrument.name, side))
    reason = _check(text, held, instrument) or extensions.reason
    return _SideRequest(side, text, extensions, held, reason)


def _check(text: str, held: Decimal, instrument: Instrument) -> str | None:
    if text == "NONE":
        return None
    if held == ZERO:
        return "CLOSEOUT_POSITION_DOESNT_EXIST"
    if text == "ALL":
        return None
    number = Decimal(text)
    if decimals(number) > instrument.trade_units_precision:
        return "UNITS_PRECISION_EXCEEDED"
    if number <= ZERO:
        return "UNITS_INVALID"
    return "CLOSEOUT_POSITION_UNITS_EXCEED_POSITION_SIZE" if number > held else None


def _close_side(
    state: AccountState, batch: Batch, request: _SideRequest, instrument: Instrument
) -> dict[str, Any]:
    created, outcome = close_trades(
        state,
        batch,
        _targets(state.trades.open(instrument.name, request.side), request.size),
        "POSITION_CLOSEOUT",
        request.closes(instrument),
        extensions=request.extensions.value,
    )
    prefix = f"{request.side.value}Order"
    return {f"{prefix}CreateTransaction": created, **outcome.named(prefix)}


def _targets(trades: list[Trade], size: Decimal) -> list[tuple[Trade, Reduction]]:
    """The oldest trades that make up so many units."""
    left, targets = size, []
    for trade in trades:
        if left == ZERO:
            break
        taken = min(left, abs(trade.current_units))
        targets.append((trade, Reduction(trade.id, -taken.copy_sign(trade.current_units))))
        left -= taken
    return targets


def _rejected(
    state: AccountState, batch: Batch, wanted: list[_SideRequest], instrument: Instrument
) -> Answered:
    parts: dict[str, Any] = {}
    for each in wanted:
        parts |= _reject_side(batch, each, instrument, each.reason or _REJECTED)
    reason = next(each.reason for each in wanted if each.reason is not None)
    nothing_open = not state.trades.open(instrument.name)
    return rejected(404 if nothing_open else 400, batch, reason, **parts)


def _incomplete(batch: Batch, instrument: Instrument) -> Answered:
    """Neither side is asked for."""
    reason = "CLOSEOUT_POSITION_INCOMPLETE_SPECIFICATION"
    parts: dict[str, Any] = {}
    for side in Side:
        request = _SideRequest(side, "NONE", Changed(None, None), ZERO, reason)
        parts |= _reject_side(batch, request, instrument, reason)
    return rejected(400, batch, reason, **parts)


def _reject_side(
    batch: Batch, request: _SideRequest, instrument: Instrument, reason: str
) -> dict[str, Any]:
    units = None
    if reason == _REJECTED:
        # What its order would have had: a long position is closed by selling.
        units = units_text(request.size if request.side is Side.SHORT else -request.size)
    transaction = reject(
        batch,
        OrderKind.MARKET,
        reason,
        {
            "instrument": instrument.name,
            "units": units,
            **CLOSING_TERMS,
            "reason": "POSITION_CLOSEOUT",
            **request.closes(instrument),
        },
    )
    return {f"{request.side.value}OrderRejectTransaction": transaction}
