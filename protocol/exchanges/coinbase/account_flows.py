"""The conversations about the account: balances, positions, fees, what the key may do."""

from typing import Final

from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.exchanges.coinbase import wire
from venuetree.protocol.exchanges.coinbase.asking import ask, next_cursor
from venuetree.protocol.exchanges.coinbase.order_flows import symbol_of
from venuetree.protocol.exchanges.coinbase.reading import NAME
from venuetree.protocol.exchanges.coinbase.requests import get
from venuetree.protocol.models import Balance, FeeSummary, KeyPermissions, Position
from venuetree.protocol.numbers import add
from venuetree.protocol.port import FlowContext, RestFlow

__all__ = ["balances", "fees", "key_permissions", "positions"]

#: The largest page; the default is 49.
_PAGE: Final = 250
#: Wallets that spot trading draws on; examples show the words with and without their prefix.
_TYPES: Final = frozenset({"ACCOUNT_TYPE_CRYPTO", "ACCOUNT_TYPE_FIAT", "CRYPTO", "FIAT", ""})
_PLATFORMS: Final = frozenset({"ACCOUNT_PLATFORM_CONSUMER", "ACCOUNT_PLATFORM_UNSPECIFIED", ""})


def balances() -> RestFlow[tuple[Balance, ...]]:
    """Every currency with a wallet; vaults and derivatives accounts are left out."""
    found: dict[str, Balance] = {}
    cursor, seen = "", set[str]()
    while True:
        request = get("balances", "/accounts", (("limit", _PAGE), ("cursor", cursor)))
        page, _ = yield from ask(request, wire.Accounts)
        for account in page.accounts:
            if account.type in _TYPES and account.platform in _PLATFORMS:
                _count(found, account)
        following = next_cursor(page.cursor if page.has_next else None, seen, "balances")
        if following is None:
            return tuple(found.values())
        cursor = following


def _count(found: dict[str, Balance], account: wire.Account) -> None:
    """Add a wallet to its currency's balance."""
    available = account.available_balance.value
    hold = account.hold.value if account.hold is not None else available - available
    before = found.get(account.currency)
    if before is not None:
        available, hold = add(before.available, available), add(before.hold, hold)
    found[account.currency] = Balance(NAME, account.currency, available, hold)


_SIGNS: Final = {"LONG": 1, "SHORT": -1}


def positions(instrument: str, context: FlowContext) -> RestFlow[tuple[Position, ...]]:
    """Open futures positions, in contracts; spot holdings are balances."""
    answer, _ = yield from ask(get("positions", "/cfm/positions"), wire.Positions)
    wanted = symbol_of(instrument, context) if instrument else ""
    return tuple(_position(told) for told in answer.positions if wanted in {"", told.product_id})


def _position(told: wire.WirePosition) -> Position:
    sign = _SIGNS.get(told.side)
    if sign is None:
        message = f"the exchange told a position of an unknown side {told.side!r}"
        raise RemoteProtocolError(message, exchange=NAME, operation="positions", code=told.side)
    contracts = told.number_of_contracts
    return Position(
        exchange=NAME,
        instrument=told.product_id,
        quantity=contracts if sign > 0 else contracts.copy_negate(),
        average_price=told.avg_entry_price.value if told.avg_entry_price else None,
        unrealized_profit=told.unrealized_pnl.value if told.unrealized_pnl else None,
    )


def key_permissions() -> RestFlow[KeyPermissions]:
    """What the key may do."""
    scope, _ = yield from ask(get("key_permissions", "/key_permissions"), wire.KeyScope)
    return KeyPermissions(
        can_view=scope.can_view,
        can_trade=scope.can_trade,
        can_transfer=scope.can_transfer,
        detail=f"portfolio {scope.portfolio_type}".strip() if scope.portfolio_type else "",
    )


def fees() -> RestFlow[FeeSummary]:
    """The account's fee tier; every member of the answer is optional."""
    request = get("fees", "/transaction_summary", (("product_type", "SPOT"),))
    summary, _ = yield from ask(request, wire.TransactionSummary)
    tier = summary.fee_tier or wire.FeeTier()
    return FeeSummary(tier.pricing_tier, tier.maker_fee_rate, tier.taker_fee_rate)
