"""A network in memory on which what we send takes its time to arrive, never twice the same."""

import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio
from anyio.abc import ByteStream

from venuetree.actors.addresses import TlsMode
from venuetree.scenarios.memory_network import MemoryNetwork

__all__ = ["LaggingNetwork"]


class LaggingNetwork:
    """A `Network` over one in memory; the way to the exchange takes `shortest_s` to `longest_s`.

    What comes back comes at once: limits are counted over there, by arrival.
    """

    def __init__(
        self, inner: MemoryNetwork, rng: random.Random, *, shortest_s: float, longest_s: float
    ) -> None:
        self._inner = inner
        self._rng = rng
        self._shortest_s = shortest_s
        self._longest_s = longest_s
        #: When connections began, in seconds of the loop's clock.
        self.begun: list[float] = []
        self._held: anyio.Event | None = None

    def hold(self) -> None:
        """Let nothing of what we send arrive, until `let_go`."""
        self._held = anyio.Event()

    def let_go(self) -> None:
        """Let all of it arrive."""
        if self._held is not None:
            self._held.set()
            self._held = None

    async def connect(
        self, host: str, port: int, *, tls: TlsMode, server_hostname: str | None = None
    ) -> ByteStream:
        """Open a connection whose every piece arrives late."""
        await self._way()
        self.begun.append(anyio.current_time())
        stream = await self._inner.connect(host, port, tls=tls, server_hostname=server_hostname)
        return _LaggingStream(stream, self._way)

    async def _way(self) -> None:
        await anyio.sleep(self._rng.uniform(self._shortest_s, self._longest_s))
        if self._held is not None:
            await self._held.wait()


class _LaggingStream(ByteStream):
    """Our end of a connection: a send is done when its piece has arrived."""

    def __init__(self, inner: ByteStream, way: Callable[[], Awaitable[None]]) -> None:
        self._inner = inner
        self._way = way

    async def send(self, item: bytes) -> None:
        """Give the piece to the other end after its way."""
        await self._way()
        await self._inner.send(item)

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """What has come."""
        return await self._inner.receive(max_bytes)

    async def send_eof(self) -> None:
        """Say that nothing more will come."""
        await self._inner.send_eof()

    async def aclose(self) -> None:
        """Close at once."""
        await self._inner.aclose()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        """Those of the stream in memory, its ledger too."""
        return self._inner.extra_attributes
