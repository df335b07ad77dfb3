"""The field's own SDK, unmodified, lives on the simulated OANDA: REST, and both streams.

It runs in the environment of the exchanges' clients: the interpreter that
``VENUETREE_SDK_PYTHON`` names, ``.venv-sdk``'s without it.
"""

import json
import os
from pathlib import Path

import anyio
import pytest

from tests.support.virtual_time import REAL_BACKENDS
from venuetree.scenarios.simulated import serve
from venuetree.scenarios.simulated.oanda import SimulatedOanda

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "tests" / "sdk"
PYTHON = Path(os.environ.get("VENUETREE_SDK_PYTHON") or ROOT / ".venv-sdk" / "bin" / "python")
PYTHON_EXISTS = PYTHON.exists()
LONGEST_S = 120
#: Each script once: the backend is the simulator's alone, whose own tests run on both.
SERVED = list(zip(["oanda_streams.py", "oanda_life_cycle.py"], REAL_BACKENDS, strict=True))


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize(
    ("script", "anyio_backend"),
    [pytest.param(script, *each.values, id=f"{script}-{each.id}") for script, each in SERVED],
    indirect=["anyio_backend"],
)
async def test_the_sdk_completes_its_life_cycle(script: str) -> None:
    """The lives of orders, trades and positions over REST; prices and transactions by stream."""
    if not PYTHON_EXISTS:
        if os.environ.get("VENUETREE_REQUIRE_SDK") == "1":
            pytest.fail(f"the SDK's environment is required, and there is no {PYTHON}")
        pytest.skip(f"the SDK's environment is absent: there is no {PYTHON}")

    async with serve(SimulatedOanda(seed=1)) as running:
        endpoints = json.dumps(dict(running.endpoints)).encode()
        with anyio.fail_after(LONGEST_S):
            done = await anyio.run_process(
                [str(PYTHON), str(SCRIPTS / script)], input=endpoints, check=False
            )

    told = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == 0, told
    assert told.splitlines()[-1] == "done", told
