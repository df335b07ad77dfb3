"""Orders through `Engine.place`: signed, gated, supervised; and the raw exchange beside them.

As a script it prints `{"latencies_ns"}` of orders one after the other.
"""

import argparse
import json
import sys
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import perf_counter_ns, time_ns

import anyio
from anyio.abc import SocketAttribute, SocketStream
from attrs import evolve

from benchmarks.clients.ours import Silent
from benchmarks.loops import Loop, run_on
from venuetree.config import ExchangeConfig, coinbase
from venuetree.engine import Engine
from venuetree.exchange import ExchangeHandle
from venuetree.protocol.builders import limit_order
from venuetree.protocol.commands import PlaceOrder
from venuetree.protocol.models import OrderRequest, Side
from venuetree.protocol.port import Endpoints, FlowContext, RestRequest
from venuetree.supervisors.wiring import Part

__all__ = ["RawDoor", "config_for", "engine_for", "order_request", "place_timed"]

WARM_UP = 50


def config_for(door: Mapping[str, str | int]) -> ExchangeConfig:
    """The engine's configuration for the order server; its windows are wide, but asked."""
    url = f"http://127.0.0.1:{door['port']}"
    keys = {name: str(door[name]) for name in ("key_name", "private_key")}
    config = coinbase(
        keys,
        endpoints=Endpoints(rest=url, stream="ws://127.0.0.1:9", user_stream="ws://127.0.0.1:9"),
        parts=Part.UPKEEP | Part.ORDERS,
    )
    profile = config.exchange.profile
    wide = tuple(evolve(window, capacity=1_000_000) for window in profile.limits)
    return evolve(config, exchange=evolve(config.exchange, profile=evolve(profile, limits=wide)))


@asynccontextmanager
async def engine_for(config: ExchangeConfig) -> AsyncIterator[ExchangeHandle]:
    """The handle, its exchange reached."""
    async with Engine(config, log=Silent()) as engine:
        handle = engine["coinbase"]
        with anyio.fail_after(10):
            await handle.reachable()
        yield handle


def order_request() -> OrderRequest:
    """A limit order that would rest."""
    return limit_order(
        "BTC-USD",
        Side.BUY,
        quantity="0.01",
        price="30000.00",
        client_order_id=str(uuid.uuid4()),
    )


async def place_timed(handle: ExchangeHandle) -> int:
    """Nanoseconds of one order, from the call to its acknowledgement."""
    request = order_request()
    started = perf_counter_ns()
    order = await handle.place(request)
    taken = perf_counter_ns() - started
    if not order.exchange_order_id:
        raise RuntimeError(f"not acknowledged: {order}")
    return taken


class RawDoor:
    """The same bytes on an anyio stream: nothing made, signed, parsed or watched."""

    def __init__(self, stream: SocketStream, request: bytes) -> None:
        self._stream = stream
        self._request = request

    @classmethod
    async def open(cls, config: ExchangeConfig) -> "RawDoor":
        """Connect, and render one signed order."""
        assert config.endpoints is not None
        host = config.endpoints.rest.removeprefix("http://")
        address, _, port = host.partition(":")
        stream = await anyio.connect_tcp(address, int(port))
        stream.extra(SocketAttribute.raw_socket).setsockopt(6, 1, 1)
        flow = config.exchange.rest.flow(PlaceOrder(order_request()), FlowContext(now_ns=time_ns()))
        signer = config.exchange.signer(config.credentials)
        request = next(flow)
        if not isinstance(request, RestRequest):
            raise TypeError(request)
        signed = signer.sign(request, host=host, now_ns=time_ns(), nonce=uuid.uuid4().hex)
        flow.close()
        head = [f"{signed.method} {signed.path} HTTP/1.1", f"Host: {host}"]
        head += [f"{name}: {value}" for name, value in signed.headers]
        head += [f"Content-Length: {len(signed.body)}", "", ""]
        return cls(stream, "\r\n".join(head).encode() + signed.body)

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


async def _run(door: Mapping[str, str | int], count: int) -> None:
    async with engine_for(config_for(door)) as handle:
        latencies = [await place_timed(handle) for _ in range(count + WARM_UP)]
    print(json.dumps({"latencies_ns": latencies[WARM_UP:]}))


def main() -> None:
    """Read the command line (the server's line on stdin) and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--loop", default="asyncio")
    parser.add_argument("--count", type=int, required=True)
    given = parser.parse_args()
    run_on(Loop(given.loop), _run, json.loads(sys.stdin.readline()), given.count)


if __name__ == "__main__":
    main()
