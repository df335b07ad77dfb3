"""`exchangeInfo`: what can be traded and the rules of it, and the exchange's own limits.

Every filter becomes a rule, under the filter's own name, but those of things that this engine
does not place (icebergs, trailing stops, amendments). The exchange's own filters, which count the
orders of the whole account, are rules of every instrument.

A bound or step of zero switches that part of a rule off; a price or quantity must be a multiple
of its step itself, not counted from the minimum (the filters' page of 2022 says otherwise, its
change log replaced that).

Followed: "Exchange information"; "Filters"; "Rate limits".
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from venuetree.protocol.models import (
    AllowedOrders,
    Counted,
    Instrument,
    InstrumentStatus,
    Notional,
    OpenOrderLimit,
    OrderRule,
    OrderType,
    PositionLimit,
    PriceBand,
    Quantum,
    QuantumField,
)
from venuetree.protocol.numbers import decimal_from
from venuetree.protocol.port import LimitWindow, WindowKind
from venuetree.protocol.reading import text_of
from venuetree.protocol.timestamps import SECOND

__all__ = ["instruments_from", "limits_from", "window_name"]

_STATUSES: Final = {
    "TRADING": InstrumentStatus.TRADING,
    "CANCEL_ONLY": InstrumentStatus.CANCEL_ONLY,
}
_INTERVALS_NS: Final = {
    "SECOND": SECOND,
    "MINUTE": 60 * SECOND,
    "HOUR": 3600 * SECOND,
    "DAY": 86_400 * SECOND,
}
#: What a window is called here, by the exchange's name of its kind.
_KINDS: Final = {"REQUEST_WEIGHT": "weight", "ORDERS": "orders", "RAW_REQUESTS": "raw"}
_Filter = Mapping[str, Any]


# ---------------------------------------------------------------- limits


def window_name(kind: str, count: int, interval: str) -> str | None:
    """`weight_1m` for `REQUEST_WEIGHT`, 1, `MINUTE`; None for a limit that is not counted here."""
    known = _KINDS.get(kind)
    if known is None or interval not in _INTERVALS_NS:
        return None
    return f"{known}_{count}{interval[0].lower()}"


def limits_from(told: Iterable[Mapping[str, Any]]) -> tuple[LimitWindow, ...]:
    """The windows of `rateLimits`; raises any of `MALFORMED`.

    Kinds that are not known cannot be counted; a limit of nothing is no limit that could be kept.
    """
    windows: list[LimitWindow] = []
    for limit in told:
        count, capacity = _count(limit, "intervalNum"), _count(limit, "limit")
        name = window_name(text_of(limit["rateLimitType"]), count, text_of(limit["interval"]))
        if name is None or count < 1 or capacity < 1:
            continue
        period_ns = count * _INTERVALS_NS[limit["interval"]]
        windows.append(LimitWindow(name, capacity, period_ns, WindowKind.CALENDAR))
    return tuple(windows)


def _count(message: Mapping[str, Any], key: str) -> int:
    value = message[key]
    if type(value) is not int:
        text = f"{key} must be an integer, not {value!r:.40}"
        raise TypeError(text)
    return value


# ---------------------------------------------------------------- instruments


def instruments_from(
    symbols: Iterable[Mapping[str, Any]],
    left_out: Callable[[str, Exception], object],
    exchange_filters: Iterable[Mapping[str, Any]] = (),
) -> Iterator[Instrument]:
    """The instruments of `symbols`, with the rules that the exchange has for all of them.

    One that cannot be read is left out, and told to `left_out` with the reason: it could not be
    traded rightly, and must not hide the others.
    """
    shared = tuple(_read_filters(exchange_filters))
    for symbol in symbols:
        try:
            instrument = _instrument(symbol, shared)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            left_out(str(symbol)[:80], error)
            continue
        yield instrument


def _instrument(symbol: Mapping[str, Any], shared: tuple[OrderRule, ...]) -> Instrument:
    base, quote = text_of(symbol["baseAsset"]), text_of(symbol["quoteAsset"])
    return Instrument(
        name=f"{base}-{quote}",
        base=base,
        quote=quote,
        exchange_symbol=text_of(symbol["symbol"]),
        status=_status(symbol),
        rules=(*_allowed(symbol), *_rules(symbol), *shared),
        product_type="SPOT",
    )


def _status(symbol: Mapping[str, Any]) -> InstrumentStatus:
    """Only `TRADING` takes orders; whether spot orders are allowed is told apart from it."""
    if symbol.get("isSpotTradingAllowed") is False:
        return InstrumentStatus.HALTED
    return _STATUSES.get(text_of(symbol["status"]), InstrumentStatus.HALTED)


#: What an order of ours is called in `orderTypes`; a stop may go either way.
_ORDER_TYPES: Final = {
    "MARKET": OrderType.MARKET,
    "LIMIT": OrderType.LIMIT,
    "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT,
    "TAKE_PROFIT_LIMIT": OrderType.STOP_LIMIT,
}


def _allowed(symbol: Mapping[str, Any]) -> Iterator[OrderRule]:
    """What the symbol's own members say that it takes; what they do not say, it may."""
    words = symbol.get("orderTypes")
    if words is None:
        return
    known = {_ORDER_TYPES[word] for word in words if word in _ORDER_TYPES}
    yield AllowedOrders(
        "orderTypes",
        types=tuple(kind for kind in OrderType if kind in known),
        by_quote=symbol.get("quoteOrderQtyMarketAllowed") is not False,
        maker_only="LIMIT_MAKER" in words,
        oco=symbol.get("ocoAllowed") is not False,
        replace=symbol.get("cancelReplaceAllowed") is not False,
    )


