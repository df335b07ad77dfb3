"""Every order and order list of all accounts, and the ways to find them."""

from collections.abc import Iterable, Iterator

import attrs

from venuetree.scenarios.simulated.binance_us.market import FIRST_ACCOUNT_ORDER_ID
from venuetree.scenarios.simulated.binance_us.orders import (
    ListStatus,
    Order,
    OrderList,
    PreventedMatch,
)

_FIRST_LIST_ID = 27_104


@attrs.define(eq=False)
class OrderStore:
    """Orders by symbol and id, by account and client id, and the ones that are open."""

    prevented: list[PreventedMatch] = attrs.field(factory=list, init=False)
    lists: dict[int, OrderList] = attrs.field(factory=dict, init=False)
    _orders: dict[str, dict[int, Order]] = attrs.field(factory=dict, init=False)
    _open: dict[tuple[str, int], Order] = attrs.field(factory=dict, init=False)
    _by_client_id: dict[tuple[str, str], list[Order]] = attrs.field(factory=dict, init=False)

    def next_order_id(self, symbol: str) -> int:
        """The id of the symbol's next order."""
        return FIRST_ACCOUNT_ORDER_ID + len(self._orders.get(symbol, ()))

    def next_list_id(self) -> int:
        """The id of the next order list."""
        return _FIRST_LIST_ID + len(self.lists)

    def next_prevented_id(self, symbol: str) -> int:
        """The id of the symbol's next prevented match."""
        return sum(match.symbol == symbol for match in self.prevented)

    def add(self, order: Order) -> None:
        """Keep a new order."""
        self._orders.setdefault(order.symbol, {})[order.order_id] = order
        self._open[order.symbol, order.order_id] = order
        self._name(order)

    def rename(self, order: Order, client_order_id: str) -> None:
        """Give an order the client id of its cancel; its own stays beside it."""
        order.original_client_id = order.client_order_id
        order.client_order_id = client_order_id
        self._name(order)

    def _name(self, order: Order) -> None:
        named = self._by_client_id.setdefault((order.account, order.client_order_id), [])
        named.append(order)

    def close(self, order: Order) -> None:
        """Note that an order is over."""
        self._open.pop((order.symbol, order.order_id), None)

    def get(self, symbol: str, order_id: int) -> Order:
        """The order of this id.

        Raises:
            KeyError: there is none.
        """
        return self._orders[symbol][order_id]

    def find(self, account: str, symbol: str, order_id: int) -> Order | None:
        """The account's order of this id."""
        order = self._orders.get(symbol, {}).get(order_id)
        return order if order is not None and order.account == account else None

    def find_by_client_id(
        self, account: str, client_order_id: str, symbol: str | None = None
    ) -> Order | None:
        """The account's newest order that goes by this client id now (see `rename`)."""
        for order in reversed(self._by_client_id.get((account, client_order_id), ())):
            if order.client_order_id == client_order_id and symbol in {None, order.symbol}:
                return order
        return None

    def is_open_id(self, account: str, client_order_id: str) -> bool:
        """Whether an open order of the account has this client id."""
        named = self._by_client_id.get((account, client_order_id), ())
        return any(
            order.client_order_id == client_order_id and not order.status.over for order in named
        )

    def open(self, account: str, symbol: str | None = None) -> list[Order]:
        """The account's open orders, oldest first."""
        return [
            order
            for order in self._open.values()
            if order.account == account and symbol in {None, order.symbol}
        ]

    def all(self, account: str, symbol: str | None = None) -> Iterator[Order]:
        """The account's orders; of one symbol they come in the order of their ids."""
        shelves: Iterable[dict[int, Order]] = (
            self._orders.values() if symbol is None else (self._orders.get(symbol, {}),)
        )
        for shelf in shelves:
            yield from (order for order in shelf.values() if order.account == account)

    def open_lists(self, account: str, symbol: str | None = None) -> list[OrderList]:
        """The account's order lists that are not done, oldest first."""
        return [
            listed
            for listed in self.lists.values()
            if listed.account == account
            and listed.status is ListStatus.EXECUTING
            and symbol in {None, listed.symbol}
        ]

    def list_of(self, order: Order) -> OrderList | None:
        """The list that an order belongs to."""
        return self.lists.get(order.list_id)
