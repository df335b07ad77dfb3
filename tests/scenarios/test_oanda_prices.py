"""Prices of the simulated OANDA: the walk, conversions, halts, market hours."""

from decimal import Decimal

import pytest

from tests.scenarios.plain_oanda import SECOND, START_NS
from venuetree.scenarios.simulated.oanda.hours import market_open, next_day_end_ns
from venuetree.scenarios.simulated.oanda.prices import Prices
from venuetree.scenarios.simulated.oanda.universe import universe

HOUR = 3600 * SECOND
FRIDAY_17_NS = 1_790_370_000 * SECOND
"""2026-09-25T21:00:00Z: the end of the week in New York."""


class Market:
    """Prices and a clock."""

    def __init__(self, *, start_ns: int = START_NS, seed: int = 1, hours: bool = False) -> None:
        """Begin at a time."""
        self.now_ns = start_ns
        self.prices = Prices(
            {instrument.name: instrument for instrument in universe()},
            lambda: self.now_ns,
            seed=seed,
            market_hours=hours,
        )
        self.told: list[frozenset[str]] = []
        self.prices.on_move.append(self.told.append)

    def advance(self, seconds: float) -> None:
        """Let time pass, with a tick at its end."""
        self.now_ns += round(seconds * SECOND)
        self.prices.tick()


@pytest.fixture
def market() -> Market:
    """A market that never closes."""
    return Market()


def test_the_universe_holds_what_other_programs_expect() -> None:
    """The instruments that are named in the endpoints' contract, and fractional units."""
    instruments = {instrument.name: instrument for instrument in universe()}

    assert {"EUR_USD", "USD_JPY", "XAU_USD"} <= set(instruments)
    assert {each.trade_units_precision for each in instruments.values()} == {0, 1, 2}
    assert {each.kind for each in instruments.values()} == {"CURRENCY", "METAL", "CFD"}
    assert 30_000 < instruments["BTC_USD"].start_price < 110_000
    for each in instruments.values():
        assert each.start_price % each.tick == 0


def test_every_instrument_moves_within_five_seconds(market: Market) -> None:
    """Each move gives each instrument another price."""
    before = {name: market.prices.quote(name) for name in market.prices.instruments}

    market.advance(5)

    for name, quote in before.items():
        assert market.prices.quote(name).bid != quote.bid
        assert market.prices.quote(name).time_ns == market.now_ns


def test_a_ladder_is_sorted_and_on_the_instruments_grid(market: Market) -> None:
    """Best prices first, the closeout prices behind the worst."""
    for _ in range(200):
        market.advance(0.5)
        for name, instrument in market.prices.instruments.items():
            quote = market.prices.quote(name)
            bids, asks = [r.price for r in quote.bids], [r.price for r in quote.asks]

            assert bids == sorted(bids, reverse=True)
            assert asks == sorted(asks)
            assert quote.closeout_bid < bids[-1] < bids[0] < asks[0] < asks[-1]
            assert asks[-1] < quote.closeout_ask
            assert all(price % instrument.tick == 0 for price in (*bids, *asks))


def test_a_seed_decides_the_walk() -> None:
    """The same seed gives the same prices, another one others."""
    markets = [Market(seed=7), Market(seed=7), Market(seed=8)]
    for each in markets:
        for _ in range(10):
            each.advance(1)
    first, second, third = ([m.prices.quote(n).bid for n in m.prices.instruments] for m in markets)

    assert first == second != third


def test_the_walk_stays_near_its_beginning(market: Market) -> None:
    """After many moves no price has strayed farther than it may."""
    for _ in range(5000):
        market.prices.move()

    for name, instrument in market.prices.instruments.items():
        strayed = abs(market.prices.quote(name).mid / instrument.start_price - 1)
        assert strayed < Decimal("0.04")


def test_a_price_can_be_set(market: Market) -> None:
    """With the liquidity that is asked for, at once, and everybody is told."""
    market.prices.set_price("EUR_USD", "1.1", "1.1002", 500)
    quote = market.prices.quote("EUR_USD")

    assert (quote.bid, quote.ask, quote.mid) == (
        Decimal("1.1"),
        Decimal("1.1002"),
        Decimal("1.1001"),
    )
    assert [rung.liquidity for rung in quote.bids] == [500]
    assert market.told == [frozenset({"EUR_USD"})]


