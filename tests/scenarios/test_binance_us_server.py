"""The simulated Binance.US on real sockets, both backends: pings, pongs, and the frame limit."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from websockets.frames import Opcode

from tests.scenarios.test_server import connected
from venuetree.scenarios.simulated import serve
from venuetree.scenarios.simulated.binance_us import (
    Pulse,
    Settings,
    SimulatedBinanceUs,
    StreamSettings,
)

pytestmark = pytest.mark.anyio

#: A ping each 50 ms, and half a second for its pong; pongs are frames, so there is no limit.
QUICK = StreamSettings(pulse=Pulse(every_s=0.05, patience_s=0.5), frames_per_second=None)


@asynccontextmanager
async def simulator(streams: StreamSettings) -> AsyncIterator[dict[str, Any]]:
    """The endpoints of a served exchange; no test of this module waits longer than it must."""
    with anyio.fail_after(30):
        async with serve(SimulatedBinanceUs(settings=Settings(streams=streams))) as running:
            yield running.endpoints["binance_us"]


async def test_a_client_that_answers_pings_stays_and_one_that_does_not_is_dropped() -> None:
    """With real frames, the pong repeating the ping."""
    async with simulator(QUICK) as endpoints:
        async with connected(f"{endpoints['stream']}/ws/nothing") as good:
            for _ in range(30):
                while not any(event.opcode is Opcode.PING for event in good.events):
                    await good.step()
                good.events.clear()
            assert good.protocol.close_rcvd is None

        async with connected(f"{endpoints['stream']}/ws/nothing") as deaf:
            while deaf.protocol.close_rcvd is None:
                deaf.protocol.receive_data(await deaf.stream.receive())
            assert (deaf.protocol.close_rcvd.code, deaf.protocol.close_rcvd.reason) == (
                1008,
                "Pong timeout",
            )


async def test_a_hasty_client_is_thrown_out() -> None:
    """At its sixth message within a second."""
    async with simulator(StreamSettings()) as endpoints:
        async with connected(f"{endpoints['stream']}/ws") as socket:
            for number in range(6):
                await socket.send({"method": "LIST_SUBSCRIPTIONS", "id": number})
            while socket.protocol.close_rcvd is None:
                await socket.step()

            assert socket.protocol.close_rcvd.code == 1008


async def test_a_client_hears_trades_and_asks_for_the_time() -> None:
    """On two sockets of two addresses."""
    async with simulator(StreamSettings()) as endpoints:
        trades = f"{endpoints['stream']}/stream?streams=btcusd@trade"
        async with connected(trades) as market, connected(endpoints["ws_api"]) as api:
            await api.send({"id": 1, "method": "time"})
            reply = await api.frame()
            frame = await market.frame()

    assert (reply["id"], reply["status"], list(reply["result"])) == (1, 200, ["serverTime"])
    assert frame["data"]["e"] == "trade"
