"""Conversations about executions: they are entries of the account's log.

Followed: "Transaction Endpoints"; "Transaction Definitions" (OrderFillTransaction).
"""

from typing import Final

from attrs import evolve

from venuetree.protocol.errors import ExchangeRefused
from venuetree.protocol.exchanges.oanda.fates import has_ended, of_order, type_of
from venuetree.protocol.exchanges.oanda.log_flows import (
    WEEK_NS,
    Entries,
    Entry,
    legible,
    log_after,
    log_since,
)
from venuetree.protocol.exchanges.oanda.order_flows import not_found, order
from venuetree.protocol.exchanges.oanda.reading import number, symbol_of
from venuetree.protocol.exchanges.oanda.transaction_reports import fill_of
from venuetree.protocol.models import Fill, OrderKey
from venuetree.protocol.port import FlowContext, Lane, RestFlow

__all__ = ["fills"]

_KIND: Final = "ORDER_FILL"


def fills(
    context: FlowContext,
    *,
    key: OrderKey | None = None,
    instrument: str = "",
    start_time_ns: int | None = None,
    limit: int | None = None,
) -> RestFlow[tuple[Fill, ...]]:
    """Executions of an order; or of an instrument, or all, since a time; newest first.

    Without an order and a time they are those of the last 7 days.

    Raises:
        OrderNotFound: there is no such order.
    """
    if key is None:
        asked = _since(instrument, context, start_time_ns, limit)
    else:
        asked = _of_order(key, context, start_time_ns, limit)
    return legible("fills", asked)


def _of_order(
    key: OrderKey, context: FlowContext, start_time_ns: int | None, limit: int | None
) -> RestFlow[tuple[Fill, ...]]:
    name = key.exchange_order_id
    if not name:
        name = (yield from order(key, context)).exchange_order_id
    if not name.isascii() or not name.isdigit():
        raise not_found(f"{name!r} is no number of an order", "fills")
    try:
        entries = yield from log_after(
            str(number(name)),
            lane=Lane.DATA,
            operation="fills",
            is_enough=lambda told: has_ended(told, name),
        )
    except ExchangeRefused as error:
        if type(error) is not ExchangeRefused:
            raise
        raise not_found(f"the log has no position {name}", "fills") from error
    found = [fill_of(entry) for entry in of_order(entries, name) if type_of(entry) == _KIND]
    start_ns = 0 if start_time_ns is None else start_time_ns + context.clock_offset_ns
    return tuple(
        evolve(fill, client_order_id=fill.client_order_id or key.client_order_id)
        for fill in reversed(found)
        if fill.exchange_time_ns >= start_ns
    )[:limit]


def _since(
    instrument: str, context: FlowContext, start_time_ns: int | None, limit: int | None
) -> RestFlow[tuple[Fill, ...]]:
    symbol = symbol_of(instrument, context) if instrument else ""

    def wanted(entries: Entries) -> list[Entry]:
        return [
            entry
            for entry in entries
            if type_of(entry) == _KIND and symbol in {"", entry.get("instrument")}
        ]

    entries = yield from log_since(
        context.now_ns - WEEK_NS if start_time_ns is None else start_time_ns,
        context,
        lane=Lane.DATA,
        operation="fills",
        is_enough=lambda told: limit is not None and len(wanted(told)) >= limit,
        kind=_KIND,
    )
    return tuple(fill_of(entry) for entry in reversed(wanted(entries)))[:limit]
