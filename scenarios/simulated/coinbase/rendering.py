"""State into the exchange's JSON: orders, fills, products, accounts."""

from decimal import Decimal
from typing import Any

from venuetree.scenarios.simulated.accounts import Balance
from venuetree.scenarios.simulated.coinbase.market import Candle, Market, Print
from venuetree.scenarios.simulated.coinbase.orders import AccountOrder, Fill
from venuetree.scenarios.simulated.matching import Side
from venuetree.scenarios.simulated.numbers import plain, rfc3339

_FIAT = {"USD", "EUR", "GBP"}
_DESCRIPTIVE = (
    "about_description",
    "base_cbrn",
    "display_name_overwrite",
    "icon_color",
    "icon_url",
    "market_cap",
    "product_cbrn",
    "quote_cbrn",
)
_NAMES = {"BTC": "BTC Wallet", "USD": "Cash (USD)"}


def order_json(order: AccountOrder, *, user_id: str, portfolio_id: str) -> dict[str, Any]:
    """The order as ``GET /orders/historical/{order_id}`` shows it."""
    ticket = order.ticket
    return {
        "order_id": order.order_id,
        "product_id": ticket.product_id,
        "user_id": user_id,
        "order_configuration": current_configuration(order),
        "side": ticket.side.value,
        "client_order_id": order.client_order_id,
        "status": order.status.value,
        "time_in_force": ticket.time_in_force.value,
        "created_time": rfc3339(order.created_ns, digits=6),
        "completion_percentage": plain(order.completion_percentage),
        "filled_size": plain(order.filled_size),
        "average_filled_price": plain(order.average_price),
        "fee": "",
        "number_of_fills": str(len(order.fills)),
        "filled_value": plain(order.filled_value),
        "pending_cancel": order.pending_cancel,
        "size_in_quote": ticket.quote_size is not None,
        "total_fees": plain(order.total_fees),
        "size_inclusive_of_fees": order.size is None,
        "total_value_after_fees": plain(order.value_after_fees),
        "trigger_status": order.trigger_status.value,
        "order_type": ticket.order_type.value,
        "reject_reason": order.reject_reason,
        "settled": order.status.over and bool(order.fills),
        "product_type": "SPOT",
        "reject_message": order.reject_message,
        "cancel_message": order.cancel_message,
        "order_placement_source": "RETAIL_ADVANCED",
        "outstanding_hold_amount": plain(order.hold),
        "is_liquidation": False,
        "last_fill_time": rfc3339(order.fills[-1].time_ns) if order.fills else None,
        "edit_history": [
            {
                "price": plain(edit.price),
                "size": plain(edit.size),
                "replace_accept_timestamp": rfc3339(edit.time_ns, digits=6),
            }
            for edit in order.edits
        ],
        "leverage": "",
        "margin_type": "UNKNOWN_MARGIN_TYPE",
        "retail_portfolio_id": portfolio_id,
        "originating_order_id": order.originating_order_id,
        "attached_order_id": order.attached_order_id,
        "attached_order_configuration": _attached_json(order),
        "current_pending_replace": None,
        "last_update_time": rfc3339(order.updated_ns, digits=6),
        "workable_size": "",
        "workable_size_completion_pct": "",
        "product_details": None,
    }


def current_configuration(order: AccountOrder) -> dict[str, Any]:
    """The configuration with what edits changed."""
    ((name, fields),) = order.ticket.configuration.items()
    if not order.edits or order.size is None or order.price is None:
        return {name: fields}
    return {name: {**fields, "base_size": plain(order.size), "limit_price": plain(order.price)}}


def _attached_json(order: AccountOrder) -> dict[str, Any] | None:
    attached = order.ticket.attached
    if attached is None:
        return None
    return {
        "trigger_bracket_gtc": {
            "limit_price": plain(attached.limit_price),
            "stop_trigger_price": plain(attached.stop_trigger_price),
        }
    }


def fill_json(
    order: AccountOrder, fill: Fill, *, user_id: str, portfolio_id: str
) -> dict[str, Any]:
    """One fill as ``GET /orders/historical/fills`` shows it.

    The size of an order that was given in quote currency is told in it too.
    """
    in_quote = order.ticket.quote_size is not None and order.size is None
    return {
        "entry_id": fill.entry_id,
        "trade_id": fill.trade_id,
        "order_id": order.order_id,
        "trade_time": rfc3339(fill.time_ns),
        "trade_type": "FILL",
        "price": plain(fill.price),
        "size": plain(fill.quantity * fill.price if in_quote else fill.quantity),
        "commission": plain(fill.commission),
        "product_id": order.ticket.product_id,
        "sequence_timestamp": rfc3339(fill.time_ns, digits=6),
        "liquidity_indicator": fill.liquidity.value,
        "size_in_quote": in_quote,
        "user_id": user_id,
        "side": order.ticket.side.value,
        "retail_portfolio_id": portfolio_id,
        "fillSource": "FILL_SOURCE_CLOB",
        "commission_detail_total": {"total_commission": plain(fill.commission)},
    }


