"""The ledger against a small exchange: any sequence of events, late, repeated, swapped, lost."""

from collections import Counter
from decimal import Decimal

from attrs import define, evolve, field
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.order_strategies import EXCHANGE, NOW, fill, report, request
from venuetree.protocol.events import AccountEvent, FillReceived, OrderUpdated
from venuetree.protocol.journal import MemoryJournal
from venuetree.protocol.ledger import Ledger
from venuetree.protocol.models import Fill, Order, OrderKey, OrderReport, OrderStatus, ReportSource
from venuetree.protocol.orders import TRANSITIONS

QUANTITY = Decimal(10)
FINAL = {status for status in OrderStatus if status.is_final}


@define
class True_:  # noqa: N801 - an order as it truly is
    """An order at the exchange."""

    number: str
    client_order_id: str
    status: OrderStatus = OrderStatus.OPEN
    fills: list[Fill] = field(factory=list)

    @property
    def filled(self) -> Decimal:
        """Cumulative."""
        return sum((one.quantity for one in self.fills), Decimal(0))

    def report(self, *, is_named: bool, source: ReportSource) -> OrderReport:
        """What the exchange says of it now, with or without our id."""
        value = sum((one.quantity * one.price for one in self.fills), Decimal(0))
        return report(
            self.status,
            str(self.filled),
            source=source,
            client_order_id=self.client_order_id if is_named else "",
            exchange_order_id=self.number,
            quantity=QUANTITY,
            average_price=value / self.filled if self.filled else None,
            fees=sum((one.fee for one in self.fills), Decimal(0)),
        )


