"""Orders on their way: what is written down before they leave, and what an answer says."""

from typing import Any

import anyio
import pytest
from attrs import evolve

from tests.support.toy import ToyHost, scripted, toy_tree
from tests.support.toy_samples import report, request
from venuetree.actors.order_messages import Cancel, Known, Place, PlacePair, Replace
from venuetree.protocol import commands
from venuetree.protocol.builders import oco
from venuetree.protocol.errors import (
    CancelRefused,
    EngineError,
    OrderInvalid,
    OrderRejected,
    OutcomeUnknown,
    TransportError,
)
from venuetree.protocol.journal import MemoryJournal
from venuetree.protocol.models import OrderKey, OrderStatus, ReportSource, Side
from venuetree.supervisors.exchange_tree import ExchangeTree
from venuetree.supervisors.wiring import Part

pytestmark = pytest.mark.anyio

NO_STREAM = Part.ALL & ~Part.USER_STREAM
OLD = OrderKey(client_order_id="old")
PAIR = oco(
    "A-USD",
    Side.SELL,
    quantity="1",
    price="12",
    stop_price="9",
    stop_limit_price="8",
    client_order_ids=("limit", "stop"),
)


def count(host: ToyHost, kind: type) -> int:
    """How often a command came."""
    return sum(type(command) is kind for command in host.commands)


def told(status: OrderStatus, client_order_id: str) -> Any:
    """What a reply says of an order."""
    return report(status, client_order_id, source=ReportSource.REPLY)


async def place(tree: ExchangeTree, client_order_id: str = "old") -> None:
    """An order that rests."""
    assert tree.orders is not None
    await tree.orders.ask(Place(request(client_order_id)), timeout=5)


async def statuses(tree: ExchangeTree) -> dict[str, OrderStatus]:
    """What is known, by our ids."""
    assert tree.orders is not None
    known = await tree.orders.ask(Known(), timeout=5)
    return {order.client_order_id: order.status for order in known}


# ---------------------------------------------------------------- alone


async def test_an_order_that_nobody_carries_was_never_sent() -> None:
    """It is known not to exist, and its owner is told so."""
    host = ToyHost()
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await tree._io.stop_child("rest")
        with pytest.raises(TransportError, match="the order was not sent"):
            await place(tree)
        known = await statuses(tree)

    assert known == {"old": OrderStatus.REJECTED}
    assert count(host, commands.PlaceOrder) == 0


async def test_an_id_that_was_used_before_is_refused_and_nothing_sent() -> None:
    """The first order is untouched."""
    host = ToyHost()
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        with pytest.raises(OrderInvalid):
            await place(tree)
        known = await statuses(tree)

    assert known == {"old": OrderStatus.OPEN}
    assert count(host, commands.PlaceOrder) == 1


# ---------------------------------------------------------------- pairs


async def test_both_orders_of_a_pair_are_what_the_reply_says() -> None:
    """Each was written down as sent before the request left."""
    host = ToyHost()
    journal = MemoryJournal()
    before: dict[str, OrderStatus] = {}

    def answer(_: Any) -> Any:
        before.update({e.order.client_order_id: e.order.status for e in journal.load()})
        return (told(OrderStatus.OPEN, "limit"), told(OrderStatus.OPEN, "stop"))

    scripted(host, PlaceOco=answer)
    async with toy_tree(host, parts=NO_STREAM, journal=journal) as (tree, _, _):
        assert tree.orders is not None
        limit, stop = await tree.orders.ask(PlacePair(PAIR), timeout=5)

    assert before == {"limit": OrderStatus.SENT, "stop": OrderStatus.SENT}
    assert (limit.exchange_order_id, stop.exchange_order_id) == ("x-limit", "x-stop")
    assert {limit.status, stop.status} == {OrderStatus.OPEN}


async def test_of_a_pair_that_cannot_be_written_down_whole_nothing_is_sent() -> None:
    """The second id was used before: the first order is known not to exist."""
    host = ToyHost()
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree, "stop")
        assert tree.orders is not None
        with pytest.raises(OrderInvalid):
            await tree.orders.ask(PlacePair(PAIR), timeout=5)
        known = await statuses(tree)

    assert known == {"stop": OrderStatus.OPEN, "limit": OrderStatus.REJECTED}
    assert count(host, commands.PlaceOco) == 0


# ---------------------------------------------------------------- in another one's place


