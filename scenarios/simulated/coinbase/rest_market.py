"""REST: products, books, candles, public trades, time; each also on its public path."""

from decimal import Decimal
from typing import Any

from venuetree.scenarios.simulated.coinbase.market import GRANULARITIES, Market
from venuetree.scenarios.simulated.coinbase.orders import BadRequestError
from venuetree.scenarios.simulated.coinbase.rendering import (
    candle_json,
    levels_json,
    product_json,
    trade_json,
)
from venuetree.scenarios.simulated.coinbase.rest_common import (
    BASE,
    Access,
    Call,
    Route,
    error,
    whole_number,
)
from venuetree.scenarios.simulated.matching import Side
from venuetree.scenarios.simulated.numbers import (
    NANOSECONDS,
    floor_to,
    parse_decimal,
    plain,
    rfc3339,
)
from venuetree.scenarios.simulated.wire import Response

_BOOK_LEVELS = 1000
_TRADES_AT_MOST = 100
_TRADES_CRASH = 1000
"""A larger limit of trades is answered with status 500."""
_CANDLES_AT_MOST = 350


class UnknownProductError(Exception):
    """No such product: the public and the private paths say it in different ways."""


def unknown_product(call: Call) -> Response:
    """The answer to an unknown product id."""
    if call.access is Access.PUBLIC:
        product_id = call.parts.get("product_id") or call.request.one("product_id")
        message = f"Product {product_id} not supported"
        return Response.of_json({"error": "NOT_FOUND", "message": message}, status=404)
    return error(400, "INVALID_ARGUMENT", "ProductID is invalid")


def _market(call: Call, product_id: str | None) -> Market:
    if not product_id:
        raise BadRequestError("valid product_id is required")
    market = call.venue.market(product_id)
    if market is None:
        raise UnknownProductError(product_id)
    return market


def list_products(call: Call) -> Response:
    """GET /products."""
    request = call.request
    wanted = request.every("product_ids")
    spot = (request.one("product_type") or "SPOT") in {"SPOT", "UNKNOWN_PRODUCT_TYPE"}
    markets = [
        market
        for market in call.venue.markets.values()
        if spot and (not wanted or market.product_id in wanted)
    ]
    total = len(markets)
    offset = whole_number(request.one("offset"), default=0, low=0, high=10**6, name="offset")
    limit = whole_number(request.one("limit"), default=total, low=0, high=10**6, name="limit")
    chosen = markets[offset : offset + limit] if limit else markets[offset:]
    return Response.of_json(
        {
            "products": [product_json(market) for market in chosen],
            "num_products": len(chosen),
            "pagination": None,
        }
    )


def get_product(call: Call) -> Response:
    """GET /products/{product_id}: the bare object."""
    return Response.of_json(product_json(_market(call, call.parts["product_id"])))


def product_book(call: Call) -> Response:
    """GET /product_book."""
    request = call.request
    market = _market(call, request.one("product_id"))
    limit = whole_number(
        request.one("limit"), default=_BOOK_LEVELS, low=0, high=10**6, name="limit"
    )
    limit = min(limit or _BOOK_LEVELS, _BOOK_LEVELS)
    step = request.one("aggregation_price_increment")
    pricebook = _pricebook(call, market, limit, step)
    bid, ask = market.book.best(Side.BUY), market.book.best(Side.SELL)
    spread = ask - bid if bid is not None and ask is not None else Decimal(0)
    middle = market.middle
    return Response.of_json(
        {
            "pricebook": pricebook,
            "last": plain(market.last.price),
            "mid_market": plain(middle),
            "spread_bps": plain((spread / middle * 10000).quantize(Decimal("0.000001"))),
            "spread_absolute": plain(spread),
        }
    )


def _pricebook(call: Call, market: Market, limit: int, step_text: str | None) -> dict[str, Any]:
    bids = levels_json(market, Side.BUY, limit)
    asks = levels_json(market, Side.SELL, limit)
    if step_text is not None:
        step = parse_decimal(step_text)
        if step is None or step <= 0:
            raise BadRequestError("invalid aggregation_price_increment")
        bids = _aggregated(market, Side.BUY, limit, step)
        asks = _aggregated(market, Side.SELL, limit, step)
    return {
        "product_id": market.product_id,
        "bids": bids,
        "asks": asks,
        "time": rfc3339(call.venue.now_ns(), digits=6),
    }


