"""An exit that is asked for: what it lacks is read of its trade."""

from decimal import Decimal

from tests.support.oanda_acting import Asked, cancelled, created, filled, refusal, reply
from tests.support.oanda_waiting import STOP_LOSS, TRADE, order, with_list
from venuetree.protocol.models import OrderStatus, OrderType, Side

D = Decimal


def test_an_exit_that_waits_has_what_it_lacks_of_its_trade() -> None:
    """It ends what is open of it."""
    log = with_list(told=reply({"order": STOP_LOSS}), **{"/trades/6402": reply({"trade": TRADE})})
    report = order(log)

    assert (report.instrument, report.side, report.quantity) == ("EUR-USD", Side.BUY, D(4000))
    assert (report.type, report.trade_id) == (OrderType.STOP_LOSS, "6402")
    assert report.stop_price == D("1.08125")


def test_an_exit_of_a_trade_that_is_told_no_more_has_it_of_the_opening() -> None:
    """A trade's number is that of the execution that opened it."""
    gone = refusal("NO_SUCH_TRADE", status=404)
    made = created(6407, kind="STOP_LOSS_ORDER", tradeID="6402", price="1.08125", reason="ON_FILL")
    del made["instrument"], made["units"]
    opening = filled(6402, 6401, units="-10000")
    waiting = order(with_list(opening, made, **{"/trades/6402": gone}))
    ended = order(
        with_list(opening, made, cancelled(6408, 6407, "LINKED_TRADE_CLOSED", batch=6408))
    )

    for report in (waiting, ended):
        assert (report.instrument, report.side, report.quantity) == ("EUR-USD", Side.BUY, D(10000))
    assert ended.status is OrderStatus.CANCELLED


def test_an_executed_exit_needs_no_trade() -> None:
    """Its execution tells."""
    made = created(6407, kind="STOP_LOSS_ORDER", tradeID="6402", price="1.08125", reason="ON_FILL")
    del made["instrument"], made["units"]
    asked = Asked()
    report = order(
        with_list(made, filled(6408, 6407, units="10000", reason="STOP_LOSS_ORDER")), asked=asked
    )

    assert (report.instrument, report.side, report.quantity) == ("EUR-USD", Side.BUY, D(10000))
    assert report.status is OrderStatus.FILLED
    assert len(asked.paths) == 3
