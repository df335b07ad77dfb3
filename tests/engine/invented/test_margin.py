"""Margin trading by a handle: positions and trades are closed, exits and orders changed."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from tests.support.samples import MARGIN_TRADE
from tests.support.toy_handle import CALLS, ON_MARGIN, Host, filled, handle
from tests.support.toy_samples import NAME
from venuetree.protocol import commands
from venuetree.protocol.builders import limit_order, market_order
from venuetree.protocol.errors import (
    MarginTradeNotFound,
    OrderInvalid,
    OutcomeUnknown,
    PositionNotFound,
)
from venuetree.protocol.models import (
    ClientExtensions,
    Closing,
    Exit,
    ExitChanges,
    Exits,
    MarginTerms,
    MarginTradeState,
    OrderKey,
    OrderStatus,
    Position,
    Side,
    TimeInForce,
)

pytestmark = pytest.mark.anyio


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


def held(quantity: str, instrument: str = "A-USD") -> Position:
    """A position; below zero it is short."""
    return Position(NAME, instrument, Decimal(quantity), Decimal(10), Decimal(0))


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
    host = Host(FetchMarginTrade=TRADE, PlaceOrder=filled("id-0"))
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
