"""Orders by REST: what is asked, and what each answer means. Driven by literal replies."""

from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from attrs import evolve

from tests.support.binance_us import NOW_NS, error, listed, payload, reply, talk
from venuetree.protocol.builders import (
    bracket,
    bracket_order,
    limit_order,
    market_order,
    stop_limit_order,
)
from venuetree.protocol.commands import (
    CancelOrder,
    EditOrder,
    FetchFills,
    FetchOpenOrders,
    FetchOrder,
    FetchOrders,
    PlaceOrder,
    PreviewOrder,
)
from venuetree.protocol.errors import (
    CancelRefused,
    EngineError,
    ExchangeUnavailable,
    InstrumentNotFound,
    NotSupported,
    OrderInvalid,
    OrderNotFound,
    OutcomeUnknown,
    RateLimited,
    RemoteProtocolError,
    ReplyLost,
    TransportError,
)
from venuetree.protocol.exchanges.binance_us.rest import BinanceUsRest
from venuetree.protocol.models import (
    Fill,
    Instrument,
    InstrumentStatus,
    Liquidity,
    LiquidityPreference,
    Notional,
    OrderKey,
    OrderPreview,
    OrderReport,
    OrderRequest,
    OrderStatus,
    OrderType,
    PriceBand,
    Quantum,
    QuantumField,
    ReportSource,
    Side,
    StopDirection,
    TimeInForce,
)
from venuetree.protocol.port import (
    Auth,
    Cost,
    Effect,
    FlowContext,
    Lane,
    ReferenceTold,
    RestReply,
    RestRequest,
)
from venuetree.protocol.timestamps import SECOND
from venuetree.protocol.verdict import Verdict, placing_verdict

D = Decimal
MS = 1_000_000
DAY_MS = 24 * 3600 * 1000
NOW_MS = NOW_NS // MS
CLIENT_ID = "eng-7f3a91c2-0001"
GTC, IOC, FOK, GTD = (
    TimeInForce.GOOD_TILL_CANCELLED,
    TimeInForce.IMMEDIATE_OR_CANCEL,
    TimeInForce.FILL_OR_KILL,
    TimeInForce.GOOD_TILL_DATE,
)
BUY, SELL = Side.BUY, Side.SELL
UP, DOWN = StopDirection.UP, StopDirection.DOWN
MAKER_ONLY = LiquidityPreference.MAKER_ONLY
WEIGHT_1 = (Cost("weight_1m", 1), Cost("raw_5m"))
ORDERS_1 = (Cost("orders_10s"), Cost("orders_1d"))

ORDER = limit_order("BTC-USD", BUY, quantity="0.005", price="117000", client_order_id=CLIENT_ID)
PLACED = payload("rest_placed")


def weighing(weight: int) -> tuple[Cost, ...]:
    """What a question costs."""
    return (Cost("weight_1m", weight), Cost("raw_5m"))


def asked(request: RestRequest) -> dict[str, str]:
    """The parameters of a request, wherever they are; each stands once."""
    pairs = parse_qsl(request.query or request.body.decode(), strict_parsing=True)
    assert len({name for name, _ in pairs}) == len(pairs)
    return dict(pairs)


def limit(side: Side = BUY, **changes: Any) -> OrderRequest:
    """A limit order."""
    return limit_order("BTC-USD", side, **{"quantity": "0.5", "price": "64300.00", **changes})


def market(side: Side = BUY, **changes: Any) -> OrderRequest:
    """A market order."""
    return market_order("BTC-USD", side, **(changes or {"quantity": "0.5"}))


def stop(side: Side, direction: StopDirection, **changes: Any) -> OrderRequest:
    """A stop-limit order."""
    return stop_limit_order(
        "BTC-USD",
        side,
        quantity="0.5",
        price="64300.00",
        stop_price="64200.10",
        stop_direction=direction,
        **changes,
    )


# ---------------------------------------------------------------- what is sent


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


# ---------------------------------------------------------------- placing


def test_a_reply_is_the_orders_state() -> None:
    """That of the documents, filled at once at two prices."""
    assert talk(reply(PLACED)).ask(PlaceOrder(ORDER)) == OrderReport(
        exchange="binance_us",
        instrument="BTC-USD",
        exchange_order_id="2281896601",
        status=OrderStatus.FILLED,
        source=ReportSource.REPLY,
        received_time_ns=NOW_NS,
        client_order_id=CLIENT_ID,
        side=BUY,
        type=OrderType.LIMIT,
        time_in_force=GTC,
        quantity=D("0.005"),
        price=D(117000),
        filled_quantity=D("0.005"),
        average_price=D("116999.7"),
        created_time_ns=1788540330101 * MS,
        exchange_time_ns=1788540330101 * MS,
    )


