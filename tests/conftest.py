"""What every test shares: both backends, in virtual time."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest
from hypothesis import settings

from tests.support.virtual_time import BACKENDS, fresh

# No deadline: machines are shared, and slow is not wrong. Checks that guard the main line try the
# same examples each time; a developer's runs go looking for new ones.
settings.register_profile("explore", deadline=None)
settings.register_profile("repeat", deadline=None, derandomize=True)
settings.load_profile("repeat" if os.environ.get("CI") else "explore")


def pytest_configure(config: pytest.Config) -> None:
    """Where bytecode must not be written beside the sources, it is kept in pytest's cache.

    Otherwise each process would compile everything anew: the tests with their assertions rewritten,
    and the package in each interpreter that a test starts.
    """
    cache: pytest.Cache | None = getattr(config, "cache", None)
    workers = config.getoption("numprocesses", None) and not hasattr(config, "workerinput")
    if sys.dont_write_bytecode and cache is not None and not workers:
        folder = str(cache.mkdir("bytecode"))
        sys.dont_write_bytecode = False
        sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = folder
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(params=BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Each async test runs on asyncio and on trio, in virtual time.

    A folder that needs real I/O overrides this in its conftest.py:
    `@pytest.fixture(params=REAL_BACKENDS)`, returning `request.param`.
    """
    return fresh(request.param)
