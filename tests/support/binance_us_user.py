"""What the tests of Binance.US's user connection share: a session, what it is told and wants."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

from venuetree.protocol import commands
from venuetree.protocol.errors import ExchangeRefused
from venuetree.protocol.exchanges.binance_us.user_session import Door, UserSession
from venuetree.protocol.models import (
    Instrument,
    InstrumentStatus,
    OrderReport,
    OrderStatus,
    ReportSource,
)
from venuetree.protocol.port import Call
from venuetree.protocol.timestamps import SECOND

__all__ = [
    "EVENT",
    "NAME",
    "NOW",
    "REFUSED",
    "actions",
    "evolve_event",
    "frame",
    "granted",
    "listed",
    "listening",
    "session",
    "subscribed",
    "told",
]

NAME = "binance_us"
NOW = 1_788_540_700 * SECOND
EVENT: Mapping[str, Any] = {
    "e": "executionReport",
    "E": 1788540701412,
    "s": "BTCUSD",
    "c": "c1",
    "S": "SELL",
    "o": "LIMIT",
    "f": "GTC",
    "q": "0.00200000",
    "p": "116480.12000000",
    "P": "0.00000000",
    "F": "0.00000000",
    "g": -1,
    "C": "",
    "x": "TRADE",
    "X": "PARTIALLY_FILLED",
    "r": "NONE",
    "i": 2281897003,
    "l": "0.00100000",
    "z": "0.00100000",
    "L": "116480.12000000",
    "n": "0.01164801",
    "N": "USD",
    "T": 1788540701412,
    "t": 88685240,
    "I": 4644491190,
    "w": True,
    "m": False,
    "M": True,
    "O": 1788540701412,
    "Z": "116.48012000",
    "Y": "116.48012000",
    "Q": "0.00000000",
    "W": 1788540701412,
    "V": "EXPIRE_MAKER",
}
REFUSED = ExchangeRefused("gone", exchange=NAME, operation="key", code="410")


def frame(message: Mapping[str, Any]) -> bytes:
    """As it comes."""
    return orjson.dumps(message)


def told(event: Mapping[str, Any] = EVENT) -> bytes:
    """An event of the WebSocket API."""
    return frame({"subscriptionId": 0, "event": event})


def granted() -> bytes:
    """The answer to the subscription."""
    return frame({"id": 1, "status": 200, "result": {"subscriptionId": 0}})


def listed(number: str = "2281897003", filled: str = "0") -> OrderReport:
    """An open order as REST tells it."""
    return OrderReport(
        exchange=NAME,
        instrument="BTC-USD",
        exchange_order_id=number,
        status=OrderStatus.OPEN,
        source=ReportSource.QUERY,
        received_time_ns=NOW,
        filled_quantity=Decimal(filled),
    )


def session(door: Door = Door.WS_API, *symbols: str) -> UserSession:
    """Before its connection is opened."""
    known = {
        name: Instrument(
            name,
            name.partition("-")[0],
            name.partition("-")[2],
            name.replace("-", ""),
            InstrumentStatus.TRADING,
        )
        for name in symbols
    }
    return UserSession("user", door, lambda: known)


def subscribed() -> UserSession:
    """With its subscription granted, and nothing listed yet."""
    live = session()
    live.opened(NOW)
    live.step(NOW)
    live.receive(granted(), NOW)
    return live


def listening(*open_orders: OrderReport) -> UserSession:
    """With the first list taken in."""
    live = subscribed()
    live.step(NOW)
    live.answered(commands.FetchOpenOrders(), open_orders, NOW)
    return live


def actions(live: UserSession, now_ns: int = NOW) -> list[object]:
    """What it wants done, commands without their wrapping."""
    return [
        action.command if isinstance(action, Call) else action
        for action in live.step(now_ns).actions
    ]


def evolve_event(**fields: Any) -> dict[str, Any]:
    """The event with other fields."""
    return {**EVENT, **fields}
