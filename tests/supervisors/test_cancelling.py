"""How orders end: what is believed of a cancel that is refused, lost, or never sent."""

from collections.abc import Awaitable
from typing import Any

import anyio
import pytest

from tests.support.toy import ToyHost, scripted, toy_tree
from tests.support.toy_samples import fill, report, request
from venuetree.actors.order_messages import Cancel, CancelAll, Known, Place
from venuetree.protocol import commands
from venuetree.protocol.errors import (
    CancelIncomplete,
    CancelRefused,
    EngineError,
    ExchangeUnavailable,
    OrderNotFound,
    OutcomeUnknown,
    RateLimited,
    ReplyLost,
    TransportError,
)
from venuetree.protocol.models import Order, OrderKey, OrderStatus
from venuetree.protocol.port import Lane
from venuetree.supervisors.exchange_tree import ExchangeTree
from venuetree.supervisors.wiring import Part

pytestmark = pytest.mark.anyio

NO_STREAM = Part.ALL & ~Part.USER_STREAM
C1 = OrderKey(client_order_id="c1")


def count(host: ToyHost, kind: type) -> int:
    """How often a command came."""
    return sum(type(command) is kind for command in host.commands)


async def place(tree: ExchangeTree, client_order_id: str = "c1") -> None:
    """An order that rests."""
    assert tree.orders is not None
    await tree.orders.ask(Place(request(client_order_id)), timeout=30)


async def cancel(tree: ExchangeTree, key: OrderKey = C1, *, timeout: float = 30) -> Order:  # noqa: ASYNC109
    """Have it cancelled."""
    assert tree.orders is not None
    return await tree.orders.ask(Cancel(key), timeout=timeout)


async def statuses(tree: ExchangeTree) -> dict[str, OrderStatus]:
    """What is known, by our ids."""
    assert tree.orders is not None
    known = await tree.orders.ask(Known(), timeout=5)
    return {order.client_order_id: order.status for order in known}


async def never(_: Any) -> object:
    """An answer that does not come."""
    await anyio.sleep(1_000)
    return None


def slow(seconds: float, answer: object) -> Any:
    """An answer that takes a while."""

    def answering(_: Any) -> Awaitable[object]:
        async def wait() -> object:
            await anyio.sleep(seconds)
            return answer

        return wait()

    return answering


# ---------------------------------------------------------------- one


async def test_a_cancel_whose_reply_is_lost_is_asked_about_and_repeated() -> None:
    """Cancelling twice does no harm; the order ends cancelled."""
    host = ToyHost()
    scripted(
        host,
        CancelOrder=[OutcomeUnknown("lost"), lambda _: None],
        FetchOrder=[report(OrderStatus.OPEN), report(OrderStatus.CANCELLED)],
    )
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        order = await cancel(tree)

    cancels = [c for c in host.commands if isinstance(c, commands.CancelOrder)]
    assert order.status is OrderStatus.CANCELLED
    assert [c.key.exchange_order_id for c in cancels] == ["x-c1", "x-c1"]
    looks = {r.lane for r in host.requests if r.operation == "FetchOrder"}
    assert looks == {Lane.RESOLVE}  # it may be open


async def test_a_cancel_that_comes_too_late_says_so() -> None:
    """The refusal is believed only after the order's own state was read."""
    host = ToyHost()
    scripted(
        host,
        CancelOrder=CancelRefused("too late"),
        FetchOrder=report(OrderStatus.FILLED, filled="1"),
        FetchFills=(fill(),),
    )
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        with pytest.raises(CancelRefused, match="filled already"):
            await cancel(tree)


async def test_an_order_that_fills_while_it_is_being_cancelled_is_told_as_filled() -> None:
    """The cancel was accepted, the fill was quicker: that is how it ended."""
    host = ToyHost()
    scripted(host, FetchOrder=report(OrderStatus.FILLED, filled="1"), FetchFills=(fill(),))
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        order = await cancel(tree)

    assert order.status is OrderStatus.FILLED


async def test_a_cancel_that_nobody_confirms_ends_with_what_is_known() -> None:
    """Accepted and still open when time ends: the order says that it is being cancelled."""
    host = ToyHost()
    scripted(host, FetchOrder=report(OrderStatus.OPEN))
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        order = await cancel(tree, timeout=5)

    assert (order.status, order.is_cancelling) == (OrderStatus.OPEN, True)


async def test_a_cancel_whose_carrier_crashes_is_looked_at_and_repeated() -> None:
    """It may have left; the order still is open, so it is asked for once more."""
    host = ToyHost()
    scripted(
        host,
        CancelOrder=[ZeroDivisionError("a bug of the worker's"), lambda _: None],
        FetchOrder=[report(OrderStatus.OPEN), report(OrderStatus.CANCELLED)],
    )
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        order = await cancel(tree)

    assert order.status is OrderStatus.CANCELLED
    assert count(host, commands.CancelOrder) == 2


