"""The tree of one exchange, driven by an invented one: nothing in it knows a real exchange."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import anyio
import orjson
import pytest
from attrs import evolve

from tests.support.toy import Told, ToyHost, ToySession, default_answer, fill, report, toy_tree
from venuetree.actors.feed import AccountFeed, MarketFeed
from venuetree.actors.order_messages import Cancel, Edit, Known, Place, Query
from venuetree.protocol import commands
from venuetree.protocol.builders import limit_order
from venuetree.protocol.errors import (
    AuthRefused,
    CancelRefused,
    ConfigurationError,
    EngineError,
    ExchangeUnavailable,
    NotSupported,
    OrderInvalid,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    TransportError,
)
from venuetree.protocol.events import BookInStep, BookStale, FillReceived, OrderUpdated
from venuetree.protocol.journal import MemoryJournal
from venuetree.protocol.models import (
    Instrument,
    InstrumentStatus,
    OpenOrderLimit,
    OrderKey,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    Topic,
)
from venuetree.protocol.port import (
    ClockReading,
    LimitsTold,
    LimitWindow,
    ReferenceTold,
    Subscription,
    WindowKind,
)
from venuetree.supervisors import ChildState, SupervisorFailed, find_unrecoverable
from venuetree.supervisors.wiring import Part

pytestmark = pytest.mark.anyio

NO_STREAM = Part.ALL & ~Part.USER_STREAM
SECOND = 1_000_000_000


def request(client_order_id: str = "c1") -> OrderRequest:
    """An order of the toy exchange."""
    return limit_order("A-USD", Side.BUY, quantity="1", price="10", client_order_id=client_order_id)


def scripted(host: ToyHost, **answers: Any) -> None:
    """Answer commands by their class's name: a value, an error, a callable, or a list of these."""

    def script(command: Any) -> Any:
        answer = answers.get(type(command).__name__, default_answer)
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer = answer(command)
        if isinstance(answer, Exception):
            raise answer
        return answer

    host.script = script


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


# ---------------------------------------------------------------- orders


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


async def test_an_order_of_which_only_its_beginning_was_told_is_asked_for() -> None:
    """The reply is lost, and the stream has said no more than that it was accepted."""
    host = ToyHost()

    async def lost(_: Any) -> Any:
        host.stream("user_stream").put(b'{"order": "open", "id": "c1", "filled": "0"}')
        await anyio.sleep(1)
        message = "lost"
        raise OutcomeUnknown(message, client_order_id="c1")

    scripted(host, PlaceOrder=lost, FetchOrder=report(OrderStatus.EXPIRED))
    async with toy_tree(host) as (tree, _, _):
        assert tree.orders is not None
        at_once = evolve(request(), time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL)
        order = await tree.orders.ask(Place(at_once), timeout=30)

    assert order.status is OrderStatus.EXPIRED


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


async def test_a_cancel_whose_reply_is_lost_is_asked_about_and_repeated() -> None:
    """Cancelling twice does no harm; the order ends cancelled."""
    host = ToyHost()
    scripted(
        host,
        CancelOrder=[OutcomeUnknown("lost"), lambda _: None],
        FetchOrder=[report(OrderStatus.OPEN), report(OrderStatus.CANCELLED)],
    )
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        assert tree.orders is not None
        await tree.orders.ask(Place(request()), timeout=30)
        order = await tree.orders.ask(Cancel(OrderKey(client_order_id="c1")), timeout=30)

    cancels = [c for c in host.commands if isinstance(c, commands.CancelOrder)]
    assert order.status is OrderStatus.CANCELLED
    assert [c.key.exchange_order_id for c in cancels] == ["x-c1", "x-c1"]


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
        assert tree.orders is not None
        await tree.orders.ask(Place(request()), timeout=30)
        with pytest.raises(CancelRefused, match="filled already"):
            await tree.orders.ask(Cancel(OrderKey(client_order_id="c1")), timeout=30)


async def test_an_order_that_fills_while_it_is_being_cancelled_is_told_as_filled() -> None:
    """The cancel was accepted, the fill was quicker: that is how it ended."""
    host = ToyHost()
    scripted(host, FetchOrder=report(OrderStatus.FILLED, filled="1"), FetchFills=(fill(),))
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        assert tree.orders is not None
        await tree.orders.ask(Place(request()), timeout=30)
        order = await tree.orders.ask(Cancel(OrderKey(client_order_id="c1")), timeout=30)

    assert order.status is OrderStatus.FILLED


