"""The user connection: our own orders, executions and balances as they change.

Nothing is replayed on connecting and nothing is numbered, so what was missed cannot be seen in the
stream itself. Hence, once the subscription stands, the open orders and the balances are asked for
by REST, and again whenever the stream has been quiet for a while. Each list goes on as an
`AccountSnapshot`, from which the orders actor sees what to ask for. It also shows whether the
stream is deaf: an order or an execution that two lists in a row hold and that was never told here,
or an order whose end was not told and that two lists in a row do not hold, means that this
connection is open and yet carries nothing, and it is given up.

Followed: "User Data Streams"; "WebSocket API: user data stream requests".
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from venuetree.protocol.commands import (
    FetchBalances,
    FetchKeyPermissions,
    FetchOpenOrders,
    FetchServerTime,
    KeepAccountStream,
    OpenAccountStream,
)
from venuetree.protocol.errors import (
    AuthRefused,
    EngineError,
    ExchangeRefused,
    PermissionRefused,
    RateLimited,
)
from venuetree.protocol.events import (
    AccountSnapshot,
    BalancesChanged,
    Event,
    OrderReported,
    StreamEnding,
)
from venuetree.protocol.exchanges.binance_us.decode import events_of
from venuetree.protocol.exchanges.binance_us.reading import NAME, Symbols, remote_error
from venuetree.protocol.messages import Request
from venuetree.protocol.models import Instrument, OrderReport
from venuetree.protocol.port import (
    Action,
    Call,
    Close,
    Connect,
    SendSigned,
    SessionEvent,
    Step,
    StreamMessage,
    StreamSession,
    Subscription,
    Transport,
)
from venuetree.protocol.reading import MALFORMED, read_object
from venuetree.protocol.session import earliest
from venuetree.protocol.timestamps import SECOND

__all__ = ["Door", "UserSession"]

#: Ours: a subscription is answered within a round trip.
_SUBSCRIBED_WITHIN_NS: Final = 10 * SECOND
#: Ours: how long a quiet stream is believed, and how soon a doubt is looked into.
_AUDIT_EVERY_NS: Final = 60 * SECOND
_AUDIT_AGAIN_NS: Final = 5 * SECOND
#: "User Data Streams": a listen key lives for 60 minutes from its last keepalive; asked for every
#: 30, as the documents recommend, and again soon where that failed.
_KEEP_EVERY_NS: Final = 1800 * SECOND
_KEEP_AGAIN_NS: Final = 60 * SECOND
#: "General WSS information": a connection lives for 24 hours.
_LIVES_NS: Final = 23 * 3600 * SECOND
#: Ours: orders whose last told state is kept for comparison.
_TOLD_AT_MOST: Final = 10_000

#: What says that the request was wrong now, not that the door is shut: a clock, a limit, a key, a
#: fault of the exchange's own.
_PASSING: Final = frozenset(
    {-1000, -1001, -1002, -1003, -1006, -1007, -1008, -1021, -1022, -1034, -2014, -2015, -2035}
)
_CLOCK: Final = -1021
_KEY_REFUSED: Final = frozenset({-1002, -2014, -2015})
_GRANTED: Final = 200
_SERVER_FAULT: Final = 500

#: An order, by instrument and the exchange's id.
_Key = tuple[str, str]


class Door(Enum):
    """By which way the stream is had; the value is the endpoint's name."""

    WS_API = "ws_api"
    LISTEN_KEY = "user_stream"


