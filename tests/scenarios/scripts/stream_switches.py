"""Ways to take a behaviour of streams, feeds or supervisors away, each at the narrowest place."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from attrs import evolve, fields

from venuetree.actors import rate_gate, stream_connection
from venuetree.actors.feed import AccountFeed, _Late
from venuetree.actors.http_lines import LineSplitter
from venuetree.actors.paced_network import PacedNetwork
from venuetree.actors.stream_connection import StreamConnection
from venuetree.actors.streams import StreamOptions
from venuetree.protocol.book import Book
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.events import (
    AccountEvent,
    InstrumentStatusChanged,
    OrderReported,
    StaleReason,
)
from venuetree.protocol.exchanges.binance_us.books import Books
from venuetree.protocol.exchanges.binance_us.sequencing import BookSequencer
from venuetree.protocol.exchanges.binance_us.session import MarketSession as BinanceUsSession
from venuetree.protocol.exchanges.binance_us.succession import Succession
from venuetree.protocol.exchanges.binance_us.user_session import UserSession
from venuetree.protocol.exchanges.coinbase.session import MarketSession as CoinbaseSession
from venuetree.protocol.exchanges.oanda import quote_line
from venuetree.protocol.exchanges.oanda.pricing_session import PricingSession
from venuetree.protocol.exchanges.oanda.quote_line import QuoteLine
from venuetree.protocol.limit_answers import Start
from venuetree.protocol.limits import RateLimiter
from venuetree.protocol.session import Continuity, Place
from venuetree.supervisors import exchange_tree
from venuetree.supervisors.exchange_tree import STREAM_BACKOFF, ExchangeTree
from venuetree.supervisors.restart import Backoff
from venuetree.supervisors.spec import ChildSpec, Strategy

Patch = pytest.MonkeyPatch
_EXCHANGES = "venuetree.protocol.exchanges"
_FOR_EVER_NS = 10**18

# ---------------------------------------------------------------- what messages say


def count_nothing(patch: Patch) -> None:
    """Every number follows the one before it: no jump, and no repetition."""

    def take(self: Continuity, number: int) -> Place:
        self.expected = max(number + 1, self.expected or 0)
        return Place.NEXT

    patch.setattr(Continuity, "take", take)


def apply_changes_as_they_come(patch: Patch) -> None:
    """Binance.US: a change of a book is applied whatever its numbers are."""
    usual = BookSequencer.take

    def take(self: BookSequencer, change: Any) -> Any:
        if self.is_in_step:
            self._id = change.first_update_id - 1
        return usual(self, change)

    patch.setattr(BookSequencer, "take", take)


def fail_at_an_unknown_level(patch: Patch) -> None:
    """Deleting a level that was never announced is an error."""
    usual = Book.apply

    def apply(self: Book, changes: Any, *rest: Any) -> None:
        for change in changes:
            if not change.quantity and not self.quantity_at(change.side, change.price):
                raise RemoteProtocolError("an unknown level", payload=b"", operation="stream")
        usual(self, changes, *rest)

    patch.setattr(Book, "apply", apply)


def skip_what_cannot_be_read(patch: Patch) -> None:
    """OANDA: a line that is no JSON is left out, and the next one read."""
    usual = PricingSession.receive

    def receive(self: PricingSession, frame: Any, received_time_ns: int) -> Any:
        try:
            return usual(self, frame, received_time_ns)
        except RemoteProtocolError:
            return ()

    patch.setattr(PricingSession, "receive", receive)


def take_each_piece_for_lines(patch: Patch) -> None:
    """What comes at once is whole lines."""
    patch.setattr(LineSplitter, "feed", lambda _, data: data.splitlines())


def call_no_quotes_stale(patch: Patch) -> None:
    """OANDA: a connection that is gone says nothing of the quotes that it carried."""
    usual = PricingSession.closed

    def closed(self: PricingSession, reason: str, now_ns: int) -> Sequence[Any]:
        usual(self, reason, now_ns)
        return ()

    patch.setattr(PricingSession, "closed", closed)


def tell_prices_as_they_come(patch: Patch) -> None:
    """OANDA: a price is the newest because it came last."""
    patch.setattr(quote_line, "_is_overtaken", lambda _told, _last: False)


def tell_no_state(patch: Patch) -> None:
    """OANDA: that an instrument is not traded any more is told with its quotes only."""
    usual = QuoteLine.tell

    def tell(self: QuoteLine, told: Any, topics: Any, now_ns: int) -> list[Any]:
        is_first = self.last is None
        events = usual(self, told, topics, now_ns)
        return [e for e in events if is_first or not isinstance(e, InstrumentStatusChanged)]

    patch.setattr(QuoteLine, "tell", tell)


def swallow_what_streams_say(patch: Patch) -> None:
    """What a stream says beside its data is not noted."""
    patch.setattr(ExchangeTree, "_note", lambda _self, _event: None)


def ignore_that_it_ends(patch: Patch) -> None:
    """Binance.US: an event that says that the account's stream ends is passed over."""
    usual = UserSession._note

    def note(self: UserSession, event: Any) -> None:
        if isinstance(event, OrderReported):
            usual(self, event)

    patch.setattr(UserSession, "_note", note)


def ignore_an_announced_end(patch: Patch) -> None:
    """Binance.US: that a server shuts down is not heeded until it has."""
    patch.setattr(Succession, "announced", lambda _self, _reason, _now_ns: None)


# ---------------------------------------------------------------- what silence means


