"""The field's own SDK, unmodified, lives on the simulated Binance.US: REST, and all sockets.

It needs an older websockets than ours, so it runs in an environment of its
own: the interpreter that ``VENUETREE_SDK_PYTHON`` names, ``.venv-sdk``'s
without it.
"""

import json
import os
from pathlib import Path

import anyio
import pytest

from venuetree.scenarios.simulated import serve
from venuetree.scenarios.simulated.binance_us import SimulatedBinanceUs

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "tests" / "sdk"
PYTHON = Path(os.environ.get("VENUETREE_SDK_PYTHON") or ROOT / ".venv-sdk" / "bin" / "python")
PYTHON_EXISTS = PYTHON.exists()
LONGEST_S = 120


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("script", ["binance_us_life_cycle.py", "binance_us_streams.py"])
async def test_the_sdk_completes_its_life_cycle(script: str) -> None:
    """An order's life over REST; streams, orders by socket, user streams, a book like REST's."""
    if not PYTHON_EXISTS:
        if os.environ.get("VENUETREE_REQUIRE_SDK") == "1":
            pytest.fail(f"the SDK's environment is required, and there is no {PYTHON}")
        pytest.skip(f"the SDK's environment is absent: there is no {PYTHON}")

    async with serve(SimulatedBinanceUs(seed=1)) as running:
        endpoints = json.dumps(dict(running.endpoints)).encode()
        with anyio.fail_after(LONGEST_S):
            done = await anyio.run_process(
                [str(PYTHON), str(SCRIPTS / script)], input=endpoints, check=False
            )

    told = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == 0, told
    assert told.splitlines()[-1] == "done", told
