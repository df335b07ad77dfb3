"""Orders that wait for a price: each kind rests as what it is, and can be cancelled."""

from collections.abc import Awaitable, Callable

from tests.conformance.case import NOT_SUPPORTED, YES, Heading, case
from tests.conformance.stage import Desk, Stage
from venuetree import (
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    StopDirection,
    bracket_order,
    market_if_touched_order,
    oco,
    stop_limit_order,
    stop_order,
)


def stop_limit(desk: Desk) -> OrderRequest:
    """Above the market."""
    return stop_limit_order(
        desk.instrument,
        Side.BUY,
        quantity=desk.small,
        price=desk.near("1.06"),
        stop_price=desk.near("1.05"),
        stop_direction=StopDirection.UP,
        client_order_id="a1",
    )


def stop(desk: Desk) -> OrderRequest:
    """Above the market."""
    return stop_order(
        desk.instrument,
        Side.BUY,
        quantity=desk.small,
        stop_price=desk.near("1.05"),
        client_order_id="a1",
    )


def market_if_touched(desk: Desk) -> OrderRequest:
    """Below the market."""
    return market_if_touched_order(
        desk.instrument,
        Side.BUY,
        quantity=desk.small,
        stop_price=desk.near("0.95"),
        client_order_id="a1",
    )


def bracket(desk: Desk) -> OrderRequest:
    """Around the market."""
    return bracket_order(
        desk.instrument,
        Side.SELL,
        quantity=desk.small,
        take_profit_price=desk.near("1.05"),
        stop_price=desk.near("0.95"),
        client_order_id="a1",
    )


def waits(
    kind: OrderType, request: Callable[[Desk], OrderRequest]
) -> Callable[[Stage], Awaitable[str]]:
    """A case of one kind of order: it rests, as that kind, and can be cancelled."""

    async def script(stage: Stage) -> str:
        async with stage.trading() as desk:
            order = await desk.place_if_supported(request(desk))
            if order is None:
                return NOT_SUPPORTED
            desk.is_status(order, OrderStatus.OPEN)
            read = await desk.exchange.order("a1")
            desk.expect(order.type is kind and read.type is kind, f"{order.type}, read {read.type}")
            cancelled = await desk.exchange.cancel("a1")
            desk.is_status(cancelled, OrderStatus.CANCELLED)
        return YES

    script.__name__ = request.__name__
    return script


for _what, _kind, _request, _advice in (
    ("A stop-limit order", OrderType.STOP_LIMIT, stop_limit, ""),
    ("A stop order", OrderType.STOP, stop, "A stop-limit order whose limit leaves room."),
    (
        "A market-if-touched order",
        OrderType.MARKET_IF_TOUCHED,
        market_if_touched,
        "A limit order at that price.",
    ),
):
    case(
        Heading.LATER,
        f"{_what} waits for its price and can be cancelled.",
        outcomes=(YES, NOT_SUPPORTED),
        advice=_advice,
    )(waits(_kind, _request))

case(
    Heading.LATER,
    "A bracket order waits for either price and can be cancelled.",
    outcomes=(YES, NOT_SUPPORTED),
)(waits(OrderType.BRACKET, bracket))


@case(
    Heading.LATER,
    "Two orders of which one cancels the other: cancelling one ends both.",
    outcomes=(YES, NOT_SUPPORTED),
)
async def one_cancels_the_other(stage: Stage) -> str:
    """A sell above the market, a stop below it."""
    async with stage.trading() as desk:
        pair = oco(
            desk.instrument,
            Side.SELL,
            quantity=desk.small,
            price=desk.near("1.05"),
            stop_price=desk.near("0.95"),
            stop_limit_price=desk.near("0.94"),
            client_order_ids=("a1", "a2"),
        )
        placed = await stage.if_supported(lambda: desk.exchange.place_oco(pair))
        if placed is None:
            return NOT_SUPPORTED
        desk.expect(placed[0].list_id == placed[1].list_id != "", f"{placed}")
        await desk.exchange.cancel("a1")
        await desk.becomes("a2", OrderStatus.CANCELLED, OrderStatus.EXPIRED)
    return YES
