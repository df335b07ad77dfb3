"""The events of accounts, as ready JSON objects, in the order in which things happened.

They are told before the call that caused them is answered, as the exchange
may do.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import attrs

from venuetree.scenarios.simulated.accounts import Balance, Ledger
from venuetree.scenarios.simulated.binance_us.filters import Profile, wire
from venuetree.scenarios.simulated.binance_us.orders import (
    ZERO,
    Fill,
    Order,
    OrderList,
    PreventedMatch,
)
from venuetree.scenarios.simulated.binance_us.rendering import queried

Listener = Callable[[str, dict[str, Any]], None]
"""Takes the account's name and the event."""


@attrs.define(eq=False)
class UserEvents:
    """Makes the events, and tells them to its listeners."""

    ledger: Ledger
    profile: Profile
    now_ms: Callable[[], int]
    listeners: list[Listener] = attrs.field(factory=list, init=False)
    updated_ms: dict[str, int] = attrs.field(factory=dict, init=False)
    """By account: when a balance changed last."""
    _execution_id: int = attrs.field(default=4_644_490_000, init=False)
    _told: dict[tuple[str, str], Balance] = attrs.field(factory=dict, init=False)

    def begin(self, account: str) -> None:
        """Take the balances of an account as known to its owner."""
        self.updated_ms[account] = self.now_ms()
        for asset in self.ledger.currencies(account):
            self._told[account, asset] = self.ledger.balance(account, asset)

    def report(
        self,
        order: Order,
        execution_type: str,
        *,
        assets: Iterable[str],
        fill: Fill | None = None,
        prevented: PreventedMatch | None = None,
    ) -> None:
        """Tell a change of an order, and then of the balances of its assets if they moved."""
        now_ms = self.now_ms()
        order.updated_ms = now_ms
        order.history.append((now_ms, queried(order)))
        self._execution_id += 1
        event = _execution_report(order, execution_type, now_ms, self._execution_id, fill)
        if self.profile is Profile.LIVE and order.expiry_reason:
            event["eR"] = order.expiry_reason
        if prevented is not None:
            event |= _prevention(order, prevented)
        self._tell(order.account, event)
        self.position(order.account, assets)

    def position(self, account: str, assets: Iterable[str]) -> None:
        """Tell the balances of these assets, if any of them is not as it was told last."""
        now = {asset: self.ledger.balance(account, asset) for asset in assets}
        if all(self._told.get((account, asset)) == balance for asset, balance in now.items()):
            return
        self._told |= {(account, asset): balance for asset, balance in now.items()}
        self.updated_ms[account] = self.now_ms()
        self._tell(
            account,
            {
                "e": "outboundAccountPosition",
                "E": self.now_ms(),
                "u": self.updated_ms[account],
                "B": [
                    {"a": asset, "f": wire(balance.available), "l": wire(balance.held)}
                    for asset, balance in now.items()
                ],
            },
        )

    def moved(self, account: str, asset: str, amount: Decimal) -> None:
        """Tell of a deposit, or with a negative amount of a withdrawal, and then the balance."""
        now_ms = self.now_ms()
        self._tell(
            account,
            {"e": "balanceUpdate", "E": now_ms, "a": asset, "d": wire(amount), "T": now_ms},
        )
        self.position(account, (asset,))

    def list_changed(self, listed: OrderList) -> None:
        """Tell the state of an order list."""
        now_ms = self.now_ms()
        status_type, order_status = listed.status.value
        self._tell(
            listed.account,
            {
                "e": "listStatus",
                "E": now_ms,
                "s": listed.symbol,
                "g": listed.list_id,
                "c": "OCO",
                "l": status_type,
                "L": order_status,
                "r": "NONE",
                "C": listed.client_list_id,
                "T": now_ms,
                "O": [
                    {
                        "s": leg.symbol,
                        "i": leg.order_id,
                        "c": leg.original_client_id or leg.client_order_id,
                    }
                    for leg in listed.legs
                ],
            },
        )

    def _tell(self, account: str, event: dict[str, Any]) -> None:
        for listener in self.listeners:
            listener(account, event)


def _execution_report(
    order: Order, execution_type: str, now_ms: int, execution_id: int, fill: Fill | None
) -> dict[str, Any]:
    ticket = order.ticket
    event: dict[str, Any] = {
        "e": "executionReport",
        "E": now_ms,
        "s": order.symbol,
        "c": order.client_order_id,
        "S": ticket.side.value,
        "o": ticket.order_type.value,
        "f": ticket.time_in_force.value,
        "q": wire(order.quantity),
        "p": wire(ticket.price or ZERO),
        "P": wire(ticket.stop_price or ZERO),
        "F": wire(ticket.iceberg_quantity or ZERO),
        "g": order.list_id,
        "C": order.original_client_id,
        "x": execution_type,
        "X": order.status.value,
        "r": order.reject_reason,
        "i": order.order_id,
        "l": wire(fill.quantity if fill else ZERO),
        "z": wire(order.executed),
        "L": wire(fill.price if fill else ZERO),
        "n": wire(fill.commission) if fill else "0",
        "N": fill.commission_asset if fill else None,
        "T": now_ms,
        "t": fill.trade_id if fill else -1,
        "I": execution_id,
        "w": order.working_ms >= 0 and not order.status.over,
        "m": fill.is_maker if fill else False,
        "M": fill is not None,
        "O": order.created_ms,
        "Z": wire(order.executed_quote),
        "Y": wire(fill.quote_quantity if fill else ZERO),
        "Q": wire(ticket.quote_quantity or ZERO),
    }
    if order.working_ms >= 0:
        event["W"] = order.working_ms
    event["V"] = ticket.self_trade.value
    if ticket.strategy_id is not None:
        event["j"] = ticket.strategy_id
    if ticket.strategy_type is not None:
        event["J"] = ticket.strategy_type
    return event


def _prevention(order: Order, match: PreventedMatch) -> dict[str, Any]:
    made = order.order_id == match.maker_order_id
    return {
        "v": match.prevented_match_id,
        "u": -1,
        "U": match.taker_order_id if made else match.maker_order_id,
        "A": wire(order.prevented),
        "B": wire(match.maker_quantity if made else match.taker_quantity),
    }
