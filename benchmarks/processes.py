"""Servers and clients as processes of their own."""

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.environments import Peer

__all__ = ["ClientFailed", "Server", "run_client", "serving"]

ROOT = Path(__file__).parent.parent


class ClientFailed(Exception):
    """A client did not do its work; its last word is the message."""


class Server:
    """A running server: its port, and what it says line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        #: What it said when it was ready.
        self.first = self.line(30)
        self.port: int = self.first["port"]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(json.loads(line))

    def line(self, timeout_s: float = 60) -> dict[str, Any]:
        """What it says next."""
        return self._lines.get(timeout=timeout_s)

    def forget(self) -> None:
        """Drop what it said so far."""
        while not self._lines.empty():
            self._lines.get_nowait()


@contextmanager
def serving(module: str, *arguments: str) -> Iterator[Server]:
    """A server of ours, while the block runs."""
    process = subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-m", f"benchmarks.servers.{module}", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        yield Server(process)
    finally:
        process.kill()
        process.wait()


def run_client(
    module: str,
    arguments: Sequence[str],
    *,
    peer: Peer | None = None,
    stdin: str = "",
    timeout_s: float = 300,
) -> dict[str, Any]:
    """Run a client to its end and give what it printed.

    Ours run as modules; a peer's runs as a script in its own environment, which knows nothing of
    ours.

    Raises:
        ClientFailed: it ended otherwise.
    """
    if peer is None:
        command = [sys.executable, "-m", f"benchmarks.clients.{module}", *arguments]
    else:
        if peer.missing:
            raise ClientFailed(peer.missing)
        script = ROOT / "benchmarks" / "clients" / f"{module}.py"
        command = [str(peer.interpreter), str(script), *arguments]
    try:
        done = subprocess.run(  # noqa: S603
            command,
            check=False,
            capture_output=True,
            text=True,
            input=stdin,
            timeout=timeout_s,
            cwd=ROOT,
        )
    except subprocess.TimeoutExpired as late:
        raise ClientFailed(f"not done in {timeout_s:g} s") from late
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        said = done.stderr.strip().splitlines() or ["no word"]
        raise ClientFailed(f"{module}: {said[-1][:200]}")
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer
