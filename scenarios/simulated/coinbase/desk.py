"""The order desk: places, matches, fills, cancels, edits and ends the account's orders.

All money moves here: a hold is taken when an order is accepted, spent by its
fills, and what is left of it given back when the order is over. The other
side of every trade is the house, so that no currency is made or lost.
"""

from collections.abc import Callable, Mapping
from decimal import ROUND_DOWN, Decimal
from random import Random

import attrs

from venuetree.scenarios.simulated.accounts import InsufficientFundsError, Ledger
from venuetree.scenarios.simulated.coinbase.keys import seeded_uuid
from venuetree.scenarios.simulated.coinbase.market import Market
from venuetree.scenarios.simulated.coinbase.orders import (
    AccountOrder,
    Edit,
    Fill,
    Liquidity,
    OrderType,
    RejectedError,
    Status,
    Ticket,
    TimeInForceName,
    TriggerStatus,
)
from venuetree.scenarios.simulated.coinbase.rules import (
    BRACKET_SLIP,
    FeeRates,
    check_edit,
    check_post_only,
    required_hold,
)
from venuetree.scenarios.simulated.log import ExchangeLog, LogKind
from venuetree.scenarios.simulated.matching import (
    BookOrder,
    Ended,
    Execution,
    Rising,
    Side,
    TimeInForce,
    Trade,
    Trigger,
)
from venuetree.scenarios.simulated.numbers import floor_to, plain

ACCOUNT = "account"
HOUSE = "house"
FEES = "fees"

ZERO = Decimal(0)
_OPEN_ORDER_CAP = 500
"""Open orders of one product, by the Exchange's rule."""
_EDIT_HISTORY = 5


