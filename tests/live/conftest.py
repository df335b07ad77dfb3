"""Live tests speak to real exchanges, over real sockets, when `make live` asks for it."""

import pytest

from tests.support.virtual_time import REAL_BACKENDS


@pytest.fixture(params=REAL_BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    """Both backends, on real time."""
    return request.param
