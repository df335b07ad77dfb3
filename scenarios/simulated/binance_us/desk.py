"""The order desk: places, matches, fills, cancels and ends the accounts' orders.

Every change of an order is told to its account at once, by `events`, so that
the account may hear of it before the call that caused it is answered.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random

import attrs

from venuetree.scenarios.simulated.binance_us.errors import ApiError, rejected
from venuetree.scenarios.simulated.binance_us.funds import Till, required
from venuetree.scenarios.simulated.binance_us.keys import seeded_client_id
from venuetree.scenarios.simulated.binance_us.market import Market, Print
from venuetree.scenarios.simulated.binance_us.order_store import OrderStore
from venuetree.scenarios.simulated.binance_us.orders import (
    SELF_TRADE,
    ZERO,
    Fill,
    ListStatus,
    Order,
    OrderList,
    OrderType,
    PreventedMatch,
    Status,
    Ticket,
    TimeInForceName,
)
from venuetree.scenarios.simulated.binance_us.user_events import UserEvents
from venuetree.scenarios.simulated.log import ExchangeLog, LogKind
from venuetree.scenarios.simulated.matching import (
    BookOrder,
    Ended,
    Execution,
    Prevented,
    Rising,
    Side,
    TimeInForce,
    Trade,
    Trigger,
)
from venuetree.scenarios.simulated.numbers import floor_to, plain

_TIMES_IN_FORCE = {
    TimeInForceName.GTC: TimeInForce.GTC,
    TimeInForceName.IOC: TimeInForce.IOC,
    TimeInForceName.FOK: TimeInForce.FOK,
}
_REJECT_REASONS = {
    "Account has insufficient balance for requested action.": "INSUFFICIENT_BALANCES",
    "Order would trigger immediately.": "STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY",
    "Order would immediately match and take.": "WOULD_MATCH_IMMEDIATELY",
}
_NO_MORE = {
    TimeInForceName.IOC: "UNFILLED_IOC_QUANTITY_EXPIRED",
    TimeInForceName.FOK: "UNFILLED_FOK_ORDER_EXPIRED",
}


def rising(side: Side, order_type: OrderType) -> Rising:
    """From where the last price reaches the stop price of such an order."""
    losing = order_type in {OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT}
    return Rising.UP if losing is (side is Side.BUY) else Rising.DOWN


@attrs.define(eq=False)
class Desk:
    """The orders of all accounts over all markets."""

    markets: Mapping[str, Market]
    store: OrderStore
    till: Till
    events: UserEvents
    rng: Random
    now_ms: Callable[[], int]
    log: ExchangeLog
    accounts: set[str]
    """Owners of orders whose fills are booked here; all others are the house."""

    # Placing

    def place(self, account: str, ticket: Ticket, client_order_id: str | None) -> Order:
        """Accept a ticket and match it.

        Raises:
            ApiError: the engine does not take it; nothing happened.
        """
        market = self.markets[ticket.symbol]
        order = self.draft(account, ticket, client_order_id)
        self.check(order)
        self.till.hold(order, market.instrument, required(order, market.book))
        self.accept(order)
        self.start(order)
        return order

    def draft(self, account: str, ticket: Ticket, client_order_id: str | None) -> Order:
        """An order that is not accepted yet.

        Raises:
            ApiError: its client id is that of an open order.
        """
        if client_order_id is not None and self.store.is_open_id(account, client_order_id):
            raise rejected("Duplicate order sent.")
        now_ms = self.now_ms()
        return Order(
            order_id=self.store.next_order_id(ticket.symbol),
            account=account,
            client_order_id=client_order_id or seeded_client_id(self.rng),
            ticket=ticket,
            created_ms=now_ms,
            updated_ms=now_ms,
            quantity=ticket.quantity or ZERO,
            working_ms=-1 if ticket.order_type.waits else now_ms,
        )

    def check(self, order: Order) -> None:
        """Refuse what the market, as it stands, does not let in.

        Raises:
            ApiError: it would take, would trigger at once, or finds no lot to trade.
        """
        ticket, market = order.ticket, self.markets[order.symbol]
        if ticket.stop_price is not None:
            trigger = self._trigger(order, ticket.stop_price)
            if trigger.reached(market.last.price):
                raise rejected("Order would trigger immediately.")
        best = market.book.best(order.side.opposite)
        if ticket.order_type is OrderType.LIMIT_MAKER and ticket.price is not None and best:
            buying = order.side is Side.BUY
            if ticket.price >= best if buying else ticket.price <= best:
                raise rejected("Order would immediately match and take.")
        if ticket.quote_quantity is not None and not (
            best and floor_to(ticket.quote_quantity / best, market.book.lot)
        ):
            raise rejected("Order book liquidity is less than LOT_SIZE filter minimum quantity.")

    def accept(self, order: Order) -> None:
        """Keep an order whose money is held, and tell of it."""
        self.store.add(order)
        self._report(order, "NEW")

    def start(self, order: Order) -> None:
        """Let an accepted order wait for its stop price, or match it."""
        market, stop_price = self.markets[order.symbol], order.ticket.stop_price
        if order.waiting and stop_price is not None:
            market.book.add_trigger(self._trigger(order, stop_price))
        else:
            self._submit(market, order)

    def tell_rejected(
        self, account: str, ticket: Ticket, client_order_id: str | None, text: str
    ) -> None:
        """Tell the account of an order that was refused after its predecessor was cancelled."""
        order = self.draft(account, ticket, None)
        order.client_order_id = client_order_id or order.client_order_id
        order.working_ms = -1
        order.status = Status.REJECTED
        order.reject_reason = _REJECT_REASONS.get(text, "NONE")
        self._report(order, "REJECTED")

    @staticmethod
    def _trigger(order: Order, stop_price: Decimal) -> Trigger:
        direction = rising(order.side, order.ticket.order_type)
        return Trigger(order.book_id, stop_price, direction)

    def _submit(self, market: Market, order: Order) -> None:
        ticket = order.ticket
        budget = ticket.quote_quantity
        execution = market.book.submit(
            BookOrder(
                order_id=order.book_id,
                owner=order.account,
                side=order.side,
                remaining=order.remaining
                if budget is None
                else market.instrument.filters.max_quantity,
                price=ticket.price,
                time_in_force=_TIMES_IN_FORCE[ticket.time_in_force],
                budget=budget,
                self_trade=SELF_TRADE[ticket.self_trade],
            )
        )
        self.settle(market, execution, taker=order)

    # Matching

    def settle(self, market: Market, execution: Execution, *, taker: Order | None = None) -> None:
        """Book what the matching engine did: trades, fills, ends, and stops that it fired."""
        market.number_changes()
        if taker is None and not execution.trades and not execution.prevented:
            return
        prints = market.record(execution.trades, self.now_ms())
        prevented = list(execution.prevented)
        pairs = zip(execution.trades, prints, strict=True)
        for number, (trade, printed) in enumerate(pairs, start=1):
            while prevented and prevented[0].after_trades < number:
                self._prevented(market, prevented.pop(0), taker)
            self._fill_maker(market, trade, printed)
            if taker is not None:
                done = number == len(prints) and execution.ended is Ended.FILLED
                self._fill(market, taker, trade, printed, done=done)
        for each in prevented:
            self._prevented(market, each, taker)
        if taker is not None and not taker.status.over:
            self._after_submission(taker, execution.ended)
        if execution.trades:
            for trigger in market.book.fire_triggers(market.last.price):
                self._fire(market, self.store.get(market.symbol, int(trigger.order_id)))

    def _fill_maker(self, market: Market, trade: Trade, printed: Print) -> None:
        if trade.maker_owner not in self.accounts:
            return
        maker = self.store.get(market.symbol, int(trade.maker_order_id))
        done = maker.remaining == trade.quantity
        self._fill(market, maker, trade, printed, done=done, is_maker=True)

    def _fill(
        self,
        market: Market,
        order: Order,
        trade: Trade,
        printed: Print,
        *,
        done: bool,
        is_maker: bool = False,
    ) -> None:
        listed = self.store.list_of(order)
        if listed is not None:
            self.till.adopt(listed, order)
        commission, asset = self.till.pay(order, market.instrument, trade, is_maker=is_maker)
        fill = Fill(
            trade_id=printed.trade_id,
            price=trade.price,
            quantity=trade.quantity,
            commission=commission,
            commission_asset=asset,
            is_maker=is_maker,
            time_ms=printed.time_ms,
        )
        order.fills.append(fill)
        order.executed += trade.quantity
        order.executed_quote += fill.quote_quantity
        if order.ticket.quote_quantity is not None:
            order.quantity = order.executed
        self.log.add(
            self.now_ms() * 1_000_000,
            LogKind.FILL,
            f"{order.symbol} {order.order_id}",
            f"{plain(trade.quantity)} at {plain(trade.price)}",
        )
        if done:
            self._close(order, Status.FILLED)
        else:
            order.status = Status.PARTIALLY_FILLED
            if order.ticket.price is not None:
                self.till.keep(order, market.instrument, required(order, market.book))
        self._report(order, "TRADE", fill=fill)
        if listed is not None:
            self._expire_others(listed, order)
            self._finish_list(listed)

    def _prevented(self, market: Market, prevented: Prevented, taker: Order | None) -> None:
        """Note a match that self-trade prevention forbade, and what either order lost."""
        if not prevented.maker_order_id.isdecimal():
            # The house met itself, for a moment, on its walk: no account has to know.
            return
        maker = self.store.get(market.symbol, int(prevented.maker_order_id))
        taker = taker or self.store.get(market.symbol, int(prevented.taker_order_id))
        match = PreventedMatch(
            prevented_match_id=self.store.next_prevented_id(market.symbol),
            symbol=market.symbol,
            taker_order_id=taker.order_id,
            maker_order_id=maker.order_id,
            mode=taker.ticket.self_trade,
            price=prevented.price,
            maker_quantity=prevented.maker_quantity,
            # Of an order sized in quote currency nobody knows how much base it lost.
            taker_quantity=ZERO
            if taker.ticket.quote_quantity is not None
            else prevented.taker_quantity,
            time_ms=self.now_ms(),
        )
        self.store.prevented.append(match)
        for order, lost in ((maker, match.maker_quantity), (taker, match.taker_quantity)):
            order.prevented_matches.append(match)
            if not lost:
                continue
            order.prevented += lost
            if order.remaining == ZERO:
                self._end(order, Status.EXPIRED_IN_MATCH, "TRADE_PREVENTION", prevented=match)
            else:
                if order.ticket.price is not None:
                    self.till.keep(order, market.instrument, required(order, market.book))
                self._report(order, "TRADE_PREVENTION", prevented=match)

    def _after_submission(self, order: Order, ended: Ended) -> None:
        match ended:
            case Ended.RESTING:
                return
            case Ended.SELF_TRADE:
                match = order.prevented_matches[-1] if order.prevented_matches else None
                self._end(order, Status.EXPIRED_IN_MATCH, "TRADE_PREVENTION", prevented=match)
            case Ended.FILLED | Ended.NO_LIQUIDITY | Ended.KILLED | Ended.WOULD_TAKE:
                order.expiry_reason = _NO_MORE.get(
                    order.ticket.time_in_force, "INSUFFICIENT_LIQUIDITY"
                )
                self._end(order, Status.EXPIRED, "EXPIRED")

    def _fire(self, market: Market, order: Order) -> None:
        """Let a stop order whose price has come act."""
        if order.status.over:  # another one that fired before it took it away
            return
        listed = self.store.list_of(order)
        if listed is not None:
            self._expire_others(listed, order)
            self.till.adopt(listed, order)
        order.working_ms = self.now_ms()
        needed = required(order, market.book) - order.hold
        try:
            if needed > 0:
                self.till.hold(order, market.instrument, needed)
        except ApiError:
            order.expiry_reason = "REJECTED"
            self._end(order, Status.EXPIRED, "EXPIRED")
            return
        self._report(order, "NEW")
        self._submit(market, order)

    # Ending

    def cancel(self, order: Order, client_order_id: str | None) -> None:
        """Cancel an open order, or with it all of its list; each is renamed to the cancel's id."""
        cancel_id = client_order_id or seeded_client_id(self.rng)
        listed = self.store.list_of(order)
        for each in (order,) if listed is None else listed.legs:
            if not each.status.over:
                self.store.rename(each, cancel_id)
                self._end(each, Status.CANCELED, "CANCELED")

    def _expire_others(self, listed: OrderList, acting: Order) -> None:
        for leg in listed.legs:
            if leg is not acting and not leg.status.over:
                leg.expiry_reason = "OCO_TRIGGER"
                self._end(leg, Status.EXPIRED, "EXPIRED")

    def _end(
        self,
        order: Order,
        status: Status,
        execution_type: str,
        *,
        prevented: PreventedMatch | None = None,
    ) -> None:
        self._close(order, status)
        self._report(order, execution_type, prevented=prevented)
        listed = self.store.list_of(order)
        if listed is not None:
            self._finish_list(listed)

    def _close(self, order: Order, status: Status) -> None:
        market = self.markets[order.symbol]
        order.status = status
        self.store.close(order)
        market.book.cancel(order.book_id)
        market.number_changes()
        market.book.cancel_trigger(order.book_id)
        self.till.keep(order, market.instrument, ZERO)

    def _finish_list(self, listed: OrderList) -> None:
        if listed.status is ListStatus.ALL_DONE or not all(leg.status.over for leg in listed.legs):
            return
        listed.status = ListStatus.ALL_DONE
        instrument = self.markets[listed.symbol].instrument
        self.till.release(listed, instrument)
        self.events.list_changed(listed)
        self.events.position(listed.account, (instrument.base, instrument.quote))

    def _report(
        self,
        order: Order,
        execution_type: str,
        *,
        fill: Fill | None = None,
        prevented: PreventedMatch | None = None,
    ) -> None:
        instrument = self.markets[order.symbol].instrument
        self.log.add(
            self.now_ms() * 1_000_000,
            LogKind.ORDER,
            f"{order.symbol} {order.order_id}",
            f"{execution_type} {order.status.value}",
        )
        self.events.report(
            order,
            execution_type,
            assets=(instrument.base, instrument.quote),
            fill=fill,
            prevented=prevented,
        )