@attrs.define(eq=False)
class Desk:
    """The account's orders over all markets. `listeners` hear of every change of an order."""

    markets: Mapping[str, Market]
    ledger: Ledger
    rng: Random
    now_ns: Callable[[], int]
    log: ExchangeLog
    rates: FeeRates = attrs.field(factory=FeeRates)
    cancel_latency_ns: int = 20_000_000
    price_protection: Decimal = Decimal("0.1")
    """A market order takes no price farther than this part from the middle."""
    listeners: list[Callable[[AccountOrder], None]] = attrs.field(factory=list, init=False)
    orders: dict[str, AccountOrder] = attrs.field(factory=dict, init=False)
    _open: dict[str, AccountOrder] = attrs.field(factory=dict, init=False)
    _by_client_id: dict[str, str] = attrs.field(factory=dict, init=False)
    _cancels: dict[str, int] = attrs.field(factory=dict, init=False)

    def by_client_id(self, client_order_id: str) -> AccountOrder | None:
        """The order that used this client order id."""
        order_id = self._by_client_id.get(client_order_id)
        return self.orders[order_id] if order_id is not None else None

    def open_orders(self) -> list[AccountOrder]:
        """The orders that are not over, oldest first."""
        return list(self._open.values())

    # Placing

    def place(
        self, ticket: Ticket, client_order_id: str, *, order_id: str = "", parent: str = ""
    ) -> AccountOrder:
        """Accept a ticket and match it; `order_id` and `parent` are an attached order's.

        Raises:
            RejectedError: post-only that would take, or not enough funds.
        """
        market = self.markets[ticket.product_id]
        check_post_only(ticket, market.book)
        now_ns = self.now_ns()
        order = AccountOrder(
            order_id=order_id or seeded_uuid(self.rng),
            client_order_id=client_order_id,
            ticket=ticket,
            created_ns=now_ns,
            updated_ns=now_ns,
            size=None if ticket.limit_price is None and ticket.quote_size else ticket.base_size,
            price=ticket.limit_price,
            originating_order_id=parent,
        )
        amount = required_hold(order, self.markets[order.ticket.product_id].book, self.rates)
        try:
            self.ledger.hold(ACCOUNT, self._hold_currency(order), amount)
        except InsufficientFundsError:
            raise RejectedError(
                "INSUFFICIENT_FUND", "Insufficient balance in source account"
            ) from None
        order.hold = amount
        if ticket.attached is not None:
            order.attached_order_id = seeded_uuid(self.rng)
        self.orders[order.order_id] = order
        self._open[order.order_id] = order
        self._by_client_id[client_order_id] = order.order_id
        self._changed(order, "accepted")
        resting = sum(o.ticket.product_id == ticket.product_id for o in self.open_orders())
        if resting > _OPEN_ORDER_CAP:
            order.reject_reason = "TOO_MANY_OPEN_ORDERS"
            self._end(order, Status.FAILED)
        elif ticket.stop_price is not None and ticket.stop_direction is not None:
            order.trigger_status = TriggerStatus.PENDING
            market.book.add_trigger(
                Trigger(order.order_id, ticket.stop_price, ticket.stop_direction)
            )
            if ticket.order_type is OrderType.BRACKET:
                self._submit(market, order)
            else:
                order.status = Status.OPEN
                self._changed(order, "waits for its stop price")
        else:
            self._submit(market, order)
        return order

    def _submit(self, market: Market, order: AccountOrder) -> None:
        ticket = order.ticket
        rests = ticket.time_in_force in {TimeInForceName.GTC, TimeInForceName.GTD}
        budget = None
        if order.size is None:
            # The amount includes the fees; rounding down keeps the sum below it.
            budget = (order.hold / (1 + self.rates.taker)).quantize(
                market.product.quote_increment, ROUND_DOWN
            )
        execution = market.book.submit(
            BookOrder(
                order_id=order.order_id,
                owner=ACCOUNT,
                side=ticket.side,
                remaining=market.product.base_max_size
                if order.size is None
                else order.size - order.filled_size,
                price=order.price or self._protected_price(market, ticket.side),
                time_in_force=TimeInForce.GTC
                if rests
                else TimeInForce.FOK
                if ticket.time_in_force is TimeInForceName.FOK
                else TimeInForce.IOC,
                budget=budget,
            )
        )
        self.settle(market, execution, taker=order)

    def _protected_price(self, market: Market, side: Side) -> Decimal:
        part = self.price_protection if side is Side.BUY else -self.price_protection
        return floor_to(market.middle * (1 + part), market.product.price_increment)

    # Matching

    def settle(
        self, market: Market, execution: Execution, *, taker: AccountOrder | None = None
    ) -> None:
        """Book what the matching engine did: prints, fills, ends, and stops that it fired."""
        now_ns = self.now_ns()
        for trade in execution.trades:
            market.record(trade, now_ns)
            if trade.taker_owner == ACCOUNT:
                self._fill(self.orders[trade.taker_order_id], trade, Liquidity.TAKER, now_ns)
            if trade.maker_owner == ACCOUNT:
                maker = self.orders[trade.maker_order_id]
                self._fill(maker, trade, Liquidity.MAKER, now_ns)
                self._after_maker_fill(maker)
        if taker is not None:
            self._after_submission(taker, execution.ended)
        if execution.trades:
            for trigger in market.book.fire_triggers(market.last.price):
                self._fire(market, self.orders[trigger.order_id])

    def _fill(self, order: AccountOrder, trade: Trade, liquidity: Liquidity, now_ns: int) -> None:
        product = self.markets[order.ticket.product_id].product
        value = trade.price * trade.quantity
        rate = self.rates.maker if liquidity is Liquidity.MAKER else self.rates.taker
        fee = value * rate
        if order.ticket.side is Side.BUY:
            self.ledger.pay_held(ACCOUNT, HOUSE, product.quote, value)
            self.ledger.pay_held(ACCOUNT, FEES, product.quote, fee)
            self.ledger.pay(HOUSE, ACCOUNT, product.base, trade.quantity)
            order.hold -= value + fee
        else:
            self.ledger.pay_held(ACCOUNT, HOUSE, product.base, trade.quantity)
            self.ledger.pay(HOUSE, ACCOUNT, product.quote, value)
            self.ledger.pay(ACCOUNT, FEES, product.quote, fee)
            order.hold -= trade.quantity
        order.filled_size += trade.quantity
        order.filled_value += value
        order.total_fees += fee
        fill = Fill(
            entry_id=f"{self.rng.getrandbits(256):064x}",
            trade_id=seeded_uuid(self.rng),
            price=trade.price,
            quantity=trade.quantity,
            commission=fee,
            liquidity=liquidity,
            time_ns=now_ns,
        )
        order.fills.append(fill)
        self.log.add(
            now_ns, LogKind.FILL, order.order_id, f"{plain(trade.quantity)} at {plain(trade.price)}"
        )

    def _after_maker_fill(self, order: AccountOrder) -> None:
        if order.filled_size == order.size:
            self._end(order, Status.FILLED)
            return
        self._shrink_hold(order)
        order.status = Status.CANCEL_QUEUED if order.pending_cancel else Status.OPEN
        self._changed(order, "partly filled")

    def _after_submission(self, order: AccountOrder, ended: Ended) -> None:
        match ended:
            case Ended.RESTING:
                order.status = Status.CANCEL_QUEUED if order.pending_cancel else Status.OPEN
                self._shrink_hold(order)
                self._changed(order, "rests")
            case Ended.FILLED:
                self._end(order, Status.FILLED)
            case Ended.SELF_TRADE:
                order.cancel_message = "Self trade prevention"
                self._end(order, Status.CANCELLED)
            case Ended.NO_LIQUIDITY | Ended.KILLED | Ended.WOULD_TAKE:
                order.cancel_message = (
                    "" if order.ticket.order_type is OrderType.MARKET else "Time in force"
                )
                self._end(order, Status.CANCELLED)

    def _fire(self, market: Market, order: AccountOrder) -> None:
        order.trigger_status = TriggerStatus.TRIGGERED
        if order.ticket.order_type is OrderType.BRACKET and order.ticket.stop_price is not None:
            market.book.cancel(order.order_id)
            part = BRACKET_SLIP if order.ticket.side is Side.BUY else -BRACKET_SLIP
            order.price = floor_to(
                order.ticket.stop_price * (1 + part), market.product.price_increment
            )
        self._changed(order, "its stop fired")
        self._submit(market, order)

    # Cancelling, editing, expiring

    def cancel(self, order_id: str) -> str | None:
        """Ask for a cancel; None if it is accepted, else the exchange's failure reason."""
        order = self.orders.get(order_id)
        if order is None:
            return "UNKNOWN_CANCEL_ORDER"
        if order.status is Status.FILLED:
            return "ORDER_IS_FULLY_FILLED"
        if order.status.over:
            return "INVALID_CANCEL_REQUEST"
        if order.pending_cancel:
            return "DUPLICATE_CANCEL_REQUEST"
        order.pending_cancel = True
        order.status = Status.CANCEL_QUEUED
        self._cancels[order_id] = self.now_ns() + self.cancel_latency_ns
        self._changed(order, "cancel asked")
        if self.cancel_latency_ns == 0:
            self.tick()
        return None

    def edit(self, order_id: str, *, price: Decimal, size: Decimal) -> None:
        """Change price and total size of an open order.

        Raises:
            RejectedError: with an `edit_failure_reason`.
        """
        order = self.check_edit(order_id, price=price, size=size)
        market = self.markets[order.ticket.product_id]
        old_price, old_size, old_hold = order.price, order.size, order.hold
        order.price, order.size = price, size
        required = required_hold(order, self.markets[order.ticket.product_id].book, self.rates)
        if required > old_hold:
            try:
                self.ledger.hold(ACCOUNT, self._hold_currency(order), required - old_hold)
            except InsufficientFundsError:
                order.price, order.size = old_price, old_size
                raise RejectedError("COMMANDER_REJECTED_EDIT_ORDER", "no funds") from None
            order.hold = required
        order.edits = [*order.edits, Edit(price, size, self.now_ns())][-_EDIT_HISTORY:]
        remaining = size - order.filled_size
        resting = market.book.get(order_id)
        if resting is None:  # a stop that has not fired
            self._shrink_hold(order)
            self._changed(order, "edited")
        elif price == old_price and remaining <= resting.remaining:
            market.book.reduce(order_id, remaining)
            self._shrink_hold(order)
            self._changed(order, "edited")
        else:
            market.book.cancel(order_id)
            self._submit(market, order)

    def check_edit(self, order_id: str, *, price: Decimal, size: Decimal) -> AccountOrder:
        """The order, if this edit of it is allowed.

        Raises:
            RejectedError: with an `edit_failure_reason`.
        """
        order = self.orders.get(order_id)
        if order is None:
            raise RejectedError("ORDER_NOT_FOUND")
        check_edit(order, self.markets[order.ticket.product_id], price=price, size=size)
        return order

    def tick(self) -> None:
        """Carry out the cancels and expiries that are due."""
        now_ns = self.now_ns()
        for order_id, due_ns in list(self._cancels.items()):
            order = self.orders[order_id]
            if order.status.over:
                del self._cancels[order_id]
            elif due_ns <= now_ns:
                del self._cancels[order_id]
                self._take_off(order)
                self._end(order, Status.CANCELLED)
        for order in self.open_orders():
            if order.ticket.end_ns is not None and order.ticket.end_ns <= now_ns:
                self._take_off(order)
                self._end(order, Status.EXPIRED)

    def _take_off(self, order: AccountOrder) -> None:
        self.markets[order.ticket.product_id].book.cancel(order.order_id)

    # What all of it has in common

    def _hold_currency(self, order: AccountOrder) -> str:
        product = self.markets[order.ticket.product_id].product
        return product.quote if order.ticket.side is Side.BUY else product.base

    def _shrink_hold(self, order: AccountOrder) -> None:
        surplus = order.hold - required_hold(
            order, self.markets[order.ticket.product_id].book, self.rates
        )
        if surplus > 0:
            self.ledger.release(ACCOUNT, self._hold_currency(order), surplus)
            order.hold -= surplus

    def _end(self, order: AccountOrder, status: Status) -> None:
        order.status = status
        order.pending_cancel = False
        del self._open[order.order_id]
        self.markets[order.ticket.product_id].book.cancel_trigger(order.order_id)
        self.ledger.release(ACCOUNT, self._hold_currency(order), order.hold)
        order.hold = ZERO
        self._changed(order, status.value.lower())
        if order.ticket.attached is not None and order.filled_size > 0:
            self._place_attached(order)

    def _place_attached(self, parent: AccountOrder) -> None:
        attached = parent.ticket.attached
        if attached is None:
            return
        side = parent.ticket.side.opposite
        fields = {
            "limit_price": plain(attached.limit_price),
            "stop_trigger_price": plain(attached.stop_trigger_price),
        }
        ticket = Ticket(
            product_id=parent.ticket.product_id,
            side=side,
            order_type=OrderType.BRACKET,
            time_in_force=TimeInForceName.GTC,
            configuration={
                "trigger_bracket_gtc": {"base_size": plain(parent.filled_size), **fields}
            },
            base_size=parent.filled_size,
            limit_price=attached.limit_price,
            stop_price=attached.stop_trigger_price,
            stop_direction=Rising.DOWN if side is Side.SELL else Rising.UP,
        )
        child_id = parent.attached_order_id
        try:
            self.place(ticket, seeded_uuid(self.rng), order_id=child_id, parent=parent.order_id)
        except RejectedError as error:
            self.log.add(self.now_ns(), LogKind.ORDER, child_id, f"attached order: {error.code}")

    def _changed(self, order: AccountOrder, what: str) -> None:
        order.updated_ns = self.now_ns()
        self.log.add(order.updated_ns, LogKind.ORDER, order.order_id, what)
        for listener in self.listeners:
            listener(order)