async def test_a_cancel_that_nobody_confirms_ends_with_what_is_known() -> None:
    """Accepted and still open when time ends: the order says that it is being cancelled."""
    host = ToyHost()
    scripted(host, FetchOrder=report(OrderStatus.OPEN))
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        assert tree.orders is not None
        await tree.orders.ask(Place(request()), timeout=30)
        order = await tree.orders.ask(Cancel(OrderKey(client_order_id="c1")), timeout=5)

    assert (order.status, order.is_cancelling) == (OrderStatus.OPEN, True)


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


# ---------------------------------------------------------------- REST worker, gate, auth


async def test_an_order_is_not_sent_after_its_asker_gave_up_at_the_gate() -> None:
    """One request a minute: the second order's owner has left when its turn comes."""
    host = ToyHost()
    windows = (LimitWindow("all", 5, 60 * SECOND, WindowKind.SLIDING),)
    async with toy_tree(host, parts=Part.ORDERS, limits=windows) as (tree, _, log):
        assert tree.orders is not None
        for number in range(4):
            await tree.orders.ask(Place(request(f"c{number}")), timeout=200)
        with pytest.raises(RateLimited, match="nothing was sent"):
            await tree.orders.ask(Place(request("late")), timeout=5)
        await anyio.sleep(300)
        known = {o.client_order_id: o.status for o in await tree.orders.ask(Known(), timeout=1)}

    placed = [line for line in log.lines if line.get("operation") == "PlaceOrder"]
    assert len(placed) == 4
    assert known["late"] is OrderStatus.REJECTED


async def test_what_the_exchange_cannot_do_is_refused_before_any_io() -> None:
    """No request leaves."""
    host = ToyHost()
    async with toy_tree(host, parts=Part.ORDERS) as (tree, _, _):
        await anyio.sleep(1)
        before = len(host.requests)
        with pytest.raises(NotSupported):
            await tree.rest.ask(commands.FetchFees(), timeout=5)

        assert len(host.requests) == before


async def test_a_signed_request_carries_the_exchanges_time_and_a_fresh_nonce() -> None:
    """The clock's offset, measured at start, is added; every nonce is new."""
    host = ToyHost()
    async with toy_tree(host, parts=Part.ALL & ~Part.USER_STREAM) as (tree, _, _):
        for _ in range(3):
            await tree.rest.ask(commands.FetchBalances(), timeout=5)
        signed = [dict(r.headers)["signed"].split() for r in host.requests if r.headers]
        now_ns = round((anyio.current_time()) * SECOND) + 5 * SECOND

    assert {host_name for host_name, _, _ in signed} == {"toy.invalid"}
    assert len({nonce for _, _, nonce in signed}) == len(signed)
    assert abs(int(signed[-1][1]) - now_ns) < SECOND


def answering(host: ToyHost, command: type, *answers: object) -> None:
    """These answers in turn, the last one again and again, to one kind of command."""
    left = list(answers)

    def script(asked: Any) -> Any:
        if isinstance(asked, command):
            return left.pop(0) if len(left) > 1 else left[0]
        return default_answer(asked)

    host.script = script


def signed_at(host: ToyHost) -> int:
    """When, by the exchange's clock, the last signed request was signed."""
    headers = [dict(request.headers) for request in host.requests if request.headers]
    return int(headers[-1]["signed"].split()[1])


async def test_a_clock_that_was_just_refused_is_replaced_before_the_flow_goes_on() -> None:
    """Else the better measurement of the two is kept, which is the one with the shorter way."""
    host = ToyHost()
    parts = Part.ALL & ~Part.USER_STREAM & ~Part.UPKEEP
    async with toy_tree(host, parts=parts) as (tree, _, _):
        now_ns = host.clock.now_ns()
        short = ClockReading(now_ns + 1000, now_ns, now_ns + 10)
        long = ClockReading(now_ns + 100, now_ns, now_ns + 4000)
        told: list[int] = []
        for reading in (short, long, evolve(long, is_overdue=True)):
            answering(host, commands.FetchKeyPermissions, Told(None, (reading,)))
            await tree.rest.ask(commands.FetchKeyPermissions(), timeout=5)
            await tree.rest.ask(commands.FetchBalances(), timeout=5)
            told.append(signed_at(host) - host.clock.now_ns())

    # The offset, less half the round trip: never a time that the exchange may not have reached.
    assert told == [995 - 5, 995 - 5, -1900 - 2000]


