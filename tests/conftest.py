"""What every test shares: both backends, in virtual time."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import is_hypothesis_test, settings

from tests.support.virtual_time import BACKENDS, fresh

#: Only who names such a one runs it: real exchanges, perhaps real money (`make live`), what takes
#: minutes of computing (`make long`), and the examples of the documents (`make check`).
collect_ignore = ["live", "long", "test_docs.py"]

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


#: Tests of something else than the connector code, or of all of it at once, and those that try
#: hundreds of examples or thousands of messages: they run without the tracer, which takes as long
#: again as they do. What they alone would cover has no test of its own.
UNTRACED = ("cli", "conformance", "long", "scenarios", "worlds")
#: Worlds, and yet the only tests of the actor that they are about.
TRACED_FILES = ("test_paper.py", "test_paper_changes.py", "test_paper_faults.py")
UNTRACED_FILES = ("_properties.py", "test_invariants.py")


#: The tests that run on asyncio too, under the same name but for the backend.
REPEATED: set[str] = set()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Note which tests on trio only repeat one on asyncio."""
    names = {item.nodeid for item in items if "asyncio" in item.name}
    for item in items:
        if "trio" in item.name and item.nodeid.replace("trio", "asyncio") in names:
            REPEATED.add(item.nodeid)


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays to the end: thousands of tests and their modules."""
    gc.collect()
    gc.freeze()


def _is_traced(item: pytest.Item) -> bool:
    """Whether a test's lines count; the code is the same on both backends, and one is enough."""
    where = item.path.relative_to(Path(__file__).parent)
    is_elsewhere = where.parts[0] in UNTRACED and item.path.name not in TRACED_FILES
    is_many = (
        item.path.name.endswith(UNTRACED_FILES)
        or item.get_closest_marker("bulk") is not None
        or is_hypothesis_test(getattr(item, "function", None))
    )
    return not (is_elsewhere or is_many or item.nodeid in REPEATED)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Take the tracer off while such a test runs.

    By hand: in a worker of xdist, pytest-cov's own marker for that leaves another tracer at work.
    """
    if _is_traced(item):
        return (yield)
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)


@pytest.fixture(params=BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Each async test runs on asyncio and on trio, in virtual time.

    A folder that needs real I/O overrides this in its conftest.py:
    `@pytest.fixture(params=REAL_BACKENDS)`, returning `request.param`.
    """
    return fresh(request.param)
