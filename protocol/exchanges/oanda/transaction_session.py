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

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from attrs import evolve, frozen

from venuetree.protocol.commands import FetchLog, FetchLogState, LogPage, LogState
from venuetree.protocol.errors import EngineError, ExchangeRefused, RemoteProtocolError
from venuetree.protocol.events import (
    AccountSnapshot,
    Event,
    MarginTradeChanged,
    OrderReported,
    SequenceGap,
    StreamErrorReported,
)
from venuetree.protocol.exchanges.oanda.log_order import LogOrder
from venuetree.protocol.exchanges.oanda.reading import NAME, remote_error
from venuetree.protocol.exchanges.oanda.transactions import events_of, transaction_id
from venuetree.protocol.messages import Request
from venuetree.protocol.models import (
    MarginTradeChange,
    OrderReport,
    OrderStatus,
    ReportSource,
    Side,
)
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
from venuetree.protocol.reading import MALFORMED, read_object
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


@frozen
class _Entry:
    """A transaction that has not been delivered yet."""

    transaction: Mapping[str, Any]
    raw: str
    received_time_ns: int


class _Account:
    """What outlives connections: how far the log was delivered, and what its entries refer to."""

    def __init__(self) -> None:
        self.order: LogOrder[_Entry] | None = None
        self.currency = ""
        #: Instrument and side of the trades that are open, and what is open of them, signed.
        self.trades: dict[str, MarginTradeChanged] = {}

    def begin(self, state: LogState, now_ns: int) -> None:
        """From this state on."""
        self.order = LogOrder(int(state.position))
        self.currency = state.currency
        self.trades = {}
        for trade in state.trades:
            self.trades[trade.trade_id] = MarginTradeChanged(
                exchange=NAME,
                instrument=trade.instrument,
                trade_id=trade.trade_id,
                change=MarginTradeChange.OPENED,
                units=trade.quantity if trade.side is Side.BUY else trade.quantity.copy_negate(),
                price=trade.price,
                realized_profit=None,
                financing=None,
                order_id="",
                transaction_id="",
                exchange_time_ns=trade.open_time_ns,
                received_time_ns=now_ns,
            )

    def completed(self, event: Event) -> Event:
        """An event with what its transaction left to others to say."""
        match event:
            case MarginTradeChanged():
                self._follow(event)
            case OrderReported(report=report) if report.trade_id and not report.instrument:
                trade = self.trades.get(report.trade_id)
                if trade is not None:
                    side = Side.SELL if trade.units > 0 else Side.BUY
                    report = evolve(
                        report,
                        instrument=trade.instrument,
                        side=side,
                        quantity=trade.units.copy_abs(),
                    )
                    return evolve(event, report=report)
            case _:
                pass
        return event

    def _follow(self, event: MarginTradeChanged) -> None:
        match event.change:
            case MarginTradeChange.OPENED:
                self.trades[event.trade_id] = event
            case MarginTradeChange.REDUCED:
                known = self.trades.get(event.trade_id)
                if known is not None:
                    self.trades[event.trade_id] = evolve(known, units=known.units + event.units)
            case MarginTradeChange.CLOSED:
                self.trades.pop(event.trade_id, None)


class TransactionStreams:
    """Makes the sessions of one account's stream, which go on where the one before ended.

    Args:
        name: the stream's.
        context: of the tree that it belongs to.
    """

    def __init__(self, name: str, context: SessionContext) -> None:
        self._name = name
        self._context = context
        self._account = _Account()

    def __call__(self) -> "TransactionSession":
        """A session for one connection."""
        return TransactionSession(self._name, self._account)


