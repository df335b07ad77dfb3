"""Orders through `Engine.place`: signed, gated, supervised; and the raw exchange beside them.

As a script it prints `{"latencies_ns"}` of orders one after the other.
"""

import argparse
import json
import struct
import sys
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import Enum
from time import perf_counter_ns, time_ns

import anyio
from anyio.abc import SocketAttribute, SocketStream
from attrs import evolve, frozen

from benchmarks.clients.ours import Silent
from benchmarks.loops import Loop, run_on
from benchmarks.stamped import Stamps
from venuetree.actors.message_worker import DoorDetail
from venuetree.actors.network import Network
from venuetree.config import ExchangeConfig, binance_us, coinbase, oanda
from venuetree.engine import Engine
from venuetree.exchange import ExchangeHandle
from venuetree.protocol.builders import limit_order
from venuetree.protocol.commands import PlaceOrder
from venuetree.protocol.exchanges.binance_us import OrderWay
from venuetree.protocol.models import OrderRequest, Side, TimeInForce
from venuetree.protocol.port import Endpoints, FlowContext, LimitWindow, RestRequest
from venuetree.supervisors.wiring import Part

__all__ = [
    "RawDoor",
    "Stamped",
    "Way",
    "config_for",
    "engine_for",
    "let_rest",
    "place_stamped",
    "place_timed",
]

WARM_UP = 50
#: Orders that stay open beside those that are measured, as of one who makes a market.
RESTING = 20
NOWHERE = "ws://127.0.0.1:9"


class Way(Enum):
    """Whose orders, and by which way they go."""

    COINBASE = "coinbase"
    BINANCE_US = "binance_us"
    #: By Binance.US's WebSocket API.
    BINANCE_US_WS_API = "binance_us-ws_api"
    OANDA = "oanda"

    @property
    def time_in_force(self) -> TimeInForce:
        """Of what is measured: Binance.US allows 200 open orders, so there each ends at once."""
        if self in (Way.BINANCE_US, Way.BINANCE_US_WS_API):
            return TimeInForce.IMMEDIATE_OR_CANCEL
        return TimeInForce.GOOD_TILL_CANCELLED


def config_for(way: Way, door: Mapping[str, str | int]) -> ExchangeConfig:
    """The engine's configuration for the order server; its windows are wide, but asked."""
    keys = {name: str(value) for name, value in door.items() if not name.endswith("port")}
    rest = f"http://127.0.0.1:{door['port']}"
    parts = Part.UPKEEP | Part.ORDERS
    if way is Way.COINBASE:
        endpoints = Endpoints(rest=rest, stream=NOWHERE, user_stream=NOWHERE)
        config = coinbase(keys, endpoints=endpoints, parts=parts)
    elif way is Way.OANDA:
        config = oanda(keys, endpoints=Endpoints(rest=rest, stream=rest), parts=parts)
    else:
        ws_api = f"ws://127.0.0.1:{door['ws_api_port']}/ws-api/v3"
        endpoints = Endpoints(
            rest=rest, stream=NOWHERE, user_stream=NOWHERE, others={"ws_api": ws_api}
        )
        orders_by = OrderWay.WS_API if way is Way.BINANCE_US_WS_API else OrderWay.REST
        config = binance_us(keys, orders_by=orders_by, endpoints=endpoints, parts=parts)
    profile = config.exchange.profile
    profile = evolve(
        profile,
        limits=tuple(_widened(window) for window in profile.limits),
        connections=None if profile.connections is None else _widened(profile.connections),
    )
    return evolve(config, exchange=evolve(config.exchange, profile=profile))


def _widened(window: LimitWindow) -> LimitWindow:
    return evolve(window, capacity=1_000_000)


@asynccontextmanager
async def engine_for(
    config: ExchangeConfig, *, network: Network | None = None
) -> AsyncIterator[ExchangeHandle]:
    """The handle, its exchange reached, and the connection for messages open if there is one."""
    async with Engine(config, network=network, log=Silent()) as engine:
        handle = engine[config.name]
        by_message = config.exchange.message_door is not None
        with anyio.fail_after(10):
            await handle.reachable()
            # Behind the engine's own look at what is open: an order that it does not list would be
            # asked for again and again, since the server does not really have it.
            await handle.open_orders()
            # The snapshot is what tells it; nothing is told that could be awaited.
            while by_message and not _door(engine, config).is_connected:  # noqa: ASYNC110
                await anyio.sleep(0.01)
        yield handle
        if by_message and not _door(engine, config).sent:
            raise RuntimeError("the orders went over HTTP")


def _door(engine: Engine, config: ExchangeConfig) -> DoorDetail:
    detail = engine.snapshot()[f"{config.name}/io/messages"].detail
    if isinstance(detail, DoorDetail):
        return detail
    # Its actor has not begun.
    return DoorDetail(is_connected=False, in_flight=0, sent=0)


def order_request(way: Way, time_in_force: TimeInForce) -> OrderRequest:
    """A limit order that would rest."""
    instrument, quantity, price = (
        ("EUR-USD", "100", "0.90000") if way is Way.OANDA else ("BTC-USD", "0.01", "30000.00")
    )
    return limit_order(
        instrument,
        Side.BUY,
        quantity=quantity,
        price=price,
        time_in_force=time_in_force,
        client_order_id=str(uuid.uuid4()),
    )


