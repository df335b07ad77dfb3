"""Control messages of the market streams: reading them, and spelling the replies.

Replies are never wrapped, even on a combined connection.
"""

import re
from enum import Enum
from typing import Any

import attrs
import orjson

__all__ = [
    "BadControlError",
    "Control",
    "ControlId",
    "GetProperty",
    "ListSubscriptions",
    "SetProperty",
    "Subscribe",
    "Unsubscribe",
    "error_text",
    "read_control",
    "result_text",
]

ControlId = int | str | None

_TEXT_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
_INT64 = range(-(2**63), 2**63)
_FIELDS = {"method", "params", "id"}
COMBINED = "combined"


class Code(Enum):
    """Codes of the errors of control messages."""

    UNKNOWN_PROPERTY = 0
    WRONG_TYPE = 1
    INVALID_REQUEST = 2
    INVALID_JSON = 3


class BadControlError(Exception):
    """A control message that cannot be obeyed; `message_id` is echoed where it could be read."""

    def __init__(self, code: Code, text: str, message_id: ControlId = None) -> None:
        super().__init__(text)
        self.code = code
        self.message_id = message_id


@attrs.frozen
class Subscribe:
    """Add these streams."""

    message_id: ControlId
    names: tuple[str, ...]


@attrs.frozen
class Unsubscribe:
    """Take these streams away."""

    message_id: ControlId
    names: tuple[str, ...]


@attrs.frozen
class ListSubscriptions:
    """Tell the streams of this connection."""

    message_id: ControlId


@attrs.frozen
class SetProperty:
    """Wrap events in the name of their stream, or stop doing so."""

    message_id: ControlId
    combined: bool


@attrs.frozen
class GetProperty:
    """Tell whether events are wrapped."""

    message_id: ControlId


Control = Subscribe | Unsubscribe | ListSubscriptions | SetProperty | GetProperty


def read_control(text: str | bytes) -> Control:
    """The control message that a text spells.

    Raises:
        BadControlError: it spells none.
    """
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadControlError(Code.INVALID_JSON, f"Invalid JSON: {error}") from None
    if not isinstance(message, dict):
        raise BadControlError(Code.INVALID_REQUEST, "Invalid request: expected an object")
    message_id = _message_id(message)
    unknown = message.keys() - _FIELDS
    if unknown:
        raise BadControlError(
            Code.INVALID_REQUEST,
            f"Invalid request: unknown field `{min(unknown)}`, "
            "expected one of `method`, `params`, `id`",
            message_id,
        )
    return _control(message.get("method"), message.get("params"), message_id)


def _message_id(message: dict[str, Any]) -> ControlId:
    message_id = message.get("id")
    match message_id:
        case None:
            return None
        case str() if _TEXT_ID.fullmatch(message_id):
            return message_id
        case int() if not isinstance(message_id, bool) and message_id in _INT64:
            return message_id
        case _:
            raise BadControlError(
                Code.INVALID_REQUEST,
                "Invalid request: request ID must be an integer, a string of up to 36 "
                "alphanumerics, or null",
            )


def _control(method: object, params: object, message_id: ControlId) -> Control:
    match method:
        case "SUBSCRIBE":
            return Subscribe(message_id, _names(params, message_id))
        case "UNSUBSCRIBE":
            return Unsubscribe(message_id, _names(params, message_id))
        case "LIST_SUBSCRIPTIONS":
            return ListSubscriptions(message_id)
        case "SET_PROPERTY":
            return SetProperty(message_id, _combined(params, message_id))
        case "GET_PROPERTY":
            _check_property(params, 1, message_id)
            return GetProperty(message_id)
        case None:
            raise BadControlError(
                Code.INVALID_REQUEST, "Invalid request: missing field `method`", message_id
            )
        case _:
            raise BadControlError(
                Code.INVALID_REQUEST,
                f"Invalid request: unknown variant `{method}`, expected one of `SUBSCRIBE`, "
                "`UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`",
                message_id,
            )


def _names(params: object, message_id: ControlId) -> tuple[str, ...]:
    if not isinstance(params, list):
        problem = "Invalid request: missing field `params`"
    elif not all(isinstance(name, str) for name in params):
        problem = "Invalid request: streams must be strings"
    elif not params or not all(params):
        problem = "Invalid request: streams must have non-zero length"
    else:
        return tuple(params)
    raise BadControlError(Code.INVALID_REQUEST, problem, message_id)


def _check_property(params: object, length: int, message_id: ControlId) -> list[Any]:
    if not isinstance(params, list) or len(params) != length:
        raise BadControlError(
            Code.INVALID_REQUEST,
            f"Invalid request: expected {length} parameter{'s' if length > 1 else ''}",
            message_id,
        )
    if params[0] != COMBINED:
        raise BadControlError(Code.UNKNOWN_PROPERTY, "Unknown property", message_id)
    return params


def _combined(params: object, message_id: ControlId) -> bool:
    _, value = _check_property(params, 2, message_id)
    if not isinstance(value, bool):
        raise BadControlError(Code.WRONG_TYPE, "Invalid value type: expected Boolean", message_id)
    return value


def result_text(message_id: ControlId, result: object = None) -> bytes:
    """The reply to a control message that was obeyed; without a result it is null."""
    return orjson.dumps({"result": result, "id": message_id})


def error_text(error: BadControlError) -> bytes:
    """The reply to one that was not, in the nested form that is seen on the wire."""
    detail = {"code": error.code.value, "msg": str(error)}
    return orjson.dumps({"error": detail, "id": error.message_id})