@pytest.mark.parametrize(
    ("order", "fields"),
    [
        (
            limit(time_in_force=IOC, client_order_id=CLIENT_ID),
            {"timeInForce": "IOC", "type": "LIMIT"},
        ),
        (
            limit(time_in_force=FOK, client_order_id=CLIENT_ID),
            {"timeInForce": "FOK", "type": "LIMIT", "executedQty": "0.00000000"},
        ),
        (
            evolve(market(), client_order_id=CLIENT_ID),
            {"timeInForce": "GTC", "type": "MARKET", "price": "0.00000000"},
        ),
    ],
)
def test_an_order_that_could_not_fill_is_expired_and_no_error(
    order: OrderRequest, fields: dict[str, str]
) -> None:
    """With what it got; a market order has no price."""
    told = {**PLACED, "status": "EXPIRED", "executedQty": "0.00200000", **fields}
    report = talk(reply(told)).ask(PlaceOrder(order))

    assert report.status is OrderStatus.EXPIRED
    assert report.filled_quantity == D(told["executedQty"])
    assert (report.price is None) is (order.type is OrderType.MARKET)
    assert (report.average_price is None) is (not report.filled_quantity)


def test_a_waiting_stop_has_its_prices_and_was_not_at_work_yet() -> None:
    """`workingTime` is negative."""
    told = {
        **PLACED,
        "type": "STOP_LOSS_LIMIT",
        "status": "NEW",
        "stopPrice": "64200.10000000",
        "workingTime": -1,
    }
    del told["origQuoteOrderQty"]
    report = talk(reply(told)).ask(PlaceOrder(evolve(stop(BUY, UP), client_order_id=CLIENT_ID)))

    assert report.stop_price == D("64200.10")
    assert report.created_time_ns is None
    assert (report.type, report.quote_quantity) == (OrderType.STOP_LIMIT, None)


@pytest.mark.parametrize(
    "told",
    [
        {**PLACED, "clientOrderId": "another"},
        {**PLACED, "side": "SELL"},
        {**PLACED, "symbol": "ETHUSD"},
    ],
)
def test_an_answer_about_another_order_leaves_ours_unknown(told: dict[str, Any]) -> None:
    """Ours may exist all the same."""
    with pytest.raises(OutcomeUnknown) as caught:
        talk(reply(told)).ask(PlaceOrder(ORDER))

    assert caught.value.client_order_id == CLIENT_ID


def test_an_instrument_that_only_we_can_split_keeps_its_name() -> None:
    """Without the list: an answer about it must not look like one about another order."""
    order = evolve(ORDER, instrument="XYB-USD")
    report = talk(reply({**PLACED, "symbol": "XYBUSD"})).ask(PlaceOrder(order))
    (listed_one,) = talk(reply([listed(symbol="XYBUSD")])).ask(FetchOpenOrders("XYB-USD"))
    (fill,) = talk(reply([{**TRADE, "symbol": "XYBUSD"}])).ask(FetchFills(instrument="XYB-USD"))

    assert {report.instrument, listed_one.instrument, fill.instrument} == {"XYB-USD"}


ACK = {key: PLACED[key] for key in ("symbol", "orderId", "clientOrderId", "transactTime")}


@pytest.mark.parametrize(
    "answer",
    [
        *(reply(body) for body in (b"", b"{", b"[]", b"<html>", {}, ACK)),
        *(
            reply({**PLACED, name: value})
            for name, value in {
                "status": "MAYBE",
                "timeInForce": "GTX",
                "side": "SHORT",
                "executedQty": "1e-3",
                "price": 117000.0,
                "orderId": "2281896601",
            }.items()
        ),
        reply(PLACED, 302),
        reply(PLACED, 500),
    ],
)
@pytest.mark.parametrize("command", [PlaceOrder(ORDER)])
def test_an_answer_that_cannot_be_read_leaves_the_order_unknown(
    answer: RestReply, command: PlaceOrder
) -> None:
    """It was accepted, perhaps."""
    with pytest.raises(OutcomeUnknown) as caught:
        talk(answer).ask(command)

    assert caught.value.client_order_id == CLIENT_ID
    assert caught.value.operation == "place"


def test_a_reply_of_an_unknown_type_is_read() -> None:
    """No money hangs on it."""
    report = talk(reply({**PLACED, "type": "SOMETHING_NEW"})).ask(PlaceOrder(ORDER))

    assert report.type is OrderType.OTHER


# ---------------------------------------------------------------- the reference price

