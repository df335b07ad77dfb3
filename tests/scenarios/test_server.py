"""The server of the simulated exchanges: real sockets, both backends, plain clients."""

import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import httpx
import pytest
from anyio.abc import SocketStream
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

from tests.scenarios.plain_client import BASE, QUIET, make_token
from venuetree.scenarios.faults import (
    CloseConnection,
    Fault,
    HalfOpenConnection,
    KickOnConnect,
    LoseReply,
    Loss,
    OversizeSnapshot,
    RefuseConnection,
    ResetConnection,
    Respond,
    SlowReply,
    StallStream,
    TruncateBody,
)
from venuetree.scenarios.simulated import Running, SimulatedCoinbase, serve
from venuetree.scenarios.simulated.coinbase import Settings

pytestmark = pytest.mark.anyio

SHORT_S = 5


class Socket:
    """A WebSocket client that shows everything: frames, pongs, the way it ended."""

    def __init__(self, stream: SocketStream, protocol: ClientProtocol) -> None:
        """Over an open TCP stream."""
        self.stream = stream
        self.protocol = protocol
        self.status = 0
        self.events: list[Frame] = []

    async def step(self) -> None:
        """Send what is due, take in what comes; raises when the connection ends."""
        for data in self.protocol.data_to_send():
            if data:
                await self.stream.send(data)
        self.protocol.receive_data(await self.stream.receive())
        for event in self.protocol.events_received():
            if isinstance(event, Response):
                self.status = event.status_code
            elif isinstance(event, Frame):
                self.events.append(event)

    async def run(self) -> None:
        """Go on until the connection ends, which raises."""
        while True:
            await self.step()

    async def send(self, message: dict[str, Any]) -> None:
        """Send one message."""
        self.protocol.send_text(json.dumps(message).encode())
        for data in self.protocol.data_to_send():
            await self.stream.send(data)

    async def frame(self) -> Any:
        """The next text message, decoded."""
        parts = []
        while True:
            while not self.events:
                await self.step()
            event = self.events.pop(0)
            if event.opcode in {Opcode.TEXT, Opcode.CONT}:
                parts.append(bytes(event.data))
                if event.fin:
                    return json.loads(b"".join(parts))


@asynccontextmanager
async def connected(url: str, *, deflate: bool = False) -> AsyncIterator[Socket]:
    """A client whose handshake was sent, and answered unless it was refused."""
    uri = parse_uri(url)
    async with await anyio.connect_tcp(uri.host, uri.port) as stream:
        extensions = [ClientPerMessageDeflateFactory()] if deflate else None
        protocol = ClientProtocol(uri, extensions=extensions, max_size=None)
        protocol.send_request(protocol.connect())
        client = Socket(stream, protocol)
        while not client.status:
            await client.step()
        yield client


