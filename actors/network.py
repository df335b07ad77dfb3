"""The seam to sockets: all that opens a connection goes through a `Network`."""

import errno
import os
import socket
import ssl
from typing import Protocol, runtime_checkable

import anyio
import certifi
from anyio.abc import ByteStream
from anyio.streams.tls import TLSStream

from venuetree.actors.addresses import TlsMode
from venuetree.actors.sockets import SocketByteStream

__all__ = ["Network", "Paced", "SystemNetwork", "verified_tls"]

#: RFC 8305's advice: a second address is tried when the first has not answered by then.
NEXT_ADDRESS_AFTER_S = 0.25


class Network(Protocol):
    """Opens byte streams. A network in memory stands in for the real one in tests."""

    async def connect(
        self, host: str, port: int, *, tls: TlsMode, server_hostname: str | None = None
    ) -> ByteStream:
        """A connected stream; with TLS, encrypted and its certificate verified.

        `server_hostname` is the name that the certificate must carry, `host` by default.
        Cancelling leaves no connection behind.

        Raises:
            OSError: the host cannot be resolved or reached.
            ssl.SSLError: the TLS handshake failed; `SSLCertVerificationError` says why.
        """
        ...


@runtime_checkable
class Paced(Protocol):
    """A network that makes whoever asks for a connection wait for a turn."""

    def turn_in(self) -> float:
        """Seconds until a connection that is asked for now would begin."""
        ...


def verified_tls(extra_ca_pem: str | None = None) -> ssl.SSLContext:
    """A client context that verifies always: the system's trust, certifi's, and an extra CA."""
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=certifi.where())
    if extra_ca_pem is not None:
        context.load_verify_locations(cadata=extra_ca_pem)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class SystemNetwork:
    """The operating system's sockets.

    Args:
        extra_ca_pem: a further certificate authority to trust, for tests and private proxies.
    """

    def __init__(self, *, extra_ca_pem: str | None = None) -> None:
        self._extra_ca_pem = extra_ca_pem
        self._context: ssl.SSLContext | None = None

    async def connect(
        self, host: str, port: int, *, tls: TlsMode, server_hostname: str | None = None
    ) -> ByteStream:
        """Open a connection; see `Network.connect`."""
        stream = SocketByteStream(await open_socket(host, port))
        if tls is TlsMode.PLAIN:
            return stream
        if self._context is None:
            # Reading the system's trust takes tens of milliseconds: once, and only if needed.
            self._context = verified_tls(self._extra_ca_pem)
        try:
            return await TLSStream.wrap(
                stream,
                server_side=False,
                hostname=server_hostname or host,
                ssl_context=self._context,
                # Exchanges close without TLS's farewell; truncation is told by the framing above.
                standard_compatible=False,
            )
        except BaseException:
            await anyio.aclose_forcefully(stream)
            raise


async def open_socket(host: str, port: int) -> socket.socket:
    """A connected TCP socket to the first of the host's addresses that answers.

    Addresses are tried in the resolver's order with the families taking turns, each begun when
    the one before has failed or has been silent for a while; the first to connect wins and the
    others are closed.
    """
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = alternate([(family, address) for family, _, _, _, address in found])
    winner: list[socket.socket] = []
    failures: list[OSError] = []

    async def attempt(family: int, address: object, done: anyio.Event) -> None:
        try:
            connected = await connect_socket(family, address)
        except OSError as error:
            failures.append(error)
            return
        finally:
            done.set()
        if winner:
            connected.close()
            return
        winner.append(connected)
        group.cancel_scope.cancel()

    try:
        async with anyio.create_task_group() as group:
            for family, address in addresses:
                done = anyio.Event()
                group.start_soon(attempt, family, address, done)
                with anyio.move_on_after(NEXT_ADDRESS_AFTER_S):
                    await done.wait()
    except BaseException:
        for connected in winner:
            connected.close()
        raise
    if winner:
        return winner[0]
    if failures:
        raise failures[0]
    message = f"{host} has no address"
    raise OSError(message)


def alternate(addresses: list[tuple[int, object]]) -> list[tuple[int, object]]:
    """The same addresses with the two families taking turns, the resolver's first one first."""
    if not addresses:
        return []
    first_family = addresses[0][0]
    one = [address for address in addresses if address[0] == first_family]
    other = [address for address in addresses if address[0] != first_family]
    mixed: list[tuple[int, object]] = []
    for index in range(max(len(one), len(other))):
        mixed.extend(one[index : index + 1])
        mixed.extend(other[index : index + 1])
    return mixed


async def connect_socket(family: int, address: object) -> socket.socket:
    """A connected non-blocking socket with Nagle's delay off; OSError if it cannot be."""
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.settimeout(0)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        code = opened.connect_ex(address)  # type: ignore[arg-type]  # as the resolver gave it
        if code in (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EINTR):
            await anyio.wait_writable(opened)
            code = opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))  # noqa: TRY301 - closes it below
    except BaseException:
        opened.close()
        raise
    return opened
