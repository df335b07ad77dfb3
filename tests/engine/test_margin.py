"""The margin part of a handle, on an invented exchange: what is refused, and what is planned."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from decimal import Decimal
from inspect import iscoroutinefunction
from itertools import pairwise
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream
from attrs import evolve

from tests.support.samples import MARGIN_TRADE
from tests.support.toy import ToyHost, default_answer, toy_exchange, toy_tree
from tests.support.toy_samples import NAME, report
from tests.support.virtual_time import BACKENDS, fresh
from venuetree.actors.addresses import TlsMode
from venuetree.actors.clock import LoopClock
from venuetree.config import ExchangeConfig
from venuetree.engine import Engine
from venuetree.exchange import ExchangeHandle
from venuetree.margin import MarginTrading
from venuetree.protocol import commands
from venuetree.protocol.builders import limit_order, market_order
from venuetree.protocol.errors import (
    AuthRefused,
    ConfigurationError,
    EngineError,
    ExchangeUnavailable,
    InstrumentNotFound,
    MarginTradeNotFound,
    NotSupported,
    OrderInvalid,
    OutcomeUnknown,
    PositionNotFound,
    RateLimited,
    ReplyLost,
    TransportError,
)
from venuetree.protocol.models import (
    ClientExtensions,
    Closing,
    Exit,
    ExitChanges,
    Exits,
    Instrument,
    InstrumentStatus,
    MarginTerms,
    MarginTradeState,
    OcoRequest,
    OrderKey,
    OrderReport,
    OrderStatus,
    OrderType,
    Position,
    Quantum,
    QuantumField,
    ReportSource,
    SentimentKind,
    Side,
    TimeInForce,
    Topic,
)
from venuetree.protocol.port import Ability, LimitWindow, OrderTerms, WindowKind
from venuetree.scenarios.memory_network import MemoryNetwork
from venuetree.supervisors.wiring import Part

pytestmark = pytest.mark.anyio

SECOND = 1_000_000_000
NO_STREAM = Part.ALL & ~Part.USER_STREAM
ON_MARGIN = frozenset({Ability.MARGIN, Ability.CLOSE_POSITION})
ORDERS = dict.fromkeys(
    (OrderType.LIMIT, OrderType.MARKET), OrderTerms(frozenset(TimeInForce), attached=True)
)
RULES = Instrument(
    "A-USD",
    "A",
    "USD",
    "A_USD",
    InstrumentStatus.TRADING,
    (
        Quantum(QuantumField.QUANTITY, "units", step=Decimal(1), minimum=Decimal(1)),
        Quantum(QuantumField.PRICE, "precision", step=Decimal("0.01")),
    ),
)


@pytest.fixture(params=BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    """No sockets here: virtual time."""
    return fresh(request.param)


class Host(ToyHost):
    """Answers commands by their class, else as any healthy toy exchange."""

    def __init__(self, *positions: Position, **answers: object) -> None:
        super().__init__()
        self.answers_of: dict[str, object] = {
            "FetchInstruments": (RULES,),
            "FetchPositions": positions,
            **answers,
        }
        self.script = self._answer

    def _answer(self, command: Any) -> Any:
        if isinstance(command, commands.ClosePosition):
            return tuple(_filled(order.client_order_id) for order in command.orders)
        name = type(command).__name__
        if name not in self.answers_of:
            return default_answer(command)
        answer = self.answers_of[name]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def asked(self, kind: type) -> list[Any]:
        """The commands of a kind that came."""
        return [command for command in self.commands if isinstance(command, kind)]


def _filled(client_order_id: str) -> OrderReport:
    return report(OrderStatus.FILLED, client_order_id, filled="1", source=ReportSource.REPLY)


def held(quantity: str, instrument: str = "A-USD") -> Position:
    """A position; below zero it is short."""
    return Position(NAME, instrument, Decimal(quantity), Decimal(10), Decimal(0))


@asynccontextmanager
async def handle(host: ToyHost, **profile: Any) -> AsyncIterator[ExchangeHandle]:
    """A handle to the invented exchange, once its tree is up."""
    profile.setdefault("orders", ORDERS)
    profile.setdefault("parts", NO_STREAM)
    numbers = iter(range(1000))
    async with toy_tree(host, **profile) as (tree, _, _):
        await anyio.sleep(1)
        yield ExchangeHandle(
            name=NAME,
            tree=tree,
            fatal=lambda: None,
            new_id=lambda: f"id-{next(numbers)}",
            feed_capacity=16,
            account_capacity=16,
        )


# ---------------------------------------------------------------- what there is not

CALLS: dict[str, Callable[[ExchangeHandle], Coroutine[Any, Any, object]]] = {
    "close_position": lambda e: e.close_position("A-USD"),
    "margin_trades": lambda e: e.margin_trades(),
    "margin_trade": lambda e: e.margin_trade("1"),
    "close_trade": lambda e: e.close_trade("1"),
    "change_exits": lambda e: e.change_exits("1", ExitChanges(stop_loss=None)),
    "write_on_order": lambda e: e.write_on_order("1", ClientExtensions(tag="t")),
    "write_on_trade": lambda e: e.write_on_trade("1", ClientExtensions(tag="t")),
    "account_summary": lambda e: e.account_summary(),
    "account_changes": lambda e: e.account_changes("1"),
    "configure_account": lambda e: e.configure_account(alias="a"),
    "conversions": lambda e: e.conversions("A-USD"),
    "sentiment": lambda e: e.sentiment("A-USD", SentimentKind.ORDERS),
}


@pytest.mark.parametrize("operation", CALLS)
async def test_what_an_exchange_has_not_is_refused_before_anything_is_asked(operation: str) -> None:
    """Spot exchanges have neither margin trades nor an account that bears them."""
    host = Host()
    async with handle(host) as exchange:
        before = len(host.requests)
        with pytest.raises(NotSupported) as caught:
            await CALLS[operation](exchange)

        assert len(host.requests) == before
    assert (caught.value.exchange, caught.value.operation) == (NAME, operation)


def test_every_call_of_the_margin_part_is_tried_above() -> None:
    """But that for positions, which exchanges without margin may have: their codec says so."""
    public = {
        name
        for name, value in vars(MarginTrading).items()
        if iscoroutinefunction(value) and not name.startswith("_")
    }

    assert public - {"positions"} == set(CALLS)


ON_MARGIN_ORDER = limit_order("A-USD", Side.BUY, quantity=1, price=10, margin=MarginTerms(tag="t"))
PLAIN = limit_order("A-USD", Side.BUY, quantity=1, price=10)
WITH_TERMS: dict[str, Callable[[ExchangeHandle], Coroutine[Any, Any, object]]] = {
    "place": lambda e: e.place(ON_MARGIN_ORDER),
    "place_oco": lambda e: e.place_oco(OcoRequest(PLAIN, ON_MARGIN_ORDER)),
    "replace": lambda e: e.replace("1", ON_MARGIN_ORDER),
    "edit": lambda e: e.edit("1", ON_MARGIN_ORDER),
    "preview": lambda e: e.preview(ON_MARGIN_ORDER),
}


@pytest.mark.parametrize("operation", WITH_TERMS)
async def test_margin_terms_are_refused_where_there_is_no_margin(operation: str) -> None:
    """Before the instrument is even asked for, and never left out in silence."""
    host = Host()
    spot = frozenset({Ability.EDIT, Ability.OCO, Ability.REPLACE, Ability.PREVIEW})
    async with handle(host, abilities=spot) as exchange:
        before = len(host.requests)
        with pytest.raises(NotSupported, match="margin terms") as caught:
            await WITH_TERMS[operation](exchange)

        assert len(host.requests) == before
    assert caught.value.operation == operation


async def test_a_preview_is_refused_where_there_is_none_before_anything_is_asked() -> None:
    """Not even for the instrument's rules."""
    host = Host()
    async with handle(host) as exchange:
        before = len(host.requests)
        with pytest.raises(NotSupported, match="previews") as caught:
            await exchange.preview(PLAIN)

        assert len(host.requests) == before
    assert caught.value.operation == "preview"


