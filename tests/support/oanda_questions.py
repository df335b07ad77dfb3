"""What the tests of OANDA's questions share: an instrument, the account, questions for lists."""

from typing import Any

from tests.support.oanda_reading import context
from venuetree.protocol.exchanges.oanda import account_flows as account
from venuetree.protocol.exchanges.oanda import market_flows as market
from venuetree.protocol.models import Candle
from venuetree.protocol.port import RestFlow
from venuetree.protocol.timestamps import SECOND

__all__ = ["EUR_USD", "MINUTE", "START_NS", "A", "all_trades", "minutes"]

EUR_USD = "EUR-USD"
A = "/v3/accounts/{account}"
MINUTE = 60 * SECOND
START_NS = 1_718_114_520 * SECOND


def minutes(start: int, end: int, **fields: Any) -> RestFlow[tuple[Candle, ...]]:
    """The candles of these minutes."""
    begin_ns, end_ns = START_NS + start * MINUTE, START_NS + end * MINUTE
    return market.candles(EUR_USD, MINUTE, begin_ns, end_ns, context(**fields))


def all_trades(limit: int | None = None, *, instrument: str = "") -> RestFlow[tuple[Any, ...]]:
    """Trades, open ones or not."""
    return account.trades(instrument, context(), is_open_only=False, limit=limit)
