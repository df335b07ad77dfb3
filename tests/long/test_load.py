"""Ten times what each exchange permits, for a minute, through the whole engine on virtual time."""

from collections import Counter

import anyio
import pytest
from attrs import evolve

from tests.support.limit_judge import RULES, Kind, Rule, excesses
from tests.support.load import DEMANDS, SECONDS, Loaded, loaded
from venuetree.actors.rate_gate import LANE_BOUNDS
from venuetree.protocol.builders import limit_order
from venuetree.protocol.errors import EngineError, RateLimited, TransportError
from venuetree.protocol.events import BookInStep
from venuetree.protocol.models import Order, OrderStatus, Side, Topic
from venuetree.protocol.port import Lane
from venuetree.scenarios.faults import Backlog, StallStream
from venuetree.scenarios.simulated.log import LogEntry, LogKind

pytestmark = pytest.mark.anyio

#: By exchange, what each kind of call asks for, in requests of the exchange.
REQUESTS = {
    "coinbase": {
        "place": ("POST", "/api/v3/brokerage/orders"),
        "status": ("GET", "/api/v3/brokerage/orders/historical/x"),
        "balances": ("GET", "/api/v3/brokerage/accounts"),
        "trades": ("GET", "/api/v3/brokerage/market/products/BTC-USD/ticker"),
    },
    "binance_us": {
        "place": ("POST", "/api/v3/order"),
        "status": ("GET", "/api/v3/order"),
        "balances": ("GET", "/api/v3/account"),
        "trades": ("GET", "/api/v3/trades"),
    },
    "oanda": {
        "place": ("POST", "/v3/accounts/x/orders"),
        "status": ("GET", "/v3/accounts/x/orders/y"),
        "balances": ("GET", "/v3/accounts/x/summary"),
    },
}
#: Windows that a minute of ten times the others' demand cannot fill, let alone ten times.
LONG = {"hour", "orders of a day", "raw"}
#: The channel of the account's own stream.
USER_STREAM = {"coinbase": "user", "binance_us": "user", "oanda": "transactions/*"}
#: So many questions of a host wait at the gate, at least, where it asks too much.
MANY = 50
#: In milliseconds.
ONE_SECOND = 1000.0


@pytest.mark.parametrize("name", DEMANDS)
async def test_ten_times_the_permitted_demand_is_borne(name: str) -> None:
    """No limit is broken by one request, cancels go first, nothing is lost, the queue is bounded.

    Nor is it told otherwise: who is refused learns that nothing was sent, and nothing was.
    """
    async with loaded(name) as world:
        await world.run(DEMANDS[name], seconds=SECONDS)
        known = await world.exchange.known_orders()

    asked = world.sim.log.of(LogKind.REQUEST)
    assert _times_permitted(world) >= 10
    # The limits: by the simulator, by our judge, and used.
    assert _refusals(world) == []
    assert excesses(RULES[name], asked) == []
    assert _use(name, asked) >= 0.6
    # Cancels.
    waits = sorted(call["queued_ms"] for call in world.log.calls("cancel"))
    assert len(waits) >= 100
    assert waits[int(0.99 * len(waits))] < ONE_SECOND
    # Nothing is lost: calls,
    assert world.asked.total() == world.answered.total() + len(world.failed)
    assert {type(error) for _, _, error in world.failed} <= {RateLimited, TransportError}
    assert all(error.message and error.exchange == name for _, _, error in world.failed)
    assert not world.names("cancel")
    # nor orders: there is each that was acknowledged, once, and none that was refused.
    assert Counter(world.known_there()) == Counter(dict.fromkeys(world.placed, 1))
    assert not world.names("place") & set(world.placed)
    numbers = {(order.instrument, order.exchange_order_id) for order in world.placed.values()}
    assert len(numbers) == len(world.placed)
    assert {order.client_order_id for order in world.cancelled} == set(world.placed)
    assert {order.status for order in world.cancelled} == {OrderStatus.CANCELLED}
    assert not [order for order in known if not order.status.is_final]
    # The queue: bounded, and told.
    for lane, bound in LANE_BOUNDS.items():
        assert world.most_queued(lane) <= bound
    assert world.most_queued(Lane.DATA) == LANE_BOUNDS[Lane.DATA]
    assert max(world.mailbox_depths) <= 2 * sum(LANE_BOUNDS.values())
    assert world.looks[-1].refused > 0
    assert all(window.used <= window.capacity for window in world.looks[-1].limits.windows)
    assert any("nothing was sent" in e.message or "not sent" in e.message for *_, e in world.failed)


@pytest.mark.parametrize("name", DEMANDS)
async def test_what_became_of_an_order_is_asked_before_what_a_host_asks(name: str) -> None:
    """The account's stream says nothing: each cancel's end must be asked for, and is."""
    async with loaded(name) as world:
        world.sim.faults.add(StallStream(channel=USER_STREAM[name], backlog=Backlog.DISCARDED))
        await world.run(DEMANDS[name], seconds=5)

    assert world.most_queued(Lane.DATA) > MANY
    assert not world.names("cancel")
    assert len(world.cancelled) == len(world.placed) > 20
    assert {order.status for order in world.cancelled} == {OrderStatus.CANCELLED}
    assert excesses(RULES[name], world.sim.log.of(LogKind.REQUEST)) == []


