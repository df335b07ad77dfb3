"""How many orders may be open, and how much may be held: what is counted, and what is refused."""

from decimal import Decimal
from functools import partial

import attrs
import pytest

from tests.support.order_checks import BTC, LIMIT, SELL_PAIR, STOP, refusal_of
from venuetree.protocol.account_checks import check_open_orders, check_position
from venuetree.protocol.builders import market_order
from venuetree.protocol.errors import OrderInvalid
from venuetree.protocol.models import (
    Counted,
    OpenOrderLimit,
    Order,
    OrderStatus,
    OrderType,
    PositionLimit,
    Side,
    TimeInForce,
)

D = Decimal


def standing(kind: OrderType, status: OrderStatus, instrument: str = "BTC-USD") -> Order:
    """An order of ours as it is."""
    return Order(
        "binance",
        instrument,
        "c",
        "x",
        Side.BUY,
        kind,
        status,
        TimeInForce.GOOD_TILL_CANCELLED,
    )


def test_one_order_too_many_is_refused_and_final_and_other_ones_do_not_count() -> None:
    """An order on its way counts: it may be open by the time this one arrives."""
    limits = (OpenOrderLimit("MAX_NUM_ORDERS", 2), OpenOrderLimit("ALGO", 1, Counted.STOP))
    instrument = attrs.evolve(BTC, rules=limits)
    one = standing(OrderType.LIMIT, OrderStatus.SENT)
    rest = [
        standing(OrderType.LIMIT, OrderStatus.FILLED),
        standing(OrderType.LIMIT, OrderStatus.OPEN, "ETH-USD"),
    ]

    check_open_orders((LIMIT,), instrument, lambda: [one, *rest])
    with pytest.raises(OrderInvalid) as caught:
        check_open_orders((LIMIT,), instrument, lambda: [one, one, *rest])
    assert (caught.value.rule, caught.value.value, caught.value.bound) == (
        "MAX_NUM_ORDERS",
        "3",
        "2",
    )


def test_orders_with_a_stop_price_are_counted_apart() -> None:
    """Their limit stops no plain order."""
    instrument = attrs.evolve(BTC, rules=(OpenOrderLimit("ALGO", 1, Counted.STOP),))
    waiting = standing(OrderType.STOP_LIMIT, OrderStatus.OPEN)
    plain = standing(OrderType.LIMIT, OrderStatus.OPEN)

    check_open_orders((STOP,), instrument, lambda: [plain, plain])
    check_open_orders((LIMIT,), instrument, lambda: [waiting, waiting])
    with pytest.raises(OrderInvalid, match="1 orders with a stop price"):
        check_open_orders((STOP,), instrument, lambda: [waiting, plain])


def test_without_such_a_rule_the_orders_are_not_even_listed() -> None:
    """It would be work for nothing at each order."""

    def never() -> list[Order]:
        raise AssertionError

    check_open_orders((LIMIT,), BTC, never)


def test_orders_of_the_whole_account_are_counted_where_a_rule_says_so() -> None:
    """Those of other instruments too."""
    other = standing(OrderType.STOP_LIMIT, OrderStatus.OPEN, "ETH-USD")
    for counted in (Counted.ALL, Counted.STOP):
        rule = OpenOrderLimit("EXCHANGE", 1, counted, is_account_wide=True)
        everywhere = attrs.evolve(BTC, rules=(rule,))
        here = attrs.evolve(BTC, rules=(attrs.evolve(rule, is_account_wide=False),))

        check_open_orders((STOP,), here, lambda: [other])
        refused = refusal_of(partial(check_open_orders, (STOP,), everywhere, lambda: [other]))
        assert refused == ("EXCHANGE", "2", "1")


def test_lists_are_counted_as_one_each() -> None:
    """A single order is no list; a pair is one, of two orders, one of which has a stop."""
    lists = attrs.evolve(BTC, rules=(OpenOrderLimit("LISTS", 2, Counted.LIST),))
    alone = standing(OrderType.LIMIT, OrderStatus.OPEN)
    legs = [attrs.evolve(alone, list_id=list_id) for list_id in ("1", "1", "2", "2")]

    check_open_orders(SELL_PAIR.orders, lists, lambda: [alone, *legs[:2]])
    check_open_orders((LIMIT,), lists, lambda: legs)
    refused = refusal_of(partial(check_open_orders, SELL_PAIR.orders, lists, lambda: legs))
    assert refused == ("LISTS", "3", "2")
    every = attrs.evolve(BTC, rules=(OpenOrderLimit("ALL", 3),))
    check_open_orders(SELL_PAIR.orders, every, lambda: [alone])
    refused = refusal_of(partial(check_open_orders, SELL_PAIR.orders, every, lambda: [alone] * 2))
    assert refused == ("ALL", "4", "3")
    stops = attrs.evolve(BTC, rules=(OpenOrderLimit("STOPS", 1, Counted.STOP),))
    check_open_orders(SELL_PAIR.orders, stops, lambda: [alone])


def test_a_position_is_what_is_held_on_order_and_bought() -> None:
    """Sells, and what is sized in quote currency, are not judged here."""
    limited = attrs.evolve(BTC, rules=(PositionLimit("MAX_POSITION", D(10)),))
    check = partial(check_position, instrument=limited, on_order=D(3))
    quantity = LIMIT.quantity
    assert quantity is not None

    check(LIMIT, held=D(7) - quantity)
    over = D(7) - quantity + D("0.00000001")
    refused = refusal_of(lambda: check(LIMIT, held=over))
    assert refused == ("MAX_POSITION", "10.00000001", "10")
    check(attrs.evolve(LIMIT, side=Side.SELL), held=D(99))
    check(market_order("BTC-USD", Side.BUY, quote_quantity="1"), held=D(99))
    check_position(LIMIT, BTC, held=D(99), on_order=D(99))
