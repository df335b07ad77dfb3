"""What becomes of an order when replies are lost, late or at odds with the account's stream."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import anyio
import pytest
from attrs import evolve

from tests.support.toy import ToyHost, default_answer, scripted, toy_tree
from tests.support.toy_samples import fill, report, request
from venuetree.actors.feed import AccountFeed
from venuetree.actors.order_messages import Known, Place, Query
from venuetree.protocol import commands
from venuetree.protocol.errors import (
    EngineError,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    TransportError,
)
from venuetree.protocol.events import FillReceived, OrderUpdated
from venuetree.protocol.journal import MemoryJournal
from venuetree.protocol.models import OrderKey, OrderStatus, OrderType, TimeInForce
from venuetree.supervisors.wiring import Part

pytestmark = pytest.mark.anyio

NO_STREAM = Part.ALL & ~Part.USER_STREAM


async def statuses(feed: AccountFeed, last: OrderStatus) -> list[OrderStatus]:
    """The states that an order goes through, to the last."""
    seen: list[OrderStatus] = []
    with anyio.fail_after(1000):
        async for event in feed:
            if isinstance(event, OrderUpdated):
                seen.append(event.order.status)
                if seen[-1] is last:
                    break
    return seen


async def test_a_lost_reply_is_unknown_until_the_exchange_has_said_what_became_of_it() -> None:
    """Undecided answers are asked again with backoff; the owner gets the order in the end."""
    host = ToyHost()
    scripted(
        host,
        PlaceOrder=OutcomeUnknown("lost", client_order_id="c1"),
        ResolveOrder=[
            commands.Undecided("not there yet"),
            commands.Undecided("not there yet"),
            commands.Found(report(OrderStatus.OPEN)),
        ],
    )
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        feed = AccountFeed()
        tree.hub.add_account(feed)
        assert tree.orders is not None
        began = anyio.current_time()
        order = await tree.orders.ask(Place(request()), timeout=30)
        took = anyio.current_time() - began
        seen = await statuses(feed, OrderStatus.OPEN)

    asked = [c for c in host.commands if isinstance(c, commands.ResolveOrder)]
    assert order.status is OrderStatus.OPEN
    assert seen == [OrderStatus.NEW, OrderStatus.SENT, OrderStatus.UNKNOWN, OrderStatus.OPEN]
    assert len([c for c in host.commands if isinstance(c, commands.PlaceOrder)]) == 1
    assert [c.resend for c in asked] == [commands.Resend.ALLOWED] * 3
    assert took == pytest.approx(0.2 + 0.4, abs=0.05)


async def test_nothing_is_sent_again_once_nobody_waits_for_the_order() -> None:
    """After its owner's time the engine only asks; what it learns is told as an event."""
    host = ToyHost()
    scripted(
        host,
        PlaceOrder=OutcomeUnknown("lost", client_order_id="c1"),
        ResolveOrder=[*[commands.Undecided("?")] * 5, commands.Absent("it never came")],
    )
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        feed = AccountFeed()
        tree.hub.add_account(feed)
        assert tree.orders is not None
        with pytest.raises(OutcomeUnknown) as caught:
            await tree.orders.ask(Place(request()), timeout=1)
        seen = await statuses(feed, OrderStatus.REJECTED)

    resends = [c.resend for c in host.commands if isinstance(c, commands.ResolveOrder)]
    assert caught.value.client_order_id == "c1"
    assert seen[-2:] == [OrderStatus.UNKNOWN, OrderStatus.REJECTED]
    assert resends[-1] is commands.Resend.FORBIDDEN
    assert resends == sorted(resends, key=lambda r: r is commands.Resend.FORBIDDEN)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OrderRejected("no", code="NO"), OrderStatus.REJECTED),
        (TransportError("not sent"), OrderStatus.REJECTED),
        (RateLimited("not sent"), OrderStatus.REJECTED),
    ],
    ids=lambda value: getattr(value, "name", type(value).__name__),
)
async def test_a_refusal_or_a_request_that_was_not_sent_leaves_no_doubt(
    error: EngineError, status: OrderStatus
) -> None:
    """The owner gets the very error, and the order is known not to exist."""
    host = ToyHost()
    scripted(host, PlaceOrder=error)
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        assert tree.orders is not None
        with pytest.raises(type(error)):
            await tree.orders.ask(Place(request()), timeout=30)
        known = await tree.orders.ask(Known(), timeout=1)

    assert [order.status for order in known] == [status]