async def test_a_book_begins_while_a_host_asks_too_much() -> None:
    """The snapshot that it begins with is asked for before what the host asks."""
    asked_too_much = evolve(DEMANDS["binance_us"], places=0, statuses=0)
    began: list[BookInStep] = []

    async def read(world: Loaded) -> None:
        await anyio.sleep(5)  # by then the host's part of the minute's weight is spent
        async with world.exchange.subscribe("BTC-USD", Topic.BOOK) as events:
            with anyio.move_on_after(2):
                async for event in events:
                    if isinstance(event, BookInStep):
                        began.append(event)
                        return

    async with loaded("binance_us") as world, anyio.create_task_group() as tasks:
        tasks.start_soon(read, world)
        await world.run(asked_too_much, seconds=10)

    assert world.most_queued(Lane.DATA) > MANY
    assert began


async def test_no_more_connections_are_begun_than_oanda_permits() -> None:
    """Two in any second, however many requests wait for one."""
    async with loaded("oanda") as world:
        await world.run(DEMANDS["oanda"], seconds=2.5)

    begun = world.network.begun
    assert len(begun) > 3
    assert all(later - earlier >= 1 for earlier, later in zip(begun, begun[2:], strict=False))


async def test_a_stalled_exchange_gets_no_burst_when_it_goes_on() -> None:
    """What had leave to go and could not counts when it goes, not when it had leave."""
    async with loaded("coinbase") as world:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_stall, world)
            await world.run(DEMANDS["coinbase"], seconds=4)

    assert _refusals(world) == []
    assert excesses(RULES["coinbase"], world.sim.log.of(LogKind.REQUEST)) == []


async def test_an_order_is_not_sent_in_the_last_moment_of_its_askers_time() -> None:
    """Its turn would come just before that, and its reply after: nothing is left unknown."""
    ended: list[type] = []
    async with loaded("coinbase", shortest_s=0.09, longest_s=0.09) as world:

        async def place(number: int) -> None:
            request = limit_order(
                "BTC-USD",
                Side.BUY,
                quantity="0.001",
                price="20000",
                client_order_id=f"last-{number}",
            )
            try:
                ended.append(type(await world.exchange.place(request, timeout=1.4)))
            except EngineError as error:
                ended.append(type(error))

        async with anyio.create_task_group() as tasks:
            for number in range(60):
                tasks.start_soon(place, number)
        there = world.known_there()

    assert set(ended) == {Order, RateLimited}
    assert ended.count(Order) == len(there)


async def _stall(world: Loaded) -> None:
    """For a second and a half nothing of ours gets through, then all that was under way."""
    await anyio.sleep(1)
    world.network.hold()
    await anyio.sleep(1.5)
    world.network.let_go()


def _refusals(world: Loaded) -> list[LogEntry]:
    """What the simulator refused for want of room."""
    return [
        entry
        for entry in (*world.sim.log.of(LogKind.REPLY), *world.sim.log.of(LogKind.STREAM))
        if entry.detail.startswith(("429", "418", "connection refused"))
    ]


def _rules(name: str) -> list[Rule]:
    return [rule for rule in RULES[name] if rule.name not in LONG]


def _times_permitted(world: Loaded) -> float:
    """How many times what each rule permits was asked for; the least of them."""
    times = []
    for rule in _rules(world.name):
        kinds = REQUESTS[world.name]
        offered = sum(world.asked[kind] * rule.weigh(*kinds[kind]) for kind in kinds)
        times.append(offered * rule.period_ns / (rule.capacity * SECONDS * 1e9))
    return round(min(times), 2)


def _use(name: str, asked: tuple[LogEntry, ...]) -> float:
    """What part of the first rule was used in its time of most use: waiting is no virtue."""
    rule = _rules(name)[0]
    pages: Counter[int] = Counter()
    for entry in asked:
        pages[entry.time_ns // rule.period_ns] += rule.weigh(*entry.subject.split(" ", 1))
    return max(pages.values()) / rule.capacity


def test_the_judge_sees_one_request_too_many() -> None:
    """In an interval across two seconds, and in one of the clock's."""
    sliding = Rule("r", 2, 1000, Kind.ANY_INTERVAL, lambda method, path: 1)
    calendar = Rule("r", 2, 1000, Kind.CALENDAR, lambda method, path: 1)
    asked = [LogEntry(time_ns, LogKind.REQUEST, "GET /") for time_ns in (900, 950, 1899, 1950)]

    assert [excess.time_ns for excess in excesses([sliding], asked)] == [1899]
    assert excesses([calendar], asked) == []
    assert len(excesses([calendar], [*asked, asked[-1]])) == 1
