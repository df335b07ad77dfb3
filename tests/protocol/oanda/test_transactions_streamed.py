"""Lines of the account's stream: what is filled in from before, and what cannot be read."""

from decimal import Decimal

import pytest
from attrs import evolve

from tests.support.oanda_account_stream import TRADE, Talk, line
from venuetree.protocol.commands import LogState
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.events import OrderReported, StreamErrorReported, UnknownMessage
from venuetree.protocol.models import OrderStatus, OrderType, Side


def test_an_exit_has_the_instrument_and_side_of_its_trade() -> None:
    """Its transaction says neither."""
    talk = Talk()
    talk.live()
    talk.hear(line(101, "STOP_LOSS_ORDER", tradeID="90", price="1.07", timeInForce="GTC"))
    (told,) = [e.report for e in talk.events if isinstance(e, OrderReported)]
    assert (told.instrument, told.side, told.quantity) == ("EUR-USD", Side.SELL, Decimal(300))
    assert (told.type, told.trade_id) == (OrderType.STOP_LOSS, "90")


def test_an_exit_of_a_short_trade_buys() -> None:
    """What is open of it is below zero."""
    talk = Talk()
    short = evolve(TRADE, side=Side.SELL)
    talk.live(LogState("100", (), "USD", (short,)))
    talk.hear(line(101, "STOP_LOSS_ORDER", tradeID="90", price="1.09", timeInForce="GTC"))
    (told,) = [e.report for e in talk.events if isinstance(e, OrderReported)]
    assert (told.side, told.quantity) == (Side.BUY, Decimal(300))


def test_the_exit_of_a_trade_that_was_just_opened_and_reduced() -> None:
    """It closes what is left."""
    talk = Talk()
    talk.live()
    opened = {"tradeID": "102", "units": "-200", "price": "1.1"}
    fill = {"orderID": "101", "instrument": "EUR_USD", "price": "1.1", "accountBalance": "9.5"}
    talk.hear(line(101, "MARKET_ORDER", instrument="EUR_USD", units="-200", timeInForce="FOK"))
    talk.hear(line(102, "ORDER_FILL", units="-200", **fill, tradeOpened=opened))
    reduced = {"tradeID": "102", "units": "50", "price": "1.1"}
    talk.hear(line(103, "ORDER_FILL", units="50", **fill, tradeReduced=reduced))
    talk.events.clear()
    talk.hear(line(104, "TAKE_PROFIT_ORDER", tradeID="102", price="1.05", timeInForce="GTC"))
    (told,) = [e.report for e in talk.events if isinstance(e, OrderReported)]
    assert (told.instrument, told.side, told.quantity) == ("EUR-USD", Side.BUY, Decimal(150))


def test_balances_are_in_the_accounts_currency() -> None:
    """Transactions do not say which that is."""
    talk = Talk()
    talk.live()
    talk.hear(line(101, "TRANSFER_FUNDS", amount="5.0", accountBalance="105.0"))
    balances = [event.balances for event in talk.events if hasattr(event, "balances")]
    assert [(b.currency, b.total) for (b,) in balances] == [("USD", Decimal("105.0"))]


def test_the_exit_of_a_trade_that_nobody_told_of_says_what_it_can() -> None:
    """Nor of one that is closed: its order is asked for."""
    talk = Talk()
    talk.live()
    fill = {"orderID": "80", "instrument": "EUR_USD", "price": "1.1", "accountBalance": "9.5"}
    closed = [{"tradeID": "90", "units": "-300", "price": "1.1"}]
    talk.hear(line(101, "ORDER_FILL", units="-300", **fill, tradesClosed=closed))
    talk.events.clear()
    for number, trade in ((102, "90"), (103, "4711")):
        exit_ = {"tradeID": trade, "price": "1.07", "timeInForce": "GTC"}
        talk.hear(line(number, "STOP_LOSS_ORDER", **exit_))
    reports = [e.report for e in talk.events if isinstance(e, OrderReported)]
    assert [(r.instrument, r.side, r.trade_id) for r in reports] == [
        ("", None, "90"),
        ("", None, "4711"),
    ]


def test_an_order_that_cannot_be_read_is_asked_for_and_the_stream_lives() -> None:
    """A time in force of next year."""
    talk = Talk()
    talk.live()
    talk.hear(line(101, "LIMIT_ORDER", instrument="EUR_USD", units="1", timeInForce="WHENEVER"))
    assert isinstance(talk.events[0], StreamErrorReported)
    (report,) = [e.report for e in talk.events if isinstance(e, OrderReported)]
    assert (report.exchange_order_id, report.status) == ("101", OrderStatus.UNKNOWN)
    talk.hear(line(102))
    assert talk.ids == [102]


def test_a_refusal_that_cannot_be_read_is_no_order() -> None:
    """There is nothing to ask for."""
    talk = Talk()
    talk.live()
    talk.hear(line(101, "LIMIT_ORDER_REJECT", instrument="EUR_USD", units="1", time="never"))
    assert [type(event) for event in talk.events] == [StreamErrorReported]


@pytest.mark.parametrize("frame", [b"{", b"[]", b"{}", b'{"type":"HEARTBEAT"}', b'{"id":1}'])
def test_a_line_that_is_neither_is_an_error(frame: bytes) -> None:
    """The next connection reads it from the log."""
    talk = Talk()
    talk.live()
    with pytest.raises(RemoteProtocolError):
        talk.hear(frame)


def test_a_line_of_a_kind_that_is_not_known_is_told() -> None:
    """It is no transaction, so that the log is not in question."""
    talk = Talk()
    talk.live()
    talk.hear(b'{"type":"NOTICE","text":"maintenance at noon"}')
    (told,) = talk.events
    assert isinstance(told, UnknownMessage)
    assert (told.exchange, told.kind) == ("oanda", "NOTICE")
    assert talk.is_healthy()


def test_what_a_reply_held_and_cannot_be_read_is_left_to_the_stream() -> None:
    """The reply has been judged by others."""
    talk = Talk()
    talk.live()
    talk.told(b"{", b'{"id":"x"}', line(101))
    assert talk.ids == [101]


def test_an_error_on_the_stream_ends_it() -> None:
    """In its own words."""
    talk = Talk()
    talk.live()
    talk.hear(b'{"errorMessage":"maintenance"}')
    assert isinstance(talk.events[0], StreamErrorReported)
    (close,) = talk.step()
    assert "maintenance" in close.reason
