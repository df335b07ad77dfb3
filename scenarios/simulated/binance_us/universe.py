"""What the simulated Binance.US trades: symbols, their prices' terrain, the account's funds."""

from decimal import Decimal

import attrs

from venuetree.scenarios.simulated.binance_us.filters import Filters
from venuetree.scenarios.simulated.walk import Terrain

ORDER_TYPES = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)


@attrs.frozen
class Instrument:
    """One symbol with its rules and the terrain its price walks on."""

    base: str
    quote: str
    filters: Filters
    terrain: Terrain
    status: str = "TRADING"
    order_types: tuple[str, ...] = ORDER_TYPES
    oco_allowed: bool = True
    quote_order_quantity_allowed: bool = True
    cancel_replace_allowed: bool = True
    iceberg_allowed: bool = False
    trailing_stop_allowed: bool = False
    precision: int = 8
    """Decimals of any number that is written or read."""

    @property
    def symbol(self) -> str:
        """``BASEQUOTE``."""
        return f"{self.base}{self.quote}"


_BITCOIN = ("1000000", "9000", "106.47718040")
"""The highest price, the largest quantity, and the largest of a market order (an odd number: the
exchange seems to work it out from what was traded of late)."""
_ETHER = ("1000000", "90000", "2064.77180412")


def _instrument(  # noqa: PLR0917 - a table
    base: str,
    quote: str,
    tick: str,
    lot: str,
    prices: tuple[str, str, str],
    size: str,
    steps: tuple[int, int],
    levels: int,
    *,
    most: tuple[str, str, str] = _BITCOIN,
    min_notional: str = "1",
) -> Instrument:
    max_price, max_quantity, market_max_quantity = most
    start, low, high = (Decimal(price) for price in prices)
    step, spacing = steps
    filters = Filters(
        min_price=Decimal(tick),
        max_price=Decimal(max_price),
        tick=Decimal(tick),
        min_quantity=Decimal(lot),
        max_quantity=Decimal(max_quantity),
        lot=Decimal(lot),
        market_max_quantity=Decimal(market_max_quantity),
        min_notional=Decimal(min_notional),
    )
    terrain = Terrain(
        tick=Decimal(tick),
        lot=Decimal(lot),
        start=start,
        low=low,
        high=high,
        step_ticks=step,
        spacing_ticks=spacing,
        typical_size=Decimal(size),
        levels=levels,
    )
    return Instrument(base=base, quote=quote, filters=filters, terrain=terrain)


def universe(*, levels: int = 60) -> tuple[Instrument, ...]:
    """BTCUSD, BTCUSDT, ETHUSDT, and beside them ETHUSD and ETHBTC."""
    bitcoin = ("64283.25", "58000", "71000")
    ether = ("3120.55", "2800", "3500")
    return (
        _instrument("BTC", "USD", "0.01", "0.00001", bitcoin, "0.4", (300, 37), levels),
        _instrument("BTC", "USDT", "0.01", "0.00001", bitcoin, "0.5", (280, 35), levels),
        _instrument("ETH", "USDT", "0.01", "0.0001", ether, "6", (25, 4), levels, most=_ETHER),
        _instrument("ETH", "USD", "0.01", "0.0001", ether, "4", (25, 4), levels, most=_ETHER),
        _instrument(
            *("ETH", "BTC", "0.00001", "0.001", ("0.04854", "0.04", "0.06"), "3", (4, 1), levels),
            most=("1000", *_ETHER[1:]),
            min_notional="0.0001",
        ),
    )


FUNDS: dict[str, Decimal] = {
    "BTC": Decimal(50),
    "ETH": Decimal(600),
    "USD": Decimal(2000000),
    "USDT": Decimal(1500000),
}
"""The account at the start: enough to trade, far below the size limits."""