BAND = PriceBand("PERCENT_PRICE", 5, D("0.2"), D(5), D("0.2"), D(5))
FOR_MARKET = Notional("MIN_NOTIONAL", D(10))
GRID = Quantum(QuantumField.PRICE, "PRICE_FILTER", step=D("0.01"))
NOT_FOR_MARKET = Notional("MIN_NOTIONAL", D(10), minimum_for_market=False)
AVERAGE = {"mins": 5, "price": "117254.11873012", "closeTime": 1788540300123}
MARKET = evolve(market(quantity="0.005"), client_order_id=CLIENT_ID)
SPENDING = evolve(market(quote_quantity="25"), client_order_id=CLIENT_ID)


def ruled(*rules: Any) -> list[Instrument]:
    """The list with one instrument, which has these rules."""
    return [Instrument("BTC-USD", "BTC", "USD", "BTCUSD", InstrumentStatus.TRADING, tuple(rules))]


def reference(age_ns: int, price: str = "117254", name: str = "BTC-USD") -> ReferenceTold:
    """A reference price of that age."""
    return ReferenceTold(name, D(price), NOW_NS - age_ns)


def test_the_reference_price_is_asked_as_urgently_as_the_order() -> None:
    """And told, for the next order."""
    conversation = talk(reply(AVERAGE), reply(PLACED), instruments=ruled(BAND))
    conversation.ask(PlaceOrder(ORDER))

    assert conversation.requests[0] == RestRequest(
        operation="reference_price",
        method="GET",
        path="/api/v3/avgPrice",
        query="symbol=BTCUSD",
        auth=Auth.NONE,
        lane=Lane.PLACE,
        costs=weighing(2),
    )
    assert conversation.asked == ["reference_price", "place"]
    assert conversation.news == [ReferenceTold("BTC-USD", D("117254.11873012"), NOW_NS)]


@pytest.mark.parametrize(
    ("references", "is_asked"),
    [
        ([], True),
        ([reference(60 * SECOND + 1)], True),
        ([reference(60 * SECOND)], False),
        ([reference(0)], False),
        ([reference(0, name="ETH-USD")], True),
    ],
)
def test_the_reference_price_is_asked_once_a_minute(
    references: list[ReferenceTold],
    is_asked: bool,  # noqa: FBT001 - a table's column
) -> None:
    """It is an average, and changes slowly."""
    replies = [reply(AVERAGE), reply(PLACED)] if is_asked else [reply(PLACED)]
    conversation = talk(*replies, instruments=ruled(BAND), references=references)
    conversation.ask(PlaceOrder(ORDER))

    assert conversation.asked == (["reference_price", "place"] if is_asked else ["place"])


@pytest.mark.parametrize(
    ("order", "rules", "is_asked"),
    [
        (ORDER, [BAND], True),
        (ORDER, [FOR_MARKET], False),
        (ORDER, [], False),
        (ORDER, [GRID], False),
        (MARKET, [GRID, FOR_MARKET], True),
        (MARKET, [BAND], False),
        (MARKET, [FOR_MARKET], True),
        (MARKET, [Notional("NOTIONAL", maximum=D(1000000))], True),
        (MARKET, [NOT_FOR_MARKET], False),
        (MARKET, [Notional("MIN_NOTIONAL")], False),
        (SPENDING, [BAND, FOR_MARKET], False),
        (evolve(stop(BUY, UP), client_order_id=CLIENT_ID), [BAND], True),
    ],
)
def test_the_reference_price_is_asked_only_where_a_rule_needs_it(
    order: OrderRequest,
    rules: list[Any],
    is_asked: bool,  # noqa: FBT001 - a table's column
) -> None:
    """A limit price by a band, a market order's worth by a notional."""
    told = reply({**PLACED, "status": "NEW", "executedQty": "0.00000000"})
    replies = [reply(AVERAGE), told] if is_asked else [told]
    conversation = talk(*replies, instruments=ruled(*rules))
    conversation.ask(PlaceOrder(order))

    assert conversation.asked == (["reference_price", "place"] if is_asked else ["place"])


def test_without_the_list_nothing_is_judged() -> None:
    """The exchange does that."""
    conversation = talk(reply(PLACED))
    conversation.ask(PlaceOrder(ORDER))

    assert conversation.asked == ["place"]


