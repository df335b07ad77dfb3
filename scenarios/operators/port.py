"""What a scenario needs of any simulated exchange, said the same for all."""

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Protocol

from attrs import frozen

from venuetree.protocol.models import Side
from venuetree.protocol.port import Endpoints
from venuetree.scenarios.simulated.registry import Simulator

__all__ = ["Held", "HeldAccount", "HeldFill", "HeldOrder", "Operator", "Patterns"]


class Held(Enum):
    """What an order is to the exchange."""

    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"
    """Cancelled, expired, or refused after it was taken."""


@frozen(order=True)
class HeldFill:
    """One execution; the price is in quote currency, the quantity in base currency."""

    price: Decimal
    quantity: Decimal
    fee: Decimal


@frozen
class HeldOrder:
    """An order as the exchange itself holds it; quantities are in base currency."""

    client_order_id: str
    exchange_order_id: str
    status: Held
    fills: tuple[HeldFill, ...]

    @property
    def filled(self) -> Decimal:
        """What was executed so far."""
        return sum((fill.quantity for fill in self.fills), Decimal(0))


@frozen
class HeldAccount:
    """The account as the exchange itself holds it.

    Attributes:
        balances: by currency, what is available and what is set aside; none that are nothing.
        positions: by instrument, what is held of it, negative if short; empty where there are no
            positions.
    """

    balances: Mapping[str, tuple[Decimal, Decimal]]
    positions: Mapping[str, Decimal]


@frozen
class Patterns:
    """How the exchange's requests and stream channels are called, for `faults` to hit them.

    Attributes:
        place: requests that place an order.
        cancel: requests that cancel one.
        read: requests that read an order or a list of them.
        book: the channel of the instrument's book.
        market: all channels of market data.
        user: the channels of the account's own stream.
        market_surface: where market streams connect, for `KickOnConnect` and `RefuseConnection`.
        cancel_all: requests by which all orders are cancelled, one by one or together.
        replace: requests that put an order in another's place; `""` where there are none.
        pair: requests that place two orders of which one cancels the other, likewise.
        close: requests that close a position or a margin trade, likewise.
    """

    place: str
    cancel: str
    read: str
    book: str
    market: str
    user: str
    market_surface: str
    cancel_all: str
    replace: str = ""
    pair: str = ""
    close: str = ""


class Operator(Protocol):
    """Runs one simulated exchange."""

    @property
    def simulator(self) -> Simulator:
        """The exchange."""

    @property
    def credentials(self) -> Mapping[str, str]:
        """What the engine is given."""

    @property
    def instrument(self) -> str:
        """What is traded, by our name."""

    @property
    def small(self) -> Decimal:
        """A quantity that every rule allows and the account can afford many times."""

    @property
    def tick(self) -> Decimal:
        """Between one price and the next."""

    @property
    def patterns(self) -> Patterns:
        """For faults."""

    def endpoints(self, addresses: Mapping[str, tuple[str, int]]) -> Endpoints:
        """Where an engine finds the exchange."""

    def orders(self, client_order_id: str) -> tuple[HeldOrder, ...]:
        """Every order that was ever created under this client order id: one, if all is well."""

    def account(self) -> HeldAccount:
        """What the account holds."""

    def top(self) -> tuple[Decimal, Decimal]:
        """The best bid and the best ask."""

    def book(self) -> tuple[list[tuple[Decimal, Decimal]], list[tuple[Decimal, Decimal]]]:
        """Bids and asks as (price, quantity), best first, as a subscriber should see them."""

    def trade_against(self, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Let somebody trade so much with an order of ours, which rests at or near the best.

        Args:
            side: of our order.
            price: of our order.
            quantity: how much of it is executed, if it wants as much.
        """

    def offer(self, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Let somebody else buy or sell so much at a price, so that the book shows it.

        Args:
            side: theirs.
            price: better than the market's on that side, and not beyond it.
            quantity: how much.
        """

    def thin_out(self, quantity: Decimal) -> None:
        """Leave only so much to be had at the best ask, and far less than usual behind it."""

    def revoke_key(self) -> None:
        """Let the engine's key be worth nothing from now on."""

    def restrict_key(self) -> None:
        """Give the engine, which has not started, a key that may look and not trade."""

    def spoil_key(self) -> None:
        """Give the engine, which has not started, a key that the exchange does not know."""

    def halt(self) -> None:
        """Let the instrument not be traded."""

    def resume(self) -> None:
        """Let it be traded again."""

    def holding(self) -> Decimal:
        """How much base currency the account has in all; its net position where it has one."""
