"""What is on its way to a paper exchange."""

import anyio
import pytest

from tests.support.paper_samples import buy
from venuetree.actors.paper_flights import PaperFlights
from venuetree.protocol.commands import CancelOpenOrders, PlaceOrder, ReplaceOrder
from venuetree.protocol.models import OrderKey

pytestmark = pytest.mark.anyio


async def test_all_arrives_in_the_order_in_which_it_was_sent() -> None:
    """What was sent in one moment too, whatever the loop wakes first."""
    sent: list[int] = []
    arrived: list[int] = []

    async def send(flights: PaperFlights, number: int) -> None:
        sent.append(number)
        await flights.arrive()
        arrived.append(number)

    for _ in range(10):
        flights, began = PaperFlights(0.5), anyio.current_time()
        async with anyio.create_task_group() as tasks:
            for number in range(5):
                tasks.start_soon(send, flights, number)
        took = anyio.current_time() - began

        assert took == pytest.approx(0.5)

    assert arrived == sent


async def test_what_is_lost_on_its_way_blocks_nobody() -> None:
    """Cancelled on the road, the next one arrives in its own time."""
    flights = PaperFlights(1.0)
    with anyio.move_on_after(0.5):
        await flights.arrive()
    began = anyio.current_time()
    await flights.arrive()

    assert anyio.current_time() - began == pytest.approx(1.0)


def test_an_order_is_in_flight_until_each_of_its_commands_is_answered() -> None:
    """Two may bring the same id; what brings no order is no flight."""
    flights, order = PaperFlights(0), buy(1, 1, client_order_id="c")
    replacing = ReplaceOrder(OrderKey(client_order_id="old"), order)
    with flights.of(CancelOpenOrders("")):
        none = list(flights.client_order_ids)
    with flights.of(PlaceOrder(order)):
        with flights.of(replacing):
            both = list(flights.client_order_ids)
        one = list(flights.client_order_ids)
    with pytest.raises(ZeroDivisionError), flights.of(PlaceOrder(order)):
        raise ZeroDivisionError

    assert (none, both, one, list(flights.client_order_ids)) == ([], ["c"], ["c"], [])
