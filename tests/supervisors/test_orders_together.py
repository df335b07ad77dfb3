"""Pairs, replacements, closings and sweeps when replies or their carrier are lost: no guesses."""

from typing import Any

import anyio
import pytest
from attrs import evolve

from tests.support.toy import ToyHost, default_answer, toy_tree
from tests.support.toy_samples import report, request
from venuetree.actors.order_messages import CancelAll, CloseBy, Known, Place, PlacePair, Replace
from venuetree.protocol import commands
from venuetree.protocol.builders import market_order, oco
from venuetree.protocol.errors import (
    CancelRefused,
    EngineError,
    MarketHalted,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    PositionNotFound,
    TransportError,
)
from venuetree.protocol.journal import MemoryJournal
from venuetree.protocol.models import (
    Closing,
    MarginTerms,
    OrderKey,
    OrderReport,
    OrderRequest,
    OrderStatus,
    Side,
    TimeInForce,
)
from venuetree.supervisors.wiring import Part

pytestmark = pytest.mark.anyio

NO_STREAM = Part.ALL & ~Part.USER_STREAM


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


# ---------------------------------------------------------------- both sides of a position


def closing(side: Side, client_order_id: str) -> OrderRequest:
    """An order that closes one side of a position."""
    order = market_order(
        "A-USD",
        side,
        quantity="1",
        time_in_force=TimeInForce.FILL_OR_KILL,
        client_order_id=client_order_id,
    )
    return evolve(order, margin=MarginTerms(closing=Closing(is_whole=True)))


BOTH = (closing(Side.SELL, "long"), closing(Side.BUY, "short"))


def filled(name: str) -> OrderReport:
    """What became of one of them."""
    side = Side.SELL if name == "long" else Side.BUY
    return evolve(report(OrderStatus.FILLED, name, filled="1"), side=side, price=None)


class Closer(ToyHost):
    """An exchange that answers the closing of a position as a test says.

    `answer` is returned, or raised; orders that are asked about are as `found` says.
    """

    def __init__(self, answer: object, found: dict[str, commands.Resolution] | None = None) -> None:
        super().__init__()
        self.journal = MemoryJournal()
        self.before: dict[str, OrderStatus] = {}
        self.answer = answer
        self.found = found or {}
        self.script = self._answer

    def _answer(self, command: Any) -> Any:
        match command:
            case commands.ClosePosition():
                entries = self.journal.load()
                self.before = {e.order.client_order_id: e.order.status for e in entries}
                if isinstance(self.answer, Exception):
                    raise self.answer
                return self.answer
            case commands.ResolveOrder(order):
                return self.found[order.client_order_id]
            case commands.FetchOrder(key):
                return filled(key.client_order_id)
            case _:
                return default_answer(command)

    @property
    def sent(self) -> list[commands.ClosePosition]:
        """What was asked to be closed."""
        return [c for c in self.commands if isinstance(c, commands.ClosePosition)]


async def test_a_position_is_closed_in_one_request_that_is_written_down_before_it_is_sent() -> None:
    """Each side is an order with a state of its own; the answers come in the order asked."""
    host = Closer((filled("short"), filled("long")))
    async with toy_tree(host, parts=NO_STREAM, journal=host.journal) as (tree, _, _):
        assert tree.orders is not None
        closed = await tree.orders.ask(CloseBy(BOTH), timeout=30)

    assert host.before == {"long": OrderStatus.SENT, "short": OrderStatus.SENT}
    assert host.sent == [commands.ClosePosition(BOTH)]
    assert [(o.client_order_id, o.status) for o in closed] == [
        ("long", OrderStatus.FILLED),
        ("short", OrderStatus.FILLED),
    ]


async def test_a_closing_whose_reply_is_lost_is_resolved_and_never_sent_again() -> None:
    """Sent twice, it might close what was opened since."""
    found = {name: commands.Found(filled(name)) for name in ("long", "short")}
    host = Closer(OutcomeUnknown("lost"), dict(found))
    async with toy_tree(host, parts=NO_STREAM, journal=host.journal) as (tree, _, _):
        assert tree.orders is not None
        closed = await tree.orders.ask(CloseBy(BOTH), timeout=30)

    resolved = [c for c in host.commands if isinstance(c, commands.ResolveOrder)]
    assert [order.status for order in closed] == [OrderStatus.FILLED] * 2
    assert len(host.sent) == 1
    assert {c.order.client_order_id for c in resolved} == {"long", "short"}
    assert {c.resend for c in resolved} == {commands.Resend.FORBIDDEN}


