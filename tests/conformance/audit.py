"""Both ends compared: what the engine believes, what it told, and what the exchange holds."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from venuetree import FillReceived, NotSupported, Order, OrderStatus, OrderUpdated
from venuetree.scenarios.operators import Held, HeldFill

if TYPE_CHECKING:
    from tests.conformance.stage import Desk

__all__ = ["audit"]

_AGREES = {
    Held.OPEN: {OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED},
    Held.FILLED: {OrderStatus.FILLED},
    Held.CANCELLED: {OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REJECTED},
}


async def audit(desk: Desk) -> None:
    """Go on if the engine and the exchange agree about every order, fill and amount.

    Raises:
        BrokenPromise: they do not, or something was told twice, or in the wrong order.
    """
    orders = await desk.exchange.known_orders()
    await _agree(desk, orders)
    told = desk.account.of(OrderUpdated)
    for order in await desk.exchange.known_orders():
        _told_in_order(desk, [event.order for event in told if _is(event.order, order)])
    for event in told:
        is_known = any(_is(event.order, order) for order in orders)
        desk.expect(is_known, f"{event.order.client_order_id} was told, and the engine forgot it")
    await _money_agrees(desk)


def _is(one: Order, other: Order) -> bool:
    """Whether they are the same order; before the exchange has named it, ours is its only name."""
    numbers = {one.exchange_order_id, other.exchange_order_id} - {""}
    return one.client_order_id == other.client_order_id and len(numbers) < 2


async def _agree(desk: Desk, orders: tuple[Order, ...]) -> None:
    for order in orders:
        name = order.client_order_id
        held = desk.far.orders(name)
        wanted = desk.created.get(name, 0 if order.status is OrderStatus.REJECTED else 1)
        desk.expect(len(held) == wanted, f"the exchange created {len(held)} orders {name}")
        if len(held) != 1:
            continue
        await desk.patient(
            lambda name=name: _fills_told(desk, name) == _fills_held(desk, name),  # type: ignore[misc]
            f"of {name} the fills {_fills_told(desk, name)} were told, and there were "
            f"{_fills_held(desk, name)}",
        )
        (there,) = desk.far.orders(name)
        (known,) = [each for each in await desk.exchange.known_orders() if _is(each, order)]
        agreed = known.status in _AGREES[there.status]
        desk.expect(agreed, f"{name} is {known.status.value} here, {there.status.value} there")
        desk.expect(known.filled_quantity == there.filled, f"{name}: {known} against {there}")
        is_same = known.exchange_order_id == there.exchange_order_id
        # Of one that was refused its number is nobody's concern.
        is_same = is_same or known.status is OrderStatus.REJECTED
        desk.expect(is_same, f"{name} is number {known.exchange_order_id}, {there}")
        is_open = any(_is(each, order) for each in await desk.exchange.open_orders())
        desk.expect(is_open is not known.status.is_final, f"{name} is open: {is_open}")


def _fills_told(desk: Desk, name: str) -> Counter[HeldFill]:
    fills = [e.fill for e in desk.account.of(FillReceived) if e.fill.client_order_id == name]
    return Counter(HeldFill(fill.price, fill.quantity, fill.fee) for fill in fills)


def _fills_held(desk: Desk, name: str) -> Counter[HeldFill]:
    return Counter(fill for order in desk.far.orders(name) for fill in order.fills)


def _told_in_order(desk: Desk, told: list[Order]) -> None:
    """Each change once, nothing after the end, never fewer fills than before."""
    for before, after in pairwise(told):
        name = after.client_order_id
        desk.expect(before != after, f"{name} was told twice as {after.status.value}")
        desk.expect(
            not before.status.is_final or after.status is before.status,
            f"{name} ended as {before}, then was {after}",
        )
        desk.expect(after.filled_quantity >= before.filled_quantity, f"{name} lost fills: {after}")


async def _money_agrees(desk: Desk) -> None:
    """To the last digit."""
    ids = [event.fill.fill_id for event in desk.account.of(FillReceived)]
    desk.expect(len(ids) == len(set(ids)), f"fills were told twice: {ids}")
    there = desk.far.account()
    balances = await desk.exchange.balances()
    ours = {b.currency: (b.available, b.hold) for b in balances if b.total or b.hold}
    desk.expect(ours == dict(there.balances), f"balances are {ours}, and truly {there.balances}")
    try:
        positions = await desk.exchange.positions()
    except NotSupported:
        desk.expect(not there.positions, f"there are positions: {there.positions}")
        return
    held = {position.instrument: position.quantity for position in positions}
    desk.expect(held == dict(there.positions), f"positions are {held}, truly {there.positions}")
