"""How the WebSocket doors of one simulated Binance.US differ from the usual ones."""

import attrs

from venuetree.scenarios.simulated.binance_us.filters import Profile
from venuetree.scenarios.simulated.binance_us.heartbeat import Pulse

PULSES = {
    Profile.DOC: Pulse(every_s=180, patience_s=600),
    Profile.LIVE: Pulse(every_s=20, patience_s=60),
}


@attrs.frozen
class StreamSettings:
    """Times are in seconds; None as a limit is none at all."""

    pulse: Pulse | None = None
    """Another heartbeat than the profile's."""
    life_s: float = 24 * 3600
    """The age at which a connection is closed."""
    frames_per_second: int | None = 5
    """Messages, pings and pongs that a stream connection may send."""
    connections_per_window: int | None = 300
    """New connections of one address in five minutes, on either door."""
    streams: int = 1024
    """Streams of one connection."""

    def pulse_of(self, profile: Profile) -> Pulse:
        """The heartbeat that holds."""
        return self.pulse or PULSES[profile]