async def let_rest(handle: ExchangeHandle, way: Way) -> None:
    """Place the orders that are open beside those that are measured."""
    for _ in range(RESTING):
        await handle.place(order_request(way, TimeInForce.GOOD_TILL_CANCELLED))


async def place_timed(handle: ExchangeHandle, way: Way) -> int:
    """Nanoseconds of one order, from the call to its acknowledgement."""
    request = order_request(way, way.time_in_force)
    started = perf_counter_ns()
    order = await handle.place(request)
    taken = perf_counter_ns() - started
    if not order.exchange_order_id:
        raise RuntimeError(f"not acknowledged: {order}")
    return taken


@frozen
class Stamped:
    """One order: all of its time, and the engine's part, before its bytes and after its reply's."""

    whole_ns: int
    inside_ns: int


async def place_stamped(handle: ExchangeHandle, way: Way, stamps: Stamps) -> Stamped | None:
    """One order on a network that notes its bytes; None if it was not the only thing asked."""
    request = order_request(way, way.time_in_force)
    stamps.clear()
    started = perf_counter_ns()
    order = await handle.place(request)
    ended = perf_counter_ns()
    if not order.exchange_order_id:
        raise RuntimeError(f"not acknowledged: {order}")
    if stamps.sends != 1:
        return None
    wire = stamps.last_received_ns - stamps.first_sent_ns
    return Stamped(ended - started, ended - started - wire)


class RawDoor:
    """The same bytes on an anyio stream: nothing made, signed, parsed or watched."""

    def __init__(self, stream: SocketStream, request: bytes) -> None:
        self._stream = stream
        self._request = request

    @classmethod
    async def open(cls, config: ExchangeConfig, way: Way) -> "RawDoor":
        """Connect, and render one signed order."""
        assert config.endpoints is not None
        host = config.endpoints.rest.removeprefix("http://")
        command = PlaceOrder(order_request(way, way.time_in_force))
        flow = config.exchange.rest.flow(command, FlowContext(now_ns=time_ns()))
        signer = config.exchange.signer(config.credentials)
        request = next(flow)
        if not isinstance(request, RestRequest):
            raise TypeError(request)
        flow.close()
        message_door = config.exchange.message_door
        if message_door is not None:
            message = message_door.message(request, 1)
            text = signer.sign_stream(message, now_ns=time_ns(), nonce=uuid.uuid4().hex)
            host, _, path = config.endpoints.others["ws_api"].removeprefix("ws://").partition("/")
            stream = await _dial(host)
            await _shake_hands(stream, host, path)
            return cls(stream, _client_frame(text.encode()))
        signed = signer.sign(request, host=host, now_ns=time_ns(), nonce=uuid.uuid4().hex)
        head = [f"{signed.method} {signed.path} HTTP/1.1", f"Host: {host}"]
        head += [f"{name}: {value}" for name, value in signed.headers]
        head += [f"Content-Length: {len(signed.body)}", "", ""]
        return cls(await _dial(host), "\r\n".join(head).encode() + signed.body)

    async def exchange_timed(self) -> int:
        """Nanoseconds from the first byte out to the last one in."""
        started = perf_counter_ns()
        await self._stream.send(self._request)
        data = await self._stream.receive()
        while not data.endswith(b"}"):
            data += await self._stream.receive()
        return perf_counter_ns() - started

    async def aclose(self) -> None:
        """Hang up."""
        await self._stream.aclose()


async def _dial(host: str) -> SocketStream:
    address, _, port = host.partition(":")
    stream = await anyio.connect_tcp(address, int(port))
    stream.extra(SocketAttribute.raw_socket).setsockopt(6, 1, 1)
    return stream


async def _shake_hands(stream: SocketStream, host: str, path: str) -> None:
    """Become a WebSocket."""
    head = [f"GET /{path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade"]
    head += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", ""]
    await stream.send("\r\n".join(head).encode())
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        data += await stream.receive()


def _client_frame(payload: bytes) -> bytes:
    """A whole text frame; its mask is zero, which leaves the payload as it is."""
    assert 126 <= len(payload) < 65536
    return struct.pack("!BBHI", 0x81, 0x80 | 126, len(payload), 0) + payload


async def _run(way: Way, door: Mapping[str, str | int], count: int) -> None:
    async with engine_for(config_for(way, door)) as handle:
        await let_rest(handle, way)
        latencies = [await place_timed(handle, way) for _ in range(count + WARM_UP)]
    print(json.dumps({"latencies_ns": latencies[WARM_UP:]}))


def main() -> None:
    """Read the command line (the server's line on stdin) and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--way", default="coinbase")
    parser.add_argument("--loop", default="asyncio")
    parser.add_argument("--count", type=int, required=True)
    given = parser.parse_args()
    run_on(Loop(given.loop), _run, Way(given.way), json.loads(sys.stdin.readline()), given.count)


if __name__ == "__main__":
    main()
