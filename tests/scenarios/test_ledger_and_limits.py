"""Balances, rate limits, the log, and the texts of numbers and times."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuetree.scenarios.simulated.accounts import Balance, InsufficientFundsError, Ledger
from venuetree.scenarios.simulated.limits import Bucket, Limit, Limiter
from venuetree.scenarios.simulated.log import ExchangeLog, LogKind
from venuetree.scenarios.simulated.numbers import (
    parse_decimal,
    parse_rfc3339,
    plain,
    rfc3339,
)

D = Decimal
SECOND = 1_000_000_000
amounts = st.decimals(min_value=0, max_value=10**6, places=8)
moves = st.lists(
    st.tuples(
        st.sampled_from(["hold", "release", "pay_held", "pay"]),
        st.sampled_from(["a", "b", "house"]),
        st.sampled_from(["a", "b", "house"]),
        amounts,
    ),
    max_size=30,
)


@given(moves=moves)
def test_no_move_makes_or_loses_a_digit(moves: list[tuple[str, str, str, Decimal]]) -> None:
    """Whatever moves, refused or not, the supply stays, and nobody but the house is in debt."""
    ledger = Ledger(frozenset({"house"}))
    ledger.deposit("a", "USD", D(1000))
    ledger.deposit("b", "USD", D(500))

    for name, owner, payee, amount in moves:
        try:
            if name.startswith("pay"):
                getattr(ledger, name)(owner, payee, "USD", amount)
            else:
                getattr(ledger, name)(owner, "USD", amount)
        except InsufficientFundsError:
            pass

        assert ledger.supply("USD") == D(1500)
        for each in ("a", "b"):
            balance = ledger.balance(each, "USD")
            assert balance.available >= 0
            assert balance.held >= 0


def test_a_hold_moves_an_amount_out_of_reach() -> None:
    """What is held cannot be held twice, and comes back whole."""
    ledger = Ledger()
    ledger.deposit("a", "BTC", D(1))
    ledger.hold("a", "BTC", D("0.7"))

    with pytest.raises(InsufficientFundsError):
        ledger.hold("a", "BTC", D("0.4"))
    held = ledger.balance("a", "BTC")
    ledger.release("a", "BTC", D("0.7"))

    assert held == Balance(available=D("0.3"), held=D("0.7"))
    assert ledger.balance("a", "BTC") == Balance(available=D(1))


@given(gaps=st.lists(st.integers(0, SECOND), min_size=1, max_size=60))
def test_no_window_admits_more_than_burst_and_rate_allow(gaps: list[int]) -> None:
    """In any span of time at most `burst` plus `per_second` times the span gets through."""
    limit = Limit(per_second=5, burst=3)
    bucket, now_ns, admitted = Bucket(limit), 0, []
    for gap in gaps:
        now_ns += gap
        if bucket.admit(now_ns):
            admitted.append(now_ns)

    for index, start in enumerate(admitted):
        for count, end in enumerate(admitted[index:], start=1):
            assert count * SECOND <= limit.burst * SECOND + (end - start) * limit.per_second


def test_a_bucket_tells_what_is_left_and_when_it_is_full() -> None:
    """The numbers behind the rate-limit headers."""
    bucket = Bucket(Limit(per_second=10, burst=20))
    for _ in range(15):
        assert bucket.admit(0)

    assert (bucket.remaining, bucket.seconds_until_full) == (5, 2)


def test_clients_have_buckets_of_their_own() -> None:
    """One client's rush is no other client's."""
    limiter = Limiter(Limit(per_second=1, burst=1))

    assert [limiter.admit(who, 0) for who in ("a", "a", "b")] == [True, False, True]
    assert Limiter(None).admit("a", 0)


def test_a_full_log_forgets_its_oldest_entries() -> None:
    """It is bounded, and keeps the newest."""
    log = ExchangeLog(capacity=10)
    for number in range(12):
        log.add(number, LogKind.REQUEST, str(number))

    assert [entry.subject for entry in log][-1] == "11"
    assert len(log) <= 11


@pytest.mark.parametrize(
    ("value", "text"),
    [("1.50", "1.5"), ("0E-8", "0"), ("1E+3", "1000"), ("-0.0", "0"), ("100", "100")],
)
def test_decimals_are_written_plainly(value: str, text: str) -> None:
    """No exponent, no trailing zeros."""
    assert plain(D(value)) == text


@pytest.mark.parametrize("text", ["", "NaN", "1e5", "1_000", " 1", ".5", "1.", "+1", None, 1, 1.5])
def test_only_plain_decimals_are_read(text: object) -> None:
    """What a lenient parser would take is refused."""
    assert parse_decimal(text) is None


@given(time_ns=st.integers(0, 4_000_000_000 * SECOND), digits=st.sampled_from([0, 3, 6, 9]))
def test_times_survive_both_ways(time_ns: int, digits: int) -> None:
    """Up to the digits that are kept."""
    step = 10 ** (9 - digits)

    assert parse_rfc3339(rfc3339(time_ns, digits=digits)) == time_ns // step * step


@pytest.mark.parametrize("text", ["2026-10-05", "2026-13-05T00:00:00Z", "now", "", None])
def test_what_is_no_time_is_refused(text: object) -> None:
    """None, not an exception."""
    assert parse_rfc3339(text) is None
