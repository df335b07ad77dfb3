"""Exits of margin trades and what clients write: set, kept, removed, and looked at in doubt."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.oanda_acting import cancelled, created, filled, refusal, reply, talk, told
from venuetree.protocol.commands import ChangeExits, WriteOrderExtensions, WriteTradeExtensions
from venuetree.protocol.errors import (
    AuthRefused,
    DuplicateClientOrderId,
    ExchangeRefused,
    ExitOnWrongSide,
    MarginTradeNotFound,
    OrderInvalid,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    ReplyLost,
)
from venuetree.protocol.models import (
    ClientExtensions,
    Exit,
    ExitChanges,
    MarginTradeState,
    OrderKey,
    TimeInForce,
)
from venuetree.protocol.port import Effect, Lane, RestReply

D = Decimal
GTD = TimeInForce.GOOD_TILL_DATE
UNTIL_NS = 1_718_395_200_000_000_000
SET = reply(told(stopLossOrderTransaction=created(6432, kind="STOP_LOSS_ORDER", tradeID="6402")))


def an_exit(kind: str, **fields: Any) -> dict[str, Any]:
    """An exit as a trade shows it."""
    return {
        "id": "6432",
        "createTime": "2024-06-11T14:03:20Z",
        "type": kind,
        "tradeID": "6402",
        "timeInForce": "GTC",
        "state": "PENDING",
        **fields,
    }


def a_trade(**fields: Any) -> RestReply:
    """A trade with exits."""
    trade = {
        "id": "6402",
        "instrument": "EUR_USD",
        "price": "1.08425",
        "openTime": "2024-06-11T14:03:19Z",
        "initialUnits": "10000",
        "state": "OPEN",
        "currentUnits": "10000",
        "realizedPL": "0.0000",
        "financing": "0.0000",
        **fields,
    }
    return reply({"trade": trade, "lastTransactionID": "6432"})


STOP = Exit(price=D("1.0812"))
CHANGES = ExitChanges(stop_loss=STOP, take_profit=None)
IN_PLACE = a_trade(stopLossOrder=an_exit("STOP_LOSS", price="1.08120"))


def test_exits_are_kept_removed_or_set_and_the_trade_is_read_back() -> None:
    """Absent, null, or an object."""
    conversation = talk(SET, IN_PLACE)
    trade = conversation.ask(ChangeExits("6402", CHANGES))

    first, second = conversation.requests
    assert (first.method, first.path) == ("PUT", "/v3/accounts/{account}/trades/6402/orders")
    assert conversation.body(0) == {
        "takeProfit": None,
        "stopLoss": {"price": "1.0812", "timeInForce": "GTC"},
    }
    assert (first.lane, first.effect) == (Lane.PLACE, Effect.WRITE)
    assert (second.method, second.path) == ("GET", "/v3/accounts/{account}/trades/6402")
    assert (second.lane, second.effect) == (Lane.PLACE, Effect.READ)
    assert [each.stop_price for each in trade.exits] == [D("1.08120")]


def test_every_exit_has_its_name() -> None:
    """And a trailing stop its distance."""
    conversation = talk(SET, IN_PLACE)
    conversation.ask(
        ChangeExits(
            "6402",
            ExitChanges(
                take_profit=Exit(price=D("1.09")),
                stop_loss=Exit(distance=D("0.0030")),
                trailing_stop=Exit(
                    distance=D("0.0025"), time_in_force=GTD, expire_time_ns=UNTIL_NS
                ),
                guaranteed_stop=Exit(price=D("1.08"), extensions=ClientExtensions("g", "t", "c")),
            ),
        )
    )

    assert conversation.body(0) == {
        "takeProfit": {"price": "1.09", "timeInForce": "GTC"},
        "stopLoss": {"distance": "0.0030", "timeInForce": "GTC"},
        "trailingStopLoss": {
            "distance": "0.0025",
            "timeInForce": "GTD",
            "gtdTime": "2024-06-14T20:00:00Z",
        },
        "guaranteedStopLoss": {
            "price": "1.08",
            "timeInForce": "GTC",
            "clientExtensions": {"id": "g", "tag": "t", "comment": "c"},
        },
    }


@pytest.mark.parametrize(
    "changes",
    [
        ExitChanges(),
        ExitChanges(trailing_stop=Exit(price=D(1))),
        ExitChanges(take_profit=Exit(distance=D(1))),
        ExitChanges(stop_loss=Exit()),
        ExitChanges(stop_loss=Exit(D(1), D(1))),
        ExitChanges(stop_loss=Exit(D(-1))),
        ExitChanges(stop_loss=Exit(D(1), time_in_force=GTD)),
        ExitChanges(stop_loss=Exit(D(1), time_in_force=TimeInForce.FILL_OR_KILL)),
    ],
)
def test_what_is_no_exit_is_refused_at_once(changes: ExitChanges) -> None:
    """Nothing is asked."""
    conversation = talk()
    with pytest.raises(OrderInvalid):
        conversation.ask(ChangeExits("6402", changes))
    assert not conversation.requests


def test_a_trade_that_a_stop_closed_at_once_is_told_as_it_is() -> None:
    """The stop was through the market."""
    fired = told(
        stopLossOrderTransaction=created(6432, kind="STOP_LOSS_ORDER", tradeID="6402"),
        stopLossOrderFillTransaction=filled(6433, 6432, units="-10000"),
        takeProfitOrderCreatedCancelTransaction=cancelled(6434, 6431, "LINKED_TRADE_CLOSED"),
    )
    closed = a_trade(state="CLOSED", currentUnits="0", closeTime="2024-06-11T14:03:28Z")
    trade = talk(reply(fired), closed).ask(ChangeExits("6402", CHANGES))

    assert trade.state is MarginTradeState.CLOSED
    assert trade.quantity == D(0)


def test_a_trade_that_is_told_no_more_after_the_change_says_that_it_was_made() -> None:
    """It was closed since."""
    with pytest.raises(MarginTradeNotFound) as caught:
        talk(SET, refusal("NO_SUCH_TRADE", status=404)).ask(ChangeExits("6402", CHANGES))
    assert "were set" in caught.value.message


def test_an_exit_that_was_ended_at_once_is_a_refusal() -> None:
    """Of its reason."""
    ended = told(
        takeProfitOrderTransaction=created(6432, kind="TAKE_PROFIT_ORDER", tradeID="6402"),
        takeProfitOrderCreatedCancelTransaction=cancelled(6433, 6432, "LOSING_TAKE_PROFIT"),
    )
    with pytest.raises(ExitOnWrongSide):
        talk(reply(ended)).ask(ChangeExits("6402", CHANGES))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusal("TRADE_DOESNT_EXIST", status=404), MarginTradeNotFound),
        (refusal("NO_SUCH_TRADE", status=404), MarginTradeNotFound),
        (refusal("PRICE_PRECISION_EXCEEDED"), OrderRejected),
        (refusal("", status=401), AuthRefused),
    ],
)
def test_a_refused_change_is_refused(answer: RestReply, kind: type[Exception]) -> None:
    """The exits are as they were."""
    conversation = talk(answer)
    with pytest.raises(kind):
        conversation.ask(ChangeExits("6402", CHANGES))
    assert len(conversation.requests) == 1


# ---------------------------------------------------------------- in doubt

LOST = (OutcomeUnknown("lost"), reply(b"", 504), reply(b"<html>", 200))


@pytest.mark.parametrize("lost", LOST)
def test_after_a_lost_answer_the_trade_is_looked_at(lost: RestReply | Exception) -> None:
    """If it has the exits they are set, whoever set them."""
    conversation = talk(lost, IN_PLACE)
    trade = conversation.ask(ChangeExits("6402", CHANGES))

    assert trade.trade_id == "6402"
    assert conversation.requests[1].lane is Lane.RESOLVE


NOT_IN_PLACE = [
    a_trade(),
    a_trade(stopLossOrder=an_exit("STOP_LOSS", price="1.08121")),
    a_trade(stopLossOrder=an_exit("STOP_LOSS", price="1.0812", state="FILLED")),
    a_trade(stopLossOrder=an_exit("STOP_LOSS", price="1.0812", timeInForce="GFD")),
    a_trade(stopLossOrder=an_exit("STOP_LOSS", distance="1.0812")),
    a_trade(
        stopLossOrder=an_exit("STOP_LOSS", price="1.0812"),
        takeProfitOrder=an_exit("TAKE_PROFIT", price="1.2"),
    ),
    a_trade(stopLossOrder=an_exit("STOP_LOSS", price=1.0812)),
    a_trade(stopLossOrder=[]),
    refusal("", status=503),
    reply(b"no", 200),
    ReplyLost("lost too"),
]


@pytest.mark.parametrize("look", NOT_IN_PLACE)
def test_exits_that_are_not_there_stay_in_doubt_and_may_be_set_again(
    look: RestReply | Exception,
) -> None:
    """Which does no harm, and the error says so."""
    with pytest.raises(OutcomeUnknown) as caught:
        talk(LOST[0], look).ask(ChangeExits("6402", CHANGES))
    assert "twice does no harm" in caught.value.remedy


def test_an_exit_for_a_time_is_in_place_if_the_time_is() -> None:
    """And not with another."""
    changes = ExitChanges(stop_loss=Exit(D("1.0812"), time_in_force=GTD, expire_time_ns=UNTIL_NS))
    told_ = {"price": "1.0812", "timeInForce": "GTD"}
    right = an_exit("STOP_LOSS", **told_, gtdTime="2024-06-14T20:00:00.000000000Z")
    wrong = an_exit("STOP_LOSS", **told_, gtdTime="2024-06-14T20:00:01.000000000Z")

    unreadable = an_exit("STOP_LOSS", **told_, gtdTime="in a while")

    talk(LOST[0], a_trade(stopLossOrder=right)).ask(ChangeExits("6402", changes))
    for other in (wrong, unreadable):
        with pytest.raises(OutcomeUnknown):
            talk(LOST[0], a_trade(stopLossOrder=other)).ask(ChangeExits("6402", changes))


def test_a_trade_that_is_gone_has_no_exits_to_be_in_doubt_of() -> None:
    """That is told as what it is; so is a refused key."""
    with pytest.raises(MarginTradeNotFound):
        talk(LOST[0], refusal("NO_SUCH_TRADE", status=404)).ask(ChangeExits("6402", CHANGES))
    with pytest.raises(AuthRefused):
        talk(LOST[0], refusal("", status=401)).ask(ChangeExits("6402", CHANGES))
    with pytest.raises(AuthRefused):
        talk(SET, refusal("", status=401)).ask(ChangeExits("6402", CHANGES))


def test_exits_that_were_set_on_a_trade_that_cannot_be_read_are_told_to_be_set() -> None:
    """The reading is what failed."""
    with pytest.raises(OutcomeUnknown) as caught:
        talk(SET, ReplyLost("lost")).ask(ChangeExits("6402", CHANGES))
    assert "were set" in caught.value.message


# ---------------------------------------------------------------- what clients write

WORDS = ClientExtensions("eng-0009", comment="renamed")


def test_words_are_written_on_an_order_and_on_its_trade() -> None:
    """Either, or both."""
    conversation = talk(reply({}), reply({}))
    key = OrderKey("EUR-USD", "c1", "6409")
    conversation.ask(WriteOrderExtensions(key, WORDS, ClientExtensions(tag="b")))

    (request,) = conversation.requests
    assert (request.method, request.path) == (
        "PUT",
        "/v3/accounts/{account}/orders/6409/clientExtensions",
    )
    assert request.effect is Effect.WRITE
    assert conversation.body() == {
        "clientExtensions": {"id": "eng-0009", "comment": "renamed"},
        "tradeClientExtensions": {"tag": "b"},
    }
    other = talk(reply({}))
    other.ask(WriteOrderExtensions(OrderKey(client_order_id="c1"), trade=WORDS))
    assert other.requests[0].path.endswith("/orders/@c1/clientExtensions")
    assert other.body() == {"tradeClientExtensions": {"id": "eng-0009", "comment": "renamed"}}


def test_words_are_written_on_a_trade() -> None:
    """By its number."""
    conversation = talk(reply({}))
    conversation.ask(WriteTradeExtensions("6402", WORDS))

    (request,) = conversation.requests
    assert request.path == "/v3/accounts/{account}/trades/6402/clientExtensions"
    assert conversation.body() == {"clientExtensions": {"id": "eng-0009", "comment": "renamed"}}


@pytest.mark.parametrize(
    "command",
    [
        WriteOrderExtensions(OrderKey(client_order_id="c1")),
        WriteOrderExtensions(OrderKey(client_order_id="c1"), ClientExtensions()),
        WriteTradeExtensions("1", ClientExtensions()),
        WriteTradeExtensions("1", ClientExtensions("x" * 129)),
    ],
)
def test_nothing_to_write_is_refused_at_once(
    command: WriteOrderExtensions | WriteTradeExtensions,
) -> None:
    """And so is an id that is too long."""
    conversation = talk()
    with pytest.raises(OrderInvalid):
        conversation.ask(command)
    assert not conversation.requests


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusal("ORDER_DOESNT_EXIST", status=404), OrderNotFound),
        (refusal("CLIENT_ORDER_ID_ALREADY_EXISTS"), DuplicateClientOrderId),
        (refusal("CLIENT_EXTENSIONS_DATA_MISSING"), ExchangeRefused),
        (reply(b"", 502), OutcomeUnknown),
    ],
)
def test_refused_words_refuse_no_order(answer: RestReply, kind: type[Exception]) -> None:
    """What they are written on is as it was."""
    with pytest.raises(kind) as caught:
        talk(answer).ask(WriteOrderExtensions(OrderKey(client_order_id="c1"), WORDS))
    assert type(caught.value) is kind
