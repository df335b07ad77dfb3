"""The paper exchange itself: it takes orders, matches them, and tells what became of them.

It does what an exchange does between a request and its reply, and does no I/O: books, times and
ids come in. What its account's stream would say collects in `news` until it is told.

An order is matched when it arrives and whenever its book has changed, against what the book shows
on the other side less what paper orders took of it before (`depth`). It never fills at a price or
a size that the book did not show at that moment.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Final

from attrs import define, evolve, field

from venuetree.protocol.book import BookView
from venuetree.protocol.commands import Replaced
from venuetree.protocol.errors import (
    CancelRefused,
    DuplicateClientOrderId,
    ExchangeRefused,
    OrderNotFound,
)
from venuetree.protocol.events import BalancesChanged, FillReported, OrderReported
from venuetree.protocol.models import (
    Balance,
    FeeSummary,
    Fill,
    Instrument,
    Level,
    OrderKey,
    OrderReport,
    OrderRequest,
    OrderStatus,
    ReportSource,
    Side,
    TimeInForce,
)
from venuetree.protocol.numbers import subtract
from venuetree.protocol.paper.depth import by_quantity, by_value, within
from venuetree.protocol.paper.orders import FeeRates, PaperOrder, market_of
from venuetree.protocol.paper.rules import check_new, check_takes, refused
from venuetree.protocol.paper.state import PaperState
from venuetree.protocol.port import IdReuse, PaperTerms

__all__ = ["PaperExchange", "PaperNews"]

PaperNews = OrderReported | FillReported | BalancesChanged

_ZERO: Final = Decimal(0)


@define
class PaperExchange:
    """Orders and an account that follow the terms of one exchange.

    Args:
        name: of the exchange in the engine.
        terms: how the real one treats orders and money.
        rates: the fees that new orders pay.
        state: what it remembers.
        new_id: gives ids that no order of the account ever had.
        book_of: the book of an instrument goes by this name: some share one.

    Attributes:
        news: what its account's stream has to tell, in order.
    """

    name: str
    terms: PaperTerms
    rates: FeeRates
    state: PaperState
    new_id: Callable[[], str]
    book_of: Callable[[str], str] = str
    news: list[PaperNews] = field(init=False, factory=list)

    # ------------------------------------------------------------ orders

    def place(
        self, request: OrderRequest, instrument: Instrument, book: BookView | None, now_ns: int
    ) -> OrderReport:
        """Take an order and match it.

        Args:
            request: with a client order id.
            instrument: of it, as it is now.
            book: in step; None if there is none, so that only an order that can wait is taken.
            now_ns: the exchange's clock.

        Raises:
            OrderRejected: there is no such order: `InsufficientFunds`, `PostOnlyWouldTake`, …
            DuplicateClientOrderId: another order has its client order id.
        """
        known = self._with_same_id(request)
        if known is not None:
            return self.report(known, ReportSource.REPLY, now_ns)
        order = self._new(request, instrument, book, now_ns)
        self.look(request.instrument, book)
        takes, is_done = self.plan(order, book)
        check_takes(order, takes, book, self.terms, self.name)
        self.state.account.check(order, takes, self.state.open.values(), self.terms)
        self.state.numbers += 1
        order = evolve(order, order_id=self.new_id(), number=self.state.numbers)
        order, fills = self._execute(order, takes, book, now_ns)
        if order.is_open and is_done:
            order = order.ended(OrderStatus.FILLED, now_ns)
        elif order.is_open and not order.may_wait:
            order = order.ended(self._left_over(order), now_ns, "not enough was on offer")
        self._put(evolve(order, has_rested=book is not None), fills, now_ns)
        return self.report(order, ReportSource.REPLY, now_ns)

    def cancel(self, key: OrderKey, now_ns: int) -> OrderReport:
        """End an order.

        Raises:
            OrderNotFound: there is none of that name.
            CancelRefused: it has ended already.
        """
        order = self.order(key)
        if not order.is_open:
            raise CancelRefused(
                f"the order is {order.status.value} already",
                exchange=self.name,
                operation="cancel",
                code=order.status.value,
            )
        order = order.ended(OrderStatus.CANCELLED, now_ns)
        self._put(order, (), now_ns)
        return self.report(order, ReportSource.REPLY, now_ns)

    def cancel_open(self, instrument: str, now_ns: int) -> tuple[OrderReport, ...]:
        """End every open order; of all instruments if it is `""`."""
        keys = [OrderKey(exchange_order_id=o.order_id) for o in self.open_orders(instrument)]
        return tuple(self.cancel(key, now_ns) for key in keys)

    def edit(
        self,
        key: OrderKey,
        request: OrderRequest,
        instrument: Instrument,
        book: BookView | None,
        now_ns: int,
    ) -> None:
        """Change price and quantity of a waiting order, which then goes behind all others.

        Raises:
            OrderNotFound: there is none of that name.
            ExchangeRefused: it has ended, or more than the new quantity was executed.
            OrderRejected: the account cannot pay for it, or as `place`.
        """
        before = self.order(key)
        if not before.is_open:
            raise refused("the order has ended", self.name, "edit", "ORDER_ENDED")
        if request.quantity is None or request.quantity <= before.filled_quantity:
            raise refused("as much was executed already", self.name, "edit", "SIZE_BELOW_FILLED")
        changed = evolve(before.request, price=request.price, quantity=request.quantity)
        check_new(changed, instrument, book, now_ns, self.name)
        after = evolve(
            before, request=changed, is_edited=True, has_rested=False, updated_time_ns=now_ns
        )
        self.look(before.instrument, book)
        takes, _ = self.plan(after, book)
        check_takes(after, takes, book, self.terms, self.name)
        others = (o for o in self.state.open.values() if o.order_id != before.order_id)
        self.state.account.check(after, takes, others, self.terms)
        self.state.numbers += 1
        after = evolve(after, number=self.state.numbers)
        after, fills = self._execute(after, takes, book, now_ns)
        self._put(evolve(after, has_rested=book is not None), fills, now_ns)

    def replace(
        self,
        key: OrderKey,
        request: OrderRequest,
        instrument: Instrument,
        book: BookView | None,
        now_ns: int,
    ) -> Replaced:
        """End an order and take another; the new one may be refused when the old one has ended.

        Raises:
            OrderNotFound: there is no order of that name.
            CancelRefused: it has ended already.
        """
        cancelled = self.cancel(key, now_ns)
        try:
            return Replaced(cancelled, self.place(request, instrument, book, now_ns))
        except ExchangeRefused as error:
            return Replaced(cancelled, error)

    def need_untouched(self, key: OrderKey) -> None:
        """Return if nothing of an order was executed, else `CancelRefused`."""
        if self.order(key).fills:
            raise CancelRefused(
                "a part of the order was executed",
                exchange=self.name,
                operation="replace",
                code="PARTIALLY_FILLED",
            )

    def look(self, instrument: str, book: BookView | None) -> None:
        """Take note of what a book shows now, and forget what was taken of what it showed."""
        if book is not None and book.in_step:
            self.state.depth.look(self.book_of(instrument), book)
            bid, ask = book.best_bid, book.best_ask
            self.state.account.look(instrument, bid and bid.price, ask and ask.price)

    def match(self, book: BookView, now_ns: int) -> None:
        """Fill what waits for a book with what it shows now; one that is stale fills nothing.

        An order whose time is over ends first. On margin, one that the account cannot bear when
        the book comes to it is cancelled; one that takes nothing now is left alone.
        """
        if not book.in_step:
            return
        self.expire(now_ns)
        for order in sorted(self._waiting_for(book), key=_priority):
            self.look(order.instrument, book)
            takes, _ = self.plan(order, book)
            if not self.state.account.can_fill(order, takes, self.terms):
                reason = "the margin does not suffice"
                self._put(order.ended(OrderStatus.CANCELLED, now_ns, reason), (), now_ns)
                continue
            after, fills = self._execute(order, takes, book, now_ns)
            if fills:
                self._put(evolve(after, has_rested=True), fills, now_ns)
            elif not order.has_rested:
                self.state.put(evolve(order, has_rested=True))

    def is_met(self, book: BookView) -> bool:
        """Whether `match` might do something to an order; it is quick, for most updates do not."""
        return any(_is_met(order, book) for order in self._waiting_for(book))

    def _waiting_for(self, book: BookView) -> list[PaperOrder]:
        name = self.book_of(book.instrument)
        return [o for o in self.state.open.values() if self.book_of(o.instrument) == name]

    def expire(self, now_ns: int) -> None:
        """End the orders whose time is over."""
        for order in tuple(self.state.open.values()):
            until_ns = order.request.expire_time_ns
            if until_ns is not None and until_ns <= now_ns:
                self._put(order.ended(OrderStatus.EXPIRED, now_ns), (), now_ns)

    def next_expiry_ns(self) -> int | None:
        """When an order's time is over next."""
        times = (order.request.expire_time_ns for order in self.state.open.values())
        return min((time for time in times if time is not None), default=None)

    # ------------------------------------------------------------ looking

    def order(self, key: OrderKey) -> PaperOrder:
        """The order of this name; `OrderNotFound` if there is none."""
        order = self.state.find(key)
        if order is None or key.instrument not in {"", order.instrument}:
            name = key.exchange_order_id or key.client_order_id
            raise OrderNotFound(
                f"the paper account has no order {name!r}", exchange=self.name, operation="order"
            )
        return order

    def open_orders(self, instrument: str = "") -> tuple[PaperOrder, ...]:
        """Those that have not ended; of all instruments if it is `""`."""
        return tuple(o for o in self.state.open.values() if instrument in {"", o.instrument})

    def report(self, order: PaperOrder, source: ReportSource, now_ns: int) -> OrderReport:
        """What it says of an order."""
        known = self.state.find(OrderKey(exchange_order_id=order.order_id))
        return (known or order).report(self.name, source, now_ns)

    def fees(self) -> FeeSummary:
        """The rates that new orders pay."""
        return FeeSummary("paper", self.rates.maker, self.rates.taker)

    # ------------------------------------------------------------ rules

    def _with_same_id(self, request: OrderRequest) -> PaperOrder | None:
        """An order that answers for this one, because it has its id already."""
        known = self.state.with_client_id(request.client_order_id)
        if known is None:
            return None
        match self.terms.id_reuse:
            case IdReuse.ANSWERED_WITH_IT if known.is_of(request):
                return known
            case IdReuse.REFUSED_WHILE_OPEN if not known.is_open:
                return None
            case _:
                raise DuplicateClientOrderId(
                    f"the id {request.client_order_id!r} is that of another order,"
                    f" {known.order_id}, which is {known.status.value}",
                    exchange=self.name,
                    operation="place",
                    code="DUPLICATE",
                )

    def _new(
        self, request: OrderRequest, instrument: Instrument, book: BookView | None, now_ns: int
    ) -> PaperOrder:
        check_new(request, instrument, book, now_ns, self.name)
        return PaperOrder(request, market_of(instrument), self.rates, "", 0, now_ns, now_ns)

    def _left_over(self, order: PaperOrder) -> OrderStatus:
        """How an order ends that may not wait for its rest."""
        return self.terms.rest_becomes if order.fills else self.terms.nothing_becomes

    # ------------------------------------------------------------ matching

    def plan(self, order: PaperOrder, book: BookView | None) -> tuple[tuple[Level, ...], bool]:
        """What the order takes of the book now, and whether its money is then spent."""
        if book is None or not book.in_step:
            return (), False
        request = order.request
        offered = self.state.depth.levels(self.book_of(order.instrument), book, request.side)
        levels = within(offered, request.side, request.price)
        if request.quantity is None:
            is_buy_with_fee = request.side is Side.BUY and self.terms.is_fee_within_quote_quantity
            rate = order.rates.taker if is_buy_with_fee else _ZERO
            value = request.quote_quantity or _ZERO
            takes, is_spent = by_value(levels, value, order.market.lot, fee_rate=rate)
            is_short = not is_spent
        else:
            takes = by_quantity(levels, order.remaining_quantity)
            left = order.remaining_quantity
            for take in takes:
                left = subtract(left, take.quantity)
            is_spent, is_short = False, left > 0
        if is_short and request.time_in_force is TimeInForce.FILL_OR_KILL:
            return (), False
        return takes, is_spent and bool(takes)

    def _execute(
        self, order: PaperOrder, takes: Iterable[Level], book: BookView | None, now_ns: int
    ) -> tuple[PaperOrder, tuple[Fill, ...]]:
        """Move what the takes move; the order after them, and the executions."""
        fills: list[Fill] = []
        if book is None:
            return order, ()
        for take in takes:
            liquidity = order.next_liquidity
            self.state.depth.take(self.book_of(order.instrument), book, order.request.side, take)
            fee, currency = self.state.account.fill(order, take, liquidity, self.terms)
            fill = Fill(
                exchange=self.name,
                instrument=order.instrument,
                fill_id=f"{order.order_id}-{order.fills + 1}",
                exchange_order_id=order.order_id,
                side=order.request.side,
                price=take.price,
                quantity=take.quantity,
                fee=fee,
                fee_currency=currency,
                liquidity=liquidity,
                exchange_time_ns=now_ns,
                client_order_id=order.request.client_order_id,
            )
            order = order.filled(fill)
            fills.append(fill)
        return order, tuple(fills)

    def _put(self, order: PaperOrder, fills: Sequence[Fill], now_ns: int) -> None:
        """Remember what happened, and what is to be told of it: the order's state, then why."""
        self.state.fills.extend(fills)
        self.state.put(order)
        report = self.report(order, ReportSource.STREAM, now_ns)
        self.news.append(OrderReported(self.name, report, order.updated_time_ns, now_ns))
        self.news.extend(FillReported(self.name, fill, now_ns, now_ns) for fill in fills)
        touched = self.state.account.touched(order)
        changed = tuple(balance for balance in self.balances() if balance.currency in touched)
        self.news.append(BalancesChanged(self.name, changed, now_ns, now_ns))

    def balances(self) -> tuple[Balance, ...]:
        """What the account has."""
        return self.state.account.balances(self.name, self.state.open.values(), self.terms)


def _is_met(order: PaperOrder, book: BookView) -> bool:
    """Whether the other side of the book has come to an order that waits, or never was seen."""
    side = order.request.side
    best = book.iterate(side.opposite)
    return not order.has_rested or any(within(best, side, order.request.price))


def _priority(order: PaperOrder) -> tuple[Decimal, int]:
    """Better prices first, then who came first; the sides do not meet each other."""
    price = order.request.price or _ZERO
    return (price.copy_negate() if order.request.side is Side.BUY else price, order.number)
