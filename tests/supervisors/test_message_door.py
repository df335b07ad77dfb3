"""Requests that go as messages: the same outcomes as over HTTP, and HTTP where they cannot."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import anyio
import orjson
import pytest

from tests.support.toy import ToyHost, default_answer, toy_tree
from tests.support.toy_samples import NAME, report, request
from tests.support.toy_streams import ToyStream
from venuetree.actors.errors import AskTimeout
from venuetree.actors.order_messages import Known, Place
from venuetree.protocol import commands
from venuetree.protocol.errors import (
    EngineError,
    OutcomeUnknown,
    RateLimited,
    ReplyLost,
    TransportError,
)
from venuetree.protocol.models import Order, OrderStatus
from venuetree.protocol.port import (
    Connect,
    Effect,
    MessageReply,
    RestRequest,
    StreamMessage,
    Transport,
)
from venuetree.supervisors.wiring import Part

pytestmark = pytest.mark.anyio


class ToyDoor:
    """Carries orders; frames are JSON: {"number", "status"} or {"end": reason}."""

    def connect(self) -> Connect:
        """At an endpoint of its own."""
        return Connect(Transport.WEBSOCKET, endpoint="messages")

    def carries(self, request: RestRequest) -> bool:
        """Orders, and the question what became of one."""
        return request.effect is Effect.WRITE or request.operation == "ResolveOrder"

    def message(self, request: RestRequest, number: int) -> StreamMessage:
        """Which command it is of."""
        return StreamMessage({"number": number, "command": request.body.decode()})

    def reply(self, frame: bytes | str) -> MessageReply | str | None:
        """As the class says."""
        said: Mapping[str, Any] = orjson.loads(frame)
        if "end" in said:
            return str(said["end"])
        if "number" not in said:
            return None
        return MessageReply(said["number"], 200, {}, said["command"].encode())


door_tree = partial(toy_tree, parts=Part.ORDERS, message_door=ToyDoor())


async def stream_of(host: ToyHost) -> ToyStream:
    """The newest connection for messages, once it stands."""
    with anyio.fail_after(60):
        while not [s for s in host.streams if s.endpoint == "messages" and s.is_open]:
            await anyio.sleep(0.01)
    return host.stream("messages")


async def sent_on(stream: ToyStream, count: int = 1) -> list[dict[str, Any]]:
    """What was sent, once there is so much of it."""
    with anyio.fail_after(60):
        while len(stream.sent) < count:
            await anyio.sleep(0.01)
    return [orjson.loads(text) for text in stream.sent]


def answered(host: ToyHost, message: Mapping[str, Any]) -> bytes:
    """The reply to a message, answered as the script says."""
    name = str(message["command"]).encode()
    host.answers[name] = host.script(host.commands[int(name)])
    return orjson.dumps({"number": message["number"], "command": message["command"]})


async def test_an_order_goes_as_a_signed_message_and_its_reply_is_found_by_number() -> None:
    """Two under way, answered in the other order; nothing of them goes over HTTP."""
    host = ToyHost()
    placed: dict[str, Order] = {}
    async with door_tree(host) as (tree, _, log):
        stream = await stream_of(host)
        assert tree.orders is not None
        orders = tree.orders

        async def place(name: str) -> None:
            placed[name] = await orders.ask(Place(request(name)), timeout=10)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(place, "c1")
            tasks.start_soon(place, "c2")
            first, second = await sent_on(stream, 2)
            stream.put(b'{"chatter": 1}', answered(host, second), answered(host, first))
        await tree.rest.ask(commands.FetchBalances(), timeout=5)
        lines = [line for line in log.lines if line["operation"] == "PlaceOrder"]

    assert {name: order.client_order_id for name, order in placed.items()} == {
        "c1": "c1",
        "c2": "c2",
    }
    assert "nonce" in first
    assert [line["status"] for line in lines] == [200, 200]
    by_http = {type(host.commands[int(asked.body)]) for asked in host.requests}
    assert commands.PlaceOrder not in by_http
    assert commands.FetchBalances in by_http


async def test_without_a_connection_orders_go_over_http() -> None:
    """Nothing waits for it to come back."""
    host = ToyHost(refuse_streams=TransportError("no"), refuse_streams_times=1000)
    async with door_tree(host) as (tree, _, _):
        await anyio.sleep(1)
        assert tree.orders is not None
        began = anyio.current_time()
        order = await tree.orders.ask(Place(request()), timeout=10)

        assert anyio.current_time() - began < 0.1
    assert order.status is OrderStatus.OPEN


@pytest.mark.parametrize("ending", [TransportError("cut"), b'{"end": "shutdown"}'])
async def test_an_order_whose_connection_ends_before_the_reply_is_unknown_and_resolved(
    ending: Exception | bytes,
) -> None:
    """It is asked for, and never sent a second time by another way."""
    host = ToyHost()

    def script(command: Any) -> Any:
        if isinstance(command, commands.ResolveOrder):
            return commands.Found(report(OrderStatus.OPEN))
        return default_answer(command)

    host.script = script
    async with door_tree(host) as (tree, _, _):
        stream = await stream_of(host)
        assert tree.orders is not None
        orders = tree.orders
        statuses: list[OrderStatus] = []

        async def place() -> None:
            placed = await orders.ask(Place(request()), timeout=30)
            statuses.append(placed.status)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(place)
            await sent_on(stream)
            stream.put(ending)
        await stream_of(host)

    assert statuses == [OrderStatus.OPEN]
    assert sum(isinstance(command, commands.PlaceOrder) for command in host.commands) == 1
    assert sum(isinstance(command, commands.ResolveOrder) for command in host.commands) >= 1


async def test_a_message_that_breaks_while_it_is_sent_may_have_left() -> None:
    """Calling it not sent would invite a second order."""
    host = ToyHost()
    async with door_tree(host) as (tree, _, _):
        stream = await stream_of(host)

        async def broken(text: str) -> None:
            raise TransportError(text)

        stream.send = broken  # type: ignore[method-assign]  # a test's stand-in
        with pytest.raises(OutcomeUnknown):
            await tree.rest.ask(commands.PlaceOrder(request()), timeout=10)


async def test_a_question_whose_reply_is_lost_may_be_asked_again() -> None:
    """It changed nothing."""
    host = ToyHost()
    ask = commands.ResolveOrder(request(), 0, commands.Resend.FORBIDDEN)
    raised: list[EngineError] = []
    async with door_tree(host) as (tree, _, _):
        stream = await stream_of(host)

        async def resolve() -> None:
            try:
                await tree.rest.ask(ask, timeout=10)
            except EngineError as error:
                raised.append(error)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(resolve)
            await sent_on(stream)
            stream.put(TransportError("cut"))

    assert [type(error) for error in raised] == [ReplyLost]


async def test_an_old_connection_is_replaced_when_nothing_is_under_way() -> None:
    """Meanwhile orders go over HTTP; the reply that was still missing comes home first."""
    host = ToyHost()
    async with door_tree(host) as (tree, _, _):
        stream = await stream_of(host)
        assert tree.orders is not None
        orders = tree.orders
        await anyio.sleep(23 * 3600 - 5)
        statuses: list[OrderStatus] = []

        async def place() -> None:
            placed = await orders.ask(Place(request()), timeout=60)
            statuses.append(placed.status)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(place)
            (message,) = await sent_on(stream)
            await anyio.sleep(8)
            assert stream.is_open
            assert not tree.doorway.is_open
            other = await orders.ask(Place(request("c2")), timeout=10)
            stream.put(answered(host, message))
        await anyio.sleep(1)
        fresh = await stream_of(host)
        known = await orders.ask(Known(), timeout=1)

    assert other.status is OrderStatus.OPEN
    assert statuses == [OrderStatus.OPEN]
    assert fresh is not stream
    assert len(known) == 2
    assert known[0].exchange == NAME


class ShutDoor(ToyDoor):
    """Can put nothing into a message."""

    def message(self, request: RestRequest, number: int) -> StreamMessage:
        """As if it could not be signed."""
        raise TransportError("nothing was sent", operation=request.operation, code=str(number))


async def test_a_message_that_was_not_sent_does_not_make_the_exchange_unreachable() -> None:
    """The exchange was not asked, so that it cannot have failed to answer."""
    host = ToyHost()
    async with toy_tree(host, parts=Part.ORDERS, message_door=ShutDoor()) as (tree, _, _):
        await stream_of(host)
        await tree.rest.ask(commands.FetchBalances(), timeout=5)
        with pytest.raises(TransportError):
            await tree.rest.ask(commands.PlaceOrder(request()), timeout=10)

        assert tree.directory.is_reachable
        host.down = True
        with pytest.raises(TransportError):
            await tree.rest.ask(commands.FetchBalances(), timeout=5)
        assert not tree.directory.is_reachable


async def test_an_order_that_its_asker_gave_up_before_it_was_signed_is_not_sent() -> None:
    """No work is done for nobody, least of all this."""
    host = ToyHost()
    async with door_tree(host) as (tree, _, _):
        stream = await stream_of(host)
        door = tree.rest
        with anyio.CancelScope() as scope:
            scope.cancel()
            await door.ask(commands.PlaceOrder(request()), timeout=10)
        await anyio.sleep(1)

        assert stream.sent == []


async def test_what_no_message_could_carry_in_time_is_not_sent_the_other_way_either() -> None:
    """The worker is busy signing; when the asker's time has ended, nothing leaves any more."""
    host = ToyHost()
    async with door_tree(host) as (tree, _, _):
        stream = await stream_of(host)

        async def stuck(text: str) -> None:
            stream.sent.append(text)
            await anyio.sleep_forever()

        stream.send = stuck  # type: ignore[method-assign]  # a test's stand-in

        async def first() -> None:
            with pytest.raises(OutcomeUnknown):
                await tree.rest.ask(commands.PlaceOrder(request()), timeout=20)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(first)
            await sent_on(stream)
            with pytest.raises((AskTimeout, TransportError, RateLimited)):
                await tree.rest.ask(commands.PlaceOrder(request("c2")), timeout=5)
            await anyio.sleep(30)

    by_http = [type(host.commands[int(asked.body)]) for asked in host.requests]
    assert commands.PlaceOrder not in by_http
    assert len(stream.sent) == 1