async def test_margin_terms_are_checked_before_an_order_is_sent() -> None:
    """The error names the exit."""
    host = Host()
    exits = Exits(take_profit=Exit(price=Decimal("9.00")))
    order = limit_order("A-USD", Side.BUY, quantity=1, price=10, margin=MarginTerms(exits=exits))
    async with handle(host, abilities=ON_MARGIN) as exchange:
        with pytest.raises(OrderInvalid, match="take profit"):
            await exchange.place(order)

    assert host.asked(commands.PlaceOrder) == []


# ---------------------------------------------------------------- closing a position

LONG, SHORT = held("30"), held("-20")


@pytest.mark.parametrize(
    ("positions", "sides", "expected"),
    [
        # All that is open, whichever way.
        ((LONG,), {}, [(Side.SELL, "30", True)]),
        ((SHORT,), {}, [(Side.BUY, "20", True)]),
        ((LONG, SHORT), {}, [(Side.SELL, "30", True), (Side.BUY, "20", True)]),
        ((SHORT, LONG), {}, [(Side.SELL, "30", True), (Side.BUY, "20", True)]),
        # One side, and the other left alone.
        ((LONG, SHORT), {"long": "all"}, [(Side.SELL, "30", True)]),
        ((LONG, SHORT), {"short": "all"}, [(Side.BUY, "20", True)]),
        # Parts.
        ((LONG,), {"long": "10"}, [(Side.SELL, "10", False)]),
        ((LONG,), {"long": 30}, [(Side.SELL, "30", False)]),
        (
            (LONG, SHORT),
            {"long": Decimal(5), "short": "all"},
            [(Side.SELL, "5", False), (Side.BUY, "20", True)],
        ),
        # What is held of another instrument is another matter.
        ((held("7", "B-USD"), LONG), {}, [(Side.SELL, "30", True)]),
    ],
)
async def test_a_position_is_closed_as_asked(
    positions: tuple[Position, ...], sides: dict[str, Any], expected: list[tuple[Side, str, bool]]
) -> None:
    """The long side first; each by an order at the market, with an id of its own."""
    host = Host(*positions)
    async with handle(host, abilities=ON_MARGIN) as exchange:
        closed = await exchange.close_position("A-USD", **sides)

    (sent,) = host.asked(commands.ClosePosition)
    assert sent.orders == tuple(
        evolve(
            market_order("A-USD", side, quantity=quantity, client_order_id=f"id-{number}"),
            time_in_force=TimeInForce.FILL_OR_KILL,
            margin=MarginTerms(closing=Closing(is_whole=is_whole)),
        )
        for number, (side, quantity, is_whole) in enumerate(expected)
    )
    assert [order.client_order_id for order in closed] == [o.client_order_id for o in sent.orders]
    assert {order.status for order in closed} == {OrderStatus.FILLED}


