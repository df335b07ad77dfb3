"""Actors as classes: one method a message, over `Context.serve`.

    class Rest(Actor[Trading]):
        refuses = (OrderRejected,)
        concurrency = 8

        @on(PlaceOrder)
        async def place(self, message: PlaceOrder) -> Order: ...

    ChildSpec("rest", run=lambda context: Rest(deps)(context))

An object lives for one incarnation, so that a restart begins with fresh state: give the child a
function that makes one, never a shared object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

import anyio

from venuetree.actors.errors import Unhandled

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from venuetree.actors.context import Context
    from venuetree.protocol.messages import Message, Request

P = TypeVar("P")
R = TypeVar("R")
A = TypeVar("A")
M = TypeVar("M")

# Cleaning up may await, but a clean-up that hangs must not hold up the whole tree (P14).
STOPPED_SECONDS = 5.0

_MARK = "_venuetree_handles"


@overload
def on(  # type: ignore[overload-overlap] # a Request is a Message too; the first match is meant
    message_type: type[Request[Any, R]],
) -> Callable[[Callable[[A, M], Awaitable[R]]], Callable[[A, M], Awaitable[R]]]: ...
@overload
def on(
    message_type: type[Message[Any]],
) -> Callable[[Callable[[A, M], Awaitable[None]]], Callable[[A, M], Awaitable[None]]]: ...
def on(message_type: type[Any]) -> Callable[[Any], Any]:
    """Mark an actor's method as the handler of one type of message; it returns the reply."""

    def mark(method: Any) -> Any:
        setattr(method, _MARK, message_type)
        return method

    return mark


class _NoHandler(Unhandled):
    """Tells our own refusal from an Unhandled that a handler got from an actor it asked."""


class Actor(Generic[P]):
    """A child that handles its messages with the methods marked by `on`, by exact type.

    `refuses` lists the errors that are replies and not crashes; `concurrency` says how many
    messages are in hand at once.
    """

    refuses: ClassVar[tuple[type[Exception], ...]] = ()
    concurrency: ClassVar[int] = 1
    _handlers: ClassVar[dict[type, str]] = {}

    def __init_subclass__(cls) -> None:
        """Collect the handlers; two for one type raise TypeError."""
        super().__init_subclass__()
        handlers = dict(cls._handlers)
        own: set[type] = set()
        for name, member in vars(cls).items():
            if (message_type := getattr(member, _MARK, None)) is None:
                continue
            if message_type in own:
                msg = f"{cls.__name__} has two handlers of {message_type.__name__}"
                raise TypeError(msg)
            own.add(message_type)
            handlers[message_type] = name
        cls._handlers = handlers

    async def __call__(self, context: Context[P]) -> None:
        """Run one incarnation: `starting`, serve until asked to stop, `stopped` in any case."""
        try:
            await self.starting(context)
            await context.serve(
                self._dispatch,
                refuses=(*self.refuses, _NoHandler),
                concurrency=self.concurrency,
            )
        finally:
            with anyio.move_on_after(STOPPED_SECONDS, shield=True):
                await self.stopped()

    async def starting(self, context: Context[P]) -> None:
        """Make ready to serve; raising here is a failed start. Does nothing by default."""

    async def stopped(self) -> None:
        """Clean up, within `STOPPED_SECONDS`, also when cancelled. Does nothing by default."""

    async def _dispatch(self, message: object) -> object:
        name = self._handlers.get(type(message))
        if name is None:
            msg = f"{type(self).__name__} has no handler for {type(message).__name__}"
            raise _NoHandler(msg, started=False)
        return await getattr(self, name)(message)
