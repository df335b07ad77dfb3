"""What the simulated OANDA trades: instruments with their rules, spreads and financing rates."""

from decimal import Decimal

import attrs

__all__ = ["Instrument", "universe"]


@attrs.frozen(kw_only=True)
class Instrument:
    """One instrument with its rules, and how its price walks.

    Rates are per year. `spread_ticks` and `step_ticks` count in the smallest
    price step, ten to the minus `display_precision`. A maximum of zero is no limit.
    """

    name: str
    """``BASE_QUOTE``."""
    display_name: str
    kind: str
    """CURRENCY, METAL or CFD."""
    asset_class: str
    """As the instrument's tags say: CURRENCY, METAL, INDEX_CFD, CRYPTO."""
    base: str
    quote: str
    pip_location: int
    display_precision: int
    trade_units_precision: int
    minimum_trade_size: Decimal
    maximum_order_units: Decimal
    maximum_position_size: Decimal = Decimal(0)
    minimum_trailing_stop_distance: Decimal
    maximum_trailing_stop_distance: Decimal
    margin_rate: Decimal
    guaranteed_stop_loss_order_mode: str = "DISABLED"
    minimum_guaranteed_stop_loss_distance: Decimal = Decimal(0)
    start_price: Decimal
    """The middle at which the walk begins."""
    spread_ticks: int
    """Between the best bid and the best ask."""
    step_ticks: int
    """The farthest that one move goes."""
    liquidity: int
    """Units at the best price; each worse price has twice as many."""
    long_rate: Decimal = Decimal("-0.0231")
    short_rate: Decimal = Decimal("0.0062")
    days_charged: tuple[int, int, int, int, int, int, int] = (1, 1, 3, 1, 1, 0, 0)
    """Days of financing that are charged on Monday, Tuesday, and so on."""

    @property
    def tick(self) -> Decimal:
        """The smallest price step."""
        return Decimal(1).scaleb(-self.display_precision)

    @property
    def pip(self) -> Decimal:
        """What prices of this instrument are talked about in."""
        return Decimal(1).scaleb(self.pip_location)


def _currency(  # noqa: PLR0917 - a table of numbers
    base: str, quote: str, start: str, margin: str, spread: int, rates: tuple[str, str]
) -> Instrument:
    yen = quote == "JPY"
    return Instrument(
        name=f"{base}_{quote}",
        display_name=f"{base}/{quote}",
        kind="CURRENCY",
        asset_class="CURRENCY",
        base=base,
        quote=quote,
        pip_location=-2 if yen else -4,
        display_precision=3 if yen else 5,
        trade_units_precision=0,
        minimum_trade_size=Decimal(1),
        maximum_order_units=Decimal(100000000),
        minimum_trailing_stop_distance=Decimal("0.050" if yen else "0.00050"),
        maximum_trailing_stop_distance=Decimal("100.000" if yen else "1.00000"),
        margin_rate=Decimal(margin),
        start_price=Decimal(start),
        spread_ticks=spread,
        step_ticks=6,
        liquidity=1000000,
        long_rate=Decimal(rates[0]),
        short_rate=Decimal(rates[1]),
    )


_GOLD = Instrument(
    name="XAU_USD",
    display_name="Gold",
    kind="METAL",
    asset_class="METAL",
    base="XAU",
    quote="USD",
    pip_location=-2,
    display_precision=3,
    trade_units_precision=0,
    minimum_trade_size=Decimal(1),
    maximum_order_units=Decimal(50000),
    minimum_trailing_stop_distance=Decimal("5.000"),
    maximum_trailing_stop_distance=Decimal("10000.000"),
    margin_rate=Decimal("0.05"),
    start_price=Decimal("2331.250"),
    spread_ticks=340,
    step_ticks=250,
    liquidity=500,
    long_rate=Decimal("-0.0581"),
    short_rate=Decimal("0.0274"),
)
_INDEX = Instrument(
    name="DE30_EUR",
    display_name="Germany 30",
    kind="CFD",
    asset_class="INDEX_CFD",
    base="DE30",
    quote="EUR",
    pip_location=0,
    display_precision=1,
    trade_units_precision=1,
    minimum_trade_size=Decimal("0.1"),
    maximum_order_units=Decimal(2500),
    minimum_trailing_stop_distance=Decimal("5.0"),
    maximum_trailing_stop_distance=Decimal("10000.0"),
    margin_rate=Decimal("0.05"),
    start_price=Decimal("18410.5"),
    spread_ticks=14,
    step_ticks=18,
    liquidity=100,
    long_rate=Decimal("-0.0607"),
    short_rate=Decimal("0.0117"),
    days_charged=(1, 1, 1, 1, 3, 0, 0),
)
_BITCOIN = Instrument(
    name="BTC_USD",
    display_name="Bitcoin",
    kind="CFD",
    asset_class="CRYPTO",
    base="BTC",
    quote="USD",
    pip_location=0,
    display_precision=1,
    trade_units_precision=2,
    minimum_trade_size=Decimal("0.01"),
    maximum_order_units=Decimal(100),
    maximum_position_size=Decimal(500),
    minimum_trailing_stop_distance=Decimal("100.0"),
    maximum_trailing_stop_distance=Decimal("50000.0"),
    margin_rate=Decimal("0.5"),
    start_price=Decimal("64283.5"),
    spread_ticks=600,
    step_ticks=350,
    liquidity=20,
    long_rate=Decimal("-0.2000"),
    short_rate=Decimal("-0.0500"),
    days_charged=(1, 1, 1, 1, 1, 1, 1),
)


def universe() -> tuple[Instrument, ...]:
    """EUR_USD, USD_JPY, XAU_USD, some crosses, an index and BTC_USD."""
    return (
        _currency("EUR", "USD", "1.08425", "0.02", 14, ("-0.0231", "0.0062")),
        _currency("USD", "JPY", "157.125", "0.04", 16, ("0.0371", "-0.0588")),
        _currency("GBP", "USD", "1.27310", "0.05", 18, ("-0.0102", "-0.0064")),
        _currency("EUR", "GBP", "0.85166", "0.05", 15, ("-0.0231", "0.0055")),
        _currency("EUR", "JPY", "170.363", "0.04", 20, ("0.0196", "-0.0389")),
        _currency("AUD", "USD", "0.66120", "0.03", 16, ("-0.0151", "-0.0033")),
        _GOLD,
        _INDEX,
        _BITCOIN,
    )
