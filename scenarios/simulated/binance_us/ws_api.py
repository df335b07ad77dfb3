"""The door of the WebSocket API: requests and replies, and the account's events, on one socket."""

from typing import Any

import attrs
import orjson

from venuetree.scenarios.simulated.binance_us.api_operations import perform_request
from venuetree.scenarios.simulated.binance_us.api_session import ApiSession, in_band_error
from venuetree.scenarios.simulated.binance_us.connection import Connection
from venuetree.scenarios.simulated.binance_us.errors import ApiError
from venuetree.scenarios.simulated.binance_us.filters import Profile
from venuetree.scenarios.simulated.binance_us.gate import Gate
from venuetree.scenarios.simulated.binance_us.heartbeat import FrameLimit
from venuetree.scenarios.simulated.binance_us.subscriptions import Subscriptions
from venuetree.scenarios.simulated.binance_us.venue import Venue
from venuetree.scenarios.simulated.binance_us.ws_api_requests import ApiRequest
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.simulated.outlet import Outlet
from venuetree.scenarios.simulated.wire import Refusal, Request

SURFACE = "ws_api"
PATH = "/ws-api/v3"
_CONNECTION_WEIGHT = {Profile.DOC: 1, Profile.LIVE: 2}


@attrs.define(eq=False)
class WsApiDoor:
    """All connections of the WebSocket API, and the requests that are still under way."""

    venue: Venue
    gate: Gate = attrs.field(init=False)
    _under_way: list[tuple[int, ApiRequest, str]] = attrs.field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self.gate = Gate(self.venue, SURFACE, in_band_error)
        self.venue.events.listeners.append(self._tell_account)

    def connect(self, request: Request) -> Connection | Refusal:
        """Open a connection, unless its path, a limit or a fault says no."""
        refused = self.gate.refusal(request.client)
        if refused is not None:
            return refused
        if request.path.rstrip("/") != PATH:
            return Refusal(404, "")
        weight = _CONNECTION_WEIGHT[self.venue.profile]
        try:
            self.venue.limits.admit(request.client, weight, self.venue.now_ms())
        except ApiError as error:
            return Refusal(error.status, orjson.dumps(error.body).decode())
        silent = request.one("returnRateLimits") == "false"

        def session(outlet: Outlet) -> ApiSession:
            return ApiSession(
                venue=self.venue,
                outlet=outlet,
                client=request.client,
                tells_limits=not silent,
                arrive_later=lambda late, due_ns: self._under_way.append(
                    (due_ns, late, request.client)
                ),
            )

        # The limit on frames is the streams'; here weight is what counts.
        return self.gate.open(session, FrameLimit(None))

    def tick(self) -> None:
        """Let the delayed requests arrive, whose answers nobody hears, and send what is due."""
        now_ns = self.venue.clock_ns()
        arrived = [late for late in self._under_way if late[0] <= now_ns]
        self._under_way = [late for late in self._under_way if late[0] > now_ns]
        for _, request, client in arrived:
            reply = perform_request(self.venue, request, client, Subscriptions())
            line = f"WS {request.method}"
            self.venue.log.add(now_ns, LogKind.REPLY, line, f"{reply.status} arrived late")
        self.gate.tick()

    def _tell_account(self, account: str, event: dict[str, Any]) -> None:
        for connection in self.gate.connections:
            if isinstance(connection.session, ApiSession):
                connection.session.tell_account(account, event)
