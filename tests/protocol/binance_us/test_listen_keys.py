"""Listen keys: how they are opened and kept, and what a refusal means."""

from typing import Any

import pytest

from tests.support.binance_us import error, reply, talk
from tests.support.binance_us_questions import question
from venuetree.protocol.commands import KeepAccountStream, OpenAccountStream
from venuetree.protocol.errors import ExchangeRefused, RemoteProtocolError
from venuetree.protocol.port import Auth, RestReply


def test_a_listen_key_is_opened_and_kept_with_the_key_alone() -> None:
    """No signature, no time, and no parameter that is not asked for."""
    opening = talk(reply({"listenKey": "h3Tq8ZrL"}))
    keeping = talk(reply({}))

    assert opening.ask(OpenAccountStream()) == "h3Tq8ZrL"
    keeping.ask(KeepAccountStream("h3Tq8ZrL"))
    assert opening.requests == [
        question("open_stream", "userDataStream", weight=2, auth=Auth.KEY, method="POST")
    ]
    assert keeping.requests == [
        question(
            "keep_stream",
            "userDataStream",
            "listenKey=h3Tq8ZrL",
            weight=2,
            auth=Auth.KEY,
            method="PUT",
        )
    ]


@pytest.mark.parametrize(
    "answer", [error(-1125, "This listenKey does not exist."), reply(b"", 410)]
)
def test_a_listen_key_that_is_no_more_is_refused(answer: RestReply) -> None:
    """Or the calls are withdrawn; either way another way must be found."""
    with pytest.raises(ExchangeRefused) as caught:
        talk(answer).ask(KeepAccountStream("h3Tq8ZrL"))

    assert caught.value.code in {"-1125", "410"}
    assert "h3Tq8ZrL" not in str(caught.value)


@pytest.mark.parametrize("body", [{}, {"listenKey": None}, b""])
def test_an_answer_without_a_listen_key_is_an_error(body: Any) -> None:
    """Not an empty one."""
    with pytest.raises(RemoteProtocolError):
        talk(reply(body)).ask(OpenAccountStream())
