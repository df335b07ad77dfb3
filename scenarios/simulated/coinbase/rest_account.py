"""REST: accounts, fees, permissions, portfolios, futures balance."""

from decimal import Decimal
from uuid import NAMESPACE_OID, uuid5

from venuetree.scenarios.simulated.coinbase.desk import ACCOUNT
from venuetree.scenarios.simulated.coinbase.keys import ALL_PERMISSIONS, Permission
from venuetree.scenarios.simulated.coinbase.rendering import account_json
from venuetree.scenarios.simulated.coinbase.rest_common import (
    BASE,
    Access,
    Call,
    Route,
    error,
    page,
    whole_number,
)
from venuetree.scenarios.simulated.numbers import plain
from venuetree.scenarios.simulated.wire import Response

_PAGE = 49
_LARGEST_PAGE = 250


def _rows(call: Call) -> list[dict[str, object]]:
    venue = call.venue
    return [
        account_json(
            uuid=str(uuid5(NAMESPACE_OID, f"{venue.portfolio_id} {currency}")),
            currency=currency,
            balance=venue.ledger.balance(ACCOUNT, currency),
            portfolio_id=venue.portfolio_id,
            updated_ns=venue.started_ns,
        )
        for currency in venue.ledger.currencies(ACCOUNT)
    ]


def list_accounts(call: Call) -> Response:
    """GET /accounts."""
    request = call.request
    limit = whole_number(request.one("limit"), default=_PAGE, low=1, high=10**6, name="limit")
    rows, cursor = page(
        _rows(call),
        cursor=request.one("cursor"),
        limit=min(limit, _LARGEST_PAGE),
        key=lambda row: str(row["uuid"]),
    )
    return Response.of_json(
        {"accounts": rows, "has_next": bool(cursor), "cursor": cursor, "size": len(rows)}
    )


def get_account(call: Call) -> Response:
    """GET /accounts/{account_uuid}."""
    for row in _rows(call):
        if row["uuid"] == call.parts["account_uuid"]:
            return Response.of_json({"account": row})
    return error(404, "NOT_FOUND", "account not found")


def transaction_summary(call: Call) -> Response:
    """GET /transaction_summary: totals are JSON numbers."""
    venue = call.venue
    orders = venue.desk.orders.values()
    volume = float(sum((order.filled_value for order in orders), start=Decimal(0)))
    fees = float(sum((order.total_fees for order in orders), start=Decimal(0)))
    return Response.of_json(
        {
            "total_volume": volume,
            "total_fees": fees,
            "fee_tier": {
                "pricing_tier": "Intro",
                "usd_from": "0",
                "usd_to": "10000",
                "taker_fee_rate": plain(venue.settings.rates.taker),
                "maker_fee_rate": plain(venue.settings.rates.maker),
                "aop_from": "",
                "aop_to": "",
            },
            "margin_rate": None,
            "goods_and_services_tax": None,
            "advanced_trade_only_volume": volume,
            "advanced_trade_only_fees": fees,
            "coinbase_pro_volume": 0,
            "coinbase_pro_fees": 0,
            "total_balance": plain(venue.ledger.balance(ACCOUNT, "USD").total),
            "has_cost_plus_commission": False,
        }
    )


def futures_positions(call: Call) -> Response:
    """GET /cfm/positions: there are no futures in this world."""
    del call
    return Response.of_json({"positions": []})


def key_permissions(call: Call) -> Response:
    """GET /key_permissions."""
    held = ALL_PERMISSIONS if call.key is None else call.key.permissions
    return Response.of_json(
        {
            "can_view": Permission.VIEW in held,
            "can_trade": Permission.TRADE in held,
            "can_transfer": False,
            "portfolio_uuid": call.venue.portfolio_id,
            "portfolio_type": "DEFAULT",
        }
    )


def portfolios(call: Call) -> Response:
    """GET /portfolios."""
    return Response.of_json(
        {
            "portfolios": [
                {
                    "name": "Default",
                    "uuid": call.venue.portfolio_id,
                    "type": "DEFAULT",
                    "deleted": False,
                }
            ]
        }
    )


def not_permitted(_: Call) -> Response:
    """GET /intx/…: an ordinary portfolio may not."""
    return error(403, "PERMISSION_DENIED", "User does not have the correct permissions")


ROUTES = (
    Route("GET", f"{BASE}/accounts", Access.VIEW, list_accounts),
    Route("GET", f"{BASE}/accounts/{{account_uuid}}", Access.VIEW, get_account),
    Route("GET", f"{BASE}/transaction_summary", Access.VIEW, transaction_summary),
    Route("GET", f"{BASE}/cfm/positions", Access.VIEW, futures_positions),
    Route("GET", f"{BASE}/key_permissions", Access.VIEW, key_permissions),
    Route("GET", f"{BASE}/portfolios", Access.VIEW, portfolios),
    Route("GET", f"{BASE}/intx/portfolio/{{portfolio_uuid}}", Access.VIEW, not_permitted),
    Route("GET", f"{BASE}/intx/positions/{{portfolio_uuid}}", Access.VIEW, not_permitted),
)
