"""Conversations about the account, and the key of its own stream.

Followed: "Account Endpoints"; "User Data Streams: listen key".
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from venuetree.protocol.exchanges.binance_us.asking import ask
from venuetree.protocol.exchanges.binance_us.reading import NAME
from venuetree.protocol.exchanges.binance_us.reports import integer
from venuetree.protocol.exchanges.binance_us.requests import signed_get, stream_key_request
from venuetree.protocol.models import Balance, FeeSummary, KeyPermissions
from venuetree.protocol.numbers import decimal_from
from venuetree.protocol.port import Lane, RestFlow, RestRequest
from venuetree.protocol.reading import text_of

__all__ = ["balances", "fees", "keep_stream", "key_permissions", "open_stream"]


def _account(operation: str, lane: Lane = Lane.DATA) -> RestRequest:
    return signed_get(operation, "/account", weight=20, lane=lane)


def balances(*, lane: Lane = Lane.DATA) -> RestFlow[tuple[Balance, ...]]:
    """Every asset of which there is any."""
    return (yield from ask(_account("balances", lane), lambda told, _: _balances(told)))


def _balances(told: Mapping[str, Any]) -> tuple[Balance, ...]:
    rows = (
        Balance(NAME, text_of(row["asset"]), decimal_from(row["free"]), decimal_from(row["locked"]))
        for row in told["balances"]
    )
    # All assets of the exchange are listed, nearly all of them empty.
    return tuple(balance for balance in rows if balance.available or balance.hold)


def key_permissions() -> RestFlow[KeyPermissions]:
    """What the account may do; of the key itself the exchange tells only by refusing."""
    return (yield from ask(_account("key_permissions"), lambda told, _: _permissions(told)))


def _permissions(told: Mapping[str, Any]) -> KeyPermissions:
    flags = [told[name] for name in ("canTrade", "canWithdraw")]
    if any(type(flag) is not bool for flag in flags):
        text = f"canTrade and canWithdraw must be true or false, not {flags!r:.40}"
        raise TypeError(text)
    can_trade, can_transfer = flags
    kind = told.get("accountType")
    return KeyPermissions(
        can_view=True,
        can_trade=can_trade,
        can_transfer=can_transfer,
        detail=f"account {kind}" if type(kind) is str else "",
    )


def fees() -> RestFlow[FeeSummary]:
    """The account's rates, as fractions of the notional."""
    return (yield from ask(_account("fees"), lambda told, _: _fees(told)))


def _fees(told: Mapping[str, Any]) -> FeeSummary:
    rates = told.get("commissionRates")
    if rates is None:
        # Of older make: whole basis points.
        maker, taker = (
            Decimal(integer(told[name], name)).scaleb(-4)
            for name in ("makerCommission", "takerCommission")
        )
        return FeeSummary("", maker, taker)
    return FeeSummary("", decimal_from(rates["maker"]), decimal_from(rates["taker"]))


def open_stream() -> RestFlow[str]:
    """A listen key, the account's own one if it has one already."""
    request = stream_key_request("open_stream", "POST")
    return (yield from ask(request, lambda told, _: text_of(told["listenKey"])))


def keep_stream(stream_key: str) -> RestFlow[None]:
    """Keep a listen key for another hour."""
    request = stream_key_request("keep_stream", "PUT", (("listenKey", stream_key),))
    yield from ask(request, lambda _, __: None)
