"""The account's own stream: every transaction once and in order, whatever is lost on the way.

The stream begins with what happens after it was opened, and tells nothing of before. So each
connection, once it is known to live, reads what the log holds after the last transaction that was
delivered, page by page; what the stream and the replies to our own requests tell meanwhile finds
its place by its id (`log_order`). A hole, or a heartbeat that names a newer transaction than has
come, makes it read the log again. The first connection begins with the account as it is.

After each catching up the open orders are read, too: should news have been lost between here and
whoever follows the orders, that finds it out.

Followed: "Transaction endpoints", `transactions/stream` and `transactions/sinceid`; heartbeats
come every five seconds.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from venuetree.protocol.commands import FetchLog, FetchLogState, LogPage, LogState
from venuetree.protocol.errors import EngineError, ExchangeRefused
from venuetree.protocol.events import (
    AccountSnapshot,
    SequenceGap,
    StreamErrorReported,
    UnknownMessage,
)
from venuetree.protocol.exchanges.oanda.account_log import AccountLog, text_of_frame
from venuetree.protocol.exchanges.oanda.reading import NAME, remote_error
from venuetree.protocol.exchanges.oanda.transactions import transaction_id
from venuetree.protocol.messages import Request
from venuetree.protocol.port import (
    Action,
    Auth,
    Call,
    Connect,
    SessionContext,
    SessionEvent,
    Step,
    StreamSession,
    Subscription,
    Transport,
)
from venuetree.protocol.reading import MALFORMED, read_object, sample
from venuetree.protocol.session import Life, earliest
from venuetree.protocol.timestamps import SECOND

__all__ = ["SILENCE_NS", "TransactionSession", "TransactionStreams"]

#: Two heartbeats (best practices; the exchange's own client waits as long).
SILENCE_NS: Final = 10 * SECOND
#: Ours: how long the stream may take to say its first word before the log is read all the same.
_FIRST_LINE_NS: Final = 1 * SECOND
#: Ours: what is missing is often a moment late only: other ways overtake the stream.
_HOLE_NS: Final = SECOND // 4
#: Ours: by then a transaction that a heartbeat has named should have come.
_NAMED_NS: Final = 2 * SECOND
#: Ours: how often a gap in the log itself is looked at again, and after how long.
_GAP_LOOKS: Final = 3
_GAP_NS: Final = 1 * SECOND
_RETRY_FIRST_NS: Final = 1 * SECOND
_RETRY_LAST_NS: Final = 30 * SECOND


class TransactionStreams:
    """Makes the sessions of one account's stream, which go on where the one before ended.

    Args:
        name: the stream's.
        context: of the tree that it belongs to.
    """

    def __init__(self, name: str, context: SessionContext) -> None:
        del context  # a transaction names all that it needs
        self._name = name
        self._account = AccountLog()

    def __call__(self) -> "TransactionSession":
        """A session for one connection."""
        return TransactionSession(self._name, self._account)


class TransactionSession:
    """One connection of the account's stream; see `port.StreamSession` for the verbs."""

    def __init__(self, name: str, account: AccountLog) -> None:
        self._name = name
        self._account = account
        self._life = Life()
        self._refusal: EngineError | None = None
        self._state: LogState | None = None
        self._first_events: list[SessionEvent] = []
        self._now_ns = 0
        self._heard_ns = 0
        #: When the log must be read next; None while nothing calls for it.
        self._read_at_ns: int | None = None
        self._is_reading = False
        self._is_caught_up = False
        self._needs_state = False
        self._failures = 0
        self._gap_looks = 0
        self._short_looks = 0

    # ------------------------------------------------------------ what the reader asks

    def before(self) -> Request[Any, Any] | None:
        """The account as it is, unless its log is known up to somewhere."""
        is_known = self._account.order is not None or self._state is not None
        return None if is_known or self._refusal is not None else FetchLogState()

    def connect(self, wanted: frozenset[Subscription]) -> Connect:
        """The lines of an endless reply; what came instead of the account's state is raised."""
        del wanted
        if self._refusal is not None:
            raise self._refusal
        if self._state is not None and self._account.order is None:
            self._account.begin(self._state, self._now_ns)
        return Connect(
            Transport.HTTP_LINES,
            path="/v3/accounts/{account}/transactions/stream",
            auth=Auth.SIGNED,
        )

    @property
    def has_work(self) -> bool:
        """Whether `step` has something to give."""
        if not self._life.is_open:
            return self._life.has_close
        if self._first_events:
            return True
        due_ns = self.deadline_ns
        return due_ns is not None and due_ns <= self._now_ns

    @property
    def deadline_ns(self) -> int | None:
        """When `step` must be called though nothing came."""
        if not self._life.is_open:
            return None
        return earliest(self._heard_ns + SILENCE_NS, None if self._is_reading else self._read_at_ns)

    @property
    def is_healthy(self) -> bool:
        """Whether everything that there is has been delivered, or soon will be."""
        return self._life.is_live

    # ------------------------------------------------------------ what the reader tells

    def opened(self, now_ns: int) -> None:
        """The connection stands; it may not yet be one that is told of transactions."""
        self._life.opened()
        self._now_ns = self._heard_ns = now_ns
        self._read_at_ns = now_ns + _FIRST_LINE_NS
        if self._state is not None:
            self._first_events.append(AccountSnapshot(NAME, self._state.open_orders, None, now_ns))

    def want(self, subscriptions: frozenset[Subscription], now_ns: int) -> None:
        """There is nothing to choose."""
        del subscriptions
        self._now_ns = now_ns

    def receive(self, frame: bytes | str, received_time_ns: int) -> Sequence[SessionEvent]:
        """A heartbeat, or a transaction; `RemoteProtocolError` if it is neither."""
        is_first = not self._is_caught_up and not self._is_reading
        self._now_ns = self._heard_ns = received_time_ns
        if is_first and not self._failures:
            # Now it is known to be told of what happens.
            self._read_at_ns = received_time_ns
        try:
            line = read_object(frame)
            kind = line.get("type")
            if kind == "HEARTBEAT":
                newest = int(line["lastTransactionID"])
                self._account.known.told_newest(newest)
                if self._account.known.is_behind or newest < self._account.known.last:
                    self._read_by(received_time_ns + _NAMED_NS)
                self._judge()
                return ()
            if "errorMessage" in line:
                message = str(line["errorMessage"])
                self._life.give_up(f"the exchange said: {message[:200]}")
                return (StreamErrorReported(NAME, message, "", None, received_time_ns),)
            if "id" not in line and type(kind) is str:
                # No transaction; what it is will have to be learned.
                return (UnknownMessage(NAME, kind, sample(line), None, received_time_ns),)
            return self._take(line, text_of_frame(frame), received_time_ns)
        except MALFORMED as error:
            raise remote_error(error, frame) from error

    def told(self, entries: Sequence[bytes], received_time_ns: int) -> Sequence[SessionEvent]:
        """Transactions that replies held; one that cannot be read is left to the stream."""
        events: list[SessionEvent] = []
        if self._account.order is None:
            return events
        for raw in entries:
            try:
                line = read_object(raw)
                transaction_id(line)
            except MALFORMED:
                continue
            events += self._take(line, text_of_frame(raw), received_time_ns)
        return events

    def step(self, now_ns: int) -> Step:
        """The watchdog, and the log where it must be read."""
        self._now_ns = now_ns
        events, self._first_events = tuple(self._first_events), []
        actions: list[Action] = []
        if self._life.is_open and now_ns - self._heard_ns >= SILENCE_NS:
            self._life.give_up(f"nothing came for {SILENCE_NS // SECOND} s, not even a heartbeat")
        close = self._life.take_close()
        if close is not None:
            return Step(events, (close,))
        due_ns = self._read_at_ns
        if self._life.is_open and not self._is_reading and due_ns is not None and due_ns <= now_ns:
            self._read_at_ns = None
            self._is_reading = True
            is_state_next = self._needs_state and not self._account.known.is_behind
            actions.append(
                Call(FetchLogState() if is_state_next else FetchLog(str(self._account.known.last)))
            )
        self._judge()
        return Step(events, tuple(actions))

    def answered(
        self, command: Request[Any, Any], answer: object | EngineError, now_ns: int
    ) -> Sequence[SessionEvent]:
        """A page of the log, the account's state, or the error that came instead."""
        self._now_ns = now_ns
        if not self._life.is_open:
            if isinstance(answer, LogState):
                self._state = answer
            elif isinstance(answer, EngineError):
                self._refusal = answer
            return ()
        self._is_reading = False
        events: Sequence[SessionEvent] = ()
        match answer:
            case LogPage():
                events = self._paged(answer, now_ns)
            case LogState():
                self._needs_state = False
                events = (AccountSnapshot(NAME, answer.open_orders, None, now_ns),)
                self._account.known.told_newest(int(answer.position))
                if self._account.known.is_behind:
                    self._read_by(now_ns + _HOLE_NS)
            case EngineError():
                events = self._failed(command, answer, now_ns)
        self._judge()
        return events

    def closed(self, reason: str, now_ns: int) -> Sequence[SessionEvent]:
        """The connection is gone: what it misses is read by the next."""
        del reason
        self._now_ns = now_ns
        self._life.lost()
        return ()

    def take_over(
        self, before: StreamSession, held: Sequence[SessionEvent], now_ns: int
    ) -> Sequence[SessionEvent]:
        """What has been said of the log has been said for both."""
        del before, now_ns
        return held

    # ------------------------------------------------------------ the log

    def _take(
        self, line: Mapping[str, Any], raw: str, received_time_ns: int
    ) -> Sequence[SessionEvent]:
        events = self._account.take(line, raw, received_time_ns)
        if self._account.known.is_behind:
            self._read_by(received_time_ns + _HOLE_NS)
        self._judge()
        return events

    def _paged(self, page: LogPage, now_ns: int) -> Sequence[SessionEvent]:
        order = self._account.known
        if int(page.position) < order.last:
            return self._shortened(page, now_ns)
        self._short_looks = 0
        before = order.last
        accept = self._gap_looks >= _GAP_LOOKS
        events, missing, found = self._account.page(page, now_ns, accept_gaps=accept)
        if missing is not None and accept:
            # The log itself goes on without it: said, and then believed.
            events.insert(0, SequenceGap(NAME, self._name, missing, found, None, now_ns))
        self._failures = 0
        if missing is not None and not accept:
            self._gap_looks += 1
            self._read_by(now_ns + _GAP_NS)
        else:
            self._gap_looks = 0
            if order.is_behind:
                # Cut, or it has grown: at once if it went on, else it is only named, not there.
                self._read_by(now_ns if order.last > before else now_ns + _NAMED_NS)
            elif not self._is_caught_up:
                self._is_caught_up = True
                if self._state is None:
                    self._needs_state = True
                    self._read_by(now_ns)
        return events

    def _failed(
        self, command: Request[Any, Any], error: EngineError, now_ns: int
    ) -> Sequence[SessionEvent]:
        if isinstance(command, FetchLog) and type(error) is ExchangeRefused:
            # The log does not go back to there, or is another's.
            return self._begin_anew(error.message, now_ns)
        wait_ns = min(_RETRY_LAST_NS, _RETRY_FIRST_NS << min(self._failures, 10))
        self._failures += 1
        self._read_at_ns = now_ns + wait_ns
        message = f"the account's log could not be read: {error.message}"
        return (StreamErrorReported(NAME, message, error.code, None, now_ns),)

    def _shortened(self, page: LogPage, now_ns: int) -> Sequence[SessionEvent]:
        """The log ends before what was told: a copy lags, or it is not the log that it was."""
        self._failures = 0
        self._short_looks += 1
        if self._short_looks <= _GAP_LOOKS:
            self._read_by(now_ns + _GAP_NS)
            return ()
        return self._begin_anew(f"it ends with transaction {page.position}", now_ns)

    def _begin_anew(self, why: str, now_ns: int) -> Sequence[SessionEvent]:
        """The next connection begins with the account as it is; what lies between is not told."""
        told = SequenceGap(NAME, self._name, self._account.known.last + 1, 0, None, now_ns)
        self._account.order = None
        self._life.give_up(f"the log cannot be read on from where it was: {why}")
        return (told,)

    def _read_by(self, when_ns: int) -> None:
        """Read the log at that time at the latest; after a failure it waits all the same."""
        planned = self._read_at_ns
        if planned is None:
            self._read_at_ns = when_ns
        elif not self._failures:
            self._read_at_ns = min(planned, when_ns)

    def _judge(self) -> None:
        order = self._account.order
        is_behind = order is None or order.is_behind
        self._life.judged(is_delivered=self._is_caught_up and not is_behind)
