"""Executions: how they are read, and which are none."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.coinbase import Conversation, payload, reply
from tests.support.coinbase_orders import CLIENT_ID, KEY, ORDER_ID
from venuetree.protocol.commands import FetchFills
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.models import Fill, Liquidity, Side
from venuetree.protocol.timestamps import from_rfc3339

D = Decimal


def test_fills_are_read_until_the_cursor_is_empty() -> None:
    """The whole fill, from the spec's envelope; there is no `has_next`."""
    page = payload("rest_fills")
    talk = Conversation([reply({**page, "cursor": "more"}), reply({"fills": [], "cursor": ""})])
    (fill,) = talk.ask(FetchFills(KEY))

    assert fill == Fill(
        exchange="coinbase",
        instrument="BTC-USD",
        fill_id="0b1c2d3e4f5061728394a5b6c7d8e9f00112233445566778899aabbccddeeff0",
        exchange_order_id=ORDER_ID,
        side=Side.BUY,
        price=D("64250.1"),
        quantity=D("0.005"),
        fee=D("1.6062525"),
        fee_currency="USD",
        liquidity=Liquidity.MAKER,
        exchange_time_ns=from_rfc3339("2026-10-05T09:15:25.1Z"),
        client_order_id=CLIENT_ID,
        trade_id="5b0c1f58-9a4e-4b3a-bb1c-111122223333",
    )
    assert talk.requests[1].query == f"order_ids={ORDER_ID}&limit=250&cursor=more"


def fill_of(**members: Any) -> Any:
    """A page of the spec's fill, other in these members."""
    return reply({"fills": [{**payload("rest_fills")["fills"][0], **members}], "cursor": ""})


def test_a_fill_sized_in_quote_is_reckoned_in_base() -> None:
    """`size` is in dollars then."""
    talk = Conversation([fill_of(size_in_quote=True, size="321.2505")])

    assert talk.ask(FetchFills(KEY))[0].quantity == D("0.005")
    with pytest.raises(RemoteProtocolError):
        Conversation([fill_of(size_in_quote=True, price="0")]).ask(FetchFills(KEY))


def test_corrections_of_the_exchange_are_no_executions() -> None:
    """And a fill of an unknown side is an error."""
    assert Conversation([fill_of(trade_type="REVERSAL")]).ask(FetchFills(KEY)) == ()
    with pytest.raises(RemoteProtocolError):
        Conversation([fill_of(side="BOTH")]).ask(FetchFills(KEY))
    unknown = Conversation([fill_of(liquidity_indicator="WHO_KNOWS")]).ask(FetchFills(KEY))
    assert unknown[0].liquidity is Liquidity.UNKNOWN
