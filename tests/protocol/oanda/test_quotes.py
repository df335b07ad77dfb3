"""Prices, and what else a quote tells."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import prices
from tests.support.oanda_reading import NOW_NS, line, payload
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.events import (
    BestPricesChanged,
    BookSnapshot,
    BookTopChanged,
    InstrumentStatusChanged,
    QuoteChanged,
    TickerChanged,
)
from venuetree.protocol.exchanges.oanda.decode import decode
from venuetree.protocol.exchanges.oanda.quotes import (
    best_of,
    quote_from,
    snapshot_of,
    status_of,
    ticker_of,
    top_of,
)
from venuetree.protocol.models import Level

D = Decimal
X, EUR_USD = "oanda", "EUR-USD"
PRICE = payload("stream_price")
TIME = 1_718_114_609_712_946_053


def without(*names: str) -> dict[str, Any]:
    """The price with members left out."""
    return {name: value for name, value in PRICE.items() if name not in names}


def read(price: dict[str, Any]) -> QuoteChanged:
    """The one event of a price."""
    (event,) = decode(line(price), NOW_NS)
    assert isinstance(event, QuoteChanged)
    return event


QUOTE = QuoteChanged(
    exchange=X,
    instrument=EUR_USD,
    bids=(Level(D("1.08431"), D(1000000)),),
    asks=(Level(D("1.08444"), D(1000000)),),
    closeout_bid=D("1.08426"),
    closeout_ask=D("1.08449"),
    is_tradeable=True,
    status="tradeable",
    exchange_time_ns=TIME,
    received_time_ns=NOW_NS,
)


def test_a_price_is_read_exactly() -> None:
    """As an ordinary instance: equal, hashable and frozen."""
    quote = read(PRICE)

    assert quote == QUOTE
    assert type(quote) is QuoteChanged
    assert hash(quote) == hash(QUOTE)
    assert [str(level.price) for level in quote.bids] == ["1.08431"]
    with pytest.raises(AttributeError):
        quote.status = "x"  # type: ignore[misc]


def test_a_line_without_a_type_is_a_price() -> None:
    """So it is in the exchange's own examples."""
    assert read(without("type")) == QUOTE


def test_a_price_of_the_other_form_of_time_is_the_same() -> None:
    """The header that asks for a form has been ignored before."""
    assert read({**PRICE, "time": "1718114609.712946053"}) == QUOTE


@pytest.mark.parametrize(
    ("fields", "is_tradeable", "status", "word"),
    [
        ({}, True, "tradeable", "tradeable"),
        ({"tradeable": False}, False, "tradeable", "non-tradeable"),
        ({"tradeable": False, "status": "non-tradeable"}, False, "non-tradeable", "non-tradeable"),
        ({"tradeable": False, "status": "invalid"}, False, "invalid", "invalid"),
        ({"tradeable": None, "status": "invalid"}, False, "invalid", "invalid"),
        ({"tradeable": None, "status": "non-tradeable"}, False, "non-tradeable", "non-tradeable"),
        ({"tradeable": None}, True, "tradeable", "tradeable"),
        ({"tradeable": None, "status": "halted"}, None, "halted", "halted"),
        ({"tradeable": None, "status": None}, None, "", ""),
        ({"tradeable": True, "status": None}, True, "", "tradeable"),
    ],
)
def test_either_member_says_whether_it_is_dealt_in(
    *, fields: dict[str, Any], is_tradeable: bool | None, status: str, word: str
) -> None:
    """The older one is deprecated, and very old answers lack the newer."""
    kept = {name: value for name, value in {**PRICE, **fields}.items() if value is not None}
    quote = read(kept)

    assert (quote.is_tradeable, quote.status) == (is_tradeable, status)
    assert status_of(quote) == InstrumentStatusChanged(X, EUR_USD, word, "", TIME, NOW_NS)


@pytest.mark.parametrize("fields", [{"bids": []}, {"bids": None}])
def test_a_side_may_be_empty(fields: dict[str, Any]) -> None:
    """Then there is no best price; by what positions are closed is told apart."""
    kept = {name: value for name, value in {**PRICE, **fields}.items() if value is not None}
    quote = read(kept)

    assert quote.bids == ()
    assert quote.asks == QUOTE.asks
    assert (best_of(quote).bid, best_of(quote).bid_quantity) == (None, None)
    assert (ticker_of(quote).ask, ticker_of(quote).bid) == (D("1.08444"), None)
    assert quote.closeout_bid == D("1.08426")


def test_prices_by_which_positions_are_closed_may_be_missing() -> None:
    """Told by None."""
    quote = read(without("closeoutBid", "closeoutAsk"))

    assert (quote.closeout_bid, quote.closeout_ask) == (None, None)


def test_quantities_are_numbers_or_text() -> None:
    """A JSON integer in prices, text in executions."""
    bucket = {"price": "1.08431", "liquidity": "1000000"}

    assert read({**PRICE, "bids": [bucket]}) == QUOTE


@pytest.mark.parametrize(
    "fields",
    [
        {"bids": [{"price": "1.08431", "liquidity": 0.5}]},
        {"bids": [{"price": 1.08431, "liquidity": 5}]},
        {"bids": [{"price": "1.08431", "liquidity": True}]},
        {"bids": [{"price": "1.08431"}]},
        {"bids": {}},
        {"bids": "1"},
        {"asks": [[]]},
        {"asks": None},
        {"tradeable": "true"},
        {"closeoutBid": 1},
        {"closeoutAsk": "1E1"},
        {"time": None},
        {"time": "yesterday"},
        {"time": 1718114609},
        {"instrument": None},
        {"instrument": 5},
    ],
)
def test_a_price_of_another_shape_is_an_error(fields: dict[str, Any]) -> None:
    """Nothing is guessed, least of all from a float."""
    with pytest.raises(RemoteProtocolError):
        decode(line({**PRICE, **fields}), NOW_NS)


@given(st.lists(prices, min_size=1, max_size=8, unique=True))
def test_the_best_price_is_first_whatever_the_sequence(told: list[Decimal]) -> None:
    """By number, not by text: 9.5 is below 10.25."""
    buckets = [{"price": str(price), "liquidity": 1} for price in told]
    quote = quote_from({**PRICE, "bids": buckets, "asks": buckets}, NOW_NS)

    assert [level.price for level in quote.bids] == sorted(told, reverse=True)
    assert [level.price for level in quote.asks] == sorted(told)


def test_what_else_a_quote_tells() -> None:
    """Ticker, best prices, a book's top and the book, each of the whole quote."""
    bids = (Level(D("1.08431"), D(1000000)), Level(D("1.08429"), D(2000000)))
    quote = read(
        {
            **PRICE,
            "bids": [
                {"price": "1.08431", "liquidity": 1000000},
                {"price": "1.08429", "liquidity": 2000000},
            ],
        }
    )
    best = (D("1.08431"), D(1000000), D("1.08444"), D(1000000))

    assert ticker_of(quote) == TickerChanged(
        X, EUR_USD, None, *best, None, None, None, TIME, NOW_NS
    )
    assert best_of(quote) == BestPricesChanged(X, EUR_USD, *best, TIME, NOW_NS)
    assert top_of(quote) == BookTopChanged(X, EUR_USD, bids, QUOTE.asks, TIME, NOW_NS)
    assert snapshot_of(quote) == BookSnapshot(X, EUR_USD, bids, QUOTE.asks, TIME, NOW_NS)
    assert snapshot_of(quote, 1).bids == bids[:1]
