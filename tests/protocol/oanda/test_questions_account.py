"""The account, positions and margin trades: what is asked, and what is made of the answers."""

from decimal import Decimal
from urllib.parse import parse_qsl

import pytest

from tests.support.oanda_questions import EUR_USD, A, all_trades
from tests.support.oanda_reading import NOW_NS, context, payload, reply, talk
from venuetree.protocol.errors import (
    AuthRefused,
    ExchangeUnavailable,
    InstrumentNotFound,
    MarginTradeNotFound,
    OutcomeUnknown,
    PermissionRefused,
)
from venuetree.protocol.exchanges.oanda import account_flows as account
from venuetree.protocol.models import Balance, MarginTradeState, OrderType, Side
from venuetree.protocol.port import Effect, LogTold, RestReply

D = Decimal
X = "oanda"


def refused(status: int, code: str, message: str = "no") -> RestReply:
    """A refusal, in the exchange's form."""
    return reply({"errorMessage": message, "errorCode": code}, status)


# ---------------------------------------------------------------- the account


def test_the_account_has_one_balance() -> None:
    """Its cash, as transactions tell it."""
    conversation = talk(reply(payload("rest_summary")))

    assert conversation.run(account.balances()) == (Balance(X, "USD", D("100000.0000"), D(0)),)
    assert conversation.asked == [f"GET {A}/summary"]
    assert conversation.news == [LogTold("6404", (), NOW_NS)]


def test_a_token_that_reads_the_account_is_good() -> None:
    """What else it may only a refusal would tell; money cannot be moved at all."""
    told = talk(reply(payload("rest_summary"))).run(account.key_permissions())

    assert (told.can_view, told.can_trade, told.can_transfer) == (True, True, False)
    assert told.detail == "account in USD"


@pytest.mark.parametrize(
    ("status", "error"), [(401, AuthRefused), (403, PermissionRefused), (503, ExchangeUnavailable)]
)
def test_a_token_that_does_not_read_the_account(status: int, error: type[Exception]) -> None:
    """Wrong, or of another account, or nobody knows."""
    told = reply({"errorMessage": "Insufficient authorization to perform request."}, status)
    with pytest.raises(error):
        talk(told).run(account.key_permissions())


def test_the_summary_of_the_account() -> None:
    """What it is worth."""
    told = talk(reply(payload("rest_summary"))).run(account.summary())

    assert (told.net_asset_value, told.received_time_ns) == (D("100000.6000"), NOW_NS)


def test_the_account_at_a_position_of_its_log() -> None:
    """Everything that is open, exits joined with their trades both ways."""
    conversation = talk(reply(payload("rest_account")))
    state = conversation.run(account.log_state())
    (trade,) = state.trades

    assert conversation.asked == [f"GET {A}"]
    assert (state.position, state.currency) == ("6404", "USD")
    assert [order.exchange_order_id for order in state.open_orders] == ["6400", "6403", "6404"]
    assert [order.instrument for order in state.open_orders] == [EUR_USD] * 3
    assert [order.side for order in state.open_orders] == [Side.SELL] * 3
    assert trade.exits == state.open_orders[1:]
    assert trade.exits[0].type is OrderType.TAKE_PROFIT


def test_what_has_changed_since() -> None:
    """By the number of a transaction."""
    conversation = talk(reply(payload("rest_changes")))
    told = conversation.run(account.changes("6400"))

    assert conversation.asked == [f"GET {A}/changes?sinceTransactionID=6400"]
    assert told.last_transaction_id == "6405"


def test_only_what_is_given_is_configured() -> None:
    """As text; and that it may have happened though the answer was lost."""
    body = payload("rest_configured")
    conversation = talk(reply(body))
    conversation.run(account.configure("engine-1", D("0.02")))
    (request,) = conversation.requests

    assert (request.method, request.path) == ("PATCH", f"{A}/configuration")
    assert request.body == b'{"alias":"engine-1","marginRate":"0.02"}'
    assert request.effect is Effect.WRITE
    conversation = talk(reply(body))
    conversation.run(account.configure(None, D("0.05")))
    assert conversation.requests[0].body == b'{"marginRate":"0.05"}'
    conversation = talk()
    conversation.run(account.configure(None, None))
    assert conversation.requests == []
    with pytest.raises(OutcomeUnknown):
        talk(reply(b"", 504)).run(account.configure("a", None))


