"""Orders that are placed or replaced: what is sent, and what each answer means."""

from decimal import Decimal
from typing import Any

import orjson
import pytest
from attrs import evolve

from tests.support.oanda_acting import (
    NOW_NS,
    cancelled,
    created,
    filled,
    refusal,
    refused,
    reply,
    talk,
    told,
)
from venuetree.protocol.builders import (
    bracket,
    bracket_order,
    limit_order,
    market_if_touched_order,
    market_order,
    stop_limit_order,
    stop_order,
)
from venuetree.protocol.commands import PlaceOrder, Replaced, ReplaceOrder
from venuetree.protocol.errors import (
    CancelRefused,
    EngineError,
    InsufficientFunds,
    MarketHalted,
    NotSupported,
    OrderInvalid,
    OrderRejected,
    OutcomeUnknown,
    PriceOutOfBounds,
)
from venuetree.protocol.models import (
    ClientExtensions,
    Closing,
    Exit,
    Exits,
    LiquidityPreference,
    MarginTerms,
    OrderKey,
    OrderReport,
    OrderRequest,
    OrderStatus,
    OrderType,
    PositionFill,
    ReportSource,
    Side,
    StopDirection,
    TimeInForce,
    TriggerPrice,
)
from venuetree.protocol.port import Auth, Cost, Effect, Lane, LogTold, RestRequest
from venuetree.protocol.timestamps import SECOND
from venuetree.protocol.verdict import Verdict, placing_verdict

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
ID = "eng-0007"


def market(side: Side = BUY, **changes: Any) -> OrderRequest:
    """A market order for 10000 units, filled whole or not at all."""
    order = market_order("EUR-USD", side, quantity="10000", time_in_force=FOK, client_order_id=ID)
    return evolve(order, **changes)


def limit(side: Side = BUY, **changes: Any) -> OrderRequest:
    """A limit order."""
    order = limit_order("EUR-USD", side, quantity="10000", price="1.0910", client_order_id=ID)
    return evolve(order, **changes)


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


# ---------------------------------------------------------------- what is sent


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
WAITING = {"timeInForce": "GTC", "positionFill": "DEFAULT", "triggerCondition": "DEFAULT"}
LIMIT = {"type": "LIMIT", "instrument": "EUR_USD", "units": "10000", "price": "1.0910", **WAITING}
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


# ---------------------------------------------------------------- what came of it


def test_an_order_that_waits_is_open() -> None:
    """Nothing but its creation is told."""
    order = limit(SELL)
    made = created(
        6407, ID, kind="LIMIT_ORDER", units="-10000", price="1.09100", time_ns=NOW_NS - 5
    )
    conversation = talk(reply(told(orderCreateTransaction=made), 201))

    assert conversation.ask(PlaceOrder(order)) == OrderReport(
        exchange="oanda",
        instrument="EUR-USD",
        exchange_order_id="6407",
        status=OrderStatus.OPEN,
        source=ReportSource.REPLY,
        received_time_ns=NOW_NS,
        client_order_id=ID,
        side=SELL,
        type=OrderType.LIMIT,
        time_in_force=GTC,
        quantity=D(10000),
        price=D("1.09100"),
        filled_quantity=D(0),
        created_time_ns=NOW_NS - 5,
        exchange_time_ns=NOW_NS - 5,
    )


def place(*transactions: Any, order: OrderRequest | None = None, **named: Any) -> OrderReport:
    """What an answer of creation, execution and cancel means."""
    names = ("orderCreateTransaction", "orderFillTransaction", "orderCancelTransaction")
    body = told(**dict(zip(names, transactions, strict=False)), **named)
    return talk(reply(body, 201)).ask(PlaceOrder(order or market()))


def test_an_executed_order_is_filled_at_its_price_with_its_fees() -> None:
    """What was bought is what the execution says, whatever trades it opened or closed."""
    fill = filled(
        6402,
        6401,
        ID,
        commission="0.5000",
        guaranteedExecutionFee="0.2500",
        tradeOpened={"tradeID": "6402", "units": "4000", "price": "1.08425"},
    )
    report = place(created(6401, ID), fill)

    assert report.status is OrderStatus.FILLED
    assert report.filled_quantity == D(10000)
    assert report.average_price == D("1.08425")
    assert report.fees == D("0.7500")


def test_a_sale_is_a_sale() -> None:
    """Negative units."""
    report = place(
        created(6401, ID, units="-10000"),
        filled(6402, 6401, ID, units="-10000"),
        order=market(SELL),
    )

    assert (report.side, report.filled_quantity) == (SELL, D(10000))


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("MARKET_HALTED", MarketHalted),
        ("INSUFFICIENT_MARGIN", InsufficientFunds),
        ("BOUNDS_VIOLATION", PriceOutOfBounds),
        ("SOMETHING_NEW", OrderRejected),
    ],
)
def test_an_order_that_was_taken_and_not_executed_is_refused(
    reason: str, kind: type[EngineError]
) -> None:
    """The answer is a success: what it holds decides."""
    with pytest.raises(kind) as caught:
        place(created(6412, ID), None, cancelled(6413, 6412, reason, batch=6412))
    assert caught.value.code == reason
    assert placing_verdict(caught.value) is Verdict.NOT_PLACED


