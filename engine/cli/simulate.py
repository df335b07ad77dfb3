"""`venuetree simulate`: simulated exchanges on loopback ports, until interrupted."""

import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

import anyio

from venuetree.cli.exits import ExitCode, UsageError
from venuetree.cli.json_output import dump
from venuetree.scenarios.simulated import serve
from venuetree.scenarios.simulated.registry import SIMULATORS

__all__ = ["simulate"]


async def simulate(options: Namespace) -> ExitCode:
    """Serve simulated exchanges; cancelling closes every listener and connection.

    Raises:
        UsageError: there is no such simulated exchange.
    """
    names = tuple(dict.fromkeys(options.exchanges)) or tuple(SIMULATORS)
    unknown = [name for name in names if name not in SIMULATORS]
    if unknown:
        message = f"no simulated {' or '.join(unknown)}; there are: {', '.join(SIMULATORS)}"
        raise UsageError(message)
    async with serve(*(SIMULATORS[name](options.seed) for name in names)) as running:
        if options.json:
            sys.stdout.buffer.write(dump(dict(running.endpoints)))
            sys.stdout.buffer.flush()
        else:
            print(_for_people(running.endpoints), flush=True)
        await anyio.sleep_forever()
    return ExitCode.DONE


def _for_people(endpoints: Mapping[str, Mapping[str, Any]]) -> str:
    """The addresses; credentials only with `--json`, which is for programs."""
    lines = [
        f"{name:12} {which:12} {address}"
        for name, entry in endpoints.items()
        for which, address in entry.items()
        if which != "credentials"
    ]
    lines += [
        "",
        "For other programs: venuetree simulate --json > sim.json",
        "Then: venuetree balances EXCHANGE --endpoints sim.json",
        "Ctrl-C stops it.",
    ]
    return "\n".join(lines)
