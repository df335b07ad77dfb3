"""What must be asked at start and again and again: the clock, the instruments, the key.

When the exchange goes out of reach meanwhile, the first chore is tried soon and again until it
answers, so that its coming back is seen.

The schedule is the exchange's (`port.Chore`), stated as data. Start: every chore once, in order.
A refused key ends the exchange for good; an exchange that cannot be reached does not, the actor
is ready all the same, says so in its detail, and keeps trying with backoff.
"""

import math
from collections.abc import Callable, Sequence
from typing import assert_never

import anyio
from attrs import frozen

from venuetree.actors.context import Context
from venuetree.actors.directory import Directory
from venuetree.actors.errors import ActorError, Unrecoverable
from venuetree.actors.ref import Ref
from venuetree.protocol.commands import Ahead, Rest
from venuetree.protocol.errors import (
    AuthRefused,
    ConfigurationError,
    EngineError,
    PermissionRefused,
    TransportError,
)
from venuetree.protocol.messages import Message
from venuetree.protocol.port import Chore, ChoreEffect, Lane

__all__ = ["CheckCredentials", "CredentialsRefused", "ExchangeLost", "Upkeep", "UpkeepDetail"]

CHORE_TIMEOUT = 15.0
#: Between attempts at a chore that failed, in seconds: doubled from the first to the last.
RETRY_FIRST, RETRY_LAST = 0.5, 15.0


class CredentialsRefused(Unrecoverable):
    """The exchange refuses the key: no restart can help. `__cause__` is its refusal."""


class UpkeepProtocol:
    """The protocol that the upkeep actor speaks."""


@frozen
class CheckCredentials(Message[UpkeepProtocol]):
    """The exchange has just refused the key for something: is it still good at all?"""


@frozen
class ExchangeLost(Message[UpkeepProtocol]):
    """The exchange cannot be reached any more: go on asking until it answers."""


@frozen
class UpkeepDetail:
    """What the snapshot shows: chores done, and the last failure of each that fails."""

    done: int
    failing: tuple[tuple[str, str], ...]


@frozen
class Upkeep:
    """The upkeep actor's `run`."""

    exchange: str
    chores: Sequence[Chore]
    rest: Ref[Rest]
    directory: Directory
    on_credentials: Callable[[object], None]

    async def __call__(self, ctx: Context[UpkeepProtocol]) -> None:
        """Do each chore on its schedule; cancelled, a chore in hand is dropped.

        Raises:
            CredentialsRefused: the exchange refuses the key.
        """
        due: dict[int, float] = {}
        failures: dict[int, int] = {}
        failing: dict[str, str] = {}
        done = 0
        pending = list(enumerate(self.chores))
        is_first_round = True
        while True:
            is_unreachable = False
            for index, chore in pending:
                if is_unreachable:
                    # Each attempt costs a connection's timeout, and the host waits for us.
                    due[index] = anyio.current_time() + RETRY_FIRST
                    continue
                try:
                    await self._do(chore)
                except (EngineError, ActorError) as error:
                    failures[index] = failures.get(index, 0) + 1
                    failing[chore.effect.value] = str(error)
                    is_unreachable = isinstance(error, TransportError)
                    delay = min(RETRY_LAST, RETRY_FIRST * 2 ** min(failures[index] - 1, 10))
                    due[index] = anyio.current_time() + delay
                else:
                    done += 1
                    failures.pop(index, None)
                    failing.pop(chore.effect.value, None)
                    due.pop(index, None)
                    if chore.every_ns is not None:
                        due[index] = anyio.current_time() + chore.every_ns / 1e9
                ctx.publish(UpkeepDetail(done, tuple(failing.items())))
            if is_first_round:
                ctx.ready()
                is_first_round = False
            try:
                await self._wait(ctx, due)
            except anyio.EndOfStream:
                return  # asked to stop
            now = anyio.current_time()
            pending = [(i, c) for i, c in enumerate(self.chores) if due.get(i, now + 1) <= now]

    async def _wait(self, ctx: Context[UpkeepProtocol], due: dict[int, float]) -> None:
        """Until the next chore is due, the key is in doubt, or the exchange is out of reach."""
        until = min(due.values(), default=math.inf)
        with anyio.CancelScope(deadline=until):
            self._heed((await ctx.receive()).message, due)
            # However often it was said meanwhile, once is enough.
            while (delivery := ctx.receive_nowait()) is not None:
                self._heed(delivery.message, due)

    def _heed(self, message: CheckCredentials | ExchangeLost, due: dict[int, float]) -> None:
        now = anyio.current_time()
        match message:
            case CheckCredentials():
                for index, chore in enumerate(self.chores):
                    if chore.effect is ChoreEffect.CREDENTIALS:
                        due[index] = now
            case ExchangeLost():
                # Any chore will do: while it fails it is tried again with backoff.
                if self.chores:
                    due[0] = min(due.get(0, math.inf), now + RETRY_FIRST)
            case _:
                assert_never(message)

    async def _do(self, chore: Chore) -> None:
        try:
            question = Ahead(chore.command, Lane.UPKEEP)
            answer = await self.rest.ask(question, timeout=CHORE_TIMEOUT)
        except (AuthRefused, ConfigurationError) as error:
            raise CredentialsRefused(str(error)) from error
        except PermissionRefused as error:
            if chore.effect is ChoreEffect.CREDENTIALS:
                raise CredentialsRefused(str(error)) from error
            raise
        match chore.effect:
            case ChoreEffect.CLOCK:
                pass  # whoever asked has read the clock, and told it
            case ChoreEffect.INSTRUMENTS:
                self.directory.learn(answer)
            case ChoreEffect.CREDENTIALS:
                self.on_credentials(answer)
            case _:
                assert_never(chore.effect)