# ---------------------------------------------------------------- positions


def test_positions_that_are_open() -> None:
    """Of all instruments, or of one."""
    body = payload("rest_positions")
    conversation = talk(reply(body))
    (position,) = conversation.run(account.positions("", context()))
    one = talk(reply({"position": body["positions"][0]}))

    assert conversation.asked == [f"GET {A}/openPositions"]
    assert (position.instrument, position.quantity) == (EUR_USD, D(10000))
    assert one.run(account.positions(EUR_USD, context())) == (position,)
    assert one.asked == [f"GET {A}/positions/EUR_USD"]


def test_an_instrument_that_was_never_traded_has_no_position() -> None:
    """Which the exchange tells as a refusal."""
    told = refused(404, "NO_SUCH_POSITION", "The Position specified does not exist")

    assert talk(told).run(account.positions(EUR_USD, context())) == ()


def test_an_instrument_that_there_is_not_is_told() -> None:
    """That is another thing."""
    told = refused(
        400,
        "oanda::rest::core::InvalidParameterException",
        "Invalid value specified for 'instrument'",
    )
    with pytest.raises(InstrumentNotFound):
        talk(told).run(account.positions("EUR-UDS", context()))


# ---------------------------------------------------------------- margin trades

TRADE = payload("rest_trade")["trade"]


def trade_page(*ids: int) -> RestReply:
    """An answer with trades of these numbers."""
    return reply({"trades": [{**TRADE, "id": str(each)} for each in ids]})


def test_one_trade() -> None:
    """With its exits."""
    conversation = talk(reply(payload("rest_trade")))
    told = conversation.run(account.trade("6402"))

    assert conversation.asked == [f"GET {A}/trades/6402"]
    assert (told.trade_id, told.state, len(told.exits)) == ("6402", MarginTradeState.OPEN, 2)
    with pytest.raises(MarginTradeNotFound):
        talk(refused(404, "NO_SUCH_TRADE")).run(account.trade("1"))


def test_the_trades_that_are_open() -> None:
    """Newest first by number, whatever the sequence."""
    conversation = talk(trade_page(999, 1000))
    told = conversation.run(account.trades("", context(), is_open_only=True, limit=None))

    assert conversation.asked == [f"GET {A}/trades?state=OPEN&count=500"]
    assert [trade.trade_id for trade in told] == ["1000", "999"]


def test_all_trades_of_an_instrument() -> None:
    """As many as are wanted."""
    conversation = talk(trade_page(9, 8))
    told = conversation.run(all_trades(2, instrument=EUR_USD))

    assert conversation.asked == [f"GET {A}/trades?state=ALL&instrument=EUR_USD&count=2"]
    assert [trade.trade_id for trade in told] == ["9", "8"]


@pytest.mark.parametrize("overlap", [1, 0])
def test_pages_go_on_whether_or_not_the_last_is_told_again(overlap: int) -> None:
    """The documents say so and otherwise; each trade is told once."""
    first = range(2000, 1500, -1)
    second = range(1500 + overlap, 1000 + overlap, -1)
    third = range(second[-1] - 1 + overlap, 900, -1)
    conversation = talk(*(trade_page(*ids) for ids in (first, second, third)))
    told = conversation.run(all_trades())

    assert [int(trade.trade_id) for trade in told] == list(range(2000, 900, -1))
    assert [dict(parse_qsl(r.query)).get("beforeID") for r in conversation.requests] == [
        None,
        "1501",
        str(second[-1]),
    ]


def test_a_page_that_tells_nothing_new_is_the_last() -> None:
    """Rather than asking for ever."""
    ids = range(1000, 500, -1)
    conversation = talk(trade_page(*ids), trade_page(*ids))

    assert len(conversation.run(all_trades())) == 500


def test_a_limit_is_kept() -> None:
    """Though it takes two answers, of which the second repeats one."""
    conversation = talk(trade_page(*range(2000, 1500, -1)), trade_page(*range(1501, 1400, -1)))
    told = conversation.run(all_trades(600))

    assert len(told) == 600
    assert [dict(parse_qsl(r.query))["count"] for r in conversation.requests] == ["500", "101"]
    assert talk().run(all_trades(0)) == ()
