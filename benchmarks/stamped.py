"""A network that notes when bytes leave and come: where the engine ends and the wire begins."""

from collections.abc import Callable, Mapping
from time import perf_counter_ns
from typing import Any

from anyio.abc import ByteStream
from attrs import define

from venuetree.actors.addresses import TlsMode
from venuetree.actors.network import SystemNetwork

__all__ = ["StampedNetwork", "Stamps"]


@define
class Stamps:
    """What happened on all connections since `clear`; times of `perf_counter_ns`.

    Attributes:
        sends: pieces given to the network.
        sender: the stream that the first of them went by.
        first_sent_ns: just before that one was given to the kernel.
        last_received_ns: just after the last piece on the same stream was taken from it.
    """

    sends: int = 0
    sender: ByteStream | None = None
    first_sent_ns: int = 0
    last_received_ns: int = 0

    def clear(self) -> None:
        """Begin anew."""
        self.sends = 0
        self.sender = None


class StampedNetwork:
    """The operating system's network, each send and receive noted."""

    def __init__(self) -> None:
        self._inner = SystemNetwork()
        self.stamps = Stamps()

    async def connect(
        self, host: str, port: int, *, tls: TlsMode, server_hostname: str | None = None
    ) -> ByteStream:
        """Open a connection that is watched."""
        stream = await self._inner.connect(host, port, tls=tls, server_hostname=server_hostname)
        return _StampedStream(stream, self.stamps)


class _StampedStream(ByteStream):
    """A stream as it is, and two looks at the clock."""

    def __init__(self, inner: ByteStream, stamps: Stamps) -> None:
        self._inner = inner
        self._stamps = stamps

    async def send(self, item: bytes) -> None:
        stamps = self._stamps
        stamps.sends += 1
        if stamps.sender is None:
            stamps.sender = self
            stamps.first_sent_ns = perf_counter_ns()
        await self._inner.send(item)

    async def receive(self, max_bytes: int = 65536) -> bytes:
        data = await self._inner.receive(max_bytes)
        if self._stamps.sender is self:
            self._stamps.last_received_ns = perf_counter_ns()
        return data

    async def send_eof(self) -> None:
        await self._inner.send_eof()

    async def aclose(self) -> None:
        await self._inner.aclose()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return self._inner.extra_attributes