async def test_the_gate_counts_calendar_windows_by_the_exchanges_clock() -> None:
    """A minute that is over there is over here, whatever our clock shows."""
    host = ToyHost()
    minute = LimitWindow("all", 1, 60 * SECOND, WindowKind.CALENDAR)
    parts = Part.ALL & ~Part.USER_STREAM & ~Part.UPKEEP & ~Part.ORDERS
    async with toy_tree(host, parts=parts, limits=(minute,)) as (tree, _, _):
        now_ns = host.clock.now_ns()
        # Ten seconds before the exchange's minute ends, from the middle of it.
        ahead_ns = 50 * SECOND - now_ns % (60 * SECOND)
        reading = ClockReading(now_ns + ahead_ns, now_ns, now_ns)
        answering(host, commands.FetchServerTime, Told(None, (reading,)))
        await tree.rest.ask(commands.FetchServerTime(), timeout=5)
        began = anyio.current_time()
        await tree.rest.ask(commands.FetchBalances(), timeout=300)

        assert anyio.current_time() - began == pytest.approx(10, abs=0.5)


async def test_limits_that_the_exchange_tells_replace_those_of_the_profile() -> None:
    """From the next request on."""
    host = ToyHost()
    parts = Part.ALL & ~Part.USER_STREAM & ~Part.UPKEEP & ~Part.ORDERS
    told = LimitsTold((LimitWindow("all", 2, 60 * SECOND, WindowKind.SLIDING),))
    async with toy_tree(host, parts=parts) as (tree, _, _):
        answering(host, commands.FetchInstruments, Told((), (told,)))
        await tree.rest.ask(commands.FetchInstruments(), timeout=5)
        await tree.rest.ask(commands.FetchBalances(), timeout=5)
        with pytest.raises(RateLimited):
            await tree.rest.ask(commands.FetchBalances(), timeout=5)


async def test_a_reference_price_is_known_to_the_flows_that_follow() -> None:
    """It is kept by the tree, and outlives the worker."""
    host = ToyHost()
    told = ReferenceTold("A-USD", Decimal(10), 5)
    async with toy_tree(host, parts=Part.ORDERS) as (tree, _, _):
        answering(host, commands.FetchBook, Told(None, (told,)))
        await tree.rest.ask(commands.FetchBook("A-USD"), timeout=5)

        assert tree.directory.references == {"A-USD": told}


async def test_more_orders_than_may_be_open_are_refused_before_they_are_sent() -> None:
    """The ledger knows how many there are; nothing of the refused one is written down."""
    host = ToyHost()
    rule = OpenOrderLimit("MAX_NUM_ORDERS", 1)
    instrument = Instrument("A-USD", "A", "USD", "AUSD", InstrumentStatus.TRADING, (rule,))
    async with toy_tree(host, parts=Part.ORDERS) as (tree, _, _):
        tree.directory.learn((instrument,))
        assert tree.orders is not None
        await tree.orders.ask(Place(request("c1")), timeout=5)
        with pytest.raises(OrderInvalid, match="MAX_NUM_ORDERS"):
            await tree.orders.ask(Place(request("c2")), timeout=5)
        known = await tree.orders.ask(Known(), timeout=5)

    assert [order.client_order_id for order in known] == ["c1"]
    assert sum(isinstance(asked, commands.PlaceOrder) for asked in host.commands) == 1


async def test_whoever_resolves_an_order_is_told_which_orders_are_other_ones() -> None:
    """Else one of ours that was cancelled could pass for the order sought."""
    host = ToyHost()

    def script(command: Any) -> Any:
        if isinstance(command, commands.PlaceOrder) and command.order.client_order_id == "c2":
            raise OutcomeUnknown("lost", exchange="toy", operation="place")
        if isinstance(command, commands.ResolveOrder):
            return commands.Found(report(OrderStatus.OPEN, "c2"))
        return default_answer(command)

    host.script = script
    async with toy_tree(host, parts=Part.ORDERS) as (tree, _, _):
        assert tree.orders is not None
        for name in ("c1", "c2"):
            await tree.orders.ask(Place(request(name)), timeout=10)

    (asked,) = [one for one in host.commands if isinstance(one, commands.ResolveOrder)]
    assert asked.known_order_ids == {"x-c1"}


