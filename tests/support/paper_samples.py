"""Books, instruments and paper exchanges for tests of paper trading."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import count
from typing import Any

from venuetree.protocol.book import Book
from venuetree.protocol.builders import limit_order, market_order
from venuetree.protocol.models import (
    Instrument,
    InstrumentStatus,
    Level,
    OrderRequest,
    Quantum,
    QuantumField,
    Side,
)
from venuetree.protocol.paper import FeeRates, PaperExchange, PaperState
from venuetree.protocol.port import PaperTerms

__all__ = [
    "ASKS",
    "BIDS",
    "BTC",
    "book_of",
    "buy",
    "buy_market",
    "fills_of",
    "money",
    "new_paper",
    "sell",
    "sell_market",
]

BTC = Instrument(
    "BTC-USD",
    "BTC",
    "USD",
    "BTC-USD",
    InstrumentStatus.TRADING,
    (Quantum(QuantumField.QUANTITY, "lot", Decimal("0.001")),),
)
BIDS = [("99", "1"), ("98", "2")]
ASKS = [("101", "1"), ("102", "2"), ("103", "4")]
_ids = count(1)


def book_of(
    bids: Iterable[tuple[str, str]], asks: Iterable[tuple[str, str]], name: str = "BTC-USD"
) -> Book:
    """A book in step, of texts."""
    book = Book(name)
    book.load(
        [Level(Decimal(price), Decimal(quantity)) for price, quantity in bids],
        [Level(Decimal(price), Decimal(quantity)) for price, quantity in asks],
    )
    return book


def new_paper(
    balances: Mapping[str, str] | None = None,
    *,
    maker: str = "0.001",
    taker: str = "0.002",
    **terms: Any,
) -> PaperExchange:
    """A paper exchange with these terms."""
    numbers = count(1)
    held = {"USD": "10000", "BTC": "10"} if balances is None else balances
    return PaperExchange(
        name="toy",
        terms=PaperTerms(Decimal(maker), Decimal(taker), {}, **terms),
        rates=FeeRates(Decimal(maker), Decimal(taker)),
        state=PaperState.with_balances({name: Decimal(text) for name, text in held.items()}),
        new_id=lambda: f"P{next(numbers)}",
    )


def buy(price: object, quantity: object, **terms: Any) -> OrderRequest:
    """A limit order that buys."""
    return _limit(Side.BUY, price, quantity, **terms)


def sell(price: object, quantity: object, **terms: Any) -> OrderRequest:
    """A limit order that sells."""
    return _limit(Side.SELL, price, quantity, **terms)


def _limit(side: Side, price: object, quantity: object, **terms: Any) -> OrderRequest:
    terms.setdefault("client_order_id", f"c{next(_ids)}")
    return limit_order("BTC-USD", side, price=str(price), quantity=str(quantity), **terms)


def buy_market(**terms: Any) -> OrderRequest:
    """A market order that buys."""
    terms.setdefault("client_order_id", f"c{next(_ids)}")
    return market_order("BTC-USD", Side.BUY, **terms)


def sell_market(**terms: Any) -> OrderRequest:
    """A market order that sells."""
    terms.setdefault("client_order_id", f"c{next(_ids)}")
    return market_order("BTC-USD", Side.SELL, **terms)


def fills_of(paper: PaperExchange) -> list[tuple[str, str]]:
    """Prices and quantities of all executions, as text."""
    return [(str(fill.price), str(fill.quantity)) for fill in paper.state.fills]


def money(paper: PaperExchange) -> dict[str, tuple[str, str]]:
    """Available and hold by currency, as text without idle zeros."""
    return {
        b.currency: (f"{b.available.normalize():f}", f"{b.hold.normalize():f}")
        for b in paper.balances()
    }