def test_what_was_executed_of_an_order_that_was_cancelled_counts() -> None:
    """Immediate or cancel, in part."""
    report = place(
        created(6401, ID, timeInForce="IOC"),
        filled(6402, 6401, ID, units="4000", requestedUnits="10000"),
        cancelled(6403, 6401, "INSUFFICIENT_LIQUIDITY", batch=6401),
        order=market(time_in_force=IOC),
    )

    assert report.status is OrderStatus.CANCELLED
    assert report.filled_quantity == D(4000)
    assert report.reason == "INSUFFICIENT_LIQUIDITY"


def test_an_order_executed_in_part_has_ended_even_without_a_cancel() -> None:
    """Nothing of it waits under its number."""
    report = place(created(6401, ID), filled(6402, 6401, ID, units="4000", requestedUnits="10000"))

    assert report.status is OrderStatus.CANCELLED
    assert report.filled_quantity == D(4000)
    assert "in part" in report.reason


def test_the_rest_of_an_order_that_goes_on_under_another_number_is_told() -> None:
    """The order itself has ended; the other one is told by the log."""
    report = place(
        created(6401, ID, kind="LIMIT_ORDER", price="1.09100"),
        filled(6402, 6401, ID, units="4000", requestedUnits="10000"),
        order=limit(),
        orderReissueTransaction=created(
            6403, ID, kind="LIMIT_ORDER", units="6000", price="1.09100", batch=6401
        ),
    )

    assert report.exchange_order_id == "6401"
    assert report.status is OrderStatus.CANCELLED
    assert "6403" in report.reason


def test_a_rest_that_was_refused_says_why() -> None:
    """And is no order."""
    report = place(
        created(6401, ID, kind="LIMIT_ORDER", price="1.09100"),
        filled(6402, 6401, ID, units="4000", requestedUnits="10000"),
        order=limit(),
        orderReissueRejectTransaction=refused(
            6403, ID, "UNITS_MINIMUM_NOT_MET", kind="LIMIT_ORDER"
        ),
    )

    assert report.status is OrderStatus.CANCELLED
    assert report.reason == "UNITS_MINIMUM_NOT_MET"


@pytest.mark.parametrize(
    "made",
    [
        created(6401, "another"),
        created(6401),
        created(6401, ID, units="-10000"),
        created(6401, ID, units="1"),
        created(6401, ID, instrument="USD_JPY"),
    ],
)
def test_an_answer_about_another_order_leaves_ours_open(made: dict[str, Any]) -> None:
    """It may exist all the same."""
    with pytest.raises(OutcomeUnknown) as caught:
        place(made, filled(6402, 6401, ID))
    assert caught.value.client_order_id == ID


@pytest.mark.parametrize(
    "body",
    [
        b"<html>busy</html>",
        b"[]",
        b"{}",
        orjson.dumps({"orderCreateTransaction": {"id": "6401"}}),
        orjson.dumps({"orderCreateTransaction": cancelled(1, 2)}),
        orjson.dumps({"orderCreateTransaction": created(6401, ID, units="a")}),
    ],
)
def test_a_success_that_cannot_be_read_leaves_the_order_open(body: bytes) -> None:
    """Never called refused."""
    with pytest.raises(OutcomeUnknown) as caught:
        talk(reply(body, 201)).ask(PlaceOrder(market()))
    assert caught.value.client_order_id == ID


def test_a_page_of_the_network_s_is_no_answer() -> None:
    """Though it says that all is well, and even if it can be read."""
    page = reply(told(orderCreateTransaction=created(6401, ID)), 201, {"content-type": "text/html"})
    with pytest.raises(OutcomeUnknown):
        talk(page).ask(PlaceOrder(market()))


# ---------------------------------------------------------------- what it tells of the log


def test_transactions_of_an_answer_are_told_before_anything_else() -> None:
    """Ascending, each as the stream would send it."""
    made, fill = created(6401, ID), filled(6402, 6401, ID)
    body = {**told(orderFillTransaction=fill, orderCreateTransaction=made)}
    body["lastTransactionID"] = "6404"
    conversation = talk(reply(body, 201))
    conversation.ask(PlaceOrder(market()))

    assert conversation.news == [LogTold("6404", (orjson.dumps(made), orjson.dumps(fill)), NOW_NS)]


def test_refusals_tell_of_the_log_too() -> None:
    """A refused order is a transaction."""
    no = refused(6411, ID)
    conversation = talk(refusal("UNITS_INVALID", **told(orderRejectTransaction=no)))
    with pytest.raises(OrderRejected):
        conversation.ask(PlaceOrder(market()))

    assert conversation.news == [LogTold("6411", (orjson.dumps(no),), NOW_NS)]


def test_an_answer_without_a_position_tells_nothing() -> None:
    """Nor one whose position is none."""
    for body in ({}, {"lastTransactionID": "x"}, {"lastTransactionID": 5}):
        conversation = talk(refusal("X", **body))
        with pytest.raises(OrderRejected):
            conversation.ask(PlaceOrder(market()))
        assert not conversation.news