async def test_a_session_may_ask_before_its_connection_is_opened_and_choose_the_door() -> None:
    """A key that its address needs, at an endpoint of another name."""
    host = ToyHost()

    def session(name: str) -> ToySession:
        made = ToySession(name)
        made.asks_first = [commands.FetchBalances(), commands.FetchServerTime()]
        made.endpoint = "other"
        return made

    host.new_user_session = session
    async with toy_tree(host) as _:
        await anyio.sleep(1)

        assert [stream.endpoint for stream in host.streams] == ["other"]
    asked = [type(command) for command in host.commands]
    assert asked.count(commands.FetchBalances) == 1


async def test_an_answer_that_forbids_the_connection_ends_the_attempt_and_not_the_stream() -> None:
    """It is tried again with backoff."""
    host = ToyHost()
    answering(
        host,
        commands.FetchBalances,
        ExchangeUnavailable("later", exchange="toy", operation="key"),
        None,
    )

    def session(name: str) -> ToySession:
        made = ToySession(name)
        made.asks_first = [commands.FetchBalances()]
        return made

    host.new_user_session = session
    began = anyio.current_time()
    async with toy_tree(host) as _:
        await anyio.sleep(5)

        assert [stream.endpoint for stream in host.streams] == ["user_stream"]
    asked = [command for command in host.commands if isinstance(command, commands.FetchBalances)]
    assert len(asked) == 2
    assert host.opened_at[0] - began >= 0.2


async def test_a_private_request_without_credentials_says_what_is_missing() -> None:
    """Public questions work without a key; others say that they need one."""
    host = ToyHost()
    async with toy_tree(host, has_credentials=False) as (tree, _, _):
        server_time = await tree.rest.ask(commands.FetchServerTime(), timeout=5)
        with pytest.raises(ConfigurationError, match="needs credentials"):
            await tree.rest.ask(commands.FetchBalances(), timeout=5)

    assert server_time > 0


async def test_a_ban_silences_everything_until_it_ends() -> None:
    """After a reply with Retry-After nothing leaves, and then it goes on by itself."""
    host = ToyHost()
    async with toy_tree(host, parts=Part.ORDERS) as (tree, _, _):
        await anyio.sleep(1)
        host.headers = {"retry-after": "30"}
        await tree.rest.ask(commands.FetchBalances(), timeout=5)
        host.headers = {}
        began = anyio.current_time()
        await tree.rest.ask(commands.FetchBalances(), timeout=100)

        assert anyio.current_time() - began == pytest.approx(30, abs=1)


async def test_every_call_is_one_log_line_without_secrets() -> None:
    """Exchange, operation, status, latency and weight; never a header."""
    host = ToyHost()
    async with toy_tree(host, parts=Part.ORDERS) as (tree, _, log):
        await tree.rest.ask(commands.FetchBalances(), timeout=5)
        host.down = True
        with pytest.raises(TransportError):
            await tree.rest.ask(commands.FetchBalances(), timeout=5)
        lines = [line for line in log.lines if line["operation"] == "FetchBalances"]

    assert [line["level"] for line in lines] == ["info", "warning"]
    assert lines[0]["status"] == 200
    assert lines[0]["weight"] == {"all": 1}
    assert lines[1]["error"] == "TransportError"
    assert not tree.directory.is_reachable
    assert "signed" not in repr(log.lines)


# ---------------------------------------------------------------- upkeep


async def test_a_refused_key_ends_the_exchange_for_good() -> None:
    """No restart can help: the reason is in the failure."""
    host = ToyHost()
    scripted(host, FetchKeyPermissions=AuthRefused("revoked"))
    with pytest.raises(SupervisorFailed) as caught:
        async with toy_tree(host):
            raise AssertionError("it started")

    assert isinstance(getattr(find_unrecoverable(caught.value), "__cause__", None), AuthRefused)


