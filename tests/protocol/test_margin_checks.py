"""What an order says about margin is checked before it is sent; nothing is rounded."""

from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from venuetree.protocol.builders import (
    bracket,
    limit_order,
    market_if_touched_order,
    market_order,
    stop_order,
)
from venuetree.protocol.checks import check_order
from venuetree.protocol.errors import OrderInvalid
from venuetree.protocol.margin_checks import check_exit_changes, check_terms
from venuetree.protocol.models import (
    ClientExtensions,
    Closing,
    Exit,
    ExitChanges,
    Exits,
    Instrument,
    InstrumentStatus,
    Keep,
    MarginTerms,
    OrderRequest,
    PositionFill,
    Quantum,
    QuantumField,
    Side,
    TimeInForce,
    TriggerPrice,
)

D = Decimal
EURO = Instrument(
    name="EUR-USD",
    base="EUR",
    quote="USD",
    exchange_symbol="EUR_USD",
    status=InstrumentStatus.TRADING,
    rules=(
        Quantum(QuantumField.PRICE, "displayPrecision", step=D("0.00001")),
        Quantum(QuantumField.QUANTITY, "tradeUnitsPrecision", step=D(1), minimum=D(1)),
        Quantum(QuantumField.DISTANCE, "distancePrecision", step=D("0.00005")),
        Quantum(
            QuantumField.TRAILING_DISTANCE,
            "trailingStopDistance",
            minimum=D("0.0005"),
            maximum=D("1.0"),
        ),
    ),
)
BARE = evolve(EURO, rules=())
LIMIT = limit_order("EUR-USD", Side.BUY, quantity="100", price="1.08000")
MARKET = market_order("EUR-USD", Side.BUY, quantity="100")
STOP = stop_order("EUR-USD", Side.BUY, quantity="100", stop_price="1.10000")
TOUCHED = market_if_touched_order("EUR-USD", Side.SELL, quantity="100", stop_price="1.10000")
BRACKET = bracket(take_profit_price="1.09", stop_price="1.07")
GTC = TimeInForce.GOOD_TILL_CANCELLED


def saying(order: OrderRequest, **terms: object) -> OrderRequest:
    """The order with these margin terms."""
    return evolve(order, margin=MarginTerms(**terms))  # type: ignore[arg-type]


def leaving(order: OrderRequest, **exits: Exit) -> OrderRequest:
    """The order with these exits."""
    return saying(order, exits=Exits(**exits))


def priced(price: str) -> Exit:
    """An exit at a price."""
    return Exit(price=D(price))


def distant(distance: str) -> Exit:
    """An exit at a distance."""
    return Exit(distance=D(distance))


PASSING = [
    LIMIT,
    saying(LIMIT),
    saying(MARKET, price_bound=D("1.09000")),
    saying(STOP, price_bound=D("1.11000"), trigger=TriggerPrice.MID),
    saying(LIMIT, trigger=TriggerPrice.INVERSE, position_fill=PositionFill.REDUCE_ONLY),
    saying(MARKET, tag="t", comment="c", trade=ClientExtensions("mine")),
    saying(MARKET, closing=Closing()),
    saying(MARKET, closing=Closing("6397", is_whole=True), tag="t", comment="c"),
    leaving(LIMIT, take_profit=priced("1.09000"), stop_loss=priced("1.07000")),
    leaving(LIMIT, take_profit=priced("1.09000"), guaranteed_stop=priced("1.07000")),
    leaving(MARKET, stop_loss=priced("0.5"), trailing_stop=distant("0.00050")),
    leaving(MARKET, stop_loss=distant("0.00005"), trailing_stop=distant("1.0")),
    leaving(MARKET, guaranteed_stop=distant("0.01")),
    leaving(STOP, stop_loss=Exit(D("1.09"), None, TimeInForce.GOOD_TILL_DATE, 5)),
    leaving(TOUCHED, take_profit=Exit(D("1.09"), None, TimeInForce.GOOD_FOR_DAY)),
    evolve(LIMIT, attached=BRACKET),
    evolve(saying(LIMIT, tag="t"), attached=BRACKET),
]


