"""What the streams tell of one market, made of what has changed since they last did.

A frame's text is made once, however many connections it goes to. A stream
that has nothing new says nothing, except for the average price, which is told
every second.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import attrs

from venuetree.scenarios.simulated.binance_us import stream_payloads as payloads
from venuetree.scenarios.simulated.binance_us import tickers
from venuetree.scenarios.simulated.binance_us.depth_windows import DepthWindow, Level
from venuetree.scenarios.simulated.binance_us.klines import opens_ms
from venuetree.scenarios.simulated.binance_us.market import Aggregate, Market, Print
from venuetree.scenarios.simulated.binance_us.stream_names import DEPTH_PACES_NS, StreamName, Topic
from venuetree.scenarios.simulated.matching import Side

_MILLISECONDS = 1_000_000

Event = dict[str, Any]


@attrs.frozen
class _ToldCandle:
    """What a kline stream said last."""

    opens_ms: int
    last_trade_id: int
    told_ms: int


@attrs.frozen
class _Changes:
    """The first and last update id of a depth event, and the levels that they touched."""

    ids: tuple[int, int]
    levels: list[Level]


@attrs.define(eq=False)
class MarketFeed:
    """The streams of one symbol. In each round: `gather` once, then `events` of each due stream."""

    market: Market
    now_ms: Callable[[], int]
    _windows: Mapping[int, DepthWindow] = attrs.field(init=False)
    _depth: dict[int, _Changes] = attrs.field(factory=dict, init=False)
    """By pace: what a depth event of this round has to tell."""
    _new_prints: list[Print] = attrs.field(factory=list, init=False)
    _prints: list[Print] = attrs.field(factory=list, init=False)
    """The trades of this round."""
    _new_aggregates: list[Aggregate] = attrs.field(factory=list, init=False)
    _aggregates: list[Aggregate] = attrs.field(factory=list, init=False)
    _top: object = attrs.field(init=False)
    _top_moved: bool = attrs.field(default=False, init=False)
    _told: dict[str, object] = attrs.field(factory=dict, init=False)
    """By stream: the state of the market that it told last."""
    _candles: dict[str, _ToldCandle] = attrs.field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self.market.on_print.append(lambda _, printed: self._new_prints.append(printed))
        self.market.on_aggregate.append(lambda _, made: self._new_aggregates.append(made))
        self._windows = {
            pace_ns: DepthWindow(self.market.last_update_id) for pace_ns in DEPTH_PACES_NS
        }
        self.market.take_touched()
        self._top = self._best()

    def gather(self, paces_ns: Collection[int]) -> None:
        """Begin a round, in which streams of these paces are due."""
        self._prints, self._new_prints = self._new_prints, []
        self._aggregates, self._new_aggregates = self._new_aggregates, []
        top = self._best()
        self._top, self._top_moved = top, top != self._top
        touched = self.market.take_touched()
        for window in self._windows.values():
            window.note(touched)
        # A window closes on time even if nobody listens: who comes later finds no gap.
        self._depth = {}
        for pace_ns in paces_ns:
            window_of_pace = self._windows.get(pace_ns)
            if window_of_pace is not None:
                self._close(pace_ns, window_of_pace)

    def _close(self, pace_ns: int, window: DepthWindow) -> None:
        update_id = self.market.last_update_id
        closed = window.close(update_id)
        if closed is not None:
            first_id, touched = closed
            self._depth[pace_ns] = _Changes((first_id, update_id), touched)

    def _best(self) -> object:
        return [
            (price, None if price is None else self.market.book.total_at(side, price))
            for side in Side
            for price in (self.market.book.best(side),)
        ]

    def events(self, name: StreamName) -> list[Event]:
        """The events of a stream in this round; `name` is this symbol's, or all symbols'."""
        now_ms, market = self.now_ms(), self.market
        match name.topic:
            case Topic.TRADE:
                return [payloads.trade(market, printed, now_ms) for printed in self._prints]
            case Topic.AGGREGATE_TRADE:
                return [payloads.aggregate_trade(market, made, now_ms) for made in self._aggregates]
            case Topic.BOOK_TICKER:
                return [payloads.book_ticker(market)] if self._top_moved else []
            case Topic.DEPTH:
                changes = self._depth.get(name.pace_ns)
                if changes is None:
                    return []
                return [payloads.depth_update(market, changes.ids, changes.levels, now_ms)]
            case Topic.AVERAGE_PRICE:
                return [payloads.average_price(market, now_ms)]
            case Topic.KLINE:
                return self._klines(name, now_ms)
            case _:
                return self._changed(name, now_ms)

    def _changed(self, name: StreamName, now_ms: int) -> list[Event]:
        """A state that is told again only when it has changed."""
        market, last_trade = self.market, self.market.last.trade_id
        match name.topic:
            case Topic.PARTIAL_DEPTH:
                state: object = market.last_update_id
            case Topic.TICKER:
                state = (last_trade, market.last_update_id)
            case _:
                state = last_trade
        if self._told.get(name.text) == state:
            return []
        self._told[name.text] = state
        match name.topic:
            case Topic.PARTIAL_DEPTH:
                return [tickers.depth(market, int(name.detail))]
            case Topic.TICKER:
                return [payloads.ticker(market, now_ms)]
            case Topic.MINI_TICKER:
                return [payloads.mini_ticker(market, now_ms)]
            case _:
                return [payloads.window_ticker(market, name.detail, now_ms)]

    def _klines(self, name: StreamName, now_ms: int) -> list[Event]:
        """The candle if it has changed and its time has come; before a new one, the old one's end.

        The end is told at once, and even of a candle without a trade.
        """
        klines, interval = self.market.klines, name.detail
        opens, last_id = opens_ms(interval, now_ms), self.market.last.trade_id
        told = self._candles.get(name.text)
        if told is None or told.opens_ms == opens:
            early = told is not None and now_ms - told.told_ms < name.pace_ns // _MILLISECONDS
            if early or (told is not None and told.last_trade_id == last_id):
                return []
            candles = [klines.kline(interval, opens)]
        else:
            candles = [klines.kline(interval, told.opens_ms), klines.kline(interval, opens)]
        self._candles[name.text] = _ToldCandle(opens, last_id, now_ms)
        return [payloads.kline(self.market, interval, candle, now_ms) for candle in candles]
