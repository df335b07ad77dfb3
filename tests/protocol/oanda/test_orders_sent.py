"""What is sent for an order: each type's members, and what is refused before it is sent."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from tests.support.oanda_acting import refusal, talk
from tests.support.oanda_orders import ID, LIMIT, WAITING, limit, market
from venuetree.protocol.builders import (
    bracket,
    bracket_order,
    market_if_touched_order,
    stop_limit_order,
    stop_order,
)
from venuetree.protocol.commands import PlaceOrder
from venuetree.protocol.errors import EngineError, NotSupported, OrderInvalid, OrderRejected
from venuetree.protocol.models import (
    ClientExtensions,
    Exit,
    Exits,
    LiquidityPreference,
    MarginTerms,
    OrderRequest,
    OrderType,
    PositionFill,
    Side,
    StopDirection,
    TimeInForce,
    TriggerPrice,
)
from venuetree.protocol.port import Auth, Cost, Effect, Lane, RestRequest
from venuetree.protocol.timestamps import SECOND

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
GTC, GTD, GFD, IOC, FOK = (
    TimeInForce.GOOD_TILL_CANCELLED,
    TimeInForce.GOOD_TILL_DATE,
    TimeInForce.GOOD_FOR_DAY,
    TimeInForce.IMMEDIATE_OR_CANCEL,
    TimeInForce.FILL_OR_KILL,
)
UNTIL_NS = 1_718_395_200_000_000_007


def stop(side: Side = BUY, **changes: Any) -> OrderRequest:
    """A stop order."""
    order = stop_order("EUR-USD", side, quantity="5", stop_price="1.0920", client_order_id=ID)
    return evolve(order, **changes)


def touched(side: Side = SELL, **changes: Any) -> OrderRequest:
    """A market-if-touched order."""
    order = market_if_touched_order(
        "USD-JPY", side, quantity="5000", stop_price="158.200", client_order_id=ID
    )
    return evolve(order, **changes)


def sent(order: OrderRequest) -> dict[str, Any]:
    """The body of an order, without what is the same in all of them."""
    conversation = talk(refusal("X"))
    with pytest.raises(OrderRejected):
        conversation.ask(PlaceOrder(order))
    body: dict[str, Any] = conversation.body()["order"]
    assert body.pop("clientExtensions") == {"id": ID}
    return body


def test_an_order_is_json_for_the_account_that_the_signer_names() -> None:
    """Path, body, lane, effect, cost and patience."""
    conversation = talk(refusal("X"))
    with pytest.raises(OrderRejected):
        conversation.ask(PlaceOrder(market()))

    assert conversation.requests == [
        RestRequest(
            operation="place",
            method="POST",
            path="/v3/accounts/{account}/orders",
            body=(
                b'{"order":{"type":"MARKET","instrument":"EUR_USD","units":"10000",'
                b'"timeInForce":"FOK","positionFill":"DEFAULT",'
                b'"clientExtensions":{"id":"eng-0007"}}}'
            ),
            headers=(("content-type", "application/json"),),
            auth=Auth.SIGNED,
            effect=Effect.WRITE,
            lane=Lane.PLACE,
            costs=(Cost("rest_1s"),),
            client_order_id=ID,
            timeout_ns=15 * SECOND,
        )
    ]


MARKET = {
    "type": "MARKET",
    "instrument": "EUR_USD",
    "units": "10000",
    "timeInForce": "FOK",
    "positionFill": "DEFAULT",
}
STOP = {"type": "STOP", "instrument": "EUR_USD", "units": "5", "price": "1.0920", **WAITING}
TOUCHED = {
    "type": "MARKET_IF_TOUCHED",
    "instrument": "USD_JPY",
    "units": "-5000",
    "price": "158.200",
    **WAITING,
}


@pytest.mark.parametrize(
    ("order", "body"),
    [
        (market(), MARKET),
        (market(SELL), {**MARKET, "units": "-10000"}),
        (market(time_in_force=IOC), {**MARKET, "timeInForce": "IOC"}),
        (limit(), LIMIT),
        (limit(SELL), {**LIMIT, "units": "-10000"}),
        (
            limit(time_in_force=GTD, expire_time_ns=UNTIL_NS),
            {**LIMIT, "timeInForce": "GTD", "gtdTime": "2024-06-14T20:00:00.000000007Z"},
        ),
        (limit(time_in_force=GFD), {**LIMIT, "timeInForce": "GFD"}),
        (limit(time_in_force=FOK), {**LIMIT, "timeInForce": "FOK"}),
        (limit(time_in_force=IOC), {**LIMIT, "timeInForce": "IOC"}),
        (limit(quantity=D("1E+4"), price=D("1E-5")), {**LIMIT, "price": "0.00001"}),
        (limit(quantity=D("0.10")), {**LIMIT, "units": "0.1"}),
        (limit(quantity=D("10000.00")), LIMIT),
        (market(SELL, quantity=D("10000.0")), {**MARKET, "units": "-10000"}),
        (stop(), STOP),
        (stop(time_in_force=IOC), {**STOP, "timeInForce": "IOC"}),
        (touched(), TOUCHED),
        (touched(BUY, time_in_force=GFD), {**TOUCHED, "units": "5000", "timeInForce": "GFD"}),
    ],
)
def test_each_type_says_what_it_has_and_the_sign_of_its_units_is_its_side(
    order: OrderRequest, body: dict[str, str]
) -> None:
    """Plain notation: prices as they came, units in no more digits than they need."""
    assert sent(order) == body


@pytest.mark.parametrize(
    ("order", "terms", "body"),
    [
        (market(), MarginTerms(price_bound=D("1.0850")), {**MARKET, "priceBound": "1.0850"}),
        (
            stop(),
            MarginTerms(price_bound=D("1.0926"), trigger=TriggerPrice.MID),
            {**STOP, "priceBound": "1.0926", "triggerCondition": "MID"},
        ),
        (
            limit(),
            MarginTerms(position_fill=PositionFill.REDUCE_ONLY, trigger=TriggerPrice.INVERSE),
            {**LIMIT, "positionFill": "REDUCE_ONLY", "triggerCondition": "INVERSE"},
        ),
        (
            market(),
            MarginTerms(trade=ClientExtensions("t-1", "tag", "words")),
            {
                **MARKET,
                "tradeClientExtensions": {"id": "t-1", "tag": "tag", "comment": "words"},
            },
        ),
        (
            market(),
            MarginTerms(
                exits=Exits(
                    take_profit=Exit(price=D("1.0900")),
                    stop_loss=Exit(
                        distance=D("0.0030"), time_in_force=GTD, expire_time_ns=UNTIL_NS
                    ),
                    trailing_stop=Exit(distance=D("0.0025"), time_in_force=GFD),
                    guaranteed_stop=Exit(price=D("1.0800"), extensions=ClientExtensions("g-1")),
                )
            ),
            {
                **MARKET,
                "takeProfitOnFill": {"price": "1.0900", "timeInForce": "GTC"},
                "stopLossOnFill": {
                    "distance": "0.0030",
                    "timeInForce": "GTD",
                    "gtdTime": "2024-06-14T20:00:00.000000007Z",
                },
                "trailingStopLossOnFill": {"distance": "0.0025", "timeInForce": "GFD"},
                "guaranteedStopLossOnFill": {
                    "price": "1.0800",
                    "timeInForce": "GTC",
                    "clientExtensions": {"id": "g-1"},
                },
            },
        ),
    ],
)
def test_margin_terms_are_said_where_they_are_given(
    order: OrderRequest, terms: MarginTerms, body: dict[str, Any]
) -> None:
    """And nothing of them where they are not."""
    assert sent(evolve(order, margin=terms)) == body


@pytest.mark.parametrize("fill", list(PositionFill))
@pytest.mark.parametrize("trigger", list(TriggerPrice))
def test_every_word_for_fills_and_triggers_is_the_exchange_s(
    fill: PositionFill, trigger: TriggerPrice
) -> None:
    """They are spelled as ours, in capitals."""
    body = sent(limit(margin=MarginTerms(position_fill=fill, trigger=trigger)))

    assert body["positionFill"] == fill.value.upper()
    assert body["triggerCondition"] == trigger.value.upper()


def test_what_is_written_on_an_order_goes_beside_its_id() -> None:
    """Tag and comment."""
    conversation = talk(refusal("X"))
    with pytest.raises(OrderRejected):
        conversation.ask(PlaceOrder(market(margin=MarginTerms(tag="a", comment="b c"))))

    assert conversation.body()["order"]["clientExtensions"] == {
        "id": ID,
        "tag": "a",
        "comment": "b c",
    }


def test_attached_exits_are_exits_on_fill() -> None:
    """The plain way to say them, which other exchanges have too."""
    both = bracket(take_profit_price="1.0990", stop_price="1.0830")
    body = sent(limit(attached=both, margin=MarginTerms(exits=Exits(trailing_stop=_trailing()))))

    assert body["takeProfitOnFill"] == {"price": "1.0990", "timeInForce": "GTC"}
    assert body["stopLossOnFill"] == {"price": "1.0830", "timeInForce": "GTC"}
    assert body["trailingStopLossOnFill"] == {"distance": "0.002", "timeInForce": "GTC"}


def _trailing() -> Exit:
    return Exit(distance=D("0.002"))


@pytest.mark.parametrize(
    ("order", "kind"),
    [
        (limit(liquidity=LiquidityPreference.MAKER_ONLY), NotSupported),
        (limit(stop_direction=StopDirection.UP), NotSupported),
        (market(quantity=None, quote_quantity=D(5)), NotSupported),
        (
            stop_limit_order(
                "EUR-USD",
                BUY,
                quantity="1",
                price="1.1",
                stop_price="1.1",
                stop_direction=StopDirection.UP,
                client_order_id=ID,
            ),
            NotSupported,
        ),
        (
            bracket_order(
                "EUR-USD",
                SELL,
                quantity="1",
                take_profit_price="1.2",
                stop_price="1.1",
                client_order_id=ID,
            ),
            NotSupported,
        ),
        (market(type=OrderType.TAKE_PROFIT), NotSupported),
        (market(client_order_id=""), OrderInvalid),
        (market(client_order_id="x" * 129), OrderInvalid),
        (market(quantity=None), OrderInvalid),
        (market(quantity=D(0)), OrderInvalid),
        (market(quantity=D(-1)), OrderInvalid),
        (market(quantity=D("NaN")), OrderInvalid),
        (market(quantity=D("Infinity")), OrderInvalid),
        (market(price=D(1)), OrderInvalid),
        (market(time_in_force=GTC), OrderInvalid),
        (market(margin=MarginTerms(trigger=TriggerPrice.ASK)), OrderInvalid),
        (market(margin=MarginTerms(price_bound=D(0))), OrderInvalid),
        (market(margin=MarginTerms(trade=ClientExtensions("x" * 129))), OrderInvalid),
        (limit(price=None), OrderInvalid),
        (limit(price=D(-1)), OrderInvalid),
        (limit(stop_price=D(1)), OrderInvalid),
        (limit(margin=MarginTerms(price_bound=D(1))), OrderInvalid),
        (limit(time_in_force=GTD), OrderInvalid),
        (limit(expire_time_ns=UNTIL_NS), OrderInvalid),
        (limit(time_in_force=GTD, expire_time_ns=10**30), OrderInvalid),
        (stop(stop_price=None), OrderInvalid),
        (stop(price=D(1)), OrderInvalid),
        (touched(time_in_force=IOC), OrderInvalid),
        (touched(time_in_force=FOK), OrderInvalid),
        (limit(margin=MarginTerms(exits=Exits(stop_loss=Exit()))), OrderInvalid),
        (limit(margin=MarginTerms(exits=Exits(stop_loss=Exit(D(1), D(1))))), OrderInvalid),
        (limit(margin=MarginTerms(exits=Exits(stop_loss=Exit(D(0))))), OrderInvalid),
        (
            limit(margin=MarginTerms(exits=Exits(stop_loss=Exit(D(1), time_in_force=IOC)))),
            OrderInvalid,
        ),
        (
            limit(
                attached=bracket(stop_price="1.08"),
                margin=MarginTerms(exits=Exits(stop_loss=Exit(D("1.08")))),
            ),
            OrderInvalid,
        ),
    ],
)
def test_what_cannot_be_sent_is_refused_at_once(
    order: OrderRequest, kind: type[EngineError]
) -> None:
    """Before the first request, so that nothing was asked."""
    conversation = talk()
    with pytest.raises(kind):
        conversation.ask(PlaceOrder(order))
    assert not conversation.requests


def test_a_client_order_id_of_128_characters_is_taken() -> None:
    """One more is not."""
    conversation = talk(refusal("X"))
    with pytest.raises(OrderRejected):
        conversation.ask(PlaceOrder(market(client_order_id="x" * 128)))
