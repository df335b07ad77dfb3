"""One account's log as far as it was told: what its entries say, and what they refer to.

A transaction says no more than it must: an exit names its trade and not the instrument, a balance
not its currency. What is missing is known from the transactions before it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import evolve, frozen

from venuetree.protocol.commands import LogPage, LogState
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.events import (
    Event,
    MarginTradeChanged,
    OrderReported,
    StreamErrorReported,
)
from venuetree.protocol.exchanges.oanda.log_order import LogOrder
from venuetree.protocol.exchanges.oanda.reading import NAME
from venuetree.protocol.exchanges.oanda.transactions import events_of, transaction_id
from venuetree.protocol.models import (
    MarginTradeChange,
    OrderReport,
    OrderStatus,
    ReportSource,
    Side,
)
from venuetree.protocol.port import SessionEvent
from venuetree.protocol.reading import MALFORMED, read_object

__all__ = ["AccountLog", "text_of_frame"]


@frozen
class Entry:
    """A transaction that has not been delivered yet."""

    transaction: Mapping[str, Any]
    raw: str
    received_time_ns: int


class AccountLog:
    """What outlives connections: how far the log was delivered, and what its entries refer to."""

    def __init__(self) -> None:
        self.order: LogOrder[Entry] | None = None
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

    @property
    def known(self) -> LogOrder[Entry]:
        """What has been delivered; `RemoteProtocolError` before the log is known."""
        if self.order is None:
            message = "the account's log is not known yet"
            raise RemoteProtocolError(message, exchange=NAME, operation="transactions")
        return self.order

    def take(self, line: Mapping[str, Any], raw: str, received_time_ns: int) -> list[SessionEvent]:
        """A transaction of the stream, or of a reply: what can be told now, in order.

        Raises any of `MALFORMED` if it has no number.
        """
        entry = Entry(line, raw, received_time_ns)
        return self._told(self.known.take(transaction_id(line), entry))

    def page(
        self, page: LogPage, now_ns: int, *, accept_gaps: bool
    ) -> tuple[list[SessionEvent], int | None, int]:
        """A page of the log: what can be told now, in order.

        Returns:
            That, the first number that is missing, and the one that stands in its place (0 if
            there is none).
        """
        entries: list[tuple[int, Entry]] = []
        for raw in page.entries:
            line = read_object(raw)
            entries.append((transaction_id(line), Entry(line, text_of_frame(raw), now_ns)))
        entries.sort(key=lambda each: each[0])
        ready, missing = self.known.page(entries, accept_gaps=accept_gaps)
        self.known.told_newest(int(page.position))
        found = (number for number, _ in entries if missing is not None and number > missing)
        return self._told(ready), missing, min(found, default=0)

    def _completed(self, event: Event) -> Event:
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

    def _told(self, entries: Iterable[Entry]) -> list[SessionEvent]:
        """What entries say; each is complete, whatever it leaves to others to say."""
        events: list[SessionEvent] = []
        for entry in entries:
            try:
                decoded: Sequence[Event] = events_of(
                    entry.transaction,
                    entry.raw,
                    entry.received_time_ns,
                    currency=self.currency,
                )
            except MALFORMED as error:
                events += _unreadable(entry, str(error))
                continue
            except RemoteProtocolError as error:
                events += _unreadable(entry, error.message)
                continue
            events += (self._completed(event) for event in decoded)  # type: ignore[misc]
        return events


def text_of_frame(frame: bytes | str) -> str:
    """A line as text, whatever it is."""
    return frame if isinstance(frame, str) else frame.decode("utf-8", "replace")


def _unreadable(entry: Entry, why: str) -> list[SessionEvent]:
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