class LedgerMachine(RuleBasedStateMachine):
    """Orders of ours and of others live at an exchange whose news comes as it likes."""

    keep_final = 1000

    def __init__(self) -> None:
        super().__init__()
        self.journal = MemoryJournal()
        self.ledger = Ledger(EXCHANGE, self.journal, keep_final=self.keep_final)
        #: Intended and sent, and perhaps on their way still.
        self.sent: list[str] = []
        self.orders: dict[str, True_] = {}
        self.news: list[OrderReport | Fill] = []
        self.told: dict[str, Order] = {}
        self.told_fills: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.count = 0

    def take(self, events: tuple[AccountEvent, ...]) -> None:
        """Check what is told against what was told before."""
        for event in events:
            match event:
                case FillReceived():
                    self.told_fills[event.fill.fill_id] += 1
                case OrderUpdated(order=order):
                    self.take_order(order)
                case _:
                    self.wrong.append(f"what is {event}?")

    def take_order(self, order: Order) -> None:
        """One order after the last time it was told."""
        name = order.client_order_id or order.exchange_order_id
        before = self.told.get(name)
        self.told[name] = order
        if order.filled_quantity > QUANTITY:
            self.wrong.append(f"{name} overfilled")
        if before is None:
            return
        if before == order:
            self.wrong.append(f"{name} told twice alike")
        if order.filled_quantity < before.filled_quantity:
            self.wrong.append(f"{name} unfilled")
        if before.status is not order.status and order.status not in TRANSITIONS[before.status]:
            self.wrong.append(f"{name} from {before.status} to {order.status}")
        if before.status in FINAL and order.status is not before.status:
            self.wrong.append(f"{name} left {before.status}")

    # --- the exchange ---------------------------------------------------------------------------

    def say(self, order: True_) -> None:
        """The exchange tells a state by its stream, by name and, elsewhere, by number alone."""
        self.news.append(order.report(is_named=True, source=ReportSource.STREAM))
        self.news.append(order.report(is_named=False, source=ReportSource.STREAM))

    @initialize()
    def begin(self) -> None:
        """With one order on its way."""
        self.place()

    @rule()
    @precondition(lambda self: len(self.sent) + len(self.orders) < 4)
    def place(self) -> None:
        """An order of ours is sent; the exchange has not seen it yet."""
        self.count += 1
        client_order_id = f"c{self.count}"
        self.take(self.ledger.intend(request(client_order_id, quantity="10"), NOW))
        self.take(self.ledger.sent(client_order_id, NOW))
        self.sent.append(client_order_id)

    @rule()
    @precondition(lambda self: self.sent)
    def accept(self) -> None:
        """The exchange takes one of ours."""
        self.count += 1
        order = True_(f"x{self.count}", self.sent.pop(0))
        self.orders[order.number] = order
        self.say(order)

    @rule()
    @precondition(lambda self: len(self.orders) < 4)
    def accept_foreign(self) -> None:
        """The exchange takes an order from elsewhere."""
        self.count += 1
        order = True_(f"x{self.count}", "")
        self.orders[order.number] = order
        self.say(order)

    @rule()
    @precondition(lambda self: self.sent)
    def refuse(self) -> None:
        """The exchange refuses one of ours, and we hear of it."""
        client_order_id = self.sent.pop(0)
        self.take(self.ledger.rejected(client_order_id, "no", NOW))

    @rule(
        amount=st.integers(1, 10),
        price=st.integers(95, 105),
        is_named=st.booleans(),
        data=st.data(),
    )
    @precondition(lambda self: any(not o.status.is_final for o in self.orders.values()))
    def execute(self, amount: int, price: int, is_named: bool, data: st.DataObject) -> None:  # noqa: FBT001 - drawn
        """Some of an order is executed."""
        order = data.draw(st.sampled_from(self.living()))
        self.count += 1
        quantity = min(Decimal(amount), QUANTITY - order.filled)
        client_order_id = order.client_order_id if is_named else ""
        one = fill(
            self.count,
            str(quantity),
            str(price),
            exchange_order_id=order.number,
            client_order_id=client_order_id,
        )
        order.fills.append(one)
        if order.filled == QUANTITY:
            order.status = OrderStatus.FILLED
        self.news.append(one)
        self.say(order)

    @rule(end=st.sampled_from([OrderStatus.CANCELLED, OrderStatus.EXPIRED]), data=st.data())
    @precondition(lambda self: any(not o.status.is_final for o in self.orders.values()))
    def end(self, end: OrderStatus, data: st.DataObject) -> None:
        """What is left of an order ends."""
        order = data.draw(st.sampled_from(self.living()))
        order.status = end
        self.say(order)

    def living(self) -> list[True_]:
        """Orders that are open at the exchange."""
        return [order for order in self.orders.values() if not order.status.is_final]

    # --- what reaches the ledger ----------------------------------------------------------------

    @rule(data=st.data())
    @precondition(lambda self: self.news)
    def hear(self, data: st.DataObject) -> None:
        """Any news there ever was, new or old, once more or for the first time."""
        self.hear_one(data.draw(st.sampled_from(self.news)))

    def hear_one(self, news: OrderReport | Fill) -> None:
        """By its kind."""
        if isinstance(news, Fill):
            self.take(self.ledger.fill(news, NOW))
        else:
            self.take(self.ledger.report(news))

    @rule()
    def time_out(self) -> None:
        """No verdict came for what was sent."""
        for order in self.ledger.orders():
            if order.client_order_id:
                self.take(self.ledger.unknown(order.client_order_id, "timed out", NOW))

    @rule()
    def list_open(self) -> None:
        """A complete list of what is open now."""
        listed = [
            order.report(is_named=True, source=ReportSource.QUERY)
            for order in self.orders.values()
            if not order.status.is_final
        ]
        self.take(self.ledger.snapshot(listed, NOW))

    @rule()
    def say_something_strange(self) -> None:
        """A state that nobody knows, of every order that is open."""
        for order in self.living():
            odd = order.report(is_named=True, source=ReportSource.STREAM)
            self.take(self.ledger.report(evolve(odd, status=OrderStatus.UNKNOWN)))

    # --- what must hold -------------------------------------------------------------------------

    @invariant()
    def nothing_is_wrong(self) -> None:
        """No step backwards, no fill told twice."""
        assert self.wrong == []
        assert max(self.told_fills.values(), default=0) <= 1

    @invariant()
    def executions_are_counted_once(self) -> None:
        """Known ones make no more than what is filled, and their lack is known."""
        lacking = set()
        for order in self.ledger.orders():
            known = sum((one.quantity for one in self.ledger.fills(order.key)), Decimal(0))
            assert known <= order.filled_quantity
            if known < order.filled_quantity:
                lacking.add(order.key)
        assert set(self.ledger.needs_fills()) == lacking

    @invariant()
    def the_count_of_states_is_right(self) -> None:
        """The figures of the snapshot."""
        states = Counter(order.status.value for order in self.ledger.orders())
        assert {s: n for s, n in self.ledger.counts().items() if n} == states

    @invariant()
    def nobody_unclear_is_left_alone(self) -> None:
        """Every unknown order is to be resolved or asked for, and no final one is."""
        asked = set(self.ledger.doubtful())
        resolved = set(self.ledger.unknown_orders())
        for order in self.ledger.orders():
            if order.status is OrderStatus.UNKNOWN:
                assert order.key in asked or order.client_order_id in resolved
            if order.status.is_final:
                assert order.key not in asked
                assert order.client_order_id not in resolved

    @invariant()
    def nothing_is_held_for_an_order_that_is_known(self) -> None:
        """What is to be asked by its number alone is no order of which more is known."""
        for key in self.ledger.doubtful():
            known = self.ledger.find(key)
            assert known is None or known.key == key

    def teardown(self) -> None:
        """Once everything has been heard and asked, the truth is known."""
        for news in self.news:
            self.hear_one(news)
        for order in self.orders.values():
            self.hear_one(order.report(is_named=True, source=ReportSource.QUERY))
        for order in self.orders.values():
            self.check_truth(order)
        self.nothing_is_wrong()
        self.executions_are_counted_once()
        every_fill = [one.fill_id for order in self.orders.values() for one in order.fills]
        assert self.told_fills == Counter(every_fill)
        super().teardown()

    def check_truth(self, order: True_) -> None:
        """One order, as the ledger has it."""
        known = self.ledger.find(OrderKey(exchange_order_id=order.number))
        assert known is not None
        status = order.status
        if status is OrderStatus.OPEN and order.filled:
            status = OrderStatus.PARTIALLY_FILLED
        value = sum((one.quantity * one.price for one in order.fills), Decimal(0))
        assert (known.client_order_id, known.status) == (order.client_order_id, status)
        assert known.filled_quantity == order.filled
        assert known.average_price == (value / order.filled if order.filled else None)
        assert known.fees == sum((one.fee for one in order.fills), Decimal(0))
        assert known.key not in self.ledger.needs_fills()
        assert known.key not in self.ledger.doubtful()


