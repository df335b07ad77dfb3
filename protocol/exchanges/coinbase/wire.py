"""Coinbase's REST payloads, in Coinbase's names, with only the members that we read.

A member without a default must be there; one with a default is "treat as optional". `Decimal`
members follow the strict grammar; `Decimal | None` ones may be `""` or null ("no value").
Everything that the exchange adds is ignored.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from attrs import Factory, frozen

__all__ = [
    "Account",
    "Accounts",
    "CancelResults",
    "Candles",
    "Created",
    "EditAnswer",
    "FillPage",
    "KeyScope",
    "OrderAnswer",
    "OrderPage",
    "Positions",
    "Pricebooks",
    "ProductBook",
    "Products",
    "Refusal",
    "ServerTime",
    "TradeList",
    "TransactionSummary",
    "WireFill",
    "WireOrder",
    "WirePosition",
    "WirePreview",
    "WireProduct",
]


@frozen
class WireOrder:
    """One order, of `GET /orders/historical/{id}` or the list.

    `{"order_id":"7c1c…","product_id":"BTC-USD","side":"BUY","client_order_id":"a1f0…",
    "status":"OPEN","time_in_force":"GOOD_UNTIL_CANCELLED","filled_size":"0.005",
    "average_filled_price":"64250.1","total_fees":"1.6062525","order_type":"LIMIT",
    "order_configuration":{"limit_limit_gtc":{"base_size":"0.015","limit_price":"64250.10"}}}`
    """

    order_id: str
    product_id: str
    side: str
    status: str
    client_order_id: str = ""
    #: Kept opaque: the exchange adds members to it.
    order_configuration: dict[str, Any] | None = None
    time_in_force: str = ""
    order_type: str = ""
    filled_size: Decimal | None = None
    average_filled_price: Decimal | None = None
    total_fees: Decimal | None = None
    pending_cancel: bool = False
    created_time: str | None = None
    last_update_time: str | None = None
    reject_reason: str | None = None
    reject_message: str | None = None
    cancel_message: str | None = None


@frozen
class OrderAnswer:
    """`{"order":{…}}`; `order` has been null just after a create."""

    order: WireOrder | None = None


@frozen
class OrderPage:
    """`{"orders":[…],"has_next":false,"cursor":""}`: loop while `has_next`."""

    orders: list[WireOrder]
    has_next: bool = False
    cursor: str | None = None


@frozen
class WireFill:
    """One execution.

    `{"entry_id":"0b1c…","trade_id":"5b0c…","order_id":"7c1c…","price":"64250.1",
    "size":"0.005","commission":"1.6062525","liquidity_indicator":"MAKER","side":"BUY",
    "trade_type":"FILL","trade_time":"2026-10-05T09:15:25.1Z","size_in_quote":false}`
    """

    entry_id: str
    order_id: str
    product_id: str
    price: Decimal
    size: Decimal
    side: str
    trade_time: str
    trade_id: str = ""
    trade_type: str = "FILL"
    commission: Decimal | None = None
    liquidity_indicator: str = ""
    #: `size` is in quote currency then.
    size_in_quote: bool = False


@frozen
class FillPage:
    """`{"fills":[…],"cursor":""}`: no `has_next`; go on until `cursor` is empty."""

    fills: list[WireFill]
    cursor: str | None = None


@frozen
class SuccessResponse:
    """`{"order_id":"7c1c…","product_id":"BTC-USD","side":"BUY","client_order_id":"a1f0…"}`."""

    order_id: str
    product_id: str = ""
    side: str = ""
    client_order_id: str = ""


@frozen
class ErrorResponse:
    """`{"error":"INSUFFICIENT_FUND","message":"…","preview_failure_reason":"PREVIEW_…"}`.

    Any member may be missing or empty, and the telling code in any of the three.
    """

    error: str | None = None
    message: str | None = None
    error_details: str | None = None
    preview_failure_reason: str | None = None
    new_order_failure_reason: str | None = None


@frozen
class Created:
    """The answer of create and close-position; HTTP 200 in both outcomes."""

    success: bool
    success_response: SuccessResponse | None = None
    error_response: ErrorResponse | None = None
    #: Of the order that there is: of the first one, if its id was used before.
    order_configuration: Mapping[str, Any] | None = None


@frozen
class CancelResult:
    """`{"success":false,"failure_reason":"UNKNOWN_CANCEL_ORDER","order_id":"9d2e…"}`."""

    success: bool
    order_id: str
    failure_reason: str = ""


@frozen
class CancelResults:
    """`{"results":[…]}`: one for each id asked."""

    results: list[CancelResult]


@frozen
class EditErrorResponse:
    """The newer form: `{"error_details":"…","edit_order_failure_reason":"…"}`."""

    error_details: str | None = None
    edit_order_failure_reason: str | None = None


@frozen
class EditAnswer:
    """`{"success":false,"errors":[…]}`; older traffic has an object where the list is."""

    success: bool
    #: A list of `{"edit_failure_reason":"ORDER_NOT_FOUND","preview_failure_reason":"UNKNOWN_…"}`,
    #: or one: read by hand.
    errors: Any = None
    error_response: EditErrorResponse | None = None


@frozen
class WirePreview:
    """`{"order_total":"251.88","commission_total":"1.88","errs":[],"warning":["UNKNOWN"],…}`."""

    order_total: Decimal | None = None
    commission_total: Decimal | None = None
    errs: list[str] | None = None
    warning: list[str] | None = None
    slippage: Decimal | None = None
    est_average_filled_price: Decimal | None = None


@frozen
class Amount:
    """`{"value":"1.25","currency":"BTC"}`."""

    value: Decimal
    currency: str = ""


@frozen
class Account:
    """One wallet: `available_balance` already excludes `hold`."""

    uuid: str
    currency: str
    available_balance: Amount
    hold: Amount | None = None
    type: str = ""
    platform: str = ""


@frozen
class Accounts:
    """`{"accounts":[…],"has_next":false,"cursor":"","size":1}`."""

    accounts: list[Account]
    has_next: bool = False
    cursor: str | None = None


@frozen
class WireProduct:
    """`{"product_id":"BTC-USD","price_increment":"0.01","base_increment":"0.00000001",…}`."""

    product_id: str
    base_increment: Decimal | None = None
    quote_increment: Decimal | None = None
    price_increment: Decimal | None = None
    base_min_size: Decimal | None = None
    base_max_size: Decimal | None = None
    quote_min_size: Decimal | None = None
    quote_max_size: Decimal | None = None
    status: str | None = None
    is_disabled: bool = False
    trading_disabled: bool = False
    cancel_only: bool = False
    limit_only: bool = False
    post_only: bool = False
    view_only: bool = False
    product_type: str | None = None
    base_currency_id: str | None = None
    quote_currency_id: str | None = None
    alias: str | None = None
    alias_to: list[str] | None = None


@frozen
class Products:
    """`{"products":[…],"num_products":2}`."""

    #: Structured one by one, so that one odd product does not hide the others.
    products: list[dict[str, Any]]


@frozen
class PriceLevel:
    """`{"price":"64283.1","size":"0.171"}`."""

    price: Decimal
    size: Decimal


@frozen
class Pricebook:
    """`{"product_id":"BTC-USD","bids":[…],"asks":[…],"time":"2026-10-05T09:20:00.6Z"}`."""

    product_id: str
    bids: list[PriceLevel]
    asks: list[PriceLevel]
    time: str | None = None


@frozen
class ProductBook:
    """`{"pricebook":{…},"last":"64283.4",…}`."""

    pricebook: Pricebook


@frozen
class Pricebooks:
    """`{"pricebooks":[…]}`, one level a side."""

    pricebooks: list[Pricebook]


@frozen
class WireCandle:
    """`{"start":"1759654800","low":"…","high":"…","open":"…","close":"…","volume":"…"}`."""

    start: str
    low: Decimal
    high: Decimal
    open: Decimal
    close: Decimal
    volume: Decimal


@frozen
class Candles:
    """`{"candles":[…]}`, newest first."""

    candles: list[WireCandle]


@frozen
class WireTrade:
    """`{"trade_id":"995098701","price":"64283.4","size":"0.05","time":"…","side":"SELL"}`."""

    trade_id: str
    product_id: str
    price: Decimal
    size: Decimal
    time: str
    #: The maker's.
    side: str


@frozen
class TradeList:
    """`{"trades":[…],"best_bid":"…","best_ask":"…"}`, newest first."""

    trades: list[WireTrade]


@frozen
class ServerTime:
    """`{"iso":"2026-10-05T09:20:00Z","epochSeconds":"1759656000","epochMillis":"…"}`."""

    epochMillis: str  # noqa: N815 - the exchange's spelling


@frozen
class KeyScope:
    """`{"can_view":true,"can_trade":true,"can_transfer":false,"portfolio_type":"DEFAULT"}`."""

    can_view: bool
    can_trade: bool
    can_transfer: bool = False
    portfolio_uuid: str = ""
    portfolio_type: str = ""


@frozen
class FeeTier:
    """`{"pricing_tier":"Intro","taker_fee_rate":"0.009","maker_fee_rate":"0.005"}`."""

    pricing_tier: str = ""
    taker_fee_rate: Decimal | None = None
    maker_fee_rate: Decimal | None = None


@frozen
class TransactionSummary:
    """`{"fee_tier":{…},…}`; totals are JSON numbers, which we do not read."""

    fee_tier: FeeTier | None = None


@frozen
class Refusal:
    """`{"error":"INVALID_ARGUMENT","error_details":"…","message":"…"}`, each optional."""

    error: str | None = None
    message: str | None = None
    error_details: str | None = None
    preview_failure_reason: str | None = None
    errors: list[dict[str, Any]] = Factory(list)


@frozen
class WirePosition:
    """`{"product_id":"BIT-24APR26-CDE","side":"LONG","number_of_contracts":"2",…}`."""

    product_id: str
    #: `LONG` or `SHORT`.
    side: str
    number_of_contracts: Decimal
    avg_entry_price: Amount | None = None
    unrealized_pnl: Amount | None = None


@frozen
class Positions:
    """`{"positions":[…]}` of `GET /cfm/positions`."""

    positions: list[WirePosition]
