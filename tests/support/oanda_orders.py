"""What the tests of OANDA's orders share: an order of each type."""

from typing import Any

from attrs import evolve

from venuetree.protocol.builders import limit_order, market_order
from venuetree.protocol.models import OrderRequest, Side, TimeInForce

__all__ = ["ID", "LIMIT", "WAITING", "limit", "market"]

BUY = Side.BUY
FOK = TimeInForce.FILL_OR_KILL
ID = "eng-0007"


def market(side: Side = BUY, **changes: Any) -> OrderRequest:
    """A market order for 10000 units, filled whole or not at all."""
    order = market_order("EUR-USD", side, quantity="10000", time_in_force=FOK, client_order_id=ID)
    return evolve(order, **changes)


def limit(side: Side = BUY, **changes: Any) -> OrderRequest:
    """A limit order."""
    order = limit_order("EUR-USD", side, quantity="10000", price="1.0910", client_order_id=ID)
    return evolve(order, **changes)


WAITING = {"timeInForce": "GTC", "positionFill": "DEFAULT", "triggerCondition": "DEFAULT"}
LIMIT = {"type": "LIMIT", "instrument": "EUR_USD", "units": "10000", "price": "1.0910", **WAITING}
