"""Calls that anybody may make: the exchange, and its market data."""

from collections.abc import Callable, Mapping
from typing import Any

from venuetree.scenarios.simulated.binance_us import parameters as of
from venuetree.scenarios.simulated.binance_us import tickers, weights
from venuetree.scenarios.simulated.binance_us.errors import bad_combination, invalid_symbol
from venuetree.scenarios.simulated.binance_us.exchange_info import exchange_info
from venuetree.scenarios.simulated.binance_us.filters import Profile
from venuetree.scenarios.simulated.binance_us.klines import next_opens_ms, opens_ms
from venuetree.scenarios.simulated.binance_us.market import Market
from venuetree.scenarios.simulated.binance_us.operations import (
    Call,
    Form,
    Operation,
    Run,
    Security,
)
from venuetree.scenarios.simulated.binance_us.parameters import Reader, Values
from venuetree.scenarios.simulated.binance_us.weights import Weigh, by_symbol, flat

_DEPTH_AT_MOST, _DEPTH_USUAL = 5000, 100
_AT_MOST, _USUAL = 1000, 500
_PERMISSION = "SPOT"


def _form(*needed: str) -> Form:
    def check(values: Values, profile: Profile) -> None:
        del profile
        for name in needed:
            values.need(name)
        if "symbol" in values and "symbols" in values:
            raise bad_combination()

    return check


def _public(weigh: Weigh, run: Run, parameters: Mapping[str, Reader], *needed: str) -> Operation:
    return Operation(Security.NONE, weigh, run, parameters, _form(*needed))


def _limit(call: Call) -> int:
    return min(int(call.values.get("limit", _USUAL)), _AT_MOST)


def _markets(call: Call) -> list[Market]:
    """The markets that `symbol` or `symbols` name; all of them without either."""
    values = call.values
    if "symbol" in values:
        return [call.market()]
    if "symbols" not in values:
        return list(call.venue.markets.values())
    found = [call.venue.market(name) for name in values.need("symbols")]
    known = [market for market in found if market is not None]
    if len(known) != len(found):
        raise invalid_symbol()
    return known


def _of_each(call: Call, tell: Callable[[Market], Any]) -> Any:
    """What is told of one market, as an object for `symbol` and as a list otherwise."""
    told = [tell(market) for market in _markets(call)]
    return told[0] if "symbol" in call.values else told


def _ping(_: Call) -> Any:
    return {}


def _time(call: Call) -> Any:
    return {"serverTime": call.venue.now_ms()}


def _check_info(values: Values, profile: Profile) -> None:
    del profile
    if sum(name in values for name in ("symbol", "symbols", "permissions")) > 1:
        raise bad_combination()


def _info(call: Call) -> Any:
    markets = _markets(call)
    wanted = call.values.get("permissions")
    if wanted is not None and _PERMISSION not in wanted:
        markets = []
    status = call.values.get("symbolStatus")
    if status is not None:
        markets = [market for market in markets if market.instrument.status == status]
    info = exchange_info(call.venue, markets)
    if call.values.get("showPermissionSets", True) is False:
        for told in info["symbols"]:
            told.pop("permissionSets", None)
    return info


def _depth(call: Call) -> Any:
    limit = min(int(call.values.get("limit", _DEPTH_USUAL)), _DEPTH_AT_MOST)
    return tickers.depth(call.market(), limit)


def _trades(call: Call) -> Any:
    prints = list(call.market().prints)[-_limit(call) :]
    return [tickers.public_trade(printed) for printed in prints]


def _historical(call: Call) -> Any:
    from_id = call.values.get("fromId")
    if from_id is None:
        return _trades(call)
    later = [printed for printed in call.market().prints if printed.trade_id >= from_id]
    return [tickers.public_trade(printed) for printed in later[: _limit(call)]]


def _aggregates(call: Call) -> Any:
    values = call.values
    from_id, start, end = (values.get(name) for name in ("fromId", "startTime", "endTime"))
    if from_id is not None and (start is not None or end is not None):
        raise bad_combination()
    found = [
        each
        for each in call.market().aggregates
        if (from_id is None or each.aggregate_id >= from_id)
        and (start is None or each.time_ms >= start)
        and (end is None or each.time_ms <= end)
    ]
    limit = _limit(call)
    from_the_oldest = from_id is not None or start is not None
    chosen = found[:limit] if from_the_oldest else found[-limit:]
    return [tickers.aggregate_trade(each) for each in chosen]


