"""All state of one simulated Binance.US, which its doors share."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random

import attrs

from venuetree.scenarios.faults import ClockSkew
from venuetree.scenarios.simulated.accounts import Ledger
from venuetree.scenarios.simulated.binance_us.desk import Desk
from venuetree.scenarios.simulated.binance_us.filters import Profile
from venuetree.scenarios.simulated.binance_us.funds import FeeRates, Till
from venuetree.scenarios.simulated.binance_us.keys import ApiKey
from venuetree.scenarios.simulated.binance_us.limits import RULES, Limits, Rule
from venuetree.scenarios.simulated.binance_us.listen_keys import ListenKeys
from venuetree.scenarios.simulated.binance_us.market import Market
from venuetree.scenarios.simulated.binance_us.order_store import OrderStore
from venuetree.scenarios.simulated.binance_us.stream_settings import StreamSettings
from venuetree.scenarios.simulated.binance_us.universe import FUNDS
from venuetree.scenarios.simulated.binance_us.user_events import UserEvents
from venuetree.scenarios.simulated.fault_plan import FaultPlan
from venuetree.scenarios.simulated.log import ExchangeLog
from venuetree.scenarios.simulated.numbers import NANOSECONDS

__all__ = ["ACCOUNT", "Profile", "Settings", "Venue", "exchange_clock", "open_venue"]

ACCOUNT = "account"
"""The account that is always there."""
NANOSECONDS_IN_MS = 1_000_000


def exchange_clock(clock_ns: Callable[[], int], faults: FaultPlan) -> Callable[[], int]:
    """The clock that the exchange shows: the true one, ahead by a standing `ClockSkew`."""

    def now_ns() -> int:
        skew = faults.standing(ClockSkew)
        return clock_ns() + (int(skew.seconds * NANOSECONDS) if skew else 0)

    return now_ns


@attrs.frozen
class Settings:
    """How one simulated Binance.US differs from the usual one. Times are in seconds."""

    profile: Profile = Profile.LIVE
    levels: int = 60
    """Price levels a side in the beginning."""
    move_every_s: float = 0.2
    """Between two moves of a book."""
    trade_every_moves: int = 3
    """Moves between two trades of the house."""
    rates: FeeRates = attrs.field(factory=FeeRates)
    funds: Mapping[str, Decimal] = attrs.field(factory=lambda: dict(FUNDS))
    rules: tuple[Rule, ...] | None = None
    """Other limits than the profile's."""
    limits_enforced: bool = True
    patience: int = 3
    """Requests over a limit that are forgiven before the address is banned."""
    listen_key_life_s: float = 3600
    compression: bool = False
    """Whether permessage-deflate is agreed to when the client offers it."""
    streams: StreamSettings = attrs.field(factory=StreamSettings)
    """Of the WebSocket doors."""

    @property
    def limits(self) -> tuple[Rule, ...]:
        """The limits that hold."""
        return RULES[self.profile] if self.rules is None else self.rules


@attrs.define(eq=False)
class Venue:
    """The exchange's state and its clock."""

    settings: Settings
    seed: int
    rng: Random
    clock_ns: Callable[[], int]
    """The true time."""
    started_ns: int
    markets: Mapping[str, Market]
    ledger: Ledger
    store: OrderStore
    desk: Desk
    events: UserEvents
    """Tells the accounts' events: ``venue.events.listeners``."""
    keys: dict[str, ApiKey]
    """By the key's text."""
    listen_keys: ListenKeys
    limits: Limits
    log: ExchangeLog
    faults: FaultPlan

    @property
    def profile(self) -> Profile:
        """Which generation is simulated."""
        return self.settings.profile

    def now_ns(self) -> int:
        """The time as the exchange's clock shows it (`ClockSkew`)."""
        return exchange_clock(self.clock_ns, self.faults)()

    def now_ms(self) -> int:
        """The same in milliseconds, as the wire has it."""
        return self.now_ns() // NANOSECONDS_IN_MS

    def market(self, symbol: object) -> Market | None:
        """The market of a symbol, in capital letters."""
        return self.markets.get(symbol) if isinstance(symbol, str) else None


def open_venue(
    settings: Settings,
    *,
    seed: int,
    rng: Random,
    clock_ns: Callable[[], int],
    markets: Mapping[str, Market],
    ledger: Ledger,
    faults: FaultPlan,
    log: ExchangeLog,
) -> Venue:
    """A venue without accounts and keys, around its markets and its ledger."""
    shown_ns = exchange_clock(clock_ns, faults)

    def now_ms() -> int:
        return shown_ns() // NANOSECONDS_IN_MS

    store = OrderStore()
    events = UserEvents(ledger, settings.profile, now_ms)
    return Venue(
        settings=settings,
        seed=seed,
        rng=rng,
        clock_ns=clock_ns,
        started_ns=clock_ns(),
        markets=markets,
        ledger=ledger,
        store=store,
        desk=Desk(
            markets=markets,
            store=store,
            till=Till(ledger, settings.rates),
            events=events,
            rng=rng,
            now_ms=now_ms,
            log=log,
            accounts=set(),
        ),
        events=events,
        keys={},
        listen_keys=ListenKeys(rng, now_ms, int(settings.listen_key_life_s * 1000)),
        limits=Limits(settings.limits, settings.patience, settings.limits_enforced),
        log=log,
        faults=faults,
    )
