"""What one connection of the older feed asks for, and which list answers which request.

An acknowledgement is a list of all that stands, under echoed names, and names no request; a
refusal is an error, which names nothing either, and then a list, often an empty one. So one
request is outstanding at a time, and a list is its answer only if it fits it.
"""

from collections.abc import Iterable

import orjson

from venuetree.protocol.exchanges.coinbase.connection import Connection
from venuetree.protocol.exchanges.coinbase.feed_channels import STATUS, BookChannel, FeedChannels
from venuetree.protocol.exchanges.coinbase.profile import REFUSED_WITHIN_NS
from venuetree.protocol.exchanges.coinbase.subscriptions import (
    HEARTBEATS,
    Key,
    Request,
    Standing,
    Verb,
    is_too_soon,
)
from venuetree.protocol.port import Send, SendSigned, StreamMessage

__all__ = ["FeedRequests"]


class FeedRequests:
    """The requests of one connection, one outstanding at a time."""

    def __init__(self, connection: Connection, books: BookChannel) -> None:
        self._channels = FeedChannels(books)
        self._connection = connection
        self._subscriptions = connection.subscriptions
        #: Asked for together with others, and left out of the list that granted those.
        self._left_out: set[Key] = set()
        #: Until when the list that follows an error is awaited; None if none is.
        self.refused_until_ns: int | None = None

    def want(self, wanted: frozenset[Key], products: Iterable[str]) -> list[str]:
        """Ask for heartbeats, and for the rest of each product once those are granted.

        Data without heartbeats could not be judged; and a product that does not exist is found
        out by one refusal. Returned are the products whose heartbeats are granted.
        """
        beats = {(HEARTBEATS, product) for product in products}
        self._left_out &= wanted | beats
        granted = {
            product
            for key in beats - self._left_out
            if self._subscriptions.standing(key) is Standing.LIVE
            for product in key[1:]
        }
        data = {key for key in wanted if key == STATUS or key[1] in granted}
        self._subscriptions.want((beats | data) - self._left_out)
        return sorted(granted)

    def action(self, request: Request) -> Send | SendSigned:
        """The request as it is said; only subscribing to a closed channel is signed."""
        fields = self._channels.fields(request)
        if request.verb is Verb.SUBSCRIBE and self._channels.is_signed(request.channel):
            return SendSigned(StreamMessage(fields))
        return Send(orjson.dumps(fields).decode())

    def listed(self, channels: tuple[tuple[str, tuple[str, ...]], ...]) -> list[Key]:
        """A list came; what is thereby known to be refused."""
        request = self._subscriptions.outstanding
        if request is None:
            return []
        asked = frozenset(request.keys)
        granted = asked & self._channels.listed(channels)
        match request.verb:
            case Verb.SUBSCRIBE if granted:
                left_out = asked - granted
            case Verb.UNSUBSCRIBE if not granted:
                left_out = frozenset()
            case _ if self.refused_until_ns is not None:
                return self.refused()
            case _:
                # Of another request, whose answer we no longer expected: the deadline stays.
                return []
        self.refused_until_ns = None
        self._subscriptions.acknowledged()
        # Those are in force as far as `Subscriptions` knows: unwanted, they will be ended.
        self._left_out |= left_out
        return sorted(left_out)

    def failed(self, message: str, now_ns: int) -> None:
        """An error came: the outstanding request is meant, and a list will follow."""
        if self._subscriptions.outstanding is None:
            return
        if is_too_soon(message):
            self._connection.postpone(now_ns)
        elif self.refused_until_ns is None:
            self.refused_until_ns = now_ns + REFUSED_WITHIN_NS

    def refused(self) -> list[Key]:
        """The outstanding request is refused for good; what is thereby known to be."""
        self.refused_until_ns = None
        return list(self._subscriptions.refused())