def _klines(call: Call) -> Any:
    values, market = call.values, call.market()
    interval, limit = values.need("interval"), _limit(call)
    now_ms = call.venue.now_ms()
    last = opens_ms(interval, min(values.get("endTime", now_ms), now_ms))
    opens: list[int] = []
    if "startTime" in values:
        start = values.need("startTime")
        at = opens_ms(interval, start)
        at = at if at >= start else next_opens_ms(interval, at)
        while at <= last and len(opens) < limit:
            opens.append(at)
            at = next_opens_ms(interval, at)
    else:
        at = last
        while at >= 0 and len(opens) < limit:
            opens.append(at)
            at = opens_ms(interval, at - 1)
        opens.reverse()
    return [market.klines.kline(interval, at).row for at in opens]


def _average(call: Call) -> Any:
    return tickers.average(call.market(), call.venue.now_ms(), call.profile)


def _prices(call: Call) -> Any:
    return _of_each(call, tickers.price)


def _book_tickers(call: Call) -> Any:
    return _of_each(call, tickers.book_ticker)


def _daily(call: Call) -> Any:
    now_ms, kind = call.venue.now_ms(), call.values.get("type", "FULL")
    return _of_each(call, lambda market: tickers.ticker_24hr(market, now_ms, kind))


def _check_window(values: Values, profile: Profile) -> None:
    _form()(values, profile)
    values.need_one("symbol", "symbols")


def _window(call: Call) -> Any:
    now_ms, kind = call.venue.now_ms(), call.values.get("type", "FULL")
    window_ms = call.values.get("windowSize", tickers.DAY_MS)
    return _of_each(call, lambda market: tickers.ticker_window(market, now_ms, window_ms, kind))


_ONE: Mapping[str, Reader] = {"symbol": of.symbol}
_SOME: Mapping[str, Reader] = {"symbol": of.symbol, "symbols": of.symbols}
_KIND = of.one_of("FULL", "MINI")
_TIMES: Mapping[str, Reader] = {"startTime": of.milliseconds, "endTime": of.milliseconds}
_TRADES: Mapping[str, Reader] = {**_ONE, "limit": of.count}

OPERATIONS: Mapping[str, Operation] = {
    "ping": _public(flat(1, 1), _ping, {}),
    "time": _public(flat(1, 1), _time, {}),
    "exchangeInfo": Operation(
        Security.NONE,
        flat(10, 20),
        _info,
        {
            **_SOME,
            "permissions": of.names,
            "showPermissionSets": of.boolean,
            "symbolStatus": of.one_of("TRADING", "HALT", "BREAK", "CANCEL_ONLY"),
        },
        _check_info,
    ),
    "depth": _public(weights.depth, _depth, _TRADES, "symbol"),
    "trades.recent": _public(flat(1, 25), _trades, _TRADES, "symbol"),
    "trades.historical": Operation(
        Security.MARKET_DATA,
        flat(5, 25),
        _historical,
        {**_TRADES, "fromId": of.whole},
        _form("symbol"),
    ),
    "trades.aggregate": _public(
        flat(1, 4), _aggregates, {**_TRADES, **_TIMES, "fromId": of.whole}, "symbol"
    ),
    "klines": _public(
        flat(1, 2),
        _klines,
        {**_TRADES, **_TIMES, "interval": of.interval},
        *("symbol", "interval"),
    ),
    "avgPrice": _public(flat(1, 2), _average, _ONE, "symbol"),
    "ticker.price": _public(by_symbol(one=(1, 2), every=(2, 4)), _prices, _SOME),
    "ticker.book": _public(by_symbol(one=(1, 2), every=(2, 4)), _book_tickers, _SOME),
    "ticker.24hr": _public(weights.ticker_24hr, _daily, {**_SOME, "type": _KIND}),
    "ticker": Operation(
        Security.NONE,
        weights.ticker_window,
        _window,
        {**_SOME, "windowSize": of.rolling_window, "type": _KIND},
        _check_window,
    ),
}
