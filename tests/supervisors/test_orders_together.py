"""Pairs, replacements and sweeps when the worker that carries them crashes: nothing is guessed."""

from typing import Any

import anyio
import pytest

from tests.support.toy import ToyHost, default_answer, report, toy_tree
from venuetree.actors.order_messages import CancelAll, Known, Place, PlacePair, Replace
from venuetree.protocol import commands
from venuetree.protocol.builders import limit_order, oco
from venuetree.protocol.errors import (
    CancelRefused,
    EngineError,
    OrderNotFound,
    TransportError,
)
from venuetree.protocol.models import OrderKey, OrderRequest, OrderStatus, Side
from venuetree.supervisors.wiring import Part

pytestmark = pytest.mark.anyio

NO_STREAM = Part.ALL & ~Part.USER_STREAM


def request(client_order_id: str) -> OrderRequest:
    """An order to be placed."""
    return limit_order("A-USD", Side.BUY, quantity="1", price="10", client_order_id=client_order_id)


PAIR = oco(
    "A-USD",
    Side.SELL,
    quantity="1",
    price="12",
    stop_price="9",
    stop_limit_price="8",
    client_order_ids=("limit", "stop"),
)


class Host(ToyHost):
    """An exchange whose orders end when they are cancelled, and a worker that crashes once."""

    def __init__(self, crash_at: type) -> None:
        super().__init__()
        self.crash_at: type | None = crash_at
        self.ended: set[str] = set()
        self.script = self._answer

    def _answer(self, command: Any) -> Any:
        if type(command) is self.crash_at:
            self.crash_at = None
            message = "a bug of the worker's"
            raise ZeroDivisionError(message)
        match command:
            case commands.CancelOrder(key):
                self.ended.add(key.client_order_id)
                return None
            case commands.FetchOrder(key):
                name = key.client_order_id
                return report(
                    OrderStatus.CANCELLED if name in self.ended else OrderStatus.OPEN, name
                )
            case commands.ResolveOrder(order):
                return commands.Found(report(OrderStatus.OPEN, order.client_order_id))
            case commands.CancelOpenOrders():
                return ()
            case _:
                return default_answer(command)

    def asked(self, kind: type) -> int:
        """How often a command came."""
        return sum(type(command) is kind for command in self.commands)


async def test_a_pair_whose_carrier_crashes_is_two_orders_to_be_resolved() -> None:
    """Each by its own id; the pair is not sent again."""
    host = Host(commands.PlaceOco)
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        assert tree.orders is not None
        limit, stop = await tree.orders.ask(PlacePair(PAIR), timeout=30)

    assert (limit.client_order_id, stop.client_order_id) == ("limit", "stop")
    assert {limit.status, stop.status} == {OrderStatus.OPEN}
    assert host.asked(commands.PlaceOco) == 1
    resolved = [c for c in host.commands if isinstance(c, commands.ResolveOrder)]
    assert {c.resend for c in resolved} == {commands.Resend.FORBIDDEN}
    assert {c.order.client_order_id for c in resolved} == {"limit", "stop"}


async def test_a_replacement_whose_carrier_crashes_leaves_both_to_be_asked_for() -> None:
    """The old order may have ended, the new one may be there."""
    host = Host(commands.ReplaceOrder)
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        assert tree.orders is not None
        await tree.orders.ask(Place(request("old")), timeout=5)
        host.ended.add("old")
        new = await tree.orders.ask(
            Replace(OrderKey(client_order_id="old"), request("new")), timeout=30
        )
        known = {
            order.client_order_id: order.status
            for order in await tree.orders.ask(Known(), timeout=5)
        }

    assert new.status is OrderStatus.OPEN
    assert known == {"old": OrderStatus.CANCELLED, "new": OrderStatus.OPEN}
    assert host.asked(commands.ReplaceOrder) == 1
    resolved = [c for c in host.commands if isinstance(c, commands.ResolveOrder)]
    assert {c.resend for c in resolved} == {commands.Resend.FORBIDDEN}


@pytest.mark.parametrize("refusal", [CancelRefused("too late"), OrderNotFound("who?")])
async def test_an_old_order_that_cannot_be_cancelled_is_asked_for(refusal: EngineError) -> None:
    """It is not what it was believed to be; the new one does not exist."""
    host = Host(type(None))
    answer = host.script
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        assert tree.orders is not None
        await tree.orders.ask(Place(request("old")), timeout=5)
        host.ended.add("old")

        def refusing(command: Any) -> Any:
            if isinstance(command, commands.ReplaceOrder):
                raise refusal
            return answer(command)

        host.script = refusing
        with pytest.raises(type(refusal)):
            await tree.orders.ask(
                Replace(OrderKey(client_order_id="old"), request("new")), timeout=30
            )
        await anyio.sleep(1)
        known = {
            order.client_order_id: order.status
            for order in await tree.orders.ask(Known(), timeout=5)
        }

    assert known == {"old": OrderStatus.CANCELLED, "new": OrderStatus.REJECTED}


async def test_a_sweep_whose_carrier_crashes_is_made_up_for_order_by_order() -> None:
    """What it did is not known: each order is looked at and cancelled by itself."""
    host = Host(commands.CancelOpenOrders)
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        assert tree.orders is not None
        for name in ("a", "b"):
            await tree.orders.ask(Place(request(name)), timeout=5)
        ended = await tree.orders.ask(CancelAll(), timeout=30)

    assert {order.client_order_id for order in ended} == {"a", "b"}
    assert {order.status for order in ended} == {OrderStatus.CANCELLED}


async def test_a_sweep_that_cannot_leave_sends_nothing_and_says_so() -> None:
    """The exchange cannot be reached."""
    host = Host(type(None))
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        assert tree.orders is not None
        await tree.orders.ask(Place(request("a")), timeout=5)
        host.down = True
        with pytest.raises(TransportError):
            await tree.orders.ask(CancelAll(), timeout=5)
        with pytest.raises(TransportError):
            await tree.orders.ask(PlacePair(PAIR), timeout=5)
        known = {
            order.client_order_id: order.status
            for order in await tree.orders.ask(Known(), timeout=5)
        }

    assert known == {
        "a": OrderStatus.OPEN,
        "limit": OrderStatus.REJECTED,
        "stop": OrderStatus.REJECTED,
    }
