"""Orders are checked against their instrument's rules; nothing is rounded."""

from decimal import Decimal
from functools import partial

import attrs
import pytest

from tests.support.order_checks import BTC, LIMIT, MARKET, STOP, changed, refusal_of
from venuetree.protocol.builders import (
    bracket,
    bracket_order,
    limit_order,
    market_if_touched_order,
    market_order,
    stop_order,
)
from venuetree.protocol.checks import check_order
from venuetree.protocol.errors import OrderInvalid
from venuetree.protocol.models import (
    AllowedOrders,
    Bracket,
    InstrumentStatus,
    LiquidityPreference,
    Notional,
    OrderRequest,
    OrderTimes,
    OrderType,
    PriceBand,
    Side,
    StopDirection,
    TimeInForce,
)

D = Decimal
QUOTE = market_order("BTC-USD", Side.BUY, quote_quantity="250.00")
AT_STOP = stop_order("BTC-USD", Side.BUY, quantity="0.5", stop_price="31000")
TOUCHED = market_if_touched_order("BTC-USD", Side.BUY, quantity="0.5", stop_price="29000")
EXIT = bracket_order(
    "BTC-USD", Side.SELL, quantity="0.5", take_profit_price="40000", stop_price="20000"
)


@pytest.mark.parametrize(
    "order",
    [
        LIMIT,
        MARKET,
        QUOTE,
        STOP,
        AT_STOP,
        TOUCHED,
        EXIT,
        changed(LIMIT, price=D("30000.0100")),
        changed(LIMIT, quantity=D("0.001")),
        changed(LIMIT, attached=bracket(take_profit_price="40000", stop_price="20000")),
        changed(LIMIT, time_in_force=TimeInForce.GOOD_TILL_DATE, expire_time_ns=1),
    ],
)
def test_an_order_that_keeps_the_rules_passes(order: OrderRequest) -> None:
    """Bounds themselves are allowed, and trailing zeros are no precision."""
    check_order(order, BTC)


REFUSED = [
    (changed(LIMIT, price=D("30000.001")), "tick", "30000.001", "0.01"),
    (changed(LIMIT, price=D("0.99")), "tick", "0.99", "1"),
    (changed(LIMIT, price=D("100000.01")), "tick", "100000.01", "100000"),
    (changed(LIMIT, quantity=D("0.0015")), "lot", "0.0015", "0.001"),
    (changed(LIMIT, quantity=D("0.0001")), "lot", "0.0001", "0.001"),
    (changed(LIMIT, quantity=D(11)), "lot", "11", "10"),
    (changed(LIMIT, quantity=D(9)), "notional", "270000.00", "200000"),
    (changed(LIMIT, quantity=D("0.001"), price=D(9)), "notional", "0.009", "10"),
    (changed(MARKET, quantity=D(6)), "market lot", "6", "5"),
    (changed(QUOTE, quote_quantity=D("250.001")), "quote lot", "250.001", "0.01"),
    (changed(QUOTE, quote_quantity=D(5)), "notional", "5", "10"),
    (changed(STOP, stop_price=D("29100.005")), "stop tick", "29100.005", "0.01"),
    (changed(LIMIT, attached=Bracket(stop_price=D("1.001"))), "stop tick", "1.001", "0.01"),
    (changed(LIMIT, attached=Bracket(D("1.001"))), "tick", "1.001", "0.01"),
    (changed(LIMIT, instrument="ETH-USD"), "instrument", "ETH-USD", ""),
    (changed(LIMIT, quantity=None), "quantity", "", ""),
    (changed(LIMIT, quote_quantity=D(5)), "quantity", "", ""),
    (changed(LIMIT, price=None), "price", "", ""),
    (changed(MARKET, price=D(5)), "price", "5", ""),
    (changed(STOP, stop_price=None), "stop_price", "", ""),
    (changed(LIMIT, stop_price=D(5)), "stop_price", "5", ""),
    (changed(STOP, stop_direction=None), "stop_direction", "", ""),
    (changed(LIMIT, stop_direction=StopDirection.UP), "stop_direction", "", ""),
    (changed(LIMIT, time_in_force=TimeInForce.GOOD_TILL_DATE), "expire_time", "", ""),
    (changed(LIMIT, expire_time_ns=5), "expire_time", "", ""),
    (changed(LIMIT, quantity=D(0)), "quantity", "0", "0"),
    (changed(LIMIT, price=D(-5)), "price", "-5", "0"),
    (changed(LIMIT, quantity=D("NaN")), "quantity", "NaN", "0"),
    (changed(LIMIT, type=OrderType.OTHER), "type", "other", ""),
    (changed(AT_STOP, stop_price=None), "stop_price", "", ""),
    (changed(AT_STOP, price=D(5)), "price", "5", ""),
    (changed(AT_STOP, stop_price=D("31000.005")), "stop tick", "31000.005", "0.01"),
    (changed(TOUCHED, stop_price=None), "stop_price", "", ""),
    (changed(TOUCHED, price=D(5)), "price", "5", ""),
    # Exits are made with an order or set on a trade.
    (changed(LIMIT, type=OrderType.TAKE_PROFIT), "type", "take_profit", ""),
    (changed(LIMIT, type=OrderType.STOP_LOSS), "type", "stop_loss", ""),
    (changed(LIMIT, type=OrderType.TRAILING_STOP), "type", "trailing_stop", ""),
    (changed(LIMIT, type=OrderType.GUARANTEED_STOP), "type", "guaranteed_stop", ""),
]


