"""What must be asked before an order may be sent: the reference price, and what is held."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from tests.support.binance_us import error, listed, reply, talk
from venuetree.protocol.builders import limit_order, oco
from venuetree.protocol.commands import (
    PlaceOco,
    PlaceOrder,
    ReplaceOrder,
)
from venuetree.protocol.errors import (
    EngineError,
    ExchangeUnavailable,
    OrderInvalid,
    RateLimited,
    TransportError,
)
from venuetree.protocol.models import (
    Instrument,
    InstrumentStatus,
    OrderKey,
    OrderRequest,
    PositionLimit,
    PriceBand,
    Side,
)
from venuetree.protocol.port import Lane, RestReply
from venuetree.protocol.verdict import Verdict, placing_verdict

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
KEY = OrderKey("BTC-USD", "old", "2281896640")
NEW = limit_order("BTC-USD", BUY, quantity="0.01", price="117000", client_order_id="new")

BTC = Instrument("BTC-USD", "BTC", "USD", "BTCUSD", InstrumentStatus.TRADING)
LIMITED = evolve(BTC, rules=(PositionLimit("MAX_POSITION", D("1.0")),))
BANDED = evolve(BTC, rules=(PriceBand("PERCENT_PRICE", 5, D("0.5"), D(2), D("0.5"), D(2)),))


def account(free: str, locked: str = "0") -> RestReply:
    """What the account holds."""
    rows = [
        {"asset": "USD", "free": "9", "locked": "9"},
        {"asset": "BTC", "free": free, "locked": locked},
    ]
    return reply({"balances": rows})


def bid(quantity: str) -> OrderRequest:
    """A buy."""
    return limit_order("BTC-USD", BUY, quantity=quantity, price="10", client_order_id="c1")


def row(quantity: str, executed: str = "0", **fields: Any) -> dict[str, Any]:
    """An open order."""
    return listed(origQty=quantity, executedQty=executed, **fields)


@pytest.mark.parametrize(
    ("rows", "fits", "too_much"),
    [
        ([], "0.5", "0.50000001"),
        ([row("0.2")], "0.3", "0.4"),
        ([row("0.2", "0.1")], "0.4", "0.5"),
        ([row("0.2", side="SELL")], "0.5", "0.6"),
        # Of a pair one order at most is executed: the larger one counts.
        ([row("0.2", orderListId=7), row("0.3", orderListId=7)], "0.2", "0.3"),
        ([row("0.2", orderId=1), row("0.2", orderId=2)], "0.1", "0.2"),
    ],
)
def test_a_position_has_an_end(rows: list[dict[str, Any]], fits: str, too_much: str) -> None:
    """What is held, free or not, what is on order, and the new order."""
    asked_first = (account("0.3", "0.2"), reply(rows))
    placed = reply({**listed(), "status": "NEW", "executedQty": "0"})
    conversation = talk(*asked_first, placed, instruments=[LIMITED])
    conversation.ask(PlaceOrder(bid(fits)))

    assert conversation.asked == ["balances", "open_orders", "place"]
    assert {request.lane for request in conversation.requests} == {Lane.PLACE}
    with pytest.raises(OrderInvalid) as caught:
        talk(*asked_first, instruments=[LIMITED]).ask(PlaceOrder(bid(too_much)))
    assert (caught.value.rule, caught.value.bound) == ("MAX_POSITION", "1.0")


def test_a_position_is_asked_for_where_a_buy_needs_it() -> None:
    """A sell makes it no larger."""
    placed = reply({**listed(side="SELL"), "status": "NEW", "executedQty": "0"})
    ask = limit_order("BTC-USD", SELL, quantity="9", price="10", client_order_id="c1")
    conversation = talk(placed, instruments=[LIMITED])
    conversation.ask(PlaceOrder(ask))

    assert conversation.asked == ["place"]


@pytest.mark.parametrize(
    "failure", [reply(b"", 503), reply(b"{"), reply({"balances": 5}), error(-1000)]
)
def test_a_position_that_cannot_be_read_sends_nothing(failure: RestReply) -> None:
    """No order is left without a verdict by that."""
    conversation = talk(failure, instruments=[LIMITED])
    with pytest.raises(TransportError, match="the position could not be read, nothing was sent"):
        conversation.ask(PlaceOrder(bid("0.1")))

    assert conversation.asked == ["balances"]


@pytest.mark.parametrize(
    "failure", [(reply(b"", 503), ExchangeUnavailable), (error(-1003, "x", 429), RateLimited)]
)
def test_a_limit_met_on_the_way_is_told_as_one(
    failure: tuple[RestReply, type[EngineError]],
) -> None:
    """It is not the order that was refused; nothing was sent of it."""
    answer, kind = failure
    with pytest.raises((TransportError, kind)) as caught:
        talk(answer, instruments=[LIMITED]).ask(PlaceOrder(bid("0.1")))

    assert placing_verdict(caught.value) is Verdict.NOT_PLACED


@pytest.mark.parametrize(
    "far",
    [
        {"price": "210000"},
        {"stop_limit_price": "49999", "stop_price": "49999"},
    ],
)
def test_both_prices_of_a_pair_must_be_near_the_reference(far: dict[str, str]) -> None:
    """Whichever is too far: nothing is sent."""
    prices = {"price": "125000", "stop_price": "111000", "stop_limit_price": "110000", **far}
    pair = oco("BTC-USD", SELL, quantity="1", client_order_ids=("a", "b"), **prices)
    conversation = talk(reply({"mins": 5, "price": "100000"}), instruments=[BANDED])
    with pytest.raises(OrderInvalid, match="PERCENT_PRICE"):
        conversation.ask(PlaceOco(pair))

    assert conversation.asked == ["reference_price"]


def test_a_new_order_in_anothers_place_is_judged_like_any() -> None:
    """Before the old one is touched."""
    conversation = talk(reply({"mins": 5, "price": "100000"}), instruments=[BANDED])
    far = evolve(NEW, price=D(1000))
    with pytest.raises(OrderInvalid, match="PERCENT_PRICE"):
        conversation.ask(ReplaceOrder(KEY, far))

    assert conversation.asked == ["reference_price"]
