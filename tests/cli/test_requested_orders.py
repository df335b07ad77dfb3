"""The order that a command line describes."""

from decimal import Decimal

import pytest

from venuetree.cli.arguments import build_parser
from venuetree.cli.exits import UsageError
from venuetree.cli.trading import requested_order
from venuetree.protocol.models import Exit, Exits, MarginTerms, OrderRequest, OrderType, TimeInForce

PIP = Decimal("0.0001")


def requested(options: str, pip: Decimal | None = PIP) -> OrderRequest:
    """What `place` would send."""
    command = ["place", "coinbase", "EUR-USD", "buy", "100", *options.split()]
    return requested_order(build_parser().parse_args(command), pip)


@pytest.mark.parametrize(
    ("options", "kind", "price", "stop_price"),
    [
        ("", OrderType.MARKET, None, None),
        ("--price 1.08", OrderType.LIMIT, Decimal("1.08"), None),
        ("--stop-price 1.10", OrderType.STOP, None, Decimal("1.10")),
        ("--touch-price 1.07", OrderType.MARKET_IF_TOUCHED, None, Decimal("1.07")),
    ],
)
def test_which_price_is_given_says_what_order_it_is(
    options: str, kind: OrderType, price: Decimal | None, stop_price: Decimal | None
) -> None:
    """None makes a market order; and none of them says anything about margin."""
    order = requested(options)

    assert (order.type, order.price, order.stop_price) == (kind, price, stop_price)
    assert order.margin is None


def test_a_stop_order_takes_a_time_in_force() -> None:
    """As any that waits."""
    order = requested("--stop-price 1.10 --time-in-force gfd")

    assert order.time_in_force is TimeInForce.GOOD_FOR_DAY


@pytest.mark.parametrize(
    ("options", "exits"),
    [
        ("--take-profit 1.09", Exits(take_profit=Exit(price=Decimal("1.09")))),
        ("--stop-loss 1.07", Exits(stop_loss=Exit(price=Decimal("1.07")))),
        ("--stop-loss 25pips", Exits(stop_loss=Exit(distance=Decimal("0.0025")))),
        ("--stop-loss 1PIP", Exits(stop_loss=Exit(distance=Decimal("0.0001")))),
        ("--trailing-stop 0.005", Exits(trailing_stop=Exit(distance=Decimal("0.005")))),
        ("--trailing-stop 12.5pips", Exits(trailing_stop=Exit(distance=Decimal("0.00125")))),
    ],
)
def test_exits_are_prices_or_distances(options: str, exits: Exits) -> None:
    """A bare stop-loss is a price, a trailing stop always a distance; pips are multiplied out."""
    assert requested(options).margin == MarginTerms(exits=exits)


def test_several_exits_go_with_one_order() -> None:
    """Whatever its kind."""
    order = requested("--price 1.08 --take-profit 1.09 --trailing-stop 10pips")

    assert order.type is OrderType.LIMIT
    assert order.margin is not None
    assert order.margin.exits == Exits(
        take_profit=Exit(price=Decimal("1.09")), trailing_stop=Exit(distance=Decimal("0.0010"))
    )


@pytest.mark.parametrize("options", ["--stop-loss 25pips", "--trailing-stop 25pips"])
def test_pips_of_an_instrument_that_has_none_are_refused(options: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(UsageError, match="no pips"):
        requested(options, pip=None)
