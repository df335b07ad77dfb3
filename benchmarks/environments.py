"""The peers' environments: one each, beside ours, because their pins conflict."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

__all__ = ["PEERS", "Peer", "install"]

ROOT = Path(__file__).parent.parent
VERSION = "import sys; print('.'.join(map(str, sys.version_info[:2])))"
CHECK = f"import venv, ensurepip; {VERSION}"


@frozen
class Peer:
    """A library that does the same work.

    Attributes:
        environment: its folder and its requirements file are named after this.
        python: the oldest version it runs on.
    """

    environment: str
    python: tuple[int, int] = (3, 11)

    @property
    def folder(self) -> Path:
        """Where its environment is, or would be."""
        return ROOT / f".venv-bench-{self.environment}"

    @property
    def interpreter(self) -> Path:
        """Its Python."""
        return self.folder / "bin" / "python"

    @property
    def foreign_python(self) -> str:
        """Its Python where that is not ours: then a ratio also compares two interpreters."""
        done = subprocess.run(  # noqa: S603
            [str(self.interpreter), "-c", VERSION], check=True, capture_output=True, text=True
        )
        version = done.stdout.strip()
        return "" if version == f"{sys.version_info[0]}.{sys.version_info[1]}" else version

    @property
    def missing(self) -> str:
        """Why it cannot run, nothing if it can."""
        if self.interpreter.exists():
            return ""
        return "not installed: python -m benchmarks peers-install"


PEERS = {
    "ccxt": Peer("ccxt"),
    "cryptofeed": Peer("cryptofeed", (3, 13)),
    "sdks": Peer("sdks"),
}


def install(names: Sequence[str]) -> int:
    """Make the environments anew; 1 if one of them could not be made."""
    failed = 0
    for name in names:
        peer = PEERS.get(name)
        if peer is None:
            print(f"there is no peer {name!r}, only {', '.join(PEERS)}", file=sys.stderr)
            return 2
        reason = _install(peer)
        print(f"{name}: {reason or 'installed'}", flush=True)
        failed += bool(reason)
    return 1 if failed else 0


def _install(peer: Peer) -> str:
    python = next(_pythons(peer.python), None)
    if python is None:
        return f"no Python {'.'.join(map(str, peer.python))} or newer here"
    requirements = Path(__file__).parent / f"requirements-{peer.environment}.txt"
    pip = [str(peer.interpreter), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    for command in (
        [python, "-m", "venv", "--clear", str(peer.folder)],
        [*pip, "install", "--requirement", str(requirements)],
    ):
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
        if done.returncode:
            shutil.rmtree(peer.folder, ignore_errors=True)
            return (done.stderr.strip().splitlines() or ["it failed without a word"])[-1]
    return ""


def _pythons(oldest: tuple[int, int]) -> Iterator[str]:
    """Interpreters that really run, ours first, then by name, then a version manager's own."""
    candidates = [sys.executable]
    candidates += [f"python3.{minor}" for minor in range(14, oldest[1] - 1, -1)]
    manager = os.environ.get("PYENV_ROOT")
    roots = [Path(manager)] if manager else [Path.home() / ".pyenv"]
    for root in roots:
        candidates += [
            str(path) for path in sorted(root.glob("versions/*/bin/python"), reverse=True)
        ]
    for candidate in candidates:
        try:
            done = subprocess.run(  # noqa: S603
                [candidate, "-c", CHECK], check=False, capture_output=True, text=True, timeout=30
            )
        except OSError:
            continue
        if done.returncode == 0:
            major, minor = map(int, done.stdout.strip().split("."))
            if oldest <= (major, minor) < (4, 0):
                yield candidate
