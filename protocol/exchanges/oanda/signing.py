"""Requests with the token, and the account's number in their path.

A token is worth as much as the account: it goes over TLS in a header, depends on neither the
request nor the time, and so nothing is signed. But every path names the account, which only the
credentials hold: codecs write `{account}` in its place.

The form of times holds for what is asked and answered alike; it is asked for at each request.

Followed: "Authentication"; "Development Guide" (request headers).
"""

from typing import Final, NoReturn

from venuetree.protocol.building import evolver
from venuetree.protocol.errors import LocalProtocolError
from venuetree.protocol.exchanges.oanda.credentials import OandaCredentials
from venuetree.protocol.exchanges.oanda.reading import NAME
from venuetree.protocol.exchanges.oanda.requests import ACCOUNT
from venuetree.protocol.port import Auth, RestRequest, SignedAhead, StreamMessage

__all__ = ["OandaSigner", "signer"]

_evolve: Final = evolver(RestRequest)
_TIMES: Final = ("accept-datetime-format", "RFC3339")


def signer(credentials: OandaCredentials) -> "OandaSigner":
    """What signs for these credentials."""
    return OandaSigner(credentials)


class OandaSigner:
    """Adds the token and the account's number to requests."""

    def __init__(self, credentials: OandaCredentials) -> None:
        self._account = credentials.account_id
        self._headers = (("authorization", f"Bearer {credentials.token}"), _TIMES)

    def __repr__(self) -> str:
        """The account only."""
        return f"<OandaSigner {self._account}>"

    def sign(self, request: RestRequest, *, host: str, now_ns: int, nonce: str) -> RestRequest:
        """The request with its token, for the account."""
        del host, now_ns, nonce
        if request.auth is Auth.NONE:
            return request
        return _evolve(
            request,
            path=request.path.replace(ACCOUNT, self._account),
            headers=(*request.headers, *self._headers),
        )

    def sign_ahead(
        self, request: RestRequest, *, host: str, now_ns: int, nonce: str
    ) -> SignedAhead | None:
        """None: there is nothing to reckon, and the path has to be completed."""
        del request, host, now_ns, nonce
        return None

    def sign_stream(self, message: StreamMessage, *, now_ns: int, nonce: str) -> NoReturn:
        """Raise `LocalProtocolError`: the exchange's streams only speak."""
        del message, now_ns, nonce
        error = "nothing can be said on a stream of lines"
        raise LocalProtocolError(error, exchange=NAME, operation="stream")
