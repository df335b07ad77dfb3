"""What a paper exchange refuses of a new order, whatever the account has."""

from typing import Final

from venuetree.protocol.book import BookView
from venuetree.protocol.errors import (
    ExchangeRefused,
    InsufficientLiquidity,
    MarketHalted,
    OrderRejected,
    PostOnlyWouldTake,
)
from venuetree.protocol.models import (
    Instrument,
    InstrumentStatus,
    Level,
    LiquidityPreference,
    OrderRequest,
    OrderStatus,
    OrderType,
)
from venuetree.protocol.paper.orders import PaperOrder
from venuetree.protocol.port import PaperTerms

__all__ = ["check_new", "check_status", "check_takes", "refused"]

_NOTHING_TAKEN: Final = frozenset({InstrumentStatus.CANCEL_ONLY, InstrumentStatus.HALTED})


def check_new(
    request: OrderRequest,
    instrument: Instrument,
    book: BookView | None,
    now_ns: int,
    exchange: str,
) -> None:
    """Return if an order can be matched now, or wait.

    Raises:
        MarketHalted: the instrument is not dealt in, or the order needs a book and there is none.
        OrderRejected: its time is over already.
    """
    check_status(request, instrument, exchange)
    if book is None and (_is_post_only(request) or not PaperOrder.may_wait_of(request)):
        raise MarketHalted(
            f"there is no book of {request.instrument} in step to match the order against",
            exchange=exchange,
            operation="place",
            code="NO_BOOK",
        )
    until_ns = request.expire_time_ns
    if until_ns is not None and until_ns <= now_ns:
        raise OrderRejected(
            "its time is over already", exchange=exchange, operation="place", code="EXPIRED"
        )


def check_status(request: OrderRequest, instrument: Instrument, exchange: str) -> None:
    """Return if the instrument takes such orders now, else `MarketHalted`."""
    status = instrument.status
    is_market = request.type is OrderType.MARKET
    if (
        status in _NOTHING_TAKEN
        or (status is InstrumentStatus.LIMIT_ONLY and is_market)
        or (status is InstrumentStatus.POST_ONLY and not _is_post_only(request))
    ):
        raise MarketHalted(
            f"{instrument.name} is {status.value}",
            exchange=exchange,
            operation="place",
            code=status.value.upper(),
        )


def check_takes(
    order: PaperOrder,
    takes: tuple[Level, ...],
    book: BookView | None,
    terms: PaperTerms,
    exchange: str,
) -> None:
    """Return unless the order may not trade at once and would, or must and cannot.

    Raises:
        PostOnlyWouldTake: the first.
        InsufficientLiquidity: the second, where the exchange refuses such orders.
    """
    if takes and _is_post_only(order.request):
        raise PostOnlyWouldTake(
            f"the book shows {takes[0].price} on the other side",
            exchange=exchange,
            operation="place",
            code="POST_ONLY_WOULD_TAKE",
        )
    is_refused = terms.nothing_becomes is OrderStatus.REJECTED
    if book is not None and not takes and not order.may_wait and is_refused:
        raise InsufficientLiquidity(
            "the book does not show enough to execute the order",
            exchange=exchange,
            operation="place",
            code="INSUFFICIENT_LIQUIDITY",
        )


def refused(message: str, exchange: str, operation: str, code: str) -> ExchangeRefused:
    """A refusal that is of no narrower kind."""
    return ExchangeRefused(message, exchange=exchange, operation=operation, code=code)


def _is_post_only(request: OrderRequest) -> bool:
    return request.liquidity is LiquidityPreference.MAKER_ONLY
