"""Instruments, prices, the clock and sentiment: what is asked, and what is made of the answers."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.oanda_questions import EUR_USD, A
from tests.support.oanda_reading import NOW_NS, an_instrument, context, payload, reply, talk
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.exchanges.oanda import market_flows as market
from venuetree.protocol.models import Conversion, Level, SentimentBucket, SentimentKind
from venuetree.protocol.port import Auth, ClockReading, Cost, Effect, Lane
from venuetree.protocol.timestamps import SECOND

D = Decimal
PRICING = payload("rest_pricing")

# ---------------------------------------------------------------- instruments


def test_the_instruments_of_the_account() -> None:
    """All, or those named, in the exchange's spelling."""
    conversation = talk(reply(payload("rest_instruments")))
    assert conversation.run(market.instruments(())) == (an_instrument(),)
    assert conversation.asked == [f"GET {A}/instruments"]

    conversation = talk(reply(payload("rest_instruments")))
    conversation.run(market.instruments((EUR_USD, "XAU-USD")))
    assert conversation.asked == [f"GET {A}/instruments?instruments=EUR_USD%2CXAU_USD"]


def test_a_question_is_signed_changes_nothing_and_costs_one_request() -> None:
    """Behind everything that is more urgent."""
    conversation = talk(reply(payload("rest_instruments")))
    conversation.run(market.instruments(()))
    (request,) = conversation.requests

    assert (request.auth, request.effect, request.lane) == (Auth.SIGNED, Effect.READ, Lane.DATA)
    assert request.costs == (Cost("rest_1s"),)


def test_a_list_of_which_nothing_can_be_read_is_an_error() -> None:
    """One that is empty is none."""
    broken = {"instruments": [{"name": "EUR_USD"}]}
    with pytest.raises(RemoteProtocolError):
        talk(reply(broken)).run(market.instruments(()))

    assert talk(reply({"instruments": []})).run(market.instruments(())) == ()


# ---------------------------------------------------------------- prices


def test_tickers_are_best_prices() -> None:
    """Of as many instruments as are named."""
    conversation = talk(reply(PRICING))
    (ticker,) = conversation.run(market.tickers((EUR_USD,), context()))

    assert conversation.asked == [f"GET {A}/pricing?instruments=EUR_USD"]
    assert (ticker.bid, ticker.bid_quantity) == (D("1.08431"), D(1000000))
    assert (ticker.ask, ticker.ask_quantity) == (D("1.08444"), D(1000000))
    assert (ticker.instrument, ticker.last_price) == (EUR_USD, None)
    assert talk().run(market.tickers((), context())) == ()


def test_a_book_is_the_ladder_of_the_price() -> None:
    """As deep as is wanted."""
    conversation = talk(reply(PRICING))
    whole = conversation.run(market.book(EUR_USD, None, context()))
    top = talk(reply(PRICING)).run(market.book(EUR_USD, 1, context()))

    assert whole.bids == (Level(D("1.08431"), D(1000000)), Level(D("1.08429"), D(2000000)))
    assert whole.received_time_ns == NOW_NS
    assert top.asks == (Level(D("1.08444"), D(1000000)),)
    with pytest.raises(RemoteProtocolError):
        talk(reply({**PRICING, "prices": []})).run(market.book(EUR_USD, None, context()))


def test_what_currencies_are_worth_in_the_accounts() -> None:
    """Per unit: of a gain, of a loss, and of a position's value."""
    conversation = talk(reply(PRICING))
    told = conversation.run(market.conversions((EUR_USD,), context()))

    assert conversation.asked == [
        f"GET {A}/pricing?instruments=EUR_USD&includeHomeConversions=true"
    ]
    assert told == (Conversion("EUR", D("1.07895313"), D("1.08979688"), D("1.08437500")),)
    assert talk().run(market.conversions((), context())) == ()


@pytest.mark.parametrize("known", [(), (an_instrument(name="USD_JPY"),)])
def test_the_clock_is_read_off_a_price(known: tuple[Any, ...]) -> None:
    """Of an instrument that there is; and told."""
    conversation = talk(reply(PRICING))
    told_ns = conversation.run(market.server_time(context(instruments=known)))
    symbol = "USD_JPY" if known else "EUR_USD"

    assert told_ns == 1_718_114_610_000_812_300
    assert conversation.asked == [f"GET {A}/pricing?instruments={symbol}"]
    assert conversation.other_news == [ClockReading(told_ns, NOW_NS - 4_000_000, NOW_NS)]


@pytest.mark.parametrize("body", [{}, {"time": 5}, b"<html>", b"[]"])
def test_a_clock_that_cannot_be_read_is_an_error(body: Any) -> None:
    """Nothing is told by it."""
    conversation = talk(reply(body))
    with pytest.raises(RemoteProtocolError):
        conversation.run(market.server_time(context()))

    assert conversation.other_news == []


# ---------------------------------------------------------------- sentiment


def test_how_the_clients_are_placed() -> None:
    """By price, of their orders or their positions."""
    body = payload("rest_order_book")
    conversation = talk(reply(body))
    told = conversation.run(market.sentiment(EUR_USD, SentimentKind.ORDERS, None, context()))

    assert conversation.asked == ["GET /v3/instruments/EUR_USD/orderBook"]
    assert (told.instrument, told.kind) == (EUR_USD, SentimentKind.ORDERS)
    assert told.exchange_time_ns == 1_718_114_400 * SECOND
    assert (told.price, told.bucket_width) == (D("1.08405"), D("0.00050"))
    assert told.buckets[0] == SentimentBucket(D("1.08350"), D("0.2666"), D("0.2352"))


def test_sentiment_of_an_earlier_time() -> None:
    """By the time of the snapshot."""
    conversation = talk(reply({"positionBook": payload("rest_order_book")["orderBook"]}))
    at_ns = 1_718_114_400 * SECOND
    told = conversation.run(market.sentiment(EUR_USD, SentimentKind.POSITIONS, at_ns, context()))

    assert conversation.asked == [
        "GET /v3/instruments/EUR_USD/positionBook?time=2024-06-11T14%3A00%3A00Z"
    ]
    assert told.kind is SentimentKind.POSITIONS
