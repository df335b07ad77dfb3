"""What every test shares: both backends, in virtual time."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import settings

from tests.support.virtual_time import BACKENDS, fresh

# No deadline: machines are shared, and slow is not wrong. Checks that guard the main line try the
# same examples each time; a developer's runs go looking for new ones.
settings.register_profile("explore", deadline=None)
settings.register_profile("repeat", deadline=None, derandomize=True)
settings.load_profile("repeat" if os.environ.get("CI") else "explore")


@pytest.fixture(params=BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Each async test runs on asyncio and on trio, in virtual time.

    A folder that needs real I/O overrides this in its conftest.py:
    `@pytest.fixture(params=REAL_BACKENDS)`, returning `request.param`.
    """
    return fresh(request.param)
