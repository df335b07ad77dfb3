"""Who sees what a paper account really holds: the market is the exchange's, the orders are not."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from venuetree import Fill, OrderStatus, Side
from venuetree.protocol.paper import PaperExchange
from venuetree.protocol.paper.orders import PaperOrder
from venuetree.protocol.port import AccountKind
from venuetree.scenarios.operators import Held, HeldAccount, HeldFill, HeldOrder
from venuetree.scenarios.world import World

__all__ = ["PaperOperator"]

_ZERO = Decimal(0)


class PaperOperator:
    """An `Operator` of whom the market is the simulated exchange's, and the account on paper.

    Money is reckoned anew here, from what the account began with and its executions: the account's
    own figures must come to the same.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def __getattr__(self, name: str) -> Any:
        """All that concerns the market is the exchange's."""
        return getattr(self._world.operator, name)

    @property
    def _paper(self) -> PaperExchange:
        plan = self._world.engine._trees[self._world.name].wiring.paper
        if plan is None:
            raise RuntimeError("the engine does not trade on paper")
        return plan.exchange

    def orders(self, client_order_id: str) -> tuple[HeldOrder, ...]:
        """Every order that was ever created under this client order id."""
        state = self._paper.state
        return tuple(
            HeldOrder(client_order_id, order.order_id, _held(order), self._fills(order))
            for order in state.orders()
            if order.request.client_order_id == client_order_id
        )

    def account(self) -> HeldAccount:
        """What there must be after these executions."""
        paper = self._paper
        fills = paper.state.fills
        if paper.terms.account is AccountKind.MARGIN:
            return _on_margin(dict(paper.terms.balances), fills)
        hold = {each.currency: each.hold for each in paper.balances()}
        return _on_spot(dict(paper.terms.balances), fills, hold)

    def trade_against(self, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Let the book show so much at the order's price: nobody else knows of the order."""
        theirs = Side.SELL if side is Side.BUY else Side.BUY
        self._world.operator.offer(theirs, price, quantity)

    def _fills(self, order: PaperOrder) -> tuple[HeldFill, ...]:
        return tuple(
            HeldFill(fill.price, fill.quantity, fill.fee)
            for fill in self._paper.state.fills
            if fill.exchange_order_id == order.order_id
        )


def _held(order: PaperOrder) -> Held:
    if order.is_open:
        return Held.OPEN
    return Held.FILLED if order.status is OrderStatus.FILLED else Held.CANCELLED


def _on_spot(
    total: dict[str, Decimal], fills: Iterable[Fill], hold: Mapping[str, Decimal]
) -> HeldAccount:
    """Currencies change hands at each execution, and its fee is taken."""
    for fill in fills:
        base, quote = fill.instrument.split("-")
        bought = fill.quantity if fill.side is Side.BUY else -fill.quantity
        total[base] = total.get(base, _ZERO) + bought
        total[quote] = total.get(quote, _ZERO) - bought * fill.price
        total[fill.fee_currency] -= fill.fee
    held = {name: hold.get(name, _ZERO) for name in total}
    return HeldAccount(
        {name: (total[name] - held[name], held[name]) for name in total if total[name]}, {}
    )


def _on_margin(balances: dict[str, Decimal], fills: Iterable[Fill]) -> HeldAccount:
    """Cash changes when a position is reduced, by what that brings; a position is a net one."""
    ((currency, cash),) = balances.items()
    held: dict[str, Decimal] = {}
    cost: dict[str, Decimal] = {}
    for fill in fills:
        name = fill.instrument
        bought = fill.quantity if fill.side is Side.BUY else -fill.quantity
        before = held.get(name, _ZERO)
        held[name] = before + bought
        if before * bought >= 0:
            cost[name] = cost.get(name, _ZERO) + bought * fill.price
            continue
        closed = min(abs(bought), abs(before)) * (1 if before > 0 else -1)
        average = cost[name] / before
        cash += closed * (fill.price - average)
        cost[name] -= closed * average
        if abs(bought) > abs(before):
            cost[name] = held[name] * fill.price
    positions = {name: quantity for name, quantity in held.items() if quantity}
    return HeldAccount({currency: (cash, _ZERO)}, positions)