@pytest.mark.parametrize("order", PASSING)
def test_terms_that_fit_together_pass(order: OrderRequest) -> None:
    """The bounds of a trailing distance themselves are allowed."""
    check_order(order, EURO)
    check_terms(order, EURO)


REFUSED = [
    # Terms that contradict the order, or each other.
    (saying(LIMIT, price_bound=D("1.09")), "price_bound", ""),
    (saying(MARKET, trigger=TriggerPrice.BID), "trigger", "bid"),
    (
        evolve(leaving(LIMIT, take_profit=priced("1.09")), attached=BRACKET),
        "exits",
        "",
    ),
    (leaving(LIMIT, stop_loss=priced("1.07"), guaranteed_stop=priced("1.07")), "exits", ""),
    # Prices and distances.
    (saying(MARKET, price_bound=D("1.090001")), "displayPrecision", "1.090001"),
    (saying(MARKET, price_bound=D(0)), "price_bound", "0"),
    (leaving(MARKET, take_profit=priced("1.090001")), "displayPrecision", "1.090001"),
    (leaving(MARKET, stop_loss=priced("-1")), "stop_loss", "-1"),
    (leaving(MARKET, guaranteed_stop=priced("1.000001")), "displayPrecision", "1.000001"),
    (leaving(MARKET, stop_loss=distant("0.00006")), "distancePrecision", "0.00006"),
    (leaving(MARKET, guaranteed_stop=distant("0.00006")), "distancePrecision", "0.00006"),
    (leaving(MARKET, trailing_stop=distant("0.00051")), "distancePrecision", "0.00051"),
    (leaving(MARKET, trailing_stop=distant("0")), "trailing_stop", "0"),
    (leaving(MARKET, trailing_stop=distant("0.00045")), "trailingStopDistance", "0.00045"),
    (leaving(MARKET, trailing_stop=distant("1.00005")), "trailingStopDistance", "1.00005"),
    # An exit's own time.
    (leaving(MARKET, stop_loss=Exit(D(1), None, TimeInForce.FILL_OR_KILL)), "stop_loss", None),
    (
        leaving(MARKET, take_profit=Exit(D(1), None, TimeInForce.IMMEDIATE_OR_CANCEL)),
        "take_profit",
        "immediate_or_cancel",
    ),
    (leaving(MARKET, take_profit=Exit(D(1), None, TimeInForce.GOOD_TILL_DATE)), "take_profit", ""),
    (leaving(MARKET, take_profit=Exit(D(1), None, GTC, 5)), "take_profit", ""),
    # The side of the order's own price.
    (leaving(LIMIT, take_profit=priced("1.07000")), "take_profit", "1.07000"),
    (leaving(LIMIT, take_profit=priced("1.08000")), "take_profit", "1.08000"),
    (leaving(LIMIT, stop_loss=priced("1.09000")), "stop_loss", "1.09000"),
    (leaving(LIMIT, guaranteed_stop=priced("1.09000")), "guaranteed_stop", "1.09000"),
    (leaving(STOP, stop_loss=priced("1.10000")), "stop_loss", "1.10000"),
    (leaving(TOUCHED, take_profit=priced("1.11000")), "take_profit", "1.11000"),
    (leaving(TOUCHED, stop_loss=priced("1.09000")), "stop_loss", "1.09000"),
]


@pytest.mark.parametrize(("order", "rule", "value"), REFUSED)
def test_terms_that_cannot_be_meant_are_refused_by_name(
    order: OrderRequest, rule: str, value: str | None
) -> None:
    """The error names the rule and the value; the order as such would have passed."""
    check_order(order, EURO)

    with pytest.raises(OrderInvalid) as caught:
        check_terms(order, EURO)

    assert caught.value.rule == rule
    assert value is None or caught.value.value == value