def test_prices_without_liquidity_have_only_those_for_closing(market: Market) -> None:
    """Both sides of the ladder are empty."""
    market.prices.set_price("EUR_USD", "1.1", "1.1002", 0)
    quote = market.prices.quote("EUR_USD")

    assert quote.bids == quote.asks == ()
    assert (quote.bid, quote.ask) == (quote.closeout_bid, quote.closeout_ask)


def test_paused_prices_stand_still(market: Market) -> None:
    """Nothing moves, however much time passes."""
    market.prices.paused = True
    market.advance(60)

    assert market.told == []


def test_an_unknown_instrument_is_an_error(market: Market) -> None:
    """Wherever a name is taken."""
    for act in (market.prices.quote, market.prices.halt, market.prices.resume):
        with pytest.raises(KeyError):
            act("EUR_UDS")
    with pytest.raises(KeyError):
        market.prices.set_price("EUR_UDS", "1", "2")


def test_a_halted_instrument_is_not_tradeable_and_stands_still(market: Market) -> None:
    """Until it is resumed; the others go on as they would have."""
    other = Market()
    market.prices.halt("EUR_USD")
    before = market.prices.quote("EUR_USD")
    for each in (market, other):
        each.advance(3)

    assert not before.tradeable
    assert market.prices.quote("EUR_USD") == before
    assert market.prices.quote("USD_JPY").bids == other.prices.quote("USD_JPY").bids
    market.prices.resume("EUR_USD")
    assert market.prices.quote("EUR_USD").tradeable


def test_conversions_cost_and_home_is_exactly_one(market: Market) -> None:
    """Half a percent either way around the middle, by whatever instruments there are."""
    prices = market.prices
    prices.set_price("EUR_USD", "1.09990", "1.10010")
    prices.set_price("USD_JPY", "159.990", "160.010")
    home, direct, inverse = (prices.factors(c, "USD") for c in ("USD", "EUR", "JPY"))
    crossed = prices.factors("JPY", "EUR")

    assert (str(home.gain), str(home.loss), str(home.position)) == ("1", "1", "1")
    assert (direct.gain, direct.loss) == (Decimal("1.09450000"), Decimal("1.10550000"))
    assert direct.position == Decimal("1.10000000")
    assert abs(inverse.position - 1 / Decimal(160)) < Decimal("0.0000001")
    assert crossed.gain < crossed.position < crossed.loss
    with pytest.raises(KeyError):
        prices.factors("CHF", "USD")


def test_currencies_rest_on_weekends_if_they_are_told_to() -> None:
    """From Friday 17:00 to Sunday 17:00 in New York; crypto never does."""
    market = Market(start_ns=FRIDAY_17_NS - SECOND, hours=True)
    market.advance(0.5)
    open_before = market.prices.quote("EUR_USD").tradeable
    market.advance(0.5)
    closed = market.prices.quote("EUR_USD")
    market.advance(47 * 3600)
    still = market.prices.quote("EUR_USD")
    bitcoin = market.prices.quote("BTC_USD")
    market.advance(3600)

    assert open_before
    assert not closed.tradeable
    assert closed.time_ns == FRIDAY_17_NS
    assert still == closed
    assert bitcoin.tradeable
    assert bitcoin.time_ns == FRIDAY_17_NS + 47 * HOUR
    assert market.prices.quote("EUR_USD").tradeable


def test_days_end_at_five_in_new_york_whatever_the_season() -> None:
    """21:00 UTC in summer, 22:00 UTC in winter; an end is followed by the next one."""
    winter_ns = 1_797_000_000 * SECOND
    ends = [
        next_day_end_ns(time_ns) // SECOND % 86_400 // 3600 for time_ns in (START_NS, winter_ns)
    ]
    end_ns = next_day_end_ns(START_NS)

    assert ends == [21, 22]
    assert next_day_end_ns(end_ns - 1) == end_ns
    assert next_day_end_ns(end_ns) == end_ns + 24 * HOUR
    assert market_open(START_NS)
    assert not market_open(FRIDAY_17_NS)


def test_a_clock_that_is_put_back_does_not_stop_the_walk(market: Market) -> None:
    """The next move is no farther away than usual."""
    market.advance(60)
    market.now_ns -= 30 * SECOND
    market.prices.tick()
    market.told.clear()
    market.advance(0.5)

    assert market.told
