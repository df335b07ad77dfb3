"""What a session told, for the tests of all sessions."""

from collections.abc import Iterable

from venuetree.protocol.port import SessionEvent

__all__ = ["of"]


def of(kind: type, events: Iterable[SessionEvent]) -> list[SessionEvent]:
    """The events of a kind."""
    return [event for event in events if isinstance(event, kind)]