@pytest.mark.parametrize(("order", "rule", "value", "bound"), REFUSED)
def test_an_order_that_breaks_a_rule_is_refused_by_its_name(
    order: OrderRequest, rule: str, value: str, bound: str
) -> None:
    """The error names rule, value and bound."""
    with pytest.raises(OrderInvalid) as caught:
        check_order(order, BTC)

    error = caught.value
    assert (error.rule, error.value, error.bound) == (rule, value, bound)


MAKER = changed(LIMIT, liquidity=LiquidityPreference.MAKER_ONLY)


@pytest.mark.parametrize(
    ("status", "order", "is_taken"),
    [
        (InstrumentStatus.HALTED, LIMIT, False),
        (InstrumentStatus.CANCEL_ONLY, MAKER, False),
        (InstrumentStatus.LIMIT_ONLY, LIMIT, True),
        (InstrumentStatus.LIMIT_ONLY, MARKET, False),
        (InstrumentStatus.POST_ONLY, MAKER, True),
        (InstrumentStatus.POST_ONLY, LIMIT, False),
        (InstrumentStatus.TRADING, MARKET, True),
    ],
)
def test_what_an_instrument_does_not_take_now_is_refused(
    status: InstrumentStatus,
    order: OrderRequest,
    is_taken: bool,  # noqa: FBT001
) -> None:
    """Each status takes what it says."""
    instrument = attrs.evolve(BTC, status=status)
    if is_taken:
        check_order(order, instrument)
    else:
        with pytest.raises(OrderInvalid, match="does not take") as caught:
            check_order(order, instrument)
        assert (caught.value.rule, caught.value.bound) == ("status", status.value)


BAND = PriceBand(
    "PERCENT_PRICE_BY_SIDE",
    average_minutes=5,
    buy_minimum=D("0.2"),
    buy_maximum=D(5),
    sell_minimum=D("0.5"),
    sell_maximum=D(0),
)


@pytest.mark.parametrize(
    ("side", "price", "bound"),
    [
        (Side.BUY, "199.99", "200.0"),
        (Side.BUY, "200", None),
        (Side.BUY, "5000", None),
        (Side.BUY, "5000.01", "5000"),
        (Side.SELL, "499.99", "500.0"),
        (Side.SELL, "500", None),
        (Side.SELL, "99999", None),
    ],
)
def test_a_price_far_from_the_reference_is_refused_by_the_factors_of_its_side(
    side: Side, price: str, bound: str | None
) -> None:
    """Both bounds are allowed themselves; zero switches one off; unknown references refuse none."""
    instrument = attrs.evolve(BTC, rules=(BAND,))
    order = limit_order("BTC-USD", side, quantity="1", price=price)

    check_order(order, instrument)
    if bound is None:
        check_order(order, instrument, reference_price=D(1000))
        return
    with pytest.raises(OrderInvalid) as caught:
        check_order(order, instrument, reference_price=D(1000))
    assert (caught.value.rule, caught.value.value) == ("PERCENT_PRICE_BY_SIDE", price)
    assert D(caught.value.bound) == D(bound)