async def test_a_cancel_that_was_never_sent_says_so() -> None:
    """Nobody is there to carry it: nothing is in doubt."""
    host = ToyHost()
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        await tree._io.stop_child("rest")
        with pytest.raises(TransportError, match="the cancel was not sent"):
            await cancel(tree)
        known = await statuses(tree)

    assert known == {"c1": OrderStatus.OPEN}


async def test_a_refused_cancel_of_an_open_order_is_the_refusal() -> None:
    """The order's own state was read first; it is asked for once."""
    host = ToyHost()
    scripted(host, CancelOrder=CancelRefused("no", code="NO"), FetchOrder=report(OrderStatus.OPEN))
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        with pytest.raises(CancelRefused) as caught:
            await cancel(tree)

    assert caught.value.code == "NO"
    assert count(host, commands.CancelOrder) == 1


@pytest.mark.parametrize(
    "failure",
    [
        OrderNotFound("a copy that lags behind"),
        ReplyLost("lost"),
        TransportError("down"),
        RateLimited("later"),
        ExchangeUnavailable("maintenance"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_a_refused_cancel_is_repeated_while_the_order_cannot_be_read(
    failure: EngineError,
) -> None:
    """That the question failed is no answer to the cancel, and is not told as one."""
    host = ToyHost()
    scripted(
        host,
        CancelOrder=[CancelRefused("not now"), lambda _: None],
        FetchOrder=[failure, report(OrderStatus.CANCELLED)],
    )
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        order = await cancel(tree)

    assert order.status is OrderStatus.CANCELLED


async def test_a_refused_cancel_of_an_order_that_nobody_knows_says_so() -> None:
    """Neither we nor the exchange: there is nothing to wait for."""
    host = ToyHost()
    scripted(host, CancelOrder=CancelRefused("unknown"), FetchOrder=OrderNotFound("none such"))
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        with pytest.raises(OrderNotFound):
            await cancel(tree, OrderKey("A-USD", exchange_order_id="x-9"))


async def test_an_order_of_another_program_is_followed_to_its_end() -> None:
    """Known by the exchange's number alone: what became of it is asked."""
    host = ToyHost()
    scripted(
        host,
        FetchOrder=[
            report(OrderStatus.OPEN, "", number="x-9"),
            report(OrderStatus.CANCELLED, "", number="x-9"),
        ],
    )
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        order = await cancel(tree, OrderKey("A-USD", exchange_order_id="x-9"))

    assert (order.exchange_order_id, order.status) == ("x-9", OrderStatus.CANCELLED)
    assert count(host, commands.CancelOrder) == 1


@pytest.mark.parametrize("answer", [OutcomeUnknown("lost"), CancelRefused("not now")])
async def test_an_order_in_doubt_is_asked_for_when_its_cancellers_time_has_ended(
    answer: EngineError,
) -> None:
    """The order cannot be read, whatever the cancel's answer: the asking goes on all the same."""
    host = ToyHost()
    scripted(host, CancelOrder=answer, FetchOrder=ReplyLost("lost"))
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        with pytest.raises(OutcomeUnknown, match="in time") as caught:
            await cancel(tree, timeout=0.1)
        scripted(host, FetchOrder=report(OrderStatus.CANCELLED))
        await anyio.sleep(60)
        known = await statuses(tree)

    assert caught.value.client_order_id == "c1"
    assert known == {"c1": OrderStatus.CANCELLED}


async def test_a_reading_that_hangs_takes_no_more_than_the_cancellers_time() -> None:
    """It hears what is known by then, and not that nobody answered."""
    host = ToyHost()
    scripted(host, CancelOrder=CancelRefused("not now"), FetchOrder=never)
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        began = anyio.current_time()
        with pytest.raises(OutcomeUnknown):
            await cancel(tree, timeout=5)
        took = anyio.current_time() - began

    assert took == pytest.approx(5, abs=0.1)


# ---------------------------------------------------------------- all


async def test_orders_that_could_not_be_listed_may_be_open_still() -> None:
    """Those that are known have ended; that there may be others is told."""
    host = ToyHost()
    scripted(
        host,
        CancelOpenOrders=(report(OrderStatus.CANCELLED),),
        FetchOpenOrders=[(), ReplyLost("lost")],
    )
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        assert tree.orders is not None
        with pytest.raises(CancelIncomplete, match="could not be listed") as caught:
            await tree.orders.ask(CancelAll(), timeout=10)
        known = await statuses(tree)

    assert caught.value.order_ids == ()
    assert known == {"c1": OrderStatus.CANCELLED}


async def test_a_listing_whose_carrier_crashes_leaves_open_what_else_there_is() -> None:
    """As one that failed: the crash is no list without orders."""
    host = ToyHost()
    scripted(
        host,
        CancelOpenOrders=(),
        FetchOpenOrders=[(), ZeroDivisionError("a bug of the worker's"), ()],
        FetchOrder=report(OrderStatus.CANCELLED),
    )
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        assert tree.orders is not None
        with pytest.raises(CancelIncomplete, match="could not be listed"):
            await tree.orders.ask(CancelAll(), timeout=10)


@pytest.mark.parametrize(
    "failure",
    [
        CancelRefused("there is no such request"),
        ExchangeUnavailable("maintenance"),
        OutcomeUnknown("lost"),
        ReplyLost("lost"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_a_sweep_without_a_verdict_is_made_up_for_order_by_order(
    failure: EngineError,
) -> None:
    """Those of others too, as far as they are listed."""
    host = ToyHost()
    ended: set[str] = set()

    def end(command: Any) -> None:
        ended.add(command.key.exchange_order_id)

    def tell(command: Any) -> Any:
        number = command.key.exchange_order_id
        status = OrderStatus.CANCELLED if number in ended else OrderStatus.OPEN
        return report(status, number.removeprefix("x-"))

    listed = (report(OrderStatus.OPEN), report(OrderStatus.OPEN, "theirs"))
    scripted(
        host,
        CancelOpenOrders=failure,
        FetchOpenOrders=[(), listed],
        CancelOrder=end,
        FetchOrder=tell,
    )
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        assert tree.orders is not None
        orders = await tree.orders.ask(CancelAll(), timeout=10)

    assert {(o.client_order_id, o.status) for o in orders} == {
        ("c1", OrderStatus.CANCELLED),
        ("theirs", OrderStatus.CANCELLED),
    }
    assert ended == {"x-c1", "x-theirs"}


async def test_a_sweep_that_was_never_sent_says_so() -> None:
    """Nobody is there to carry it, or a cancel of each order."""
    host = ToyHost()
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        await tree._io.stop_child("rest")
        assert tree.orders is not None
        with pytest.raises(TransportError, match="the cancel was not sent"):
            await tree.orders.ask(CancelAll(), timeout=10)


async def test_a_sweep_tells_which_orders_have_not_ended_in_time() -> None:
    """Their cancels were accepted; the exchange has not carried them out."""
    host = ToyHost()
    scripted(host, CancelOpenOrders=(), FetchOrder=report(OrderStatus.OPEN))
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        assert tree.orders is not None
        with pytest.raises(CancelIncomplete, match="has not happened yet") as caught:
            await tree.orders.ask(CancelAll("A-USD"), timeout=5)

    assert caught.value.order_ids == ("c1",)


async def test_a_sweep_tells_which_orders_hang_before_its_time_ends() -> None:
    """However long the exchange takes to tell of each."""
    host = ToyHost()
    scripted(host, CancelOpenOrders=(), CancelOrder=CancelRefused("not now"), FetchOrder=never)
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        assert tree.orders is not None
        with pytest.raises(CancelIncomplete) as caught:
            await tree.orders.ask(CancelAll(), timeout=5)

    assert caught.value.order_ids == ("c1",)


async def test_an_order_that_fills_before_the_sweep_reaches_it_has_ended() -> None:
    """That is no failure of the sweep's: nothing is open any more."""
    host = ToyHost()
    scripted(
        host,
        CancelOpenOrders=(),
        CancelOrder=CancelRefused("too late"),
        FetchOrder=report(OrderStatus.FILLED, filled="1"),
        FetchFills=(fill(),),
    )
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        await place(tree)
        assert tree.orders is not None
        orders = await tree.orders.ask(CancelAll(), timeout=10)

    assert [(o.client_order_id, o.status) for o in orders] == [("c1", OrderStatus.FILLED)]


async def test_an_order_on_its_way_is_cancelled_when_it_has_arrived() -> None:
    """It may come to rest behind the sweep; without its number it could not be cancelled."""
    host = ToyHost()
    scripted(
        host,
        PlaceOrder=slow(1, report(OrderStatus.OPEN)),
        CancelOpenOrders=(),
        FetchOrder=report(OrderStatus.CANCELLED),
    )
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(place, tree)
            await anyio.sleep(0.1)
            assert tree.orders is not None
            orders = await tree.orders.ask(CancelAll(), timeout=10)

    assert [(o.client_order_id, o.status) for o in orders] == [("c1", OrderStatus.CANCELLED)]
    cancels = [c for c in host.commands if isinstance(c, commands.CancelOrder)]
    assert {c.key.exchange_order_id for c in cancels} == {"x-c1"}


async def test_of_an_order_that_is_refused_on_its_way_a_sweep_tells_nothing() -> None:
    """It does not exist, so that it was not cancelled."""
    host = ToyHost()
    scripted(
        host,
        PlaceOrder=slow(1, report(OrderStatus.REJECTED)),
        CancelOpenOrders=(),
    )

    async def refused(tree: ExchangeTree) -> None:
        with pytest.raises(EngineError):
            await place(tree)

    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(refused, tree)
            await anyio.sleep(0.1)
            assert tree.orders is not None
            orders = await tree.orders.ask(CancelAll(), timeout=10)

    assert orders == ()
    assert count(host, commands.CancelOrder) == 0
