"""Prices of the simulated OANDA: a seeded walk, and the rates that make amounts home currency.

Nobody's orders move these prices: OANDA makes its own market. What a client
trades is a short ladder around a middle, and a move replaces the whole ladder.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from random import Random

import attrs

from venuetree.scenarios.simulated.numbers import NANOSECONDS
from venuetree.scenarios.simulated.oanda.hours import market_open
from venuetree.scenarios.simulated.oanda.universe import Instrument

__all__ = ["Factors", "Prices", "Quote", "Rung"]

_ONE = Decimal(1)
_RUNGS = 7
_RUNG_TICKS = 2
"""Between one price of a ladder and the next, unless the spread asks for more."""
_ROAM = Decimal("0.03")
"""How far a walk strays from where it began, as a part of the price."""
_FACTOR_DIGITS = Decimal("0.00000001")
_BRIDGES = ("USD", "EUR")
"""Currencies by way of which a rate is made where no instrument has both."""


@attrs.frozen
class Rung:
    """A price and the units to be had at it."""

    price: Decimal
    liquidity: int


@attrs.frozen
class Quote:
    """The prices of one instrument at the time of its last update; best prices first."""

    instrument: str
    time_ns: int
    bids: tuple[Rung, ...]
    asks: tuple[Rung, ...]
    closeout_bid: Decimal
    closeout_ask: Decimal
    tradeable: bool

    @property
    def bid(self) -> Decimal:
        """The best bid, or the one for closing where nobody bids."""
        return self.bids[0].price if self.bids else self.closeout_bid

    @property
    def ask(self) -> Decimal:
        """The best ask, or the one for closing where nobody asks."""
        return self.asks[0].price if self.asks else self.closeout_ask

    @property
    def mid(self) -> Decimal:
        """Half way between the best bid and the best ask; it may have one digit more than both."""
        return (self.bid + self.ask) / 2


@attrs.frozen
class Factors:
    """What an amount of another currency is multiplied by to become home currency."""

    gain: Decimal
    loss: Decimal
    position: Decimal


@attrs.define(eq=False)
class Prices:
    """The prices of all instruments.

    Args:
        instruments: by name.
        now_ns: the time.
        seed: of the walk.
        move_every_s: seconds between two moves; each moves every instrument.
        market_hours: whether currencies, metals and indices rest on weekends.
        conversion_charge: the part that converting an amount to home currency costs.
    """

    instruments: Mapping[str, Instrument]
    now_ns: Callable[[], int]
    seed: int = 1
    move_every_s: float = 0.5
    market_hours: bool = False
    conversion_charge: Decimal = Decimal("0.005")
    paused: bool = False
    """While true, prices move only by `set_price`."""
    on_move: list[Callable[[frozenset[str]], None]] = attrs.field(factory=list)
    """Each is told the names of the instruments whose quotes are new."""
    _quotes: dict[str, Quote] = attrs.field(factory=dict, init=False)
    _middles: dict[str, int] = attrs.field(factory=dict, init=False)
    """In ticks."""
    _halted: set[str] = attrs.field(factory=set, init=False)
    _rng: Random = attrs.field(init=False)
    _next_move_ns: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        # Text, so that neighbouring seeds have nothing in common.
        self._rng = Random(f"oanda prices {self.seed}")
        now_ns = self.now_ns()
        for name, instrument in self.instruments.items():
            self._middles[name] = int(instrument.start_price / instrument.tick)
            self._quotes[name] = self._ladder(instrument, now_ns)
        self._next_move_ns = now_ns + self._move_ns

    @property
    def _move_ns(self) -> int:
        return int(self.move_every_s * NANOSECONDS)

    def quote(self, name: str) -> Quote:
        """The current prices of an instrument.

        Raises:
            KeyError: there is no such instrument.
        """
        return self._quotes[name]

    def factors(self, currency: str, home: str) -> Factors:
        """What makes an amount of a currency home currency; exactly 1 if it is that already.

        Raises:
            KeyError: no instruments lead from one to the other.
        """
        if currency == home:
            return Factors(_ONE, _ONE, _ONE)
        bid, ask = self.rates(currency, home)
        rate = (bid + ask) / 2
        return Factors(
            gain=(rate * (_ONE - self.conversion_charge)).quantize(_FACTOR_DIGITS),
            loss=(rate * (_ONE + self.conversion_charge)).quantize(_FACTOR_DIGITS),
            position=rate.quantize(_FACTOR_DIGITS),
        )

    def rates(self, currency: str, home: str) -> tuple[Decimal, Decimal]:
        """What one unit of a currency sells and buys for in home currency, by whatever way.

        Raises:
            KeyError: no instruments lead from one to the other.
        """
        direct = self._direct(currency, home)
        if direct is not None:
            return direct
        for bridge in _BRIDGES:
            first, second = self._direct(currency, bridge), self._direct(bridge, home)
            if first is not None and second is not None:
                return first[0] * second[0], first[1] * second[1]
        raise KeyError(f"{currency}_{home}")

    def is_open(self, name: str, time_ns: int) -> bool:
        """Whether the market of an instrument is open at a time; crypto never rests."""
        if not self.market_hours or self.instruments[name].asset_class == "CRYPTO":
            return True
        return market_open(time_ns)

    def set_price(
        self,
        name: str,
        bid: Decimal | str,
        ask: Decimal | str,
        liquidity: int | None = None,
    ) -> None:
        """Put an instrument at these prices; with `liquidity` there is that much and no more.

        The walk goes on from there unless it is paused.

        Raises:
            KeyError: there is no such instrument.
        """
        instrument, bid, ask = self.instruments[name], Decimal(bid), Decimal(ask)
        bid, ask = bid.quantize(instrument.tick), ask.quantize(instrument.tick)
        self._middles[name] = int((bid + ask) / 2 / instrument.tick)
        self._quotes[name] = self._quote(instrument, bid, ask, self.now_ns(), liquidity)
        self._tell([name])

    def halt(self, name: str) -> None:
        """Let an instrument not be tradeable until `resume`; its prices stand still.

        Raises:
            KeyError: there is no such instrument.
        """
        self._halted.add(self.instruments[name].name)
        self._check_tradeable()

    def resume(self, name: str) -> None:
        """End a halt.

        Raises:
            KeyError: there is no such instrument.
        """
        self._halted.discard(self.instruments[name].name)
        self._check_tradeable()

    def tick(self) -> None:
        """Open, close and move what is due by now."""
        now_ns = self.now_ns()
        if self.market_hours:
            self._check_tradeable()
        if self._next_move_ns - now_ns > self._move_ns:
            self._next_move_ns = now_ns  # the clock was put back
        if not self.paused and now_ns >= self._next_move_ns:
            # After a long sleep the market goes on from here; it does not catch up.
            self._next_move_ns = max(self._next_move_ns + self._move_ns, now_ns)
            self.move()

    def move(self) -> None:
        """One move of every instrument that trades."""
        now_ns, moved = self.now_ns(), []
        for name, instrument in self.instruments.items():
            # A number is drawn for those that rest too: a halt changes no other price.
            step = self._rng.randint(1, instrument.step_ticks) * self._rng.choice((-1, 1))
            if not self._tradeable(name, now_ns):
                continue
            start = int(instrument.start_price / instrument.tick)
            roam = int(start * _ROAM)
            if abs(self._middles[name] + step - start) > max(
                roam, abs(self._middles[name] - start)
            ):
                step = -step
            self._middles[name] += step
            self._quotes[name] = self._ladder(instrument, now_ns)
            moved.append(name)
        self._tell(moved)

    def _tell(self, names: Iterable[str]) -> None:
        told = frozenset(names)
        for listener in list(self.on_move) if told else ():
            listener(told)

    def _tradeable(self, name: str, time_ns: int) -> bool:
        return name not in self._halted and self.is_open(name, time_ns)

    def _check_tradeable(self) -> None:
        """Renew the quotes of those that have opened or closed; closing keeps the last prices."""
        now_ns, changed = self.now_ns(), []
        for name, quote in self._quotes.items():
            tradeable = self._tradeable(name, now_ns)
            if tradeable is not quote.tradeable:
                changed.append(attrs.evolve(quote, time_ns=now_ns, tradeable=tradeable))
        for quote in changed:
            self._quotes[quote.instrument] = quote
        self._tell(quote.instrument for quote in changed)

    def _ladder(self, instrument: Instrument, time_ns: int) -> Quote:
        middle, spread = self._middles[instrument.name], instrument.spread_ticks
        below = middle - spread // 2
        bid, ask = below * instrument.tick, (below + spread) * instrument.tick
        return self._quote(instrument, bid, ask, time_ns, None)

    def _quote(
        self,
        instrument: Instrument,
        bid: Decimal,
        ask: Decimal,
        time_ns: int,
        liquidity: int | None,
    ) -> Quote:
        apart = max(_RUNG_TICKS, instrument.spread_ticks // 7) * instrument.tick
        rungs = _RUNGS if liquidity is None else 1
        sizes = [(liquidity or instrument.liquidity) * 2**rung for rung in range(rungs)]
        if liquidity == 0:
            sizes = []
        return Quote(
            instrument=instrument.name,
            time_ns=time_ns,
            bids=tuple(Rung(bid - rung * apart, size) for rung, size in enumerate(sizes)),
            asks=tuple(Rung(ask + rung * apart, size) for rung, size in enumerate(sizes)),
            closeout_bid=bid - rungs * apart,
            closeout_ask=ask + rungs * apart,
            tradeable=self._tradeable(instrument.name, time_ns),
        )

    def _direct(self, currency: str, home: str) -> tuple[Decimal, Decimal] | None:
        if currency == home:
            return _ONE, _ONE
        straight = self._quotes.get(f"{currency}_{home}")
        if straight is not None:
            return straight.bid, straight.ask
        inverse = self._quotes.get(f"{home}_{currency}")
        return None if inverse is None else (_ONE / inverse.ask, _ONE / inverse.bid)
