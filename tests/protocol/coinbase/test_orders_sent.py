"""What is sent for an order: each kind's configuration, and what is refused before it is sent."""

from decimal import Decimal
from typing import Any

import attrs
import pytest

from tests.support.coinbase import Conversation, payload, reply
from tests.support.coinbase_orders import CLIENT_ID, ORDER, PLACE
from venuetree.protocol.builders import (
    bracket,
    bracket_order,
    limit_order,
    market_order,
    stop_limit_order,
)
from venuetree.protocol.commands import PlaceOrder
from venuetree.protocol.errors import EngineError, NotSupported, OrderInvalid, OutcomeUnknown
from venuetree.protocol.models import (
    LiquidityPreference,
    OrderRequest,
    OrderType,
    Side,
    StopDirection,
    TimeInForce,
)
from venuetree.protocol.port import Cost, Effect, Lane
from venuetree.protocol.timestamps import from_rfc3339

D = Decimal
UNTIL = from_rfc3339("2026-10-06T00:00:00Z")


def with_id(order: OrderRequest) -> OrderRequest:
    """The order under the usual client id."""
    return attrs.evolve(order, client_order_id=CLIENT_ID)


def test_a_create_says_what_was_asked_and_nothing_else() -> None:
    """Path, body, lane, effect and cost."""
    talk = Conversation([reply(payload("rest_created"))])
    talk.ask(PLACE)
    (request,) = talk.requests

    assert (request.method, request.path, request.query) == (
        "POST",
        "/api/v3/brokerage/orders",
        "",
    )
    assert talk.body() == {
        "client_order_id": CLIENT_ID,
        "product_id": "BTC-USD",
        "side": "BUY",
        "order_configuration": {
            "limit_limit_gtc": {
                "base_size": "0.015",
                "limit_price": "64250.10",
                "post_only": True,
            }
        },
    }
    assert (request.effect, request.lane) == (Effect.WRITE, Lane.PLACE)
    assert request.costs == (Cost("private"), Cost("hour"))
    assert request.client_order_id == CLIENT_ID


def limit(**changes: Any) -> OrderRequest:
    """A limit order of half a bitcoin."""
    return limit_order("BTC-USD", Side.BUY, quantity="0.5", price="64300.00", **changes)


IOC, FOK = TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL
GTD, GFD = TimeInForce.GOOD_TILL_DATE, TimeInForce.GOOD_FOR_DAY
STOP: dict[str, Any] = {
    "quantity": "0.01",
    "price": "61900.00",
    "stop_price": "62000.00",
    "stop_direction": StopDirection.DOWN,
}
EXIT: dict[str, Any] = {
    "quantity": "0.01",
    "take_profit_price": "70000.00",
    "stop_price": "60000.00",
}
SIZED = {"base_size": "0.5", "limit_price": "64300.00"}
STOPPED = {"base_size": "0.01", "limit_price": "61900.00", "stop_price": "62000.00"}
LEFT = {"base_size": "0.01", "limit_price": "70000.00", "stop_trigger_price": "60000.00"}
END = {"end_time": "2026-10-06T00:00:00Z"}
DOWN = {"stop_direction": "STOP_DIRECTION_STOP_DOWN"}


