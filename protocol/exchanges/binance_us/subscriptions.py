"""The streams of one connection: what is wanted, what was asked, what the answers said.

Each request has a number, which its answer repeats, so that several may be under way. A refusal
does not say which stream it means: a batch that is refused is asked again in halves, down to the
one that it was.

Followed: "Websocket Market Streams", live subscribing and unsubscribing.
"""

from collections.abc import Iterable
from enum import Enum
from typing import Final

import orjson
from attrs import frozen

from venuetree.protocol.timestamps import SECOND

__all__ = ["ANSWERED_WITHIN_NS", "BATCH", "Request", "Subscriptions", "Verb"]

#: Ours: names a message. The documents set no bound; this stays below 4 KiB of text.
BATCH: Final = 150
#: Ours: an answer comes within a round trip.
ANSWERED_WITHIN_NS: Final = 10 * SECOND


class Verb(Enum):
    """What a request asks for."""

    SUBSCRIBE = "SUBSCRIBE"
    UNSUBSCRIBE = "UNSUBSCRIBE"
    #: Which streams there are; asked to see whether a silent connection still answers.
    LIST = "LIST_SUBSCRIPTIONS"


class Standing(Enum):
    """How a stream stands with the exchange."""

    ASKED = "asked"
    LIVE = "live"
    LEAVING = "leaving"
    REFUSED = "refused"


@frozen
class Request:
    """One message about some streams."""

    number: int
    verb: Verb
    streams: tuple[str, ...]
    sent_time_ns: int

    @property
    def text(self) -> str:
        """The message."""
        fields: dict[str, object] = {"method": self.verb.value, "id": self.number}
        if self.verb is not Verb.LIST:
            fields["params"] = list(self.streams)
        return orjson.dumps(fields).decode()


class Subscriptions:
    """Brings what stands at the exchange towards what is wanted."""

    def __init__(self) -> None:
        self._wanted: set[str] = set()
        self._standings: dict[str, Standing] = {}
        #: With how many others at most a stream is asked for, after batches with it were refused.
        self._at_most: dict[str, int] = {}
        self._outstanding: dict[int, Request] = {}
        self._last_number = 0
        self._is_list_due = False

    # ------------------------------------------------------------ what is wanted

    def want(self, streams: Iterable[str]) -> None:
        """From now on these and no others; what was refused and is left may be asked anew."""
        self._wanted = set(streams)
        for stream, standing in list(self._standings.items()):
            if standing is Standing.REFUSED and stream not in self._wanted:
                del self._standings[stream]
        for stream in self._at_most.keys() - self._wanted:
            del self._at_most[stream]

    def ask_for_list(self) -> None:
        """Have the exchange say which streams there are, unless it has just been asked."""
        if not self.is_listing:
            self._is_list_due = True

    # ------------------------------------------------------------ how it stands

    def is_live(self, stream: str) -> bool:
        """Whether the exchange said that it sends this stream."""
        return self._standings.get(stream) is Standing.LIVE

    def is_refused(self, stream: str) -> bool:
        """Whether the exchange said that it does not."""
        return self._standings.get(stream) is Standing.REFUSED

    @property
    def is_settled(self) -> bool:
        """Whether everything wanted is in force or refused."""
        settled = (Standing.LIVE, Standing.REFUSED)
        return all(self._standings.get(stream) in settled for stream in self._wanted)

    @property
    def is_listing(self) -> bool:
        """Whether the list has been asked for, or will be."""
        return self._is_list_due or any(
            request.verb is Verb.LIST for request in self._outstanding.values()
        )

    @property
    def has_request(self) -> bool:
        """Whether there is something to ask, once the pace allows it."""
        return self._next() is not None

    @property
    def oldest(self) -> Request | None:
        """The request that has waited longest for its answer."""
        return next(iter(self._outstanding.values()), None)

    # ------------------------------------------------------------ requests

    def request(self, now_ns: int) -> Request | None:
        """The next message, which from now on is under way; None if there is none."""
        following = self._next()
        if following is None:
            return None
        verb, streams = following
        self._last_number += 1
        request = Request(self._last_number, verb, streams, now_ns)
        self._outstanding[request.number] = request
        if verb is Verb.LIST:
            self._is_list_due = False
        for stream in streams:
            self._standings[stream] = Standing.ASKED if verb is Verb.SUBSCRIBE else Standing.LEAVING
        return request

    def _next(self) -> tuple[Verb, tuple[str, ...]] | None:
        standings, wanted = self._standings, self._wanted
        leaving = sorted(
            stream
            for stream, standing in standings.items()
            if standing is Standing.LIVE and stream not in wanted
        )
        if leaving:
            return Verb.UNSUBSCRIBE, tuple(leaving[:BATCH])
        missing = sorted(wanted - standings.keys())
        if missing:
            at_most = self._at_most.get(missing[0], BATCH)
            alike = [each for each in missing if self._at_most.get(each, BATCH) == at_most]
            return Verb.SUBSCRIBE, tuple(alike[:at_most])
        return (Verb.LIST, ()) if self._is_list_due else None

    # ------------------------------------------------------------ answers

    def granted(self, number: object) -> Request | None:
        """A request was granted: it is returned; None if it is none of those under way."""
        request = self._take(number)
        if request is None:
            return None
        for stream in request.streams:
            if request.verb is Verb.UNSUBSCRIBE:
                self._standings.pop(stream, None)
            else:
                self._standings[stream] = Standing.LIVE
        return request

    def refused(self, number: object) -> tuple[str, ...]:
        """A request was refused: the streams that are thereby known to be refused.

        A refusal without a number means the one that has waited longest, since answers come in
        order. Were that wrong, the one meant would go without an answer, which ends the connection.
        """
        if number is None and self._outstanding:
            number = next(iter(self._outstanding))
        request = self._take(number)
        if request is None:
            return ()
        if request.verb is not Verb.SUBSCRIBE:
            # Not subscribed any more, or never: gone either way.
            for stream in request.streams:
                self._standings.pop(stream, None)
            return ()
        for stream in request.streams:
            del self._standings[stream]
        wanted = tuple(stream for stream in request.streams if stream in self._wanted)
        if len(request.streams) > 1:
            half = (len(request.streams) + 1) // 2
            self._at_most.update(dict.fromkeys(wanted, half))
            return ()
        self._standings.update(dict.fromkeys(wanted, Standing.REFUSED))
        return wanted

    def _take(self, number: object) -> Request | None:
        return self._outstanding.pop(number, None) if type(number) is int else None

    def listed(self, streams: Iterable[str]) -> tuple[str, ...]:
        """These are in force: what we thought to be so and is not will be asked for again."""
        lost = {
            stream for stream, standing in self._standings.items() if standing is Standing.LIVE
        } - set(streams)
        for stream in lost:
            del self._standings[stream]
        return tuple(sorted(lost))