@pytest.mark.parametrize(
    ("name", "shape", "said"),
    [
        ("take_profit", Exit(), "needs a price, and no more"),
        ("take_profit", Exit(D("1.09"), D("0.01")), "needs a price, and no more"),
        ("take_profit", distant("0.01"), "a price, not a distance"),
        ("stop_loss", Exit(), "needs a price or a distance, and no more"),
        ("stop_loss", Exit(D("1.07"), D("0.01")), "needs a price or a distance, and no more"),
        ("trailing_stop", Exit(), "needs a distance, and no more"),
        ("trailing_stop", Exit(D("1.07"), D("0.01")), "needs a distance, and no more"),
        ("trailing_stop", priced("1.07"), "a distance, not a price"),
        ("guaranteed_stop", Exit(), "needs a price or a distance, and no more"),
        ("guaranteed_stop", Exit(D("1.07"), D("0.01")), "needs a price or a distance"),
    ],
)
def test_each_exit_has_its_shape(name: str, shape: Exit, said: str) -> None:
    """Whether it comes with an order or is set on a trade."""
    with pytest.raises(OrderInvalid, match=said) as of_order:
        check_terms(leaving(MARKET, **{name: shape}), EURO)
    with pytest.raises(OrderInvalid, match=said) as of_trade:
        check_exit_changes(ExitChanges(**{name: shape}), EURO)

    assert of_order.value.rule == of_trade.value.rule == name
    assert name.replace("_", " ") in of_order.value.message


@pytest.mark.parametrize(
    "order",
    [
        saying(LIMIT, closing=Closing()),
        saying(STOP, closing=Closing("6397")),
        saying(MARKET, closing=Closing(), exits=Exits(take_profit=priced("1.09"))),
        saying(MARKET, closing=Closing(), price_bound=D("1.09")),
        saying(MARKET, closing=Closing(), position_fill=PositionFill.OPEN_ONLY),
        saying(MARKET, closing=Closing(), trigger=TriggerPrice.ASK),
        evolve(saying(MARKET, closing=Closing()), attached=BRACKET),
    ],
)
def test_what_closes_is_a_market_order_that_says_nothing_else(order: OrderRequest) -> None:
    """It opens nothing that could have exits."""
    with pytest.raises(OrderInvalid) as caught:
        check_terms(order, EURO)

    assert caught.value.rule == "closing"


def test_prices_and_distances_are_taken_as_text_and_never_as_floats() -> None:
    """Where they are written down, not only when they are sent."""
    assert Exit(price="1.0900") == Exit(price=D("1.0900"))
    assert Exit(distance="0.0025") == Exit(distance=D("0.0025"))
    assert MarginTerms(price_bound="1.09") == MarginTerms(price_bound=D("1.09"))
    for value in (D("NaN"), D("Infinity"), "1e3", "NaN"):
        with pytest.raises(ValueError, match="decimal|finite"):
            Exit(price=value)
        with pytest.raises(ValueError, match="decimal|finite"):
            Exit(distance=value)
    with pytest.raises(TypeError):
        MarginTerms(price_bound=1.09)  # type: ignore[arg-type]


def test_an_instrument_without_such_grids_takes_any_price_and_distance() -> None:
    """Only what is known is judged."""
    check_terms(leaving(MARKET, stop_loss=distant("0.000001")), BARE)
    check_terms(leaving(MARKET, trailing_stop=distant("500")), BARE)
    check_terms(saying(MARKET, price_bound=D("1.00000001")), BARE)


