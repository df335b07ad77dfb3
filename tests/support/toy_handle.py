"""A handle to the invented exchange of `toy`, a host that answers it, and each call of margin."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import anyio

from tests.support.toy import ToyHost, default_answer, toy_tree
from tests.support.toy_samples import NAME, report
from venuetree.exchange import ExchangeHandle
from venuetree.protocol import commands
from venuetree.protocol.models import (
    ClientExtensions,
    ExitChanges,
    Instrument,
    InstrumentStatus,
    OrderReport,
    OrderStatus,
    OrderType,
    Position,
    Quantum,
    QuantumField,
    ReportSource,
    SentimentKind,
    TimeInForce,
)
from venuetree.protocol.port import Ability, OrderTerms
from venuetree.supervisors.wiring import Part

__all__ = ["CALLS", "NO_STREAM", "ON_MARGIN", "Host", "filled", "handle"]

NO_STREAM = Part.ALL & ~Part.USER_STREAM
ON_MARGIN = frozenset({Ability.MARGIN, Ability.CLOSE_POSITION})
ORDERS = dict.fromkeys(
    (OrderType.LIMIT, OrderType.MARKET), OrderTerms(frozenset(TimeInForce), attached=True)
)
RULES = Instrument(
    "A-USD",
    "A",
    "USD",
    "A_USD",
    InstrumentStatus.TRADING,
    (
        Quantum(QuantumField.QUANTITY, "units", step=Decimal(1), minimum=Decimal(1)),
        Quantum(QuantumField.PRICE, "precision", step=Decimal("0.01")),
    ),
)


class Host(ToyHost):
    """Answers commands by their class, else as any healthy toy exchange."""

    def __init__(self, *positions: Position, **answers: object) -> None:
        super().__init__()
        self.answers_of: dict[str, object] = {
            "FetchInstruments": (RULES,),
            "FetchPositions": positions,
            **answers,
        }
        self.script = self._answer

    def _answer(self, command: Any) -> Any:
        if isinstance(command, commands.ClosePosition):
            return tuple(filled(order.client_order_id) for order in command.orders)
        name = type(command).__name__
        if name not in self.answers_of:
            return default_answer(command)
        answer = self.answers_of[name]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def asked(self, kind: type) -> list[Any]:
        """The commands of a kind that came."""
        return [command for command in self.commands if isinstance(command, kind)]


def filled(client_order_id: str) -> OrderReport:
    """An order that was executed at once, as a reply tells it."""
    return report(OrderStatus.FILLED, client_order_id, filled="1", source=ReportSource.REPLY)


@asynccontextmanager
async def handle(host: ToyHost, **profile: Any) -> AsyncIterator[ExchangeHandle]:
    """A handle to the invented exchange, once its tree is up."""
    profile.setdefault("orders", ORDERS)
    profile.setdefault("parts", NO_STREAM)
    numbers = iter(range(1000))
    async with toy_tree(host, **profile) as (tree, _, _):
        await anyio.sleep(1)
        yield ExchangeHandle(
            name=NAME,
            tree=tree,
            fatal=lambda: None,
            new_id=lambda: f"id-{next(numbers)}",
            feed_capacity=16,
            account_capacity=16,
        )


#: Each call of the margin part, by its operation.
CALLS: dict[str, Callable[[ExchangeHandle], Coroutine[Any, Any, object]]] = {
    "close_position": lambda e: e.close_position("A-USD"),
    "margin_trades": lambda e: e.margin_trades(),
    "margin_trade": lambda e: e.margin_trade("1"),
    "close_trade": lambda e: e.close_trade("1"),
    "change_exits": lambda e: e.change_exits("1", ExitChanges(stop_loss=None)),
    "write_on_order": lambda e: e.write_on_order("1", ClientExtensions(tag="t")),
    "write_on_trade": lambda e: e.write_on_trade("1", ClientExtensions(tag="t")),
    "account_summary": lambda e: e.account_summary(),
    "account_changes": lambda e: e.account_changes("1"),
    "configure_account": lambda e: e.configure_account(alias="a"),
    "conversions": lambda e: e.conversions("A-USD"),
    "sentiment": lambda e: e.sentiment("A-USD", SentimentKind.ORDERS),
}
