"""All that an account is: balance, orders, trades, totals and the log. State, no decisions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

import attrs

from venuetree.scenarios.simulated.oanda.account_settings import AccountSettings, PriceSource
from venuetree.scenarios.simulated.oanda.amounts import ZERO, home
from venuetree.scenarios.simulated.oanda.orders import Order, OrderKind
from venuetree.scenarios.simulated.oanda.prices import Factors
from venuetree.scenarios.simulated.oanda.trades import PositionTotals, Side, TradeStore
from venuetree.scenarios.simulated.oanda.transactions import Batch, TransactionLog
from venuetree.scenarios.simulated.oanda.universe import Instrument

__all__ = ["AccountState", "OrderStore"]


@attrs.define(eq=False)
class OrderStore:
    """All orders of an account."""

    _all: dict[int, Order] = attrs.field(factory=dict, init=False)
    _pending: dict[int, Order] = attrs.field(factory=dict, init=False)

    def add(self, order: Order) -> None:
        """Keep an order that was just created."""
        self._all[order.id] = self._pending[order.id] = order

    def close(self, order: Order) -> None:
        """Note that an order is over."""
        self._pending.pop(order.id, None)

    def get(self, order_id: int) -> Order | None:
        """An order, over or not."""
        return self._all.get(order_id)

    def find_pending(self, specifier: int | str | None) -> Order | None:
        """A pending order by the exchange's id or by the client's."""
        if isinstance(specifier, int):
            return self._pending.get(specifier)
        if specifier is None:
            return None
        found = (order for order in self._pending.values() if order.client_id == specifier)
        return next(found, None)

    def pending(self, instrument: str | None = None) -> list[Order]:
        """Pending orders, oldest first."""
        return [
            order for order in self._pending.values() if instrument in {None, order.instrument.name}
        ]

    def newest_first(self) -> list[Order]:
        """All orders."""
        return list(reversed(self._all.values()))


@attrs.define(eq=False)
class AccountState:
    """One account. `margin_rate` is the client's own, None while there is none."""

    id: str
    settings: AccountSettings
    prices: PriceSource
    now_ns: Callable[[], int]
    log: TransactionLog
    alias: str
    margin_rate: Decimal | None
    balance: Decimal = ZERO
    created_ns: int = 0
    margin_call_since_ns: int | None = None
    orders: OrderStore = attrs.field(factory=OrderStore)
    trades: TradeStore = attrs.field(factory=TradeStore)
    totals: dict[tuple[str, Side], PositionTotals] = attrs.field(factory=dict)

    @contextmanager
    def requested(self, request_id: str) -> Iterator[Batch]:
        """A batch of transactions that a client's request brings about."""
        with self.log.batch(self.now_ns(), self.settings.user_id, request_id) as batch:
            yield batch

    @contextmanager
    def by_itself(self) -> Iterator[Batch]:
        """A batch of transactions that the server brings about."""
        with self.log.batch(self.now_ns(), 0, None) as batch:
            yield batch

    @property
    def last_id(self) -> str:
        """The id of the newest transaction, as the wire has it."""
        return str(self.log.last_id)

    def quote_factors(self, instrument: Instrument) -> Factors:
        """What makes the instrument's quote currency home currency."""
        return self.prices.factors(instrument.quote, self.settings.home)

    def base_factors(self, instrument: Instrument) -> Factors | None:
        """The same of its base, None if that is no currency that can be converted."""
        try:
            return self.prices.factors(instrument.base, self.settings.home)
        except KeyError:
            return None

    def side_totals(self, instrument: Instrument, side: Side) -> PositionTotals:
        """What a side of a position has earned; both sides exist once one has traded."""
        for each in Side:
            self.totals.setdefault((instrument.name, each), PositionTotals())
        return self.totals[instrument.name, side]

    def earn(self, amount: Decimal) -> None:
        """Move the balance by an amount that is booked."""
        self.balance = home(self.balance + amount)

    def dependent_order(self, trade_id: int, kind: OrderKind) -> Order | None:
        """The pending dependent order of an open trade."""
        trade = self.trades.get(trade_id)
        number = None if trade is None else trade.orders.get(kind)
        return None if number is None else self.orders.find_pending(number)
