"""How a supervisor fails, and how to read what a failure was really about."""

from __future__ import annotations

from venuetree.actors.errors import Unrecoverable


class StartFailed(Exception):
    """A child ended, or ran out of time, before it was ready; `__cause__` is what it raised."""

    def __init__(self, message: str, *, unrecoverable: BaseException | None = None) -> None:
        super().__init__(message)
        self.unrecoverable = unrecoverable


class StartTimeout(Exception):
    """A child did not become ready in time."""


class SupervisorFailed(Exception):
    """A supervisor gave up, after stopping its children in reverse order.

    `__cause__` is what made it give up. `unrecoverable` is the error that no restart can help, if
    that was the reason; it makes this failure unrecoverable for the supervisors above too.
    """

    def __init__(self, message: str, *, unrecoverable: BaseException | None = None) -> None:
        super().__init__(message)
        self.unrecoverable = unrecoverable


def find_unrecoverable(
    error: BaseException, kinds: tuple[type[Exception], ...] = ()
) -> BaseException | None:
    """The error within `error` that says "never restart", or None.

    Looks into groups, and into the failures of supervisors below. `kinds` counts as unrecoverable
    besides Unrecoverable itself.
    """
    match error:
        case BaseExceptionGroup():
            found = (find_unrecoverable(leaf, kinds) for leaf in error.exceptions)
            return next((leaf for leaf in found if leaf is not None), None)
        case SupervisorFailed() | StartFailed() if error.unrecoverable is not None:
            return error.unrecoverable
        case Unrecoverable():
            return error
        case _:
            return error if isinstance(error, kinds) else None
