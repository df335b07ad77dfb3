"""REST from request to answer: limits, the token, the call, what goes wrong, the headers."""

import gzip

import attrs
import orjson

from venuetree.scenarios.faults import (
    DelayRequest,
    LoseReply,
    LoseRequest,
    Loss,
    Respond,
    SlowReply,
    TruncateBody,
)
from venuetree.scenarios.simulated.fault_plan import matches
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.simulated.numbers import NANOSECONDS
from venuetree.scenarios.simulated.oanda import said
from venuetree.scenarios.simulated.oanda.answers import BadRequestError
from venuetree.scenarios.simulated.oanda.calls import Call, Reply
from venuetree.scenarios.simulated.oanda.datetime_format import wanted_format, with_times
from venuetree.scenarios.simulated.oanda.routes import find
from venuetree.scenarios.simulated.oanda.venue import Venue
from venuetree.scenarios.simulated.wire import Answer, Delivery, Request, Response

__all__ = ["Rest", "common_headers"]

_NOTHING = Response(status=0)
_DELIVERIES = {
    Loss.CLOSED: Delivery.CLOSED,
    Loss.RESET: Delivery.RESET,
    Loss.HANGING: Delivery.HANGING,
}
_CORS = (
    ("access-control-allow-origin", "*"),
    (
        "access-control-allow-headers",
        "Authorization, Content-Type, Accept-Datetime-Format, OANDA-Agent, ClientRequestID",
    ),
    ("access-control-allow-methods", "PUT, PATCH, POST, GET, OPTIONS, DELETE"),
)
_ACCOUNT_ID_PARTS = 4


def common_headers(request_id: str) -> tuple[tuple[str, str], ...]:
    """What every answer bears, a stream's too."""
    return (("requestid", request_id), *_CORS)


@attrs.define(eq=False)
class Rest:
    """The REST side of one simulated OANDA."""

    venue: Venue
    _under_way: list[tuple[int, Request]] = attrs.field(factory=list, init=False)

    def handle(self, surface: str, request: Request) -> Answer:
        """Answer one request; scripted faults act here."""
        line = f"{request.method} {request.path}"
        answer = self.intercepted(request)
        if answer is not None and answer.delivery is not Delivery.WHOLE:
            return answer
        if answer is None:
            answer = Answer(self._serve(request, surface))
        answer = self._compressed(self._spoiled(answer, line), request)
        self._note(line, f"{answer.response.status} {answer.delivery.value}")
        return answer

    def intercepted(self, request: Request) -> Answer | None:
        """Note a request, and what a script has to say to it before anything is done."""
        venue, line = self.venue, f"{request.method} {request.path}"
        venue.log.add(venue.clock_ns(), LogKind.REQUEST, line)
        lost = venue.faults.take(LoseRequest, line, lambda f: matches(f.to, line))
        if lost is not None:
            return Answer(_NOTHING, _DELIVERIES[lost.how])
        late = venue.faults.take(DelayRequest, line, lambda f: matches(f.to, line))
        if late is not None:
            due_ns = venue.clock_ns() + int(late.delay_s * NANOSECONDS)
            self._under_way.append((due_ns, request))
            return Answer(_NOTHING, _DELIVERIES[late.how])
        instead = venue.faults.take(Respond, line, lambda f: not f.applied and matches(f.to, line))
        if instead is not None:
            return Answer(said.scripted(instead))
        if not venue.requests.admit(request.client, venue.clock_ns()):
            return Answer(self.refusal(429))
        return None

    def refusal(self, status: int, text: str | None = None) -> Response:
        """A refusal that comes before any account is asked."""
        headers = common_headers(self.venue.new_request_id())
        return attrs.evolve(said.error(status, text), headers=headers)

    def granted(self, request: Request, account_id: str | None) -> tuple[str, ...] | Response:
        """The ids of the accounts that a request may see, or why it may not do what it wants."""
        granted = self.venue.tokens.accounts(request)
        if granted is None:
            return self.refusal(401)
        if account_id is not None and account_id not in granted:
            if len(account_id.split("-")) != _ACCOUNT_ID_PARTS:
                return self.refusal(400, "Invalid value specified for 'accountID'")
            return self.refusal(403)
        return granted

    def tick(self) -> None:
        """Let the delayed requests whose time has come arrive; nobody hears the answers."""
        now_ns = self.venue.clock_ns()
        arrived = [request for due_ns, request in self._under_way if due_ns <= now_ns]
        self._under_way = [late for late in self._under_way if late[0] > now_ns]
        for request in arrived:
            response = self._serve(request, "rest")
            self._note(f"{request.method} {request.path}", f"{response.status} arrived late")

    def _serve(self, request: Request, surface: str) -> Response:
        if surface == "stream":
            return self.refusal(404)  # the streaming host knows nothing but its streams
        request_id = self.venue.new_request_id()
        reply = self._reply(request, request_id)
        if isinstance(reply, Response):
            return reply
        body = orjson.dumps(with_times(reply.body, wanted_format(request.headers)))
        headers = (*common_headers(request_id), *reply.headers)
        if reply.always_gzip:
            body, headers = gzip.compress(body, mtime=0), (*headers, ("content-encoding", "gzip"))
        return Response(status=reply.status, body=body, headers=headers)

    def _reply(self, request: Request, request_id: str) -> Reply | Response:
        if self.venue.tokens.accounts(request) is None:
            return self.refusal(401)
        match = find(request.path)
        if match is None:
            return self.refusal(404)
        granted = self.granted(request, match.parts.get("account"))
        if isinstance(granted, Response):
            return granted
        function = match.functions.get(request.method)
        if function is None:
            return self.refusal(405)
        content_type = request.headers.get("content-type", "application/json")
        if request.body and not content_type.lower().startswith("application/json"):
            return self.refusal(415)
        try:
            return function(Call(self.venue, request, request_id, match.parts, granted))
        except BadRequestError as refused:
            return Reply.of(refused.answer)

    def _spoiled(self, answer: Answer, line: str) -> Answer:
        faults = self.venue.faults
        lost = faults.take(LoseReply, line, lambda f: matches(f.to, line))
        if lost is not None:
            return attrs.evolve(answer, delivery=_DELIVERIES[lost.how])
        instead = faults.take(Respond, line, lambda f: f.applied and matches(f.to, line))
        if instead is not None:
            answer = attrs.evolve(answer, response=said.scripted(instead))
        cut = faults.take(TruncateBody, line, lambda f: matches(f.to, line))
        if cut is not None and cut.how is None:
            half = answer.response.body[: len(answer.response.body) // 2]
            answer = attrs.evolve(answer, response=attrs.evolve(answer.response, body=half))
        elif cut is not None:
            answer = attrs.evolve(answer, delivery=Delivery.TRUNCATED)
        slow = faults.take(SlowReply, line, lambda f: matches(f.to, line))
        if slow is not None:
            answer = attrs.evolve(answer, delay_ns=int(slow.delay_s * NANOSECONDS))
        return answer

    def _compressed(self, answer: Answer, request: Request) -> Answer:
        response = answer.response
        asked = "gzip" in request.headers.get("accept-encoding", "").lower()
        already = any(name == "content-encoding" for name, _ in response.headers)
        if not (self.venue.settings.gzip and asked and response.body) or already:
            return answer
        headers = (*response.headers, ("content-encoding", "gzip"))
        body = gzip.compress(response.body, compresslevel=1, mtime=0)
        return attrs.evolve(answer, response=attrs.evolve(response, body=body, headers=headers))

    def _note(self, line: str, detail: str) -> None:
        self.venue.log.add(self.venue.clock_ns(), LogKind.REPLY, line, detail)