async def test_of_a_closing_each_side_has_an_end_of_its_own() -> None:
    """What the one did is not hidden by the other's refusal: both are returned."""
    host = Closer(
        OutcomeUnknown("lost"),
        {"long": commands.Found(filled("long")), "short": commands.Absent("it never came")},
    )
    async with toy_tree(host, parts=NO_STREAM, journal=host.journal) as (tree, _, _):
        assert tree.orders is not None
        closed = await tree.orders.ask(CloseBy(BOTH), timeout=30)

    assert [(o.client_order_id, o.status) for o in closed] == [
        ("long", OrderStatus.FILLED),
        ("short", OrderStatus.REJECTED),
    ]
    assert closed[1].reason == "it never came"


async def test_a_closing_of_which_nothing_was_executed_is_refused() -> None:
    """Though the exchange had taken it: with the first reason."""
    reports = [evolve(filled(name), status=OrderStatus.REJECTED) for name in ("long", "short")]
    told = tuple(evolve(one, reason=f"no {one.client_order_id}") for one in reports)
    host = Closer(tuple(evolve(one, filled_quantity=None) for one in told))
    async with toy_tree(host, parts=NO_STREAM, journal=host.journal) as (tree, _, _):
        assert tree.orders is not None
        with pytest.raises(OrderRejected, match="no long"):
            await tree.orders.ask(CloseBy(BOTH), timeout=30)
        known = await statuses_of(tree.orders)

    assert known == {"long": OrderStatus.REJECTED, "short": OrderStatus.REJECTED}


@pytest.mark.parametrize(
    "refusal", [PositionNotFound("nothing there"), MarketHalted("a weekend"), TransportError("no")]
)
async def test_a_closing_that_is_refused_leaves_neither_order(refusal: EngineError) -> None:
    """The exchange takes all or none of it."""
    host = Closer(refusal)
    async with toy_tree(host, parts=NO_STREAM, journal=host.journal) as (tree, _, _):
        assert tree.orders is not None
        with pytest.raises(type(refusal)):
            await tree.orders.ask(CloseBy(BOTH), timeout=30)
        known = await statuses_of(tree.orders)

    assert known == {"long": OrderStatus.REJECTED, "short": OrderStatus.REJECTED}
    assert len(host.sent) == 1


async def test_a_closing_whose_carrier_crashes_is_resolved() -> None:
    """The request may have left."""
    host = Closer(ZeroDivisionError("a bug of the worker's"))
    host.found = {name: commands.Found(filled(name)) for name in ("long", "short")}
    async with toy_tree(host, parts=NO_STREAM, journal=host.journal) as (tree, _, _):
        assert tree.orders is not None
        closed = await tree.orders.ask(CloseBy(BOTH), timeout=30)

    assert [order.status for order in closed] == [OrderStatus.FILLED] * 2
    assert len(host.sent) == 1


async def statuses_of(orders: Any) -> dict[str, OrderStatus]:
    """What the ledger knows, by our ids."""
    known = await orders.ask(Known(), timeout=5)
    return {order.client_order_id: order.status for order in known}


# ---------------------------------------------------------------- exits of margin trades


def resting_exit(name: str) -> OrderReport:
    """An order that leaves a margin trade."""
    return evolve(report(OrderStatus.OPEN, name, number=f"n-{name}"), trade_id="6397")


@pytest.mark.parametrize("listed", ["by the sweep", "as open", "without its trade"])
async def test_a_sweep_leaves_the_exits_of_trades_where_they_are(listed: str) -> None:
    """Whether the ledger knows them already or learns of them by the sweep itself."""
    host = Host(type(None))
    answer = host.script
    swept: tuple[OrderReport, ...] = ()
    still_open: tuple[OrderReport, ...] = ()
    match listed:
        case "by the sweep":
            swept = (resting_exit("exit"),)
        case "as open":
            still_open = (resting_exit("exit"), report(OrderStatus.OPEN, "a"))
        case _:
            # It is known from the start; what the exchange says later leaves that out.
            still_open = (evolve(resting_exit("exit"), trade_id=""),)
    first = [(resting_exit("exit"),)] if listed == "without its trade" else [()]

    def script(command: Any) -> Any:
        match command:
            case commands.CancelOpenOrders():
                return swept
            case commands.FetchOpenOrders():
                return first.pop() if first else still_open
            case _:
                return answer(command)

    host.script = script
    async with toy_tree(host, parts=NO_STREAM) as (tree, _, _):
        assert tree.orders is not None
        await anyio.sleep(1)
        await tree.orders.ask(Place(request("a")), timeout=5)
        ended = await tree.orders.ask(CancelAll(), timeout=30)
        known = await statuses_of(tree.orders)

    assert [order.client_order_id for order in ended] == ["a"]
    assert known == {"a": OrderStatus.CANCELLED, "exit": OrderStatus.OPEN}
    assert host.ended == {"a"}