@pytest.mark.parametrize(
    ("order", "rules", "rule"),
    [
        (ORDER, [PriceBand("PERCENT_PRICE", 5, buy_minimum=D(2))], "PERCENT_PRICE"),
        (ORDER, [PriceBand("PERCENT_PRICE_BY_SIDE", 5, buy_maximum=D("0.5"))], None),
        (MARKET, [Notional("MIN_NOTIONAL", D(1000))], "MIN_NOTIONAL"),
    ],
)
@pytest.mark.parametrize("is_known", [False, True])
def test_a_price_too_far_away_is_refused_before_any_order(
    order: OrderRequest,
    rules: list[Any],
    rule: str | None,
    is_known: bool,  # noqa: FBT001 - a table's column
) -> None:
    """By what is known or by what has been asked."""
    conversation = talk(
        *([] if is_known else [reply(AVERAGE)]),
        instruments=ruled(*rules),
        references=[reference(0)] if is_known else [],
    )
    with pytest.raises(OrderInvalid) as caught:
        conversation.ask(PlaceOrder(order))

    assert caught.value.rule == (rule or "PERCENT_PRICE_BY_SIDE")
    assert all(request.method == "GET" for request in conversation.requests)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply(b"{"), TransportError),
        (reply({"mins": 5}), TransportError),
        (error(-1001, "Internal error", 500), TransportError),
        (reply(b"<html>", 403), TransportError),
        (ReplyLost("lost", exchange="binance_us", operation="reference_price"), TransportError),
        (TransportError("down"), TransportError),
        (error(-1003, "Too much request weight used", 429), RateLimited),
        (error(-1121, "Invalid symbol."), InstrumentNotFound),
    ],
)
def test_an_order_whose_reference_price_cannot_be_read_was_not_placed(
    answer: Any, kind: type[EngineError]
) -> None:
    """It has no open outcome: nothing of it was sent."""
    conversation = talk(answer, instruments=ruled(BAND))
    with pytest.raises(kind) as caught:
        conversation.ask(PlaceOrder(ORDER))

    assert placing_verdict(caught.value) is Verdict.NOT_PLACED
    assert conversation.asked == ["reference_price"]


# ---------------------------------------------------------------- trying


def test_a_trial_is_a_question() -> None:
    """The same body, at another path; it counts as no order."""
    conversation = talk(reply({}))
    preview = conversation.ask(PreviewOrder(ORDER))
    (request,) = conversation.requests

    assert preview == OrderPreview("binance_us", "BTC-USD", None, None, None, None, (), ())
    assert (request.method, request.path, request.operation) == (
        "POST",
        "/api/v3/order/test",
        "preview",
    )
    assert (request.effect, request.lane, request.costs) == (Effect.READ, Lane.DATA, WEIGHT_1)
    assert asked(request)["type"] == "LIMIT"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (-1013, "Filter failure: LOT_SIZE"),
        (-1014, "Unsupported order combination."),
        (-1111, "Precision is over the maximum defined for this asset."),
        (-2010, "Account has insufficient balance for requested action."),
        (-2010, "Order would immediately match and take."),
    ],
)
def test_what_the_exchange_would_refuse_is_a_problem_and_no_error(code: int, message: str) -> None:
    """In its own words."""
    preview = talk(error(code, message)).ask(PreviewOrder(ORDER))

    assert preview.problems == (f"{message} [{code}]",)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(-1121, "Invalid symbol."), InstrumentNotFound),
        (error(-1003, "Too much request weight used", 429), RateLimited),
        (error(-1007, "Timeout", 504), ExchangeUnavailable),
        (reply(b"{"), RemoteProtocolError),
    ],
)
def test_what_is_not_about_the_order_is_an_error(
    answer: RestReply, kind: type[EngineError]
) -> None:
    """And no open outcome either, since nothing can have been placed."""
    with pytest.raises(kind):
        talk(answer).ask(PreviewOrder(ORDER))


# ---------------------------------------------------------------- cancelling


@pytest.mark.parametrize(
    ("key", "query"),
    [
        (OrderKey("BTC-USD", "c1", "2281896640"), "symbol=BTCUSD&orderId=2281896640"),
        (OrderKey("BTC-USD", "", "2281896640"), "symbol=BTCUSD&orderId=2281896640"),
        (OrderKey("BTC-USD", "c1"), "symbol=BTCUSD&origClientOrderId=c1"),
    ],
)
def test_a_cancel_names_the_order_once(key: OrderKey, query: str) -> None:
    """By the exchange's id where it is known; it counts as no order."""
    conversation = talk(reply(payload("rest_cancelled")))
    conversation.ask(CancelOrder(key))

    assert conversation.requests == [
        RestRequest(
            operation="cancel",
            method="DELETE",
            path="/api/v3/order",
            query=query,
            effect=Effect.WRITE,
            lane=Lane.CANCEL,
            costs=WEIGHT_1,
            client_order_id=key.client_order_id,
            timeout_ns=15 * SECOND,
        )
    ]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(-2011, "Unknown order sent."), CancelRefused),
        (error(-2013, "Order does not exist."), OrderNotFound),
        (error(-1007, "Timeout", 504), OutcomeUnknown),
        (reply(b"{"), OutcomeUnknown),
        (reply(b"[]"), OutcomeUnknown),
    ],
)
def test_a_cancel_may_be_refused_or_stay_open(answer: RestReply, kind: type[EngineError]) -> None:
    """One that cannot be read has perhaps happened."""
    with pytest.raises(kind):
        talk(answer).ask(CancelOrder(OrderKey("BTC-USD", "c1", "1")))