@pytest.mark.parametrize(
    ("positions", "sides"),
    [
        ((), {}),
        ((held("7", "B-USD"),), {}),
        ((LONG,), {"short": "all"}),
        ((LONG,), {"short": 1}),
        ((SHORT,), {"long": "all"}),
        ((LONG,), {"long": "all", "short": "all"}),
    ],
)
async def test_a_side_that_is_flat_closes_nothing(
    positions: tuple[Position, ...], sides: dict[str, Any]
) -> None:
    """Not even the other one: who names it believes that it is open."""
    host = Host(*positions)
    async with handle(host, abilities=ON_MARGIN) as exchange:
        with pytest.raises(PositionNotFound, match="A-USD"):
            await exchange.close_position("A-USD", **sides)

    assert host.asked(commands.ClosePosition) == []


@pytest.mark.parametrize(
    ("sides", "rule", "bound"),
    [
        ({"long": "31"}, "quantity", "30"),
        ({"long": "all", "short": 21}, "quantity", "20"),
        ({"long": "0.5"}, "units", "1"),
        ({"long": 0}, "quantity", "0"),
    ],
)
async def test_what_cannot_be_closed_is_refused_before_anything_is_sent(
    sides: dict[str, Any], rule: str, bound: str
) -> None:
    """More than is held would open the other direction."""
    host = Host(LONG, SHORT)
    async with handle(host, abilities=ON_MARGIN) as exchange:
        with pytest.raises(OrderInvalid) as caught:
            await exchange.close_position("A-USD", **sides)

    assert (caught.value.rule, caught.value.bound) == (rule, bound)
    assert host.asked(commands.ClosePosition) == []


