"""What scripts about supervision look at and do: crashes, restarts, who was left alone."""

from contextlib import suppress
from typing import Any

from attrs import frozen

from venuetree.actors.errors import ActorError
from venuetree.actors.ref import Ref
from venuetree.protocol.commands import FetchCandles
from venuetree.protocol.messages import Message
from venuetree.scenarios.world import World
from venuetree.supervisors.snapshot import ChildInfo

__all__ = ["child", "crash", "expect_untouched", "fails", "restarts", "starts"]


@frozen
class _Nonsense(Message[Any]):
    """A message that no actor knows: to receive it is a fault of the program."""


def crash(world: World, actor: str) -> None:
    """Let an actor of the exchange fail: `auth`, `gate`, `rest` or `orders`."""
    world.happens(f"{world.name}/{actor} gets a message that it cannot understand")
    tree = world.exchange._tree  # noqa: SLF001 - the way to an actor is not for hosts
    refs: dict[str, Ref[Any] | None] = {
        "auth": tree.auth,
        "gate": tree.gate,
        "rest": tree.rest,
        "orders": tree.orders,
    }
    ref = refs[actor]
    soon: Any = "soon"
    # The REST worker refuses what it does not know; what it knows it believes.
    message = FetchCandles(world.instrument, soon, 0, 0) if actor == "rest" else _Nonsense()
    # An actor that works in its teller's task lets it know; the others do not.
    with suppress(ActorError):
        if ref is not None:
            ref.tell_nowait(message)


def child(world: World, path: str, exchange: str = "") -> ChildInfo:
    """A part of an exchange's tree, `io/rest`; the exchange's own root for `""`."""
    where = "/".join(part for part in (exchange or world.name, path) if part)
    return world.engine.snapshot()[where]


def restarts(world: World, path: str, exchange: str = "") -> int:
    """How often an actor failed and was started again, by itself and not with others."""
    return child(world, path, exchange).restarts


def expect_untouched(world: World, *paths: str, exchange: str = "") -> None:
    """These have lived since the beginning: their first incarnation is the one that runs."""
    for path in paths:
        number = child(world, path, exchange).incarnation
        world.expect(number == 1, f"{exchange or world.name}/{path} was started {number} times")


async def fails(world: World, path: str, *, times: int) -> None:
    """Wait until an actor has failed so often, and is to be started again."""
    await world.until(
        lambda: restarts(world, path) >= times,
        f"{world.name}/{path} has not failed {times} times",
    )


async def starts(world: World, path: str, *, number: int) -> None:
    """Wait until an actor's incarnation of this number runs."""
    await world.until(
        lambda: child(world, path).incarnation >= number,
        f"{world.name}/{path} was not started {number} times",
    )