class RestartingMachine(LedgerMachine):
    """The same, with a ledger that dies and is built again from its journal."""

    @rule()
    def restart(self) -> None:
        """Everything that was not written down is gone."""
        self.ledger = Ledger(EXCHANGE, self.journal)
        self.take(self.ledger.recover(NOW))


class ForgetfulMachine(LedgerMachine):
    """The same, with a ledger that keeps one final order; ours and others' beside it."""

    keep_final = 1

    def check_truth(self, order: True_) -> None:
        """Only of what is remembered; an order that lives is."""
        if self.ledger.find(OrderKey(exchange_order_id=order.number)) is not None:
            super().check_truth(order)
        else:
            assert order.status.is_final

    @rule()
    @precondition(lambda self: len(self.orders) < 12)
    def accept_more(self) -> None:
        """Short lives, so that there is something to forget."""
        self.count += 1
        order = True_(f"x{self.count}", "", OrderStatus.EXPIRED)
        self.orders[order.number] = order
        self.say(order)
        self.hear_one(self.news[-1])


SETTINGS = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_any_sequence_of_events_keeps_the_ledger_true() -> None:
    """Status, quantities, executions and duties, with ours and others' orders."""
    run_state_machine_as_test(LedgerMachine, settings=SETTINGS)


def test_the_same_over_restarts_from_the_journal() -> None:
    """No execution is told twice, and no order lost."""
    run_state_machine_as_test(RestartingMachine, settings=SETTINGS)


def test_the_same_with_little_memory() -> None:
    """Late news of forgotten orders changes nothing, and their executions are told once."""
    run_state_machine_as_test(ForgetfulMachine, settings=SETTINGS)