@pytest.mark.parametrize("command", [CancelOrder, FetchOrder])
def test_an_order_without_its_instrument_cannot_be_named(
    command: type[CancelOrder | FetchOrder],
) -> None:
    """Numbers are unique within a symbol only."""
    with pytest.raises(NotSupported):
        talk().ask(command(OrderKey("", "c1", "1")))


def test_orders_cannot_be_edited() -> None:
    """A replacement is another order."""
    with pytest.raises(NotSupported):
        talk().ask(EditOrder(OrderKey("BTC-USD", "c1", "1"), ORDER))


# ---------------------------------------------------------------- asking about orders

REPORT = OrderReport(
    exchange="binance_us",
    instrument="BTC-USD",
    exchange_order_id="2281896640",
    status=OrderStatus.PARTIALLY_FILLED,
    source=ReportSource.QUERY,
    received_time_ns=NOW_NS,
    client_order_id="eng-7f3a91c2-0002",
    side=BUY,
    type=OrderType.LIMIT,
    time_in_force=GTC,
    quantity=D("0.01"),
    price=D(116000),
    filled_quantity=D("0.002"),
    average_price=D(116000),
    created_time_ns=1788540380001 * MS,
    exchange_time_ns=1788540385420 * MS,
)


@pytest.mark.parametrize(
    ("key", "query"),
    [
        (OrderKey("BTC-USD", "c1", "2281896640"), "symbol=BTCUSD&orderId=2281896640"),
        (OrderKey("BTC-USD", "c1"), "symbol=BTCUSD&origClientOrderId=c1"),
    ],
)
def test_an_order_is_asked_for_by_either_id(key: OrderKey, query: str) -> None:
    """By the exchange's where it is known."""
    conversation = talk(reply(payload("rest_order")))

    assert conversation.ask(FetchOrder(key)) == REPORT
    assert conversation.requests == [
        RestRequest(
            operation="order",
            method="GET",
            path="/api/v3/order",
            query=query,
            costs=weighing(4),
        )
    ]


@pytest.mark.parametrize(
    ("key", "told", "believed"),
    [
        (OrderKey("BTC-USD", "c1", "2281896640"), "the-cancels", "c1"),
        (OrderKey("BTC-USD", "", "2281896640"), "the-cancels", ""),
        (OrderKey("BTC-USD", "c1"), "c1", "c1"),
    ],
)
def test_the_name_that_a_cancel_gave_is_not_believed(
    key: OrderKey, told: str, believed: str
) -> None:
    """Ours is what was asked for, or not known."""
    report = talk(reply(listed(status="CANCELED", clientOrderId=told))).ask(FetchOrder(key))

    assert report.status is OrderStatus.CANCELLED
    assert report.client_order_id == believed


@pytest.mark.parametrize("status", ["NEW", "FILLED", "EXPIRED", "EXPIRED_IN_MATCH", "REJECTED"])
def test_another_order_than_a_cancelled_one_has_its_own_name(status: str) -> None:
    """Of an order that is not ours, the name is not what was asked for."""
    told = listed(status=status, clientOrderId="theirs")
    report = talk(reply(told)).ask(FetchOrder(OrderKey("BTC-USD", "", "2281896640")))

    assert report.client_order_id == "theirs"


@pytest.mark.parametrize(
    ("fields", "name", "expected"),
    [
        ({"cummulativeQuoteQty": "-1.00000000"}, "average_price", None),
        ({"executedQty": "0.00000000"}, "average_price", None),
        ({"origQuoteOrderQty": "25.00000000"}, "quote_quantity", D(25)),
        ({"origQty": "0.00000000"}, "quantity", None),
        ({"stopPrice": "5.00000000"}, "stop_price", D(5)),
        ({"status": "PENDING_CANCEL"}, "is_cancelling", True),
        ({"status": "PENDING_CANCEL"}, "status", OrderStatus.OPEN),
        ({"status": "EXPIRED_IN_MATCH"}, "reason", "EXPIRED_IN_MATCH"),
        ({"expiryReason": "INSUFFICIENT_LIQUIDITY"}, "reason", "INSUFFICIENT_LIQUIDITY"),
    ],
)
def test_what_a_query_says_without_saying_it(
    fields: dict[str, str], name: str, expected: object
) -> None:
    """Zeros and negative amounts stand for nothing."""
    report = talk(reply(listed(**fields))).ask(FetchOrder(OrderKey("BTC-USD", "c1", "1")))

    assert getattr(report, name) == expected


