"""The reference price that an order's rules need: when it is asked, and what it decides."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from tests.support.binance_us import NOW_NS, error, reply, talk
from tests.support.binance_us_orders import CLIENT_ID, ORDER, PLACED, market, stop, weighing
from venuetree.protocol.commands import PlaceOrder
from venuetree.protocol.errors import (
    EngineError,
    InstrumentNotFound,
    OrderInvalid,
    RateLimited,
    ReplyLost,
    TransportError,
)
from venuetree.protocol.models import (
    Instrument,
    InstrumentStatus,
    Notional,
    OrderRequest,
    PriceBand,
    Quantum,
    QuantumField,
    Side,
    StopDirection,
)
from venuetree.protocol.port import Auth, Lane, ReferenceTold, RestRequest
from venuetree.protocol.timestamps import SECOND
from venuetree.protocol.verdict import Verdict, placing_verdict

D = Decimal
BUY = Side.BUY
UP = StopDirection.UP
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
