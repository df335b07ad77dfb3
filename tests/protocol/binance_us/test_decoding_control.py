"""Frames that carry no data: answers, refusals, a shutdown, the unknown, and what is none."""

from typing import Any

import orjson
import pytest

from tests.support.binance_us_frames import NOW, X, read
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.events import (
    StreamEnding,
    StreamErrorReported,
    SubscriptionsConfirmed,
    UnknownMessage,
)
from venuetree.protocol.exchanges.binance_us.decode import decode

MS = 1_000_000


def test_an_empty_list_is_told_all_the_same() -> None:
    """A frame never gives nothing."""
    (told,) = read([])

    assert isinstance(told, UnknownMessage)
    assert told.kind == "empty"


# ---------------------------------------------------------------- control


@pytest.mark.parametrize(
    ("message", "channels"),
    [
        ({"result": None, "id": 1}, ()),
        ({"result": None, "id": None}, ()),
        ({"result": True, "id": 2}, ()),
        ({"id": "u1", "status": 200, "result": {"subscriptionId": 0}}, ()),
        ({"id": "u1", "status": 200, "response": {}}, ()),
        (
            {"result": ["btcusd@depth@100ms", "btcusd@trade", "ethusd@trade"], "id": 3},
            (("depth@100ms", ("btcusd",)), ("trade", ("btcusd", "ethusd"))),
        ),
        ({"result": [1], "id": 3}, ()),
    ],
)
def test_an_answer_confirms(
    message: Any, channels: tuple[tuple[str, tuple[str, ...]], ...]
) -> None:
    """With names only where it names any."""
    assert read(message) == (SubscriptionsConfirmed(X, channels, None, NOW),)


NESTED = {"code": 2, "msg": "Invalid request: streams must have non-zero length"}


@pytest.mark.parametrize(
    "message", [NESTED, {"error": NESTED, "id": 1}, {"id": "c7", "status": 400, "error": NESTED}]
)
def test_a_refusal_is_flat_or_nested(message: Any) -> None:
    """And the same either way."""
    assert read(message) == (StreamErrorReported(X, NESTED["msg"], "2", None, NOW),)  # type: ignore[arg-type]


def test_a_code_of_zero_is_a_refusal_too() -> None:
    """An unknown property."""
    assert read({"code": 0, "msg": "Unknown property"}) == (
        StreamErrorReported(X, "Unknown property", "0", None, NOW),
    )


@pytest.mark.parametrize(
    "message",
    [
        {"e": "serverShutdown", "E": 1770123456789},
        {"stream": "!serverShutdown", "data": {"e": "serverShutdown", "E": 1770123456789}},
    ],
)
def test_a_shutdown_is_told(message: Any) -> None:
    """Another connection must be opened."""
    assert read(message) == (StreamEnding(X, "serverShutdown", 1770123456789 * MS, NOW),)


@pytest.mark.parametrize(
    ("message", "kind", "time"),
    [
        ({"e": "avgPrice", "E": 1788540333000, "w": "1"}, "avgPrice", 1788540333000 * MS),
        ({"e": "newKind"}, "newKind", None),
        ({}, "", None),
        ({"hello": 1}, "", None),
    ],
)
def test_what_is_not_known_is_told_whole(message: Any, kind: str, time: int | None) -> None:
    """Never fatal."""
    (told,) = read(message)

    assert told == UnknownMessage(X, kind, orjson.dumps(message).decode(), time, NOW)


# ---------------------------------------------------------------- whatever comes


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"null",
        b"1",
        b'"text"',
        b"[1]",
        b"[[]]",
        b"\xff",
        b'{"e":["trade"]}',
        b'{"e":{}}',
        b'{"e":1}',
        b'{"stream":1,"data":{}}',
        b'{"stream":"x","data":null}',
        b'{"error":null,"id":1}',
        b'{"error":{"msg":"x"},"id":1}',
        b'{"code":"2","msg":"x"}',
        b"[" * 5000 + b"]" * 5000,
    ],
)
def test_what_is_no_message_is_an_error_of_theirs(raw: bytes) -> None:
    """With the payload, cut."""
    with pytest.raises(RemoteProtocolError) as caught:
        decode(raw, NOW)

    assert caught.value.payload == raw[: RemoteProtocolError.PAYLOAD_LIMIT]
