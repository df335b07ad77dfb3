"""Running a tree inside somebody else's program."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio

from venuetree.actors.errors import ActorStopped

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from venuetree.supervisors.supervisor import Supervisor


class _Outcome:
    """How the tree ended, and when."""

    def __init__(self) -> None:
        self.ready = False
        self.ended = False
        self.error: Exception | None = None
        self.changed = anyio.Event()


@asynccontextmanager
async def running(supervisor: Supervisor) -> AsyncIterator[Supervisor]:
    """Run a tree while the body runs; it must be entered and left in the same task (P18).

    - Entered when every child is ready; a failed start raises SupervisorFailed.
    - The body's end stops the tree in order. The body's own exception leaves unchanged.
    - A cancellation of the host passes through, after an ordered stop; a clean-up that fails
      meanwhile is a report, not an exception.
    - The tree never ends in silence: if it fails, or ends by itself before the body, the body is
      cancelled and SupervisorFailed or ActorStopped is raised.
    """
    outcome = _Outcome()
    stopping = anyio.Event()
    body_error: BaseException | None = None
    finished = False
    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as body:
            tasks.start_soon(_drive, supervisor, outcome, stopping, body)
            try:
                while not outcome.ready:
                    # Not task_status.started(): cancelled in the same tick, both sides lose (P6).
                    await outcome.changed.wait()
                yield supervisor
                finished = True
            except anyio.get_cancelled_exc_class():
                raise
            except BaseException as error:
                # Kept out of the task group, which would wrap it in an ExceptionGroup.
                if _cancelled_within(error):
                    raise
                body_error = error
            stopping.set()
    if body_error is not None:
        raise body_error
    if outcome.error is not None:
        raise outcome.error
    if not finished:
        msg = "the tree ended by itself while the body was running"
        raise ActorStopped(msg, started=True)


async def _drive(
    supervisor: Supervisor, outcome: _Outcome, stopping: anyio.Event, body: anyio.CancelScope
) -> None:
    def ready() -> None:
        outcome.ready = True
        outcome.changed.set()

    try:
        await supervisor.supervise(ready=ready, stopping=stopping)
    except Exception as error:  # noqa: BLE001 - raised by `running`, outside the task group
        outcome.error = error
    body.cancel()


def _cancelled_within(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return any(_cancelled_within(leaf) for leaf in error.exceptions)
    return isinstance(error, anyio.get_cancelled_exc_class())
