"""The smallest order that an exchange takes, where nobody will trade with it."""

from collections.abc import Iterable
from decimal import ROUND_CEILING, Decimal
from typing import Final

from venuetree.protocol.builders import limit_order
from venuetree.protocol.models import (
    Instrument,
    Notional,
    OrderRequest,
    PriceBand,
    Quantum,
    QuantumField,
    Side,
)

__all__ = ["FAR", "LARGEST_VALUE", "TooRisky", "smallest_order"]

#: Of the best bid: half of it is a fall that no market here has made in a minute.
FAR: Final = Decimal("0.5")
#: Of the best bid: an exchange that takes no bid below this one would have us come too near.
NEAREST: Final = Decimal("0.8")
#: Above what a price band allows at least, since it moves with the market.
ROOM: Final = Decimal("1.05")
#: In quote currency. The smallest orders of today are worth up to ten; a rule that was misread
#: must not become a large order.
LARGEST_VALUE: Final = Decimal(100)


class TooRisky(Exception):
    """The smallest order that the rules allow is too near the market, or worth too much."""


def smallest_order(instrument: Instrument, best_bid: Decimal, client_order_id: str) -> OrderRequest:
    """A bid far below the market, as small as the instrument's rules let it be.

    Raises:
        TooRisky: there is no such bid that is also far away and small.
    """
    bands = [rule for rule in instrument.rules if isinstance(rule, PriceBand)]
    lowest = max([best_bid * band.buy_minimum * ROOM for band in bands], default=Decimal(0))
    price = _on_grid(max(best_bid * FAR, lowest), instrument, QuantumField.PRICE)
    if not 0 < price <= best_bid * NEAREST:
        raise TooRisky(f"{instrument.name}: a bid at {price} is too near the market's {best_bid}")
    notionals = [rule.minimum for rule in instrument.rules if isinstance(rule, Notional)]
    least = max(notionals, default=Decimal(0)) / price
    quantity = _on_grid(least, instrument, QuantumField.QUANTITY)
    if not 0 < price * quantity <= LARGEST_VALUE:
        raise TooRisky(
            f"{instrument.name}: {quantity} at {price} is worth more than {LARGEST_VALUE}"
        )
    return limit_order(
        instrument.name,
        Side.BUY,
        price=price,
        quantity=quantity,
        client_order_id=client_order_id,
    )


def _on_grid(value: Decimal, instrument: Instrument, field: QuantumField) -> Decimal:
    """The smallest number on all grids, and within all bounds, that is no less than this one."""
    rules = [r for r in instrument.rules if isinstance(r, Quantum) and r.field is field]
    value = max([value, *(rule.minimum for rule in rules)])
    step = max((rule.step for rule in rules), default=Decimal(0))
    if not step:
        return value
    start = _first(rule.minimum for rule in rules if rule.step == step)
    steps = ((value - start) / step).to_integral_value(ROUND_CEILING)
    return start + steps * step


def _first(values: Iterable[Decimal]) -> Decimal:
    return next(iter(values), Decimal(0))
