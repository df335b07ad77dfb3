"""Requests that go as messages of a stream."""

from collections.abc import Mapping
from typing import Protocol

from attrs import frozen

from venuetree.protocol.port.questions import RestRequest
from venuetree.protocol.port.streams import Connect, StreamMessage

__all__ = ["MessageDoor", "MessageReply"]


@frozen
class MessageReply:
    """The reply to a request that went as a message, in HTTP's terms.

    Attributes:
        number: the request's.
        headers: what else was said, by the names that the codec reads over HTTP, lower case.
    """

    number: int
    status: int
    headers: Mapping[str, str]
    body: bytes


class MessageDoor(Protocol):
    """A way to make some requests as messages of a stream instead of over HTTP."""

    def connect(self) -> Connect:
        """How to open the stream."""
        ...

    def carries(self, request: RestRequest) -> bool:
        """Whether this request can go this way."""
        ...

    def message(self, request: RestRequest, number: int) -> StreamMessage:
        """What to have signed and sent."""
        ...

    def reply(self, frame: bytes | str) -> MessageReply | str | None:
        """What a frame answers; None if nothing, a reason if it says that the stream ends.

        Raises `RemoteProtocolError` if it cannot be read.
        """
        ...
