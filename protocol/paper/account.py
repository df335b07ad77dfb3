"""What a paper exchange asks of an account, whichever kind it is."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Protocol

from venuetree.protocol.models import Balance, Level, Liquidity
from venuetree.protocol.paper.orders import PaperOrder
from venuetree.protocol.port import PaperTerms

__all__ = ["Account"]


class Account(Protocol):
    """Money, and what orders and executions do to it."""

    def copy(self) -> "Account":
        """The same, apart from this one."""
        ...

    def check(
        self,
        order: PaperOrder,
        takes: Sequence[Level],
        open_orders: Iterable[PaperOrder],
        terms: PaperTerms,
    ) -> None:
        """Return if it can bear a new order that takes this at once, else `InsufficientFunds`."""
        ...

    def can_fill(self, order: PaperOrder, takes: Sequence[Level], terms: PaperTerms) -> bool:
        """Whether it can bear what a waiting order is about to take."""
        ...

    def fill(
        self, order: PaperOrder, take: Level, liquidity: Liquidity, terms: PaperTerms
    ) -> tuple[Decimal, str]:
        """Move what one execution moves; the fee and its currency."""
        ...

    def fee(
        self, order: PaperOrder, take: Level, liquidity: Liquidity, terms: PaperTerms
    ) -> tuple[Decimal, str]:
        """The fee of one execution, and its currency."""
        ...

    def balances(
        self, exchange: str, open_orders: Iterable[PaperOrder], terms: PaperTerms
    ) -> tuple[Balance, ...]:
        """What is there."""
        ...

    def touched(self, order: PaperOrder) -> frozenset[str]:
        """Which currencies an order's executions move."""
        ...

    def look(self, instrument: str, bid: Decimal | None, ask: Decimal | None) -> None:
        """Take note of prices, if anything is valued by them."""
        ...
