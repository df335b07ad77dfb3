"""Runs the simulated OANDA."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from venuetree.protocol.models import Side
from venuetree.protocol.port import Endpoints
from venuetree.scenarios.operators.port import (
    Held,
    HeldAccount,
    HeldFill,
    HeldOrder,
    Patterns,
)
from venuetree.scenarios.simulated.oanda import Settings, SimulatedOanda

__all__ = ["OandaOperator"]

_NAME = "EUR_USD"


class OandaOperator:
    """An `Operator`."""

    instrument = "EUR-USD"
    small = Decimal(100)
    patterns = Patterns(
        place="POST */orders",
        cancel="PUT */cancel",
        read="GET */orders*",
        book="pricing/*",
        market="pricing/*",
        user="transactions/*",
        market_surface="pricing",
        cancel_all="PUT */cancel",
        replace="PUT */orders/*",
        close="PUT */close",
    )

    def __init__(self, seed: int, now_ns: Callable[[], int], **settings: Any) -> None:
        self.simulator = SimulatedOanda(seed=seed, settings=Settings(**settings), now_ns=now_ns)
        self.credentials: Mapping[str, str] = self._with(self.simulator.token)
        self._token = self.simulator.token

    @property
    def tick(self) -> Decimal:
        """Between one price and the next."""
        return self.simulator.prices.instruments[_NAME].tick

    def endpoints(self, addresses: Mapping[str, tuple[str, int]]) -> Endpoints:
        """Where an engine finds the exchange."""
        told = self.simulator.endpoints(addresses)
        return Endpoints(told["rest"], told["stream"])

    def orders(self, client_order_id: str) -> tuple[HeldOrder, ...]:
        """Every order that was ever created under this client order id."""
        written = self.simulator.account.transactions
        created = [
            each["id"]
            for each in written
            if str(each["type"]).endswith("_ORDER")
            and each.get("clientExtensions", {}).get("id") == client_order_id
        ]
        return tuple(_held(client_order_id, order_id, written) for order_id in created)

    def account(self) -> HeldAccount:
        """What the account holds."""
        state = self.simulator.account.state
        units: dict[str, Decimal] = {}
        for trade in state.trades.open():
            name = trade.instrument.name.replace("_", "-")
            units[name] = units.get(name, Decimal(0)) + trade.current_units
        return HeldAccount({state.settings.home: (state.balance, Decimal(0))}, units)

    def top(self) -> tuple[Decimal, Decimal]:
        """The best bid and the best ask."""
        quote = self.simulator.prices.quote(_NAME)
        return quote.bid, quote.ask

    def book(self) -> tuple[list[tuple[Decimal, Decimal]], list[tuple[Decimal, Decimal]]]:
        """The rungs of the ladder, best first."""
        quote = self.simulator.prices.quote(_NAME)
        return (
            [(rung.price, Decimal(rung.liquidity)) for rung in quote.bids],
            [(rung.price, Decimal(rung.liquidity)) for rung in quote.asks],
        )

    def trade_against(self, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Move the price to our order, with so much to be had there."""
        bid, ask = self.top()
        spread = ask - bid
        bid = price - spread if side is Side.BUY else price
        self.simulator.prices.set_price(_NAME, bid, bid + spread, liquidity=int(quantity))

    def offer(self, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Move the best bid or ask there, with so much to be had on either side."""
        self.trade_against(Side.SELL if side is Side.BUY else Side.BUY, price, quantity)

    def thin_out(self, quantity: Decimal) -> None:
        """Leave only so much to be had, on either side."""
        bid, ask = self.top()
        self.simulator.prices.set_price(_NAME, bid, ask, liquidity=int(quantity))

    def revoke_key(self) -> None:
        """Let the engine's token be unknown from now on; its streams end."""
        self.simulator.revoke_token(self._token)

    def restrict_key(self) -> None:
        """Give the engine a token of another account: here a token may do all or nothing."""
        other = self.simulator.add_account(alias="Stranger")
        self._token = self.simulator.add_token(other)
        self.credentials = self._with(self._token)

    def spoil_key(self) -> None:
        """Give the engine a token that the exchange has never seen."""
        self.restrict_key()
        self.simulator.revoke_token(self._token)

    def halt(self) -> None:
        """Let the instrument not be traded."""
        self.simulator.prices.halt(_NAME)

    def resume(self) -> None:
        """Let it be traded again."""
        self.simulator.prices.resume(_NAME)

    def holding(self) -> Decimal:
        """The position: what all executions add up to."""
        written = self.simulator.account.transactions
        return sum(
            (Decimal(str(each["units"])) for each in written if each["type"] == "ORDER_FILL"),
            Decimal(0),
        )

    def _with(self, token: str) -> Mapping[str, str]:
        return {"token": token, "account_id": self.simulator.account.id}


def _held(client_order_id: str, order_id: Any, written: Iterable[Any]) -> HeldOrder:
    """What became of an order, read from the account's log."""
    about = [each for each in written if each.get("orderID") == order_id]
    fills = tuple(
        HeldFill(
            Decimal(str(each["price"])),
            abs(Decimal(str(each["units"]))),
            Decimal(str(each.get("commission", 0))),
        )
        for each in about
        if each["type"] == "ORDER_FILL"
    )
    kinds = {each["type"] for each in about}
    status = Held.OPEN
    if "ORDER_CANCEL" in kinds:
        status = Held.CANCELLED
    elif "ORDER_FILL" in kinds:
        status = Held.FILLED
    return HeldOrder(client_order_id, str(order_id), status, fills)
