"""Raw JSON to a dict, and the one place where a malformed message becomes our error."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from venuetree.protocol.errors import RemoteProtocolError

__all__ = [
    "MALFORMED",
    "optional_text",
    "read_object",
    "sample",
    "text_of",
    "texts_of",
    "unreadable",
]

#: Whatever reading a message of the wrong shape can raise: a missing or wrong member, a value
#: that is no number or time, a number too large. Nothing else may leave a codec.
MALFORMED: Final = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)


def read_object(frame: bytes | str) -> dict[str, Any]:
    """The JSON object that a frame is; `ValueError` or `TypeError` if it is anything else."""
    message = orjson.loads(frame)
    if type(message) is not dict:
        text = f"a message must be a JSON object, not {type(message).__name__}"
        raise TypeError(text)
    return message


def unreadable(
    error: BaseException, payload: bytes | str, *, exchange: str, operation: str = "decode"
) -> RemoteProtocolError:
    """What to raise, from `error`, for a payload that could not be read."""
    raw = payload.encode("utf-8", "replace") if isinstance(payload, str) else payload
    what = f"no member {error}" if isinstance(error, KeyError) else str(error)
    return RemoteProtocolError(
        f"unreadable message: {what[:200]}", payload=raw, exchange=exchange, operation=operation
    )


def text_of(value: Any) -> str:
    """`value` if it is text; `TypeError` if not."""
    if type(value) is not str:
        message = f"expected text, not {value!r:.80}"
        raise TypeError(message)
    return value


def texts_of(values: Any) -> tuple[str, ...]:
    """A list of texts as a tuple; None is an empty one."""
    return () if values is None else tuple(text_of(value) for value in values)


def optional_text(message: Mapping[str, Any], key: str) -> str:
    """A descriptive member as text; `""` where it is absent or null, JSON where it is no text."""
    value = message.get(key)
    if value is None:
        return ""
    return value if type(value) is str else sample(value)


def sample(value: Any) -> str:
    """A value as short JSON text, for people."""
    return orjson.dumps(value, default=str).decode()[:500]
