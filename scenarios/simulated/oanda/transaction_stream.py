"""The transaction stream: what is written down from now on, without a snapshot or a replay."""

from typing import Any

import attrs

from venuetree.scenarios.faults import DuplicateUserEvents, FrameKind
from venuetree.scenarios.simulated.oanda.account import Account
from venuetree.scenarios.simulated.oanda.clock_times import time_text
from venuetree.scenarios.simulated.oanda.line_session import LineSession
from venuetree.scenarios.simulated.oanda.transactions import Transaction
from venuetree.scenarios.simulated.oanda.venue import Venue

__all__ = ["TransactionSource"]


@attrs.define(eq=False)
class TransactionSource:
    """What one transaction stream tells of its account."""

    venue: Venue
    account: Account
    _session: LineSession | None = attrs.field(default=None, init=False)

    def begin(self, session: LineSession) -> None:
        """Listen; nothing is said before something happens."""
        self._session = session
        self.account.on_transaction.append(self._written)

    def heartbeat(self) -> dict[str, Any]:
        """A heartbeat, which tells the newest transaction."""
        return {
            "type": "HEARTBEAT",
            "lastTransactionID": str(self.account.last_transaction_id),
            "time": time_text(self.venue.now_ns()),
        }

    def tick(self, session: LineSession) -> None:
        """Nothing waits: a transaction is told when it is written."""

    def end(self) -> None:
        """Hear of nothing any more."""
        if self._written in self.account.on_transaction:
            self.account.on_transaction.remove(self._written)

    def _written(self, transaction: Transaction) -> None:
        session, kind = self._session, str(transaction["type"])
        if session is None:
            return
        session.tell(kind, FrameKind.UPDATE, transaction)
        hit = f"{session.outlet.name} {kind}"
        if self.venue.faults.take(DuplicateUserEvents, hit, lambda _: True):
            session.tell(kind, FrameKind.UPDATE, transaction)
