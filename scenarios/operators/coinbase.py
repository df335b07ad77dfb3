"""Runs the simulated Coinbase."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from venuetree.protocol.port import Endpoints
from venuetree.scenarios.operators.port import HeldOrder, Patterns
from venuetree.scenarios.operators.spot import Key, Particulars, SpotOperator, held_order
from venuetree.scenarios.simulated.coinbase import Settings, SimulatedCoinbase
from venuetree.scenarios.simulated.coinbase.desk import ACCOUNT
from venuetree.scenarios.simulated.coinbase.keys import ApiKey, Permission

__all__ = ["coinbase_operator"]

_PRODUCT = "BTC-USD"
_PATTERNS = Patterns(
    place="POST /api/v3/brokerage/orders",
    cancel="POST */orders/batch_cancel",
    read="GET */orders/historical/*",
    book="level2",
    market="[lmt]*",
    user="user",
    market_surface="stream",
    cancel_all="POST */orders/batch_cancel",
)


def coinbase_operator(seed: int, now_ns: Callable[[], int], **settings: Any) -> SpotOperator:
    """Who runs a simulated Coinbase with these settings."""
    exchange = SimulatedCoinbase(seed=seed, settings=Settings(**settings), now_ns=now_ns)

    def endpoints(addresses: Mapping[str, tuple[str, int]]) -> Endpoints:
        told = exchange.endpoints(addresses)
        return Endpoints(told["rest"], told["stream"], told["user_stream"])

    def orders() -> Iterator[HeldOrder]:
        for order in exchange.orders:
            yield held_order(order.client_order_id, order.order_id, order.status, order.fills)

    its = Particulars(
        symbol=_PRODUCT,
        patterns=_PATTERNS,
        ledger=exchange.venue.ledger,
        account=ACCOUNT,
        tick=lambda: exchange.market(_PRODUCT).product.price_increment,
        endpoints=endpoints,
        orders=orders,
        key=_key(exchange.es256_key),
        look_only_key=lambda: _key(exchange.add_key(permissions=frozenset({Permission.VIEW}))),
        halt=lambda: exchange.change_product(_PRODUCT, trading_disabled=True),
        resume=lambda: exchange.change_product(_PRODUCT, trading_disabled=False),
    )
    return SpotOperator(exchange, its)


def _key(key: ApiKey) -> Key:
    return Key(key.name, {"key_name": key.name, "private_key": key.secret})
