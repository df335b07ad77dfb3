"""A paper account in a file, so that it outlives a program.

The file is replaced whole, by one that is complete and on the disk before it takes the name:
whatever happens, either the old account is there or the new one. A lock beside it keeps two
programs from writing by turns; it ends with the program that holds it.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import orjson
from attrs import define, field

from venuetree.protocol.errors import ConfigurationError
from venuetree.protocol.paper import PaperState
from venuetree.protocol.paper.record import Recorder, from_record

try:
    import fcntl
except ImportError:  # not on Windows, where two programs must not use one file at a time
    fcntl = None  # type: ignore[assignment]

__all__ = ["PaperFile"]

VERSION = 1


@define
class PaperFile:
    """The file of one exchange's paper account.

    Args:
        path: of the file; its folder is made if need be.
        name: of the exchange in the engine.
    """

    path: Path
    name: str
    _lock: Any = field(init=False, default=None)
    _recorder: Recorder = field(init=False, factory=Recorder)

    def load(self) -> PaperState | None:
        """The account that is kept, None if there is none yet. Locks the file until `close`.

        Raises:
            ConfigurationError: the file cannot be read, is damaged, or another program uses it.
        """
        self._acquire()
        try:
            return self._read(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            self._refuse(f"cannot read the paper account in {self.path}: {error.strerror}", error)
        except (KeyError, TypeError, ValueError) as error:
            self._refuse(
                f"{self.path} does not hold a paper account of {self.name} that can be read: move"
                " it away to begin anew, or name another file",
                error,
            )

    def keep(self, state: PaperState) -> None:
        """Write the account down: from then on the file is this one, whole.

        A loss of power soon after may bring back the one before, whole as well.

        Raises:
            ConfigurationError: it could not be written; the file is what it was.
        """
        account = self._recorder.to_record(state)
        whole = orjson.dumps({"version": VERSION, "exchange": self.name, "account": account})
        draft = self.path.with_name(f".{self.path.name}.draft")
        try:
            with draft.open("wb") as file:
                file.write(whole)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.path)
        except OSError as error:
            with suppress(OSError):  # it takes room; should it stay, the next one replaces it
                draft.unlink()
            self._refuse(
                f"the paper account could not be written to {self.path}: {error.strerror}; nothing"
                " was changed: make room there, or name another file",
                error,
            )

    def close(self) -> None:
        """Let other programs have the file."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _read(self, data: bytes) -> PaperState:
        whole = orjson.loads(data)
        if whole["version"] != VERSION or whole["exchange"] != self.name:
            message = f"version {whole['version']} of an account of {whole['exchange']}"
            raise ValueError(message)
        return from_record(whole["account"])

    def _acquire(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = self.path.with_name(f".{self.path.name}.lock").open("wb")
        except OSError as error:
            self._refuse(f"cannot use {self.path} for a paper account: {error.strerror}", error)
        try:
            if fcntl is not None:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            self._refuse(
                f"another program trades with the paper account in {self.path}: wait until it has"
                " ended, or name another file",
                error,
            )
        self._lock = lock

    def _refuse(self, message: str, cause: Exception) -> NoReturn:
        raise ConfigurationError(message, exchange=self.name, operation="paper") from cause
