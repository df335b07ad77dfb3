"""Whatever comes, decoding gives events or `RemoteProtocolError`."""

import contextlib
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import json_values, mutated
from tests.support.coinbase import NOW_NS, PAYLOADS, payload
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.exchanges.coinbase.decode import decode

FRAMES = [
    payload(path.stem)
    for path in sorted(PAYLOADS.glob("*.json"))
    if not path.stem.startswith("rest_")
]
CHANNELS = sorted({message.get("channel", message.get("type")) for message in FRAMES})


def survives(raw: bytes) -> None:
    """Events, at least one, or the one error."""
    try:
        events = decode(raw, NOW_NS)
    except RemoteProtocolError:
        return
    assert events


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(raw: bytes) -> None:
    """Bytes that are no JSON, no UTF-8, or nothing."""
    survives(raw)


@given(st.text(max_size=100))
def test_any_text_is_survived(text: str) -> None:
    """Lone surrogates included."""
    with contextlib.suppress(RemoteProtocolError):
        assert decode(text, NOW_NS)


def dumped(value: Any) -> bytes:
    """JSON bytes; integers beyond 64 bits as the digits that they are."""
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)


@given(json_values, st.sampled_from(CHANNELS))
def test_any_json_is_survived(value: Any, channel: str) -> None:
    """Alone, and where a channel's or a type's contents should be."""
    for message in (
        value,
        {"channel": channel, "timestamp": "2026-10-05T09:30:00Z", "events": value},
        {"channel": channel, "timestamp": value, "sequence_num": 1, "events": [value]},
        {"type": channel, "product_id": "BTC-USD", "changes": value, "bids": value, "asks": []},
    ):
        try:
            raw = dumped(message)
        except (TypeError, orjson.JSONEncodeError):
            continue
        survives(raw)


@settings(max_examples=200)
@given(st.sampled_from(FRAMES).flatmap(mutated))
def test_real_frames_with_something_wrong_are_survived(message: Any) -> None:
    """A missing member, another name, another type, anywhere."""
    try:
        raw = dumped(message)
    except (TypeError, orjson.JSONEncodeError):
        return
    survives(raw)


@given(st.sampled_from(FRAMES), st.integers(0, 400))
def test_cut_frames_are_survived(message: Any, length: int) -> None:
    """A frame that ends too early is no message."""
    survives(orjson.dumps(message)[:length])
