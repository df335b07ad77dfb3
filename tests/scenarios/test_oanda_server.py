"""The simulated OANDA behind real sockets: chunked lines, and how they end."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import h11
import httpx
import pytest
from anyio.abc import SocketStream

from venuetree.scenarios.faults import (
    CloseConnection,
    CutFrame,
    Fault,
    HalfOpenConnection,
    LoseReply,
    Loss,
    RefuseConnection,
    ResetConnection,
    SlowReply,
    SplitFrame,
)
from venuetree.scenarios.simulated import serve
from venuetree.scenarios.simulated.limits import Limit
from venuetree.scenarios.simulated.oanda import Settings, SimulatedOanda
from venuetree.scenarios.simulated.wire import ABNORMAL

pytestmark = pytest.mark.anyio

SHORT_S = 5
QUICK = Settings(heartbeat_s=0.05, move_every_s=0.02, window_s=0.02)


class Body:
    """The body of one answer, as it arrives."""

    def __init__(self, stream: SocketStream) -> None:
        """Over an open TCP stream."""
        self._stream = stream
        self._http = h11.Connection(h11.CLIENT)
        self._left = b""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.received = b""
        """All that came so far, without the framing."""

    async def ask(self, host: str, target: str, token: str) -> None:
        """Send the request, and wait for the head of the answer."""
        headers = [("host", host), ("authorization", f"Bearer {token}")]
        request = h11.Request(method="GET", target=target, headers=headers)
        sent = self._http.send(request) or b""
        await self._stream.send(sent + (self._http.send(h11.EndOfMessage()) or b""))
        head = await self._event()
        assert isinstance(head, h11.Response)
        self.status = head.status_code
        self.headers = {name.decode(): value.decode() for name, value in head.headers}

    async def chunk(self) -> bytes | None:
        """The next bytes, None at the end; raises if the connection breaks first."""
        event = await self._event()
        if isinstance(event, h11.EndOfMessage):
            return None
        assert isinstance(event, h11.Data), event
        self.received += event.data
        return bytes(event.data)

    async def whole(self) -> bytes:
        """All bytes until the end; raises if the connection breaks first."""
        while await self.chunk() is not None:
            pass
        return self.received

    async def line(self) -> Any:
        """The next line, decoded."""
        while b"\n" not in self._left:
            chunk = await self.chunk()
            assert chunk is not None
            self._left += chunk
        line, _, self._left = self._left.partition(b"\n")
        return json.loads(line)

    async def _event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            try:
                self._http.receive_data(await self._stream.receive())
            except anyio.EndOfStream:
                self._http.receive_data(b"")
        return event


class Served:
    """A simulated exchange that is served, and clients of it."""

    def __init__(self, sim: SimulatedOanda, endpoints: Any, http: httpx.AsyncClient) -> None:
        """Beside a client for REST."""
        self.sim = sim
        self.rest = f"{endpoints['rest']}/v3/accounts/{sim.account.id}"
        self.place = endpoints["stream"].removeprefix("http://")
        self.http = http

    @asynccontextmanager
    async def open(self, path: str = "pricing/stream?instruments=EUR_USD") -> AsyncIterator[Body]:
        """A stream of the account, for a few seconds at most."""
        host, _, port = self.place.partition(":")
        with anyio.fail_after(SHORT_S):
            async with await anyio.connect_tcp(host, int(port)) as stream:
                body = Body(stream)
                target = f"/v3/accounts/{self.sim.account.id}/{path}"
                await body.ask(self.place, target, self.sim.token)
                yield body

    async def broken_by(self, fault: Fault) -> bytes:
        """What arrives of a pricing stream before it breaks, as it must."""
        self.sim.faults.add(fault)
        async with self.open() as body:
            with pytest.raises((anyio.BrokenResourceError, h11.RemoteProtocolError)):
                await body.whole()
            return body.received


@asynccontextmanager
async def served(settings: Settings = QUICK) -> AsyncIterator[Served]:
    """An exchange on loopback."""
    sim = SimulatedOanda(settings=settings)
    async with serve(sim) as running, httpx.AsyncClient(timeout=SHORT_S) as http:
        http.headers["authorization"] = f"Bearer {sim.token}"
        yield Served(sim, running.endpoints["oanda"], http)


async def test_lines_flow_until_the_client_has_enough() -> None:
    """Chunked and never zipped; the exchange notes that its client has gone."""
    async with served() as exchange:
        kinds: set[str] = set()
        async with exchange.open() as body:
            while len(kinds) < 2:
                kinds.add((await body.line())["type"])
        with anyio.fail_after(SHORT_S):
            while exchange.sim.streams.sessions:
                await anyio.sleep(0.01)

        assert body.status == 200
        assert body.headers["transfer-encoding"] == "chunked"
        assert body.headers["content-type"] == "application/octet-stream"
        assert "content-encoding" not in body.headers
        assert kinds == {"PRICE", "HEARTBEAT"}


async def test_an_order_is_told_on_the_transaction_stream() -> None:
    """While REST answers on a connection of its own."""
    order = {"type": "MARKET", "instrument": "EUR_USD", "units": "100"}
    async with served() as exchange, exchange.open("transactions/stream") as body:
        first = await body.line()
        answer = await exchange.http.post(f"{exchange.rest}/orders", json={"order": order})
        told: list[Any] = []
        while len(told) < 2:
            line = await body.line()
            told += [] if line["type"] == "HEARTBEAT" else [line]

        created = answer.json()["orderCreateTransaction"]
        assert first["type"] == "HEARTBEAT"
        assert answer.status_code == 201
        assert answer.headers["requestid"] == created["requestID"]
        assert told == [created, answer.json()["orderFillTransaction"]]


async def test_a_line_in_pieces_is_whole_again() -> None:
    """Each byte in a chunk of its own; the stream then ends in good order."""
    async with served() as exchange:
        exchange.sim.faults.add(SplitFrame("pricing/*"))
        exchange.sim.faults.add(CloseConnection("pricing/*", after=2))
        async with exchange.open() as body:
            lines = (await body.whole()).splitlines()

    assert [json.loads(line)["type"] for line in lines].count("PRICE") == 2


async def test_a_reset_in_the_middle_of_a_line() -> None:
    """The first bytes arrive, then the connection breaks."""
    async with served() as exchange:
        received = await exchange.broken_by(CutFrame("pricing/*", 25))

    assert len(received.rpartition(b"\n")[2]) == 25


@pytest.mark.parametrize(
    "fault",
    [
        CutFrame("pricing/*", how=Loss.CLOSED),
        CloseConnection("pricing/*", ABNORMAL, after=1),
        ResetConnection("pricing/*", after=1),
    ],
)
async def test_a_body_without_its_end(fault: Fault) -> None:
    """The connection is closed, or reset, where another chunk should come."""
    async with served() as exchange:
        received = await exchange.broken_by(fault)

    assert json.loads(received.splitlines()[0])["type"] == "PRICE"


async def test_silence_on_an_open_connection() -> None:
    """No byte comes, and no end."""
    async with served() as exchange:
        exchange.sim.faults.add(HalfOpenConnection("pricing/*", after=1))
        async with exchange.open() as body:
            with anyio.move_on_after(0.3) as scope:
                await body.whole()

    assert scope.cancelled_caught
    assert b"PRICE" in body.received


async def test_a_refused_and_a_slow_stream() -> None:
    """The one gets its status, the other its head after a while."""
    async with served() as exchange:
        exchange.sim.faults.add(RefuseConnection("stream", 503))
        exchange.sim.faults.add(SlowReply("GET *stream", 0.2, after=1))
        async with exchange.open() as body:
            refused = body.status
        began = anyio.current_time()
        async with exchange.open() as body:
            accepted = body.status
        took = anyio.current_time() - began

    assert (refused, accepted) == (503, 200)
    assert took >= 0.2


async def test_connections_above_the_limit_are_reset() -> None:
    """Before they are read from; a connection that is kept is counted once."""
    async with served(Settings(connections=Limit(per_second=1, burst=1))) as exchange:
        for _ in range(3):
            assert (await exchange.http.get(f"{exchange.rest}/summary")).status_code == 200
        async with httpx.AsyncClient() as second:
            with pytest.raises(httpx.TransportError):
                await second.get(f"{exchange.rest}/summary")


async def test_a_reply_that_is_lost_by_a_reset() -> None:
    """The order is filled nevertheless."""
    order = {"type": "MARKET", "instrument": "EUR_USD", "units": "100"}
    async with served() as exchange:
        exchange.sim.faults.add(LoseReply("POST *", Loss.RESET))
        with pytest.raises(httpx.TransportError):
            await exchange.http.post(f"{exchange.rest}/orders", json={"order": order})

        types = [each["type"] for each in exchange.sim.account.transactions]
        assert "ORDER_FILL" in types
