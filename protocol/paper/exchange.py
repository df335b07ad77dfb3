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
    InsufficientLiquidity,
    MarketHalted,
    OrderNotFound,
    PostOnlyWouldTake,
)
from venuetree.protocol.events import BalancesChanged, FillReported, OrderReported
from venuetree.protocol.models import (
    Balance,
    FeeSummary,
    Fill,
    Instrument,
    InstrumentStatus,
    Level,
    LiquidityPreference,
    OrderKey,
    OrderPreview,
    OrderReport,
    OrderRequest,
    OrderStatus,
    OrderType,
    ReportSource,
    Side,
    TimeInForce,
)
from venuetree.protocol.numbers import add, multiply
from venuetree.protocol.paper.depth import by_quantity, by_value, within
from venuetree.protocol.paper.orders import FeeRates, PaperOrder, market_of
from venuetree.protocol.paper.spot import fee_of
from venuetree.protocol.paper.state import PaperState
from venuetree.protocol.port import IdReuse, PaperTerms

__all__ = ["PaperExchange", "PaperNews"]

PaperNews = OrderReported | FillReported | BalancesChanged

_ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)


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
        """
        known = self._with_same_id(request)
        if known is not None:
            return self.report(known, ReportSource.REPLY, now_ns)
        order = self._checked(request, instrument, book, now_ns)
        takes, is_done = self._plan(order, book)
        self._check_takes(order, takes, book)
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
            raise self._refused("the order has ended", "edit", "ORDER_ENDED")
        if request.quantity is None or request.quantity <= before.filled_quantity:
            raise self._refused("as much was executed already", "edit", "SIZE_BELOW_FILLED")
        changed = evolve(before.request, price=request.price, quantity=request.quantity)
        self._check_status(changed, instrument)
        after = evolve(before, request=changed, has_rested=False, updated_time_ns=now_ns)
        takes, _ = self._plan(after, book)
        self._check_takes(after, takes, book)
        others = (o for o in self.state.open.values() if o.order_id != before.order_id)
        self.state.account.check(after, takes, others, self.terms)
        self.state.numbers += 1
        after = evolve(after, number=self.state.numbers, has_rested=False)
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

    def replace_untouched(
        self,
        key: OrderKey,
        request: OrderRequest,
        instrument: Instrument,
        book: BookView | None,
        now_ns: int,
    ) -> Replaced:
        """As `replace`; `CancelRefused` also if something of the old order was executed."""
        if self.order(key).fills:
            raise CancelRefused(
                "a part of the order was executed",
                exchange=self.name,
                operation="replace",
                code="PARTIALLY_FILLED",
            )
        return self.replace(key, request, instrument, book, now_ns)

    def match(self, book: BookView, now_ns: int) -> None:
        """Fill what waits for a book with what it shows now; one that is stale fills nothing."""
        name = self.book_of(book.instrument)
        if not book.in_step:
            return
        self.state.depth.look(name, book)
        waiting = [o for o in self.state.open.values() if self.book_of(o.instrument) == name]
        for order in sorted(waiting, key=_priority):
            takes, _ = self._plan(order, book)
            after, fills = self._execute(order, takes, book, now_ns)
            if fills:
                self._put(evolve(after, has_rested=True), fills, now_ns)
            elif not order.has_rested:
                self.state.put(evolve(order, has_rested=True))

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

    def preview(
        self, request: OrderRequest, instrument: Instrument, book: BookView | None, now_ns: int
    ) -> OrderPreview:
        """What an order would cost if it were placed now; nothing is."""
        order = PaperOrder(request, market_of(instrument), self.rates, "", 0, now_ns, now_ns)
        takes, _ = self._plan(order, book)
        problems: list[str] = []
        try:
            self._check_status(request, instrument)
            self._check_takes(order, takes, book)
            self.state.account.check(order, takes, self.state.open.values(), self.terms)
        except ExchangeRefused as error:
            problems.append(error.code or type(error).__name__)
        quantity, value, fee = _ZERO, _ZERO, _ZERO
        for take in takes:
            quantity = add(quantity, take.quantity)
            value = add(value, multiply(take.price, take.quantity))
            amount, currency = fee_of(order, take, order.next_liquidity, self.terms)
            is_in_base = currency == order.market.base
            fee = add(fee, multiply(amount, take.price) if is_in_base else amount)
        average = value / quantity if quantity else None
        best = takes[0].price if takes else None
        sign = _ONE if request.side is Side.BUY else -_ONE
        return OrderPreview(
            exchange=self.name,
            instrument=request.instrument,
            total=add(value, multiply(sign, fee)) if takes else None,
            fee=fee if takes else None,
            average_price=average,
            slippage=abs(average - best) / best if average and best else None,
            problems=tuple(problems),
            warnings=(),
        )

    # ------------------------------------------------------------ rules

    def _with_same_id(self, request: OrderRequest) -> PaperOrder | None:
        """An order that answers for this one, because it has its id already."""
        known = self.state.with_client_id(request.client_order_id)
        if known is None:
            return None
        match self.terms.id_reuse:
            case IdReuse.ANSWERED_WITH_IT:
                return known
            case IdReuse.REFUSED_WHILE_OPEN if known.is_open:
                raise DuplicateClientOrderId(
                    f"the order {request.client_order_id!r} is open",
                    exchange=self.name,
                    operation="place",
                    code="DUPLICATE",
                )
            case _:
                return None

    def _checked(
        self, request: OrderRequest, instrument: Instrument, book: BookView | None, now_ns: int
    ) -> PaperOrder:
        self._check_status(request, instrument)
        order = PaperOrder(request, market_of(instrument), self.rates, "", 0, now_ns, now_ns)
        is_post_only = request.liquidity is LiquidityPreference.MAKER_ONLY
        if book is None and (is_post_only or not order.may_wait):
            raise MarketHalted(
                f"there is no book of {request.instrument} in step to match the order against",
                exchange=self.name,
                operation="place",
                code="NO_BOOK",
            )
        until_ns = request.expire_time_ns
        if until_ns is not None and until_ns <= now_ns:
            raise self._refused("its time is over already", "place", "EXPIRED")
        return order

    def _check_status(self, request: OrderRequest, instrument: Instrument) -> None:
        status = instrument.status
        is_post_only = request.liquidity is LiquidityPreference.MAKER_ONLY
        is_taken = {
            InstrumentStatus.TRADING: True,
            InstrumentStatus.LIMIT_ONLY: request.type is not OrderType.MARKET,
            InstrumentStatus.POST_ONLY: is_post_only,
            InstrumentStatus.CANCEL_ONLY: False,
            InstrumentStatus.HALTED: False,
        }[status]
        if not is_taken:
            raise MarketHalted(
                f"{instrument.name} is {status.value}",
                exchange=self.name,
                operation="place",
                code=status.value.upper(),
            )

    def _check_takes(
        self, order: PaperOrder, takes: tuple[Level, ...], book: BookView | None
    ) -> None:
        """Refuse what may not trade at once, and what the exchange refuses if it does not."""
        if takes and order.request.liquidity is LiquidityPreference.MAKER_ONLY:
            raise PostOnlyWouldTake(
                f"the book shows {takes[0].price} on the other side",
                exchange=self.name,
                operation="place",
                code="POST_ONLY_WOULD_TAKE",
            )
        is_refused = self.terms.nothing_becomes is OrderStatus.REJECTED
        if book is not None and not takes and not order.may_wait and is_refused:
            raise InsufficientLiquidity(
                "the book does not show enough to execute the order",
                exchange=self.name,
                operation="place",
                code="INSUFFICIENT_LIQUIDITY",
            )

    def _left_over(self, order: PaperOrder) -> OrderStatus:
        """How an order ends that may not wait for its rest."""
        return self.terms.rest_becomes if order.fills else self.terms.nothing_becomes

    def _refused(self, message: str, operation: str, code: str) -> ExchangeRefused:
        return ExchangeRefused(message, exchange=self.name, operation=operation, code=code)

    # ------------------------------------------------------------ matching

    def _plan(self, order: PaperOrder, book: BookView | None) -> tuple[tuple[Level, ...], bool]:
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
            taken = sum((take.quantity for take in takes), _ZERO)
            is_spent, is_short = False, taken < order.remaining_quantity
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
        held = self.balances()
        currencies = {order.market.base, order.market.quote}
        changed = tuple(balance for balance in held if balance.currency in currencies)
        self.news.append(BalancesChanged(self.name, changed, now_ns, now_ns))

    def balances(self) -> tuple[Balance, ...]:
        """What the account has."""
        return self.state.account.balances(self.name, self.state.open.values(), self.terms)


def _priority(order: PaperOrder) -> tuple[Decimal, int]:
    """Better prices first, then who came first; the sides do not meet each other."""
    price = order.request.price or _ZERO
    return (-price if order.request.side is Side.BUY else price, order.number)