# ---------------------------------------------------------------- trades and their exits

TRADE = evolve(MARGIN_TRADE, exchange=NAME, instrument="A-USD", exits=())


@pytest.mark.parametrize(
    ("quantity", "sent", "is_whole"), [(None, Decimal(60), True), ("40", Decimal(40), False)]
)
async def test_a_trade_is_closed_by_an_order_of_the_other_side(
    quantity: str | None,
    sent: Decimal,
    is_whole: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """By its number; all that is left of it, or a part."""
    host = Host(FetchMarginTrade=TRADE, PlaceOrder=_filled("id-0"))
    async with handle(host, abilities=ON_MARGIN) as exchange:
        order = await exchange.close_trade("@mine", quantity)

    (placed,) = host.asked(commands.PlaceOrder)
    assert order.status is OrderStatus.FILLED
    assert (placed.order.side, placed.order.quantity) == (Side.SELL, sent)
    assert placed.order.margin == MarginTerms(closing=Closing("6397", is_whole=is_whole))


async def test_a_trade_that_is_closed_already_is_not_closed_again() -> None:
    """As one that there is not."""
    host = Host(FetchMarginTrade=evolve(TRADE, state=MarginTradeState.CLOSED))
    async with handle(host, abilities=ON_MARGIN) as exchange:
        with pytest.raises(MarginTradeNotFound, match="closed already"):
            await exchange.close_trade("6397")

    assert host.asked(commands.PlaceOrder) == []


async def test_exits_are_checked_against_the_trades_instrument() -> None:
    """By its exchange's number, though it was named by ours."""
    changes = ExitChanges(stop_loss=Exit(price=Decimal("9.50")), take_profit=None)
    host = Host(FetchMarginTrade=TRADE, ChangeExits=TRADE)
    async with handle(host, abilities=ON_MARGIN) as exchange:
        with pytest.raises(OrderInvalid, match="stop_loss"):
            await exchange.change_exits("@m", ExitChanges(stop_loss=Exit(price=Decimal("9.505"))))
        assert host.asked(commands.ChangeExits) == []
        assert await exchange.change_exits("@m", changes) == TRADE

    (asked,) = host.asked(commands.ChangeExits)
    assert (asked.trade_id, asked.changes) == ("6397", changes)


async def test_an_order_keeps_the_id_that_the_engine_knows_it_by() -> None:
    """Its tag and comment may change."""
    host = Host()
    key = OrderKey("A-USD", client_order_id="c1")
    async with handle(host, abilities=ON_MARGIN) as exchange:
        with pytest.raises(OrderInvalid, match="client order id"):
            await exchange.write_on_order(key, ClientExtensions(id="other"))
        assert host.asked(commands.WriteOrderExtensions) == []
        await exchange.write_on_order(key, ClientExtensions(id="c1", tag="t"))

    (written,) = host.asked(commands.WriteOrderExtensions)
    assert written == commands.WriteOrderExtensions(key, ClientExtensions(id="c1", tag="t"), None)


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("write_on_trade", "WriteTradeExtensions"),
        ("configure_account", "ConfigureAccount"),
    ],
)
async def test_a_change_whose_carrier_crashes_may_have_been_made(
    operation: str, asked: str
) -> None:
    """It is no question that may be asked again without a thought."""
    host = Host(**{asked: ZeroDivisionError("a bug of the worker's")})
    async with handle(host, abilities=ON_MARGIN) as exchange:
        with pytest.raises(OutcomeUnknown):
            await CALLS[operation](exchange)


# ---------------------------------------------------------------- instruments that must be known


async def test_an_unknown_instrument_is_refused_where_a_stream_would_fail_for_it() -> None:
    """With all that it carries."""
    host = Host()
    async with handle(host, must_know_instruments=True) as exchange:
        with pytest.raises(InstrumentNotFound, match="NO-USD"):
            async with exchange.subscribe(["A-USD", "NO-USD"], Topic.BOOK):
                raise AssertionError("subscribed")
        await anyio.sleep(1)

    assert host.streams == []


