"""What a supervisor is told about a child, and about itself."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Generic, TypeVar

from attrs import field, frozen, validators

from venuetree.actors.mailbox import MailboxSpec
from venuetree.supervisors.restart import Backoff, Restart

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from venuetree.actors.context import Context

P = TypeVar("P")

# Generous for one login and one connection over a bad line; a tree that takes longer says so.
START_TIMEOUT = 30.0
# What OTP gives a worker: enough for an order in flight to come home.
SHUTDOWN = 5.0


class Strategy(Enum):
    """Which children are restarted when one ends."""

    ONE_FOR_ONE = auto()
    """That one."""
    REST_FOR_ONE = auto()
    """That one and those after it, which depend on it."""
    ONE_FOR_ALL = auto()


class AutoShutdown(Enum):
    """Whether a supervisor ends when its significant children have."""

    NEVER = auto()
    ANY_SIGNIFICANT = auto()
    ALL_SIGNIFICANT = auto()


def _name(_: object, __: object, value: str) -> None:
    if not value or "/" in value:
        msg = f"a child's name is not empty and has no '/': {value!r}"
        raise ValueError(msg)


@frozen
class ChildSpec(Generic[P]):
    """A child: what runs, and how it is started, restarted and stopped. Times in seconds.

    `run` is called for every incarnation, with its Context, and must build its state anew; a
    Supervisor is such a callable. `start_timeout` is how long it may take to be ready. If it ends
    before that at its supervisor's start, the start fails, unless `retry_start`. `shutdown` is the
    grace of a child that watches `stopping` (serving does) before it is cancelled; give a
    supervisor the sum of its children's. `significant` children end their supervisor, see
    AutoShutdown. `unrecoverable` lists errors that count as Unrecoverable when this child raises
    them.
    """

    name: str = field(validator=_name)
    run: Callable[[Context[P]], Awaitable[object]]
    restart: Restart = field(default=Restart.PERMANENT, kw_only=True)
    backoff: Backoff = field(factory=Backoff, kw_only=True)
    start_timeout: float = field(default=START_TIMEOUT, kw_only=True, validator=validators.gt(0))
    shutdown: float = field(default=SHUTDOWN, kw_only=True, validator=validators.ge(0))
    retry_start: bool = field(default=False, kw_only=True)
    significant: bool = field(default=False, kw_only=True)
    mailbox: MailboxSpec = field(factory=MailboxSpec, kw_only=True)
    unrecoverable: tuple[type[Exception], ...] = field(default=(), kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Raise ValueError for a child that could never end its supervisor though it should."""
        if self.significant and self.restart is Restart.PERMANENT:
            msg = f"child {self.name!r} is significant and permanent: it would never end"
            raise ValueError(msg)
