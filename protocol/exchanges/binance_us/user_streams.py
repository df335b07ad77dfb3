"""By which of two doors the account's own stream is had, found out by trying.

The exchange's documents know both: the WebSocket API (a signed subscription) and listen keys. Its
parent exchange has withdrawn listen keys, and which of the two still answers here is not certain.
So the WebSocket API is tried first, and whenever a door proves to be shut the next connection
takes the other one; a door that merely cannot be reached is left after a few attempts.

Followed: "User Data Streams"; "WebSocket API: user data stream requests".
"""

from collections.abc import Callable, Mapping
from typing import Final

from venuetree.protocol.exchanges.binance_us.user_session import Door, UserSession
from venuetree.protocol.models import Instrument
from venuetree.protocol.port import SessionContext

__all__ = ["UserStreams"]

#: Ours: so many connections in a row that bring no subscription, and the other door is tried.
_ATTEMPTS_AT_MOST: Final = 3


class UserStreams:
    """What makes the sessions of a user stream, one for each connection."""

    def __init__(self, name: str, context: SessionContext) -> None:
        self._name = name
        self._instruments: Callable[[], Mapping[str, Instrument]] = context.instruments
        self._has_api = Door.WS_API.value in context.endpoints
        self._door = Door.WS_API if self._has_api else Door.LISTEN_KEY
        self._failures = 0
        self._last: UserSession | None = None

    def __call__(self) -> UserSession:
        """A session for the next connection, by the door that the last ones speak for."""
        last = self._last
        if last is not None and last.was_served:
            self._failures = 0
        elif last is not None:
            self._failures += 1
            if last.is_shut or self._failures >= _ATTEMPTS_AT_MOST:
                self._turn()
        self._last = UserSession(self._name, self._door, self._instruments)
        return self._last

    def _turn(self) -> None:
        """Take the other door, if there is one."""
        self._failures = 0
        if self._door is Door.LISTEN_KEY and self._has_api:
            self._door = Door.WS_API
        else:
            self._door = Door.LISTEN_KEY
