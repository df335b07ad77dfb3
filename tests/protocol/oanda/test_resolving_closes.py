"""What became of an order that closes a trade or a position, which may bear no id of ours."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from tests.support.oanda_acting import created, filled
from tests.support.oanda_orders import ID
from tests.support.oanda_resolving import ORDER, resolve
from venuetree.protocol.commands import Absent, Found, Resolution, Undecided
from venuetree.protocol.exchanges.oanda.resolving import ABSENT_AFTER_NS
from venuetree.protocol.models import Closing, MarginTerms, OrderRequest, OrderStatus, Side

D = Decimal
SELL = Side.SELL

# ---------------------------------------------------------------- what closes a trade


def closing(*, is_whole: bool = False, trade: str = "6300") -> OrderRequest:
    """An order that closes a trade, or a side of a position."""
    what = Closing(trade, is_whole)
    return evolve(ORDER, side=SELL, quantity=D(4000), margin=MarginTerms(closing=what))


def trade_close(number: int, units: str = "4000", trade: str = "6300", **fields: Any) -> Any:
    """The order that the exchange makes to close a trade."""
    terms = {
        "units": "-4000" if units == "ALL" else f"-{units}",
        "reason": "TRADE_CLOSE",
        "tradeClose": {"units": units, "tradeID": trade},
    }
    return created(number, **{**terms, **fields})


def test_what_closes_a_trade_is_known_by_the_trade() -> None:
    """It bears no id of ours."""
    answer = resolve(trade_close(6401), filled(6402, 6401, units="-4000"), order=closing())

    assert isinstance(answer, Found)
    assert (answer.report.exchange_order_id, answer.report.client_order_id) == ("6401", ID)
    assert (answer.report.status, answer.report.filled_quantity) == (OrderStatus.FILLED, D(4000))


@pytest.mark.parametrize(
    "entry",
    [
        trade_close(6401, trade="6301"),
        trade_close(6401, "4001"),
        trade_close(6401, "ALL"),
        trade_close(6401, reason="CLIENT_ORDER"),
        created(6401, units="-4000"),
        created(6401, units="-4000", reason="POSITION_CLOSEOUT"),
        {**trade_close(6401), "type": "MARKET_ORDER_REJECT", "rejectReason": "X"},
    ],
)
def test_what_closes_another_trade_or_as_much_of_it_is_not_ours(entry: dict[str, Any]) -> None:
    """Nor is what only sells as much."""
    assert isinstance(resolve(entry, order=closing()), Undecided)
    assert isinstance(resolve(entry, order=closing(), age_ns=ABSENT_AFTER_NS), Absent)


def test_a_whole_trade_is_closed_in_whatever_words() -> None:
    """`ALL`, or as many units as there were; but not by what left some of it."""
    rest = filled(6402, 6401, units="-4000", tradeReduced={"tradeID": "6300", "units": "-4000"})
    order = closing(is_whole=True)

    for units in ("ALL", "4500"):
        answer = resolve(trade_close(6401, units), filled(6402, 6401, units="-4500"), order=order)
        assert isinstance(answer, Found)
    assert isinstance(resolve(trade_close(6401), rest, order=order), Undecided)
    assert isinstance(resolve(trade_close(6401), rest, order=order, age_ns=ABSENT_AFTER_NS), Absent)


def test_another_close_of_the_trade_that_is_known_is_not_ours() -> None:
    """The one that is left over is."""
    entries = [trade_close(6401), trade_close(6402)]
    answer = resolve(*entries, order=closing(), known=frozenset({"6401"}))

    assert isinstance(answer, Found)
    assert answer.report.exchange_order_id == "6402"


@pytest.mark.parametrize("known", [frozenset[str](), frozenset({"6401", "6402"})])
def test_closes_that_cannot_be_told_apart_are_for_a_person(known: frozenset[str]) -> None:
    """Never called absent: one of them may be ours."""
    answer = resolve(
        trade_close(6401),
        trade_close(6402),
        order=closing(),
        known=known,
        age_ns=ABSENT_AFTER_NS * 2,
    )

    assert isinstance(answer, Undecided)
    assert "6401, 6402" in answer.reason


def test_a_close_of_the_other_direction_is_not_ours() -> None:
    """A long trade is closed by a sale."""
    answer = resolve(trade_close(6401, units="4000", instrument="USD_JPY"), order=closing())
    other = created(
        6401, units="4000", reason="TRADE_CLOSE", tradeClose={"units": "4000", "tradeID": "6300"}
    )

    assert isinstance(answer, Undecided)
    assert "instrument" in answer.reason
    answer = resolve(other, order=closing())
    assert isinstance(answer, Undecided)
    assert "side" in answer.reason


# ---------------------------------------------------------------- what closes a position


def test_what_closes_a_position_is_known_by_our_id() -> None:
    """As what it is."""
    made = created(6401, ID, units="-4000", reason="POSITION_CLOSEOUT")
    answer = resolve(made, filled(6402, 6401, units="-4000"), order=closing(trade=""))

    assert isinstance(answer, Found)
    assert answer.report.status is OrderStatus.FILLED


def test_a_whole_position_is_as_much_as_there_was() -> None:
    """Not what was believed."""
    made = created(6401, ID, units="-4500", reason="POSITION_CLOSEOUT")

    assert isinstance(resolve(made, order=closing(trade="", is_whole=True)), Found)
    assert isinstance(resolve(made, order=closing(trade="")), Undecided)


def test_what_closes_the_position_without_any_id_keeps_the_question_open() -> None:
    """It may be ours; what closes another side or instrument, or bears another id, is not."""
    order = closing(trade="")

    def of(**fields: Any) -> Resolution:
        terms = {"units": "-4000", "reason": "POSITION_CLOSEOUT", **fields}
        return resolve(created(6401, **terms), order=order, age_ns=ABSENT_AFTER_NS)

    assert isinstance(of(), Undecided)
    assert isinstance(of(units="4000"), Absent)
    assert isinstance(of(instrument="USD_JPY"), Absent)
    assert isinstance(of(reason="CLIENT_ORDER"), Absent)
    assert isinstance(of(client_id="another"), Absent)
