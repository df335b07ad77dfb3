"""The typed handle to one exchange: what a host calls."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from attrs import frozen

from venuetree.actors.feed import AccountFeed, MarketFeed
from venuetree.margin import MarginTrading
from venuetree.protocol import commands
from venuetree.protocol.book import BookView
from venuetree.protocol.errors import (
    ExchangeUnavailable,
    InstrumentNotFound,
    NotSupported,
    RateLimited,
    ReplyLost,
    TransportError,
)
from venuetree.protocol.events import BookSnapshot, TickerChanged, TradePrinted
from venuetree.protocol.models import (
    Balance,
    Candle,
    CandlePrice,
    FeeSummary,
    Instrument,
    KeyPermissions,
    Topic,
)
from venuetree.protocol.port import Ability, Subscription

__all__ = ["ExchangeHandle"]


@frozen
class ExchangeHandle(MarginTrading):
    """One exchange of a running engine.

    Timeouts are seconds. Cancelling a call that asks leaves nothing behind; cancelling `place`
    leaves the order to the engine, which follows it: see `open_orders` and `account_events`.
    """

    # ------------------------------------------------------------ what it has

    @property
    def topics(self) -> frozenset[Topic]:
        """What can be subscribed to here."""
        return self._tree.wiring.exchange.profile.topics

    @property
    def abilities(self) -> frozenset[Ability]:
        """What it can do beside placing and cancelling orders one by one."""
        return self._tree.wiring.exchange.profile.abilities

    @property
    def is_paper(self) -> bool:
        """Whether orders are matched here, on an account of our own, and never sent."""
        return self._tree.wiring.paper is not None

    # ------------------------------------------------------------ account

    async def balances(self) -> tuple[Balance, ...]:
        """Ask for every currency's balance."""
        return await self._question(commands.FetchBalances(), "balances")

    async def fees(self) -> FeeSummary:
        """Ask for the account's fee rates."""
        return await self._question(commands.FetchFees(), "fees")

    async def key_permissions(self) -> KeyPermissions:
        """Ask what our key may do; `AuthRefused` if it is no good."""
        return await self._question(commands.FetchKeyPermissions(), "key permissions")

    @asynccontextmanager
    async def account_events(self) -> AsyncIterator[AccountFeed]:
        """Every change of our orders, every fill once, and the user stream's interruptions.

        Nothing is ever dropped: a subscriber that lets its channel fill up is ended, with
        `SubscriberTooSlow`.
        """
        self._raise_fatal()
        self._need_orders("account events")
        hub = self._tree.hub
        feed = AccountFeed(capacity=self._account_capacity, release=hub.remove_account)
        hub.add_account(feed)
        try:
            yield feed
        finally:
            hub.remove_account(feed)

    # ------------------------------------------------------------ market data

    @asynccontextmanager
    async def subscribe(
        self, instruments: str | Iterable[str], *topics: Topic
    ) -> AsyncIterator[MarketFeed]:
        """Market data of instruments, while the body runs.

        Every gap, stall and reconnect is told before it is repaired. A slow consumer gets books
        and tickers folded to the newest state and a count of the trades that it missed.

        Raises:
            NotSupported: the exchange has no such topic.
            InstrumentNotFound: there is no such instrument, as far as that is known: before the
                instruments have been read a stream may tell it instead, as `TopicStalled`.
        """
        self._raise_fatal()
        names = (instruments,) if isinstance(instruments, str) else tuple(instruments)
        missing = set(topics) - self._tree.wiring.exchange.profile.topics
        if missing:
            raise NotSupported(
                "the exchange does not have the topics"
                f" {', '.join(sorted(topic.value for topic in missing))}",
                exchange=self.name,
                operation="subscribe",
            )
        if "stream" not in self._tree.wiring.stream_endpoints:
            raise NotSupported(
                "this environment has no market streams",
                exchange=self.name,
                operation="subscribe",
            )
        known = self._tree.directory.instruments
        if known or self._tree.wiring.exchange.profile.must_know_instruments:
            await self._check(names)
        feed = MarketFeed(capacity=self._feed_capacity)
        hub = self._tree.hub
        hub.add(feed, {Subscription(name, topic) for name in names for topic in topics})
        try:
            yield feed
        finally:
            hub.remove(feed)

    async def _check(self, names: Iterable[str]) -> None:
        """Refuse instruments that there are not; in doubt, the stream will tell."""
        try:
            for name in names:
                await self._instrument(name)
        except (TransportError, ReplyLost, RateLimited, ExchangeUnavailable):
            return

    def book(self, instrument: str) -> BookView | None:
        """The book as the engine holds it; None unless somebody subscribes to it.

        Live and read-only: between two awaits it does not change. Look at `in_step`.
        """
        return self._tree.hub.book(instrument)

    async def instruments(self, *names: str) -> tuple[Instrument, ...]:
        """Ask for instruments and their rules; all, or those named.

        Raises:
            InstrumentNotFound: there is none of a name.
        """
        found = await self._question(commands.FetchInstruments(names), "instruments")
        self._tree.directory.learn(found)
        missing = set(names) - {instrument.name for instrument in found}
        if missing:
            raise InstrumentNotFound(
                f"not traded here: {', '.join(sorted(missing))}",
                exchange=self.name,
                operation="instruments",
            )
        return found

    async def candles(
        self,
        instrument: str,
        interval_ns: int,
        start_time_ns: int,
        end_time_ns: int,
        *,
        priced_by: CandlePrice = CandlePrice.USUAL,
    ) -> tuple[Candle, ...]:
        """Ask for candles of a window of time, oldest first.

        Raises:
            NotSupported: the exchange has no candles of that length, or of that price.
        """
        return await self._question(
            commands.FetchCandles(instrument, interval_ns, start_time_ns, end_time_ns, priced_by),
            "candles",
        )

    async def trades(self, instrument: str, *, limit: int = 100) -> tuple[TradePrinted, ...]:
        """Ask for the latest public trades, newest first."""
        return await self._question(commands.FetchTrades(instrument, limit), "trades")

    async def tickers(self, *instruments: str) -> tuple[TickerChanged, ...]:
        """Ask for best bids and asks."""
        return await self._question(commands.FetchTickers(instruments), "tickers")

    async def book_snapshot(self, instrument: str, *, depth: int | None = None) -> BookSnapshot:
        """Ask for a book, without a subscription."""
        return await self._question(commands.FetchBook(instrument, depth), "book")

    async def server_time(self) -> int:
        """Ask for the exchange's clock, in nanoseconds since 1970 UTC."""
        return await self._question(commands.FetchServerTime(), "server time")

    # ------------------------------------------------------------ the connection

    @property
    def is_reachable(self) -> bool:
        """Whether the last attempt to ask the exchange something got an answer."""
        return self._tree.directory.is_reachable

    async def reachable(self) -> None:
        """Wait until the exchange answers."""
        self._raise_fatal()
        await self._tree.directory.reachable()
