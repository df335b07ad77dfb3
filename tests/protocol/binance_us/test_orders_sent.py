"""What is sent for an order: the form of each type, and what is refused before it is sent."""

from decimal import Decimal

import pytest
from attrs import evolve

from tests.support.binance_us import NOW_NS, reply, talk
from tests.support.binance_us_orders import (
    CLIENT_ID,
    ORDER,
    PLACED,
    WEIGHT_1,
    asked,
    limit,
    market,
    stop,
)
from venuetree.protocol.builders import bracket, bracket_order
from venuetree.protocol.commands import PlaceOrder, PreviewOrder
from venuetree.protocol.errors import NotSupported, OrderInvalid
from venuetree.protocol.models import (
    Instrument,
    InstrumentStatus,
    LiquidityPreference,
    OrderRequest,
    OrderType,
    Side,
    StopDirection,
    TimeInForce,
)
from venuetree.protocol.port import Auth, Cost, Effect, Lane, RestRequest
from venuetree.protocol.timestamps import SECOND

D = Decimal
GTC, IOC, FOK, GTD = (
    TimeInForce.GOOD_TILL_CANCELLED,
    TimeInForce.IMMEDIATE_OR_CANCEL,
    TimeInForce.FILL_OR_KILL,
    TimeInForce.GOOD_TILL_DATE,
)
BUY, SELL = Side.BUY, Side.SELL
UP, DOWN = StopDirection.UP, StopDirection.DOWN
MAKER_ONLY = LiquidityPreference.MAKER_ONLY
ORDERS_1 = (Cost("orders_10s"), Cost("orders_1d"))


def test_an_order_is_a_form_and_nothing_else() -> None:
    """Path, body, lane, effect, cost and patience."""
    conversation = talk(reply(PLACED))
    conversation.ask(PlaceOrder(ORDER))

    assert conversation.requests == [
        RestRequest(
            operation="place",
            method="POST",
            path="/api/v3/order",
            body=(
                b"symbol=BTCUSD&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.005&price=117000"
                b"&newClientOrderId=eng-7f3a91c2-0001&newOrderRespType=RESULT"
            ),
            headers=(("content-type", "application/x-www-form-urlencoded"),),
            auth=Auth.SIGNED,
            effect=Effect.WRITE,
            lane=Lane.PLACE,
            costs=(*WEIGHT_1, *ORDERS_1),
            client_order_id=CLIENT_ID,
            timeout_ns=15 * SECOND,
        )
    ]


SIZED = {"quantity": "0.5", "price": "64300.00"}
STOPPED = {**SIZED, "stopPrice": "64200.10"}


@pytest.mark.parametrize(
    ("order", "terms"),
    [
        (limit(), {"type": "LIMIT", "timeInForce": "GTC", **SIZED}),
        (limit(time_in_force=IOC), {"type": "LIMIT", "timeInForce": "IOC", **SIZED}),
        (limit(time_in_force=FOK), {"type": "LIMIT", "timeInForce": "FOK", **SIZED}),
        (limit(liquidity=MAKER_ONLY), {"type": "LIMIT_MAKER", **SIZED}),
        (limit(SELL), {"type": "LIMIT", "timeInForce": "GTC", "side": "SELL", **SIZED}),
        (
            limit(quantity=D("1E-8"), price=D("1E+5")),
            {"type": "LIMIT", "timeInForce": "GTC", "quantity": "0.00000001", "price": "100000"},
        ),
        (market(), {"type": "MARKET", "quantity": "0.5"}),
        (market(quantity="0.5", time_in_force=GTC), {"type": "MARKET", "quantity": "0.5"}),
        (market(quote_quantity="25.00"), {"type": "MARKET", "quoteOrderQty": "25.00"}),
        (
            market(SELL, quote_quantity="25.00"),
            {"type": "MARKET", "side": "SELL", "quoteOrderQty": "25.00"},
        ),
        (stop(BUY, UP), {"type": "STOP_LOSS_LIMIT", "timeInForce": "GTC", **STOPPED}),
        (
            stop(SELL, DOWN),
            {"type": "STOP_LOSS_LIMIT", "timeInForce": "GTC", "side": "SELL", **STOPPED},
        ),
        (stop(BUY, DOWN), {"type": "TAKE_PROFIT_LIMIT", "timeInForce": "GTC", **STOPPED}),
        (
            stop(SELL, UP, time_in_force=IOC),
            {"type": "TAKE_PROFIT_LIMIT", "timeInForce": "IOC", "side": "SELL", **STOPPED},
        ),
    ],
)
def test_each_type_has_its_own_parameters(order: OrderRequest, terms: dict[str, str]) -> None:
    """Those that it needs and no other: what is superfluous is refused."""
    conversation = talk(reply({}))
    conversation.ask(PreviewOrder(evolve(order, client_order_id=CLIENT_ID)))
    (request,) = conversation.requests

    assert asked(request) == {
        "symbol": "BTCUSD",
        "side": "BUY",
        "newClientOrderId": CLIENT_ID,
        "newOrderRespType": "RESULT",
        **terms,
    }


