"""The live view of `venuetree watch`: what a terminal shows of market data as it comes."""

from collections import deque
from collections.abc import Sequence
from decimal import Decimal

from attrs import Factory, define
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from venuetree.cli.tables import side_text, time_text
from venuetree.protocol.book import BookView
from venuetree.protocol.events import (
    AggregateTradePrinted,
    BestPricesChanged,
    BookInStep,
    BookStale,
    BookTopChanged,
    BookUpdated,
    CandleChanged,
    Dropped,
    FeedEvent,
    InstrumentStatusChanged,
    QuoteChanged,
    StreamConnected,
    StreamDisconnected,
    TickerChanged,
    TopicStalled,
    TradePrinted,
)
from venuetree.protocol.numbers import decimal_text

__all__ = ["MarketView", "notice_of"]

#: Trades and notices on the screen.
_TRADES_SHOWN = 10
_NOTICES_SHOWN = 6


@define
class _Row:
    """What is known of one instrument."""

    last: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    volume: Decimal | None = None
    trades: int = 0
    book: BookView | None = None


@define
class MarketView:
    """The newest state of each instrument, the latest trades, and every interruption."""

    title: str
    instruments: Sequence[str]
    rows: dict[str, _Row] = Factory(
        lambda self: {name: _Row() for name in self.instruments}, takes_self=True
    )
    trades: deque[TradePrinted] = Factory(lambda: deque(maxlen=_TRADES_SHOWN))
    notices: deque[str] = Factory(lambda: deque(maxlen=_NOTICES_SHOWN))

    def take(self, event: FeedEvent) -> None:
        """Remember what an event says."""
        match event:
            case TradePrinted(is_past=False):
                row = self._row(event.instrument)
                row.last = event.price
                row.trades += 1
                self.trades.appendleft(event)
            case TickerChanged():
                row = self._row(event.instrument)
                row.last = event.last_price if event.last_price is not None else row.last
                row.bid = event.bid if event.bid is not None else row.bid
                row.ask = event.ask if event.ask is not None else row.ask
                row.volume = event.volume_24h if event.volume_24h is not None else row.volume
            case BestPricesChanged():
                row = self._row(event.instrument)
                row.bid, row.ask = event.bid, event.ask
            case BookUpdated() | BookInStep():
                self._row(event.instrument).book = event.book
            case _:
                pass
        notice = notice_of(event)
        if notice:
            self.notices.appendleft(f"{time_text(event.received_time_ns)}  {notice}")

    def render(self) -> RenderableType:
        """The screen as it is now."""
        parts: list[RenderableType] = [self.render_rows(), Text()]
        if self.trades:
            parts += [self._trades(), Text()]
        parts += [Text(notice, style="yellow") for notice in self.notices]
        parts.append(Text("Ctrl-C ends", style="dim"))
        return Group(*parts)

    def _row(self, name: str) -> _Row:
        return self.rows.setdefault(name, _Row())

    def render_rows(self) -> Table:
        """One line an instrument."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column(self.title, no_wrap=True)
        for name in ("last", "bid", "ask", "24 h volume", "trades seen"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("book", no_wrap=True)
        for name, row in self.rows.items():
            bid, ask, state = row.bid, row.ask, Text()
            if row.book is not None:
                best_bid, best_ask = row.book.best_bid, row.book.best_ask
                bid = best_bid.price if best_bid else None
                ask = best_ask.price if best_ask else None
                state = Text("in step", "green") if row.book.in_step else Text("STALE", "bold red")
            numbers = [_shown(value) for value in (row.last, bid, ask, row.volume)]
            table.add_row(name, *numbers, str(row.trades), state)
        return table

    def _trades(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("time", "instrument", "taker"):
            table.add_column(name, no_wrap=True)
        for name in ("quantity", "price"):
            table.add_column(name, justify="right", no_wrap=True)
        for trade in self.trades:
            table.add_row(
                time_text(trade.exchange_time_ns),
                trade.instrument,
                side_text(trade.taker_side),
                _shown(trade.quantity),
                _shown(trade.price),
            )
        return table


def notice_of(event: FeedEvent) -> str:
    """What an event means for the trust in what is shown, `""` for mere news of the market."""
    match event:
        case StreamConnected(stream=stream):
            return f"stream {stream} connected"
        case StreamDisconnected(stream=stream, reason=reason):
            return f"stream {stream} down: {reason}"
        case BookStale(instrument=instrument, reason=why):
            return f"{instrument} book stale: {why.value.replace('_', ' ')}"
        case BookInStep(instrument=instrument):
            return f"{instrument} book in step"
        case TopicStalled(instrument=instrument, topic=topic, age_ns=age_ns):
            return f"{instrument} {topic.value} silent for {age_ns / 1e9:.1f} s"
        case Dropped(instrument=instrument, topic=topic, count=count):
            return f"{instrument}: {count} {topic.value} events left out, this screen is too slow"
        case InstrumentStatusChanged(instrument=instrument, status=status):
            return f"{instrument} is {status}"
        case (
            TradePrinted()
            | AggregateTradePrinted()
            | TickerChanged()
            | BestPricesChanged()
            | BookTopChanged()
            | BookUpdated()
            | CandleChanged()
            | QuoteChanged()
        ):
            return ""


def _shown(value: Decimal | None) -> str:
    return "" if value is None else decimal_text(value)
