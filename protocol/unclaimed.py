"""What the exchange told of orders that nobody has named yet.

Executions are held under the exchange's id of their order until it is known; should too many be
held, the oldest is given up, to be told without an order rather than lost. Of orders of which too
little was told to be adopted the names are kept, so that they can be asked for; the oldest are
forgotten, since whatever is told of them next names them again.
"""

from collections import OrderedDict

from venuetree.protocol.models import Fill, OrderKey
from venuetree.protocol.order_shelf import FillKey, fill_key, remember

__all__ = ["Unclaimed"]

HELD_FILLS = 10_000
STRANGERS = 1000


class Unclaimed:
    """Executions without their orders, and names without anything to go with them.

    Orders are told apart by `Shelf.number`.
    """

    def __init__(self) -> None:
        self._fills: OrderedDict[FillKey, tuple[str, Fill]] = OrderedDict()
        self._strangers: OrderedDict[str, OrderKey] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._fills or self._strangers)

    def __contains__(self, key: FillKey) -> bool:
        return key in self._fills

    def hold(self, number: str, fill: Fill) -> Fill | None:
        """Keep an execution; returns the one that there is no more room for."""
        self._fills[fill_key(fill)] = (number, fill)
        return self._fills.popitem(last=False)[1][1] if len(self._fills) > HELD_FILLS else None

    def note(self, number: str, key: OrderKey) -> None:
        """An order of which only this is known."""
        remember(self._strangers, number, key, bound=STRANGERS)

    def claim(self, number: str) -> tuple[Fill, ...]:
        """This order is known now: its executions, which are not held any longer."""
        if self._strangers:
            self._strangers.pop(number, None)
        if not self._fills:
            return ()
        claimed = tuple(fill for of, fill in self._fills.values() if of == number)
        for fill in claimed:
            del self._fills[fill_key(fill)]
        return claimed

    def keys(self) -> tuple[OrderKey, ...]:
        """The names of all these orders, to ask for them."""
        if not self:
            return ()
        keys = dict(self._strangers)
        for number, fill in self._fills.values():
            key = OrderKey(fill.instrument, exchange_order_id=fill.exchange_order_id)
            keys.setdefault(number, key)
        return tuple(keys.values())