async def test_a_crash_of_the_rest_worker_with_an_order_in_hand_leaves_it_unknown() -> None:
    """A bug there is no verdict: the order is resolved by the next incarnation."""
    host = ToyHost()
    crashes = [KeyError("a bug"), commands.Found(report(OrderStatus.OPEN))]
    scripted(host, PlaceOrder=crashes[0], ResolveOrder=crashes[1])
    async with toy_tree(host, parts=NO_STREAM) as (tree, root, _):
        assert tree.orders is not None
        order = await tree.orders.ask(Place(request()), timeout=30)
        restarts = root.snapshot()["toy/io/rest"].restarts

    assert order.status is OrderStatus.OPEN
    assert restarts == 1
    assert len([c for c in host.commands if isinstance(c, commands.PlaceOrder)]) == 1


async def test_a_request_that_is_given_up_under_way_has_its_line_in_the_log() -> None:
    """Whoever asked is gone, but the exchange may have had it: the log must show that."""
    host = ToyHost()
    scripted(host, FetchBalances=lambda _: anyio.sleep_forever())
    async with toy_tree(host, parts=NO_STREAM) as (tree, root, log):
        with anyio.move_on_after(1):
            await tree.rest.ask(commands.FetchBalances(), timeout=30)
        lines = [line for line in log.lines if line.get("error") == "Cancelled"]
        restarts = root.snapshot()["toy/io/rest"].restarts

    assert [(line["event"], line["latency_ms"]) for line in lines] == [("api_call", 1000.0)]
    assert restarts == 0


async def test_orders_survive_a_crash_of_their_actor() -> None:
    """The journal knows what was sent: it is unknown, then resolved; open ones are asked for."""
    host = ToyHost()
    journal = MemoryJournal()
    hanging = anyio.Event()

    async def never(_: Any) -> Any:
        hanging.set()
        await anyio.sleep_forever()

    scripted(
        host,
        PlaceOrder=[default_answer, lambda c: never(c)],
        ResolveOrder=lambda c: commands.Found(report(OrderStatus.OPEN, c.order.client_order_id)),
        FetchOrder=lambda c: report(OrderStatus.CANCELLED, "c1"),
        FetchOpenOrders=(),
    )
    async with toy_tree(host, parts=NO_STREAM, journal=journal) as (tree, root, _):
        assert tree.orders is not None
        orders = tree.orders
        await orders.ask(Place(request("c1")), timeout=30)
        async with anyio.create_task_group() as tasks:

            async def place_second() -> None:
                with pytest.raises(Exception, match="stopped|crashed"):
                    await orders.ask(Place(request("c2")), timeout=1000)

            tasks.start_soon(place_second)
            await hanging.wait()
            await tree._io.restart_child("orders")
        with anyio.fail_after(60):
            while True:
                known = {o.client_order_id: o.status for o in await orders.ask(Known(), timeout=1)}
                if known == {"c1": OrderStatus.CANCELLED, "c2": OrderStatus.OPEN}:
                    break
                await anyio.sleep(0.1)
        incarnation = root.snapshot()["toy/io/orders"].incarnation

    assert incarnation == 2


async def test_the_user_stream_may_tell_the_verdict_before_the_reply_does() -> None:
    """A reply that hangs delays nobody: the stream's word ends the wait.

    The reply is read all the same: giving it up would cost a connection.
    """
    host = ToyHost()
    replied: list[float] = []

    async def slow(_: Any) -> Any:
        host.stream("user_stream").put(b'{"order": "open", "id": "c1", "filled": "0"}')
        await anyio.sleep(9)
        replied.append(anyio.current_time() - began)
        return report(OrderStatus.OPEN)

    scripted(host, PlaceOrder=slow)
    async with toy_tree(host) as (tree, _, _):
        assert tree.orders is not None
        began = anyio.current_time()
        order = await tree.orders.ask(Place(request()), timeout=30)
        took = anyio.current_time() - began
        await anyio.sleep(10)

    assert took < 1
    assert order.status is OrderStatus.OPEN
    assert replied == [pytest.approx(9)]


