"""Builders of orders: which numbers they take, and what they fill in."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.support.order_checks import LIMIT, MARKET, changed
from venuetree.protocol.builders import (
    bracket,
    limit_order,
    market_if_touched_order,
    market_order,
    stop_order,
)
from venuetree.protocol.models import MarginTerms, OrderRequest, OrderType, Side, TimeInForce

D = Decimal


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
