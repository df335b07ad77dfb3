"""The subscriptions of one connection: what is wanted, what was asked, what the answers said.

Coinbase's acknowledgements list the whole set and its refusals name nothing, so one request is
outstanding at a time: whatever comes next answers that one.
"""

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final

from attrs import frozen

from venuetree.protocol.exchanges.coinbase.profile import TOO_SOON
from venuetree.protocol.session import Pacer

__all__ = ["HEARTBEATS", "Key", "Request", "Standing", "Subscriptions", "Verb", "is_too_soon"]

HEARTBEATS: Final = "heartbeats"

#: A channel and one of its products; the product is `""` for a channel without any.
Key = tuple[str, str]


class Standing(Enum):
    """How a subscription stands with the exchange."""

    ASKED = "asked"
    LIVE = "live"
    #: To be ended and asked for again: the only way to a fresh snapshot.
    RENEWING = "renewing"
    LEAVING = "leaving"
    REFUSED = "refused"


class Verb(Enum):
    """What a request asks for."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"


@frozen
class Request:
    """One message about one channel."""

    verb: Verb
    channel: str
    products: tuple[str, ...]
    sent_time_ns: int

    @property
    def keys(self) -> tuple[Key, ...]:
        """The subscriptions that it concerns."""
        return tuple((self.channel, product) for product in self.products)

    @property
    def fields(self) -> dict[str, object]:
        """The message, before any signature."""
        fields: dict[str, object] = {"type": self.verb.value, "channel": self.channel}
        if self.products != ("",):
            fields["product_ids"] = list(self.products)
        return fields


class Subscriptions:
    """Brings what stands at the exchange towards what is wanted, one request at a time."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self._wanted: set[Key] = set()
        self._standings: dict[Key, Standing] = {}
        #: Asked for one by one, since a refusal of several does not say which is meant.
        self._singly: set[Key] = set()
        self.outstanding: Request | None = None

    def want(self, keys: Iterable[Key]) -> None:
        """From now on these and no others."""
        self._wanted = set(keys)
        for key, standing in list(self._standings.items()):
            if standing is Standing.REFUSED and key not in self._wanted:
                del self._standings[key]

    def is_delivering(self, key: Key) -> bool:
        """Whether data of this subscription is to be believed: snapshots precede their ack."""
        return key in self._wanted and self._standings.get(key) in {Standing.ASKED, Standing.LIVE}

    def standing(self, key: Key) -> Standing | None:
        """How it stands; None if it was not asked for, or has been left."""
        return self._standings.get(key)

    def renew(self, key: Key) -> None:
        """End it and ask again; an acknowledgement that is still to come does not change that."""
        if self._standings.get(key) in {Standing.ASKED, Standing.LIVE}:
            self._standings[key] = Standing.RENEWING

    def live(self) -> Iterator[Key]:
        """Those acknowledged and in force."""
        return (key for key, standing in self._standings.items() if standing is Standing.LIVE)

    @property
    def is_settled(self) -> bool:
        """Whether everything wanted is in force or refused, and nothing else is."""
        return self.outstanding is None and self._next() is None

    @property
    def has_request(self) -> bool:
        """Whether there is something to ask, once the pace allows it."""
        return self.outstanding is None and self._next() is not None

    def request(self, now_ns: int) -> Request | None:
        """The next message, which from now on is outstanding; None if none is due."""
        if self.outstanding is not None or not self._pacer.may_send(now_ns):
            return None
        following = self._next()
        if following is None:
            return None
        verb, channel, products = following
        request = Request(verb, channel, products, now_ns)
        for key in request.keys:
            self._standings[key] = Standing.ASKED if verb is Verb.SUBSCRIBE else Standing.LEAVING
        self._pacer.sent(now_ns)
        self.outstanding = request
        return request

    def _next(self) -> tuple[Verb, str, tuple[str, ...]] | None:
        standings = self._standings
        heartbeats = (HEARTBEATS, "")
        if heartbeats in self._wanted and heartbeats not in standings:
            return Verb.SUBSCRIBE, HEARTBEATS, ("",)
        leaving = sorted(
            key
            for key, standing in standings.items()
            if standing is Standing.RENEWING
            or (standing is Standing.LIVE and key not in self._wanted)
        )
        if leaving:
            return Verb.UNSUBSCRIBE, *_first_channel(leaving)
        missing = sorted(self._wanted - standings.keys())
        together = [key for key in missing if key not in self._singly]
        if together:
            return Verb.SUBSCRIBE, *_first_channel(together)
        if missing:
            channel, product = missing[0]
            return Verb.SUBSCRIBE, channel, (product,)
        return None

    def acknowledged(self) -> Request | None:
        """The outstanding request was granted: it is returned, and no longer outstanding."""
        request, self.outstanding = self.outstanding, None
        if request is None:
            return None
        for key in request.keys:
            if request.verb is Verb.UNSUBSCRIBE:
                self._standings.pop(key, None)
            elif self._standings.get(key) is Standing.ASKED:
                self._standings[key] = Standing.LIVE
        return request

    def postponed(self, until_ns: int) -> None:
        """The outstanding request came too soon: it is made again, not before `until_ns`."""
        request, self.outstanding = self.outstanding, None
        self._pacer.hold(until_ns)
        if request is None:
            return
        for key in request.keys:
            if request.verb is Verb.SUBSCRIBE:
                self._standings.pop(key, None)
            else:
                # Ended when it is asked for again, whether it is wanted anew or not.
                self._standings[key] = Standing.RENEWING

    def refused(self) -> tuple[Key, ...]:
        """The outstanding request was refused: what is thereby known to be refused for good.

        Of several products at once none is known to be: they will be asked for one by one.
        """
        request, self.outstanding = self.outstanding, None
        if request is None:
            return ()
        if request.verb is Verb.UNSUBSCRIBE:
            # Not subscribed any more, or never: gone either way.
            for key in request.keys:
                self._standings.pop(key, None)
            return ()
        if len(request.keys) > 1:
            self._singly.update(request.keys)
            for key in request.keys:
                self._standings.pop(key, None)
            return ()
        for key in request.keys:
            self._standings[key] = Standing.REFUSED
        return request.keys


def is_too_soon(message: str) -> bool:
    """Whether an error frame says that we sent too much, rather than something wrong."""
    lowered = message.casefold()
    return any(words in lowered for words in TOO_SOON)


def _first_channel(keys: list[Key]) -> tuple[str, tuple[str, ...]]:
    """The first key's channel, and all products of it."""
    channel = keys[0][0]
    return channel, tuple(product for other, product in keys if other == channel)