def _aggregated(market: Market, side: Side, limit: int, step: Decimal) -> list[dict[str, str]]:
    sums: dict[Decimal, Decimal] = {}
    for price, size in market.book.levels(side):
        # Away from the middle: a bid's level goes down, an ask's up.
        level = floor_to(price, step) if side is Side.BUY else -floor_to(-price, step)
        if side is Side.SELL and level < price:
            level += step
        sums[level] = sums.get(level, Decimal(0)) + size
    rows = list(sums.items())[:limit]
    return [{"price": plain(price), "size": plain(size)} for price, size in rows]


def best_bid_ask(call: Call) -> Response:
    """GET /best_bid_ask."""
    wanted = call.request.every("product_ids")
    markets = [_market(call, name) for name in wanted] or list(call.venue.markets.values())
    return Response.of_json(
        {"pricebooks": [_pricebook(call, market, 1, None) for market in markets]}
    )


def candles(call: Call) -> Response:
    """GET /products/{product_id}/candles: too wide a window is refused, not cut."""
    request = call.request
    market = _market(call, call.parts["product_id"])
    granularity = GRANULARITIES.get(request.one("granularity") or "")
    if granularity is None:
        raise BadRequestError("granularity argument is invalid")
    limit = whole_number(
        request.one("limit"), default=_CANDLES_AT_MOST, low=1, high=_CANDLES_AT_MOST, name="limit"
    )
    now_s = call.venue.now_ns() // NANOSECONDS
    end = whole_number(request.one("end"), default=now_s, low=0, high=10**11, name="end")
    earliest = end - granularity * (limit - 1)
    start = whole_number(request.one("start"), default=earliest, low=0, high=10**11, name="start")
    if start > end or (end - start) // granularity >= _CANDLES_AT_MOST:
        raise BadRequestError(
            "start and end argument is invalid"
            " - number of candles requested should be less than 350"
        )
    found = market.candles(granularity, start, end)[:limit]
    return Response.of_json({"candles": [candle_json(candle) for candle in found]})


def public_trades(call: Call) -> Response:
    """GET /products/{product_id}/ticker: newest first, the maker's side."""
    request = call.request
    market = _market(call, call.parts["product_id"])
    limit = whole_number(request.one("limit"), default=0, low=1, high=10**6, name="limit")
    if limit == 0:
        raise BadRequestError("limit is required")
    if limit > _TRADES_CRASH:
        return error(500, "INTERNAL", "internal error")
    start = whole_number(request.one("start"), default=0, low=0, high=10**11, name="start")
    end = whole_number(request.one("end"), default=10**11, low=0, high=10**11, name="end")
    chosen = [
        printed
        for printed in reversed(market.prints)
        if start * NANOSECONDS <= printed.time_ns <= end * NANOSECONDS
    ][: min(limit, _TRADES_AT_MOST)]
    best = {side: market.book.best(side) for side in Side}
    return Response.of_json(
        {
            "trades": [
                {
                    **trade_json(market.product_id, printed),
                    "bid": "",
                    "ask": "",
                    "exchange": "coinbase",
                }
                for printed in chosen
            ],
            "best_bid": plain(best[Side.BUY] or Decimal(0)),
            "best_ask": plain(best[Side.SELL] or Decimal(0)),
        }
    )


def server_time(call: Call) -> Response:
    """GET /time."""
    now_ns = call.venue.now_ns()
    return Response.of_json(
        {
            "iso": rfc3339(now_ns, digits=0),
            "epochSeconds": str(now_ns // NANOSECONDS),
            "epochMillis": str(now_ns // 1_000_000),
        }
    )


_BOTH = (
    ("/products", list_products),
    ("/products/{product_id}", get_product),
    ("/products/{product_id}/candles", candles),
    ("/products/{product_id}/ticker", public_trades),
    ("/product_book", product_book),
)

ROUTES = (
    Route("GET", f"{BASE}/time", Access.PUBLIC, server_time),
    Route("GET", f"{BASE}/best_bid_ask", Access.VIEW, best_bid_ask),
    *(Route("GET", f"{BASE}{path}", Access.VIEW, handler) for path, handler in _BOTH),
    *(Route("GET", f"{BASE}/market{path}", Access.PUBLIC, handler) for path, handler in _BOTH),
)
