"""What a supervisor tells about its tree: typed events, for the host to log or to show.

Times (`at`) are seconds on anyio's clock; `path` leads from the root down to the child or the
supervisor concerned; `incarnation` counts from one.
"""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen

from venuetree.actors.mailbox import DeadLetterReason


@frozen
class Ready:
    """A child said that it is ready."""

    at: float
    path: tuple[str, ...]
    incarnation: int


@frozen
class Exited:
    """An incarnation ended: it returned (`error` is None) or raised; `requested` if told to."""

    at: float
    path: tuple[str, ...]
    incarnation: int
    error: BaseException | None
    requested: bool


@frozen
class Restarting:
    """A child is to be started again in `delay` seconds, after so many `failures` in a row."""

    at: float
    path: tuple[str, ...]
    incarnation: int
    delay: float
    failures: int


@frozen
class Stopped:
    """A child is down and will not be started again by itself; `error` if that is the reason."""

    at: float
    path: tuple[str, ...]
    incarnation: int
    error: BaseException | None


@frozen
class StopOverdue:
    """A child was cancelled and has not ended; its supervisor goes on waiting."""

    at: float
    path: tuple[str, ...]
    incarnation: int


@frozen
class Escalated:
    """A supervisor gives up, because of `cause`; its children are being stopped."""

    at: float
    path: tuple[str, ...]
    incarnation: int
    cause: BaseException


@frozen
class DeadLetter:
    """A message that no incarnation will handle; `why` tells what became of it."""

    at: float
    path: tuple[str, ...]
    incarnation: int
    message: object
    why: DeadLetterReason


@frozen
class SubscriberFailed:
    """Another subscriber raised `error` when it was told a report; it stays subscribed."""

    at: float
    path: tuple[str, ...]
    incarnation: int
    error: Exception


Report: TypeAlias = (
    Ready | Exited | Restarting | Stopped | StopOverdue | Escalated | DeadLetter | SubscriberFailed
)