def _rules(symbol: Mapping[str, Any]) -> Iterator[OrderRule]:
    yield from _read_filters(symbol["filters"])
    for name, field in (
        ("baseAssetPrecision", QuantumField.QUANTITY),
        ("quoteAssetPrecision", QuantumField.PRICE),
        ("quoteAssetPrecision", QuantumField.QUOTE_QUANTITY),
    ):
        digits = symbol.get(name)
        if type(digits) is int and digits >= 0:
            # After the filters, whose grids are coarser and are what one rounds to.
            yield Quantum(field, name, step=Decimal(1).scaleb(-digits))


def _read_filters(filters: Iterable[_Filter]) -> Iterator[OrderRule]:
    for told in filters:
        read = _FILTERS.get(told["filterType"])
        if read is not None:
            yield from read(told)


def _price_filter(told: _Filter) -> Iterator[OrderRule]:
    bounds = {
        "step": decimal_from(told["tickSize"]),
        "minimum": decimal_from(told["minPrice"]),
        "maximum": decimal_from(told["maxPrice"]),
    }
    for field in (QuantumField.PRICE, QuantumField.STOP_PRICE):
        yield Quantum(field, "PRICE_FILTER", **bounds)


def _lot(field: QuantumField) -> Callable[[_Filter], Iterator[OrderRule]]:
    def read(told: _Filter) -> Iterator[OrderRule]:
        yield Quantum(
            field,
            told["filterType"],
            step=decimal_from(told["stepSize"]),
            minimum=decimal_from(told["minQty"]),
            maximum=decimal_from(told["maxQty"]),
        )

    return read


def _min_notional(told: _Filter) -> Iterator[OrderRule]:
    yield Notional(
        "MIN_NOTIONAL",
        minimum=decimal_from(told["minNotional"]),
        minimum_for_market=_flag(told, "applyToMarket"),
    )


def _notional(told: _Filter) -> Iterator[OrderRule]:
    yield Notional(
        "NOTIONAL",
        minimum=decimal_from(told["minNotional"]),
        maximum=decimal_from(told["maxNotional"]),
        minimum_for_market=_flag(told, "applyMinToMarket"),
        maximum_for_market=_flag(told, "applyMaxToMarket"),
    )


def _flag(told: _Filter, key: str) -> bool:
    value = told[key]
    if type(value) is not bool:
        text = f"{key} must be true or false, not {value!r:.40}"
        raise TypeError(text)
    return value


def _percent_price(told: _Filter) -> Iterator[OrderRule]:
    down, up = decimal_from(told["multiplierDown"]), decimal_from(told["multiplierUp"])
    yield PriceBand("PERCENT_PRICE", _count(told, "avgPriceMins"), down, up, down, up)


def _percent_price_by_side(told: _Filter) -> Iterator[OrderRule]:
    yield PriceBand(
        "PERCENT_PRICE_BY_SIDE",
        _count(told, "avgPriceMins"),
        buy_minimum=decimal_from(told["bidMultiplierDown"]),
        buy_maximum=decimal_from(told["bidMultiplierUp"]),
        sell_minimum=decimal_from(told["askMultiplierDown"]),
        sell_maximum=decimal_from(told["askMultiplierUp"]),
    )


def _open_orders(
    key: str, counted: Counted, *, is_account_wide: bool = False
) -> Callable[[_Filter], Iterator[OrderRule]]:
    def read(told: _Filter) -> Iterator[OrderRule]:
        yield OpenOrderLimit(told["filterType"], _count(told, key), counted, is_account_wide)

    return read


def _max_position(told: _Filter) -> Iterator[OrderRule]:
    yield PositionLimit("MAX_POSITION", decimal_from(told["maxPosition"]))


_FILTERS: Final[Mapping[str, Callable[[_Filter], Iterator[OrderRule]]]] = {
    "PRICE_FILTER": _price_filter,
    "LOT_SIZE": _lot(QuantumField.QUANTITY),
    "MARKET_LOT_SIZE": _lot(QuantumField.MARKET_QUANTITY),
    "MIN_NOTIONAL": _min_notional,
    "NOTIONAL": _notional,
    "PERCENT_PRICE": _percent_price,
    "PERCENT_PRICE_BY_SIDE": _percent_price_by_side,
    "MAX_NUM_ORDERS": _open_orders("maxNumOrders", Counted.ALL),
    "MAX_NUM_ALGO_ORDERS": _open_orders("maxNumAlgoOrders", Counted.STOP),
    "MAX_NUM_ORDER_LISTS": _open_orders("maxNumOrderLists", Counted.LIST),
    "MAX_POSITION": _max_position,
    "EXCHANGE_MAX_NUM_ORDERS": _open_orders("maxNumOrders", Counted.ALL, is_account_wide=True),
    "EXCHANGE_MAX_NUM_ALGO_ORDERS": _open_orders(
        "maxNumAlgoOrders", Counted.STOP, is_account_wide=True
    ),
    "EXCHANGE_MAX_NUM_ORDER_LISTS": _open_orders(
        "maxNumOrderLists", Counted.LIST, is_account_wide=True
    ),
}