async def test_a_fault_of_ours_at_the_start_is_told_and_not_tried_for_ever() -> None:
    """A gate that cannot even be made ends the entry, with the error in its chain."""
    host = ToyHost()
    windows = (LimitWindow("other", 1, SECOND, WindowKind.SLIDING),)
    with pytest.raises(SupervisorFailed) as caught:
        async with toy_tree(host, limits=windows, reserved={"not a lane": 2}):
            raise AssertionError("it started")

    assert caught.value.__cause__ is not None


async def test_an_exchange_that_is_down_is_tried_again_until_it_answers() -> None:
    """The tree is up at once, disconnected; the clock is measured when the exchange is back."""
    host = ToyHost()
    host.down = True
    async with toy_tree(host) as (tree, root, _):
        failing = root.snapshot()["toy/io/upkeep"].detail
        await anyio.sleep(60)
        host.down = False
        with anyio.fail_after(60):
            await tree.directory.reachable()
        await anyio.sleep(30)
        mended = root.snapshot()["toy/io/upkeep"].detail
        auth = root.snapshot()["toy/auth"].detail

    assert failing.failing
    assert mended.failing == ()
    assert auth.clock_offset_ns != 0


async def test_a_key_that_is_revoked_while_running_stops_the_exchange() -> None:
    """One refusal is checked; if the key is no good, the tree stays stopped with the reason."""
    host = ToyHost()
    async with toy_tree(host) as (tree, root, _):
        scripted(
            host,
            FetchBalances=AuthRefused("revoked"),
            FetchKeyPermissions=AuthRefused("revoked"),
        )
        with pytest.raises(AuthRefused):
            await tree.rest.ask(commands.FetchBalances(), timeout=5)
        with anyio.fail_after(60):
            await root.until("toy", ChildState.STOPPED)
        error = root.snapshot()["toy"].last_error

    assert error is not None


async def test_one_refusal_of_a_good_key_stops_nothing() -> None:
    """A whim of the exchange is checked and forgotten."""
    host = ToyHost()
    async with toy_tree(host) as (tree, root, _):
        scripted(host, FetchBalances=[AuthRefused("a whim"), lambda _: ()])
        with pytest.raises(AuthRefused):
            await tree.rest.ask(commands.FetchBalances(), timeout=5)
        await anyio.sleep(10)
        balances = await tree.rest.ask(commands.FetchBalances(), timeout=5)

        assert balances == ()
        assert root.snapshot()["toy"].state is ChildState.RUNNING


# ---------------------------------------------------------------- streams


def book_of(*names: str) -> set[Subscription]:
    """Subscriptions to books."""
    return {Subscription(name, Topic.BOOK) for name in names}


async def test_a_lost_stream_is_stale_first_then_opened_again_with_backoff() -> None:
    """Each failure doubles the wait, and being connected does not reset it: being healthy does."""
    host = ToyHost()
    async with toy_tree(host, parts=Part.ORDERS) as (tree, root, _):
        feed = MarketFeed()
        tree.hub.add(feed, book_of("A-USD"))
        await anyio.sleep(0.1)
        for _ in range(5):
            host.stream("stream").put(TransportError("kicked"))
            await anyio.sleep(20)
        waits = [b - a for a, b in pairwise(host.opened_at)]
        restarts = root.snapshot()["toy/io/market/market-0"].restarts

    assert restarts == 5
    for earlier, later in pairwise(waits):
        assert later > earlier - 15 or later >= 20


async def test_backoff_starts_anew_after_a_healthy_while() -> None:
    """A book in step for half a minute counts as health; a silent connection does not."""
    host = ToyHost()
    async with toy_tree(host, parts=Part.ORDERS) as (tree, root, _):
        tree.hub.add(MarketFeed(), book_of("A-USD"))
        await anyio.sleep(0.1)
        for _ in range(4):
            host.stream("stream").put(TransportError("kicked"))
            await anyio.sleep(10)
        failures = root.snapshot()["toy/io/market/market-0"].failures
        stream = host.stream("stream")
        for _ in range(10):
            stream.put(b'{"book": "A-USD"}')
            await anyio.sleep(5)
        stream.put(TransportError("kicked"))
        await anyio.sleep(5)
        after = root.snapshot()["toy/io/market/market-0"].failures

    assert failures == 4
    assert after == 1


