"""Conversations about executions.

Followed: "Account trade list".
"""

from typing import Final

from venuetree.protocol.errors import NotSupported
from venuetree.protocol.exchanges.binance_us.asking import ask_list
from venuetree.protocol.exchanges.binance_us.order_flows import queried, symbols_of
from venuetree.protocol.exchanges.binance_us.reading import MILLISECOND, NAME
from venuetree.protocol.exchanges.binance_us.reports import fill_from_trade
from venuetree.protocol.exchanges.binance_us.requests import signed_get, symbol_of
from venuetree.protocol.models import Fill, OrderKey
from venuetree.protocol.port import FlowContext, Lane, RestFlow
from venuetree.protocol.timestamps import SECOND

__all__ = ["fills", "fills_since"]

_MOST_ROWS: Final = 1000
#: The longest span of a request by time.
_SPAN_MS: Final = 24 * 3600 * 1000
#: Ours: a longer time would take more requests day by day than there are pages of executions.
_LONGEST_BY_TIME_MS: Final = 30 * _SPAN_MS


def fills(
    context: FlowContext,
    *,
    key: OrderKey | None = None,
    instrument: str = "",
    start_time_ns: int | None = None,
    limit: int | None = None,
) -> RestFlow[tuple[Fill, ...]]:
    """Executions of an order, or of an instrument (the latest, or since a time); newest first.

    Raises:
        NotSupported: neither an order's instrument nor an instrument is named.
    """
    name = key.instrument if key is not None else instrument
    if not name:
        message = "the exchange lists executions of one instrument at a time: name it"
        raise NotSupported(message, exchange=NAME, operation="fills")
    return _fills(context, key, name, start_time_ns, limit)


def _fills(
    context: FlowContext,
    key: OrderKey | None,
    instrument: str,
    start_time_ns: int | None,
    limit: int | None,
) -> RestFlow[tuple[Fill, ...]]:
    found: tuple[Fill, ...]
    if key is not None:
        found = yield from _of_order(context, key)
    elif start_time_ns is not None:
        found = yield from fills_since(instrument, context, start_time_ns=start_time_ns)
    else:
        found = yield from _page(instrument, context, (), Lane.DATA)
    return found[::-1][:limit]


def _of_order(context: FlowContext, key: OrderKey) -> RestFlow[tuple[Fill, ...]]:
    number = key.exchange_order_id
    if not number:
        report = yield from queried(key, context, lane=Lane.DATA, operation="fills.order")
        number = report.exchange_order_id
    found: dict[str, Fill] = {}
    pairs: tuple[tuple[str, str | int], ...] = (("orderId", number),)
    while True:
        page = yield from _page(
            key.instrument, context, pairs, Lane.DATA, client_order_id=key.client_order_id
        )
        found.update((fill.fill_id, fill) for fill in page)
        if len(page) < _MOST_ROWS:
            return tuple(found.values())
        pairs = (("orderId", number), ("fromId", int(page[-1].fill_id) + 1))


def fills_since(
    instrument: str, context: FlowContext, *, start_time_ns: int, lane: Lane = Lane.DATA
) -> RestFlow[tuple[Fill, ...]]:
    """Every execution of an instrument since a time, oldest first.

    Day by day, since a request spans no more; by number where a day has too many for that or the
    time has too many days.
    """
    start_ms = (start_time_ns + context.clock_offset_ns) // MILLISECOND
    end_ms = (context.now_ns + context.clock_offset_ns + 60 * SECOND) // MILLISECOND
    if end_ms - start_ms > _LONGEST_BY_TIME_MS:
        every = yield from _numbered(instrument, context, 1, lane)
        return tuple(fill for fill in every if fill.exchange_time_ns >= start_ms * MILLISECOND)
    found: dict[str, Fill] = {}
    while start_ms < end_ms:
        until_ms = min(start_ms + _SPAN_MS, end_ms) - 1
        pairs: tuple[tuple[str, str | int], ...] = (("startTime", start_ms), ("endTime", until_ms))
        page = yield from _page(instrument, context, pairs, lane)
        found.update((fill.fill_id, fill) for fill in page)
        if len(page) == _MOST_ROWS:
            after = int(page[-1].fill_id) + 1
            page = yield from _numbered(instrument, context, after, lane)
            found.update((fill.fill_id, fill) for fill in page)
            break
        start_ms = until_ms + 1
    return tuple(found.values())


def _numbered(
    instrument: str, context: FlowContext, first: int, lane: Lane
) -> RestFlow[tuple[Fill, ...]]:
    """Every execution with this number or a later one: there is no end but the last of all."""
    found: list[Fill] = []
    while True:
        page = yield from _page(instrument, context, (("fromId", first),), lane)
        found += page
        if len(page) < _MOST_ROWS:
            return tuple(found)
        first = int(page[-1].fill_id) + 1


def _page(
    instrument: str,
    context: FlowContext,
    pairs: tuple[tuple[str, str | int], ...],
    lane: Lane,
    *,
    client_order_id: str = "",
) -> RestFlow[tuple[Fill, ...]]:
    symbols = symbols_of(context, instrument)
    request = signed_get(
        "fills",
        "/myTrades",
        (("symbol", symbol_of(instrument, context)), *pairs, ("limit", _MOST_ROWS)),
        # 10 or 5 with an order's number, by one or the other document.
        weight=10 if pairs and pairs[0][0] == "orderId" else 20,
        lane=lane,
    )
    return (
        yield from ask_list(
            request,
            lambda told, _: fill_from_trade(told, symbols, client_order_id=client_order_id),
        )
    )
