"""The door of the two streams: who may open one, how many, and what begins then."""

import attrs

from venuetree.scenarios.faults import KickOnConnect, RefuseConnection, SlowReply
from venuetree.scenarios.simulated.fault_plan import matches
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.simulated.numbers import NANOSECONDS
from venuetree.scenarios.simulated.oanda.answers import BadRequestError, bad_value
from venuetree.scenarios.simulated.oanda.calls import Call
from venuetree.scenarios.simulated.oanda.datetime_format import wanted_format
from venuetree.scenarios.simulated.oanda.line_outlet import LineOutlet
from venuetree.scenarios.simulated.oanda.line_session import (
    LineSession,
    Source,
    in_band_error,
    nanoseconds,
)
from venuetree.scenarios.simulated.oanda.pricing_stream import PricingSource
from venuetree.scenarios.simulated.oanda.rest import Rest, common_headers
from venuetree.scenarios.simulated.oanda.routes import stream_of
from venuetree.scenarios.simulated.oanda.transaction_stream import TransactionSource
from venuetree.scenarios.simulated.oanda.venue import Venue
from venuetree.scenarios.simulated.wire import Answer, Delivery, LineStream, Request, Response

__all__ = ["SURFACE", "StreamDoor"]

SURFACE = "stream"
_LINES = "application/octet-stream"


@attrs.define(eq=False)
class StreamDoor:
    """All streams that are open."""

    venue: Venue
    rest: Rest
    sessions: list[LineSession] = attrs.field(factory=list, init=False)
    _opened: int = attrs.field(default=0, init=False)

    def open(self, surface: str, request: Request) -> LineStream | Answer | None:
        """Open a stream or refuse it; None if the request is for no stream."""
        wanted = stream_of(request.path) if surface == SURFACE else None
        if wanted is None or request.method != "GET":
            return None
        line = f"{request.method} {request.path}"
        refused = self.rest.intercepted(request)
        if refused is not None:
            return refused
        delay_ns = self._delay_ns(line)
        opened = self._opened_by(request, *wanted)
        if isinstance(opened, Response):
            self._note(line, str(opened.status))
            return Answer(opened, Delivery.WHOLE, delay_ns)
        self._note(line, "200 lines")
        return attrs.evolve(opened, delay_ns=delay_ns)

    def tick(self) -> None:
        """Let each stream do what is due."""
        for session in list(self.sessions):
            session.tick()

    def end_of_token(self, token: str) -> None:
        """Close the streams that a revoked token has opened."""
        for session in list(self.sessions):
            if session.token == token:
                session.outlet.close(1000)

    def _opened_by(self, request: Request, stream: str, account_id: str) -> LineStream | Response:
        venue = self.venue
        granted = self.rest.granted(request, account_id)
        if isinstance(granted, Response):
            return granted
        fault = venue.faults.take(
            RefuseConnection, f"{SURFACE} {stream}", lambda f: matches(f.surface, SURFACE, stream)
        )
        if fault is not None:
            return self.rest.refusal(fault.status)
        at_most = venue.settings.streams
        if at_most is not None and self._open_of(request.client) >= at_most:
            return self.rest.refusal(429, "The number of open streams is too high.")
        request_id = venue.new_request_id()
        call = Call(venue, request, request_id, {"account": account_id}, granted)
        try:
            source = self._source(call, stream)
        except BadRequestError as refused:
            answer = refused.answer
            made = Response.of_json(answer.body, status=answer.status)
            return attrs.evolve(made, headers=common_headers(request_id))
        head = Response(
            status=200,
            content_type=_LINES,
            headers=(*common_headers(request_id), ("cache-control", "no-cache")),
        )
        return LineStream(session=self._session(request, stream, source), head=head)

    @staticmethod
    def _source(call: Call, stream: str) -> Source:
        if stream == "transactions":
            return TransactionSource(call.venue, call.account)
        names = call.instruments()
        if not names:
            raise bad_value("instruments")
        converted = call.flag("includeHomeConversions", default=False)
        return PricingSource(
            call.venue,
            tuple(dict.fromkeys(names)),
            snapshot=call.flag("snapshot", default=True),
            home=call.account.settings.home if converted else None,
        )

    def _session(self, request: Request, stream: str, source: Source) -> LineSession:
        venue = self.venue
        self._opened += 1
        name = f"{stream} {self._opened}"
        venue.log.add(venue.clock_ns(), LogKind.STREAM, name, "opened")
        session = LineSession(
            stream=stream,
            client=request.client,
            token=request.headers.get("authorization", "").partition(" ")[2].strip(),
            source=source,
            outlet=LineOutlet(venue.faults, in_band_error, name),
            clock_ns=venue.clock_ns,
            times=wanted_format(request.headers),
            heartbeat_ns=nanoseconds(venue.settings.heartbeat_s),
            on_closed=self._closed,
        )
        self.sessions.append(session)
        kick = venue.faults.take(KickOnConnect, name, lambda f: matches(f.surface, SURFACE, stream))
        if kick is not None:
            session.outlet.close(kick.code, kick.reason)
        return session

    def _open_of(self, client: str) -> int:
        return sum(session.client == client for session in self.sessions)

    def _delay_ns(self, line: str) -> int:
        slow = self.venue.faults.take(SlowReply, line, lambda f: matches(f.to, line))
        return 0 if slow is None else int(slow.delay_s * NANOSECONDS)

    def _closed(self, session: LineSession) -> None:
        if session in self.sessions:
            self.sessions.remove(session)
            self.venue.log.add(self.venue.clock_ns(), LogKind.STREAM, session.outlet.name, "closed")

    def _note(self, line: str, detail: str) -> None:
        self.venue.log.add(self.venue.clock_ns(), LogKind.REPLY, line, detail)
