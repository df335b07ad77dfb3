"""Closing a trade, wholly or in part, and writing on it."""

from decimal import Decimal
from typing import Any

from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.amounts import ZERO
from venuetree.scenarios.simulated.oanda.answers import Answered, bad_value
from venuetree.scenarios.simulated.oanda.closing import CLOSING_TERMS, close_trades
from venuetree.scenarios.simulated.oanda.extension_calls import read_extensions
from venuetree.scenarios.simulated.oanda.field_reader import as_object, decimals, number_text
from venuetree.scenarios.simulated.oanda.lifecycle import reject
from venuetree.scenarios.simulated.oanda.order_fields import extension_fields, present
from venuetree.scenarios.simulated.oanda.orders import OrderKind, Reduction
from venuetree.scenarios.simulated.oanda.refusals import rejected
from venuetree.scenarios.simulated.oanda.specifiers import read_specifier
from venuetree.scenarios.simulated.oanda.trades import Trade

__all__ = ["close", "extend"]


def close(state: AccountState, specifier: str, body: Any, request_id: str) -> Answered:
    """Close a trade; without a body, all of it.

    Raises:
        BadRequestError: the request cannot be read.
    """
    key = read_specifier(specifier, "tradeSpecifier")
    units = _units_sent(as_object({} if body is None else body, "body"))
    trade = state.trades.find_open(key)
    reason = "TRADE_DOESNT_EXIST" if trade is None else _check_units(trade, units)
    closes = {"tradeClose": {"units": units, **_ids(trade, key)}}
    with state.requested(request_id) as batch:
        if trade is None or reason is not None:
            refused = reject(
                batch,
                OrderKind.MARKET,
                reason or "INTERNAL_SERVER_ERROR",
                {
                    "instrument": None if trade is None else trade.instrument.name,
                    **CLOSING_TERMS,
                    "reason": "TRADE_CLOSE",
                    **closes,
                },
            )
            status = 404 if trade is None else 400
            return rejected(status, batch, refused["rejectReason"], orderRejectTransaction=refused)
        size = abs(trade.current_units) if units == "ALL" else Decimal(units)
        closed = -size.copy_sign(trade.current_units)
        target = (trade, Reduction(trade.id, closed))
        created, outcome = close_trades(state, batch, [target], "TRADE_CLOSE", closes)
        return Answered(
            200,
            {
                "orderCreateTransaction": created,
                **outcome.named(),
                "relatedTransactionIDs": batch.ids,
                "lastTransactionID": str(batch.log.last_id),
            },
        )


def _units_sent(body: dict[str, Any]) -> str:
    sent = body.get("units")
    if sent is None or sent == "ALL":
        return "ALL"
    text = number_text(sent)
    if text is None:
        raise bad_value("units")
    return text


def _check_units(trade: Trade, units: str) -> str | None:
    if units == "ALL":
        return None
    number = Decimal(units)
    if decimals(number) > trade.instrument.trade_units_precision:
        return "UNITS_PRECISION_EXCEEDED"
    if number <= ZERO:
        return "UNITS_INVALID"
    if number > abs(trade.current_units):
        return "CLOSE_TRADE_UNITS_EXCEED_TRADE_SIZE"
    return None


def _ids(trade: Trade | None, key: int | str) -> dict[str, str]:
    """How a transaction names a trade; one that was not found, as the request did."""
    if trade is not None:
        return present({"tradeID": str(trade.id), "clientTradeID": trade.client_id})
    return {"tradeID": str(key)} if isinstance(key, int) else {"clientTradeID": key}


def extend(state: AccountState, specifier: str, body: Any, request_id: str) -> Answered:
    """Change the client extensions of an open trade.

    Raises:
        BadRequestError: the request cannot be read.
    """
    key = read_specifier(specifier, "tradeSpecifier")
    given = read_extensions(as_object(body, "clientExtensions"), "clientExtensions", "CLIENT_TRADE")
    trade = state.trades.find_open(key)
    reason = given.reason
    if trade is None:
        reason = "TRADE_DOESNT_EXIST"
    elif given.value is None:
        reason = "CLIENT_EXTENSIONS_DATA_MISSING"
    elif state.trades.find_open(given.value.id) not in {None, trade}:
        reason = "CLIENT_TRADE_ID_ALREADY_EXISTS"
    fields = {
        **_ids(trade, key),
        "tradeClientExtensionsModify": extension_fields(given.value),
    }
    with state.requested(request_id) as batch:
        if trade is None or reason is not None:
            refused = batch.add(
                "TRADE_CLIENT_EXTENSIONS_MODIFY_REJECT", rejectReason=reason, **fields
            )
            return rejected(
                404 if trade is None else 400,
                batch,
                refused["rejectReason"],
                tradeClientExtensionsModifyRejectTransaction=refused,
            )
        changed = batch.add("TRADE_CLIENT_EXTENSIONS_MODIFY", **fields)
        trade.extensions = given.onto(trade.extensions)
        return Answered(
            200,
            {
                "tradeClientExtensionsModifyTransaction": changed,
                "relatedTransactionIDs": batch.ids,
                "lastTransactionID": str(batch.log.last_id),
            },
        )