async def replace(tree: ExchangeTree, *, timeout: float = 5) -> Any:  # noqa: ASYNC109
    """Have the old order replaced."""
    assert tree.orders is not None
    return await tree.orders.ask(Replace(OLD, request("new")), timeout=timeout)


async def test_a_replacement_is_the_end_of_one_order_and_the_beginning_of_another() -> None:
    """The reply says what became of each; neither is asked for."""
    host = ToyHost()
    scripted(
        host,
        ReplaceOrder=commands.Replaced(
            cancelled=told(OrderStatus.CANCELLED, "old"), placed=told(OrderStatus.OPEN, "new")
        ),
    )
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        new = await replace(tree)
        known = await statuses(tree)

    assert (new.client_order_id, new.status) == ("new", OrderStatus.OPEN)
    assert known == {"old": OrderStatus.CANCELLED, "new": OrderStatus.OPEN}
    assert count(host, commands.FetchOrder) == count(host, commands.ResolveOrder) == 0


@pytest.mark.parametrize(
    ("placed", "raised", "status"),
    [
        (OrderRejected("no funds"), OrderRejected, OrderStatus.REJECTED),
        (OutcomeUnknown("lost"), None, OrderStatus.OPEN),
    ],
    ids=["refused", "lost"],
)
async def test_what_became_of_the_new_order_is_told_apart_from_the_end_of_the_old(
    placed: EngineError, raised: type[EngineError] | None, status: OrderStatus
) -> None:
    """The old one has ended, whether the new one is there or not; what is unknown is resolved."""
    host = ToyHost()
    scripted(
        host,
        ReplaceOrder=commands.Replaced(cancelled=told(OrderStatus.CANCELLED, "old"), placed=placed),
        ResolveOrder=commands.Found(report(OrderStatus.OPEN, "new")),
    )
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        if raised is None:
            await replace(tree)
        else:
            with pytest.raises(raised):
                await replace(tree)
        known = await statuses(tree)

    assert known == {"old": OrderStatus.CANCELLED, "new": status}
    assert count(host, commands.ReplaceOrder) == 1


async def test_an_old_order_of_which_the_reply_says_nothing_is_asked_for() -> None:
    """That the new one is there does not say how the old one ended."""
    host = ToyHost()
    scripted(
        host,
        ReplaceOrder=commands.Replaced(cancelled=None, placed=told(OrderStatus.OPEN, "new")),
        FetchOrder=report(OrderStatus.FILLED, "old", filled="1"),
    )
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        await replace(tree)
        await anyio.sleep(1)
        known = await statuses(tree)

    assert known == {"old": OrderStatus.FILLED, "new": OrderStatus.OPEN}


async def test_an_order_that_has_ended_is_not_replaced() -> None:
    """No new one is placed, nor known."""
    host = ToyHost()
    scripted(host, FetchOrder=report(OrderStatus.CANCELLED, "old"))
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        assert tree.orders is not None
        await tree.orders.ask(Cancel(OLD), timeout=5)
        with pytest.raises(CancelRefused, match="no new one was placed") as caught:
            await replace(tree)
        known = await statuses(tree)

    assert caught.value.code == "cancelled"
    assert known == {"old": OrderStatus.CANCELLED}
    assert count(host, commands.ReplaceOrder) == 0


async def test_an_order_that_is_not_known_yet_is_not_replaced() -> None:
    """Its number is waited for; when it does not come in time, nothing was sent."""
    host = ToyHost()
    scripted(
        host,
        PlaceOrder=OutcomeUnknown("lost"),
        ResolveOrder=commands.Undecided("not there yet"),
    )
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        with pytest.raises(OutcomeUnknown):
            await place(tree)
        with pytest.raises(TransportError, match="nothing was sent"):
            await replace(tree, timeout=1)
        known = await statuses(tree)

    assert known == {"old": OrderStatus.UNKNOWN}
    assert count(host, commands.ReplaceOrder) == 0


async def test_an_order_is_not_replaced_by_one_of_another_instrument() -> None:
    """Where numbers are by instrument, another order would be cancelled."""
    host = ToyHost()
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        assert tree.orders is not None
        other = evolve(request("new"), instrument="B-USD")
        with pytest.raises(OrderInvalid) as caught:
            await tree.orders.ask(Replace(OLD, other), timeout=5)
        known = await statuses(tree)

    assert (caught.value.rule, caught.value.bound) == ("instrument", "A-USD")
    assert known == {"old": OrderStatus.OPEN}
    assert count(host, commands.ReplaceOrder) == 0
