"""How a connection ends: in good order, by a reset, or never."""

import socket
import struct

import anyio
import anyio.lowlevel
from anyio.abc import ByteStream, SocketAttribute

_READ = 65536


async def close(stream: ByteStream) -> None:
    """Close in good order, which a client that has gone already does not disturb."""
    try:
        await stream.aclose()
    except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
        return


async def reset(stream: ByteStream) -> None:
    """End a TCP connection with a reset; one without a socket just ends."""
    raw = stream.extra(SocketAttribute.raw_socket, None)
    if raw is not None:
        # No lingering: what closes the socket now sends a reset in place of a goodbye.
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # On asyncio anyio's own close would say goodbye first; the transport's abort does not.
    transport = getattr(stream, "_transport", None)
    if transport is not None:
        transport.abort()
        await anyio.lowlevel.checkpoint()
    await anyio.aclose_forcefully(stream)


async def swallow(stream: ByteStream) -> None:
    """Read and forget until the client gives up."""
    try:
        while True:
            await stream.receive(_READ)
    except anyio.EndOfStream:
        await close(stream)
