"""Runs the simulated Binance.US."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from venuetree.protocol.models import Side
from venuetree.protocol.port import Endpoints
from venuetree.scenarios.operators.port import (
    Held,
    HeldAccount,
    HeldFill,
    HeldOrder,
    Patterns,
)
from venuetree.scenarios.simulated.binance_us import Settings, SimulatedBinanceUs
from venuetree.scenarios.simulated.binance_us.keys import ApiKey, Permission
from venuetree.scenarios.simulated.binance_us.orders import Order, Status
from venuetree.scenarios.simulated.binance_us.venue import ACCOUNT
from venuetree.scenarios.simulated.matching import Side as TheirSide

__all__ = ["BinanceUsOperator"]

_SYMBOL = "BTCUSD"


class BinanceUsOperator:
    """An `Operator`."""

    instrument = "BTC-USD"
    small = Decimal("0.01")
    patterns = Patterns(
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

    def __init__(self, seed: int, now_ns: Callable[[], int], **settings: Any) -> None:
        self.simulator = SimulatedBinanceUs(seed=seed, settings=Settings(**settings), now_ns=now_ns)
        self.credentials: Mapping[str, str] = _credentials(self.simulator.key)
        self._key = self.simulator.key.key

    @property
    def tick(self) -> Decimal:
        """Between one price and the next."""
        return self.simulator.market(_SYMBOL).instrument.terrain.tick

    def endpoints(self, addresses: Mapping[str, tuple[str, int]]) -> Endpoints:
        """Where an engine finds the exchange."""
        told = self.simulator.endpoints(addresses)
        return Endpoints(told["rest"], told["stream"], others={"ws_api": told["ws_api"]})

    def orders(self, client_order_id: str) -> tuple[HeldOrder, ...]:
        """Every order that was ever created under this client order id."""
        return tuple(
            HeldOrder(client_order_id, str(order.order_id), _held(order), _fills(order))
            for order in self.simulator.orders
            if client_order_id == (order.original_client_id or order.client_order_id)
        )

    def account(self) -> HeldAccount:
        """What the account holds."""
        ledger = self.simulator.venue.ledger
        held = {name: ledger.balance(ACCOUNT, name) for name in ledger.currencies(ACCOUNT)}
        return HeldAccount(
            {name: (each.available, each.held) for name, each in held.items() if each.total}, {}
        )

    def top(self) -> tuple[Decimal, Decimal]:
        """The best bid and the best ask."""
        bids, asks = self.book()
        return bids[0][0], asks[0][0]

    def book(self) -> tuple[list[tuple[Decimal, Decimal]], list[tuple[Decimal, Decimal]]]:
        """Bids and asks, best first."""
        return (
            self.simulator.book(_SYMBOL, TheirSide.BUY),
            self.simulator.book(_SYMBOL, TheirSide.SELL),
        )

    def trade_against(self, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Let the house take so much of our order, which must be the best of its side."""
        del price
        taker = TheirSide.SELL if side is Side.BUY else TheirSide.BUY
        self.simulator.trade(_SYMBOL, taker, quantity)

    def offer(self, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Let the house buy or sell so much at a price."""
        house = TheirSide.BUY if side is Side.BUY else TheirSide.SELL
        self.simulator.offer(_SYMBOL, house, price, quantity)

    def thin_out(self, quantity: Decimal) -> None:
        """Leave only so much to be had at the best ask."""
        _, asks = self.book()
        self.simulator.trade(_SYMBOL, TheirSide.BUY, asks[0][1] - quantity)

    def revoke_key(self) -> None:
        """Let the engine's key be unknown from now on."""
        self.simulator.revoke_key(self._key)

    def restrict_key(self) -> None:
        """Give the engine a key that may look and not trade."""
        key = self.simulator.add_key(permissions=frozenset({Permission.READ}))
        self._key, self.credentials = key.key, _credentials(key)

    def spoil_key(self) -> None:
        """Give the engine a key that the exchange has never seen."""
        self.restrict_key()
        self.simulator.revoke_key(self._key)

    def halt(self) -> None:
        """Let the instrument not be traded."""
        self.simulator.change_instrument(_SYMBOL, status="HALT")

    def resume(self) -> None:
        """Let it be traded again."""
        self.simulator.change_instrument(_SYMBOL, status="TRADING")

    def holding(self) -> Decimal:
        """All bitcoin of the account, held for orders or not."""
        return self.simulator.balance("BTC").total


def _credentials(key: ApiKey) -> Mapping[str, str]:
    return {"api_key": key.key, "api_secret": key.secret}


def _held(order: Order) -> Held:
    if not order.status.over:
        return Held.OPEN
    return Held.FILLED if order.status is Status.FILLED else Held.CANCELLED


def _fills(order: Order) -> tuple[HeldFill, ...]:
    return tuple(HeldFill(fill.price, fill.quantity, fill.commission) for fill in order.fills)
