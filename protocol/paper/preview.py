"""What an order on paper would cost, without placing it."""

from decimal import Context, Decimal
from typing import Final

from venuetree.protocol.book import BookView
from venuetree.protocol.errors import ExchangeRefused
from venuetree.protocol.models import Instrument, OrderPreview, OrderRequest, Side
from venuetree.protocol.numbers import add, multiply, subtract
from venuetree.protocol.paper.exchange import PaperExchange
from venuetree.protocol.paper.orders import PaperOrder, market_of
from venuetree.protocol.paper.rules import check_new, check_takes

__all__ = ["preview"]

_AVERAGE: Final = Context(prec=28)
_ZERO: Final = Decimal(0)


def preview(
    paper: PaperExchange,
    request: OrderRequest,
    instrument: Instrument,
    book: BookView | None,
    now_ns: int,
) -> OrderPreview:
    """What the order would take of the book now, and why it would be refused if it would.

    Of an account at a spot exchange: what an order on margin costs is another question.
    """
    order = PaperOrder(request, market_of(instrument), paper.rates, "", 0, now_ns, now_ns)
    takes, _ = paper.plan(order, book)
    account = paper.state.account
    problems: tuple[str, ...] = ()
    try:
        check_new(request, instrument, book, now_ns, paper.name)
        check_takes(order, takes, book, paper.terms, paper.name)
        account.check(order, takes, paper.state.open.values(), paper.terms)
    except ExchangeRefused as error:
        problems = (error.code,)
    quantity, value, fee = _ZERO, _ZERO, _ZERO
    for take in takes:
        quantity = add(quantity, take.quantity)
        value = add(value, multiply(take.price, take.quantity))
        amount, currency = account.fee(order, take, order.next_liquidity, paper.terms)
        is_in_base = currency == order.market.base
        fee = add(fee, multiply(amount, take.price) if is_in_base else amount)
    if not takes:
        return OrderPreview(paper.name, request.instrument, None, None, None, None, problems, ())
    average, best = _AVERAGE.divide(value, quantity), takes[0].price
    return OrderPreview(
        exchange=paper.name,
        instrument=request.instrument,
        total=add(value, fee) if request.side is Side.BUY else subtract(value, fee),
        fee=fee,
        average_price=average,
        slippage=_AVERAGE.divide(subtract(average, best).copy_abs(), best),
        problems=problems,
        warnings=(),
    )
