"""Servers are tried on real loops and real sockets; what needs no loop takes no backend."""

from typing import Any

import pytest

from tests.support.virtual_time import REAL_BACKENDS


@pytest.fixture(params=REAL_BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Each async test of this folder runs on asyncio and on trio, in real time."""
    return request.param
