"""Frames to events: every sample of the documents, exactly."""

import orjson
import pytest

from tests.support.binance_us import payload
from tests.support.binance_us_frames import NOW, SAMPLES, read
from venuetree.protocol.events import AccountNotice, BookChanged, TradePrinted
from venuetree.protocol.exchanges.binance_us.decode import decode

MS = 1_000_000
NOTICES = {
    "user_balance_update": ("balanceUpdate", 1788541000110),
    "user_list_status": ("listStatus", 1788540500530),
    "user_external_lock": ("externalLockUpdate", 1788541557324),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_decodes_exactly(name: str) -> None:
    """Bare, as text, wrapped by the WebSocket API, and in a list."""
    message, expected = payload(name), SAMPLES[name]

    assert read(message) == expected
    assert decode(orjson.dumps(message).decode(), NOW) == expected
    assert read({"subscriptionId": 0, "event": message}) == expected
    assert read({"event": message}) == expected
    assert read([message, message]) == (*expected, *expected)


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"stream_book_top"}))
def test_a_combined_streams_wrapping_makes_no_difference(name: str) -> None:
    """Whatever the stream is called, a listen key for example."""
    assert read({"stream": "h3Tq8ZrL", "data": payload(name)}) == SAMPLES[name]


def test_the_digits_are_kept_as_they_came() -> None:
    """Equal decimals may differ in that."""
    (trade,) = read(payload("stream_trade"))
    (change,) = read(payload("stream_depth"))

    assert isinstance(trade, TradePrinted)
    assert (str(trade.price), str(trade.quantity)) == ("116999.50000000", "0.00300000")
    assert isinstance(change, BookChanged)
    assert str(change.changes[1].quantity) == "0E-8"


@pytest.mark.parametrize("name", NOTICES)
def test_what_comes_with_other_news_is_a_notice(name: str) -> None:
    """With the exchange's own words; a delta must not be applied beside its position event."""
    kind, time = NOTICES[name]
    (notice,) = read(payload(name))

    assert isinstance(notice, AccountNotice)
    assert (notice.kind, notice.exchange_time_ns) == (kind, time * MS)
    assert orjson.loads(notice.detail) == payload(name)
