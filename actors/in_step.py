"""Asks that are worked on in their askers' own tasks, and how they end with their actor.

A queued ask changes the task twice, there and back, which is most of what it costs. An actor that
has every message in hand at once loses nothing if the asker's task does the work: nobody waits
for anybody. What an ask promises is kept:

1. Such a message counts as in hand, so the end of the incarnation settles it like any other.
2. The end of the incarnation cancels the work first, and waits until it has gone; the asker then
   waits for its verdict, crashed or stopped, which follows at once.
3. An error that the work lets out is a crash of the actor.
4. A stop begins no new work and waits for what is in hand.
5. The asker's own cancellation, asyncio's native one too, is its own and no crash of the actor.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import anyio

from venuetree.actors.envelope import Delivery, Envelope, Stage
from venuetree.actors.errors import LeakedCancellation, unwrap

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from venuetree.actors.incarnation import Incarnation

__all__ = ["InStep"]


class InStep:
    """What one incarnation has in hand in this way."""

    __slots__ = ("_is_cancelled", "_left", "_life", "_scopes", "_take")

    def __init__(self, life: Incarnation, take: Callable[[Delivery], Awaitable[object]]) -> None:
        self._life = life
        self._take = take
        self._scopes: set[anyio.CancelScope] = set()
        self._is_cancelled = False
        self._left = anyio.Event()

    async def work(self, envelope: Envelope) -> None:
        """Work on an ask until it is settled, or its deadline has passed.

        Cancelled: the work is cancelled.
        """
        mailbox = envelope.mailbox
        envelope.take()
        scope = envelope.scope = mailbox.loop.scope()
        self._scopes.add(scope)
        mailbox.wait_for(envelope)
        try:
            with scope:
                await self._run(envelope)
                if envelope.stage is Stage.TAKEN:
                    # Its answer comes from elsewhere.
                    await _settled(envelope)
            self._leave(scope)
            if self._is_cancelled and envelope.stage is Stage.TAKEN:
                await _settled(envelope)
        finally:
            self._leave(scope)
            mailbox.waiting.discard(envelope)
            envelope.abandon()

    def _leave(self, scope: anyio.CancelScope) -> None:
        self._scopes.discard(scope)
        if not self._scopes:
            self._left.set()

    def cancel(self) -> None:
        """End all that is in hand."""
        self._is_cancelled = True
        for scope in self._scopes:
            scope.cancel()

    async def finished(self) -> None:
        """Wait until nothing is in hand."""
        while self._scopes:
            self._left = anyio.Event()
            await self._left.wait()

    async def _run(self, envelope: Envelope) -> None:
        try:
            await self._take(Delivery(envelope))
        except anyio.get_cancelled_exc_class() as error:
            if _is_cancelled():
                raise
            # A library's doing (P2), which must not pass for a cancellation of the asker.
            leaked = LeakedCancellation("a cancellation that nobody asked for escaped from an ask")
            leaked.__cause__ = error
            self._crash(envelope, leaked)
        except Exception as error:  # noqa: BLE001 - the actor dies of it, and reports it
            self._crash(envelope, error)

    def _crash(self, envelope: Envelope, error: Exception) -> None:
        envelope.settle(None, envelope.mailbox.crashed(unwrap(error)))
        self._life.fail(error)


def _is_cancelled() -> bool:
    """Whether somebody has cancelled the running task, or a scope around it.

    The task is the host's, who may cancel it by asyncio's own means (`asyncio.timeout`).
    """
    if anyio.current_effective_deadline() == -math.inf:
        return True
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return False
    return task is not None and task.cancelling() > 0


async def _settled(envelope: Envelope) -> None:
    envelope.answered = anyio.Event()
    envelope.asker = anyio.get_current_task()
    await envelope.answered.wait()