def wait_for_ever(where: str, name: str) -> Callable[[Patch], None]:
    """A deadline of a session, by its module and name, is never reached."""

    def apply(patch: Patch) -> None:
        patch.setattr(f"{_EXCHANGES}.{where}.{name}", _FOR_EVER_NS)

    return apply


def wait_for_no_longer_than(where: str, name: str, seconds: float) -> Callable[[Patch], None]:
    """A deadline of a session comes too soon."""

    def apply(patch: Patch) -> None:
        patch.setattr(f"{_EXCHANGES}.{where}.{name}", int(seconds * 1e9))

    return apply


def take_quiet_for_dead(patch: Patch) -> None:
    """Binance.US: a connection without messages for three minutes is given up unasked."""
    usual = BinanceUsSession._watch

    def watch(self: BinanceUsSession, now_ns: int) -> Any:
        if now_ns - self._last_frame_ns >= 180 * 10**9:
            self._life.give_up("nothing came")
        return usual(self, now_ns)

    patch.setattr(BinanceUsSession, "_watch", watch)


def take_heartbeats_for_nothing(patch: Patch) -> None:
    """OANDA: only a price proves that the connection lives."""
    usual = PricingSession.receive

    def receive(self: PricingSession, frame: Any, received_time_ns: int) -> Any:
        heard_ns = self._heard_ns
        events = usual(self, frame, received_time_ns)
        if b"HEARTBEAT" in bytes(frame):
            self._heard_ns = heard_ns
        return events

    patch.setattr(PricingSession, "receive", receive)


# ---------------------------------------------------------------- what is told of a loss


def call_no_book_stale(patch: Patch) -> None:
    """A connection that is gone says nothing of the books that it carried."""

    def all_stale(self: CoinbaseSession, _reason: StaleReason, _now_ns: int) -> list[Any]:
        for book in self._books.values():
            book.mark_stale()
        return []

    patch.setattr(CoinbaseSession, "_all_stale", all_stale)
    usual = Books.stop

    def stop(self: Books, reason: StaleReason, now_ns: int) -> list[Any]:
        usual(self, reason, now_ns)
        return []

    patch.setattr(Books, "stop", stop)


def say_no_reason(patch: Patch) -> None:
    """Why a stream was lost is not told."""
    patch.setattr(stream_connection, "reason_of", lambda _: "lost")


def need_the_clock_for_last_words(patch: Patch) -> None:
    """Without the time, what depended on a stream is not called stale."""

    def now_ns(self: StreamConnection) -> int:
        return self.setup.clock.now_ns()

    patch.setattr(StreamConnection, "_now_or_last_ns", now_ns)


# ---------------------------------------------------------------- how connections are made


def open_streams(**options: Any) -> Callable[[Patch], None]:
    """Streams are opened with other options than usual."""

    def apply(patch: Patch) -> None:
        defaults = tuple(options.get(each.name, each.default) for each in fields(StreamOptions))
        patch.setattr(StreamOptions.__init__, "__defaults__", defaults)

    return apply


def come_back(**backoff: Any) -> Callable[[Patch], None]:
    """Streams come back by another backoff than usual."""

    def apply(patch: Patch) -> None:
        patch.setattr(exchange_tree, "STREAM_BACKOFF", evolve(STREAM_BACKOFF, **backoff))

    return apply


def connect_at_once(patch: Patch) -> None:
    """Nobody waits for a turn to open a connection."""

    async def connect(self: PacedNetwork, host: str, port: int, **how: Any) -> Any:
        return await self._network.connect(host, port, **how)

    patch.setattr(PacedNetwork, "connect", connect)


# ---------------------------------------------------------------- slow subscribers


def count_no_losses(patch: Patch) -> None:
    """What a slow subscriber misses is not counted."""
    patch.setattr(_Late, "_count", lambda *_: None)


def drop_account_events(patch: Patch) -> None:
    """What finds no room in an account's feed is left out without a word."""
    usual = AccountFeed.put

    def put(self: AccountFeed, event: AccountEvent) -> None:
        if len(self) < self._capacity:
            usual(self, event)

    patch.setattr(AccountFeed, "put", put)


# ---------------------------------------------------------------- who is restarted


class _OnlyRestForOne:
    ONE_FOR_ONE = REST_FOR_ONE = Strategy.REST_FOR_ONE


class _OnlyOneForOne:
    ONE_FOR_ONE = REST_FOR_ONE = Strategy.ONE_FOR_ONE


def restart_all_that_follow(patch: Patch) -> None:
    """Whoever was started after a failed actor is taken to depend on it."""
    patch.setattr(exchange_tree, "Strategy", _OnlyRestForOne)


def restart_nobody_else(patch: Patch) -> None:
    """Whoever depends on a failed actor goes on without it."""
    patch.setattr(exchange_tree, "Strategy", _OnlyOneForOne)


def start_with_a_clean_slate(patch: Patch) -> None:
    """A gate that was restarted believes that nothing was sent before."""

    def limiter(*args: Any, **more: Any) -> RateLimiter:
        return RateLimiter(*args, **{**more, "start": Start.FRESH})

    patch.setattr(rate_gate, "RateLimiter", limiter)


def start_an_exchange_at_once(patch: Patch) -> None:
    """An exchange that gave up is started again as soon the second time as the first."""
    usual = ExchangeTree.spec

    def spec(self: ExchangeTree) -> ChildSpec[Any]:
        steady = Backoff(min=1.0, max=1.0, factor=1.0, jitter=0.0, reset_after=math.inf)
        return evolve(usual(self), backoff=steady)

    patch.setattr(ExchangeTree, "spec", spec)
