"""Whatever was asked, an answer that cannot be read is an error."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.oanda_questions import EUR_USD, all_trades, minutes
from tests.support.oanda_reading import context, reply, talk
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.exchanges.oanda import account_flows as account
from venuetree.protocol.exchanges.oanda import market_flows as market
from venuetree.protocol.models import SentimentKind
from venuetree.protocol.port import RestFlow

QUESTIONS: dict[str, Callable[[], RestFlow[Any]]] = {
    "instruments": lambda: market.instruments(()),
    "tickers": lambda: market.tickers((EUR_USD,), context()),
    "book": lambda: market.book(EUR_USD, None, context()),
    "conversions": lambda: market.conversions((EUR_USD,), context()),
    "candles": lambda: minutes(0, 2),
    "sentiment": lambda: market.sentiment(EUR_USD, SentimentKind.ORDERS, None, context()),
    "balances": account.balances,
    "key_permissions": account.key_permissions,
    "summary": account.summary,
    "log_state": account.log_state,
    "changes": lambda: account.changes("1"),
    "positions": lambda: account.positions("", context()),
    "position": lambda: account.positions(EUR_USD, context()),
    "trades": all_trades,
    "trade": lambda: account.trade("1"),
}


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"5", b"{}", b'{"lastTransactionID":"1"}'])
def test_an_answer_that_cannot_be_read_is_an_error(name: str, body: bytes) -> None:
    """Its bytes are kept; what is missing does not pass for empty."""
    with pytest.raises(RemoteProtocolError) as caught:
        talk(reply(body)).run(QUESTIONS[name]())

    assert caught.value.payload == body
