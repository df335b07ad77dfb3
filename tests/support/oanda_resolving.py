"""What the tests of resolving OANDA's orders share: an order without a verdict, a resolution."""

from typing import Any

from tests.support.oanda_acting import NOW_NS, Asked, MemoryLog, converse
from tests.support.oanda_orders import ID
from venuetree.protocol.builders import market_order
from venuetree.protocol.commands import Resend, Resolution, ResolveOrder
from venuetree.protocol.models import OrderRequest, Side
from venuetree.protocol.port import Effect, Lane
from venuetree.protocol.timestamps import SECOND

__all__ = ["ORDER", "SENT", "resolve"]

BUY = Side.BUY
SENT = NOW_NS - SECOND
ORDER = market_order("EUR-USD", BUY, quantity="10000", client_order_id=ID)


def resolve(
    *entries: dict[str, Any],
    order: OrderRequest = ORDER,
    position: str = "6400",
    age_ns: int = SECOND,
    known: frozenset[str] = frozenset(),
    log: MemoryLog | None = None,
    asked: Asked | None = None,
) -> Resolution:
    """What is found out; all of it by questions, as urgent as they are."""
    heard = Asked() if asked is None else asked
    command = ResolveOrder(order, SENT, Resend.ALLOWED, known, position)
    answer = converse(command, log or MemoryLog(entries), now_ns=SENT + age_ns, asked=heard)
    assert all(request.effect is Effect.READ for request in heard.requests)
    assert all(request.lane is Lane.RESOLVE for request in heard.requests)
    return answer
