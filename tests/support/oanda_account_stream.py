"""The account's stream of OANDA, driven by hand: its lines, its connections, and a clock."""

from decimal import Decimal
from typing import Any

import orjson

from venuetree.protocol.commands import FetchLog, FetchLogState, LogPage, LogState
from venuetree.protocol.events import TransactionRecorded
from venuetree.protocol.exchanges.oanda.transaction_session import (
    TransactionSession,
    TransactionStreams,
)
from venuetree.protocol.models import MarginTrade, MarginTradeState, Side
from venuetree.protocol.port import Call, SessionContext, SessionEvent
from venuetree.protocol.timestamps import SECOND

__all__ = ["MS", "NOW", "STATE", "TRADE", "Talk", "heartbeat", "line"]

NOW = 1_790_000_000 * SECOND
MS = SECOND // 1000
TIME = "2026-09-21T14:13:20.000000000Z"


def line(number: int, kind: str = "CLIENT_CONFIGURE", **fields: Any) -> bytes:
    """A transaction as the stream sends it."""
    base = {"id": str(number), "accountID": "a", "userID": 1, "batchID": str(number), "time": TIME}
    return orjson.dumps({**base, "type": kind, **fields})


def heartbeat(last: int) -> bytes:
    """As it comes every five seconds."""
    told = {"type": "HEARTBEAT", "lastTransactionID": str(last), "time": TIME}
    return orjson.dumps(told)


TRADE = MarginTrade(
    exchange="oanda",
    instrument="EUR-USD",
    trade_id="90",
    side=Side.BUY,
    state=MarginTradeState.OPEN,
    price=Decimal("1.08"),
    initial_quantity=Decimal(500),
    quantity=Decimal(300),
    realized_profit=Decimal(0),
    financing=Decimal(0),
    open_time_ns=NOW,
)
STATE = LogState("100", (), "USD", (TRADE,))


class Talk:
    """One account's connections, one after another, and a clock."""

    def __init__(self) -> None:
        self.streams = TransactionStreams("transactions", SessionContext(dict))
        self.now = NOW
        self.events: list[SessionEvent] = []

    def open(self, state: LogState = STATE) -> TransactionSession:
        """A connection that stands; the account's state is asked for where it must be."""
        session = self.session = self.streams()
        command = session.before()
        if command is not None:
            assert command == FetchLogState()
            session.answered(command, state, self.now)
        assert session.before() is None
        session.connect(frozenset())
        session.opened(self.now)
        session.want(frozenset(), self.now)
        return session

    def live(self, state: LogState = STATE) -> TransactionSession:
        """A connection that has caught up with nothing to catch up."""
        session = self.open(state)
        self.hear(heartbeat(int(state.position)))
        (call,) = self.step()
        assert call == Call(FetchLog(state.position))
        self.answer(call, LogPage((), state.position))
        assert self.is_healthy()
        self.events.clear()
        return session

    def hear(self, frame: bytes) -> None:
        """A line of the stream."""
        self.events += self.session.receive(frame, self.now)

    def told(self, *entries: bytes) -> None:
        """What a reply held."""
        self.events += self.session.told(entries, self.now)

    def answer(self, call: Any, answer: object) -> None:
        """The answer to a call."""
        self.events += self.session.answered(call.command, answer, self.now)

    def step(self, after_ns: int = 0) -> list[Any]:
        """What is to be done after a while; only when it is due."""
        self.now += after_ns
        actions: list[Any] = []
        due = self.session.deadline_ns
        while self.session.has_work or (due is not None and due <= self.now):
            step = self.session.step(self.now)
            self.events += step.events
            actions += step.actions
            if step.actions or not self.session.has_work:
                break
            due = None
        return actions

    def is_healthy(self) -> bool:
        """Whether the connection does its work by now."""
        return self.session.is_healthy

    @property
    def ids(self) -> list[int]:
        """The transactions that were told."""
        return [int(e.transaction_id) for e in self.events if isinstance(e, TransactionRecorded)]
