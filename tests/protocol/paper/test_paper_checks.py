"""Orders that a paper account does not simulate are refused before they are sent."""

from decimal import Decimal

import pytest
from attrs import evolve

from tests.support.paper_samples import buy, buy_market
from venuetree.protocol.errors import NotSupported
from venuetree.protocol.exchanges import EXCHANGES
from venuetree.protocol.models import MarginTerms, OrderRequest, OrderType, TimeInForce
from venuetree.protocol.paper import on_paper
from venuetree.protocol.paper.checks import check_paper

LIMIT = buy(100, 1)


@pytest.mark.parametrize("name", EXCHANGES)
@pytest.mark.parametrize(
    "request_",
    [
        evolve(LIMIT, quantity=None, quote_quantity=Decimal(100)),
        evolve(LIMIT, type=OrderType.STOP_LIMIT, stop_price=Decimal(1)),
        evolve(LIMIT, time_in_force=TimeInForce.GOOD_FOR_DAY),
        evolve(LIMIT, margin=MarginTerms(price_bound="99")),
    ],
    ids=["limit by money", "stop", "for the day", "margin terms"],
)
def test_what_is_not_simulated_is_refused(name: str, request_: OrderRequest) -> None:
    """On every exchange, also where the real one has it."""
    orders = on_paper(EXCHANGES[name]).profile.orders
    with pytest.raises(NotSupported):
        check_paper(request_, orders, name)


@pytest.mark.parametrize("name", EXCHANGES)
def test_what_is_simulated_is_taken(name: str) -> None:
    """Limit and market orders, and those that say no more of margin than nothing."""
    orders = on_paper(EXCHANGES[name]).profile.orders
    market = buy_market(quantity="1", time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL)
    for request in (LIMIT, market, evolve(LIMIT, margin=MarginTerms())):
        check_paper(request, orders, name)
