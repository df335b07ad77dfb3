"""REST from request to answer: limits, the token, the call, what goes wrong, the headers."""

import gzip

import attrs
import orjson

from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.simulated.oanda import said
from venuetree.scenarios.simulated.oanda.answers import BadRequestError
from venuetree.scenarios.simulated.oanda.calls import Call, Reply
from venuetree.scenarios.simulated.oanda.datetime_format import wanted_format, with_times
from venuetree.scenarios.simulated.oanda.routes import find
from venuetree.scenarios.simulated.oanda.venue import Venue
from venuetree.scenarios.simulated.request_faults import RequestFaults, line_of
from venuetree.scenarios.simulated.wire import Answer, Delivery, Request, Response

__all__ = ["Rest", "common_headers"]

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
    _faults: RequestFaults = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._faults = RequestFaults(self.venue.faults, self.venue.clock_ns, said.scripted)

    def handle(self, surface: str, request: Request) -> Answer:
        """Answer one request; scripted faults act here."""
        line = line_of(request)
        answer = self.intercepted(request)
        if answer is not None and answer.delivery is not Delivery.WHOLE:
            return answer
        if answer is None:
            answer = Answer(self._serve(request, surface))
        answer = self._compressed(self._faults.after(answer, line), request)
        self._note(line, f"{answer.response.status} {answer.delivery.value}")
        return answer

    def intercepted(self, request: Request) -> Answer | None:
        """Note a request, and what a script has to say to it before anything is done."""
        venue = self.venue
        venue.log.add(venue.clock_ns(), LogKind.REQUEST, line_of(request))
        answer = self._faults.before(request)
        if answer is not None:
            return answer
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
        for request in self._faults.arrived():
            response = self._serve(request, "rest")
            self._note(line_of(request), f"{response.status} arrived late")

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