def test_an_archived_order_is_no_missing_one() -> None:
    """-2013 is soon after placing no proof; -2026 is one."""
    key = OrderKey("BTC-USD", "c1", "1")
    with pytest.raises(OrderNotFound):
        talk(error(-2013, "Order does not exist.")).ask(FetchOrder(key))
    with pytest.raises(EngineError) as caught:
        talk(error(-2026, "Order was archived.")).ask(FetchOrder(key))

    assert not isinstance(caught.value, OrderNotFound)
    assert caught.value.code == "-2026"


@pytest.mark.parametrize(
    ("instrument", "query", "weight"), [("BTC-USD", "symbol=BTCUSD", 6), ("", "", 80)]
)
def test_open_orders_of_one_instrument_or_of_all(instrument: str, query: str, weight: int) -> None:
    """All at once weigh much more."""
    conversation = talk(reply([payload("rest_order"), listed(orderId=7, symbol="ETHUSDT")]))
    first, second = conversation.ask(FetchOpenOrders(instrument))

    assert first == REPORT
    assert (second.exchange_order_id, second.instrument) == ("7", "ETH-USDT")
    assert conversation.requests == [
        RestRequest(
            operation="open_orders",
            method="GET",
            path="/api/v3/openOrders",
            query=query,
            costs=weighing(weight),
        )
    ]


@pytest.mark.parametrize("body", [{}, [1], [[]], [None], [{}], b"{"])
def test_a_list_that_is_none_is_an_error(body: Any) -> None:
    """And never an empty list."""
    for command in (
        FetchOpenOrders("BTC-USD"),
        FetchOrders("BTC-USD"),
        FetchFills(instrument="BTC-USD"),
    ):
        with pytest.raises(RemoteProtocolError):
            talk(reply(body)).ask(command)


# ---------------------------------------------------------------- lists of orders


def rows(first: int, count: int, time_ms: int) -> list[dict[str, Any]]:
    """So many orders, a millisecond apart."""
    return [
        listed(orderId=first + i, clientOrderId=f"c{first + i}", time=time_ms + i)
        for i in range(count)
    ]


def ids(reports: tuple[OrderReport, ...]) -> list[int]:
    """Their numbers."""
    return [int(report.exchange_order_id) for report in reports]


def test_the_latest_orders_come_newest_first() -> None:
    """Cut to what was asked for."""
    conversation = talk(reply(rows(1, 5, NOW_MS)))

    assert ids(conversation.ask(FetchOrders("BTC-USD", limit=2))) == [5, 4]
    assert conversation.requests == [
        RestRequest(
            operation="orders",
            method="GET",
            path="/api/v3/allOrders",
            query="symbol=BTCUSD&limit=1000",
            costs=weighing(20),
        )
    ]


def test_orders_are_listed_by_instrument_only() -> None:
    """The exchange needs to know which."""
    with pytest.raises(NotSupported):
        talk().ask(FetchOrders())