@pytest.mark.parametrize(
    ("order", "configuration"),
    [
        (
            market_order("BTC-USD", Side.BUY, quote_quantity="250.00"),
            {"market_market_ioc": {"quote_size": "250.00"}},
        ),
        (
            market_order("BTC-USD", Side.SELL, quantity="0.004"),
            {"market_market_ioc": {"base_size": "0.004"}},
        ),
        (
            market_order("BTC-USD", Side.BUY, quantity="0.004", time_in_force=FOK),
            {"market_market_fok": {"base_size": "0.004"}},
        ),
        (limit(), {"limit_limit_gtc": {**SIZED, "post_only": False}}),
        (
            limit(time_in_force=GTD, expire_time_ns=UNTIL),
            {"limit_limit_gtd": {**SIZED, **END, "post_only": False}},
        ),
        (limit(time_in_force=FOK), {"limit_limit_fok": SIZED}),
        (limit(time_in_force=IOC), {"sor_limit_ioc": SIZED}),
        (
            stop_limit_order("BTC-USD", Side.SELL, **STOP),
            {"stop_limit_stop_limit_gtc": {**STOPPED, **DOWN}},
        ),
        (
            stop_limit_order("BTC-USD", Side.SELL, **STOP, time_in_force=GTD, expire_time_ns=UNTIL),
            {"stop_limit_stop_limit_gtd": {**STOPPED, **END, **DOWN}},
        ),
        (bracket_order("BTC-USD", Side.SELL, **EXIT), {"trigger_bracket_gtc": LEFT}),
        (
            bracket_order("BTC-USD", Side.SELL, **EXIT, time_in_force=GTD, expire_time_ns=UNTIL),
            {"trigger_bracket_gtd": {**LEFT, **END}},
        ),
        (
            limit_order("BTC-USD", Side.BUY, quantity=D("1E-8"), price=D("1E+5")),
            {
                "limit_limit_gtc": {
                    "base_size": "0.00000001",
                    "limit_price": "100000",
                    "post_only": False,
                }
            },
        ),
    ],
)
def test_each_kind_of_order_has_its_configuration(
    order: OrderRequest, configuration: dict[str, Any]
) -> None:
    """Exactly one variant, with text that has no exponent."""
    talk = Conversation([reply(status=500)])
    with pytest.raises(OutcomeUnknown):
        talk.ask(PlaceOrder(with_id(order)))

    assert talk.body()["order_configuration"] == configuration


def test_an_attached_bracket_has_no_size_of_its_own() -> None:
    """Its size is its parent's."""
    talk = Conversation([reply(status=500)])
    exits = bracket(take_profit_price="70000", stop_price="60000")
    with pytest.raises(OutcomeUnknown):
        talk.ask(PlaceOrder(attrs.evolve(ORDER, attached=exits)))

    assert talk.body()["attached_order_configuration"] == {
        "trigger_bracket_gtc": {"limit_price": "70000", "stop_trigger_price": "60000"}
    }


@pytest.mark.parametrize(
    ("order", "error"),
    [
        (market_order("BTC-USD", Side.SELL, quote_quantity="10"), NotSupported),
        (market_order("BTC-USD", Side.SELL, quantity="1", time_in_force=GTD), NotSupported),
        (market_order("BTC-USD", Side.BUY, quantity="1", time_in_force=GFD), NotSupported),
        (limit(time_in_force=GFD), NotSupported),
        (limit(time_in_force=IOC, liquidity=LiquidityPreference.MAKER_ONLY), NotSupported),
        (stop_limit_order("BTC-USD", Side.BUY, **STOP, time_in_force=IOC), NotSupported),
        (limit(attached=bracket(stop_price="1")), NotSupported),
        (
            attrs.evolve(
                market_order("BTC-USD", Side.BUY, quantity="1"),
                attached=bracket(stop_price="1", take_profit_price="2"),
            ),
            NotSupported,
        ),
        (attrs.evolve(limit(), type=OrderType.OTHER), NotSupported),
        (attrs.evolve(limit(), price=None), OrderInvalid),
        (attrs.evolve(limit(), quantity=None), OrderInvalid),
        (attrs.evolve(limit(), quote_quantity=D(1)), OrderInvalid),
        (limit(time_in_force=GTD), OrderInvalid),
    ],
)
def test_what_the_exchange_has_not_is_told_before_anything_is_sent(
    order: OrderRequest, error: type[EngineError]
) -> None:
    """By `flow` itself: not one request is made."""
    with pytest.raises(error):
        Conversation([]).ask(PlaceOrder(with_id(order)))


def test_a_create_without_a_client_order_id_is_refused_here() -> None:
    """Without it nothing could be found again."""
    with pytest.raises(OrderInvalid):
        Conversation([]).ask(PlaceOrder(attrs.evolve(ORDER, client_order_id="")))
