"""How urgent each question is at the rate gate: what the engine must know goes before hosts'."""

from collections.abc import Awaitable, Callable

import anyio
import pytest

from tests.support.toy import ToyHost, scripted, toy_tree
from tests.support.toy_samples import fill, report, request
from venuetree.actors.feed import MarketFeed
from venuetree.actors.order_messages import Cancel, CancelAll, Edit, Place, Query
from venuetree.protocol.errors import OrderNotFound
from venuetree.protocol.models import OrderKey, OrderStatus, Topic
from venuetree.protocol.port import Lane, Subscription
from venuetree.supervisors.exchange_tree import ExchangeTree
from venuetree.supervisors.wiring import Part

pytestmark = pytest.mark.anyio

NO_STREAM = Part.ALL & ~Part.USER_STREAM
C1 = OrderKey("BTC-USD", "c1", "x-c1")


def lanes(host: ToyHost, operation: str) -> set[Lane]:
    """Those in which requests of a kind went."""
    return {request.lane for request in host.requests if request.operation == operation}


async def cancel(tree: ExchangeTree) -> None:
    """Its end is not told: it has to be asked for."""
    assert tree.orders is not None
    await tree.orders.ask(Cancel(C1), timeout=10)


async def edit(tree: ExchangeTree) -> None:
    """Afterwards the order is read."""
    assert tree.orders is not None
    await tree.orders.ask(Edit(C1, request()), timeout=10)


async def doubt(tree: ExchangeTree) -> None:
    """The order is missing from a list of those that are open."""
    assert tree.orders is not None
    await tree._io.restart_child("orders")
    await anyio.sleep(1)


@pytest.mark.parametrize("act", [cancel, edit, doubt])
async def test_what_an_order_is_now_is_asked_before_new_orders_are_placed(
    act: Callable[[ExchangeTree], Awaitable[None]],
) -> None:
    """Its owner believes in it meanwhile."""
    host = ToyHost()
    scripted(host, FetchOrder=report(OrderStatus.CANCELLED))
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        assert tree.orders is not None
        await tree.orders.ask(Place(request()), timeout=30)
        await act(tree)

    assert lanes(host, "FetchOrder") == {Lane.RESOLVE}
    assert lanes(host, "FetchOpenOrders") == {Lane.RESOLVE}
    assert lanes(host, "PlaceOrder") == {Lane.PLACE}


async def test_what_a_sweep_has_left_is_asked_as_a_cancel() -> None:
    """Nothing that is asked for meanwhile may come between."""
    host = ToyHost()
    scripted(host, CancelOpenOrders=())
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        assert tree.orders is not None
        await anyio.sleep(1)
        host.requests.clear()
        await tree.orders.ask(CancelAll(""), timeout=10)

    assert lanes(host, "FetchOpenOrders") == {Lane.CANCEL}


async def test_missing_executions_are_asked_for_after_new_orders_and_before_what_hosts_ask() -> (
    None
):
    """How much is executed is known without them."""
    host = ToyHost()
    scripted(host, FetchFills=(fill(),))
    async with toy_tree(host) as (tree, _, _):
        assert tree.orders is not None
        await tree.orders.ask(Place(request()), timeout=30)
        host.stream("user_stream").put(b'{"order": "filled", "id": "c1", "filled": "1"}')
        await anyio.sleep(1)

    assert lanes(host, "FetchFills") == {Lane.UPKEEP}


async def test_what_a_host_asks_comes_last() -> None:
    """About an order, too: it can wait, the engine follows the order anyway."""
    host = ToyHost()
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        assert tree.orders is not None
        with pytest.raises(OrderNotFound):
            await tree.orders.ask(Query(OrderKey(client_order_id="nobody")), timeout=5)

    assert lanes(host, "FetchOrder") == {Lane.DATA}


async def test_what_is_asked_again_and_again_comes_after_orders() -> None:
    """The clock, the key."""
    host = ToyHost()
    async with toy_tree(host, parts=NO_STREAM):
        pass

    assert lanes(host, "FetchServerTime") == {Lane.UPKEEP}
    assert lanes(host, "FetchKeyPermissions") == {Lane.UPKEEP}


async def test_what_the_accounts_stream_needs_is_as_urgent_as_what_it_tells() -> None:
    """The state of orders."""
    host = ToyHost()
    async with toy_tree(host):
        await anyio.sleep(1)
        host.stream("user_stream").put(b'{"call": 1}')
        await anyio.sleep(1)

    assert lanes(host, "FetchBalances") == {Lane.RESOLVE}


async def test_what_a_markets_stream_needs_comes_after_orders() -> None:
    """A book to begin with."""
    host = ToyHost()
    async with toy_tree(host) as (tree, _, _):
        tree.hub.add(MarketFeed(), {Subscription("BTC-USD", Topic.BOOK)})
        await anyio.sleep(1)
        host.stream("stream").put(b'{"call": 1}')
        await anyio.sleep(1)

    assert lanes(host, "FetchBalances") == {Lane.UPKEEP}
