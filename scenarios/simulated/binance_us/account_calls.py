"""Calls about the account itself: balances, commissions, order counts, listen keys."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from venuetree.scenarios.simulated.binance_us import parameters as of
from venuetree.scenarios.simulated.binance_us.filters import Profile, wire
from venuetree.scenarios.simulated.binance_us.keys import Permission
from venuetree.scenarios.simulated.binance_us.operations import Call, Operation, Security
from venuetree.scenarios.simulated.binance_us.parameters import Values
from venuetree.scenarios.simulated.binance_us.weights import flat

_NEVER_HELD = ("BNB", "SOL", "USDC")
"""Assets that an account lists though it never had any."""
_BASIS_POINTS = 10_000
_FIRST_UID = 354_937_868
ZERO = Decimal(0)


def _account(call: Call) -> Any:
    venue, account = call.venue, call.account
    rates = venue.settings.rates
    held = venue.ledger.currencies(account)
    balances = [
        {"asset": asset, "free": wire(balance.available), "locked": wire(balance.held)}
        for asset in sorted({*held, *_NEVER_HELD})
        if (balance := venue.ledger.balance(account, asset)).total
        or not call.values.get("omitZeroBalances", False)
    ]
    may_trade = any(
        Permission.TRADE in key.permissions for key in venue.keys.values() if key.account == account
    )
    told: dict[str, Any] = {
        "makerCommission": int(rates.maker * _BASIS_POINTS),
        "takerCommission": int(rates.taker * _BASIS_POINTS),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": _rates(call),
        "canTrade": may_trade,
        "canWithdraw": True,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
    }
    if call.profile is Profile.LIVE:
        told["preventSor"] = False
    told |= {
        "updateTime": venue.events.updated_ms.get(account, 0),
        "accountType": "SPOT",
        "balances": balances,
        "permissions": ["SPOT"],
    }
    if call.profile is Profile.LIVE:
        accounts = list(dict.fromkeys(key.account for key in venue.keys.values()))
        told["uid"] = _FIRST_UID + accounts.index(account)
    return told


def _rates(call: Call) -> dict[str, str]:
    rates = call.venue.settings.rates
    return {
        "maker": wire(rates.maker),
        "taker": wire(rates.taker),
        "buyer": wire(ZERO),
        "seller": wire(ZERO),
    }


def _commission(call: Call) -> Any:
    return {
        "symbol": call.market().symbol,
        "standardCommission": _rates(call),
        "taxCommission": dict.fromkeys(_rates(call), wire(ZERO)),
        "discount": {
            "enabledForAccount": False,
            "enabledForSymbol": False,
            "discountAsset": "BNB",
            "discount": wire(ZERO),
        },
    }


def _order_counts(call: Call) -> Any:
    return call.venue.limits.order_counts(call.account, call.venue.now_ms())


def _start(call: Call) -> Any:
    return {"listenKey": call.venue.listen_keys.create(call.account)}


def _extend(call: Call) -> Any:
    call.venue.listen_keys.extend(call.account, call.values.need("listenKey"))
    return {}


def _stop(call: Call) -> Any:
    call.venue.listen_keys.delete(call.account, call.values.need("listenKey"))
    return {}


def _need(name: str) -> Any:
    def check(values: Values, profile: Profile) -> None:
        del profile
        values.need(name)

    return check


_LISTEN_KEY = {"listenKey": of.matching(r"^[a-zA-Z0-9]{1,128}$")}

OPERATIONS: Mapping[str, Operation] = {
    "account.status": Operation(
        Security.USER_DATA, flat(10, 20), _account, {"omitZeroBalances": of.boolean}
    ),
    "account.commission": Operation(
        Security.USER_DATA, flat(10, 20), _commission, {"symbol": of.symbol}, _need("symbol")
    ),
    "account.rateLimits.orders": Operation(Security.USER_DATA, flat(20, 40), _order_counts),
    "userDataStream.start": Operation(Security.USER_STREAM, flat(1, 2), _start),
    "userDataStream.ping": Operation(
        Security.USER_STREAM, flat(1, 2), _extend, _LISTEN_KEY, _need("listenKey")
    ),
    "userDataStream.stop": Operation(
        Security.USER_STREAM, flat(1, 2), _stop, _LISTEN_KEY, _need("listenKey")
    ),
}
