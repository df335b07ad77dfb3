"""Conversations about executions.

Followed: "Account trade list".
"""

from collections.abc import Callable

from venuetree.protocol.errors import NotSupported
from venuetree.protocol.exchanges.binance_us.asking import ask_list
from venuetree.protocol.exchanges.binance_us.order_flows import queried, symbols_of
from venuetree.protocol.exchanges.binance_us.paging import MOST_ROWS, PageParameters, Pages
from venuetree.protocol.exchanges.binance_us.reading import MILLISECOND, NAME
from venuetree.protocol.exchanges.binance_us.reports import fill_from_trade
from venuetree.protocol.exchanges.binance_us.requests import signed_get, symbol_of
from venuetree.protocol.models import Fill, OrderKey
from venuetree.protocol.port import FlowContext, Lane, RestFlow
from venuetree.protocol.timestamps import SECOND

__all__ = ["fills", "fills_since"]


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

    def page(pairs: PageParameters) -> RestFlow[tuple[Fill, ...]]:
        return _page(
            key.instrument,
            context,
            (("orderId", number), *pairs),
            Lane.DATA,
            client_order_id=key.client_order_id,
        )

    found = yield from _pages(page).numbered(None)
    return tuple({fill.fill_id: fill for fill in found}.values())


def fills_since(
    instrument: str, context: FlowContext, *, start_time_ns: int, lane: Lane = Lane.DATA
) -> RestFlow[tuple[Fill, ...]]:
    """Every execution of an instrument since a time of our clock, oldest first."""
    start_ms = (start_time_ns + context.clock_offset_ns) // MILLISECOND
    end_ms = (context.now_ns + context.clock_offset_ns + 60 * SECOND) // MILLISECOND
    pages = _pages(lambda pairs: _page(instrument, context, pairs, lane))
    return pages.since(start_ms, end_ms)


def _pages(page: Callable[[PageParameters], RestFlow[tuple[Fill, ...]]]) -> Pages[Fill]:
    return Pages(page, "fromId", lambda fill: int(fill.fill_id), lambda fill: fill.exchange_time_ns)


def _page(
    instrument: str,
    context: FlowContext,
    pairs: PageParameters,
    lane: Lane,
    *,
    client_order_id: str = "",
) -> RestFlow[tuple[Fill, ...]]:
    symbols = symbols_of(context, instrument)
    request = signed_get(
        "fills",
        "/myTrades",
        (("symbol", symbol_of(instrument, context)), *pairs, ("limit", MOST_ROWS)),
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