class TransactionSession:
    """One connection of the account's stream; see `port.StreamSession` for the verbs."""

    def __init__(self, name: str, account: _Account) -> None:
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
                self._order.told_newest(int(line["lastTransactionID"]))
                if self._order.is_behind:
                    self._read_by(received_time_ns + _NAMED_NS)
                self._judge()
                return ()
            if "errorMessage" in line:
                message = str(line["errorMessage"])
                self._life.give_up(f"the exchange said: {message[:200]}")
                return (StreamErrorReported(NAME, message, "", None, received_time_ns),)
            return self._take(line, _text(frame), received_time_ns)
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
            events += self._take(line, _text(raw), received_time_ns)
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
            is_state_next = self._needs_state and not self._order.is_behind
            actions.append(
                Call(FetchLogState() if is_state_next else FetchLog(str(self._order.last)))
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
                self._order.told_newest(int(answer.position))
                if self._order.is_behind:
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

    @property
    def _order(self) -> LogOrder[_Entry]:
        order = self._account.order
        if order is None:
            message = "the account's log is not known yet"
            raise RemoteProtocolError(message, exchange=NAME, operation=self._name)
        return order

    def _take(
        self, line: Mapping[str, Any], raw: str, received_time_ns: int
    ) -> Sequence[SessionEvent]:
        entry = _Entry(line, raw, received_time_ns)
        ready = self._order.take(transaction_id(line), entry)
        if self._order.is_behind:
            self._read_by(received_time_ns + _HOLE_NS)
        self._judge()
        return self._deliver(ready)

    def _paged(self, page: LogPage, now_ns: int) -> Sequence[SessionEvent]:
        order = self._order
        entries: list[tuple[int, _Entry]] = []
        for raw in page.entries:
            line = read_object(raw)
            entries.append((transaction_id(line), _Entry(line, _text(raw), now_ns)))
        entries.sort(key=lambda each: each[0])
        before = order.last
        accept = self._gap_looks >= _GAP_LOOKS
        events: list[SessionEvent] = []
        ready, missing = order.page(entries, accept_gaps=accept)
        order.told_newest(int(page.position))
        if missing is not None and accept:
            # The log itself goes on without it: said, and then believed.
            found = min(number for number, _ in entries if number > missing)
            events.append(SequenceGap(NAME, self._name, missing, found, None, now_ns))
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
        return [*events, *self._deliver(ready)]

    def _failed(
        self, command: Request[Any, Any], error: EngineError, now_ns: int
    ) -> Sequence[SessionEvent]:
        if isinstance(command, FetchLog) and type(error) is ExchangeRefused:
            # The log does not go back to there, or is another's: begin with the account as it is.
            told = SequenceGap(NAME, self._name, self._order.last + 1, 0, None, now_ns)
            self._account.order = None
            self._life.give_up(f"the log cannot be read on from where it was: {error.message}")
            return (told,)
        wait_ns = min(_RETRY_LAST_NS, _RETRY_FIRST_NS << min(self._failures, 10))
        self._failures += 1
        self._read_by(now_ns + wait_ns)
        message = f"the account's log could not be read: {error.message}"
        return (StreamErrorReported(NAME, message, error.code, None, now_ns),)

    def _read_by(self, when_ns: int) -> None:
        planned = self._read_at_ns
        self._read_at_ns = when_ns if planned is None else min(planned, when_ns)

    def _judge(self) -> None:
        order = self._account.order
        is_behind = order is None or order.is_behind
        self._life.judged(is_delivered=self._is_caught_up and not is_behind)

    def _deliver(self, entries: Iterable[_Entry]) -> list[SessionEvent]:
        events: list[SessionEvent] = []
        for entry in entries:
            try:
                decoded: Sequence[Event] = events_of(
                    entry.transaction,
                    entry.raw,
                    entry.received_time_ns,
                    currency=self._account.currency,
                )
            except MALFORMED as error:
                events += _unreadable(entry, str(error))
                continue
            except RemoteProtocolError as error:
                events += _unreadable(entry, error.message)
                continue
            events += (self._account.completed(event) for event in decoded)  # type: ignore[misc]
        return events


def _text(frame: bytes | str) -> str:
    return frame if isinstance(frame, str) else frame.decode("utf-8", "replace")


def _unreadable(entry: _Entry, why: str) -> list[SessionEvent]:
    """A transaction with something in it that we do not know: told; its order must be asked."""
    told = entry.transaction
    now_ns = entry.received_time_ns
    message = f"transaction {told.get('id')} cannot be read: {why[:300]}"
    events: list[SessionEvent] = [StreamErrorReported(NAME, message, entry.raw, None, now_ns)]
    kind = str(told.get("type"))
    is_new = kind.endswith("_ORDER")
    order_id = told.get("id") if is_new else told.get("orderID")
    if isinstance(order_id, str) and order_id and not kind.endswith("_REJECT"):
        report = OrderReport(
            exchange=NAME,
            instrument="",
            exchange_order_id=order_id,
            status=OrderStatus.UNKNOWN,
            source=ReportSource.STREAM,
            received_time_ns=now_ns,
            reason=message[:200],
        )
        events.append(OrderReported(NAME, report, None, now_ns))
    return events