class UserSession:
    """One user connection's life; see `port.StreamSession` for the verbs.

    Attributes:
        was_served: whether its subscription was granted.
        is_shut: whether the exchange said that it does not have this door.
    """

    def __init__(
        self, name: str, door: Door, instruments: Callable[[], Mapping[str, Instrument]]
    ) -> None:
        self.name = name
        self.door = door
        self.was_served = False
        self.is_shut = False
        self._instruments = instruments
        self._symbols = Symbols()
        self._listen_key = ""
        self._refusal: EngineError | None = None
        self._actions: list[Action] = []
        self._is_open = False
        self._is_given_up = False
        #: Why the subscription was refused.
        self._why = ""
        self._has_read_clock = False
        self._is_listed = False
        self._is_listing = False
        self._answer_due_ns: int | None = None
        self._keep_at_ns: int | None = None
        self._list_at_ns: int | None = None
        self._ends_at_ns: int | None = None
        #: What was filled of an order when it was last told, by the stream or the first list.
        self._told: OrderedDict[_Key, Decimal] = OrderedDict()
        #: Orders that were open when they were last told.
        self._open: set[_Key] = set()
        self._doubted: frozenset[_Key] = frozenset()

    # ------------------------------------------------------------ opening

    def before(self) -> Request[Any, Any] | None:
        """A listen key, if that is the door."""
        if self.door is Door.WS_API or self._listen_key or self._refusal is not None:
            return None
        return OpenAccountStream()

    def connect(self, wanted: frozenset[Subscription]) -> Connect:
        """A WebSocket at the door; what was answered instead of a listen key is raised."""
        del wanted  # it is said on the stream
        if self._refusal is not None:
            raise self._refusal
        path = "" if self.door is Door.WS_API else f"/ws/{self._listen_key}"
        return Connect(Transport.WEBSOCKET, path=path, endpoint=self.door.value)

    def opened(self, now_ns: int) -> None:
        """The connection stands."""
        self._is_open = True
        self._ends_at_ns = now_ns + _LIVES_NS
        if self.door is Door.WS_API:
            self._subscribe(now_ns)
        else:
            self._keep_at_ns = now_ns + _KEEP_EVERY_NS
            self._served(now_ns)

    def _subscribe(self, now_ns: int) -> None:
        fields = {"id": 1, "method": "userDataStream.subscribe.signature", "params": {}}
        self._actions.append(SendSigned(StreamMessage(fields)))
        self._answer_due_ns = now_ns + _SUBSCRIBED_WITHIN_NS

    def _served(self, now_ns: int) -> None:
        """Whatever happens from now on is told: what happened before is asked for."""
        self.was_served = True
        self._answer_due_ns = None
        self._list_at_ns = now_ns
        self._actions.append(Call(FetchBalances()))

    def want(self, subscriptions: frozenset[Subscription], now_ns: int) -> None:
        """A user connection has but one thing to want."""
        del subscriptions, now_ns

    # ------------------------------------------------------------ frames

    def receive(self, frame: bytes | str, received_time_ns: int) -> Sequence[SessionEvent]:
        """What a frame says; `RemoteProtocolError` if it cannot be read."""
        self._symbols.learn(self._instruments())
        try:
            message = read_object(frame)
            if "event" in message:
                message = message["event"]
            elif "data" in message:
                message = message["data"]
            events = events_of(message, received_time_ns, self._symbols)
            if "status" in message:
                self._take_reply(message, received_time_ns)
        except MALFORMED as error:
            raise remote_error(error, frame) from error
        for event in events:
            self._note(event)
        if self._list_at_ns is not None and self._is_listed and not self._doubted:
            self._list_at_ns = received_time_ns + _AUDIT_EVERY_NS
        return events  # type: ignore[return-value]  # a user stream carries no book messages

    def _note(self, event: Event) -> None:
        match event:
            case OrderReported(report=report):
                self._remember(report)
            case StreamEnding(reason=reason):
                self._give_up(f"the exchange ends the stream: {reason}")
            case _:
                return

    def _take_reply(self, message: Mapping[str, Any], now_ns: int) -> None:
        """The answer to the subscription: the only request that is made here."""
        status = message["status"]
        if status == _GRANTED:
            if not self.was_served:
                self._served(now_ns)
            return
        error = message.get("error") or {}
        code = error.get("code")
        self._why = f"the subscription to the user stream was refused: {error.get('msg')} [{code}]"
        self._answer_due_ns = None
        if code == _CLOCK and not self._has_read_clock:
            # Read anew; then the subscription is signed with the right time.
            self._has_read_clock = True
            self._actions.append(Call(FetchServerTime()))
        elif code in _KEY_REFUSED:
            # Asked by REST, the key's end, if it is that, becomes the whole exchange's.
            self._actions.append(Call(FetchKeyPermissions()))
        else:
            self.is_shut = code not in _PASSING and status < _SERVER_FAULT
            self._give_up(self._why)

    # ------------------------------------------------------------ lists

    def answered(
        self, command: Request[Any, Any], answer: object | EngineError, now_ns: int
    ) -> Sequence[SessionEvent]:
        """The listen key, its keepalive, the lists, or what was asked because of a refusal."""
        match command:
            case OpenAccountStream():
                self._take_key(answer)
            case KeepAccountStream():
                self._kept(answer, now_ns)
            case FetchOpenOrders():
                return self._listed(answer, now_ns)
            case FetchServerTime() if not isinstance(answer, EngineError):
                self._subscribe(now_ns)
            case FetchServerTime() | FetchKeyPermissions():
                self._give_up(self._why)
            case FetchBalances() if isinstance(answer, tuple):
                return (BalancesChanged(NAME, answer, None, now_ns),)
            case _:
                pass
        return ()

    def _take_key(self, answer: object) -> None:
        if isinstance(answer, EngineError):
            self._refusal = answer
            is_ours = isinstance(answer, AuthRefused | PermissionRefused)
            self.is_shut = isinstance(answer, ExchangeRefused) and not is_ours
        else:
            self._listen_key = str(answer)

    def _kept(self, answer: object, now_ns: int) -> None:
        self._keep_at_ns = now_ns + _KEEP_EVERY_NS
        if isinstance(answer, ExchangeRefused):
            self._give_up(f"the listen key is no longer valid: {answer.message}")
        elif isinstance(answer, EngineError):
            self._keep_at_ns = now_ns + _KEEP_AGAIN_NS

    def _listed(self, answer: object, now_ns: int) -> Sequence[SessionEvent]:
        self._is_listing = False
        if not isinstance(answer, tuple):
            wait_ns = answer.retry_after_ns if isinstance(answer, RateLimited) else None
            self._list_at_ns = now_ns + max(wait_ns or 0, _AUDIT_AGAIN_NS)
            return ()
        reports: tuple[OrderReport, ...] = answer
        if self._is_listed:
            self._audit(reports)
        else:
            self._is_listed = True
            for report in reports:
                if _key(report) not in self._told:
                    self._remember(report)
        self._list_at_ns = now_ns + (_AUDIT_AGAIN_NS if self._doubted else _AUDIT_EVERY_NS)
        return (AccountSnapshot(NAME, reports, None, now_ns),)

    def _audit(self, reports: Sequence[OrderReport]) -> None:
        """What a list knows beyond what was told may be under way; twice in a row it is lost."""
        begun = {
            _key(report)
            for report in reports
            if (report.filled_quantity or Decimal(0)) > self._told.get(_key(report), Decimal(-1))
        }
        ended = self._open - {_key(report) for report in reports}
        untold = frozenset(begun | ended)
        if untold & self._doubted:
            _, number = min(untold & self._doubted)
            self._give_up(f"the stream is silent: it never told of order {number}")
        self._doubted = untold

    def _remember(self, report: OrderReport) -> None:
        key, filled = _key(report), report.filled_quantity or Decimal(0)
        self._told[key] = max(filled, self._told.get(key, filled))
        self._told.move_to_end(key)
        if report.status.is_final:
            self._open.discard(key)
        else:
            self._open.add(key)
        if len(self._told) > _TOLD_AT_MOST:
            self._told.popitem(last=False)

    # ------------------------------------------------------------ steps

    @property
    def has_work(self) -> bool:
        """Whether `step` has something to give."""
        return bool(self._actions)

    @property
    def deadline_ns(self) -> int | None:
        """When `step` must be called though nothing came."""
        if not self._is_open or self._is_given_up:
            return None
        return earliest(
            self._answer_due_ns,
            self._keep_at_ns,
            None if self._is_listing else self._list_at_ns,
            self._ends_at_ns,
        )

    @property
    def is_healthy(self) -> bool:
        """Whether changes are being told, and what came before them is known."""
        return self._is_open and self._is_listed and not self._is_given_up

    def step(self, now_ns: int) -> Step:
        """Watchdogs, and what is waiting to be sent."""
        if self._is_open and not self._is_given_up:
            self._watch(now_ns)
        actions, self._actions = tuple(self._actions), []
        return Step(actions=actions)

    def _watch(self, now_ns: int) -> None:
        if _is_due(self._answer_due_ns, now_ns):
            self._give_up("the subscription to the user stream was not answered in time")
        elif _is_due(self._ends_at_ns, now_ns):
            self._give_up("the connection has lived for nearly as long as the exchange lets it")
        if self._is_given_up:
            return
        if _is_due(self._keep_at_ns, now_ns):
            self._keep_at_ns = None
            self._actions.append(Call(KeepAccountStream(self._listen_key)))
        if _is_due(self._list_at_ns, now_ns) and not self._is_listing:
            self._is_listing = True
            self._actions.append(Call(FetchOpenOrders()))

    def _give_up(self, reason: str) -> None:
        if not self._is_given_up:
            self._is_given_up = True
            self._actions.append(Close(reason))

    def take_over(
        self, before: StreamSession, held: Sequence[SessionEvent], now_ns: int
    ) -> Sequence[SessionEvent]:
        """Never asked for: what happens between two connections is in the next one's lists."""
        del before, now_ns
        return held

    def told(self, entries: Sequence[bytes], received_time_ns: int) -> Sequence[SessionEvent]:
        """Nothing: replies tell nothing that this stream would tell too."""
        del entries, received_time_ns
        return ()

    def closed(self, reason: str, now_ns: int) -> Sequence[SessionEvent]:
        """The connection is gone; a user connection holds nothing that could be stale."""
        del reason, now_ns
        self._is_open = False
        return ()


def _key(report: OrderReport) -> _Key:
    return report.instrument, report.exchange_order_id


def _is_due(time_ns: int | None, now_ns: int) -> bool:
    return time_ns is not None and now_ns >= time_ns
