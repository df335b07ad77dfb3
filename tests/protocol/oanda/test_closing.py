"""What closes trades and positions: all of it or a part, and what each answer means."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from tests.support.oanda_acting import (
    cancelled,
    created,
    filled,
    refusal,
    refused,
    reply,
    talk,
    told,
)
from venuetree.protocol.builders import limit_order, market_order
from venuetree.protocol.commands import ClosePosition, PlaceOrder
from venuetree.protocol.errors import (
    MarginTradeNotFound,
    MarketHalted,
    OrderInvalid,
    OutcomeUnknown,
    OutOfSequence,
    PositionNotFound,
)
from venuetree.protocol.models import (
    Closing,
    MarginTerms,
    OrderReport,
    OrderRequest,
    OrderStatus,
    Side,
)
from venuetree.protocol.port import Effect, Lane

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
WHOLE = Closing("6402", is_whole=True)


def closing(
    side: Side = SELL, what: Closing = WHOLE, quantity: str = "4000", **changes: Any
) -> OrderRequest:
    """An order that closes something."""
    order = market_order(
        "EUR-USD",
        side,
        quantity=quantity,
        margin=MarginTerms(closing=what),
        client_order_id=f"x-{side.value}",
    )
    return evolve(order, **changes)


# ---------------------------------------------------------------- a trade


def trade_close(units: str = "-4000", **fields: Any) -> dict[str, Any]:
    """The order that the exchange makes to close a trade: it bears no id of ours."""
    terms = {
        "units": units,
        "reason": "TRADE_CLOSE",
        "positionFill": "REDUCE_ONLY",
        "tradeClose": {"units": "4000", "tradeID": "6402"},
    }
    return created(6421, **{**terms, **fields})


@pytest.mark.parametrize(("what", "units"), [(WHOLE, "ALL"), (Closing("6402"), "4000")])
def test_a_trade_is_closed_by_its_number(what: Closing, units: str) -> None:
    """Whole, or so many units, which have no sign."""
    conversation = talk(
        reply(
            told(
                orderCreateTransaction=trade_close(),
                orderFillTransaction=filled(6422, 6421, units="-4000"),
            )
        )
    )
    report = conversation.ask(PlaceOrder(closing(what=what)))

    (request,) = conversation.requests
    assert (request.method, request.path) == ("PUT", "/v3/accounts/{account}/trades/6402/close")
    assert conversation.body() == {"units": units}
    assert (request.lane, request.effect) == (Lane.PLACE, Effect.WRITE)
    assert request.client_order_id == "x-sell"
    assert (report.exchange_order_id, report.client_order_id) == ("6421", "x-sell")
    assert (report.status, report.side, report.filled_quantity) == (
        OrderStatus.FILLED,
        SELL,
        D(4000),
    )


def close_trade(order: OrderRequest, made: dict[str, Any], **named: Any) -> OrderReport:
    """What an answer means."""
    return talk(reply(told(orderCreateTransaction=made, **named))).ask(PlaceOrder(order))


def test_a_whole_trade_may_be_another_quantity_than_was_believed() -> None:
    """The exchange says how much was open."""
    report = close_trade(
        closing(), trade_close("-4500"), orderFillTransaction=filled(6422, 6421, units="-4500")
    )

    assert (report.quantity, report.filled_quantity) == (D(4500), D(4500))


@pytest.mark.parametrize(
    "made",
    [
        trade_close("4000"),
        trade_close("-1"),
        trade_close(tradeClose={"units": "4000", "tradeID": "6399"}),
        trade_close(instrument="USD_JPY"),
    ],
)
def test_an_answer_about_another_close_leaves_ours_open(made: dict[str, Any]) -> None:
    """Side, units, trade, instrument."""
    with pytest.raises(OutcomeUnknown):
        close_trade(closing(what=Closing("6402")), made)


@pytest.mark.parametrize(
    ("reason", "kind"), [("MARKET_HALTED", MarketHalted), ("FIFO_VIOLATION", OutOfSequence)]
)
def test_a_close_that_was_not_executed_is_refused(reason: str, kind: type[Exception]) -> None:
    """The trade is as it was, though the answer is a success."""
    end = cancelled(6422, 6421, reason, batch=6421)
    with pytest.raises(kind):
        close_trade(closing(), trade_close(), orderCancelTransaction=end)


def test_a_trade_that_is_not_there_cannot_be_closed() -> None:
    """Its refusal may lack instrument and units."""
    no = refused(6421, reason="TRADE_DOESNT_EXIST", tradeClose={"units": "ALL", "tradeID": "6402"})
    del no["instrument"], no["units"]
    answer = refusal("TRADE_DOESNT_EXIST", status=404, **told(orderRejectTransaction=no))
    conversation = talk(answer)
    with pytest.raises(MarginTradeNotFound):
        conversation.ask(PlaceOrder(closing()))
    assert len(conversation.news) == 1


def test_the_number_of_a_trade_is_encoded() -> None:
    """It is a host's."""
    conversation = talk(refusal("X"))
    with pytest.raises(Exception, match="X"):
        conversation.ask(PlaceOrder(closing(what=Closing("6402/../1?x"))))

    assert conversation.requests[0].path.endswith("/trades/6402%2F..%2F1%3Fx/close")


