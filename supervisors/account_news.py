"""What user streams and replies tell of the account, on its way to those whom it concerns."""

from collections.abc import Sequence

from attrs import frozen

from venuetree.actors.directory import Directory
from venuetree.actors.errors import ActorError
from venuetree.actors.hub import Hub
from venuetree.actors.order_messages import Orders, Reported
from venuetree.actors.ref import Ref
from venuetree.actors.stream_messages import EntriesTold, Reader
from venuetree.protocol.events import (
    AccountEvent,
    AccountSnapshot,
    BalancesChanged,
    FillReported,
    MarginTradeChanged,
    OrderReported,
    StreamConnected,
    StreamDisconnected,
    TransactionRecorded,
)
from venuetree.protocol.port import LogTold, SessionEvent

__all__ = ["AccountNews"]

#: What account subscribers get as the stream tells it.
_TOLD_TO_ACCOUNTS = (
    BalancesChanged
    | TransactionRecorded
    | MarginTradeChanged
    | StreamConnected
    | StreamDisconnected
)


@frozen
class AccountNews:
    """Hands on what is told of one account.

    Attributes:
        hub: of the subscribers.
        directory: notes how far the exchange's log of the account has been told.
        orders: takes reports of orders and executions; None where that part does not run.
        readers: those that read the log; none where it has no reader.
    """

    hub: Hub
    directory: Directory
    orders: Ref[Orders] | None
    readers: Sequence[Ref[Reader]]

    def publish(self, events: Sequence[SessionEvent]) -> None:
        """A user stream's events: reports go to the orders actor, all others to the subscribers.

        A full mailbox raises, which ends the stream; the next connection starts from a snapshot.
        """
        reports = tuple(
            event
            for event in events
            if isinstance(event, OrderReported | FillReported | AccountSnapshot)
        )
        told: list[AccountEvent] = [
            event for event in events if isinstance(event, _TOLD_TO_ACCOUNTS)
        ]
        for event in told:
            if isinstance(event, TransactionRecorded):
                self.directory.log_position = event.transaction_id
        # Subscribers hear first: what is told once is lost to them if a full mailbox raises.
        self.hub.publish(events)
        self.hub.publish_account(told)
        if reports and self.orders is not None:
            self.orders.tell_nowait(Reported(reports))

    def pass_on(self, news: LogTold) -> None:
        """What a reply held of the account's log, to whoever reads that log."""
        told = EntriesTold(news.entries, news.received_time_ns)
        for reader in self.readers:
            try:
                reader.tell_nowait(told)
            except ActorError:
                # It is down: its next incarnation reads the log from where it was.
                continue
