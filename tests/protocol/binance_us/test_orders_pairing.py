"""A pair of orders, of which one ends the other: what is asked, and what each answer means."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from tests.support.binance_us import error, reply, talk
from tests.support.binance_us_lists import LIMIT_LEG, STOP_LEG, evolve_leg, pair_of, weighing
from tests.support.binance_us_orders import asked
from venuetree.protocol.builders import oco, stop_limit_order
from venuetree.protocol.commands import PlaceOco
from venuetree.protocol.errors import (
    EngineError,
    InsufficientFunds,
    NotSupported,
    OrderInvalid,
    OrderRejected,
    OutcomeUnknown,
)
from venuetree.protocol.models import OcoRequest, OrderType, Side, StopDirection, TimeInForce
from venuetree.protocol.port import Effect, Lane, RestReply

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
PAIR = oco(
    "BTC-USD",
    SELL,
    quantity="0.005",
    price="125000",
    stop_price="111000",
    stop_limit_price="110000",
    client_order_ids=("limitLeg1", "stopLeg1"),
)


def test_a_pair_is_one_form_that_counts_as_two_orders() -> None:
    """Both ids are ours, so that either order can be found whatever becomes of the reply."""
    conversation = talk(reply(pair_of(STOP_LEG, LIMIT_LEG)))
    conversation.ask(PlaceOco(PAIR))

    (request,) = conversation.requests
    assert (request.method, request.path) == ("POST", "/api/v3/order/oco")
    assert (request.effect, request.lane, request.costs) == (
        Effect.WRITE,
        Lane.PLACE,
        weighing(2),
    )
    assert request.client_order_id == "limitLeg1"
    assert asked(request) == {
        "symbol": "BTCUSD",
        "side": "SELL",
        "quantity": "0.005",
        "price": "125000",
        "limitClientOrderId": "limitLeg1",
        "stopPrice": "111000",
        "stopLimitPrice": "110000",
        "stopLimitTimeInForce": "GTC",
        "stopClientOrderId": "stopLeg1",
        "newOrderRespType": "RESULT",
    }


@pytest.mark.parametrize("legs", [(STOP_LEG, LIMIT_LEG), (LIMIT_LEG, STOP_LEG)])
def test_each_order_of_a_pair_is_told_by_its_own_id(legs: tuple[dict[str, Any], ...]) -> None:
    """In whatever sequence the exchange tells them."""
    limit, stop = talk(reply(pair_of(*legs))).ask(PlaceOco(PAIR))

    assert (limit.client_order_id, limit.exchange_order_id) == ("limitLeg1", "2281896702")
    assert (stop.client_order_id, stop.exchange_order_id) == ("stopLeg1", "2281896701")
    assert {limit.list_id, stop.list_id} == {"27104"}
    assert (limit.type, stop.type) == (OrderType.LIMIT, OrderType.STOP_LIMIT)
    assert (stop.price, stop.stop_price) == (D(110000), D(111000))


def test_a_bought_pair_has_its_stop_above() -> None:
    """The side says where either is."""
    pair = oco(
        "BTC-USD",
        BUY,
        quantity="0.005",
        price="110000",
        stop_price="125000",
        stop_limit_price="126000",
        client_order_ids=("limitLeg1", "stopLeg1"),
    )
    legs = [evolve_leg(told, side="BUY") for told in (STOP_LEG, LIMIT_LEG)]
    conversation = talk(reply(pair_of(*legs)))
    conversation.ask(PlaceOco(pair))

    assert pair.stop.stop_direction is StopDirection.UP
    assert asked(conversation.requests[0])["side"] == "BUY"


@pytest.mark.parametrize(
    "told",
    [
        pair_of(STOP_LEG),
        pair_of(LIMIT_LEG),
        pair_of(STOP_LEG, evolve_leg(LIMIT_LEG, clientOrderId="another")),
        pair_of(evolve_leg(STOP_LEG, side="BUY"), LIMIT_LEG),
        pair_of(STOP_LEG, evolve_leg(LIMIT_LEG, symbol="ETHUSD")),
        pair_of(STOP_LEG, evolve_leg(LIMIT_LEG, status="STRANGE")),
        {"orderListId": 27104},
    ],
)
def test_an_answer_that_is_not_about_both_leaves_both_unknown(told: dict[str, Any]) -> None:
    """It was accepted, whatever it is: they may exist."""
    with pytest.raises(OutcomeUnknown) as caught:
        talk(reply(told)).ask(PlaceOco(PAIR))

    assert caught.value.client_order_id in {"limitLeg1", "stopLeg1"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(-2010, "Account has insufficient balance for requested action."), InsufficientFunds),
        (error(-1013, "Filter failure: PRICE_FILTER"), OrderRejected),
        (error(-1007, "Timeout", 400), OutcomeUnknown),
        (reply(b"", 502), OutcomeUnknown),
        (error(-1015, "Too many new orders", 429), OutcomeUnknown),
    ],
)
def test_a_refused_pair_is_two_refused_orders(answer: RestReply, kind: type[EngineError]) -> None:
    """By the rules of a single order."""
    with pytest.raises(kind):
        talk(answer).ask(PlaceOco(PAIR))


@pytest.mark.parametrize(
    ("pair", "kind"),
    [
        (evolve(PAIR, limit=evolve(PAIR.limit, client_order_id="a b")), OrderInvalid),
        (evolve(PAIR, stop=evolve(PAIR.stop, client_order_id="a.b")), OrderInvalid),
        (evolve(PAIR, stop=evolve(PAIR.stop, stop_price=None)), OrderInvalid),
        (
            evolve(PAIR, stop=evolve(PAIR.stop, time_in_force=TimeInForce.GOOD_TILL_DATE)),
            NotSupported,
        ),
        (evolve(PAIR, limit=evolve(PAIR.limit, expire_time_ns=1)), NotSupported),
    ],
)
def test_a_pair_that_cannot_be_said_is_not_sent(pair: OcoRequest, kind: type[EngineError]) -> None:
    """Either order is looked at as one by itself."""
    conversation = talk()
    with pytest.raises(kind):
        conversation.ask(PlaceOco(pair))

    assert conversation.requests == []


def test_the_builder_takes_the_same_numbers_for_both() -> None:
    """And the directions of the side."""
    assert PAIR.stop == stop_limit_order(
        "BTC-USD",
        SELL,
        quantity="0.005",
        price="110000",
        stop_price="111000",
        stop_direction=StopDirection.DOWN,
        client_order_id="stopLeg1",
    )
    assert PAIR.orders == (PAIR.limit, PAIR.stop)
