"""Market data from a shell: `watch` and `book`."""

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress

import anyio
from attrs import frozen
from rich.live import Live

from venuetree.actors.feed import MarketFeed
from venuetree.cli.exits import ExitCode
from venuetree.cli.json_output import book_document, dump, event_document
from venuetree.cli.live_market import MarketView
from venuetree.cli.printing import show
from venuetree.cli.running import ONLY_QUESTIONS, exchange_of
from venuetree.cli.tables import book_table
from venuetree.protocol.book import BookView
from venuetree.protocol.errors import (
    ExchangeUnavailable,
    InstrumentNotFound,
    RateLimited,
    ReplyLost,
    TransportError,
)
from venuetree.protocol.events import (
    BookInStep,
    BookStale,
    BookUpdated,
    FeedEvent,
    StaleReason,
    StreamDisconnected,
)
from venuetree.protocol.models import Topic

__all__ = ["book", "watch"]

#: How often a screen is drawn anew.
REFRESH_SECONDS = 0.25
#: Those of these that an exchange has.
_DEFAULT_TOPICS = (Topic.TRADES, Topic.TICKER, Topic.BOOK)
#: Levels a side that a person is shown when no depth is asked for.
_SHOWN_DEPTH = 20


async def watch(options: Namespace) -> ExitCode:
    """Show events as they come, until `--seconds` have passed or a signal comes.

    Raises:
        InstrumentNotFound: one of them is not traded there.
        TransportError: time ended and nothing had come.
    """
    heard = False
    is_for_people = sys.stdout.isatty() and not options.json
    async with exchange_of(options, ONLY_QUESTIONS) as exchange:
        topics = options.topic or tuple(t for t in _DEFAULT_TOPICS if t in exchange.topics)
        with anyio.move_on_after(options.seconds):
            # Where questions are not answered, the streams may be there all the same.
            with suppress(ExchangeUnavailable, RateLimited, ReplyLost, TransportError):
                await exchange.instruments(*options.instruments)
            async with exchange.subscribe(options.instruments, *topics) as feed:
                with _screen(options) if is_for_people else nullcontext(_JSON_LINES) as output:
                    while True:
                        with anyio.move_on_after(REFRESH_SECONDS):
                            async for event in feed:
                                heard = heard or not isinstance(event, StreamDisconnected)
                                output.take(event)
                        output.refresh()
    if not heard:
        message = f"nothing came within {options.seconds:g} s"
        raise TransportError(message, exchange=options.exchange, operation="watch")
    return ExitCode.DONE


@frozen
class _Output:
    """Where events go: `take` each, `refresh` now and then."""

    take: Callable[[FeedEvent], None]
    refresh: Callable[[], None]


def _write_line(event: FeedEvent) -> None:
    sys.stdout.buffer.write(dump(event_document(event)))
    sys.stdout.buffer.flush()


_JSON_LINES = _Output(take=_write_line, refresh=lambda: None)


@contextmanager
def _screen(options: Namespace) -> Iterator[_Output]:
    view = MarketView(options.exchange, options.instruments)
    with Live(view.render(), auto_refresh=False) as live:
        yield _Output(take=view.take, refresh=lambda: live.update(view.render(), refresh=True))


async def book(options: Namespace) -> ExitCode:
    """Print a book once it is in step and, if asked, has rested for a while.

    Raises:
        TransportError: it was never in step within `--timeout`.
    """
    async with (
        exchange_of(options, ONLY_QUESTIONS) as exchange,
        exchange.subscribe(options.instrument, Topic.BOOK) as feed,
    ):
        held = await _in_step_within(options, feed)
        if options.until_idle is not None:
            held = await _at_rest(feed, held, options.until_idle)
        shown = _SHOWN_DEPTH if options.depth is None else options.depth
        show(options, book_document(held, options.depth), book_table(held, shown))
    return ExitCode.DONE


async def _in_step_within(options: Namespace, feed: MarketFeed) -> BookView:
    """The book, once it equals the exchange's."""
    with anyio.move_on_after(options.timeout):
        async for event in feed:
            if isinstance(event, BookInStep | BookUpdated) and event.book.in_step:
                return event.book
            if isinstance(event, BookStale) and event.reason is StaleReason.REFUSED:
                raise InstrumentNotFound(
                    f"there is no book of {options.instrument}",
                    exchange=options.exchange,
                    operation="book",
                )
    message = f"no book of {options.instrument} came within {options.timeout:g} s"
    raise TransportError(message, exchange=options.exchange, operation="book")


async def _at_rest(feed: MarketFeed, held: BookView, seconds: float) -> BookView:
    """The book, once so many seconds have passed without a change of it."""
    with anyio.CancelScope(deadline=anyio.current_time() + seconds) as scope:
        async for event in feed:
            match event:
                case BookUpdated(book=changed) | BookInStep(book=changed):
                    held = changed
                case BookStale():
                    pass
                case _:
                    continue
            scope.deadline = anyio.current_time() + seconds
    return held
