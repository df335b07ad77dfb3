"""Taking liquidity from a quote: how many units there are, and at which average price."""

from decimal import Decimal

import attrs

from venuetree.scenarios.simulated.oanda.amounts import ZERO
from venuetree.scenarios.simulated.oanda.prices import Quote

__all__ = ["Taken", "take"]


@attrs.frozen
class Taken:
    """What a ladder gives."""

    units: Decimal
    """With the sign of the order; less than it wanted if there is not enough."""
    price: Decimal
    """Volume-weighted; of no units, the best price."""
    shortage: str
    """Why there is not more: the reason of a cancellation."""


def take(quote: Quote, units: Decimal, limit: Decimal | None, *, closes: bool) -> Taken:
    """Walk the asks with an order that buys, the bids with one that sells.

    Args:
        quote: the ladder.
        units: signed.
        limit: the worst price that is allowed.
        closes: whether the order closes trades and nothing else: what the ladder
            has not then gets the quote's closeout price.
    """
    buys = units > ZERO
    rungs = [(rung.price, Decimal(rung.liquidity)) for rung in (quote.asks if buys else quote.bids)]
    if closes:
        rungs.append((quote.closeout_ask if buys else quote.closeout_bid, abs(units)))
    left, paid, shortage = abs(units), ZERO, "INSUFFICIENT_LIQUIDITY"
    for price, liquidity in rungs:
        if limit is not None and (price > limit if buys else price < limit):
            shortage = "BOUNDS_VIOLATION"
            break
        taken = min(left, liquidity)
        left, paid = left - taken, paid + taken * price
        if left == ZERO:
            break
    given = abs(units) - left
    best = quote.ask if buys else quote.bid
    return Taken(
        units=given if buys else -given,
        price=paid / given if given else best,
        shortage=shortage,
    )
