"""What the tests of Binance.US's orders by REST share: orders of each type, costs, and answers."""

from typing import Any
from urllib.parse import parse_qsl

from tests.support.binance_us import payload
from venuetree.protocol.builders import limit_order, market_order, stop_limit_order
from venuetree.protocol.models import Fill, OrderRequest, Side, StopDirection
from venuetree.protocol.port import Cost, RestRequest

__all__ = [
    "CLIENT_ID",
    "DAY_MS",
    "ORDER",
    "PLACED",
    "TRADE",
    "WEIGHT_1",
    "asked",
    "limit",
    "market",
    "numbers",
    "stop",
    "trades",
    "weighing",
]

DAY_MS = 24 * 3600 * 1000
CLIENT_ID = "eng-7f3a91c2-0001"
BUY = Side.BUY
WEIGHT_1 = (Cost("weight_1m", 1), Cost("raw_5m"))
ORDER = limit_order("BTC-USD", BUY, quantity="0.005", price="117000", client_order_id=CLIENT_ID)
PLACED = payload("rest_placed")


def weighing(weight: int) -> tuple[Cost, ...]:
    """What a question costs."""
    return (Cost("weight_1m", weight), Cost("raw_5m"))


def asked(request: RestRequest) -> dict[str, str]:
    """The parameters of a request, wherever they are; each stands once."""
    pairs = parse_qsl(request.query or request.body.decode(), strict_parsing=True)
    assert len({name for name, _ in pairs}) == len(pairs)
    return dict(pairs)


def limit(side: Side = BUY, **changes: Any) -> OrderRequest:
    """A limit order."""
    return limit_order("BTC-USD", side, **{"quantity": "0.5", "price": "64300.00", **changes})


def market(side: Side = BUY, **changes: Any) -> OrderRequest:
    """A market order."""
    return market_order("BTC-USD", side, **(changes or {"quantity": "0.5"}))


def stop(side: Side, direction: StopDirection, **changes: Any) -> OrderRequest:
    """A stop-limit order."""
    return stop_limit_order(
        "BTC-USD",
        side,
        quantity="0.5",
        price="64300.00",
        stop_price="64200.10",
        stop_direction=direction,
        **changes,
    )


(TRADE,) = payload("rest_my_trades")


def trades(first: int, count: int) -> list[dict[str, Any]]:
    """So many executions."""
    return [{**TRADE, "id": first + i} for i in range(count)]


def numbers(fills: tuple[Fill, ...]) -> list[int]:
    """Their numbers."""
    return [int(fill.fill_id) for fill in fills]
