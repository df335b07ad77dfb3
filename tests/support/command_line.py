"""Running `venuetree` as a shell would, in a process of its own, or quicker, in this one."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

from attrs import frozen

from venuetree.cli import main

__all__ = ["Ended", "called", "environment", "simulator", "start", "venuetree"]

#: Longer than any command here takes on a busy machine; shorter than anybody's patience.
PATIENCE_SECONDS = 60.0


@frozen
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.out)


def environment() -> dict[str, str]:
    """That of this process, without anybody's real keys."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COINBASE_", "BINANCE_US_", "OANDA_"))
    }


def start(*arguments: str) -> subprocess.Popen[str]:
    """A command that runs until it is told to stop."""
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "venuetree.cli", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def venuetree(*arguments: str) -> Ended:
    """A command that ends by itself."""
    process = start(*arguments)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    return Ended(process.returncode, out, err)


def called(*arguments: str) -> Ended:
    """The same within this process: a second quicker, for tests of what a command prints."""
    bytes_out, err = io.BytesIO(), io.StringIO()
    out = io.TextIOWrapper(bytes_out, encoding="utf-8", write_through=True)
    with (
        mock.patch.dict(os.environ, environment(), clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = main(arguments)
    return Ended(code, bytes_out.getvalue().decode(), err.getvalue())


@contextmanager
def simulator(directory: Path) -> Iterator[Path]:
    """An endpoints file of a running `venuetree simulate --json`."""
    process = start("simulate", "--json", "--seed", "1")
    try:
        if process.stdout is None:
            raise RuntimeError
        file = directory / "sim.json"
        file.write_text(process.stdout.readline(), encoding="utf-8")
        yield file
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_SECONDS)
