"""Orders are checked against their instrument's rules; nothing is rounded."""

from decimal import Decimal

import attrs
import pytest

from venuetree.protocol.builders import (
    bracket,
    bracket_order,
    limit_order,
    market_order,
    stop_limit_order,
)
from venuetree.protocol.checks import check_order
from venuetree.protocol.errors import OrderInvalid
from venuetree.protocol.models import (
    Bracket,
    Instrument,
    InstrumentStatus,
    LiquidityPreference,
    Notional,
    OrderRequest,
    OrderType,
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


def test_builders_refuse_floats() -> None:
    """A float does not say what was meant."""
    with pytest.raises(TypeError, match="quantity must be text"):
        limit_order("BTC-USD", Side.BUY, quantity=0.1, price="1")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="price must be text"):
        limit_order("BTC-USD", Side.BUY, quantity="1", price=0.1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="stop_price must be text"):
        bracket(stop_price=0.1)  # type: ignore[arg-type]
