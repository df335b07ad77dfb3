"""The filters of a symbol: the exact checks, and how ``exchangeInfo`` spells them.

All are in exact decimals; a bound or step of zero switches its rule off.
"""

from decimal import Decimal
from enum import Enum
from typing import Any

import attrs

from venuetree.scenarios.simulated.matching import Side
from venuetree.scenarios.simulated.numbers import on_grid

ZERO = Decimal(0)


class Profile(Enum):
    """Which generation of the exchange is simulated."""

    DOC = "doc"
    """As its own documents (2023 to 2024) describe it."""
    LIVE = "live"
    """As the live hosts were seen (2026)."""


def wire(value: Decimal) -> str:
    """A price, quantity or amount with eight decimals: ``"117290.77000000"``."""
    return f"{value:.8f}"


def within(value: Decimal, low: Decimal, high: Decimal, step: Decimal) -> bool:
    """Whether a value keeps both bounds and lies on the grid of multiples of `step`."""
    if low and value < low:
        return False
    if high and value > high:
        return False
    return not step or on_grid(value, step)


@attrs.frozen
class Filters:
    """The figures of one symbol's filters."""

    min_price: Decimal
    max_price: Decimal
    tick: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    lot: Decimal
    market_min_quantity: Decimal = ZERO
    market_max_quantity: Decimal = ZERO
    market_lot: Decimal = ZERO
    min_notional: Decimal = Decimal(1)
    notional_applies_to_market: bool = True
    average_minutes: int = 5
    multiplier_up: Decimal = Decimal(5)
    multiplier_down: Decimal = Decimal("0.2")
    bid_multipliers: tuple[Decimal, Decimal] = (Decimal(5), Decimal("0.2"))
    """Up, down."""
    ask_multipliers: tuple[Decimal, Decimal] = (Decimal(5), Decimal("0.2"))
    iceberg_parts: int = 10
    trailing_delta: tuple[int, int] = (10, 2000)
    max_orders: int = 200
    max_algo_orders: int = 5
    max_order_lists: int = 20
    max_amends: int = 10
    max_position: Decimal = ZERO

    def price_filter(self, price: Decimal) -> bool:
        """PRICE_FILTER, for a price or a stop price."""
        return within(price, self.min_price, self.max_price, self.tick)

    def percent_price(self, price: Decimal, average: Decimal) -> bool:
        """PERCENT_PRICE, for a limit price."""
        return _percent(price, average, (self.multiplier_up, self.multiplier_down))

    def percent_price_by_side(self, side: Side, price: Decimal, average: Decimal) -> bool:
        """PERCENT_PRICE_BY_SIDE, for a limit price."""
        multipliers = self.bid_multipliers if side is Side.BUY else self.ask_multipliers
        return _percent(price, average, multipliers)

    def lot_size(self, quantity: Decimal) -> bool:
        """LOT_SIZE, for any quantity."""
        return within(quantity, self.min_quantity, self.max_quantity, self.lot)

    def market_lot_size(self, quantity: Decimal) -> bool:
        """MARKET_LOT_SIZE, for a quantity that takes any price."""
        return within(quantity, self.market_min_quantity, self.market_max_quantity, self.market_lot)

    def notional(self, amount: Decimal) -> bool:
        """MIN_NOTIONAL, for price times quantity."""
        return not self.min_notional or amount >= self.min_notional


def _percent(price: Decimal, average: Decimal, multipliers: tuple[Decimal, Decimal]) -> bool:
    up, down = multipliers
    if up and price > average * up:
        return False
    return not down or price >= average * down


def filters_json(filters: Filters, profile: Profile) -> list[dict[str, Any]]:
    """The `filters` of a symbol in ``exchangeInfo``."""
    delta_low, delta_high = filters.trailing_delta
    minutes = filters.average_minutes
    spelt: list[dict[str, Any]] = [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": wire(filters.min_price),
            "maxPrice": wire(filters.max_price),
            "tickSize": wire(filters.tick),
        },
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": str(filters.multiplier_up),
            "multiplierDown": str(filters.multiplier_down),
            "avgPriceMins": minutes,
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": wire(filters.min_quantity),
            "maxQty": wire(filters.max_quantity),
            "stepSize": wire(filters.lot),
        },
        {
            "filterType": "MIN_NOTIONAL",
            "minNotional": wire(filters.min_notional),
            "applyToMarket": filters.notional_applies_to_market,
            "avgPriceMins": minutes,
        },
        {"filterType": "ICEBERG_PARTS", "limit": filters.iceberg_parts},
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": wire(filters.market_min_quantity),
            "maxQty": wire(filters.market_max_quantity),
            "stepSize": wire(filters.market_lot),
        },
        {
            "filterType": "TRAILING_DELTA",
            "minTrailingAboveDelta": delta_low,
            "maxTrailingAboveDelta": delta_high,
            "minTrailingBelowDelta": delta_low,
            "maxTrailingBelowDelta": delta_high,
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": str(filters.bid_multipliers[0]),
            "bidMultiplierDown": str(filters.bid_multipliers[1]),
            "askMultiplierUp": str(filters.ask_multipliers[0]),
            "askMultiplierDown": str(filters.ask_multipliers[1]),
            "avgPriceMins": minutes,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": filters.max_orders},
    ]
    if filters.max_position:
        spelt.append({"filterType": "MAX_POSITION", "maxPosition": wire(filters.max_position)})
    if profile is Profile.LIVE:
        spelt.append(
            {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": filters.max_order_lists}
        )
    spelt.append({"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": filters.max_algo_orders})
    if profile is Profile.LIVE:
        spelt.append(
            {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": filters.max_amends}
        )
    return spelt
