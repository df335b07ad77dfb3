"""Values made fast are the values that attrs makes."""

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuetree.protocol.building import blank, evolver
from venuetree.protocol.models import Order, OrderStatus, OrderType, Side, TimeInForce
from venuetree.protocol.port import RestRequest

ORDER = Order(
    exchange="x",
    instrument="BTC-USD",
    client_order_id="c",
    exchange_order_id="",
    side=Side.BUY,
    type=OrderType.LIMIT,
    status=OrderStatus.NEW,
    time_in_force=TimeInForce.GOOD_TILL_CANCELLED,
)
REQUEST = RestRequest("place", "POST", "/orders")


@pytest.mark.parametrize("before", [ORDER, REQUEST], ids=["order", "request"])
@given(data=st.data())
def test_evolving_is_what_attrs_does(before: Any, data: st.DataObject) -> None:
    """Any fields with any values; the value before stays as it was, the new one is frozen."""
    kind = type(before)
    names = st.sampled_from([field.name for field in attrs.fields(kind)])
    changes = data.draw(st.dictionaries(names, st.integers()))
    untouched = attrs.evolve(before)

    after = evolver(kind)(before, **changes)

    assert after == attrs.evolve(before, **changes)
    assert hash(after) == hash(attrs.evolve(before, **changes))
    assert type(after) is kind
    assert before == untouched
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(after, attrs.fields(kind)[0].name, 1)


def test_a_field_that_is_not_there_is_an_error() -> None:
    """No news may get lost by a misspelling."""
    with pytest.raises(AttributeError):
        evolver(Order)(ORDER, stats=OrderStatus.OPEN)


def test_a_blank_that_is_filled_is_an_ordinary_value() -> None:
    """Every field assigned, then its class."""
    made = blank(RestRequest)()
    for field in attrs.fields(RestRequest):
        setattr(made, field.name, getattr(REQUEST, field.name))
    made.__class__ = RestRequest

    assert made == REQUEST
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.method = "GET"
