"""The conversation about executions."""

from decimal import Decimal
from typing import Final

from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.exchanges.coinbase import wire
from venuetree.protocol.exchanges.coinbase.asking import ask, next_cursor
from venuetree.protocol.exchanges.coinbase.order_flows import exchange_id, read_as, symbol_of
from venuetree.protocol.exchanges.coinbase.reading import NAME
from venuetree.protocol.exchanges.coinbase.reports import SIDES
from venuetree.protocol.exchanges.coinbase.requests import get
from venuetree.protocol.models import Fill, Liquidity, OrderKey, QuantumField
from venuetree.protocol.numbers import divide
from venuetree.protocol.port import FlowContext, Lane, RestFlow
from venuetree.protocol.timestamps import from_rfc3339, to_rfc3339

__all__ = ["fills"]

_PAGE: Final = 250
_LIQUIDITY: Final = {"MAKER": Liquidity.MAKER, "TAKER": Liquidity.TAKER}
#: The grid of a base quantity reckoned from a quote amount, where the instrument is not known:
#: finer than any lot of the exchange.
_FINEST: Final = Decimal("0.000000000000000001")


def fills(
    context: FlowContext,
    *,
    key: OrderKey | None = None,
    instrument: str = "",
    start_time_ns: int | None = None,
    limit: int | None = None,
    lane: Lane = Lane.DATA,
) -> RestFlow[tuple[Fill, ...]]:
    """Executions, newest first; there is no `has_next`, the pages end with an empty cursor."""
    order_id = ""
    if key is not None:
        order_id = yield from exchange_id(key, context, lane)
    client_order_id = key.client_order_id if key is not None else ""
    pairs: list[tuple[str, str | int | None]] = [
        ("order_ids", order_id),
        ("product_ids", symbol_of(instrument, context) if instrument and not order_id else None),
        (
            "start_sequence_timestamp",
            None if start_time_ns is None else to_rfc3339(start_time_ns),
        ),
        ("limit", _PAGE if limit is None else max(1, min(limit, _PAGE))),
    ]
    found: list[Fill] = []
    cursor, seen = "", set[str]()
    while True:
        request = get("fills", "/orders/historical/fills", [*pairs, ("cursor", cursor)], lane=lane)
        page, _ = yield from ask(request, wire.FillPage)
        # Reversals and corrections are the exchange's own bookkeeping on fills told before;
        # the order's cumulative figures carry them.
        found.extend(
            _fill(fill, client_order_id, context)
            for fill in page.fills
            if fill.trade_type in {"FILL", "SYNTHETIC"}
        )
        if limit is not None and len(found) >= limit:
            return tuple(found[:limit])
        following = next_cursor(page.cursor, seen, "fills")
        if following is None:
            return tuple(found)
        cursor = following


def _fill(fill: wire.WireFill, client_order_id: str, context: FlowContext) -> Fill:
    side = SIDES.get(fill.side)
    if side is None:
        message = f"the exchange told a fill of an unknown side {fill.side!r}"
        raise RemoteProtocolError(message, exchange=NAME, operation="fills", code=fill.side)
    known = context.instruments.get(fill.product_id)
    quantity = fill.size
    if fill.size_in_quote:
        quantum = None if known is None else known.quantum(QuantumField.QUANTITY)
        step = _FINEST if quantum is None or not quantum.step else quantum.step
        quantity = read_as("fills", fill.entry_id, lambda: divide(fill.size, fill.price, step))
    time_ns = read_as("fills", fill.trade_time, lambda: from_rfc3339(fill.trade_time))
    return Fill(
        exchange=NAME,
        instrument=fill.product_id,
        # `trade_id` is unique among fills proper only, `entry_id` always.
        fill_id=fill.entry_id,
        exchange_order_id=fill.order_id,
        side=side,
        price=fill.price,
        quantity=quantity,
        fee=fill.commission if fill.commission is not None else Decimal(0),
        fee_currency=known.quote if known is not None else _quote_of(fill.product_id),
        liquidity=_LIQUIDITY.get(fill.liquidity_indicator, Liquidity.UNKNOWN),
        exchange_time_ns=time_ns,
        client_order_id=client_order_id,
        trade_id=fill.trade_id,
    )


def _quote_of(product_id: str) -> str:
    """The currency of a spot product's fees; `""` for a name of more than two parts."""
    base, _, quote = product_id.partition("-")
    return quote if base and "-" not in quote else ""