def account_json(
    *, uuid: str, currency: str, balance: Balance, portfolio_id: str, updated_ns: int
) -> dict[str, Any]:
    """One account as ``GET /accounts`` shows it."""
    return {
        "uuid": uuid,
        "name": _NAMES.get(currency, f"{currency} Wallet"),
        "currency": currency,
        "available_balance": {"value": plain(balance.available), "currency": currency},
        "default": True,
        "active": True,
        "created_at": "2023-03-01T10:00:00Z",
        "updated_at": rfc3339(updated_ns, digits=6),
        "deleted_at": None,
        "type": "ACCOUNT_TYPE_FIAT" if currency in _FIAT else "ACCOUNT_TYPE_CRYPTO",
        "ready": True,
        "hold": {"value": plain(balance.held), "currency": currency},
        "retail_portfolio_id": portfolio_id,
        "platform": "ACCOUNT_PLATFORM_CONSUMER",
    }


def product_json(market: Market) -> dict[str, Any]:
    """One product as ``GET /products`` shows it."""
    product = market.product
    change = percent_change(market)
    return {
        "product_id": product.product_id,
        "price": plain(market.last.price),
        "price_percentage_change_24h": change,
        "volume_24h": plain(market.volume),
        "volume_percentage_change_24h": "4.90170233",
        "base_increment": plain(product.base_increment),
        "quote_increment": plain(product.quote_increment),
        "quote_min_size": plain(product.quote_min_size),
        "quote_max_size": plain(product.quote_max_size),
        "base_min_size": plain(product.base_min_size),
        "base_max_size": plain(product.base_max_size),
        "base_name": product.base_name,
        "quote_name": product.quote_name,
        "watched": False,
        "is_disabled": product.is_disabled,
        "new": False,
        "status": product.status,
        "cancel_only": product.cancel_only,
        "limit_only": product.limit_only,
        "post_only": product.post_only,
        "trading_disabled": product.trading_disabled,
        "auction_mode": False,
        "product_type": "SPOT",
        "quote_currency_id": product.quote,
        "base_currency_id": product.base,
        "fcm_trading_session_details": None,
        "mid_market_price": "",
        "alias": product.alias,
        "alias_to": list(product.alias_to),
        "base_display_symbol": product.base,
        "quote_display_symbol": product.quote,
        "view_only": product.view_only,
        "price_increment": plain(product.price_increment),
        "display_name": product.product_id,
        "product_venue": "CBE",
        "approximate_quote_24h_volume": plain(
            (market.volume * market.last.price).quantize(Decimal("0.01"))
        ),
        "new_at": "2023-01-01T00:00:00Z",
        "best_bid_price": "",
        "best_ask_price": "",
        "high_24h": "",
        "low_24h": "",
        "is_alpha_testing": False,
        **dict.fromkeys(_DESCRIPTIVE, ""),
    }


def percent_change(market: Market) -> str:
    """The last price against the opening one, in per cent."""
    return plain(((market.last.price / market.opened - 1) * 100).quantize(Decimal("0.00000001")))


def levels_json(market: Market, side: Side, limit: int | None) -> list[dict[str, str]]:
    """A side of the book, best first."""
    return [
        {"price": plain(price), "size": plain(size)}
        for price, size in market.book.levels(side, limit)
    ]


def candle_json(candle: Candle) -> dict[str, str]:
    """One candle."""
    return {
        "start": str(candle.start_s),
        "low": plain(candle.low),
        "high": plain(candle.high),
        "open": plain(candle.open),
        "close": plain(candle.close),
        "volume": plain(candle.volume),
    }


def trade_json(product_id: str, printed: Print) -> dict[str, str]:
    """One public trade, with the maker's side."""
    return {
        "product_id": product_id,
        "trade_id": str(printed.trade_id),
        "price": plain(printed.price),
        "size": plain(printed.size),
        "time": rfc3339(printed.time_ns, digits=6),
        "side": printed.maker_side.value,
    }
