"""Pairs and replacements are checked before they are sent; nothing is rounded."""

from decimal import Decimal

import attrs
import pytest

from tests.support.order_checks import BTC, LIMIT, SELL_PAIR, refusal_of
from venuetree.protocol.builders import oco
from venuetree.protocol.checks import check_oco, check_order, check_replacing
from venuetree.protocol.models import (
    AllowedOrders,
    LiquidityPreference,
    OcoRequest,
    OrderType,
    Quantum,
    QuantumField,
    Side,
    StopDirection,
)

D = Decimal
BUY_PAIR = oco(
    "BTC-USD", Side.BUY, quantity="1", price="90", stop_price="110", stop_limit_price="111"
)


@pytest.mark.parametrize("pair", [SELL_PAIR, BUY_PAIR])
def test_a_pair_lies_on_both_sides_of_the_market(pair: OcoRequest) -> None:
    """As the builder makes it."""
    check_oco(pair, BTC)


@pytest.mark.parametrize(
    "pair",
    [
        attrs.evolve(SELL_PAIR, limit=attrs.evolve(SELL_PAIR.limit, price=D(90))),
        attrs.evolve(SELL_PAIR, limit=attrs.evolve(SELL_PAIR.limit, price=D(80))),
        attrs.evolve(BUY_PAIR, limit=attrs.evolve(BUY_PAIR.limit, price=D(110))),
        attrs.evolve(BUY_PAIR, limit=attrs.evolve(BUY_PAIR.limit, price=D(120))),
        attrs.evolve(
            SELL_PAIR, limit=attrs.evolve(SELL_PAIR.limit, liquidity=LiquidityPreference.ANY)
        ),
        attrs.evolve(SELL_PAIR, limit=SELL_PAIR.stop),
        attrs.evolve(SELL_PAIR, stop=SELL_PAIR.limit),
        attrs.evolve(SELL_PAIR, stop=attrs.evolve(BUY_PAIR.stop, stop_price=D(90))),
        attrs.evolve(SELL_PAIR, stop=attrs.evolve(SELL_PAIR.stop, quantity=D(2))),
        attrs.evolve(SELL_PAIR, stop=attrs.evolve(SELL_PAIR.stop, stop_direction=StopDirection.UP)),
        attrs.evolve(BUY_PAIR, stop=attrs.evolve(BUY_PAIR.stop, stop_direction=StopDirection.DOWN)),
        attrs.evolve(
            SELL_PAIR,
            limit=attrs.evolve(SELL_PAIR.limit, client_order_id="c"),
            stop=attrs.evolve(SELL_PAIR.stop, client_order_id="c"),
        ),
        attrs.evolve(
            SELL_PAIR,
            limit=attrs.evolve(SELL_PAIR.limit, quantity=None, quote_quantity=D(100)),
            stop=attrs.evolve(SELL_PAIR.stop, quantity=None, quote_quantity=D(100)),
        ),
    ],
)
def test_two_orders_that_are_no_pair_are_refused(pair: OcoRequest) -> None:
    """Each of them would do by itself."""
    for order in pair.orders:
        check_order(order, BTC)
    assert refusal_of(lambda: check_oco(pair, BTC))[0] == "oco"


@pytest.mark.parametrize("which", ["limit", "stop"])
def test_each_order_of_a_pair_keeps_the_rules_of_a_single_one(which: str) -> None:
    """The first that is broken is told."""
    tick = Quantum(QuantumField.PRICE, "PRICE_FILTER", step=D(1))
    instrument = attrs.evolve(BTC, rules=(tick,))
    check_oco(SELL_PAIR, instrument)
    order = getattr(SELL_PAIR, which)
    pair = attrs.evolve(SELL_PAIR, **{which: attrs.evolve(order, price=order.price + D("0.5"))})

    assert refusal_of(lambda: check_oco(pair, instrument))[0] == "PRICE_FILTER"


def test_an_instrument_says_whether_it_takes_pairs_and_replacements() -> None:
    """Either by itself."""
    types = (OrderType.LIMIT, OrderType.STOP_LIMIT)
    no_pairs = attrs.evolve(BTC, rules=(AllowedOrders("orderTypes", types, oco=False),))
    no_other = attrs.evolve(BTC, rules=(AllowedOrders("orderTypes", types, replace=False),))

    check_oco(SELL_PAIR, no_other)
    check_replacing(LIMIT, no_pairs)
    assert refusal_of(lambda: check_oco(SELL_PAIR, no_pairs))[0] == "orderTypes"
    assert refusal_of(lambda: check_replacing(LIMIT, no_other))[0] == "orderTypes"
    bad = attrs.evolve(LIMIT, price=D(-1))
    assert refusal_of(lambda: check_replacing(bad, no_pairs))[0] == "price"
