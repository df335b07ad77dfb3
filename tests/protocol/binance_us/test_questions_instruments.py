"""The list of instruments: what is asked, and what is made of the answers."""

from typing import Any

import pytest

from tests.support.binance_us import error, payload, reply, talk
from tests.support.binance_us_questions import question
from venuetree.protocol.commands import FetchInstruments
from venuetree.protocol.errors import InstrumentNotFound, RemoteProtocolError
from venuetree.protocol.exchanges.binance_us.profile import PROFILE
from venuetree.protocol.port import LimitsTold, LimitWindow, WindowKind
from venuetree.protocol.timestamps import SECOND

INFO = payload("rest_exchange_info")


def test_the_list_tells_the_limits_too() -> None:
    """Before the answer: whoever counts must have them first."""
    conversation = talk(reply(INFO))
    (found,) = conversation.ask(FetchInstruments())

    assert found.name == "BTC-USD"
    assert conversation.requests == [question("instruments", "exchangeInfo", weight=20)]
    (news,) = conversation.news
    assert isinstance(news, LimitsTold)
    assert news.windows[0] == LimitWindow("weight_1m", 6000, 60 * SECOND, WindowKind.CALENDAR)
    assert len(news.windows) == 4


def test_the_limits_are_those_that_the_profile_begins_with() -> None:
    """Otherwise what requests cost would be counted in windows that are not there."""
    conversation = talk(reply(INFO))
    conversation.ask(FetchInstruments())

    assert conversation.news == [LimitsTold(PROFILE.limits)]


def test_named_instruments_are_asked_for_by_name() -> None:
    """As JSON, percent-encoded."""
    conversation = talk(reply(INFO))
    conversation.ask(FetchInstruments(("BTC-USD", "ETH-USDT")))

    assert conversation.requests[0].query == "symbols=%5B%22BTCUSD%22%2C%22ETHUSDT%22%5D"


def test_a_name_that_is_none_is_told_as_such() -> None:
    """By its code."""
    with pytest.raises(InstrumentNotFound):
        talk(error(-1121, "Invalid symbol.")).ask(FetchInstruments(("NOPE-USD",)))


@pytest.mark.parametrize(
    "body",
    [
        {**INFO, "symbols": None},
        {**INFO, "symbols": [{**INFO["symbols"][0], "filters": None}]},
        {**INFO, "symbols": {"BTCUSD": 1}},
        {**INFO, "rateLimits": None},
        {**INFO, "rateLimits": [{"rateLimitType": "ORDERS"}]},
        {"symbols": []},
        b"[]",
    ],
)
def test_a_list_of_which_nothing_can_be_read_is_an_error(body: Any) -> None:
    """It must not replace what is known by nothing."""
    conversation = talk(reply(body))
    with pytest.raises(RemoteProtocolError):
        conversation.ask(FetchInstruments())

    assert conversation.news == []


def test_one_symbol_that_cannot_be_read_hides_no_other() -> None:
    """It is left out."""
    broken = {**INFO["symbols"][0], "symbol": "ETHUSD", "filters": None}
    found = talk(reply({**INFO, "symbols": [broken, *INFO["symbols"]]})).ask(FetchInstruments())

    assert [instrument.name for instrument in found] == ["BTC-USD"]
