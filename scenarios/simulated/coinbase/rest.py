"""REST from request to answer: limits, who asks, what they may, what goes wrong, the handler."""

import attrs

from venuetree.scenarios.faults import Body, Respond
from venuetree.scenarios.simulated.coinbase import (
    rest_account,
    rest_market,
    rest_orders,
    rest_previews,
)
from venuetree.scenarios.simulated.coinbase.keys import ALL_PERMISSIONS, ApiKey, Permission
from venuetree.scenarios.simulated.coinbase.orders import BadRequestError
from venuetree.scenarios.simulated.coinbase.rest_common import Access, Call, Route, error
from venuetree.scenarios.simulated.coinbase.tokens import NotAuthenticatedError, check_hmac_rest
from venuetree.scenarios.simulated.coinbase.venue import Venue
from venuetree.scenarios.simulated.limits import Bucket, Limiter
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.simulated.numbers import NANOSECONDS
from venuetree.scenarios.simulated.request_faults import RequestFaults, line_of
from venuetree.scenarios.simulated.wire import Answer, Delivery, Request, Response

ROUTES: tuple[Route, ...] = (
    *rest_orders.ROUTES,
    *rest_previews.ROUTES,
    *rest_market.ROUTES,
    *rest_account.ROUTES,
)

_REASONS = {
    400: ("INVALID_ARGUMENT", "invalid argument"),
    403: ("PERMISSION_DENIED", "Missing required scopes"),
    404: ("NOT_FOUND", "not found"),
    500: ("INTERNAL", "internal error"),
    502: ("UNAVAILABLE", "bad gateway"),
    503: ("UNAVAILABLE", "service unavailable"),
    504: ("DEADLINE_EXCEEDED", "gateway timeout"),
}


@attrs.define(eq=False)
class Rest:
    """The REST side of one simulated Coinbase."""

    venue: Venue
    _private: Limiter = attrs.field(init=False)
    _public: Limiter = attrs.field(init=False)
    _faults: RequestFaults = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._faults = RequestFaults(self.venue.faults, self.venue.clock_ns, scripted)
        self._private = Limiter(self.venue.settings.private_limit)
        self._public = Limiter(self.venue.settings.public_limit)

    def handle(self, request: Request) -> Answer:
        """Answer one request; scripted faults act here."""
        venue, line = self.venue, line_of(request)
        venue.log.add(venue.clock_ns(), LogKind.REQUEST, line)
        answer = self._faults.before(request)
        if answer is not None and answer.delivery is not Delivery.WHOLE:
            return answer
        answer = self._faults.after(answer or Answer(self._serve(request)), line)
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
            response = self._serve(request)
            self.venue.log.add(
                self.venue.clock_ns(),
                LogKind.REPLY,
                line_of(request),
                f"{response.status} arrived late",
            )

    def _serve(self, request: Request) -> Response:
        found = _route(request)
        if found is None:
            return error(404, "NOT_FOUND", "Not found")
        route, parts = found
        now_ns = self.venue.clock_ns()
        if route.access is Access.PUBLIC:
            if not self._public.admit(request.client, now_ns):
                return self._too_many(self._public.bucket(request.client))
            return _handled(route, Call(self.venue, request, parts, None, route.access))
        try:
            key = self._authenticated(request)
        except NotAuthenticatedError as reason:
            self.venue.log.add(now_ns, LogKind.REPLY, request.path, f"401: {reason}")
            return Response.of_text("Unauthorized", status=401)
        # The limit is the user's, so all keys share it.
        bucket = self._private.bucket(self.venue.user_id)
        if bucket is not None and not bucket.admit(now_ns):
            return self._too_many(bucket)
        needed = Permission.TRADE if route.access is Access.TRADE else Permission.VIEW
        if needed not in (ALL_PERMISSIONS if key is None else key.permissions):
            response = error(403, "PERMISSION_DENIED", "Missing required scopes")
        else:
            response = _handled(route, Call(self.venue, request, parts, key, route.access))
        return _with_limit(response, bucket)

    def _authenticated(self, request: Request) -> ApiKey | None:
        """The key that signed the request; None for a key of the older scheme."""
        headers, venue = request.headers, self.venue
        now_s = venue.now_ns() / NANOSECONDS
        older = venue.settings.hmac_key
        if older is not None and "cb-access-key" in headers:
            check_hmac_rest(
                older,
                headers=headers,
                method=request.method,
                path=request.path,
                body=request.body.decode(errors="replace"),
                now_s=now_s,
            )
            return None
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise NotAuthenticatedError("no bearer token")
        return venue.authority.check_rest(
            token=token,
            method=request.method,
            path=request.path,
            host_header=headers.get("host", ""),
            now_s=now_s,
        )

    def _too_many(self, bucket: Bucket | None) -> Response:
        settings = self.venue.settings
        response = too_many_requests(settings.too_many_requests, settings.retry_after_s)
        return _with_limit(response, bucket)


def too_many_requests(body: Body, retry_after_s: int | None) -> Response:
    """A 429 in one of the forms that the exchange has been seen to use."""
    return scripted(Respond(status=429, body=body, retry_after_s=retry_after_s))


def scripted(fault: Respond) -> Response:
    """The response that a `Respond` fault describes."""
    headers = () if fault.retry_after_s is None else (("retry-after", str(fault.retry_after_s)),)
    response = _scripted_body(fault)
    return attrs.evolve(response, headers=headers)


def _scripted_body(fault: Respond) -> Response:
    status = fault.status
    content_types = {Body.JSON: "application/json", Body.HTML: "text/html"}
    if fault.body_text is not None:
        content_type = content_types.get(fault.body, "text/plain")
        return Response.of_text(fault.body_text, status=status, content_type=content_type)
    match fault.body:
        case Body.EMPTY:
            return Response(status=status, content_type="text/plain")
        case Body.HTML:
            html = f"<!DOCTYPE html><html><body><h1>Error {status}</h1></body></html>"
            return Response.of_text(html, status=status, content_type="text/html")
        case Body.TEXT:
            return Response.of_text(f"error {status}", status=status)
        case Body.JSON if status == 401:  # noqa: PLR2004 - never JSON there
            return Response.of_text("Unauthorized", status=status)
        case Body.JSON if status == 429:  # noqa: PLR2004 - has a form of its own
            detail = {"id": "rate_limit_exceeded", "message": "Too many requests"}
            return Response.of_json({"errors": [detail]}, status=status)
        case Body.JSON:
            return error(status, *_REASONS.get(status, ("UNKNOWN", "unknown error")))


def _route(request: Request) -> tuple[Route, dict[str, str]] | None:
    for route in ROUTES:
        parts = route.match(request.method, request.path)
        if parts is not None:
            return route, parts
    return None


def _handled(route: Route, call: Call) -> Response:
    try:
        return route.handler(call)
    except BadRequestError as reason:
        return error(400, "INVALID_ARGUMENT", str(reason))
    except rest_market.UnknownProductError:
        return rest_market.unknown_product(call)


def _with_limit(response: Response, bucket: Bucket | None) -> Response:
    if bucket is None:
        return response
    headers = (
        *response.headers,
        ("x-ratelimit-limit", str(bucket.limit.per_second)),
        ("x-ratelimit-remaining", str(bucket.remaining)),
        ("x-ratelimit-reset", str(bucket.seconds_until_full)),
    )
    return attrs.evolve(response, headers=headers)