async def test_a_books_subscriber_hears_of_the_loss_before_the_repair() -> None:
    """In step, stale, in step: in this order, whatever ended the stream."""
    host = ToyHost()
    async with toy_tree(host, parts=Part.ORDERS) as (tree, _, _):
        feed = MarketFeed()
        tree.hub.add(feed, book_of("A-USD"))
        await anyio.sleep(0.1)
        for ending in (b"not json", b'{"close": "enough"}', None):
            host.stream("stream").put(b'{"book": "A-USD"}')
            if ending is not None:
                host.stream("stream").put(ending)
            await anyio.sleep(40)
        kinds = [type(event) for event in feed._queue if type(event) in {BookInStep, BookStale}]

    assert kinds == [BookInStep, BookStale, BookInStep, BookStale, BookInStep]


async def test_subscriptions_are_spread_over_connections_and_replayed_after_a_loss() -> None:
    """Three books at two a connection are two connections; each asks anew for its own."""
    host = ToyHost()
    async with toy_tree(host, parts=Part.ORDERS) as (tree, root, _):
        feed = MarketFeed()
        tree.hub.add(feed, book_of("A-USD", "B-USD", "C-USD"))
        await anyio.sleep(0.1)
        first = [orjson.loads(stream.sent[-1])["want"] for stream in host.streams]
        host.streams[0].put(TransportError("cut"))
        await anyio.sleep(5)
        again = orjson.loads(host.streams[-1].sent[-1])["want"]
        tree.hub.remove(feed)
        await anyio.sleep(1)
        left = [child.name for child in root.snapshot()["toy/io/market"].children]

    assert first == [["A-USD/book", "B-USD/book"], ["C-USD/book"]]
    assert again == first[0]
    assert left == ["plan"]


async def test_new_wants_reach_a_running_connection() -> None:
    """No reconnect for one more topic."""
    host = ToyHost()
    async with toy_tree(host, parts=Part.ORDERS) as (tree, _, _):
        tree.hub.add(MarketFeed(), book_of("A-USD"))
        await anyio.sleep(0.1)
        tree.hub.add(MarketFeed(), {Subscription("A-USD", Topic.TRADES)})
        await anyio.sleep(0.1)
        sent = orjson.loads(host.streams[0].sent[-1])["want"]

    assert len(host.streams) == 1
    assert sent == ["A-USD/book", "A-USD/trades"]


async def test_a_sessions_questions_and_signatures_are_answered() -> None:
    """A session may ask the REST worker and have messages signed; errors are answers too."""
    host = ToyHost()
    async with toy_tree(host) as (_, _, _):
        await anyio.sleep(0.1)
        stream = host.stream("user_stream")
        stream.put(b'{"sign": 1}', b'{"call": 1}')
        await anyio.sleep(1)
        scripted(host, FetchBalances=TransportError("down"))
        stream.put(b'{"call": 1}')
        await anyio.sleep(1)
        sent = [orjson.loads(text) for text in stream.sent]

    assert [message["subscribe"] for message in sent if "subscribe" in message] == ["user"]
    assert all("nonce" in message for message in sent if "subscribe" in message)
    assert [m["answer"] for m in sent if "answer" in m] == ["NoneType", "TransportError"]


async def test_a_refused_connection_is_tried_again() -> None:
    """An exchange that does not take us now gets another call later."""
    host = ToyHost(refuse_streams=TransportError("no"), refuse_streams_times=3)
    async with toy_tree(host, parts=Part.ORDERS) as (tree, root, _):
        tree.hub.add(MarketFeed(), book_of("A-USD"))
        await anyio.sleep(30)
        child = root.snapshot()["toy/io/market/market-0"]

    assert child.state is ChildState.RUNNING
    assert child.restarts == 3


async def test_the_market_supervisor_brings_its_connections_back_after_a_restart() -> None:
    """What is wanted lives in the hub, above the streams."""
    host = ToyHost()
    async with toy_tree(host, parts=Part.ORDERS) as (tree, root, _):
        tree.hub.add(MarketFeed(), book_of("A-USD"))
        await anyio.sleep(0.1)
        await tree._io.restart_child("market")
        await anyio.sleep(1)
        names = [child.name for child in root.snapshot()["toy/io/market"].children]

    assert names == ["plan", "market-0"]
    assert len(host.streams) == 2


