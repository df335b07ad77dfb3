"""Requests about orders by the WebSocket API: the same parameters and replies, in an envelope.

A request that the codec made for HTTP is put into the envelope, and what comes back is told in
HTTP's terms, so that everything that reads replies (refusals, limits, silences) reads these too.

Followed: "WebSocket API: request format", "… response format", "… rate limits", "… trading
requests".
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

import orjson

from venuetree.protocol.exchanges.binance_us.reading import remote_error
from venuetree.protocol.port import (
    Connect,
    MessageReply,
    RestRequest,
    StreamMessage,
    Transport,
)
from venuetree.protocol.reading import MALFORMED, read_object

__all__ = ["OrderMessages"]

_METHODS: Final = {
    ("POST", "/api/v3/order"): "order.place",
    ("DELETE", "/api/v3/order"): "order.cancel",
    ("GET", "/api/v3/order"): "order.status",
}
#: Parameters that are numbers in JSON; prices and quantities stay text, as they are signed.
_INTEGERS: Final = frozenset({"orderId", "recvWindow"})
#: The letters of intervals in the names of the limits' headers.
_LETTERS: Final = {"SECOND": "s", "MINUTE": "m", "HOUR": "h", "DAY": "d"}
_HEADERS: Final = {"REQUEST_WEIGHT": "x-mbx-used-weight", "ORDERS": "x-mbx-order-count"}
_ENDING: Final = frozenset({"serverShutdown", "eventStreamTerminated"})


class OrderMessages:
    """The message door of Binance.US: placing, cancelling and reading orders."""

    def connect(self) -> Connect:
        """A WebSocket at the API's own endpoint."""
        return Connect(Transport.WEBSOCKET, endpoint="ws_api")

    def carries(self, request: RestRequest) -> bool:
        """Whether it is about one order."""
        return (request.method, request.path) in _METHODS

    def message(self, request: RestRequest, number: int) -> StreamMessage:
        """The request's parameters in their envelope, to be signed."""
        params: dict[str, Any] = {}
        for pair in (request.query or request.body.decode()).split("&"):
            name, _, value = pair.partition("=")
            params[name] = int(value) if name in _INTEGERS else unquote(value)
        method = _METHODS[request.method, request.path]
        return StreamMessage({"id": number, "method": method, "params": params})

    def reply(self, frame: bytes | str) -> MessageReply | str | None:
        """A reply in HTTP's terms, or why the connection is about to end."""
        try:
            message = read_object(frame)
            if "status" not in message:
                event = message.get("event") or message
                return str(event.get("e")) if event.get("e") in _ENDING else None
            return _reply(message)
        except MALFORMED as error:
            raise remote_error(error, frame, operation="messages") from error


def _reply(message: Mapping[str, Any]) -> MessageReply | str:
    number, status = message["id"], message["status"]
    error = message.get("error")
    if type(status) is not int:
        text = f"a status must be an integer, not {status!r:.40}"
        raise TypeError(text)
    if number is None and error is not None:
        # It could not even be read whose: what it was about stays open until the connection ends.
        return f"a request was not understood: {error.get('msg', '')} [{error.get('code')}]"
    if type(number) is not int:
        text = f"the reply's id is none of ours: {number!r:.40}"
        raise TypeError(text)
    headers = _limits(message.get("rateLimits") or ())
    if error is None:
        body = message["result"] if "result" in message else message["response"]
    else:
        body = error
        headers |= _silence(error.get("data"))
    return MessageReply(number, status, headers, orjson.dumps(body))


def _limits(limits: Any) -> dict[str, str]:
    """The counts as the headers of an HTTP reply tell them."""
    headers: dict[str, str] = {}
    for limit in limits:
        name, letter = _HEADERS.get(limit["rateLimitType"]), _LETTERS.get(limit["interval"])
        if name is not None and letter is not None:
            headers[f"{name}-{limit['intervalNum']}{letter}"] = str(limit["count"])
    return headers


def _silence(data: Any) -> dict[str, str]:
    """`retryAfter` here is a moment in milliseconds, where the header of HTTP is a time to wait."""
    if not isinstance(data, dict) or "retryAfter" not in data or "serverTime" not in data:
        return {}
    wait_ms = data["retryAfter"] - data["serverTime"]
    return {"retry-after": str(max(0, -(-wait_ms // 1000)))}
