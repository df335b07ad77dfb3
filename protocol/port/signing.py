"""What proves that a request or a message is ours."""

from typing import Protocol

from attrs import field, frozen

from venuetree.protocol.port.questions import RestRequest
from venuetree.protocol.port.streams import StreamMessage

__all__ = ["SignedAhead", "Signer"]


@frozen
class SignedAhead:
    """Headers that will sign one request of a method, host and path, whatever its body.

    Attributes:
        headers: to be added to the request's own.
        until_ns: the exchange's clock until which they may be used.
    """

    headers: tuple[tuple[str, str], ...] = field(repr=False)
    until_ns: int


class Signer(Protocol):
    """Made of credentials; the auth actor is the only one that holds it."""

    def sign(self, request: RestRequest, *, host: str, now_ns: int, nonce: str) -> RestRequest:
        """The request with what proves that it is ours. `host` has its port where not default."""
        ...

    def sign_ahead(
        self, request: RestRequest, *, host: str, now_ns: int, nonce: str
    ) -> SignedAhead | None:
        """What will sign the next request to the path of this one; None if it depends on more."""
        ...

    def sign_stream(self, message: StreamMessage, *, now_ns: int, nonce: str) -> str:
        """The text of a stream message, signed."""
        ...
