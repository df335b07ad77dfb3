"""Everything that a paper exchange remembers, so that it outlives whoever works on it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import assert_never

from attrs import define, field

from venuetree.protocol.models import Fill, OrderKey
from venuetree.protocol.paper.account import Account
from venuetree.protocol.paper.depth import Depth
from venuetree.protocol.paper.margin import MarginAccount
from venuetree.protocol.paper.orders import PaperOrder
from venuetree.protocol.paper.spot import SpotAccount
from venuetree.protocol.port import AccountKind

__all__ = ["PaperState"]

#: Final orders that are kept, with their fills; the oldest are forgotten. An account in a file is
#: written down whole at every change: this many are about two megabytes.
KEEP_FINAL = 2_000


@define
class PaperState:
    """Orders, executions, money, and what was taken of the books.

    Attributes:
        open: by the exchange's order id, oldest first.
        ended: likewise, in the order in which they ended.
        fills: oldest first.
        numbers: how many orders, and edits of them, there have been.
    """

    account: Account
    open: dict[str, PaperOrder] = field(factory=dict)
    ended: dict[str, PaperOrder] = field(factory=dict)
    fills: list[Fill] = field(factory=list)
    depth: Depth = field(factory=Depth)
    numbers: int = 0

    @classmethod
    def with_balances(
        cls, balances: Mapping[str, Decimal], kind: AccountKind = AccountKind.SPOT
    ) -> "PaperState":
        """A new account that holds this; on margin, exactly one currency."""
        match kind:
            case AccountKind.SPOT:
                return cls(SpotAccount(dict(balances)))
            case AccountKind.MARGIN:
                ((currency, amount),) = balances.items()
                return cls(MarginAccount(currency, amount))
            case _:
                assert_never(kind)

    def copy(self) -> "PaperState":
        """The same, apart from this one: its parts are values."""
        return PaperState(
            self.account.copy(),
            dict(self.open),
            dict(self.ended),
            list(self.fills),
            self.depth.copy(),
            self.numbers,
        )

    def put(self, order: PaperOrder) -> None:
        """Remember an order as it is now."""
        if order.is_open:
            self.open[order.order_id] = order
            return
        self.open.pop(order.order_id, None)
        self.ended[order.order_id] = order
        if len(self.ended) > KEEP_FINAL:
            forgotten = next(iter(self.ended))
            del self.ended[forgotten]
            self.fills = [fill for fill in self.fills if fill.exchange_order_id != forgotten]

    def find(self, key: OrderKey) -> PaperOrder | None:
        """The order of this name; the newest, if several had our id."""
        if key.exchange_order_id:
            return self.open.get(key.exchange_order_id) or self.ended.get(key.exchange_order_id)
        return self.with_client_id(key.client_order_id)

    def with_client_id(self, client_order_id: str) -> PaperOrder | None:
        """The newest order that had this id of ours."""
        found = [
            order
            for orders in (self.open, self.ended)
            for order in orders.values()
            if order.request.client_order_id == client_order_id
        ]
        return max(found, key=lambda order: order.number, default=None)

    def orders(self) -> list[PaperOrder]:
        """All that are remembered, oldest first."""
        both = (*self.open.values(), *self.ended.values())
        # An edit gives a new number, for it goes behind the others, but makes no new order.
        return sorted(both, key=lambda order: (order.created_time_ns, order.number))
