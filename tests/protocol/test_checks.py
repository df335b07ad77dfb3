"""Orders are checked against their instrument's rules; nothing is rounded."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

import attrs
import pytest

from venuetree.protocol.account_checks import check_open_orders, check_position
from venuetree.protocol.builders import (
    bracket,
    bracket_order,
    limit_order,
    market_if_touched_order,
    market_order,
    oco,
    stop_limit_order,
    stop_order,
)
from venuetree.protocol.checks import check_oco, check_order, check_replacing
from venuetree.protocol.errors import OrderInvalid
from venuetree.protocol.models import (
    AllowedOrders,
    Bracket,
    Counted,
    Instrument,
    InstrumentStatus,
    LiquidityPreference,
    MarginTerms,
    Notional,
    OcoRequest,
    OpenOrderLimit,
    Order,
    OrderRequest,
    OrderStatus,
    OrderTimes,
    OrderType,
    PositionLimit,
    PriceBand,
    Quantum,
    QuantumField,
    Side,
    StopDirection,
    TimeInForce,
)

D = Decimal
BTC = Instrument(
    name="BTC-USD",
    base="BTC",
    quote="USD",
    exchange_symbol="BTC-USD",
    status=InstrumentStatus.TRADING,
    rules=(
        Quantum(QuantumField.PRICE, "tick", step=D("0.01"), minimum=D(1), maximum=D(100000)),
        Quantum(QuantumField.STOP_PRICE, "stop tick", step=D("0.01")),
        Quantum(QuantumField.QUANTITY, "lot", step=D("0.001"), minimum=D("0.001"), maximum=D(10)),
        Quantum(QuantumField.MARKET_QUANTITY, "market lot", maximum=D(5)),
        Quantum(QuantumField.QUOTE_QUANTITY, "quote lot", step=D("0.01"), minimum=D(1)),
        Notional("notional", minimum=D(10), maximum=D(200000)),
    ),
)
LIMIT = limit_order("BTC-USD", Side.BUY, quantity="0.5", price="30000.00")
MARKET = market_order("BTC-USD", Side.BUY, quantity="0.5")
QUOTE = market_order("BTC-USD", Side.BUY, quote_quantity="250.00")
STOP = stop_limit_order(
    "BTC-USD",
    Side.SELL,
    quantity="0.5",
    price="29000",
    stop_price="29100",
    stop_direction=StopDirection.DOWN,
)
AT_STOP = stop_order("BTC-USD", Side.BUY, quantity="0.5", stop_price="31000")
TOUCHED = market_if_touched_order("BTC-USD", Side.BUY, quantity="0.5", stop_price="29000")
EXIT = bracket_order(
    "BTC-USD", Side.SELL, quantity="0.5", take_profit_price="40000", stop_price="20000"
)


def changed(order: OrderRequest, **changes: object) -> OrderRequest:
    """The order, other in these fields."""
    return attrs.evolve(order, **changes)  # type: ignore[arg-type]


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


def test_builders_take_text_int_and_decimal_alike() -> None:
    """The digits that were written are kept."""
    by_text = limit_order("BTC-USD", Side.BUY, quantity="2", price="30000.10")
    by_value = limit_order("BTC-USD", Side.BUY, quantity=2, price=D("30000.10"))

    assert by_text == by_value
    assert str(by_text.price) == "30000.10"


@pytest.mark.parametrize(
    ("build", "kind"),
    [(stop_order, OrderType.STOP), (market_if_touched_order, OrderType.MARKET_IF_TOUCHED)],
)
def test_an_order_that_becomes_a_market_order_is_told_when(
    build: Callable[..., OrderRequest], kind: OrderType
) -> None:
    """A stop price and no other; it waits until it is cancelled unless told otherwise."""
    terms, exits = MarginTerms(tag="t"), bracket(take_profit_price="40000", stop_price="20000")
    plain = build("BTC-USD", Side.SELL, quantity=1, stop_price="31000")
    full = build(
        "BTC-USD",
        Side.SELL,
        quantity="1",
        stop_price="31000",
        time_in_force=TimeInForce.GOOD_TILL_DATE,
        expire_time_ns=7,
        attached=exits,
        margin=terms,
        client_order_id="c",
    )

    assert plain == OrderRequest(
        "BTC-USD",
        Side.SELL,
        kind,
        quantity=D(1),
        stop_price=D(31000),
        time_in_force=TimeInForce.GOOD_TILL_CANCELLED,
    )
    assert full == changed(
        plain,
        time_in_force=TimeInForce.GOOD_TILL_DATE,
        expire_time_ns=7,
        attached=exits,
        margin=terms,
        client_order_id="c",
    )


def test_margin_terms_go_with_any_order() -> None:
    """Without them an order is as it was."""
    terms = MarginTerms(tag="t")

    assert limit_order("BTC-USD", Side.BUY, quantity="1", price="1", margin=terms).margin == terms
    assert market_order("BTC-USD", Side.BUY, quantity="1", margin=terms).margin == terms
    assert (LIMIT.margin, MARKET.margin) == (None, None)


def test_builders_refuse_floats() -> None:
    """A float does not say what was meant."""
    with pytest.raises(TypeError, match="quantity must be text"):
        limit_order("BTC-USD", Side.BUY, quantity=0.1, price="1")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="price must be text"):
        limit_order("BTC-USD", Side.BUY, quantity="1", price=0.1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="stop_price must be text"):
        bracket(stop_price=0.1)  # type: ignore[arg-type]


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


# ---------------------------------------------------------------- which orders, lists, positions


def refusal_of(check: Callable[[], None]) -> tuple[str, str, str]:
    """Rule, value and bound of the refusal that a check must raise."""
    with pytest.raises(OrderInvalid) as caught:
        check()
    return caught.value.rule, caught.value.value, caught.value.bound


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


SELL_PAIR = oco(
    "BTC-USD", Side.SELL, quantity="1", price="110", stop_price="90", stop_limit_price="89"
)
BUY_PAIR = oco(
    "BTC-USD", Side.BUY, quantity="1", price="90", stop_price="110", stop_limit_price="111"
)


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
