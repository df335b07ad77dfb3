"""The exchange's official SDK, unmodified, lives an order's life on the simulated exchange.

It pins an older websockets than ours, so it runs in an environment of its
own: the interpreter that ``VENUETREE_SDK_PYTHON`` names, ``.venv-sdk``'s
without it.
"""

import json
import os
from pathlib import Path

import anyio
import pytest

from tests.support.virtual_time import REAL_BACKENDS
from venuetree.scenarios.simulated import SimulatedCoinbase, serve

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests" / "sdk" / "coinbase_life_cycle.py"
PYTHON = Path(os.environ.get("VENUETREE_SDK_PYTHON") or ROOT / ".venv-sdk" / "bin" / "python")
PYTHON_EXISTS = PYTHON.exists()
LONGEST_S = 120
#: Each kind of key once: the backend is the simulator's alone, whose own tests run on both.
SERVED = list(zip(["es256", "ed25519"], REAL_BACKENDS, strict=True))


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize(
    ("key", "anyio_backend"),
    [pytest.param(key, *each.values, id=f"{key}-{each.id}") for key, each in SERVED],
    indirect=["anyio_backend"],
)
async def test_the_official_sdk_completes_its_life_cycle(key: str) -> None:
    """Accounts, product, orders, fills, cancel, and six channels, with either kind of key."""
    if not PYTHON_EXISTS:
        if os.environ.get("VENUETREE_REQUIRE_SDK") == "1":
            pytest.fail(f"the SDK's environment is required, and there is no {PYTHON}")
        pytest.skip(f"the SDK's environment is absent: there is no {PYTHON}")

    async with serve(SimulatedCoinbase(seed=1)) as running:
        endpoints = json.dumps(dict(running.endpoints)).encode()
        with anyio.fail_after(LONGEST_S):
            done = await anyio.run_process(
                [str(PYTHON), str(SCRIPT), key], input=endpoints, check=False
            )

    told = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == 0, told
    assert told.splitlines()[-1] == "done", told
