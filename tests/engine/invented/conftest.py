"""Engine tests on an invented exchange in memory: no sockets, so virtual time."""

import pytest

from tests.support.virtual_time import BACKENDS, fresh


@pytest.fixture(params=BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    """No sockets here: virtual time."""
    return fresh(request.param)
