"""REST from request to answer: what was signed, what goes wrong, the operation, the headers."""

import re
from urllib.parse import parse_qsl
from uuid import UUID

import attrs

from venuetree.scenarios.faults import Body, Respond
from venuetree.scenarios.simulated.binance_us.operation_table import OPERATIONS, PREFIX, REST
from venuetree.scenarios.simulated.binance_us.operations import Claim, Outcome, perform
from venuetree.scenarios.simulated.binance_us.scripted_errors import scripted_error
from venuetree.scenarios.simulated.binance_us.venue import Venue
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.simulated.numbers import NANOSECONDS
from venuetree.scenarios.simulated.request_faults import RequestFaults, line_of
from venuetree.scenarios.simulated.wire import Answer, Delivery, Request, Response

_JSON = "application/json;charset=UTF-8"
_FORM = "application/x-www-form-urlencoded"
_SIGNATURE = re.compile(rb"(^|&)signature=[^&]*")
_NEVER_JSON = {403, 404}
"""What stands before the exchange answers these, in HTML."""


@attrs.define(eq=False)
class Rest:
    """The REST side of one simulated Binance.US."""

    venue: Venue
    _faults: RequestFaults = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._faults = RequestFaults(self.venue.faults, self.venue.clock_ns, self.scripted)

    def handle(self, request: Request) -> Answer:
        """Answer one request; scripted faults act here."""
        venue, line = self.venue, line_of(request)
        venue.log.add(venue.clock_ns(), LogKind.REQUEST, line)
        answer = self._faults.before(request)
        if answer is not None and answer.delivery is not Delivery.WHOLE:
            return answer
        answer = self._faults.after(answer or self._serve(request), line)
        venue.log.add(
            venue.clock_ns(),
            LogKind.REPLY,
            line,
            f"{answer.response.status} {answer.delivery.value}",
        )
        return answer

    def tick(self) -> None:
        """Let the delayed requests whose time has come arrive; nobody hears the answers."""
        for request in self._faults.arrived():
            response = self._serve(request).response
            self.venue.log.add(
                self.venue.clock_ns(),
                LogKind.REPLY,
                line_of(request),
                f"{response.status} arrived late",
            )

    def _serve(self, request: Request) -> Answer:
        path = request.path.removeprefix(PREFIX)
        name = REST.get((request.method, path)) if path != request.path else None
        if name is None:
            return Answer(_html(404))
        operation = OPERATIONS[name]
        outcome = perform(self.venue, operation, claim(request))
        response = self._response(request, outcome, counts_orders=bool(operation.orders))
        return Answer(response, delay_ns=int(outcome.delay_s * NANOSECONDS))

    def _response(self, request: Request, outcome: Outcome, *, counts_orders: bool) -> Response:
        venue = self.venue
        # Order counts go with what was placed; a refusal does without them.
        account = outcome.account if counts_orders and outcome.error is None else None
        headers = (
            ("x-mbx-uuid", str(UUID(int=venue.rng.getrandbits(128), version=4))),
            *venue.limits.headers(request.client, account, outcome.counted_ms),
        )
        if outcome.error is not None and outcome.error.retry_after_s is not None:
            headers += (("retry-after", str(outcome.error.retry_after_s)),)
        made = Response.of_json(outcome.body, status=outcome.status)
        return attrs.evolve(made, content_type=_JSON, headers=headers)

    def scripted(self, fault: Respond) -> Response:
        """The response that a `Respond` fault describes."""
        response = self._scripted_body(fault)
        if fault.retry_after_s is None:
            return response
        return attrs.evolve(response, headers=(("retry-after", str(fault.retry_after_s)),))

    def _scripted_body(self, fault: Respond) -> Response:
        status = fault.status
        if fault.body_text is not None:
            content_types = {Body.JSON: _JSON, Body.HTML: "text/html"}
            content_type = content_types.get(fault.body, "text/plain")
            return Response.of_text(fault.body_text, status=status, content_type=content_type)
        match fault.body:
            case Body.EMPTY:
                return Response(status=status, content_type="text/plain")
            case Body.HTML:
                return _html(status)
            case Body.TEXT:
                return Response.of_text(f"error {status}", status=status)
            case Body.JSON if status in _NEVER_JSON:
                return _html(status)
            case Body.JSON:
                return _error(status, *scripted_error(fault, self.venue.now_ms()))


def claim(request: Request) -> Claim:
    """What a request sends: parameters of its query and of its body, as the bytes came.

    The signature covers query and body, joined without a separator; a name
    that is in both has its value in the query.
    """
    form = request.headers.get("content-type", _FORM).partition(";")[0].strip() == _FORM
    body = request.body if form else b""
    query_text, query_signature = _unsigned(request.raw_query.encode())
    body_text, body_signature = _unsigned(body)
    query = _fields(query_text)
    names = {name for name, _ in query}
    fields = query + [field for field in _fields(body_text) if field[0] not in names]
    return Claim(
        fields=tuple(fields),
        api_key=request.headers.get("x-mbx-apikey"),
        signature=query_signature or body_signature,
        payload=query_text + body_text,
        address=request.client,
    )


def _fields(text: bytes) -> list[tuple[str, str]]:
    return parse_qsl(text.decode(errors="replace"), keep_blank_values=True)


def _unsigned(text: bytes) -> tuple[bytes, str]:
    """The text without its signature, and the signature."""
    found = _SIGNATURE.search(text)
    if found is None:
        return text, ""
    rest = text[: found.start()] + text[found.end() :]
    return rest.removeprefix(b"&"), found.group().rpartition(b"=")[2].decode(errors="replace")


def _error(status: int, code: int, text: str) -> Response:
    response = Response.of_json({"code": code, "msg": text}, status=status)
    return attrs.evolve(response, content_type=_JSON)


def _html(status: int) -> Response:
    html = f"<!DOCTYPE html><html><body><h1>Error {status}</h1></body></html>"
    return Response.of_text(html, status=status, content_type="text/html")
