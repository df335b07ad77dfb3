"""Listen keys: how they are opened and kept, what a refusal means, and that no error tells one."""

import pickle
from typing import Any

import pytest

from tests.support.binance_us import error, reply, talk
from tests.support.binance_us_questions import question
from tests.support.binance_us_refusals import TOO_MUCH, refused
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


LISTEN_KEY = "h3Tq8ZrLw0VnCkX5sYp1DmGb7JfUe2AoI9tRvK4xQyHcN6aWzSgMdE0uPiBl"


@pytest.mark.parametrize(
    "answer",
    [
        error(-1125, "This listenKey does not exist."),
        error(-1003, TOO_MUCH, 429),
        reply(b"{"),
        reply(b"", 410),
        reply(b"", 500),
    ],
)
def test_no_error_tells_a_listen_key(answer: RestReply) -> None:
    """Neither in words nor in what it carries."""
    told = refused(KeepAccountStream(LISTEN_KEY), answer)

    assert LISTEN_KEY not in str(told)
    assert LISTEN_KEY.encode() not in pickle.dumps(told)


def test_a_listen_key_that_comes_in_another_shape_is_not_told() -> None:
    """The payload of what cannot be read is kept, but not of this answer."""
    for body in ({"listenkey": LISTEN_KEY}, {"listenKey": [LISTEN_KEY]}, [LISTEN_KEY]):
        told = refused(OpenAccountStream(), reply(body))

        assert isinstance(told, RemoteProtocolError)
        assert LISTEN_KEY.encode() not in pickle.dumps(told)
        assert told.__cause__ is None
