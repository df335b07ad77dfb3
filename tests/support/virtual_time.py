"""Backends for the tests: on virtual time, and on real time for those that do real I/O.

`BACKENDS` is for the `anyio_backend` fixture of everything that needs no real I/O, `REAL_BACKENDS`
for the tests that do; both are lists of pytest parameters with readable ids.
"""

from typing import Any

import pytest

from venuetree.scenarios.virtual_time import run_virtual, virtual_options

__all__ = ["BACKENDS", "REAL_BACKENDS", "fresh", "run_virtual", "virtual_options"]


def fresh(backend: tuple[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """The same backend with a clock of its own: a trio clock serves one run only."""
    name, options = backend
    return (name, virtual_options(name)) if options.get("virtual") else (name, options)


BACKENDS = [
    pytest.param(("asyncio", {"virtual": True}), id="asyncio"),
    pytest.param(("trio", {"virtual": True}), id="trio"),
]

REAL_BACKENDS = [
    pytest.param(("asyncio", {}), id="asyncio-real"),
    pytest.param(("trio", {}), id="trio-real"),
]