async def test_a_known_instrument_is_asked_for_once() -> None:
    """Then it is known."""
    host = Host()
    async with handle(host, must_know_instruments=True) as exchange:
        for _ in range(2):
            async with exchange.subscribe("A-USD", Topic.BOOK):
                await anyio.sleep(1)

    assert host.asked(commands.FetchInstruments) == [commands.FetchInstruments(("A-USD",))]
    assert host.streams


@pytest.mark.parametrize(
    "error",
    [
        TransportError("down"),
        ReplyLost("lost"),
        RateLimited("later"),
        ExchangeUnavailable("maintenance"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_an_exchange_that_cannot_be_asked_hinders_no_subscription(error: EngineError) -> None:
    """The stream will tell."""
    host = Host(FetchInstruments=error)
    async with handle(host, must_know_instruments=True) as exchange:
        async with exchange.subscribe("A-USD", Topic.BOOK):
            await anyio.sleep(1)

    assert host.streams


async def test_other_errors_of_the_question_are_the_subscribers() -> None:
    """A refused key is not in doubt."""
    host = Host(FetchInstruments=AuthRefused("revoked"))
    parts = NO_STREAM & ~Part.UPKEEP
    async with handle(host, must_know_instruments=True, parts=parts) as exchange:
        with pytest.raises(AuthRefused):
            async with exchange.subscribe("A-USD", Topic.BOOK):
                raise AssertionError("subscribed")


async def test_elsewhere_nothing_is_asked_before_subscribing() -> None:
    """The stream says what there is not."""
    host = Host()
    async with handle(host) as exchange:
        async with exchange.subscribe("NO-USD", Topic.BOOK):
            await anyio.sleep(1)

    assert host.asked(commands.FetchInstruments) == []


async def test_a_handle_says_what_its_exchange_has() -> None:
    """For programs that serve several."""
    async with handle(Host(), abilities=ON_MARGIN, topics=frozenset({Topic.QUOTES})) as exchange:
        assert exchange.abilities == ON_MARGIN
        assert exchange.topics == {Topic.QUOTES}


# ---------------------------------------------------------------- the engine


def test_an_exchange_that_answers_nobody_without_a_key_is_not_started_without() -> None:
    """Told when the engine is made, not by a stream of refusals later."""
    exchange = toy_exchange(Host(), needs_credentials=True)

    with pytest.raises(ConfigurationError, match="without credentials") as caught:
        Engine(ExchangeConfig(exchange, name="mine"))
    assert caught.value.exchange == "mine"
    Engine(ExchangeConfig(exchange, credentials="any"))
    Engine(ExchangeConfig(toy_exchange(Host())))


class Refusing(MemoryNetwork):
    """A network that notes when each connection was asked for, and opens none."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    async def connect(
        self, host: str, port: int, *, tls: TlsMode, server_hostname: str | None = None
    ) -> ByteStream:
        """Note it."""
        self.times.append(anyio.current_time())
        self.refusals.append(OSError("refused"))
        return await super().connect(host, port, tls=tls, server_hostname=server_hostname)


async def test_questions_and_streams_of_an_exchange_share_one_pace() -> None:
    """Where there is a limit to how many connections may be opened; elsewhere there is none."""
    window = LimitWindow("connections", 1, 5 * SECOND, WindowKind.SLIDING)
    times: dict[bool, list[float]] = {}
    for is_paced in (True, False):
        network = Refusing()
        exchange = toy_exchange(Host(), connections=window if is_paced else None)
        config = ExchangeConfig(exchange, credentials="any")
        clock = LoopClock(0, origin=anyio.current_time() - 1000)
        async with Engine(config, clock=clock, network=network) as engine:
            async with engine[NAME].subscribe("A-USD", Topic.BOOK):
                await anyio.sleep(30)
        times[is_paced] = network.times

    gaps = [[late - early for early, late in pairwise(each)] for each in times.values()]
    assert len(times[True]) > 3
    assert min(gaps[0]) > 5
    assert min(gaps[1]) < 5
