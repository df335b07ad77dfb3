"""What replies say of the limits: silence, and the exchange's own count."""

from tests.support.coinbase import reply
from tests.support.coinbase_orders import HTML
from venuetree.protocol.exchanges.coinbase import COINBASE
from venuetree.protocol.timestamps import SECOND


def test_a_429_asks_for_silence_by_its_status_alone() -> None:
    """JSON, HTML or nothing; `Retry-After` where it is given."""
    rest = COINBASE.rest

    assert rest.retry_after_ns(reply(HTML, 429)) == 0
    assert rest.retry_after_ns(reply(b"", 429, headers={"retry-after": "7"})) == 7 * SECOND
    assert rest.retry_after_ns(reply(b"", 429, headers={"retry-after": "soon"})) == 0
    assert rest.retry_after_ns(reply(b"", 503)) is None
    assert rest.retry_after_ns(reply(b"{}")) is None


def test_a_replys_headers_correct_the_count() -> None:
    """Absent or odd headers say nothing."""
    told = reply(b"", headers={"x-ratelimit-limit": "30", "x-ratelimit-remaining": "12"})
    hour = reply(b"", headers={"x-ratelimit-limit": "10000", "x-ratelimit-remaining": "9"})

    assert [(r.window, r.remaining, r.capacity) for r in COINBASE.rest.limits(told)] == [
        ("private", 12, 30)
    ]
    assert [r.window for r in COINBASE.rest.limits(hour)] == ["hour"]
    assert COINBASE.rest.limits(reply(b"", headers={"x-ratelimit-remaining": "some"})) == ()
    assert COINBASE.rest.limits(reply(b"")) == ()
