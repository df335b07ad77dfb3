"""All open orders are cancelled, of a symbol or of all: what is asked, and what is told."""

import pytest

from tests.support.binance_us import error, listed, reply, talk
from tests.support.binance_us_lists import LIMIT_LEG, STOP_LEG, evolve_leg, pair_of
from venuetree.protocol.commands import CancelOpenOrders
from venuetree.protocol.errors import OutcomeUnknown
from venuetree.protocol.models import OrderStatus
from venuetree.protocol.port import Cost, Effect, Lane

ENDED = listed(origClientOrderId="a", clientOrderId="x", status="CANCELED")


def test_all_orders_of_a_symbol_end_by_one_request() -> None:
    """Those of pairs are told within their lists."""
    reports = [
        evolve_leg(told, status="CANCELED", origClientOrderId=told["clientOrderId"])
        for told in (STOP_LEG, LIMIT_LEG)
    ]
    conversation = talk(reply([ENDED, pair_of(*reports, status="ALL_DONE")]))
    ended = conversation.ask(CancelOpenOrders("BTC-USD"))

    (request,) = conversation.requests
    assert (request.method, request.path, request.query) == (
        "DELETE",
        "/api/v3/openOrders",
        "symbol=BTCUSD",
    )
    assert (request.effect, request.lane) == (Effect.WRITE, Lane.CANCEL)
    assert request.costs == (Cost("weight_1m", 1), Cost("raw_5m"))
    assert [report.client_order_id for report in ended] == ["a", "stopLeg1", "limitLeg1"]
    assert {report.status for report in ended} == {OrderStatus.CANCELLED}


def test_without_an_instrument_each_that_has_open_orders_is_swept() -> None:
    """Once each, and urgently, the list included."""
    rows = [listed(), listed(symbol="ETHUSD"), listed(orderId=1)]
    conversation = talk(reply(rows), reply([ENDED]), reply([]))
    conversation.ask(CancelOpenOrders())

    assert conversation.asked == ["open_orders", "cancel_all", "cancel_all"]
    assert [request.query for request in conversation.requests[1:]] == [
        "symbol=BTCUSD",
        "symbol=ETHUSD",
    ]
    assert {request.lane for request in conversation.requests} == {Lane.CANCEL}


def test_where_nothing_is_open_nothing_is_wrong() -> None:
    """The exchange has no other word for it."""
    nothing = error(-2011, "Unknown order sent.")

    assert talk(nothing).ask(CancelOpenOrders("BTC-USD")) == ()
    assert talk(reply([])).ask(CancelOpenOrders()) == ()
    rows = reply([listed(), listed(symbol="ETHUSD")])
    (ended,) = talk(rows, nothing, reply([ENDED])).ask(CancelOpenOrders())
    assert ended.client_order_id == "a"


def test_one_that_fails_keeps_none_of_the_others() -> None:
    """Its error comes when all have been asked for."""
    rows = reply([listed(), listed(symbol="ETHUSD")])
    conversation = talk(rows, reply(b"", 503), reply([ENDED]))
    with pytest.raises(OutcomeUnknown):
        conversation.ask(CancelOpenOrders())

    assert conversation.asked == ["open_orders", "cancel_all", "cancel_all"]