@pytest.mark.parametrize(
    "changes",
    [
        ExitChanges(take_profit=None),
        ExitChanges(trailing_stop=distant("0.0005")),
        ExitChanges(stop_loss=priced("1.07"), take_profit=Keep.KEEP, guaranteed_stop=None),
    ],
)
def test_exits_of_a_trade_are_set_and_removed(changes: ExitChanges) -> None:
    """What is kept is not looked at."""
    check_exit_changes(changes, EURO)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        (ExitChanges(), "exits"),
        (ExitChanges(stop_loss=priced("1.07"), guaranteed_stop=priced("1.07")), "exits"),
        (ExitChanges(take_profit=priced("1.000001")), "displayPrecision"),
        (ExitChanges(take_profit=None, stop_loss=distant("0.00001")), "distancePrecision"),
        (ExitChanges(trailing_stop=distant("0.0001")), "trailingStopDistance"),
        (ExitChanges(guaranteed_stop=Exit(D(1), None, GTC, 7)), "guaranteed_stop"),
    ],
)
def test_a_change_of_exits_that_cannot_be_meant_is_refused(changes: ExitChanges, rule: str) -> None:
    """And one that changes nothing."""
    with pytest.raises(OrderInvalid) as caught:
        check_exit_changes(changes, EURO)

    assert caught.value.rule == rule


TICKS = st.integers(min_value=1, max_value=200_000)
STOPS = ("stop_loss", "guaranteed_stop")


@given(side=st.sampled_from(Side), own=TICKS, exit_at=TICKS, name=st.sampled_from(STOPS))
def test_a_price_is_good_for_a_profit_or_for_a_loss_never_both(
    side: Side, own: int, exit_at: int, name: str
) -> None:
    """Beyond the order's own price there is profit, behind it loss, at it neither."""
    tick = D("0.00001")
    order = limit_order("EUR-USD", side, quantity=1, price=own * tick)
    at = Exit(price=exit_at * tick)

    def passes(exits: Exits) -> bool:
        try:
            check_terms(saying(order, exits=exits), EURO)
        except OrderInvalid:
            return False
        return True

    beyond = exit_at > own if side is Side.BUY else exit_at < own
    assert passes(Exits(take_profit=at)) is beyond
    assert passes(Exits(**{name: at})) is (not beyond and exit_at != own)


@given(
    distance=st.decimals(min_value=0, max_value=2, allow_nan=False, allow_infinity=False, places=6)
)
def test_a_trailing_distance_passes_just_when_it_is_on_its_grid_and_within_its_bounds(
    distance: Decimal,
) -> None:
    """Exactly: no float, no rounding."""
    is_good = distance % D("0.00005") == 0 and D("0.0005") <= distance <= 1
    order = leaving(MARKET, trailing_stop=Exit(distance=distance))

    if is_good:
        check_terms(order, EURO)
        return
    with pytest.raises(OrderInvalid):
        check_terms(order, EURO)


@pytest.mark.parametrize(
    ("order", "rule"),
    [
        (evolve(LIMIT, attached=bracket()), "attached"),
        (evolve(LIMIT, attached=bracket(take_profit_price="1.0")), "take_profit"),
        (evolve(LIMIT, attached=bracket(stop_price="1.2")), "stop_loss"),
        (evolve(STOP, attached=bracket(take_profit_price="1.0")), "take_profit"),
    ],
)
def test_an_attached_bracket_is_on_the_right_sides_of_the_order(
    order: OrderRequest, rule: str
) -> None:
    """As exits are that are given as terms."""
    with pytest.raises(OrderInvalid) as caught:
        check_terms(order, evolve(EURO, margin_rate=D("0.02")))

    assert caught.value.rule == rule


def test_a_bracket_where_nothing_is_lent_is_another_exchanges_matter() -> None:
    """And one that is right passes; a market order has no price to be judged by."""
    lent = evolve(EURO, margin_rate=D("0.02"))
    check_terms(evolve(LIMIT, attached=bracket()), EURO)
    check_terms(evolve(LIMIT, attached=bracket(take_profit_price="1.2", stop_price="1.0")), lent)
    check_terms(evolve(MARKET, attached=bracket(take_profit_price="1.0")), lent)