@pytest.mark.parametrize(
    ("quantity", "rule", "reference", "is_refused"),
    [
        ("0.009", Notional("N", minimum=D(10)), "1000", True),
        ("0.01", Notional("N", minimum=D(10)), "1000", False),
        ("0.009", Notional("N", minimum=D(10)), None, False),
        ("0.009", Notional("N", minimum=D(10), minimum_for_market=False), "1000", False),
        ("1.001", Notional("N", maximum=D(1000)), "1000", True),
        ("1.001", Notional("N", maximum=D(1000), maximum_for_market=False), "1000", False),
    ],
)
def test_a_market_order_is_worth_what_the_reference_says(
    quantity: str,
    rule: Notional,
    reference: str | None,
    is_refused: bool,  # noqa: FBT001 - a table's column
) -> None:
    """Where a bound holds for market orders at all."""
    instrument = attrs.evolve(BTC, rules=(rule,))
    order = market_order("BTC-USD", Side.BUY, quantity=quantity)
    price = None if reference is None else D(reference)

    if not is_refused:
        check_order(order, instrument, reference_price=price)
        return
    with pytest.raises(OrderInvalid) as caught:
        check_order(order, instrument, reference_price=price)
    assert caught.value.rule == "N"


def test_an_instrument_takes_the_orders_that_it_names() -> None:
    """By type, by how they are sized, and whether they may take."""
    every = AllowedOrders("orderTypes", (OrderType.LIMIT, OrderType.MARKET))
    allowing = attrs.evolve(BTC, rules=(every,))
    spend = market_order("BTC-USD", Side.BUY, quote_quantity="10")
    rest = attrs.evolve(LIMIT, liquidity=LiquidityPreference.MAKER_ONLY)

    for order in (LIMIT, spend, rest):
        check_order(order, allowing)
    assert refusal_of(lambda: check_order(STOP, allowing)) == (
        "orderTypes",
        "stop_limit",
        "limit, market",
    )
    for order, rule in (
        (spend, attrs.evolve(every, by_quote=False)),
        (rest, attrs.evolve(every, maker_only=False)),
    ):
        strict = attrs.evolve(BTC, rules=(rule,))
        assert refusal_of(partial(check_order, order, strict))[0] == "orderTypes"
        check_order(LIMIT, strict)
    by_base = attrs.evolve(BTC, rules=(attrs.evolve(every, by_quote=False),))
    check_order(market_order("BTC-USD", Side.BUY, quantity="1"), by_base)


ONLY_AT_ONCE = OrderTimes(
    "timeInForce",
    (OrderType.MARKET, OrderType.STOP),
    (TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL),
)


def test_an_instrument_says_how_long_an_order_of_a_type_may_wait() -> None:
    """Orders of other types are not meant by the rule; the error names rule and times."""
    instrument = attrs.evolve(BTC, rules=(ONLY_AT_ONCE,))
    check_order(MARKET, instrument)
    check_order(changed(MARKET, time_in_force=TimeInForce.FILL_OR_KILL), instrument)
    check_order(LIMIT, instrument)
    check_order(TOUCHED, instrument)
    for order in (changed(MARKET, time_in_force=TimeInForce.GOOD_FOR_DAY), AT_STOP):
        with pytest.raises(OrderInvalid) as caught:
            check_order(order, instrument)
        assert (caught.value.rule, caught.value.value, caught.value.bound) == (
            "timeInForce",
            order.time_in_force.value,
            "immediate_or_cancel, fill_or_kill",
        )
