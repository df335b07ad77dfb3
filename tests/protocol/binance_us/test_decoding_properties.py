"""Whatever frame comes: events, at least one, or the one error."""

from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import json_values, mutated
from tests.support.binance_us import PAYLOADS, payload
from tests.support.binance_us_frames import NOW
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.exchanges.binance_us.decode import decode

FRAMES = [
    payload(path.stem)
    for path in sorted(PAYLOADS.glob("*.json"))
    if not path.stem.startswith("rest_")
]
KINDS = sorted({frame["e"] for frame in FRAMES if "e" in frame})


def survives(raw: bytes | str) -> None:
    """Events, at least one, or the one error."""
    try:
        events = decode(raw, NOW)
    except RemoteProtocolError:
        return
    assert events


def dumped(value: Any) -> bytes | None:
    """JSON bytes; None for what JSON has not."""
    try:
        return orjson.dumps(value, default=str)
    except TypeError:
        return None


@given(st.binary(max_size=200) | st.text(max_size=100))
def test_any_bytes_are_survived(raw: bytes | str) -> None:
    """No JSON, no UTF-8, lone surrogates, or nothing."""
    survives(raw)


@given(json_values, st.sampled_from(KINDS))
def test_any_json_is_survived(value: Any, kind: str) -> None:
    """Alone, and where something else should be."""
    for message in (
        value,
        {"stream": "btcusd@depth5", "data": value},
        {"stream": value, "data": []},
        {"event": value},
        {"e": value},
        {"e": kind, "E": value, "s": "BTCUSD"},
        {"lastUpdateId": 1, "bids": value, "asks": value},
        {"error": value, "id": value},
        {"result": value, "id": value},
    ):
        raw = dumped(message)
        if raw is not None:
            survives(raw)


@settings(max_examples=200)
@given(st.sampled_from(FRAMES).flatmap(mutated), st.sampled_from(("", "stream", "event")))
def test_real_frames_with_something_wrong_are_survived(message: Any, wrapping: str) -> None:
    """A missing member, another name, another type, anywhere."""
    wrapped = {"": message, "stream": {"stream": "x", "data": message}, "event": {"event": message}}
    raw = dumped(wrapped[wrapping])
    if raw is not None:
        survives(raw)


@given(st.sampled_from(FRAMES), st.integers(0, 600))
def test_cut_frames_are_survived(message: Any, length: int) -> None:
    """A frame that ends too early is no message."""
    survives(orjson.dumps(message)[:length])
