"""Runs a simulated exchange of the spot kind: orders are matched, a ledger holds the money.

What one exchange calls things differently from another is a `Particulars`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from attrs import define, field, frozen

from venuetree.protocol.models import Side
from venuetree.protocol.port import Endpoints
from venuetree.scenarios.operators.port import Held, HeldAccount, HeldFill, HeldOrder, Patterns
from venuetree.scenarios.simulated.accounts import Ledger
from venuetree.scenarios.simulated.matching import Side as TheirSide
from venuetree.scenarios.simulated.registry import Simulator

__all__ = ["Key", "Particulars", "SpotOperator", "SpotSimulator", "held_order"]


class SpotSimulator(Simulator, Protocol):
    """A simulated exchange whose market the house may move."""

    def book(self, symbol: str, side: TheirSide, /) -> list[tuple[Decimal, Decimal]]:
        """(price, quantity) of a side, best first."""

    def trade(self, symbol: str, side: TheirSide, quantity: Decimal, /) -> None:
        """Let the house take so much."""

    def offer(self, symbol: str, side: TheirSide, price: Decimal, quantity: Decimal, /) -> None:
        """Let the house offer so much."""

    def revoke_key(self, name: str, /) -> None:
        """Let a key be unknown from now on."""


class _Status(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def over(self) -> bool: ...


class _Execution(Protocol):
    @property
    def price(self) -> Decimal: ...
    @property
    def quantity(self) -> Decimal: ...
    @property
    def commission(self) -> Decimal: ...


@frozen
class Key:
    """A key of the account.

    Attributes:
        name: by which the exchange knows it.
        credentials: what an engine is given.
    """

    name: str
    credentials: Mapping[str, str] = field(repr=False)


@frozen
class Particulars:
    """What one exchange's simulator has otherwise than another's.

    Attributes:
        symbol: of the instrument, in the exchange's spelling.
        patterns: for faults.
        ledger: where the money is.
        account: whose it is, in the ledger.
        tick: between one price and the next.
        endpoints: where an engine finds the exchange, of the addresses of its surfaces.
        orders: every order of the account.
        key: what the engine is given.
        look_only_key: makes one that may look and not trade.
        halt: lets the instrument not be traded.
        resume: lets it be traded again.
    """

    symbol: str
    patterns: Patterns
    ledger: Ledger
    account: str
    tick: Callable[[], Decimal]
    endpoints: Callable[[Mapping[str, tuple[str, int]]], Endpoints]
    orders: Callable[[], Iterable[HeldOrder]]
    key: Key
    look_only_key: Callable[[], Key]
    halt: Callable[[], object]
    resume: Callable[[], object]


@define(eq=False)
class SpotOperator:
    """An `Operator`."""

    simulator: SpotSimulator
    _its: Particulars
    _key: Key = field(init=False)
    instrument: str = field(default="BTC-USD", init=False)
    small: Decimal = field(default=Decimal("0.01"), init=False)

    def __attrs_post_init__(self) -> None:
        self._key = self._its.key

    @property
    def credentials(self) -> Mapping[str, str]:
        """What the engine is given."""
        return self._key.credentials

    @property
    def patterns(self) -> Patterns:
        """For faults."""
        return self._its.patterns

    @property
    def tick(self) -> Decimal:
        """Between one price and the next."""
        return self._its.tick()

    def endpoints(self, addresses: Mapping[str, tuple[str, int]]) -> Endpoints:
        """Where an engine finds the exchange."""
        return self._its.endpoints(addresses)

    def orders(self, client_order_id: str) -> tuple[HeldOrder, ...]:
        """Every order that was ever created under this client order id."""
        return tuple(o for o in self._its.orders() if o.client_order_id == client_order_id)

    def account(self) -> HeldAccount:
        """What the account holds."""
        ledger, account = self._its.ledger, self._its.account
        balances = {name: ledger.balance(account, name) for name in ledger.currencies(account)}
        return HeldAccount(
            {name: (each.available, each.held) for name, each in balances.items() if each.total}, {}
        )

    def top(self) -> tuple[Decimal, Decimal]:
        """The best bid and the best ask."""
        bids, asks = self.book()
        return bids[0][0], asks[0][0]

    def book(self) -> tuple[list[tuple[Decimal, Decimal]], list[tuple[Decimal, Decimal]]]:
        """Bids and asks, best first."""
        symbol = self._its.symbol
        return (
            self.simulator.book(symbol, TheirSide.BUY),
            self.simulator.book(symbol, TheirSide.SELL),
        )

    def trade_against(self, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Let the house take so much of our order, and first what the book offers at better."""
        bids, asks = self.book()
        if side is Side.BUY:
            taker, better = TheirSide.SELL, (size for level, size in bids if level > price)
        else:
            taker, better = TheirSide.BUY, (size for level, size in asks if level < price)
        self.simulator.trade(self._its.symbol, taker, sum(better, quantity))

    def offer(self, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Let the house buy or sell so much at a price."""
        house = TheirSide.BUY if side is Side.BUY else TheirSide.SELL
        self.simulator.offer(self._its.symbol, house, price, quantity)

    def thin_out(self, quantity: Decimal) -> None:
        """Leave only so much to be had at the best ask."""
        _, asks = self.book()
        self.simulator.trade(self._its.symbol, TheirSide.BUY, asks[0][1] - quantity)

    def revoke_key(self) -> None:
        """Let the engine's key be unknown from now on."""
        self.simulator.revoke_key(self._key.name)

    def restrict_key(self) -> None:
        """Give the engine a key that may look and not trade."""
        self._key = self._its.look_only_key()

    def spoil_key(self) -> None:
        """Give the engine a key that the exchange has never seen."""
        self.restrict_key()
        self.revoke_key()

    def halt(self) -> None:
        """Let the instrument not be traded."""
        self._its.halt()

    def resume(self) -> None:
        """Let it be traded again."""
        self._its.resume()

    def holding(self) -> Decimal:
        """All that the account has of the base currency, held for orders or not."""
        base, _, _ = self.instrument.partition("-")
        return self._its.ledger.balance(self._its.account, base).total


def held_order(
    client_order_id: str, exchange_order_id: str, status: _Status, fills: Sequence[_Execution]
) -> HeldOrder:
    """An order of theirs, said the same for all."""
    held = Held.OPEN
    if status.over:
        # Each of the exchanges has this word for it.
        held = Held.FILLED if status.name == "FILLED" else Held.CANCELLED
    told = tuple(HeldFill(each.price, each.quantity, each.commission) for each in fills)
    return HeldOrder(client_order_id, exchange_order_id, held, told)