# ---------------------------------------------------------------- replacing

KEY = OrderKey("EUR-USD", "eng-0006", "6407")


def replaced(*, old: str = "6407", **named: Any) -> dict[str, Any]:
    """An answer to a replacement."""
    return told(
        orderCancelTransaction=cancelled(
            6408, int(old), "CLIENT_REQUEST_REPLACED", "eng-0006", replacedByOrderID="6409"
        ),
        orderCreateTransaction=created(
            6409,
            ID,
            kind="LIMIT_ORDER",
            price="1.09100",
            batch=6408,
            reason="REPLACEMENT",
            replacesOrderID=old,
        ),
        **named,
    )


def test_a_replacement_is_the_whole_order_in_the_place_of_the_old() -> None:
    """With an id of its own; the old one is named by the exchange's."""
    conversation = talk(reply(replaced(), 201))
    answer = conversation.ask(ReplaceOrder(KEY, limit()))

    (request,) = conversation.requests
    assert (request.method, request.path) == ("PUT", "/v3/accounts/{account}/orders/6407")
    assert conversation.body()["order"] == {**LIMIT, "clientExtensions": {"id": ID}}
    assert (request.effect, request.lane) == (Effect.WRITE, Lane.PLACE)
    assert answer.cancelled is not None
    assert answer.cancelled.exchange_order_id == "6407"
    assert answer.cancelled.client_order_id == "eng-0006"
    assert answer.cancelled.instrument == "EUR-USD"
    assert answer.cancelled.status is OrderStatus.CANCELLED
    assert isinstance(answer.placed, OrderReport)
    assert answer.placed.exchange_order_id == "6409"
    assert answer.placed.status is OrderStatus.OPEN


def test_an_order_is_named_by_our_id_where_the_exchange_s_is_not_known() -> None:
    """With what must be encoded encoded."""
    conversation = talk(reply(replaced(), 201))
    conversation.ask(ReplaceOrder(OrderKey("EUR-USD", "eng/0006 @"), limit()))

    assert conversation.requests[0].path.endswith("/orders/@eng%2F0006%20%40")


def placed_by(answer: Replaced) -> OrderReport | EngineError:
    """What became of the new order; the old one has ended."""
    assert answer.cancelled is not None
    assert answer.cancelled.status is OrderStatus.CANCELLED
    return answer.placed


def test_a_replacement_that_was_executed_at_once_is_filled() -> None:
    """It was marketable."""
    body = replaced(orderFillTransaction=filled(6410, 6409, ID, batch=6408))
    placed = placed_by(talk(reply(body, 201)).ask(ReplaceOrder(KEY, limit())))

    assert isinstance(placed, OrderReport)
    assert placed.status is OrderStatus.FILLED


def test_a_replacement_that_was_ended_at_once_is_a_refusal_of_the_new_order_alone() -> None:
    """The old one is gone all the same."""
    body = replaced(
        replacingOrderCancelTransaction=cancelled(6410, 6409, "INSUFFICIENT_MARGIN", batch=6408)
    )
    placed = placed_by(talk(reply(body, 201)).ask(ReplaceOrder(KEY, limit())))

    assert isinstance(placed, InsufficientFunds)


def test_a_new_order_that_is_another_leaves_its_outcome_open() -> None:
    """The old one has ended, though."""
    placed = placed_by(talk(reply(replaced(), 201)).ask(ReplaceOrder(KEY, limit(SELL))))

    assert isinstance(placed, OutcomeUnknown)


def test_the_end_of_another_order_than_the_one_meant_leaves_both_open() -> None:
    """Nothing is believed of such an answer."""
    with pytest.raises(OutcomeUnknown):
        talk(reply(replaced(old="1"), 201)).ask(ReplaceOrder(KEY, limit()))


def test_a_refused_replacement_leaves_the_old_order_as_it_was() -> None:
    """The refusal is of the new one."""
    no = refused(6411, ID, "PRICE_PRECISION_EXCEEDED", kind="LIMIT_ORDER")
    answer = refusal("PRICE_PRECISION_EXCEEDED", **told(orderRejectTransaction=no))
    with pytest.raises(OrderRejected) as caught:
        talk(answer).ask(ReplaceOrder(KEY, limit()))
    assert caught.value.code == "PRICE_PRECISION_EXCEEDED"


@pytest.mark.parametrize("code", ["ORDER_DOESNT_EXIST", "NO_SUCH_ORDER"])
def test_an_order_that_does_not_wait_cannot_be_replaced(code: str) -> None:
    """Unknown, filled or cancelled."""
    with pytest.raises(CancelRefused):
        talk(refusal(code, status=404)).ask(ReplaceOrder(KEY, limit()))


def test_what_closes_something_takes_nobody_s_place() -> None:
    """There is no such request."""
    order = market(SELL, margin=MarginTerms(closing=Closing("6402")))
    conversation = talk()
    with pytest.raises(NotSupported):
        conversation.ask(ReplaceOrder(KEY, order))
    assert not conversation.requests