def test_an_end_alone_is_asked_for_too() -> None:
    """The latest of all might all be later."""
    end_ns = NOW_NS - 3600 * SECOND
    conversation = talk(reply(rows(1, 3, end_ns // MS - 2)), clock_offset_ns=0)

    assert ids(conversation.ask(FetchOrders("BTC-USD", end_time_ns=end_ns))) == [2, 1]
    assert asked(conversation.requests[0])["endTime"] == str(end_ns // MS - 1)


def test_a_window_is_asked_for_day_by_day() -> None:
    """Inclusive over there, by the exchange's clock; nothing is asked twice or left out."""
    offset_ms = 5000
    start_ms, end_ms = NOW_MS - 2 * DAY_MS - 3_600_000, NOW_MS - 7
    pages = [reply(rows(1, 1, start_ms)), reply([]), reply(rows(3, 2, NOW_MS - 100))]
    conversation = talk(*pages, clock_offset_ns=offset_ms * MS)
    found = conversation.ask(
        FetchOrders("BTC-USD", start_time_ns=start_ms * MS, end_time_ns=end_ms * MS)
    )
    spans = [
        (int(asked(request)["startTime"]) - offset_ms, int(asked(request)["endTime"]) - offset_ms)
        for request in conversation.requests
    ]

    assert ids(found) == [4, 3, 1]
    assert spans == [
        (start_ms, start_ms + DAY_MS - 1),
        (start_ms + DAY_MS, start_ms + 2 * DAY_MS - 1),
        (start_ms + 2 * DAY_MS, end_ms - 1),
    ]
    assert all(asked(request)["limit"] == "1000" for request in conversation.requests)


def test_orders_after_the_end_are_left_out() -> None:
    """Pages by number go beyond it."""
    start_ms, end_ms = NOW_MS - 10_000, NOW_MS - 5_000
    pages = [reply(rows(1, 1000, start_ms)), reply(rows(1001, 2, end_ms - 1))]
    found = talk(*pages).ask(
        FetchOrders("BTC-USD", start_time_ns=start_ms * MS, end_time_ns=end_ms * MS)
    )

    assert ids(found) == [1001, *range(1000, 0, -1)]


def test_a_full_page_goes_on_by_number_to_the_end_of_all() -> None:
    """Whatever day that is: nothing more is asked by time."""
    start_ms = NOW_MS - 3 * DAY_MS
    pages = [
        reply(rows(1, 1000, start_ms)),
        reply(rows(1001, 1000, start_ms + DAY_MS)),
        reply(rows(2001, 1, NOW_MS - 1)),
    ]
    conversation = talk(*pages)
    found = conversation.ask(FetchOrders("BTC-USD", start_time_ns=start_ms * MS))

    assert ids(found) == list(range(2001, 0, -1))
    assert [asked(request).get("orderId") for request in conversation.requests] == [
        None,
        "1001",
        "2001",
    ]
    assert "startTime" not in asked(conversation.requests[1])


def test_a_long_time_is_read_by_number_and_cut_to_it() -> None:
    """Day by day, years would take hundreds of requests, most of them for nothing."""
    start_ms, end_ms = NOW_MS - 31 * DAY_MS, NOW_MS - 5
    pages = [
        reply(rows(1, 1000, start_ms - 999)),
        reply(rows(1001, 2, end_ms - 1)),
    ]
    conversation = talk(*pages)
    found = conversation.ask(
        FetchOrders("BTC-USD", start_time_ns=start_ms * MS, end_time_ns=end_ms * MS)
    )

    assert ids(found) == [1001, 1000]
    assert [asked(request) for request in conversation.requests] == [
        {"symbol": "BTCUSD", "orderId": "1", "limit": "1000"},
        {"symbol": "BTCUSD", "orderId": "1001", "limit": "1000"},
    ]


@pytest.mark.parametrize("start_ns", [0, 1])
def test_all_orders_and_executions_of_all_time_are_a_few_pages(start_ns: int) -> None:
    """Since 1970."""
    orders = talk(reply(rows(1, 3, 1_600_000_000_000)))
    executions = talk(reply(trades(1, 3)))

    assert ids(orders.ask(FetchOrders("BTC-USD", start_time_ns=start_ns))) == [3, 2, 1]
    found = executions.ask(FetchFills(instrument="BTC-USD", start_time_ns=start_ns))
    assert numbers(found) == [3, 2, 1]
    assert [request.query for request in executions.requests] == [
        "symbol=BTCUSD&fromId=1&limit=1000"
    ]


def test_an_end_in_the_future_is_not_asked_for() -> None:
    """There is nothing a minute from now, and a day costs a request."""
    conversation = talk(reply([]))
    conversation.ask(
        FetchOrders(
            "BTC-USD",
            start_time_ns=NOW_NS - SECOND,
            end_time_ns=NOW_NS + 10**6 * DAY_MS * MS,
        )
    )

    assert len(conversation.requests) == 1


def test_a_window_without_an_inside_asks_nothing() -> None:
    """The end is not in it."""
    command = FetchOrders("BTC-USD", start_time_ns=NOW_NS, end_time_ns=NOW_NS)
    flow = BinanceUsRest().flow(command, FlowContext(NOW_NS))
    with pytest.raises(StopIteration) as done:
        next(flow)

    assert done.value.value == ()


# ---------------------------------------------------------------- fills

(TRADE,) = payload("rest_my_trades")


def trades(first: int, count: int) -> list[dict[str, Any]]:
    """So many executions."""
    return [{**TRADE, "id": first + i} for i in range(count)]


def numbers(fills: tuple[Fill, ...]) -> list[int]:
    """Their numbers."""
    return [int(fill.fill_id) for fill in fills]


def test_an_execution_is_read_whole() -> None:
    """That of the documents."""
    conversation = talk(reply([TRADE]))

    assert conversation.ask(FetchFills(instrument="BTC-USD")) == (
        Fill(
            exchange="binance_us",
            instrument="BTC-USD",
            fill_id="88685101",
            exchange_order_id="2281896601",
            side=BUY,
            price=D("116999.50"),
            quantity=D("0.003"),
            fee=D("0.00000060"),
            fee_currency="BTC",
            liquidity=Liquidity.TAKER,
            exchange_time_ns=1788540330101 * MS,
            client_order_id="",
            trade_id="88685101",
        ),
    )
    assert conversation.requests == [
        RestRequest(
            operation="fills",
            method="GET",
            path="/api/v3/myTrades",
            query="symbol=BTCUSD&limit=1000",
            costs=weighing(20),
        )
    ]


def test_the_other_side_and_the_other_part_of_an_execution() -> None:
    """Seller and maker."""
    told = {**TRADE, "isBuyer": False, "isMaker": True}
    (fill,) = talk(reply([told])).ask(FetchFills(instrument="BTC-USD"))

    assert (fill.side, fill.liquidity) == (SELL, Liquidity.MAKER)


@pytest.mark.parametrize(
    "fields",
    [
        {"isBuyer": "true"},
        {"isMaker": None},
        {"qty": 1.0},
        {"id": "1"},
        {"commissionAsset": None},
        {"time": None},
    ],
)
def test_an_execution_that_cannot_be_read_is_an_error(fields: dict[str, Any]) -> None:
    """Money hangs on it."""
    with pytest.raises(RemoteProtocolError):
        talk(reply([{**TRADE, **fields}])).ask(FetchFills(instrument="BTC-USD"))


def test_executions_of_an_order_are_asked_for_by_its_number() -> None:
    """Newest first, under our own name for it; the larger of two weights is counted."""
    conversation = talk(reply(trades(1, 3)))
    found = conversation.ask(FetchFills(OrderKey("BTC-USD", "c1", "2281896601"), limit=2))

    assert numbers(found) == [3, 2]
    assert {fill.client_order_id for fill in found} == {"c1"}
    assert asked(conversation.requests[0]) == {
        "symbol": "BTCUSD",
        "orderId": "2281896601",
        "limit": "1000",
    }
    assert conversation.requests[0].costs == weighing(10)


def test_executions_of_an_order_known_by_our_name_need_its_number_first() -> None:
    """The exchange lists by its own ids."""
    conversation = talk(reply(payload("rest_order")), reply(trades(1, 1)))
    conversation.ask(FetchFills(OrderKey("BTC-USD", "eng-7f3a91c2-0002")))

    assert conversation.asked == ["fills.order", "fills"]
    assert asked(conversation.requests[0])["origClientOrderId"] == "eng-7f3a91c2-0002"
    assert asked(conversation.requests[1])["orderId"] == "2281896640"


def test_an_order_with_many_executions_is_read_page_by_page() -> None:
    """`orderId` with `fromId` is allowed."""
    conversation = talk(reply(trades(1, 1000)), reply(trades(1001, 2)))
    found = conversation.ask(FetchFills(OrderKey("BTC-USD", "c1", "2281896601")))

    assert numbers(found) == list(range(1002, 0, -1))
    assert asked(conversation.requests[1]) == {
        "symbol": "BTCUSD",
        "orderId": "2281896601",
        "fromId": "1001",
        "limit": "1000",
    }


@pytest.mark.parametrize("command", [FetchFills(), FetchFills(OrderKey("", "c1", "1"))])
def test_executions_are_listed_by_instrument_only(command: FetchFills) -> None:
    """An order's too."""
    with pytest.raises(NotSupported):
        talk().ask(command)


def test_executions_since_a_time_are_asked_for_day_by_day() -> None:
    """To a minute from now, by the exchange's clock."""
    start_ms = NOW_MS - DAY_MS - 3_600_000
    conversation = talk(reply(trades(1, 1)), reply(trades(2, 2)), clock_offset_ns=-5000 * MS)
    found = conversation.ask(FetchFills(instrument="BTC-USD", start_time_ns=start_ms * MS))
    spans = [
        (int(asked(request)["startTime"]) + 5000, int(asked(request)["endTime"]) + 5000)
        for request in conversation.requests
    ]

    assert numbers(found) == [3, 2, 1]
    assert spans == [
        (start_ms, start_ms + DAY_MS - 1),
        (start_ms + DAY_MS, NOW_MS + 60_000 - 1),
    ]


def test_executions_since_long_ago_are_read_by_number_and_cut_to_that_time() -> None:
    """Those before it are left out."""
    start_ms = TRADE["time"]
    old = {**TRADE, "id": 1, "time": start_ms - 1}
    conversation = talk(reply([old, {**TRADE, "id": 2}]), now_ns=(start_ms + 31 * DAY_MS) * MS)
    found = conversation.ask(FetchFills(instrument="BTC-USD", start_time_ns=start_ms * MS))

    assert numbers(found) == [2]
    assert asked(conversation.requests[0]) == {"symbol": "BTCUSD", "fromId": "1", "limit": "1000"}


def test_a_day_with_many_executions_goes_on_by_number() -> None:
    """To the last of all: `fromId` goes with no time."""
    start_ns = NOW_NS - 3 * DAY_MS * MS
    conversation = talk(reply(trades(1, 1000)), reply(trades(1001, 1000)), reply(trades(2001, 1)))
    found = conversation.ask(FetchFills(instrument="BTC-USD", start_time_ns=start_ns))

    assert numbers(found) == list(range(2001, 0, -1))
    assert [asked(request).get("fromId") for request in conversation.requests] == [
        None,
        "1001",
        "2001",
    ]
    assert set(asked(conversation.requests[1])) == {"symbol", "fromId", "limit"}