@asynccontextmanager
async def simulator(settings: Settings = QUIET) -> AsyncIterator[tuple[SimulatedCoinbase, Any]]:
    """A served exchange with its endpoints; no test of this module waits longer than it must."""
    sim = SimulatedCoinbase(seed=1, settings=settings)
    with anyio.fail_after(30):
        async with serve(sim) as running:
            yield sim, running.endpoints["coinbase"]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that the exchange does by itself."""
    while not condition():
        await anyio.sleep(0.01)


def fired(sim: SimulatedCoinbase) -> bool:
    """Whether a fault has fired."""
    return bool(sim.log.faults)


def subscription(channel: str) -> dict[str, Any]:
    """A subscribe message for BTC-USD."""
    return {"type": "subscribe", "channel": channel, "product_ids": ["BTC-USD"]}


async def test_the_endpoints_are_the_object_that_other_programs_take() -> None:
    """Three addresses on loopback, and two keys."""
    async with simulator() as (sim, endpoints):
        ports = {endpoints[name].rsplit(":", 1)[1] for name in ("rest", "stream", "user_stream")}

        assert sorted(endpoints) == ["credentials", "rest", "stream", "user_stream"]
        assert endpoints["rest"].startswith("http://127.0.0.1:")
        assert endpoints["stream"].startswith("ws://127.0.0.1:")
        assert len(ports) == 3
        assert endpoints["credentials"] == {
            "key_name": sim.es256_key.name,
            "private_key": sim.es256_key.secret,
            "ed25519_key_name": sim.ed25519_key.name,
            "ed25519_private_key": sim.ed25519_key.secret,
        }
        assert sim.es256_key.secret.startswith("-----BEGIN EC PRIVATE KEY-----")


async def test_requests_share_a_connection_and_tokens_fit_its_address() -> None:
    """Kept alive; the token may be bound to the host and port themselves."""
    async with simulator() as (sim, endpoints), httpx.AsyncClient() as http:
        host = endpoints["rest"].removeprefix("http://")
        now_s = int((await http.get(f"{endpoints['rest']}{BASE}/time")).json()["epochSeconds"])
        token = make_token(sim.ed25519_key, now_s, claims={"uri": f"GET {host}{BASE}/accounts"})

        signed = await http.request(
            "GET",
            f"{endpoints['rest']}{BASE}/accounts?limit=2",
            headers={"Authorization": f"Bearer {token}"},
            json={},
        )
        unsigned = await http.get(f"{endpoints['rest']}{BASE}/accounts")

        assert (signed.status_code, len(signed.json()["accounts"])) == (200, 2)
        assert (unsigned.status_code, unsigned.text) == (401, "Unauthorized")


@pytest.mark.parametrize("deflate", [False, True])
async def test_frames_come_by_themselves(deflate: bool) -> None:  # noqa: FBT001 - a parameter
    """With compression or without; the walk goes on while nobody asks."""
    async with (
        simulator() as (_, endpoints),
        connected(endpoints["stream"], deflate=deflate) as client,
    ):
        await client.send(subscription("level2"))

        frames = [await client.frame() for _ in range(5)]

        assert [frame["sequence_num"] for frame in frames] == [0, 1, 2, 3, 4]
        assert [frame["channel"] for frame in frames[:2]] == ["l2_data", "subscriptions"]
        assert bool(client.protocol.extensions) == deflate


@pytest.mark.slow
async def test_five_megabytes_come_in_one_message() -> None:
    """Whole, and in one piece."""
    async with simulator() as (sim, endpoints), connected(endpoints["stream"]) as client:
        sim.paused = True
        sim.faults.add(OversizeSnapshot())
        await client.send(subscription("level2"))

        frame = await client.frame()

        assert len(json.dumps(frame)) > 5_000_000


async def test_a_ping_is_answered_even_while_the_stream_is_stalled() -> None:
    """A stall is silence of the exchange, not of its connection; a half-open peer is silent too."""
    for fault, answered in ((StallStream(), True), (HalfOpenConnection(), False)):
        async with simulator() as (sim, endpoints), connected(endpoints["stream"]) as client:
            await client.send(subscription("ticker"))
            await client.frame()
            await client.frame()
            sim.faults.add(fault)
            await until(partial(fired, sim))
            await anyio.wait_all_tasks_blocked()

            client.protocol.send_ping(b"there?")
            # Frames that were sent before the fault may still come in.
            with anyio.move_on_after(0.5):
                while Opcode.PONG not in [event.opcode for event in client.events]:
                    await client.step()

            pongs = [event for event in client.events if event.opcode is Opcode.PONG]
            assert len(pongs) == answered


@pytest.mark.parametrize(
    ("fault", "ending", "code"),
    [
        (ResetConnection(), anyio.BrokenResourceError, None),
        (CloseConnection(code=1012), anyio.EndOfStream, 1012),
    ],
)
async def test_a_stream_ends_as_scripted(
    fault: Fault, ending: type[Exception], code: int | None
) -> None:
    """A reset is a reset, a close has its code."""
    async with simulator() as (sim, endpoints), connected(endpoints["stream"]) as client:
        await client.send(subscription("ticker"))
        await client.frame()
        sim.faults.add(fault)

        with pytest.raises(ending):
            await client.run()

        received = client.protocol.close_rcvd
        assert (received.code if received else None) == code


async def test_a_connection_is_refused_or_kicked_at_the_door() -> None:
    """With a status, or with a code right after the handshake."""
    async with simulator() as (sim, endpoints):
        sim.faults.add(RefuseConnection(status=502))
        async with connected(endpoints["stream"]) as refused:
            assert refused.status == 502
        sim.faults.add(KickOnConnect(code=1013))
        async with connected(endpoints["stream"]) as kicked:
            with pytest.raises(anyio.EndOfStream):
                await kicked.run()
            assert kicked.status == 101
            assert kicked.protocol.close_rcvd is not None
            assert kicked.protocol.close_rcvd.code == 1013


async def test_a_client_that_leaves_is_forgotten() -> None:
    """With a goodbye or without one."""
    async with simulator() as (sim, endpoints):
        for goodbye in (True, False):
            async with connected(endpoints["stream"]) as client:
                await client.send(subscription("level2"))
                await client.frame()
                if goodbye:
                    client.protocol.send_close(1000)
                    with pytest.raises(anyio.EndOfStream):
                        await client.run()
            await until(lambda: not sim.streams.connections)

        assert [e.detail for e in sim.log if e.subject.startswith("stream ")] == [
            *("opened", "closed") * 2
        ]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (LoseReply(how=Loss.CLOSED), httpx.RemoteProtocolError),
        (LoseReply(how=Loss.RESET), httpx.ReadError),
        (LoseReply(how=Loss.HANGING), httpx.ReadTimeout),
        (TruncateBody(how=Loss.CLOSED), httpx.RemoteProtocolError),
        (SlowReply(delay_s=SHORT_S), httpx.ReadTimeout),
    ],
)
async def test_a_reply_is_lost_as_scripted(fault: Fault, error: type[Exception]) -> None:
    """Each in its own way, and the next request is answered."""
    async with simulator() as (sim, endpoints), httpx.AsyncClient(timeout=30) as http:
        sim.faults.add(fault)
        url = f"{endpoints['rest']}{BASE}/time"

        with pytest.raises(error):
            await http.get(url, timeout=0.3 if error is httpx.ReadTimeout else 30)

        assert (await http.get(url)).status_code == 200


async def test_an_empty_429_and_a_cut_json_are_whole_answers() -> None:
    """What is wrong with them is their content alone."""
    async with simulator() as (sim, endpoints), httpx.AsyncClient() as http:
        url = f"{endpoints['rest']}{BASE}/time"
        sim.faults.add(Respond(status=429, body_text="", retry_after_s=1))
        limited = await http.get(url)
        sim.faults.add(TruncateBody())
        cut = await http.get(url)

        assert (limited.status_code, limited.content) == (429, b"")
        assert limited.headers["retry-after"] == "1"
        with pytest.raises(json.JSONDecodeError):
            cut.json()


async def test_what_is_not_http_is_refused() -> None:
    """With a status and the end of the connection."""
    async with simulator() as (_, endpoints):
        port = int(endpoints["rest"].rsplit(":", 1)[1])
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(b"nonsense\r\n\r\n")

            assert (await stream.receive()).startswith(b"HTTP/1.1 400")


async def test_the_same_exchange_comes_back_at_the_same_address() -> None:
    """Down: connections are refused. Up again: its orders are still there."""
    sim = SimulatedCoinbase(seed=1)
    running: Running
    async with serve(sim) as running:
        ports = running.ports
    address = ("127.0.0.1", ports["coinbase"]["rest"])
    with socket.socket() as plain:
        down = plain.connect_ex(address)

    async with serve(sim, ports=ports) as running, httpx.AsyncClient() as http:
        answer = await http.get(f"{running.endpoints['coinbase']['rest']}{BASE}/time")

    assert down != 0
    assert (running.ports, answer.status_code) == (ports, 200)


async def test_the_blocks_own_error_passes_unchanged() -> None:
    """Not wrapped in a group."""
    error = ValueError("mine")

    with pytest.raises(ValueError, match="mine") as caught:
        async with serve(SimulatedCoinbase()):
            raise error

    assert caught.value is error


async def test_cancelling_the_block_stops_everything() -> None:
    """The cancellation goes on to who asked for it; no address answers afterwards."""
    ports: Mapping[str, int] = {}
    with anyio.CancelScope() as scope:
        async with serve(SimulatedCoinbase()) as running:
            ports = running.ports["coinbase"]
            scope.cancel()
            await anyio.sleep_forever()

    with socket.socket() as plain:
        assert plain.connect_ex(("127.0.0.1", ports["rest"])) != 0
    assert scope.cancelled_caught