@pytest.mark.parametrize(
    "terms",
    [
        {"time_in_force": TimeInForce.IMMEDIATE_OR_CANCEL},
        {"time_in_force": TimeInForce.FILL_OR_KILL},
        {"type": OrderType.MARKET, "price": None},
    ],
)
async def test_of_an_order_that_never_rests_the_first_word_is_not_the_verdict(
    terms: dict[str, Any],
) -> None:
    """A stream says that it was accepted, and then what became of it; so does the reply."""
    host = ToyHost()

    async def slow(_: Any) -> Any:
        host.stream("user_stream").put(b'{"order": "open", "id": "c1", "filled": "0"}')
        await anyio.sleep(3)
        return report(OrderStatus.EXPIRED)

    scripted(host, PlaceOrder=slow)
    async with toy_tree(host) as (tree, _, _):
        assert tree.orders is not None
        order = await tree.orders.ask(Place(evolve(request(), **terms)), timeout=30)

    assert order.status is OrderStatus.EXPIRED


def begun_and_lost(host: ToyHost) -> Callable[[Any], Awaitable[Any]]:
    """The stream says that the order is open; a second later the reply is lost."""

    async def lose(_: Any) -> Any:
        host.stream("user_stream").put(b'{"order": "open", "id": "c1", "filled": "0"}')
        await anyio.sleep(1)
        message = "lost"
        raise OutcomeUnknown(message, client_order_id="c1")

    return lose


async def test_an_order_of_which_only_its_beginning_was_told_is_asked_for() -> None:
    """The reply is lost, and the stream has said no more than that it was accepted."""
    host = ToyHost()
    scripted(host, PlaceOrder=begun_and_lost(host), FetchOrder=report(OrderStatus.EXPIRED))
    async with toy_tree(host) as (tree, _, _):
        assert tree.orders is not None
        at_once = evolve(request(), time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL)
        order = await tree.orders.ask(Place(at_once), timeout=30)

    assert order.status is OrderStatus.EXPIRED


@pytest.mark.parametrize("may_rest", [True, False], ids=["resting", "at_once"])
async def test_an_asking_that_fails_is_repeated_before_the_verdict_is_given(
    *, may_rest: bool
) -> None:
    """Whether it still is open is what was asked: the failure of the question is no answer."""
    host = ToyHost()
    scripted(
        host,
        PlaceOrder=begun_and_lost(host),
        FetchOrder=[TransportError("down"), OrderNotFound("replica"), report(OrderStatus.REJECTED)],
    )
    time = TimeInForce.GOOD_TILL_CANCELLED if may_rest else TimeInForce.IMMEDIATE_OR_CANCEL
    async with toy_tree(host, reply_decides=may_rest) as (tree, _, _):
        assert tree.orders is not None
        with pytest.raises(OrderRejected):
            await tree.orders.ask(Place(evolve(request(), time_in_force=time)), timeout=30)

    assert sum(isinstance(each, commands.FetchOrder) for each in host.commands) == 3


async def test_an_open_order_that_cannot_rest_is_asked_for_until_it_has_ended() -> None:
    """A copy of the exchange's that lags behind says so for a while."""
    host = ToyHost()
    lagging = report(OrderStatus.OPEN)
    scripted(
        host,
        PlaceOrder=begun_and_lost(host),
        FetchOrder=[lagging, lagging, report(OrderStatus.EXPIRED)],
    )
    async with toy_tree(host) as (tree, _, _):
        assert tree.orders is not None
        at_once = evolve(request(), time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL)
        began = anyio.current_time()
        order = await tree.orders.ask(Place(at_once), timeout=30)
        took = anyio.current_time() - began

    assert order.status is OrderStatus.EXPIRED
    assert took == pytest.approx(1 + 0.2 + 0.4, abs=0.1)


async def test_an_order_that_nobody_can_tell_of_in_time_is_unknown_to_its_owner() -> None:
    """And not called open because it was so a while ago."""
    host = ToyHost()
    scripted(host, PlaceOrder=begun_and_lost(host), FetchOrder=TransportError("down"))
    async with toy_tree(host, reply_decides=True) as (tree, _, _):
        assert tree.orders is not None
        began = anyio.current_time()
        with pytest.raises(OutcomeUnknown, match="in time") as caught:
            await tree.orders.ask(Place(request()), timeout=10)
        took = anyio.current_time() - began

    assert caught.value.client_order_id == "c1"
    assert took == pytest.approx(10, abs=0.1)


