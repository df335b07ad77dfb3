"""What the simulated Coinbase trades: products, their prices' terrain, the account's funds."""

from decimal import Decimal

import attrs

from venuetree.scenarios.simulated.walk import Terrain


@attrs.frozen
class Product:
    """One spot product with its rules and the terrain its price walks on."""

    base: str
    quote: str
    base_name: str
    quote_name: str
    base_increment: Decimal
    quote_increment: Decimal
    price_increment: Decimal
    base_min_size: Decimal
    base_max_size: Decimal
    quote_min_size: Decimal
    quote_max_size: Decimal
    terrain: Terrain
    alias: str = ""
    alias_to: tuple[str, ...] = ()
    status: str = "online"
    trading_disabled: bool = False
    is_disabled: bool = False
    cancel_only: bool = False
    limit_only: bool = False
    post_only: bool = False
    view_only: bool = False

    @property
    def product_id(self) -> str:
        """``BASE-QUOTE``."""
        return f"{self.base}-{self.quote}"


def _terrain(  # noqa: PLR0917 - a table of numbers
    tick: str, start: str, low: str, high: str, size: str, step: int, spacing: int, levels: int
) -> Terrain:
    return Terrain(
        tick=Decimal(tick),
        lot=Decimal("0.00000001"),
        start=Decimal(start),
        low=Decimal(low),
        high=Decimal(high),
        step_ticks=step,
        spacing_ticks=spacing,
        typical_size=Decimal(size),
        levels=levels,
    )


def universe(*, levels: int = 60, extra_products: int = 0) -> tuple[Product, ...]:
    """BTC-USD, ETH-USD, ETH-BTC, and as many thin products as wanted."""
    majors = (
        Product(
            base="BTC",
            base_name="Bitcoin",
            quote="USD",
            quote_name="US Dollar",
            base_increment=Decimal("0.00000001"),
            quote_increment=Decimal("0.01"),
            price_increment=Decimal("0.01"),
            base_min_size=Decimal("0.00000001"),
            base_max_size=Decimal(3400),
            quote_min_size=Decimal(1),
            quote_max_size=Decimal(150000000),
            terrain=_terrain("0.01", "64283.25", "58000", "71000", "0.4", 300, 37, levels),
            alias_to=("BTC-USDC",),
        ),
        Product(
            base="ETH",
            base_name="Ethereum",
            quote="USD",
            quote_name="US Dollar",
            base_increment=Decimal("0.00000001"),
            quote_increment=Decimal("0.01"),
            price_increment=Decimal("0.01"),
            base_min_size=Decimal("0.00000001"),
            base_max_size=Decimal(42000),
            quote_min_size=Decimal(1),
            quote_max_size=Decimal(150000000),
            terrain=_terrain("0.01", "3120.55", "2800", "3500", "6", 25, 4, levels),
        ),
        Product(
            base="ETH",
            base_name="Ethereum",
            quote="BTC",
            quote_name="Bitcoin",
            base_increment=Decimal("0.00000001"),
            quote_increment=Decimal("0.00000001"),
            price_increment=Decimal("0.00001"),
            base_min_size=Decimal("0.00001"),
            base_max_size=Decimal(2900),
            quote_min_size=Decimal("0.000016"),
            quote_max_size=Decimal(200),
            terrain=_terrain("0.00001", "0.04854", "0.04", "0.06", "3", 4, 1, levels),
        ),
    )
    return majors + tuple(_thin(number) for number in range(1, extra_products + 1))


def _thin(number: int) -> Product:
    return Product(
        base=f"T{number:02d}",
        base_name=f"Thin Coin {number}",
        quote="USD",
        quote_name="US Dollar",
        base_increment=Decimal("0.01"),
        quote_increment=Decimal("0.01"),
        price_increment=Decimal("0.01"),
        base_min_size=Decimal("0.01"),
        base_max_size=Decimal(1000000),
        quote_min_size=Decimal(1),
        quote_max_size=Decimal(10000000),
        terrain=Terrain(
            tick=Decimal("0.01"),
            lot=Decimal("0.01"),
            start=Decimal(10 + number),
            low=Decimal(5 + number),
            high=Decimal(20 + number),
            step_ticks=3,
            spacing_ticks=2,
            typical_size=Decimal(40),
            levels=10,
        ),
    )


FUNDS: dict[str, Decimal] = {
    "BTC": Decimal(50),
    "ETH": Decimal(600),
    "USD": Decimal(2000000),
    "USDC": Decimal(1000000),
}
"""The account at the start: enough to trade, far below the size limits."""
