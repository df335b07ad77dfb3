"""When a connection is to be replaced by another, and when that other may take over."""

import re
from typing import Final

from venuetree.protocol.port import Replace
from venuetree.protocol.session import earliest
from venuetree.protocol.timestamps import SECOND

__all__ = ["Succession"]

_MINUTE: Final = 60 * SECOND
#: "General WSS information": a connection lives for 24 hours. Ours: it is replaced an hour before
#: that, connection after connection, so that not all of them ask for their snapshots at once.
_LIVES_NS: Final = 23 * 60 * _MINUTE
_APART_NS: Final = 5 * _MINUTE
_STAGGERED_AT_MOST: Final = 24
#: Ours: how soon a replacement is asked for again, if the last one has come to nothing.
_AGAIN_NS: Final = _MINUTE
_AGAIN_ANNOUNCED_NS: Final = 10 * SECOND
#: Ours: how long a connection delivers beside another before it may take over, so that whatever
#: was under way by the other when this one's subscriptions came into force has arrived there.
OVERLAPS_NS: Final = SECOND

_number_in: Final = re.compile(r"[0-9]{1,9}$", re.ASCII).search


class Succession:
    """One connection's place in the row of its kind."""

    def __init__(self, name: str) -> None:
        """`name` ends with the connection's number, as in `market-3`."""
        number = _number_in(name)
        self._stagger_ns = (int(number[0]) if number else 0) % _STAGGERED_AT_MOST * _APART_NS
        self._reason = "the connection has lived for nearly as long as the exchange lets it"
        self._again_ns = _AGAIN_NS
        self._replace_at_ns: int | None = None
        self._delivers_from_ns: int | None = None
        self._has_overlapped = False

    def opened(self, now_ns: int) -> None:
        """The connection stands."""
        self._replace_at_ns = now_ns + _LIVES_NS - self._stagger_ns

    def announced(self, reason: str, now_ns: int) -> None:
        """The exchange says that it will end the connection."""
        self._reason = f"the exchange ends the stream: {reason}"
        self._again_ns = _AGAIN_ANNOUNCED_NS
        self._replace_at_ns = now_ns

    def replace(self, now_ns: int) -> Replace | None:
        """Whether another connection is to be opened now; not again for a while then."""
        if self._replace_at_ns is None or now_ns < self._replace_at_ns:
            return None
        self._replace_at_ns = now_ns + self._again_ns
        return Replace(self._reason)

    def may_speak(self, now_ns: int, *, is_delivered: bool) -> bool:
        """Whether everything is delivered, and the first time was long enough ago."""
        if is_delivered and self._delivers_from_ns is None:
            self._delivers_from_ns = now_ns
        if self._delivers_from_ns is not None:
            self._has_overlapped |= now_ns >= self._delivers_from_ns + OVERLAPS_NS
        return is_delivered and self._has_overlapped

    @property
    def deadline_ns(self) -> int | None:
        """When `replace` or `may_speak` will have another answer."""
        is_waiting = self._delivers_from_ns is not None and not self._has_overlapped
        overlapped_ns = (self._delivers_from_ns or 0) + OVERLAPS_NS if is_waiting else None
        return earliest(self._replace_at_ns, overlapped_ns)