# ---------------------------------------------------------------- replaced connections

BOOK = b'{"book": "A-USD"}'
ORDER = b'{"order": "open", "id": "c1", "filled": "0"}'
REPLACE = b'{"replace": "old"}'


async def test_a_connection_is_replaced_by_one_that_is_heard_only_when_it_delivers() -> None:
    """The old one is heard until then; nobody is told of a loss, for there is none."""
    host = ToyHost()
    async with toy_tree(host) as (tree, _, _):
        feed = MarketFeed(capacity=100)
        tree.hub.add(feed, book_of("A-USD"))
        await anyio.sleep(1)
        old = host.stream("stream")
        old.put(BOOK)
        await anyio.sleep(1)
        old_book = tree.hub.book("A-USD")
        old.put(REPLACE)
        await anyio.sleep(1)
        new = host.stream("stream")
        assert new is not old
        assert old.is_open
        assert [orjson.loads(text) for text in new.sent] == [{"want": ["A-USD/book"]}]
        new.put(b'{"noise": 1}')
        await anyio.sleep(1)
        assert old.is_open
        new.put(BOOK)
        await anyio.sleep(1)
        new_book = tree.hub.book("A-USD")
        assert (old.is_open, new.is_open) == (False, True)
        seen = [type(await anext(feed)).__name__ for _ in range(len(feed))]

    assert seen == ["StreamConnected", "BookInStep", "BookInStep"]
    assert new_book is not old_book
    assert len(host.opened_at) == len(host.streams) == 3  # the user stream is the third


async def test_a_successor_that_fails_leaves_the_first_as_it_was() -> None:
    """It is asked for again, and taken then."""
    host = ToyHost()
    async with toy_tree(host) as (tree, _, log):
        feed = MarketFeed(capacity=100)
        tree.hub.add(feed, book_of("A-USD"))
        await anyio.sleep(1)
        old = host.stream("stream")
        old.put(BOOK)
        for failing in (True, False):
            old.put(REPLACE)
            await anyio.sleep(1)
            new = host.stream("stream")
            new.put(TransportError("kicked") if failing else BOOK)
            await anyio.sleep(1)
            assert old.is_open is failing
        seen = [type(await anext(feed)).__name__ for _ in range(len(feed))]

    assert seen == ["StreamConnected", "BookInStep", "BookInStep"]
    said = [line["said"] for line in log.lines if line["event"] == "stream_said"]
    assert len(said) == 1
    assert "market-0 could not be replaced: kicked" in said[0]


async def test_a_connection_lost_before_its_successor_delivers_is_a_loss_like_any() -> None:
    """Stale first; both are gone, and one new connection is opened."""
    host = ToyHost()
    async with toy_tree(host) as (tree, _, _):
        feed = MarketFeed(capacity=100)
        tree.hub.add(feed, book_of("A-USD"))
        await anyio.sleep(1)
        old = host.stream("stream")
        old.put(BOOK, REPLACE)
        await anyio.sleep(1)
        new = host.stream("stream")
        old.put(TransportError("kicked"))
        await anyio.sleep(5)
        third = host.stream("stream")
        assert (old.is_open, new.is_open, third.is_open) == (False, False, True)
        assert third is not new
        seen = [type(await anext(feed)).__name__ for _ in range(len(feed))]

    assert seen == [
        "StreamConnected",
        "BookInStep",
        "BookStale",
        "StreamDisconnected",
        "StreamConnected",
    ]


async def test_new_wants_reach_a_successor_too() -> None:
    """Else it would take over with less than is wanted."""
    host = ToyHost()
    async with toy_tree(host) as (tree, _, _):
        feed = MarketFeed(capacity=100)
        tree.hub.add(feed, book_of("A-USD"))
        await anyio.sleep(1)
        old = host.stream("stream")
        old.put(BOOK, REPLACE)
        await anyio.sleep(1)
        tree.hub.add(MarketFeed(capacity=100), book_of("B-USD"))
        await anyio.sleep(1)
        new = host.stream("stream")
        wanted = [orjson.loads(text) for text in new.sent]

    assert wanted == [{"want": ["A-USD/book"]}, {"want": ["A-USD/book", "B-USD/book"]}]