# ---------------------------------------------------------------- a position

LONG, SHORT = closing(SELL, Closing()), closing(BUY, Closing(), "3000")


def closeout(number: int, units: str, client_id: str) -> dict[str, Any]:
    """The order that the exchange makes to close a side of a position."""
    return created(number, client_id, units=units, batch=6440, reason="POSITION_CLOSEOUT")


MADE_LONG = closeout(6440, "-4000", "x-sell")
FILLED_LONG = filled(6441, 6440, "x-sell", units="-4000")
MADE_SHORT = closeout(6442, "3000", "x-buy")
FILLED_SHORT = filled(6443, 6442, "x-buy", units="3000", batch=6440)
BOTH = told(
    longOrderCreateTransaction=MADE_LONG,
    longOrderFillTransaction=FILLED_LONG,
    shortOrderCreateTransaction=MADE_SHORT,
    shortOrderFillTransaction=FILLED_SHORT,
)
ONLY_LONG = told(longOrderCreateTransaction=MADE_LONG, longOrderFillTransaction=FILLED_LONG)


@pytest.mark.parametrize(
    ("order", "body"),
    [
        (
            LONG,
            {
                "longUnits": "4000",
                "shortUnits": "NONE",
                "longClientExtensions": {"id": "x-sell"},
            },
        ),
        (
            closing(SELL, Closing(is_whole=True)),
            {"longUnits": "ALL", "shortUnits": "NONE", "longClientExtensions": {"id": "x-sell"}},
        ),
        (
            closing(SELL, margin=MarginTerms(closing=Closing(), tag="t", comment="c")),
            {
                "longUnits": "4000",
                "shortUnits": "NONE",
                "longClientExtensions": {"id": "x-sell", "tag": "t", "comment": "c"},
            },
        ),
    ],
)
def test_what_sells_closes_what_is_long_and_leaves_the_other_side_alone(
    order: OrderRequest, body: dict[str, Any]
) -> None:
    """Which is said, since what an omitted side means is documented in two ways."""
    conversation = talk(reply(ONLY_LONG))
    (report,) = conversation.ask(ClosePosition((order,)))

    (request,) = conversation.requests
    assert (request.method, request.path) == (
        "PUT",
        "/v3/accounts/{account}/positions/EUR_USD/close",
    )
    assert (request.lane, request.effect) == (Lane.PLACE, Effect.WRITE)
    assert conversation.body() == body
    assert (report.exchange_order_id, report.status) == ("6440", OrderStatus.FILLED)


def test_what_buys_closes_what_is_short() -> None:
    """The same with the other side."""
    answer = told(shortOrderCreateTransaction=MADE_SHORT, shortOrderFillTransaction=FILLED_SHORT)
    conversation = talk(reply(answer))
    (report,) = conversation.ask(ClosePosition((SHORT,)))

    assert conversation.body() == {
        "longUnits": "NONE",
        "shortUnits": "3000",
        "shortClientExtensions": {"id": "x-buy"},
    }
    assert (report.side, report.filled_quantity) == (BUY, D(3000))


def test_both_sides_are_closed_in_one_request_and_told_in_the_order_asked() -> None:
    """With an order each."""
    reports = talk(reply(BOTH)).ask(ClosePosition((SHORT, LONG)))

    assert [(each.exchange_order_id, each.client_order_id) for each in reports] == [
        ("6442", "x-buy"),
        ("6440", "x-sell"),
    ]
    assert all(each.status is OrderStatus.FILLED for each in reports)


def test_an_order_placed_to_close_a_position_does_just_that() -> None:
    """By itself."""
    conversation = talk(reply(ONLY_LONG))
    report = conversation.ask(PlaceOrder(LONG))

    assert conversation.asked == ["place"]
    assert conversation.requests[0].path.endswith("/positions/EUR_USD/close")
    assert report.status is OrderStatus.FILLED


