"""What a paper account answers at once: questions about its orders, executions and money."""

from collections.abc import Collection, Iterable
from typing import Any, TypeVar

from venuetree.protocol import commands
from venuetree.protocol.commands import Absent, Found, Resolution, Rest, Undecided
from venuetree.protocol.errors import NotSupported
from venuetree.protocol.messages import Request
from venuetree.protocol.models import Fill, KeyPermissions, OrderReport, ReportSource
from venuetree.protocol.paper import PaperExchange, PaperOrder
from venuetree.protocol.paper.closing import margin_account

__all__ = ["answer_at_once"]

T = TypeVar("T")


def answer_at_once(
    paper: PaperExchange,
    command: Request[Rest, Any],
    now_ns: int,
    *,
    in_flight: Collection[str],
) -> object:
    """The answer.

    Args:
        paper: the exchange.
        command: the question.
        now_ns: its clock.
        in_flight: the client order ids of orders that have not arrived yet.

    Raises:
        NotSupported: a paper account answers no such thing.
        OrderNotFound: it has no such order.
    """

    def reports(orders: Iterable[PaperOrder]) -> tuple[OrderReport, ...]:
        return tuple(paper.report(order, ReportSource.QUERY, now_ns) for order in orders)

    match command:
        case commands.FetchOrder(key):
            return paper.report(paper.order(key), ReportSource.QUERY, now_ns)
        case commands.FetchOpenOrders(instrument):
            return reports(paper.open_orders(instrument))
        case commands.FetchOrders():
            return reports(_orders(paper, command))
        case commands.FetchFills():
            return _fills(paper, command)
        case commands.ResolveOrder():
            return _resolve(paper, command, now_ns, in_flight)
        case _:
            return _of_account(paper, command, now_ns)


def _of_account(paper: PaperExchange, command: Request[Rest, Any], now_ns: int) -> object:
    match command:
        case commands.FetchBalances():
            return paper.balances()
        case commands.FetchFees():
            return paper.fees()
        case commands.FetchKeyPermissions():
            return KeyPermissions(
                can_view=True, can_trade=True, can_transfer=False, detail="a paper account"
            )
        case commands.FetchPositions(instrument):
            account = margin_account(paper, "positions")
            return account.list_positions(paper.name, instrument)
        case commands.FetchAccountSummary():
            account = margin_account(paper, "an account on margin")
            return account.summary(paper.name, len(paper.open_orders()), paper.terms, now_ns)
        case _:
            raise NotSupported(
                f"paper trading does not have the request {type(command).__name__}",
                exchange=paper.name,
                operation=type(command).__name__,
            )


def _orders(paper: PaperExchange, asked: commands.FetchOrders) -> Iterable[PaperOrder]:
    start_ns, end_ns = asked.start_time_ns, asked.end_time_ns
    found = (
        order
        for order in reversed(paper.state.orders())
        if asked.instrument in {"", order.instrument}
        and (start_ns is None or order.created_time_ns >= start_ns)
        and (end_ns is None or order.created_time_ns < end_ns)
    )
    return _first(found, asked.limit)


def _fills(paper: PaperExchange, asked: commands.FetchFills) -> tuple[Fill, ...]:
    order_id = None if asked.key is None else paper.order(asked.key).order_id
    start_ns = asked.start_time_ns
    found = (
        fill
        for fill in reversed(paper.state.fills)
        if asked.instrument in {"", fill.instrument}
        and order_id in {None, fill.exchange_order_id}
        and (start_ns is None or fill.exchange_time_ns >= start_ns)
    )
    return _first(found, asked.limit)


def _resolve(
    paper: PaperExchange, asked: commands.ResolveOrder, now_ns: int, in_flight: Collection[str]
) -> Resolution:
    """What became of an order: nothing that was sent arrives after its task has ended."""
    client_order_id = asked.order.client_order_id
    if client_order_id in in_flight:
        return Undecided("it is on its way to the paper exchange")
    order = paper.state.with_client_id(client_order_id)
    if order is None or order.order_id in asked.known_order_ids:
        return Absent("it never arrived at the paper exchange")
    if not order.is_of(asked.order):
        return Absent(f"its id is that of another order, {order.order_id}")
    return Found(paper.report(order, ReportSource.QUERY, now_ns))


def _first(found: Iterable[T], limit: int | None) -> tuple[T, ...]:
    return tuple(found)[:limit]
