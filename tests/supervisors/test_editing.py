"""What becomes of an order whose terms are changed: the exchange's word decides."""

from decimal import Decimal

import anyio
import pytest
from attrs import evolve

from tests.support.toy import ToyHost, scripted, toy_tree
from tests.support.toy_samples import report, request
from venuetree.actors.order_messages import Edit, Known, Place, Query
from venuetree.protocol import commands
from venuetree.protocol.errors import (
    EngineError,
    OrderRejected,
    OutcomeUnknown,
    ReplyLost,
    TransportError,
)
from venuetree.protocol.models import OrderKey, OrderStatus
from venuetree.supervisors.wiring import Part

pytestmark = pytest.mark.anyio

NO_STREAM = Part.ALL & ~Part.USER_STREAM


async def test_an_edit_without_a_verdict_is_unknown_and_the_order_asked_for() -> None:
    """Whether the new price holds is for the exchange to say."""
    host = ToyHost()
    scripted(host, EditOrder=OutcomeUnknown("lost"), FetchOrder=report(OrderStatus.OPEN))
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        assert tree.orders is not None
        await tree.orders.ask(Place(request()), timeout=30)
        with pytest.raises(OutcomeUnknown):
            await tree.orders.ask(
                Edit(OrderKey(client_order_id="c1"), evolve(request(), price=Decimal(11))),
                timeout=30,
            )
        await anyio.sleep(1)
        asked = [c for c in host.commands if isinstance(c, commands.FetchOrder)]
        edited = await tree.orders.ask(Query(OrderKey(client_order_id="c1")), timeout=5)

    assert asked
    assert edited.status is OrderStatus.OPEN


async def test_a_refused_edit_leaves_the_order_with_the_terms_that_hold() -> None:
    """The larger quantity that was meant is not what is believed: the order is read back."""
    host = ToyHost()
    scripted(host, EditOrder=OrderRejected("no"), FetchOrder=report(OrderStatus.OPEN))
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        assert tree.orders is not None
        await tree.orders.ask(Place(request()), timeout=30)
        with pytest.raises(OrderRejected):
            await tree.orders.ask(
                Edit(OrderKey(client_order_id="c1"), evolve(request(), quantity=Decimal(5))),
                timeout=30,
            )
        await anyio.sleep(1)
        known = await tree.orders.ask(Known(), timeout=1)

    assert [order.quantity for order in known] == [Decimal(1)]


@pytest.mark.parametrize("failure", [ReplyLost("lost"), TransportError("down")])
async def test_an_accepted_edit_that_cannot_be_read_back_is_not_told_as_a_failed_question(
    failure: EngineError,
) -> None:
    """Whoever hears "try again" would change the order twice; it is asked for until it is known."""
    host = ToyHost()
    changed = evolve(report(OrderStatus.OPEN), quantity=Decimal(5))
    scripted(host, FetchOrder=[failure, changed])
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        assert tree.orders is not None
        await tree.orders.ask(Place(request()), timeout=30)
        with pytest.raises(OutcomeUnknown, match="the edit was accepted") as caught:
            await tree.orders.ask(
                Edit(OrderKey(client_order_id="c1"), evolve(request(), quantity=Decimal(5))),
                timeout=30,
            )
        await anyio.sleep(1)
        asked = sum(isinstance(each, commands.FetchOrder) for each in host.commands)

    assert caught.value.client_order_id == "c1"
    assert asked == 2


@pytest.mark.parametrize("carrier", ["crashes", "is gone"])
async def test_an_edit_whose_carrier_is_gone_tells_whether_it_may_have_left(carrier: str) -> None:
    """One that crashed with it may have sent it; one that is not there has not."""
    host = ToyHost()
    scripted(
        host,
        EditOrder=ZeroDivisionError("a bug of the worker's"),
        FetchOrder=report(OrderStatus.OPEN),
    )
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        assert tree.orders is not None
        await tree.orders.ask(Place(request()), timeout=30)
        if carrier == "is gone":
            await tree._io.stop_child("rest")
        with pytest.raises(TransportError if carrier == "is gone" else OutcomeUnknown):
            await tree.orders.ask(Edit(OrderKey(client_order_id="c1"), request()), timeout=30)
