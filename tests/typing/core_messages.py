"""What the type checker must accept and refuse about messages; checked by mypy, never run.

Each refusal is an ignored error; mypy reports an ignore that is not needed, so a mistake that
would pass unseen fails the check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_type

from attrs import frozen

from venuetree.actors import Actor, Context, on
from venuetree.protocol.messages import Message, Request
from venuetree.supervisors import ChildSpec, Supervisor

if TYPE_CHECKING:
    from venuetree.actors import Ref


class Trading:
    """A protocol."""


class Accounts:
    """Another one."""


@frozen
class Ack:
    """A reply."""


@frozen
class Place(Request[Trading, Ack]):
    """A request answered with an Ack."""

    quantity: int


@frozen
class Flush(Message[Trading]):
    """A message without a reply."""


@frozen
class Balance(Request[Accounts, int]):
    """A request of the other protocol."""


async def replies_are_typed(ref: Ref[Trading]) -> None:
    """A request says its reply's type; what is no request cannot be asked."""
    assert_type(await ref.ask(Place(1), timeout=5), Ack)
    await ref.tell(Flush())
    await ref.tell(Place(1))
    ref.tell_nowait(Flush())
    await ref.ask(Flush(), timeout=5)  # type: ignore[arg-type]
    await ref.ask(Place(1))  # type: ignore[call-arg]
    await ref.ask(Balance(), timeout=5)  # type: ignore[arg-type]
    await ref.tell(Balance())  # type: ignore[arg-type]


async def an_actor_may_speak_several_protocols(both: Ref[Trading | Accounts]) -> None:
    """A Ref of several is accepted where a Ref of one is wanted, not the other way round."""
    one: Ref[Trading] = both
    assert_type(await both.ask(Balance(), timeout=5), int)
    wide: Ref[Trading | Accounts] = one  # type: ignore[assignment]
    await wide.ask(Place(1), timeout=5)


class Rest(Actor[Trading]):
    """Handlers return what their message promises."""

    @on(Place)
    async def place(self, message: Place) -> Ack:
        """Right."""
        return Ack() if message.quantity else await self.place(message)

    @on(Flush)
    async def flush(self, message: Flush) -> None:
        """Right: a message has no reply."""

    @on(Balance)  # type: ignore[arg-type]
    async def balance(self, message: Balance) -> str:
        """Wrong: an int was promised."""
        return str(message)


async def run(context: Context[Trading]) -> None:
    """A child as a function."""
    assert_type(context.ref, "Ref[Trading]")


def refs_are_typed_by_their_specs(supervisor: Supervisor) -> None:
    """A spec knows its child's protocol, and so does its Ref."""
    spec = ChildSpec("rest", run)
    assert_type(supervisor.ref(spec), "Ref[Trading]")
    wrong: Ref[Accounts] = supervisor.ref(spec)  # type: ignore[arg-type]
    del wrong
