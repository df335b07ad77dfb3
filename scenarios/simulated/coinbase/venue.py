"""All state of one simulated Coinbase, which its REST side and its streams share."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from random import Random

import attrs

from venuetree.scenarios.faults import Body, ClockSkew
from venuetree.scenarios.simulated.accounts import Ledger
from venuetree.scenarios.simulated.coinbase.desk import Desk
from venuetree.scenarios.simulated.coinbase.keys import HmacKey
from venuetree.scenarios.simulated.coinbase.market import Market
from venuetree.scenarios.simulated.coinbase.rules import FeeRates
from venuetree.scenarios.simulated.coinbase.tokens import Authority
from venuetree.scenarios.simulated.coinbase.universe import FUNDS
from venuetree.scenarios.simulated.fault_plan import FaultPlan
from venuetree.scenarios.simulated.limits import Limit
from venuetree.scenarios.simulated.log import ExchangeLog
from venuetree.scenarios.simulated.numbers import NANOSECONDS


def exchange_clock(clock_ns: Callable[[], int], faults: FaultPlan) -> Callable[[], int]:
    """The clock that the exchange shows: the true one, ahead by a standing `ClockSkew`."""

    def now_ns() -> int:
        skew = faults.standing(ClockSkew)
        return clock_ns() + (int(skew.seconds * NANOSECONDS) if skew else 0)

    return now_ns


_PRIVATE = Limit(per_second=30, burst=30)
_PUBLIC = Limit(per_second=10, burst=10)
_STREAM = Limit(per_second=8, burst=8)


class RepeatedId(Enum):
    """What the exchange answers to a `client_order_id` that was used before."""

    FIRST_ORDER = "first_order"
    """Success, with the first order's id."""
    REFUSED = "refused"
    """``DUPLICATE_CLIENT_ORDER_ID``."""


class Spelling(Enum):
    """In which of the ways that have been seen the streams write the same things."""

    CURRENT = "current"
    OLDER = "older"
    """No `client_id`, counters as strings, order types in title case, snapshots of 1970."""


@attrs.frozen
class Settings:
    """How one simulated Coinbase differs from the usual one. Times are in seconds."""

    levels: int = 60
    """Price levels a side in the beginning."""
    extra_products: int = 0
    """Thin products beside the three that are always there."""
    move_every_s: float = 0.2
    """Between two moves of a book."""
    trade_every_moves: int = 3
    """Moves between two trades of the house."""
    cancel_latency_s: float = 0.02
    """Between the acceptance of a cancel and its effect."""
    rates: FeeRates = attrs.field(factory=FeeRates)
    funds: Mapping[str, Decimal] = attrs.field(factory=lambda: dict(FUNDS))
    private_limit: Limit | None = _PRIVATE
    public_limit: Limit | None = _PUBLIC
    connection_limit: Limit | None = _STREAM
    message_limit: Limit | None = _STREAM
    """Stream messages without a token."""
    too_many_requests: Body = Body.JSON
    retry_after_s: int | None = None
    """A ``Retry-After`` on each 429; the exchange documents none."""
    repeated_id: RepeatedId = RepeatedId.FIRST_ORDER
    hmac_key: HmacKey | None = None
    """A key of the older ``CB-ACCESS-*`` scheme, if that is to be served."""
    exchange_feed_key: HmacKey | None = None
    """A key of the Exchange feed; without it its channels that need one stay closed."""
    first_message_within_s: float = 5
    idle_close_after_s: float = 75
    """A connection without heartbeats that had no update for so long is closed."""
    level2_products: int = 30
    zero_quantities: tuple[str, ...] = ("0", "0.00000000")
    """The spellings of a deleted level, in turn."""
    spelling: Spelling = Spelling.CURRENT
    compression: bool = True
    """Whether permessage-deflate is agreed to when the client offers it."""


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
    aliases: Mapping[str, str]
    ledger: Ledger
    desk: Desk
    authority: Authority
    log: ExchangeLog
    faults: FaultPlan
    user_id: str
    portfolio_id: str

    def now_ns(self) -> int:
        """The time as the exchange's clock shows it (`ClockSkew`)."""
        return exchange_clock(self.clock_ns, self.faults)()

    def market(self, product_id: object) -> Market | None:
        """The market of a product id or of its alias."""
        if not isinstance(product_id, str):
            return None
        return self.markets.get(self.aliases.get(product_id, product_id))
