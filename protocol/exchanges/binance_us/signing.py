"""Signatures: HMAC-SHA256 over exactly the bytes that are sent.

Over REST the time and the signature are appended where the parameters are, in the query or in a
form body, and what is signed is the query and the body joined without a separator. Over the
WebSocket API the parameters are sorted by name and signed as they appear.

The time is part of what is signed and is refused when it is old, so nothing is signed ahead.

Followed: "Signed (TRADE and USER_DATA) Endpoint Security", "WebSocket API: request security".
"""

import hmac
from collections.abc import Mapping
from typing import Any, Final

import orjson

from venuetree.protocol.building import evolver
from venuetree.protocol.errors import ConfigurationError
from venuetree.protocol.exchanges.binance_us.credentials import BinanceUsCredentials
from venuetree.protocol.exchanges.binance_us.reading import MILLISECOND, NAME
from venuetree.protocol.port import Auth, RestRequest, SignedAhead, StreamMessage

__all__ = ["RECV_WINDOW_MS", "BinanceUsSigner", "signer"]

#: How old a request may be when the exchange takes it up: the exchange's own default. Shorter, and
#: a slow network loses orders; longer, and an order may come late into another market, and it takes
#: longer until a lost one is known to have gone.
RECV_WINDOW_MS: Final = 5000

_evolve: Final = evolver(RestRequest)


def signer(credentials: BinanceUsCredentials) -> "BinanceUsSigner":
    """What signs for these credentials; `ConfigurationError`, without the secret, if malformed."""
    return BinanceUsSigner(credentials)


class BinanceUsSigner:
    """Signs requests and messages of the WebSocket API."""

    def __init__(self, credentials: BinanceUsCredentials) -> None:
        for what, text in (
            ("API key", credentials.api_key),
            ("API secret", credentials.api_secret),
        ):
            # A line end that was copied with it would be refused as a wrong signature.
            if not text or not text.isascii() or not text.isprintable() or " " in text:
                message = f"the {what} must be printable ASCII text without spaces"
                raise ConfigurationError(message, exchange=NAME, operation="credentials")
        self._key = credentials.api_key
        # With the secret in it, and nothing signed: copied for each signature.
        self._blank = hmac.new(credentials.api_secret.encode("ascii"), digestmod="sha256")
        self._header = (("x-mbx-apikey", self._key),)

    def __repr__(self) -> str:
        """The key's name only."""
        return f"<BinanceUsSigner {self._key}>"

    def _hex(self, payload: bytes) -> str:
        signing = self._blank.copy()
        signing.update(payload)
        return signing.hexdigest()

    def sign(self, request: RestRequest, *, host: str, now_ns: int, nonce: str) -> RestRequest:
        """The request with its key, and for `Auth.SIGNED` with window, time and signature.

        They go to the end of the body if there is one, else of the query.
        """
        del host, nonce
        if request.auth is Auth.NONE:
            return request
        headers = (*request.headers, *self._header)
        if request.auth is Auth.KEY:
            return _evolve(request, headers=headers)
        stamp = f"recvWindow={RECV_WINDOW_MS}&timestamp={now_ns // MILLISECOND}"
        query = request.query
        if request.body:
            body = request.body + b"&" + stamp.encode()
            signature = self._hex(query.encode() + body)
            return _evolve(
                request, headers=headers, body=body + b"&signature=" + signature.encode()
            )
        query = f"{query}&{stamp}" if query else stamp
        signature = self._hex(query.encode())
        return _evolve(request, headers=headers, query=f"{query}&signature={signature}")

    def sign_ahead(
        self, request: RestRequest, *, host: str, now_ns: int, nonce: str
    ) -> SignedAhead | None:
        """None: parameters and time are part of what is signed."""
        del request, host, now_ns, nonce
        return None

    def sign_stream(self, message: StreamMessage, *, now_ns: int, nonce: str) -> str:
        """A request of the WebSocket API with `apiKey`, `timestamp` and `signature` among `params`.

        Parameters are text or integers: they are signed as they are sent.
        """
        del nonce
        params: Mapping[str, Any] = {
            **message.fields.get("params", {}),
            "apiKey": self._key,
            "timestamp": now_ns // MILLISECOND,
        }
        payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
        signed = {**params, "signature": self._hex(payload.encode())}
        return orjson.dumps({**message.fields, "params": signed}).decode()
