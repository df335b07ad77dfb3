"""Worlds in which an engine trades on a simulated Binance.US, on virtual time."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio

from tests.support.virtual_exchange import binance_us_world
from venuetree.config import ExchangeConfig, binance_us
from venuetree.engine import Engine
from venuetree.exchange import ExchangeHandle
from venuetree.protocol.builders import limit_order, oco
from venuetree.protocol.models import OcoRequest, OrderRequest, OrderStatus, Side
from venuetree.protocol.port import Endpoints
from venuetree.scenarios.simulated.binance_us import SimulatedBinanceUs
from venuetree.scenarios.simulated.binance_us.orders import Order as SimulatedOrder
from venuetree.scenarios.simulated.log import LogKind
from venuetree.supervisors.wiring import Part

__all__ = [
    "ASKING_ONLY",
    "ORDERS",
    "SLOW",
    "asked",
    "bid",
    "far_bid",
    "given_id",
    "known",
    "pair",
    "refused",
    "trading",
    "until_known",
]

#: Without the user stream, only answers and questions tell what is.
ASKING_ONLY = Part.ALL & ~Part.USER_STREAM
ORDERS = "POST /api/v3/order"
#: A market that hardly moves, for tests in which minutes pass: each of its moves is work.
SLOW: Mapping[str, Any] = {"move_every_s": 30.0}


@asynccontextmanager
async def trading(
    *,
    simulator: Mapping[str, Any] | None = None,
    prepare: Callable[[SimulatedBinanceUs], object] | None = None,
    without: tuple[str, ...] = (),
    tick_s: float = 0.05,
    **settings: Any,
) -> AsyncIterator[tuple[SimulatedBinanceUs, Engine, ExchangeHandle]]:
    """A world; `without` names doors that the engine is not told of.

    Where hours pass, `tick_s` is long: each tick of the simulator is work.
    """

    def configure(told: Mapping[str, Any]) -> ExchangeConfig:
        api = "" if "ws_api" in without else told["ws_api"]
        endpoints = Endpoints(told["rest"], told["stream"], others={"ws_api": api})
        return binance_us(told["credentials"], endpoints=endpoints, **settings)

    async with binance_us_world(
        configure, settings=simulator, prepare=prepare, tick_s=tick_s
    ) as world:
        yield world


def far_bid(client_order_id: str = "", quantity: str = "0.01") -> OrderRequest:
    """A limit order that rests: far below the market."""
    return limit_order(
        "BTC-USD", Side.BUY, quantity=quantity, price="20000", client_order_id=client_order_id
    )


def bid(client_order_id: str, price: str = "21000", quantity: str = "0.01") -> OrderRequest:
    """A limit order that rests."""
    return limit_order(
        "BTC-USD", Side.BUY, quantity=quantity, price=price, client_order_id=client_order_id
    )


def pair(*ids: str, quantity: str = "0.01", **prices: str) -> OcoRequest:
    """A pair that sells far above the market, or from far below it."""
    usual = {"price": "70000", "stop_price": "60000", "stop_limit_price": "59000"}
    client_order_ids = (ids[0], ids[1]) if ids else ("limit", "stop")
    return oco(
        "BTC-USD",
        Side.SELL,
        quantity=quantity,
        client_order_ids=client_order_ids,
        **{**usual, **prices},
    )


def refused(sim: SimulatedBinanceUs) -> int:
    """How many requests and messages the simulator refused as wrong."""
    return sum(entry.detail.startswith("400") for entry in sim.log.of(LogKind.REPLY))


def asked(sim: SimulatedBinanceUs) -> list[str]:
    """The requests and messages that came, in order."""
    return [entry.subject for entry in sim.log.of(LogKind.REQUEST)]


def given_id(order: SimulatedOrder) -> str:
    """Our own id of an order, whatever a cancel calls it."""
    return order.original_client_id or order.client_order_id


async def known(exchange: ExchangeHandle) -> dict[str, OrderStatus]:
    """The orders as the engine knows them."""
    return {order.client_order_id: order.status for order in await exchange.known_orders()}


async def until_known(exchange: ExchangeHandle, **wanted: OrderStatus) -> None:
    """Wait until the engine knows these states."""
    with anyio.fail_after(60):
        while not (wanted.items() <= (await known(exchange)).items()):
            await anyio.sleep(0.05)
