"""Remembers every event that a subscriber was told, and waits for the one that is expected."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
from attrs import Factory, define

from venuetree.actors.feed import AccountFeed, MarketFeed
from venuetree.protocol.errors import EngineError
from venuetree.protocol.events import AccountEvent, FeedEvent, FillReceived, OrderUpdated
from venuetree.protocol.models import Fill, OrderStatus

__all__ = ["Witness", "listening"]

Event = FeedEvent | AccountEvent
E = TypeVar("E", bound=Event)


@define(eq=False)
class Witness:
    """What a feed has said so far, in order, and how it ended if it did."""

    events: list[Event] = Factory(list)
    ended: EngineError | None = None
    _arrived: anyio.Event = Factory(anyio.Event)

    def take(self, event: Event) -> None:
        """Remember an event and wake who waits."""
        self.events.append(event)
        self._arrived.set()
        self._arrived = anyio.Event()

    def end(self, error: EngineError) -> None:
        """No more will come, for this reason."""
        self.ended = error
        self._arrived.set()

    def of(
        self, kind: type[E], holds: Callable[[E], bool] = lambda _: True, *, since: int = 0
    ) -> list[E]:
        """The events of a kind for which `holds`, in order, from index `since` on."""
        return [e for e in self.events[since:] if isinstance(e, kind) and holds(e)]

    def fills(self, client_order_id: str) -> list[Fill]:
        """The executions of an order of ours, each as often as it was told."""
        told = self.of(FillReceived, lambda event: event.fill.client_order_id == client_order_id)
        return [event.fill for event in told]

    def statuses(self, client_order_id: str) -> list[OrderStatus]:
        """What an order of ours became, step by step."""
        told = self.of(OrderUpdated, lambda event: event.order.client_order_id == client_order_id)
        return [event.order.status for event in told]

    async def see(
        self, kind: type[E], holds: Callable[[E], bool] = lambda _: True, *, since: int = 0
    ) -> tuple[E, int]:
        """The first event of a kind for which `holds`, from index `since` on, and the next index.

        Waits for it if it has not come; cancelling loses nothing.

        Raises:
            EngineError: the feed has ended for good.
        """
        index = since
        while True:
            for event in self.events[index:]:
                index += 1
                if isinstance(event, kind) and holds(event):
                    return event, index
            if self.ended is not None:
                raise self.ended
            await self._arrived.wait()

    async def listen(self, feed: MarketFeed | AccountFeed) -> None:
        """Take what a feed says until it ends."""
        try:
            async for event in feed:
                self.take(event)
        except EngineError as error:
            self.end(error)


@asynccontextmanager
async def listening(feed: MarketFeed | AccountFeed) -> AsyncIterator[Witness]:
    """A witness that listens to a feed while the body runs."""
    witness = Witness()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(witness.listen, feed)
        yield witness
        tasks.cancel_scope.cancel("nobody listens any more")
