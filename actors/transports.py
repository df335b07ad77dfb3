"""The seam to streams: what a session's `Connect` says is opened here, by whichever client."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec

from venuetree.actors.addresses import parse_address
from venuetree.actors.http_lines import open_http_lines
from venuetree.actors.network import Network
from venuetree.actors.streams import Stream, StreamOptions, WebSocketClient
from venuetree.actors.websocket import open_websocket
from venuetree.protocol.errors import ConfigurationError
from venuetree.protocol.port import Connect, Transport

__all__ = ["open_stream"]


@asynccontextmanager
async def open_stream(
    connect: Connect,
    endpoint_url: str,
    *,
    network: Network,
    options: StreamOptions | None = None,
    exchange: str = "",
) -> AsyncIterator[Stream]:
    """Open what `connect` says at the endpoint; close it, politely if there is time, at the end.

    `connect.headers` are sent as they are: whatever they must prove is signed already. Exceptions
    of the body leave unchanged, never in a group. Cancelling closes at once.

    Raises:
        ConfigurationError: the URL cannot be used, or a client was asked for that cannot be had.
        TransportError: the exchange cannot be reached.
        AuthRefused, PermissionRefused, RateLimited, ExchangeUnavailable, ExchangeRefused:
            it answered with a status of its own.
        RemoteProtocolError: the answer is not the protocol.
    """
    options = options or StreamOptions()
    address = parse_address(
        endpoint_url.rstrip("/") + connect.path if connect.path else endpoint_url,
        plain_text=options.plain_text,
        exchange=exchange,
    )
    if connect.transport is Transport.HTTP_LINES:
        lines = await open_http_lines(
            address, connect.headers, network=network, options=options, exchange=exchange
        )
        try:
            yield lines
        finally:
            await lines.aclose()
        return
    if choose_client(options.client) is WebSocketClient.TRIO_WEBSOCKET:
        from venuetree.actors.trio_websocket_transport import (  # noqa: PLC0415 - optional
            open_trio_websocket,
        )

        async with open_trio_websocket(
            address, connect.headers, network=network, options=options, exchange=exchange
        ) as by_trio:
            yield by_trio
        return
    stream = await open_websocket(
        address, connect.headers, network=network, options=options, exchange=exchange
    )
    try:
        yield stream
    finally:
        await stream.aclose()


def choose_client(wanted: WebSocketClient) -> WebSocketClient:
    """Which client to use on the running event loop.

    Raises:
        ConfigurationError: trio-websocket was asked for, and cannot be had here.
    """
    # Asked of the module only if somebody has imported it: without trio, nothing runs on it.
    trio = sys.modules.get("trio")
    is_on_trio = trio is not None and bool(trio.lowlevel.in_trio_run())
    is_installed = is_on_trio and find_spec("trio_websocket") is not None
    match wanted:
        case WebSocketClient.SANS_IO:
            return WebSocketClient.SANS_IO
        case WebSocketClient.DEFAULT:
            return WebSocketClient.TRIO_WEBSOCKET if is_installed else WebSocketClient.SANS_IO
        case WebSocketClient.TRIO_WEBSOCKET:
            if is_installed:
                return WebSocketClient.TRIO_WEBSOCKET
            message = (
                "trio-websocket needs trio to run on"
                if not is_on_trio
                else "trio-websocket is not installed: pip install 'venuetree[trio]'"
            )
            raise ConfigurationError(message, operation="connect")
