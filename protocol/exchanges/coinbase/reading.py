"""Reading what Coinbase says: its name, its counter, and its errors."""

from collections.abc import Mapping
from typing import Any, Final

from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.reading import unreadable

__all__ = ["NAME", "remote_error", "sequence_of"]

NAME: Final = "coinbase"


def remote_error(
    error: BaseException, payload: bytes | str, *, operation: str = "decode"
) -> RemoteProtocolError:
    """What to raise, from `error`, for a payload that could not be read."""
    return unreadable(error, payload, exchange=NAME, operation=operation)


def sequence_of(message: Mapping[str, Any]) -> int:
    """The connection's counter in an Advanced Trade frame; raises any of `MALFORMED`."""
    sequence = message["sequence_num"]
    if type(sequence) is not int:
        text = f"sequence_num must be an integer, not {sequence!r:.40}"
        raise TypeError(text)
    return sequence
