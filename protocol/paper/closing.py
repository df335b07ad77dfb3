"""Closing what a paper account on margin holds."""

from decimal import Decimal

from attrs import evolve

from venuetree.protocol.book import BookView
from venuetree.protocol.errors import NotSupported, OrderRejected, PositionNotFound
from venuetree.protocol.models import Instrument, OrderReport, OrderRequest, Side
from venuetree.protocol.numbers import decimal_text
from venuetree.protocol.paper.exchange import PaperExchange
from venuetree.protocol.paper.margin import MarginAccount

__all__ = ["close_position", "margin_account"]


def margin_account(paper: PaperExchange, what: str) -> MarginAccount:
    """The account, if it is one on margin; `NotSupported` if not."""
    account = paper.state.account
    if not isinstance(account, MarginAccount):
        raise NotSupported(
            f"a paper account of this exchange does not have {what}",
            exchange=paper.name,
            operation=what,
        )
    return account


def close_position(
    paper: PaperExchange,
    orders: tuple[OrderRequest, ...],
    instrument: Instrument,
    book: BookView | None,
    now_ns: int,
) -> tuple[OrderReport, ...]:
    """Close a position, which is in one direction here: by one order.

    Raises:
        PositionNotFound: a direction is to be closed that is not open; nothing is closed then.
        OrderRejected: more is to be closed than is open, or as of `PaperExchange.place`.
    """
    held = margin_account(paper, "positions").positions.get(instrument.name)
    units = held.quantity if held is not None else Decimal(0)
    requests: list[OrderRequest] = []
    for order in orders:
        if not (units > 0 if order.side is Side.SELL else units < 0):
            raise PositionNotFound(
                f"nothing of {instrument.name} is held that a {order.side.value} would close",
                exchange=paper.name,
                operation="close_position",
                code="NO_POSITION",
            )
        size = units.copy_abs()
        closing = order.margin.closing if order.margin is not None else None
        is_whole = closing is not None and closing.is_whole
        if not is_whole and order.quantity is not None and order.quantity > size:
            raise OrderRejected(
                f"only {decimal_text(size)} of {instrument.name} is held",
                exchange=paper.name,
                operation="close_position",
                code="MORE_THAN_HELD",
            )
        requests.append(evolve(order, quantity=size) if is_whole else order)
    return tuple(paper.place(request, instrument, book, now_ns) for request in requests)
