"""What the handlers of REST requests have in common."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeVar

import attrs
import orjson

from venuetree.scenarios.simulated.coinbase.keys import ApiKey
from venuetree.scenarios.simulated.coinbase.orders import BadRequestError
from venuetree.scenarios.simulated.coinbase.venue import Venue
from venuetree.scenarios.simulated.wire import Request, Response

BASE = "/api/v3/brokerage"

_T = TypeVar("_T")


class Access(Enum):
    """What a request asks of its key."""

    PUBLIC = "public"
    VIEW = "view"
    TRADE = "trade"


@attrs.frozen
class Call:
    """One admitted request: who asks, and the parts of its path."""

    venue: Venue
    request: Request
    parts: Mapping[str, str]
    key: ApiKey | None
    access: Access

    def body(self) -> dict[str, Any]:
        """The request's JSON object.

        Raises:
            BadRequestError: it is none.
        """
        try:
            value = orjson.loads(self.request.body or b"{}")
        except orjson.JSONDecodeError as error:
            raise BadRequestError("the body is not JSON") from error
        if not isinstance(value, dict):
            raise BadRequestError("the body is not a JSON object")
        return value


Handler = Callable[[Call], Response]


@attrs.frozen
class Route:
    """A method and a path pattern, with `{name}` for one part of it."""

    method: str
    pattern: str
    access: Access
    handler: Handler

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """The named parts of a path that fits, None if it does not."""
        if method != self.method:
            return None
        wanted, given = self.pattern.split("/"), path.split("/")
        if len(wanted) != len(given):
            return None
        parts: dict[str, str] = {}
        for want, got in zip(wanted, given, strict=True):
            if want.startswith("{"):
                parts[want[1:-1]] = got
            elif want != got:
                return None
        return parts


def error(status: int, code: str, message: str) -> Response:
    """The exchange's general error body."""
    return Response.of_json(
        {"error": code, "error_details": message, "message": message}, status=status
    )


def page(
    items: list[_T], *, cursor: str | None, limit: int, key: Callable[[_T], str]
) -> tuple[list[_T], str]:
    """The items after the cursor (the key of the last one seen), and the next cursor, or "".

    A key, unlike a position, stays right while items are added at the front.

    Raises:
        BadRequestError: the cursor names nothing.
    """
    start = 0
    if cursor:
        keys = [key(item) for item in items]
        if cursor not in keys:
            raise BadRequestError("invalid cursor")
        start = keys.index(cursor) + 1
    chosen = items[start : start + limit]
    more = start + limit < len(items)
    return chosen, key(chosen[-1]) if more and chosen else ""


def whole_number(text: str | None, *, default: int, low: int, high: int, name: str) -> int:
    """A query parameter as an integer.

    Raises:
        BadRequestError: no integer, or out of range.
    """
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise BadRequestError(f"invalid {name}")
    return int(text)
