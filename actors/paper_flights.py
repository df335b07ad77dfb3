"""What is on its way to a paper exchange.

It takes its time, arrives in the order in which it was sent, and is not absent meanwhile: whoever
asks for an order that is in flight is told that nothing is decided.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import anyio

from venuetree.protocol import commands
from venuetree.protocol.commands import Rest
from venuetree.protocol.messages import Request
from venuetree.protocol.models import OrderRequest

__all__ = ["PaperFlights"]


class PaperFlights:
    """Orders in flight, and the road that all that is sent goes by."""

    def __init__(self, latency: float) -> None:
        """`latency` is how many seconds the way takes."""
        self._latency = latency
        self._ids: Counter[str] = Counter()
        self._road = anyio.Lock()

    @property
    def client_order_ids(self) -> Collection[str]:
        """Of the orders in flight."""
        return self._ids.keys()

    @contextmanager
    def of(self, command: Request[Rest, Any]) -> Iterator[None]:
        """The flight of a command's orders, from its sending until its answer."""
        names = [order.client_order_id for order in _orders_of(command)]
        self._ids.update(names)
        try:
            yield
        finally:
            self._ids.subtract(names)
            self._ids += Counter()  # without those that have landed

    async def arrive(self) -> None:
        """Be on the way for as long as it takes, behind what was sent before.

        Cancelled: it has not arrived.
        """
        due = anyio.current_time() + self._latency
        async with self._road:
            await anyio.sleep_until(due)


def _orders_of(command: Request[Rest, Any]) -> tuple[OrderRequest, ...]:
    """The new orders that a command brings."""
    match command:
        case commands.PlaceOrder(order):
            return (order,)
        case commands.ReplaceOrder(order=order):
            return (order,)
        case commands.ClosePosition(orders):
            return orders
        case _:
            return ()
