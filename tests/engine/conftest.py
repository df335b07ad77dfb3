"""Engine tests run the real engine against a simulated exchange over loopback sockets."""

import pytest

from tests.support.virtual_time import REAL_BACKENDS


@pytest.fixture(params=REAL_BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    """Both backends, on real time: sockets do not wait for a virtual clock."""
    return request.param
