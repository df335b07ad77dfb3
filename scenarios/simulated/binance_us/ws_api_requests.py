"""Requests of the WebSocket API: reading one, its parameters as text, the envelope of a reply.

A signature covers the values as they were written, so a number is kept as its
digits: ``5000`` and ``5000.0`` are not the same text.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import orjson

INVALID_JSON = (-1135, "Invalid JSON Request")
INVALID_PARAMS = (-1135, "Invalid 'params' in JSON request; expected an object.")
INVALID_METHOD = (-1135, "Invalid 'method' in JSON request; expected a string.")
INVALID_ID = (-1135, "Invalid 'id' in JSON request; expected an integer, a string or null.")


class _Digits(str):
    """A JSON number in the digits that the client wrote."""

    __slots__ = ()


class BadRequestError(Exception):
    """A text that is no request; `request_id` is echoed where it could be read."""

    def __init__(self, problem: tuple[int, str], request_id: int | str | None = None) -> None:
        self.code, self.text = problem
        super().__init__(self.text)
        self.request_id = request_id


@attrs.frozen
class ApiRequest:
    """One request; the values of `params` are text, as the REST twin would get them."""

    request_id: int | str | None
    method: str
    params: Mapping[str, str]


def read_request(text: str | bytes) -> ApiRequest:
    """The request that a text spells; a ``v3/`` before its method is taken away.

    Raises:
        BadRequestError: it spells none.
    """
    try:
        message = json.loads(text, parse_int=_Digits, parse_float=_Digits)
    except ValueError:
        raise BadRequestError(INVALID_JSON) from None
    if not isinstance(message, dict):
        raise BadRequestError(INVALID_JSON)
    request_id = _request_id(message.get("id"))
    method = message.get("method")
    if not isinstance(method, str) or isinstance(method, _Digits):
        raise BadRequestError(INVALID_METHOD, request_id)
    params = message.get("params", {})
    if not isinstance(params, dict):
        raise BadRequestError(INVALID_PARAMS, request_id)
    written = {name: _text(value) for name, value in params.items() if value is not None}
    return ApiRequest(request_id, method.removeprefix("v3/"), written)


def _request_id(value: object) -> int | str | None:
    if isinstance(value, _Digits):
        try:
            return int(value)
        except ValueError:
            raise BadRequestError(INVALID_ID) from None
    if value is None or isinstance(value, str):
        return value
    raise BadRequestError(INVALID_ID)


def _text(value: object) -> str:
    """A parameter's value as REST writes it: plain text, or JSON for arrays and objects."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, separators=(",", ":"))


def signed_text(params: Mapping[str, str]) -> str:
    """What the signature of a request covers: all but itself, sorted by name, not encoded."""
    return "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "signature")


def reply_text(
    request_id: int | str | None,
    status: int,
    body: Mapping[str, Any],
    rate_limits: Sequence[Mapping[str, Any]] | None,
) -> bytes:
    """A reply; `body` holds ``result`` or ``error``."""
    envelope = {"id": request_id, "status": status, **body}
    if rate_limits is not None:
        envelope["rateLimits"] = rate_limits
    return orjson.dumps(envelope)
