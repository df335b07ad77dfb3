"""Quotes of some instruments over one endless reply, and whether they can be trusted.

Which instruments a connection carries is part of its address. When that changes, another
connection is opened beside this one and takes its place when it delivers.

Silence says little here: a quiet market is silent, a closed one all weekend, and heartbeats come
all the same. No line at all for two heartbeats is a dead connection. Heartbeats without quotes
are looked into: if the exchange, asked, has newer quotes than the stream told, the stream lies.

Followed: "Pricing endpoints", `pricing/stream`; four quotes a second of an instrument at most,
a heartbeat every five seconds.
"""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote as quoted

from venuetree.protocol.commands import FetchInstruments, FetchTickers
from venuetree.protocol.errors import EngineError, InstrumentNotFound
from venuetree.protocol.events import (
    BookStale,
    Heartbeat,
    QuoteChanged,
    StaleReason,
    StreamErrorReported,
    TickerChanged,
    TopicStalled,
)
from venuetree.protocol.exchanges.oanda.decode import decode
from venuetree.protocol.exchanges.oanda.quote_line import QuoteLine
from venuetree.protocol.exchanges.oanda.reading import NAME, exchange_symbol
from venuetree.protocol.messages import Request
from venuetree.protocol.models import Instrument, Topic
from venuetree.protocol.port import (
    Action,
    Auth,
    Call,
    Connect,
    Replace,
    SessionEvent,
    Step,
    StreamKind,
    StreamSession,
    Subscription,
    Transport,
)
from venuetree.protocol.session import Life, earliest
from venuetree.protocol.timestamps import SECOND

__all__ = ["PricingSession"]

_NOTHING: Final[frozenset[Topic]] = frozenset()
#: Two heartbeats (best practices; the exchange's own client waits as long).
_SILENCE_NS: Final = 10 * SECOND
#: Ours: by then the first quote of every instrument should have come; a snapshot comes at once.
_FIRST_QUOTES_NS: Final = 15 * SECOND
#: Ours: heartbeats without a quote of an open market are looked into after so long.
_QUIET_NS: Final = 30 * SECOND
#: Ours: how much newer a quote by the other way must be; the stream holds each back a little.
_NEWER_NS: Final = 2 * SECOND
#: Ours: changes of what is wanted are gathered before another connection is opened for them.
_GATHER_NS: Final = SECOND // 2
#: Ours: how long a successor may take before another is asked for.
_REPLACE_AGAIN_NS: Final = 30 * SECOND