def test_one_of_two_that_was_not_executed_is_told_as_rejected() -> None:
    """The other one was."""
    answer = {
        **ONLY_LONG,
        "shortOrderCreateTransaction": MADE_SHORT,
        "shortOrderCancelTransaction": cancelled(6443, 6442, "FIFO_VIOLATION", batch=6440),
    }
    first, second = talk(reply(answer)).ask(ClosePosition((LONG, SHORT)))

    assert first.status is OrderStatus.FILLED
    assert (second.status, second.reason) == (OrderStatus.REJECTED, "FIFO_VIOLATION")


def test_where_nothing_was_executed_the_request_is_refused() -> None:
    """Of one order, or of both."""
    no_long = cancelled(6441, 6440, "MARKET_HALTED", batch=6440)
    no_short = cancelled(6443, 6442, "MARKET_HALTED", batch=6440)
    one = told(longOrderCreateTransaction=MADE_LONG, longOrderCancelTransaction=no_long)
    two = told(
        longOrderCreateTransaction=MADE_LONG,
        longOrderCancelTransaction=no_long,
        shortOrderCreateTransaction=MADE_SHORT,
        shortOrderCancelTransaction=no_short,
    )
    with pytest.raises(MarketHalted):
        talk(reply(one)).ask(ClosePosition((LONG,)))
    with pytest.raises(MarketHalted):
        talk(reply(two)).ask(ClosePosition((LONG, SHORT)))


@pytest.mark.parametrize("status", [400, 404])
def test_a_flat_side_refuses_the_whole_request(status: int) -> None:
    """Whether or not the other one is open."""
    rejects = told(
        longOrderRejectTransaction=refused(6450, reason="CLOSEOUT_POSITION_DOESNT_EXIST"),
        shortOrderRejectTransaction=refused(6451, reason="CLOSEOUT_POSITION_REJECT"),
    )
    conversation = talk(refusal("CLOSEOUT_POSITION_DOESNT_EXIST", status=status, **rejects))
    with pytest.raises(PositionNotFound):
        conversation.ask(ClosePosition((LONG, SHORT)))
    (news,) = conversation.news
    assert len(news.entries) == 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "answer",
    [
        ONLY_LONG,
        {**BOTH, "shortOrderCreateTransaction": closeout(6442, "-3000", "x-buy")},
        {**BOTH, "shortOrderCreateTransaction": closeout(6442, "3001", "x-buy")},
        {**BOTH, "shortOrderCreateTransaction": closeout(6442, "3000", "another")},
    ],
)
def test_an_answer_that_does_not_tell_both_leaves_them_open(answer: dict[str, Any]) -> None:
    """Neither is called refused, and neither done."""
    with pytest.raises(OutcomeUnknown):
        talk(reply(answer)).ask(ClosePosition((LONG, SHORT)))


def test_an_order_that_bears_no_id_is_the_one_that_was_asked_for() -> None:
    """The side and the units say so."""
    answer = told(
        longOrderCreateTransaction=created(6440, units="-4000", reason="POSITION_CLOSEOUT"),
        longOrderFillTransaction=filled(6441, 6440, units="-4000"),
    )
    (report,) = talk(reply(answer)).ask(ClosePosition((LONG,)))

    assert report.client_order_id == "x-sell"


@pytest.mark.parametrize(
    "orders",
    [
        (),
        (LONG, LONG),
        (LONG, evolve(SHORT, instrument="USD-JPY")),
        (market_order("EUR-USD", SELL, quantity="1", client_order_id="c"),),
        (evolve(LONG, margin=MarginTerms()),),
        (evolve(LONG, client_order_id=""),),
        (closing(SELL, Closing("6402")),),
        (evolve(LONG, quantity=D(0)),),
        (
            evolve(
                limit_order("EUR-USD", SELL, quantity="1", price="1", client_order_id="c"),
                margin=LONG.margin,
            ),
        ),
    ],
)
def test_orders_that_close_no_one_position_are_refused_at_once(
    orders: tuple[OrderRequest, ...],
) -> None:
    """Nothing is asked."""
    conversation = talk()
    with pytest.raises(OrderInvalid):
        conversation.ask(ClosePosition(orders))
    assert not conversation.requests


def test_only_a_market_order_closes_a_trade() -> None:
    """It has no price of its own."""
    order = limit_order("EUR-USD", SELL, quantity="1", price="1", client_order_id="c")
    with pytest.raises(OrderInvalid):
        talk().ask(PlaceOrder(evolve(order, margin=MarginTerms(closing=WHOLE))))
