"""Candles: which of them a request asks for, and how they are written."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import attrs

from venuetree.scenarios.simulated.oanda.answers import BadRequestError, bad_value
from venuetree.scenarios.simulated.oanda.candle_history import Bar, History, Range
from venuetree.scenarios.simulated.oanda.candle_spans import Alignment, span, usual_span_ns
from venuetree.scenarios.simulated.oanda.clock_times import time_text
from venuetree.scenarios.simulated.oanda.prices import Prices
from venuetree.scenarios.simulated.oanda.universe import Instrument

__all__ = ["COUNT_AT_MOST", "CandleRequest", "Candles"]

COUNT_AT_MOST = 5000
_COUNT = 500
_FIRST_NS = 1_104_537_600 * 1_000_000_000
"""The beginning of 2005: nothing is older."""
_EMPTY_AT_MOST = 20_000
"""Spans without prices that a search passes over before it gives up."""


@attrs.frozen
class CandleRequest:
    """The parameters of a request for candles, read."""

    granularity: str = "S5"
    components: str = "M"
    """Some of B, M and A."""
    count: int | None = None
    from_ns: int | None = None
    to_ns: int | None = None
    smooth: bool = False
    include_first: bool = True
    alignment: Alignment = attrs.field(factory=Alignment)


@attrs.define(eq=False)
class Candles:
    """The candles of all instruments."""

    prices: Prices
    now_ns: Callable[[], int]
    seed: int
    _histories: Mapping[str, History] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._histories = {
            name: History(instrument, self.prices.quote(name), self.seed)
            for name, instrument in self.prices.instruments.items()
        }
        self.prices.on_move.append(self._remember)

    def _remember(self, names: frozenset[str]) -> None:
        for name in names:
            quote = self.prices.quote(name)
            # The quote that says that the market is closed is no new price.
            if quote.tradeable:
                self._histories[name].add(quote)

    def get(self, name: str, request: CandleRequest) -> list[dict[str, Any]]:
        """The candles that a request asks for, oldest first.

        Raises:
            BadRequestError: it asks for too many, or for the future.
        """
        self._check(request)
        count = request.count or _COUNT
        if request.from_ns is None:
            found = list(self._backward(name, request, count))[::-1]
        else:
            found = list(self._forward(name, request))
        return self._written(name, request, found)

    def history(self, name: str) -> History:
        """The prices of an instrument over time.

        Raises:
            KeyError: there is no such instrument.
        """
        return self._histories[name]

    def latest(self, name: str, request: CandleRequest) -> list[dict[str, Any]]:
        """The newest candles: the last that is complete, and the one that forms."""
        newest = list(self._backward(name, request, 2))[::-1]
        return self._written(name, request, newest)

    def _check(self, request: CandleRequest) -> None:
        now_ns, from_ns, to_ns = self.now_ns(), request.from_ns, request.to_ns
        if request.count is not None and request.count > COUNT_AT_MOST:
            raise BadRequestError("Maximum value for 'count' exceeded")
        for name, time_ns in (("from", from_ns), ("to", to_ns)):
            if time_ns is not None and time_ns > now_ns:
                raise BadRequestError(
                    f"Invalid value specified for '{name}'. Time is in the future"
                )
        if from_ns is None or to_ns is None:
            return
        if request.count is not None:
            raise BadRequestError(
                "'count' cannot be specified when both 'from' and 'to' parameters are set"
            )
        if from_ns > to_ns:
            raise bad_value("from")
        if to_ns - from_ns > COUNT_AT_MOST * usual_span_ns(request.granularity):
            raise BadRequestError("Maximum value for 'count' exceeded")

    def _backward(
        self, name: str, request: CandleRequest, count: int
    ) -> Iterator[tuple[int, int, Bar]]:
        """Candles that begin before the end of the request, newest first."""
        to_ns = self.now_ns() + 1 if request.to_ns is None else request.to_ns
        empty = 0
        while count and to_ns > _FIRST_NS and empty < _EMPTY_AT_MOST:
            start_ns, end_ns = span(request.granularity, to_ns - 1, request.alignment)
            bar = self._bar(name, start_ns, end_ns)
            if bar is None:
                empty += 1
            else:
                yield start_ns, end_ns, bar
                count, empty = count - 1, 0
            to_ns = start_ns

    def _forward(self, name: str, request: CandleRequest) -> Iterator[tuple[int, int, Bar]]:
        """Candles from the one that covers the beginning of the request, oldest first."""
        from_ns = max(request.from_ns or 0, _FIRST_NS)
        to_ns = self.now_ns() + 1 if request.to_ns is None else request.to_ns
        both = request.to_ns is not None
        count = COUNT_AT_MOST if both else request.count or _COUNT
        start_ns, end_ns = span(request.granularity, from_ns, request.alignment)
        if not request.include_first:
            start_ns, end_ns = span(request.granularity, end_ns, request.alignment)
        while count and start_ns < to_ns:
            bar = self._bar(name, start_ns, end_ns)
            if bar is not None:
                yield start_ns, end_ns, bar
                count -= 1
            start_ns, end_ns = span(request.granularity, end_ns, request.alignment)

    def _bar(self, name: str, start_ns: int, end_ns: int) -> Bar | None:
        # The market closes for two days at a time: a shorter span that is closed at
        # both of its ends is closed throughout. Weeks and months never are.
        rests = not (
            self.prices.is_open(name, start_ns)
            or self.prices.is_open(name, end_ns - 1)
            or end_ns - start_ns > usual_span_ns("D")
        )
        return None if rests else self._histories[name].bar(start_ns, end_ns)

    def _written(
        self, name: str, request: CandleRequest, found: list[tuple[int, int, Bar]]
    ) -> list[dict[str, Any]]:
        instrument, updated_ns = self.prices.instruments[name], self._histories[name].updated_ns
        written: list[dict[str, Any]] = []
        before: Bar | None = None
        for start_ns, end_ns, bar in found:
            shown = _smoothed(bar, before) if request.smooth else bar
            written.append(
                {
                    # A candle is known to be over when a price of the next has come.
                    "complete": end_ns <= updated_ns,
                    "volume": bar.volume,
                    "time": time_text(start_ns),
                    **_components(instrument, shown, request.components),
                }
            )
            before = bar
        return written


def _smoothed(bar: Bar, before: Bar | None) -> Bar:
    if before is None:
        return bar
    return Bar(
        bar.bid.opened(before.bid.close),
        bar.ask.opened(before.ask.close),
        bar.mid.opened(before.mid.close),
        bar.volume,
    )


def _components(instrument: Instrument, bar: Bar, wanted: str) -> dict[str, dict[str, str]]:
    ranges = {"B": ("bid", bar.bid), "M": ("mid", bar.mid), "A": ("ask", bar.ask)}
    return {
        name: _ohlc(each, instrument.tick)
        for letter, (name, each) in ranges.items()
        if letter in wanted
    }


def _ohlc(prices: Range, tick: Decimal) -> dict[str, str]:
    values = {"o": prices.open, "h": prices.high, "l": prices.low, "c": prices.close}
    return {name: f"{value.quantize(tick):f}" for name, value in values.items()}