class PricingSession:
    """One connection of quotes; see `port.StreamSession` for the verbs."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._life = Life()
        #: By our name; empty until it is known which there are.
        self._known: frozenset[str] = frozenset()
        self._has_asked = False
        self._carried: frozenset[str] = frozenset()
        self._wanted: dict[str, frozenset[Topic]] = {}
        self._refused: frozenset[str] = frozenset()
        self._lines: dict[str, QuoteLine] = {}
        self._ready: list[SessionEvent] = []
        self._now_ns = 0
        self._heard_ns = 0
        self._first_by_ns: int | None = None
        self._replace_at_ns: int | None = None
        self._look_at_ns: int | None = None
        self._is_looking = False

    # ------------------------------------------------------------ what the reader asks

    def before(self) -> Request[Any, Any] | None:
        """Which instruments there are: one unknown name in the address would fail them all."""
        if self._has_asked:
            return None
        self._has_asked = True
        return FetchInstruments()

    def connect(self, wanted: frozenset[Subscription]) -> Connect:
        """The lines of an endless reply, for these instruments.

        Raises:
            InstrumentNotFound: none of them is traded here.
        """
        names = frozenset(each.instrument for each in wanted)
        self._carried = names & self._known if self._known else names
        if not self._carried:
            told = ", ".join(sorted(names)) or "nothing that is wanted"
            message = f"{told} is not traded here"
            raise InstrumentNotFound(message, exchange=NAME, operation=self._name)
        symbols = ",".join(sorted(exchange_symbol(name) for name in self._carried))
        return Connect(
            Transport.HTTP_LINES,
            path=f"/v3/accounts/{{account}}/pricing/stream?instruments={quoted(symbols, safe='')}",
            auth=Auth.SIGNED,
        )

    @property
    def has_work(self) -> bool:
        """Whether `step` has something to give."""
        if not self._life.is_open:
            return self._life.has_close
        due_ns = self.deadline_ns
        return bool(self._ready) or (due_ns is not None and due_ns <= self._now_ns)

    @property
    def deadline_ns(self) -> int | None:
        """When `step` must be called though nothing came."""
        if not self._life.is_open:
            return None
        return earliest(
            self._heard_ns + _SILENCE_NS,
            self._first_by_ns,
            self._replace_at_ns,
            None if self._is_looking else self._look_at_ns,
        )

    @property
    def is_healthy(self) -> bool:
        """Whether everything that is wanted and can be had has been told at least once."""
        return self._life.is_live

    # ------------------------------------------------------------ what the reader tells

    def opened(self, now_ns: int) -> None:
        """The connection stands."""
        self._life.opened()
        self._now_ns = self._heard_ns = now_ns
        self._first_by_ns = now_ns + _FIRST_QUOTES_NS
        self._look_at_ns = now_ns + _QUIET_NS
        self._lines = {name: QuoteLine(name) for name in sorted(self._carried)}

    def want(self, subscriptions: frozenset[Subscription], now_ns: int) -> None:
        """From now on, these and no others."""
        self._now_ns = now_ns
        topics: dict[str, set[Topic]] = {}
        for each in subscriptions:
            topics.setdefault(each.instrument, set()).add(each.topic)
        before, self._wanted = self._wanted, {n: frozenset(t) for n, t in topics.items()}
        for name, wanted in sorted(self._wanted.items()):
            added = wanted - before.get(name, frozenset())
            line = self._lines.get(name)
            if line is not None and line.last is not None and added:
                self._ready += line.greet(added)
        for name, had in before.items():
            if Topic.BOOK in had - self._wanted.get(name, frozenset()) and name in self._lines:
                # Nobody keeps it any more; whoever still holds it must see that.
                self._lines[name].book.mark_stale()
        missing = frozenset(self._wanted) - self._carried
        refused = missing - self._known if self._known else frozenset()
        for name in sorted(refused - self._refused):
            self._ready += self._stalled(name, now_ns, 0)
        self._refused = refused
        if missing - refused:
            self._replace_at_ns = earliest(self._replace_at_ns, now_ns + _GATHER_NS)
        else:
            self._replace_at_ns = None
        self._judge()

    def receive(self, frame: bytes | str, received_time_ns: int) -> Sequence[SessionEvent]:
        """A quote or a heartbeat; `RemoteProtocolError` if it is neither."""
        self._now_ns = self._heard_ns = received_time_ns
        raw = frame.encode() if isinstance(frame, str) else frame
        decoded = decode(raw, received_time_ns, StreamKind.MARKET)
        event = decoded[0]
        if event.__class__ is QuoteChanged:
            return self._take(event, received_time_ns)
        if isinstance(event, StreamErrorReported):
            self._life.give_up(f"the exchange said: {event.message[:200]}")
        # What else a line of prices can be, a session may say; the decoder's union is wider.
        return () if isinstance(event, Heartbeat) else decoded  # type: ignore[return-value]

    def told(self, entries: Sequence[bytes], received_time_ns: int) -> Sequence[SessionEvent]:
        """Nothing: replies tell nothing that this stream would tell too."""
        del entries, received_time_ns
        return ()

    def step(self, now_ns: int) -> Step:
        """Watchdogs, and the connection that is to take this one's place."""
        self._now_ns = now_ns
        events, self._ready = list(self._ready), []
        actions: list[Action] = []
        if self._life.is_open:
            events += self._watch(now_ns)
        close = self._life.take_close()
        if close is not None:
            return Step(tuple(events), (close,))
        if self._life.is_open:
            if self._replace_at_ns is not None and self._replace_at_ns <= now_ns:
                self._replace_at_ns = now_ns + _REPLACE_AGAIN_NS
                actions.append(Replace("other instruments are wanted"))
            actions += self._look(now_ns)
        self._judge()
        return Step(tuple(events), tuple(actions))

    def answered(
        self, command: Request[Any, Any], answer: object | EngineError, now_ns: int
    ) -> Sequence[SessionEvent]:
        """The instruments that there are, or the quotes by the other way."""
        self._now_ns = now_ns
        if isinstance(command, FetchInstruments):
            if isinstance(answer, tuple):
                self._known = frozenset(
                    each.name for each in answer if isinstance(each, Instrument)
                )
            return ()
        self._is_looking = False
        self._look_at_ns = now_ns + _QUIET_NS
        if not isinstance(answer, tuple) or not self._life.is_open:
            return ()
        behind = [
            each.instrument
            for each in answer
            if isinstance(each, TickerChanged) and self._is_behind(each)
        ]
        if not behind:
            return ()
        self._life.give_up(f"quotes of {', '.join(behind)} no longer come, though there are newer")
        events = self._stop(StaleReason.STALLED, now_ns)
        for name in behind:
            events += self._stalled(name, now_ns, now_ns - self._lines[name].heard_ns)
        return events

    def closed(self, reason: str, now_ns: int) -> Sequence[SessionEvent]:
        """The connection is gone: every book that was in step is stale."""
        del reason
        self._now_ns = now_ns
        self._life.lost()
        return self._stop(StaleReason.DISCONNECTED, now_ns)

    def take_over(
        self, before: StreamSession, held: Sequence[SessionEvent], now_ns: int
    ) -> Sequence[SessionEvent]:
        """Go on from what `before` told: its books stay, and the newer quote counts."""
        if not isinstance(before, PricingSession):
            return held
        events: list[SessionEvent] = []
        # They are this one's now: what becomes of that connection is nothing to them.
        lines, before._lines = before._lines, {}  # noqa: SLF001 - one of ours
        for name, line in self._lines.items():
            other = lines.get(name)
            if line.last is None:
                continue
            if other is None or other.last is None:
                events += line.greet(self._wanted.get(name, frozenset()))
                continue
            newest = line.last
            self._lines[name] = other
            if _time(newest) > _time(other.last):
                events += other.tell(newest, self._wanted.get(name, frozenset()), now_ns)
            topics = before._wanted.get(name, frozenset())  # noqa: SLF001 - one of ours
            added = self._wanted.get(name, frozenset()) - topics
            if added and other.last is not None:
                events += other.greet(added)
        events += [e for e in held if isinstance(e, TopicStalled | StreamErrorReported)]
        self._judge()
        return events

    # ------------------------------------------------------------ quotes

    def _take(self, told: QuoteChanged, now_ns: int) -> Sequence[SessionEvent]:
        line = self._lines.get(told.instrument)
        if line is None:
            return ()
        is_first = line.last is None
        events = line.tell(told, self._wanted.get(told.instrument, _NOTHING), now_ns)
        if is_first:
            self._judge()
        return events

    # ------------------------------------------------------------ watchdogs

    def _watch(self, now_ns: int) -> list[SessionEvent]:
        if now_ns - self._heard_ns >= _SILENCE_NS:
            self._life.give_up(f"nothing came for {_SILENCE_NS // SECOND} s, not even a heartbeat")
            return self._stop(StaleReason.STALLED, now_ns)
        if self._first_by_ns is None or now_ns < self._first_by_ns:
            return []
        self._first_by_ns = None
        events: list[SessionEvent] = []
        for name, line in self._lines.items():
            if line.last is None:
                events += self._stalled(name, now_ns, _FIRST_QUOTES_NS)
        return events

    def _look(self, now_ns: int) -> list[Action]:
        """Ask for quotes by the other way where an open market has been silent for long."""
        if self._is_looking or self._look_at_ns is None or now_ns < self._look_at_ns:
            return []
        self._look_at_ns = now_ns + _QUIET_NS
        quiet = tuple(
            name
            for name, line in sorted(self._lines.items())
            if name in self._wanted
            and line.last is not None
            and line.last.is_tradeable is not False
            and now_ns - line.heard_ns >= _QUIET_NS
        )
        if not quiet:
            return []
        self._is_looking = True
        return [Call(FetchTickers(quiet))]

    def _is_behind(self, ticker: TickerChanged) -> bool:
        line = self._lines.get(ticker.instrument)
        if line is None or line.last is None or ticker.exchange_time_ns is None:
            return False
        # What came while it was asked is no sign of silence.
        is_silent = self._now_ns - line.heard_ns >= _QUIET_NS
        return is_silent and ticker.exchange_time_ns - _time(line.last) >= _NEWER_NS

    def _stop(self, reason: StaleReason, now_ns: int) -> list[SessionEvent]:
        events: list[SessionEvent] = []
        for name, line in self._lines.items():
            if line.book.mark_stale() and Topic.BOOK in self._wanted.get(name, ()):
                events.append(BookStale(NAME, name, reason, now_ns))
        return events

    def _stalled(self, name: str, now_ns: int, age_ns: int) -> list[SessionEvent]:
        topics = self._wanted.get(name, frozenset())
        ordered = sorted(topics, key=lambda topic: topic.value)
        return [TopicStalled(NAME, name, topic, age_ns, now_ns) for topic in ordered]

    def _judge(self) -> None:
        missing = frozenset(self._wanted) - self._carried - self._refused
        is_delivered = not missing and all(
            line.last is not None or self._first_by_ns is None for line in self._lines.values()
        )
        self._life.judged(is_delivered=is_delivered)


def _time(told: QuoteChanged) -> int:
    return told.exchange_time_ns or 0
