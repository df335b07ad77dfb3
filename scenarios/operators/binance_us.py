"""Runs the simulated Binance.US."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from venuetree.protocol.port import Endpoints
from venuetree.scenarios.operators.port import HeldOrder, Patterns
from venuetree.scenarios.operators.spot import Key, Particulars, SpotOperator, held_order
from venuetree.scenarios.simulated.binance_us import Settings, SimulatedBinanceUs
from venuetree.scenarios.simulated.binance_us.keys import ApiKey, Permission
from venuetree.scenarios.simulated.binance_us.venue import ACCOUNT

__all__ = ["binance_us_operator"]

_SYMBOL = "BTCUSD"
_PATTERNS = Patterns(
    place="POST /api/v3/order",
    cancel="DELETE /api/v3/order",
    read="GET /api/v3/*rder*",
    book="*@depth*",
    market="*@*",
    user="user",
    market_surface="stream",
    cancel_all="DELETE /api/v3/openOrders",
    replace="POST /api/v3/order/cancelReplace",
    pair="POST /api/v3/order/oco",
)


def binance_us_operator(seed: int, now_ns: Callable[[], int], **settings: Any) -> SpotOperator:
    """Who runs a simulated Binance.US with these settings."""
    exchange = SimulatedBinanceUs(seed=seed, settings=Settings(**settings), now_ns=now_ns)

    def endpoints(addresses: Mapping[str, tuple[str, int]]) -> Endpoints:
        told = exchange.endpoints(addresses)
        return Endpoints(told["rest"], told["stream"], others={"ws_api": told["ws_api"]})

    def orders() -> Iterator[HeldOrder]:
        for order in exchange.orders:
            # A cancelled order goes by another id than the one that it was sent under.
            sent_as = order.original_client_id or order.client_order_id
            yield held_order(sent_as, str(order.order_id), order.status, order.fills)

    its = Particulars(
        symbol=_SYMBOL,
        patterns=_PATTERNS,
        ledger=exchange.venue.ledger,
        account=ACCOUNT,
        tick=lambda: exchange.market(_SYMBOL).instrument.terrain.tick,
        endpoints=endpoints,
        orders=orders,
        key=_key(exchange.key),
        look_only_key=lambda: _key(exchange.add_key(permissions=frozenset({Permission.READ}))),
        halt=lambda: exchange.change_instrument(_SYMBOL, status="HALT"),
        resume=lambda: exchange.change_instrument(_SYMBOL, status="TRADING"),
    )
    return SpotOperator(exchange, its)


def _key(key: ApiKey) -> Key:
    return Key(key.key, {"api_key": key.key, "api_secret": key.secret})
