"""Each test of WebSocket streams runs with every client on each backend, in virtual time."""

from typing import Any

import pytest

from tests.support.virtual_time import fresh
from venuetree.actors.streams import WebSocketClient

CLIENTS = [
    pytest.param(("asyncio", WebSocketClient.SANS_IO), id="asyncio-sans_io"),
    pytest.param(("trio", WebSocketClient.SANS_IO), id="trio-sans_io"),
    pytest.param(("trio", WebSocketClient.TRIO_WEBSOCKET), id="trio-trio_websocket"),
]


@pytest.fixture(params=CLIENTS)
def case(request: pytest.FixtureRequest) -> tuple[str, WebSocketClient]:
    """A backend and a client that runs on it."""
    parameter: tuple[str, WebSocketClient] = request.param
    return parameter


@pytest.fixture
def anyio_backend(case: tuple[str, WebSocketClient]) -> tuple[str, dict[str, Any]]:
    """The case's backend, in virtual time."""
    return fresh((case[0], {"virtual": True}))


@pytest.fixture
def client(case: tuple[str, WebSocketClient]) -> WebSocketClient:
    """The case's client."""
    return case[1]
