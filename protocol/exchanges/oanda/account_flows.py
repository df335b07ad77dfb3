"""Conversations about the account: its money, positions, margin trades, and settings.

Followed: "Account Endpoints"; "Position Endpoints"; "Trade Endpoints".
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from venuetree.protocol.commands import LogState
from venuetree.protocol.errors import PositionNotFound
from venuetree.protocol.exchanges.oanda.asking import ask
from venuetree.protocol.exchanges.oanda.reading import id_text, symbol_of
from venuetree.protocol.exchanges.oanda.reports import (
    account_changes,
    account_summary,
    balances_from,
    margin_trades,
    order_reports,
    positions_from,
    trade_from,
)
from venuetree.protocol.exchanges.oanda.requests import account_get, account_write, quoted
from venuetree.protocol.models import (
    AccountChanges,
    AccountSummary,
    Balance,
    KeyPermissions,
    MarginTrade,
    Position,
)
from venuetree.protocol.numbers import decimal_text
from venuetree.protocol.port import FlowContext, Lane, RestFlow
from venuetree.protocol.reading import text_of

__all__ = [
    "balances",
    "changes",
    "configure",
    "key_permissions",
    "log_state",
    "positions",
    "summary",
    "trade",
    "trades",
]

#: "Trade Endpoints": the most that one answer holds.
_MOST_TRADES: Final = 500


# ---------------------------------------------------------------- money


def balances() -> RestFlow[tuple[Balance, ...]]:
    """The account's cash, in the one currency that it has."""
    request = account_get("balances", "/summary")
    return (yield from ask(request, lambda body, _: balances_from(body["account"])))


def summary() -> RestFlow[AccountSummary]:
    """What the account is worth and how much of it is in use."""
    request = account_get("account_summary", "/summary")
    return (
        yield from ask(
            request, lambda body, received_ns: account_summary(body["account"], received_ns)
        )
    )


def key_permissions() -> RestFlow[KeyPermissions]:
    """Whether the token is good for the account; what else it may, only a refusal would tell.

    Money cannot be moved by this interface at all.
    """
    request = account_get("key_permissions", "/summary")
    return (yield from ask(request, lambda body, _: _permissions(body["account"])))


def _permissions(account: Mapping[str, Any]) -> KeyPermissions:
    return KeyPermissions(
        can_view=True,
        can_trade=True,
        can_transfer=False,
        detail=f"account in {text_of(account['currency'])}",
    )


def configure(alias: str | None, margin_rate: Decimal | None) -> RestFlow[None]:
    """Set what is given, leave what is not; `ExchangeRefused` with the exchange's reason."""
    body: dict[str, str] = {}
    if alias is not None:
        body["alias"] = alias
    if margin_rate is not None:
        body["marginRate"] = decimal_text(margin_rate)
    if body:
        request = account_write(
            "PATCH", "configure_account", "/configuration", body, lane=Lane.DATA
        )
        yield from ask(request, lambda _, __: None)


# ---------------------------------------------------------------- the account as a whole


def log_state() -> RestFlow[LogState]:
    """The account as of its newest transaction."""
    return (yield from ask(account_get("account", ""), _log_state))


def _log_state(body: Mapping[str, Any], received_time_ns: int) -> LogState:
    account = body["account"]
    (found,) = margin_trades(account, received_time_ns, orders="orders")
    known = {each.trade_id: each for each in found}
    return LogState(
        # Of the account's own, which is what the lists are as of.
        position=id_text(account["lastTransactionID"]),
        open_orders=order_reports(account, received_time_ns, trades=known),
        currency=text_of(account["currency"]),
        trades=found,
    )


def changes(since_transaction_id: str) -> RestFlow[AccountChanges]:
    """What has changed since a transaction; `ExchangeRefused` if there is none of that number."""
    query = (("sinceTransactionID", since_transaction_id),)
    return (yield from ask(account_get("account_changes", "/changes", query), account_changes))


# ---------------------------------------------------------------- positions


def positions(instrument: str, context: FlowContext) -> RestFlow[tuple[Position, ...]]:
    """Positions that are not flat, of one instrument or of all; both sides where both are held."""
    if not instrument:
        request = account_get("positions", "/openPositions")
        return (yield from ask(request, lambda body, _: positions_from(body["positions"])))
    request = account_get("positions", f"/positions/{quoted(symbol_of(instrument, context))}")
    try:
        return (yield from ask(request, lambda body, _: positions_from((body["position"],))))
    except PositionNotFound:
        return ()  # never traded


# ---------------------------------------------------------------- margin trades


def trade(trade_id: str) -> RestFlow[MarginTrade]:
    """One trade, with its exits; `MarginTradeNotFound` if there is none."""
    request = account_get("margin_trade", f"/trades/{quoted(trade_id)}")
    return (
        yield from ask(request, lambda body, received_ns: trade_from(body["trade"], received_ns))
    )


def trades(
    instrument: str, context: FlowContext, *, is_open_only: bool, limit: int | None
) -> RestFlow[tuple[MarginTrade, ...]]:
    """Trades, newest first: those that are open, or all that there ever were.

    In as many requests as it takes; whether the id that a page is asked from counts is told
    differently, so trades that come twice are told once.
    """
    query: list[tuple[str, str]] = [("state", "OPEN" if is_open_only else "ALL")]
    if instrument:
        query.append(("instrument", symbol_of(instrument, context)))
    found: dict[str, MarginTrade] = {}
    before: tuple[tuple[str, str], ...] = ()
    while limit is None or len(found) < limit:
        # One more, for the one that may be told again.
        wanted = _MOST_TRADES if limit is None else limit - len(found) + len(before)
        count = min(_MOST_TRADES, wanted)
        request = account_get("margin_trades", "/trades", (*query, ("count", str(count)), *before))
        (page,) = yield from ask(
            request, lambda body, received_ns: tuple(margin_trades(body, received_ns))
        )
        known = len(found)
        found |= {each.trade_id: each for each in page}
        if len(page) < count or len(found) == known:
            break
        before = (("beforeID", min(page, key=_number).trade_id),)
    newest_first = sorted(found.values(), key=_number, reverse=True)
    return tuple(newest_first[:limit])


def _number(told: MarginTrade) -> int:
    return int(told.trade_id)
