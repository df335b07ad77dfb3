"""Lines to events, standing alone, and whatever else may come."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import json_values, mutated
from tests.support.oanda_reading import NOW_NS, PAYLOADS, line, payload, transactions_in
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.events import (
    Heartbeat,
    QuoteChanged,
    StreamErrorReported,
    TransactionRecorded,
    UnknownMessage,
)
from venuetree.protocol.exchanges.oanda.decode import decode
from venuetree.protocol.port import StreamKind

X = "oanda"
BODIES = {path.stem: payload(path.stem) for path in sorted(PAYLOADS.glob("*.json"))}
LINES = [
    *(body for name, body in BODIES.items() if name.startswith("stream_")),
    *(entry for body in BODIES.values() for entry in transactions_in(body)),
]


def test_the_heartbeat_of_prices_names_no_transaction() -> None:
    """Nor an instrument."""
    told = decode(line(payload("stream_heartbeat")), NOW_NS)

    assert told == (Heartbeat(X, None, 1_718_114_591_102_334_451 + 20 * 10**9, NOW_NS),)


def test_the_heartbeat_of_transactions_names_the_newest() -> None:
    """As a number."""
    (told,) = decode(line(payload("stream_transactions_heartbeat")), NOW_NS, StreamKind.USER)

    assert told == Heartbeat(X, 6404, 1_718_114_712_037_194_608, NOW_NS)


@pytest.mark.parametrize("kind", [None, *StreamKind])
def test_a_line_itself_says_what_it_is(kind: StreamKind | None) -> None:
    """Whatever the stream."""
    for message in LINES:
        first = decode(line(message), NOW_NS, kind)[0]

        assert isinstance(first, QuoteChanged | Heartbeat | TransactionRecorded)


def test_text_is_read_as_bytes_are() -> None:
    """And a line's end makes no difference."""
    for message in LINES:
        raw = line(message)

        assert decode(raw.decode(), NOW_NS) == decode(raw, NOW_NS)
        assert decode(raw + b"\r\n", NOW_NS) == decode(raw, NOW_NS)


def test_a_refusal_in_place_of_lines_is_told() -> None:
    """With the exchange's words."""
    told = decode(b'{"errorMessage":"Invalid value specified for \'instruments\'"}', NOW_NS)

    assert told == (
        StreamErrorReported(X, "Invalid value specified for 'instruments'", "", None, NOW_NS),
    )


def test_a_refusal_keeps_its_code() -> None:
    """Beside its text."""
    (told,) = decode(b'{"errorMessage":"no","errorCode":"SOME_CODE"}', NOW_NS)

    assert isinstance(told, StreamErrorReported)
    assert told.reason == "SOME_CODE"


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({}, ""),
        ({"news": 1}, ""),
        ({"type": "NEWS", "time": "2024-06-11T14:03:29.712946053Z"}, "NEWS"),
        (payload("rest_order_pending"), ""),
    ],
)
def test_what_is_well_formed_and_not_known_is_told(message: dict[str, Any], kind: str) -> None:
    """Kept whole, fatal to nothing; a reply is no line."""
    (told,) = decode(line(message), NOW_NS)

    assert isinstance(told, UnknownMessage)
    assert told.kind == kind


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"[]",
        b"null",
        b"1",
        b'"PRICE"',
        b"{",
        b'{"type":1}',
        b'{"type":null}x',
        b'{"type":"HEARTBEAT"}',
        b'{"type":"HEARTBEAT","time":"x"}',
        b'{"type":"HEARTBEAT","time":"2024-06-11T14:03:29Z","lastTransactionID":5}',
        b'{"type":"HEARTBEAT","time":"2024-06-11T14:03:29Z","lastTransactionID":"-5"}',
        b'{"type":"PRICE"}',
        b'{"type":"LIMIT_ORDER"}',
        b'{"type":"ORDER_FILL","id":"1","time":"2024-06-11T14:03:29Z"}',
        b"\xff\xfe",
    ],
)
def test_what_cannot_be_read_is_an_error(frame: bytes) -> None:
    """With its bytes."""
    with pytest.raises(RemoteProtocolError) as caught:
        decode(frame, NOW_NS)

    assert caught.value.payload == frame
    assert caught.value.exchange == X


def decodes_or_refuses(frame: bytes) -> None:
    """Events, at least one; or the one error."""
    try:
        events = decode(frame, NOW_NS)
    except RemoteProtocolError:
        return
    assert events


@given(st.binary(max_size=80))
def test_any_bytes_are_events_or_an_error(frame: bytes) -> None:
    """Nothing else leaves."""
    decodes_or_refuses(frame)


@given(json_values)
def test_any_json_is_events_or_an_error(message: Any) -> None:
    """Nothing else leaves."""
    try:
        frame = orjson.dumps(message)
    except TypeError:
        return  # an integer beyond what this writer can
    decodes_or_refuses(frame)


@settings(max_examples=400)
@given(st.sampled_from(LINES).flatmap(mutated))
def test_any_line_in_which_something_is_wrong_is_events_or_an_error(message: Any) -> None:
    """Nothing else leaves."""
    try:
        frame = orjson.dumps(message)
    except TypeError:
        return
    decodes_or_refuses(frame)