async def test_where_the_reply_decides_an_open_order_is_not_the_verdict() -> None:
    """The stream says that it was made; the reply, that it was ended in the same breath."""
    host = ToyHost()

    async def slow(_: Any) -> Any:
        host.stream("user_stream").put(b'{"order": "open", "id": "c1", "filled": "0"}')
        await anyio.sleep(3)
        message = "halted"
        raise OrderRejected(message, code="HALTED")

    scripted(host, PlaceOrder=slow)
    async with toy_tree(host, reply_decides=True) as (tree, _, _):
        assert tree.orders is not None
        with pytest.raises(OrderRejected, match="halted"):
            await tree.orders.ask(Place(request()), timeout=30)


@pytest.mark.parametrize("way", ["stream", "resolver"])
async def test_an_order_that_proves_refused_is_never_returned_as_if_placed(way: str) -> None:
    """Whether the stream says so first or the resolver proves it, the owner gets a refusal."""
    host = ToyHost()

    async def slow(_: Any) -> Any:
        host.stream("user_stream").put(b'{"order": "rejected", "id": "c1", "filled": "0"}')
        await anyio.sleep(9)
        return report(OrderStatus.REJECTED)

    scripted(
        host,
        PlaceOrder=slow if way == "stream" else OutcomeUnknown("lost", client_order_id="c1"),
        ResolveOrder=commands.Absent("it never came"),
    )
    async with toy_tree(host) as (tree, _, _):
        assert tree.orders is not None
        with pytest.raises(OrderRejected):
            await tree.orders.ask(Place(request()), timeout=30)
        known = await tree.orders.ask(Known(), timeout=1)

    assert [order.status for order in known] == [OrderStatus.REJECTED]


async def test_missing_executions_are_fetched_until_they_add_up() -> None:
    """The stream tells a sum; each execution is told once, however often it is fetched."""
    host = ToyHost()
    scripted(
        host,
        FetchFills=[
            (),
            (fill(number=1, quantity="0.4"),),
            TransportError("down"),
            (fill(number=2, quantity="0.6"), fill(number=1, quantity="0.4")),
        ],
    )
    async with toy_tree(host) as (tree, _, _):
        assert tree.orders is not None
        feed = AccountFeed()
        tree.hub.add_account(feed)
        await tree.orders.ask(Place(request()), timeout=30)
        host.stream("user_stream").put(b'{"order": "filled", "id": "c1", "filled": "1"}')
        fills: list[Decimal] = []
        with anyio.fail_after(100):
            async for event in feed:
                if isinstance(event, FillReceived):
                    fills.append(event.fill.quantity)
                if sum(fills) == 1:
                    break
        await anyio.sleep(100)
        fetches = [c for c in host.commands if isinstance(c, commands.FetchFills)]

    assert fills == [Decimal("0.4"), Decimal("0.6")]
    assert len(fetches) == 4


async def test_asking_for_an_order_that_is_not_there_says_so() -> None:
    """The exchange's "not found" reaches the asker."""
    host = ToyHost()
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        assert tree.orders is not None
        with pytest.raises(OrderNotFound):
            await tree.orders.ask(Query(OrderKey(client_order_id="nobody")), timeout=5)


async def test_an_order_missing_from_the_list_of_open_ones_is_asked_for() -> None:
    """Placed, then gone from the exchange's list after a restart: how it ended is asked."""
    host = ToyHost()
    scripted(
        host,
        FetchOpenOrders=[(), ()],
        FetchOrder=[OrderNotFound("replica"), report(OrderStatus.CANCELLED)],
    )
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        assert tree.orders is not None
        feed = AccountFeed()
        tree.hub.add_account(feed)
        await tree.orders.ask(Place(request()), timeout=30)
        await tree._io.restart_child("orders")
        seen = await statuses(feed, OrderStatus.CANCELLED)

    assert seen[-1] is OrderStatus.CANCELLED
