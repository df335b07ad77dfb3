"""One connection to the WebSocket API: its requests, its subscription to an account's events.

Scripted faults know a request as ``"WS order.place"``, where REST's are known
as ``"POST /api/v3/order"``. A reply that is made slow (`SlowReply`) is
overtaken by later ones.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs
import orjson

from venuetree.scenarios.faults import (
    DelayRequest,
    DuplicateUserEvents,
    EndUserStream,
    FrameKind,
    LoseReply,
    LoseRequest,
    Loss,
    Respond,
    SlowReply,
    TruncateBody,
)
from venuetree.scenarios.simulated.binance_us.api_operations import (
    Reply,
    perform_request,
    scripted,
)
from venuetree.scenarios.simulated.binance_us.market_session import REPLIES, SHUTDOWN, USER
from venuetree.scenarios.simulated.binance_us.subscriptions import Subscriptions
from venuetree.scenarios.simulated.binance_us.venue import Venue
from venuetree.scenarios.simulated.binance_us.ws_api_requests import (
    ApiRequest,
    BadRequestError,
    read_request,
    reply_text,
)
from venuetree.scenarios.simulated.fault_plan import matches
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.simulated.numbers import NANOSECONDS
from venuetree.scenarios.simulated.outlet import Outlet

_GOING_AWAY = 1001


def in_band_error(message: str) -> bytes:
    """An error that answers no request."""
    return reply_text(None, 400, {"error": {"code": -1000, "msg": message}}, None)


@attrs.define(eq=False)
class ApiSession:
    """The state of one connection. `arrive_later` takes a request that outlives it, and when."""

    venue: Venue
    outlet: Outlet
    client: str
    tells_limits: bool
    arrive_later: Callable[[ApiRequest, int], None]
    subscriptions: Subscriptions = attrs.field(factory=Subscriptions)
    _late: list[tuple[int, str, bytes]] = attrs.field(factory=list, init=False)
    """(when, channel, text) of the replies that are made slow."""

    def receive(self, text: str | bytes) -> None:
        """Take one request; scripted faults act here."""
        try:
            request = read_request(text)
        except BadRequestError as error:
            body = {"error": {"code": error.code, "msg": error.text}}
            self._emit(REPLIES, reply_text(error.request_id, 400, body, self._limits(None, ())))
            return
        venue, line = self.venue, f"WS {request.method}"
        venue.log.add(venue.clock_ns(), LogKind.REQUEST, line)
        lost = venue.faults.take(LoseRequest, line, lambda f: matches(f.to, line))
        if lost is not None:
            self._lose(lost.how)
            return
        late = venue.faults.take(DelayRequest, line, lambda f: matches(f.to, line))
        if late is not None:
            self.arrive_later(request, venue.clock_ns() + int(late.delay_s * NANOSECONDS))
            self._lose(late.how)
            return
        instead = venue.faults.take(Respond, line, lambda f: not f.applied and matches(f.to, line))
        reply = (
            scripted(instead, venue.now_ms())
            if instead
            else perform_request(venue, request, self.client, self.subscriptions)
        )
        venue.log.add(venue.clock_ns(), LogKind.REPLY, line, str(reply.status))
        self._answer(request, reply, line)

    def _answer(self, request: ApiRequest, reply: Reply, line: str) -> None:
        faults = self.venue.faults
        lost = faults.take(LoseReply, line, lambda f: matches(f.to, line))
        if lost is not None:
            self._lose(lost.how)
            return
        instead = faults.take(Respond, line, lambda f: f.applied and matches(f.to, line))
        if instead is not None:
            reply = scripted(instead, self.venue.now_ms())
        limits = self._limits(request, reply.orders)
        text = reply_text(request.request_id, reply.status, reply.body, limits)
        cut = faults.take(TruncateBody, line, lambda f: matches(f.to, line))
        if cut is not None:
            text = text[: len(text) // 2]
        slow = faults.take(SlowReply, line, lambda f: matches(f.to, line))
        delay_s = reply.delay_s + (slow.delay_s if slow else 0)
        if delay_s:
            due_ns = self.venue.clock_ns() + int(delay_s * NANOSECONDS)
            self._late.append((due_ns, request.method, text))
            return
        self._emit(request.method, text)
        if cut is not None and cut.how is not None:
            self._lose(cut.how)

    def _limits(
        self, request: ApiRequest | None, orders: Iterable[Mapping[str, Any]]
    ) -> list[Mapping[str, Any]] | None:
        wanted = None if request is None else request.params.get("returnRateLimits")
        if wanted == "false" or (wanted is None and not self.tells_limits):
            return None
        weights = self.venue.limits.weight_counts(self.client, self.venue.now_ms())
        return [*orders, *weights]

    def _lose(self, how: Loss) -> None:
        match how:
            case Loss.CLOSED:
                self.outlet.close(_GOING_AWAY)
            case Loss.RESET:
                self.outlet.reset()
            case Loss.HANGING:
                pass  # the socket stays, and this request is never answered

    def _emit(self, channel: str, text: bytes) -> None:
        self.outlet.emit(channel, FrameKind.CONTROL, text, self.venue.clock_ns())

    # The account's events

    def tell_account(self, account: str, event: dict[str, Any]) -> None:
        """Send an event to the subscription of this account, if there is one."""
        subscription_id = self.subscriptions.of(account)
        if subscription_id is None:
            return
        self._tell(subscription_id, event)
        hit = f"{self.outlet.name} {event['e']}"
        if self.venue.faults.take(DuplicateUserEvents, hit, lambda _: True):
            self._tell(subscription_id, event)

    def _tell(self, subscription_id: int, event: dict[str, Any]) -> None:
        text = orjson.dumps({"subscriptionId": subscription_id, "event": event})
        self.outlet.emit(USER, FrameKind.UPDATE, text, self.venue.clock_ns())

    def tick(self) -> None:
        """Send the slow replies that are due; end a subscription that a fault ends."""
        clock_ns = self.venue.clock_ns()
        due = [late for late in self._late if late[0] <= clock_ns]
        self._late = [late for late in self._late if late[0] > clock_ns]
        for _, channel, text in sorted(due):
            self._emit(channel, text)
        for subscription_id in self.subscriptions.ids():
            if self.venue.faults.take(EndUserStream, self.outlet.name, lambda _: True):
                event = {"e": "eventStreamTerminated", "E": self.venue.now_ms()}
                self._tell(subscription_id, event)
                self.subscriptions.end(subscription_id)

    def announce_shutdown(self) -> None:
        """Tell the client that its server goes down."""
        event = {"e": "serverShutdown", "E": self.venue.now_ms()}
        text = orjson.dumps({"event": event})
        self.outlet.emit(SHUTDOWN, FrameKind.CONTROL, text, self.venue.clock_ns())
