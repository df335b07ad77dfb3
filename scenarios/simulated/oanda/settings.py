"""How one simulated OANDA differs from the usual one."""

from decimal import Decimal

import attrs

from venuetree.scenarios.simulated.limits import Limit

__all__ = ["Settings"]

_REQUESTS = Limit(per_second=120, burst=120)
_CONNECTIONS = Limit(per_second=2, burst=20)


@attrs.frozen
class Settings:
    """Times are in seconds; None as a limit is none at all. Limits count by client address."""

    move_every_s: float = 0.5
    """Between two moves of the prices."""
    market_hours: bool = False
    """Whether all but crypto rests from Friday 17:00 to Sunday 17:00, New York time."""
    conversion_charge: Decimal = Decimal("0.005")
    """What it costs to convert an amount to home currency, as a part of it."""
    balance: Decimal = Decimal(1000000)
    """Of each account that is there at the start, in US dollars."""
    requests: Limit | None = _REQUESTS
    """Requests of a client, on both surfaces together."""
    connections: Limit | None = _CONNECTIONS
    """New connections of a client; those above it are reset.

    The exchange writes of 2 a second. A few more at once are let in here,
    because all programs of one machine are one client.
    """
    streams: int | None = 20
    """Streams that a client may have open at once."""
    heartbeat_s: float = 5
    """Between two heartbeats of a stream."""
    window_s: float = 0.25
    """A stream tells an instrument's price once in so long a window at most."""
    gzip: bool = True
    """Whether answers are compressed for clients that ask for it."""
    finished_orders_vanish: bool = False
    """Whether orders that are over answer 404 by their number too."""