@pytest.mark.parametrize(
    "order",
    [
        limit(time_in_force=GTD, expire_time_ns=NOW_NS + SECOND),
        limit(expire_time_ns=NOW_NS + SECOND),
        limit(liquidity=MAKER_ONLY, time_in_force=IOC),
        limit(liquidity=MAKER_ONLY, time_in_force=FOK),
        limit(quantity=None, quote_quantity="25"),
        limit(attached=bracket(stop_price="60000")),
        market(quantity="0.5", time_in_force=FOK),
        evolve(market(), time_in_force=GTD),
        evolve(market(), liquidity=MAKER_ONLY),
        stop(BUY, UP, time_in_force=GTD),
        evolve(stop(BUY, UP), liquidity=MAKER_ONLY),
        evolve(stop(BUY, UP), quantity=None, quote_quantity=D(25)),
        bracket_order(
            "BTC-USD", SELL, quantity="0.01", take_profit_price="70000", stop_price="60000"
        ),
        evolve(limit(), type=OrderType.OTHER),
    ],
)
@pytest.mark.parametrize("command", [PlaceOrder, PreviewOrder])
def test_what_the_exchange_has_not_is_refused_before_anything_is_sent(
    order: OrderRequest, command: type[PlaceOrder | PreviewOrder]
) -> None:
    """As not supported, and never as something else that it has."""
    conversation = talk()
    with pytest.raises(NotSupported) as caught:
        conversation.ask(command(order))

    assert caught.value.exchange == "binance_us"
    assert conversation.requests == []


@pytest.mark.parametrize(
    ("order", "rule"),
    [
        (evolve(limit(), price=None), "price"),
        (evolve(limit(), quantity=None), "quantity"),
        (evolve(limit(), stop_price=D(1)), "stopPrice"),
        (evolve(market(), price=D(1)), "price"),
        (evolve(market(), quantity=None), "quantity"),
        (evolve(market(), quote_quantity=D(1)), "quantity"),
        (evolve(market(), stop_price=D(1)), "stopPrice"),
        (evolve(stop(BUY, UP), stop_direction=None), "stopPrice"),
        (evolve(stop(BUY, UP), stop_price=None), "stopPrice"),
        (evolve(stop(BUY, UP), price=None), "price"),
    ],
)
def test_an_order_that_lacks_a_member_or_has_one_too_many_is_invalid(
    order: OrderRequest, rule: str
) -> None:
    """Nothing of it is dropped in silence."""
    conversation = talk()
    with pytest.raises(OrderInvalid) as caught:
        conversation.ask(PlaceOrder(order))

    assert caught.value.rule == rule
    assert conversation.requests == []


@pytest.mark.parametrize("client_order_id", ["a", "A-z_0-9", "x" * 36, "-", "_"])
def test_a_client_order_id_of_their_grammar_is_sent(client_order_id: str) -> None:
    """As it is."""
    conversation = talk(reply({}))
    conversation.ask(PreviewOrder(limit(client_order_id=client_order_id)))

    assert asked(conversation.requests[0])["newClientOrderId"] == client_order_id


@pytest.mark.parametrize("client_order_id", ["x" * 37, "a.b", "a:b", "a/b", "a b", "ä", "a\n", "٣"])
def test_a_client_order_id_of_another_grammar_is_invalid(client_order_id: str) -> None:
    """The exchange would refuse it, as illegal characters."""
    with pytest.raises(OrderInvalid) as caught:
        talk().ask(PlaceOrder(limit(client_order_id=client_order_id)))

    assert (caught.value.rule, caught.value.value) == ("newClientOrderId", client_order_id)


def test_the_symbol_is_that_of_the_list_and_percent_encoded() -> None:
    """Where the list knows the instrument; its spelling need not be ours."""
    odd = Instrument("BTC-USD", "BTC", "USD", "XBT&USD", InstrumentStatus.TRADING)
    conversation = talk(reply({}), instruments=[odd])
    conversation.ask(PreviewOrder(ORDER))

    assert conversation.requests[0].body.startswith(b"symbol=XBT%26USD&side=")
