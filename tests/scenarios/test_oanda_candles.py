"""Candles of the simulated OANDA: spans and alignment, what is asked for, what is refused."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.scenarios.plain_oanda import SECOND, START_NS, PlainClient, body
from venuetree.scenarios.simulated.oanda.candle_spans import GRANULARITIES, Alignment, span
from venuetree.scenarios.simulated.oanda.settings import Settings

PATH = "/v3/instruments/EUR_USD/candles"
QUIET = Settings(requests=None)


@pytest.fixture
def client() -> PlainClient:
    """An exchange without limits."""
    return PlainClient(QUIET)


def ns(text: str) -> int:
    """The nanoseconds of a time."""
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


def starts(answer: Any) -> list[str]:
    """When the candles begin, to the second."""
    return [candle["time"].partition(".")[0] for candle in answer["candles"]]


@pytest.mark.parametrize(
    ("granularity", "start", "end"),
    [
        ("S5", "2026-09-21T14:13:20Z", "2026-09-21T14:13:25Z"),
        ("M15", "2026-09-21T14:00:00Z", "2026-09-21T14:15:00Z"),
        ("H1", "2026-09-21T14:00:00Z", "2026-09-21T15:00:00Z"),
        ("H4", "2026-09-21T13:00:00Z", "2026-09-21T17:00:00Z"),
        ("D", "2026-09-20T21:00:00Z", "2026-09-21T21:00:00Z"),
        ("W", "2026-09-18T21:00:00Z", "2026-09-25T21:00:00Z"),
        ("M", "2026-08-31T21:00:00Z", "2026-09-30T21:00:00Z"),
    ],
)
def test_spans_are_aligned_to_new_york(granularity: str, start: str, end: str) -> None:
    """As the exchange does by default."""
    assert span(granularity, START_NS, Alignment()) == (ns(start), ns(end))


def test_alignment_can_be_chosen() -> None:
    """Another hour, another zone, another first day."""
    alignment = Alignment(hour=0, zone=ZoneInfo("UTC"), weekday=0)

    assert span("D", START_NS, alignment)[0] == ns("2026-09-21T00:00:00Z")
    assert span("W", START_NS, alignment)[0] == ns("2026-09-21T00:00:00Z")
    assert span("M", START_NS, alignment)[0] == ns("2026-09-01T00:00:00Z")


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_spans_follow_each_other_without_gap(granularity: str) -> None:
    """Across the change to winter time and the end of a year too."""
    for day in ("2026-10-31T12:34:56Z", "2026-12-31T20:00:00Z", "2027-03-13T23:59:59Z"):
        time_ns = ns(day)
        for _ in range(60):
            start_ns, end_ns = span(granularity, time_ns, Alignment())

            assert start_ns <= time_ns < end_ns
            assert span(granularity, end_ns - 1, Alignment()) == (start_ns, end_ns)
            time_ns = end_ns


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_candles_of_every_granularity_are_whole(client: PlainClient, granularity: str) -> None:
    """High and low enclose the rest, each begins where the last one ended, the newest forms."""
    answer = client.get(PATH, {"granularity": granularity, "count": 50, "price": "BMA"})
    candles = answer["candles"]

    assert (answer["instrument"], answer["granularity"]) == ("EUR_USD", granularity)
    assert len(candles) == 50
    assert starts(answer) == sorted(set(starts(answer)))
    assert [candle["complete"] for candle in candles] == [True] * 49 + [False]
    for candle in candles:
        bid, mid, ask = (
            {key: Decimal(value) for key, value in candle[side].items()}
            for side in ("bid", "mid", "ask")
        )
        for prices in (bid, mid, ask):
            assert prices["l"] <= min(prices["o"], prices["c"])
            assert prices["h"] >= max(prices["o"], prices["c"])
        assert bid["c"] < mid["c"] < ask["c"]
        assert candle["volume"] >= 1
    for before, after in pairwise(candles[:-1]):
        assert before["mid"]["c"] == after["mid"]["o"]


def test_defaults(client: PlainClient) -> None:
    """500 candles of five seconds, of middle prices."""
    answer = client.get(PATH)

    assert answer["granularity"] == "S5"
    assert len(answer["candles"]) == 500
    assert set(answer["candles"][0]) == {"complete", "volume", "time", "mid"}
    assert len(answer["candles"][0]["mid"]["o"]) == len("1.08425")


def test_candles_are_made_of_the_prices_that_were(client: PlainClient) -> None:
    """Open, high, low, close and the number of prices; then nothing where nothing moved."""
    client.advance(40)
    for bid, ask in (("1.1", "1.1002"), ("1.2", "1.2002"), ("1.05", "1.0502"), ("1.15", "1.1502")):
        client.sim.prices.set_price("EUR_USD", bid, ask)
        client.advance(10)
    answer = client.get(PATH, {"granularity": "M1", "count": 1, "price": "B"})
    fine = client.get(PATH, {"granularity": "S5", "from": "2026-09-21T14:13:55Z", "price": "B"})

    (candle,) = answer["candles"]
    assert candle["bid"] == {"o": "1.10000", "h": "1.20000", "l": "1.05000", "c": "1.15000"}
    assert candle["volume"] == 4
    assert starts(fine) == [
        "2026-09-21T14:14:00",
        "2026-09-21T14:14:10",
        "2026-09-21T14:14:20",
        "2026-09-21T14:14:30",
    ]


def test_a_candle_is_complete_when_the_next_price_has_come(client: PlainClient) -> None:
    """Not when its time is over."""
    client.advance(30)
    query = {"granularity": "S5", "count": 1}
    late = client.get(PATH, query)["candles"][0]
    client.sim.prices.set_price("EUR_USD", "1.1", "1.1002")
    query = {"granularity": "S5", "count": 2}

    assert not late["complete"]
    assert [candle["complete"] for candle in client.get(PATH, query)["candles"]] == [True, False]


def test_from_and_to_are_a_half_open_range(client: PlainClient) -> None:
    """On the starts of candles; the one that covers `from` is the first, unless unwanted."""
    query = {
        "granularity": "M1",
        "from": "2026-09-21T14:00:30Z",
        "to": "2026-09-21T14:03:00Z",
    }
    found = starts(client.get(PATH, query))
    later = starts(client.get(PATH, query | {"includeFirst": "false"}))

    assert found == [f"2026-09-21T14:0{minute}:00" for minute in (0, 1, 2)]
    assert later == found[1:]


def test_count_counts_from_the_end_that_is_given(client: PlainClient) -> None:
    """Forward from `from`, backward from `to`."""
    time = "2026-09-21T10:00:00Z"
    query = {"granularity": "H1", "count": 2}

    forward = starts(client.get(PATH, query | {"from": time}))
    backward = starts(client.get(PATH, query | {"to": time}))

    assert forward == ["2026-09-21T10:00:00", "2026-09-21T11:00:00"]
    assert backward == ["2026-09-21T08:00:00", "2026-09-21T09:00:00"]


def test_times_are_read_in_every_format(client: PlainClient) -> None:
    """RFC 3339 with an offset, UNIX seconds, and New York's clock where no zone is named."""
    texts = ("2026-09-21T10:00:00Z", "2026-09-21T12:00:00+02:00", "1789984800.000000000",
             "2026-09-21T06:00:00")  # fmt: skip
    answers = [client.get(PATH, {"granularity": "M5", "count": 3, "from": text}) for text in texts]

    assert answers[0]["candles"]
    assert all(answer == answers[0] for answer in answers)


def test_smooth_candles_open_where_the_last_one_closed(client: PlainClient) -> None:
    """Even after a jump."""
    client.advance(10)
    client.sim.prices.set_price("EUR_USD", "1.2", "1.2002")
    query = {"granularity": "S5", "count": 2, "smooth": "true"}
    before, after = client.get(PATH, query)["candles"]

    assert after["mid"]["o"] == before["mid"]["c"]
    assert after["mid"]["h"] == after["mid"]["c"] == "1.20010"


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"granularity": "S7"}, "Invalid value specified for 'granularity'"),
        ({"price": "X"}, "Invalid value specified for 'price'"),
        ({"count": "0"}, "Invalid value specified for 'count'"),
        ({"count": "many"}, "Invalid value specified for 'count'"),
        ({"count": "5001"}, "Maximum value for 'count' exceeded"),
        ({"from": "yesterday"}, "Invalid value specified for 'from'"),
        (
            {"to": "2027-01-01T00:00:00Z"},
            "Invalid value specified for 'to'. Time is in the future",
        ),
        (
            {"from": "2026-09-01T00:00:00Z", "to": "2026-09-20T00:00:00Z"},
            "Maximum value for 'count' exceeded",
        ),
        (
            {"from": "2026-09-20T00:00:00Z", "to": "2026-09-19T00:00:00Z"},
            "Invalid value specified for 'from'",
        ),
        ({"smooth": "perhaps"}, "Invalid value specified for 'smooth'"),
        ({"dailyAlignment": "24"}, "Invalid value specified for 'dailyAlignment'"),
        ({"weeklyAlignment": "friday"}, "Invalid value specified for 'weeklyAlignment'"),
        ({"alignmentTimezone": "Mars/North"}, "Invalid value specified for 'alignmentTimezone'"),
    ],
)
def test_what_cannot_be_read_is_refused(
    client: PlainClient, query: dict[str, str], text: str
) -> None:
    """With 400 and the parameter's name."""
    assert client.refused("GET", PATH, query) == (400, text)


def test_count_with_both_ends_is_refused(client: PlainClient) -> None:
    """One of the three is one too many."""
    both = {"from": "2026-09-21T10:00:00Z", "to": "2026-09-21T11:00:00Z", "count": 5}
    status, text = client.refused("GET", PATH, both)

    assert status == 400
    assert "'count'" in text


def test_an_unknown_instrument_is_refused(client: PlainClient) -> None:
    """By its name in the path."""
    refused = client.refused("GET", "/v3/instruments/EUR_UDS/candles")

    assert refused == (400, "Invalid value specified for 'instrument'")


def test_the_accounts_own_candles_are_the_same(client: PlainClient) -> None:
    """With or without units."""
    own = client.get("instruments/EUR_USD/candles", {"count": 3, "units": "1000"})

    assert own == client.get(PATH, {"count": 3})
    assert client.refused("GET", "instruments/EUR_USD/candles", {"units": "x"})[0] == 400


def test_latest_candles_of_several_kinds(client: PlainClient) -> None:
    """The last that is complete and the one that forms, for each specification."""
    query = {"candleSpecifications": "EUR_USD:S10:BM,USD_JPY:M1:M"}
    first, second = client.get("candles/latest", query)["latestCandles"]

    assert (first["instrument"], first["granularity"]) == ("EUR_USD", "S10")
    assert [candle["complete"] for candle in first["candles"]] == [True, False]
    assert {"bid", "mid"} < set(first["candles"][0])
    assert "ask" not in first["candles"][0]
    assert second["instrument"] == "USD_JPY"
    for bad in ("EUR_USD:S10", "EUR_UDS:S10:M", "EUR_USD:S7:M", "EUR_USD:S10:X", ""):
        assert client.refused("GET", "candles/latest", {"candleSpecifications": bad})[0] == 400


def test_no_candles_of_weekends(client: PlainClient) -> None:
    """Where market hours are kept; the daily candles of a week begin on Sunday evening."""
    del client
    closed = PlainClient(Settings(requests=None, market_hours=True))
    query = {"granularity": "H1", "from": "2026-09-18T19:30:00Z", "to": "2026-09-20T23:00:00Z"}
    hours = starts(closed.get(PATH, query))
    days = starts(closed.get(PATH, {"granularity": "D", "count": 10}))
    weekdays = {datetime.fromisoformat(day).replace(tzinfo=UTC).weekday() for day in days}

    assert hours == [
        "2026-09-18T19:00:00",
        "2026-09-18T20:00:00",
        "2026-09-20T21:00:00",
        "2026-09-20T22:00:00",
    ]
    assert weekdays == {6, 0, 1, 2, 3}


def test_books_are_zipped_snapshots_with_links(client: PlainClient) -> None:
    """Though nobody asked for it; a snapshot stays as it is, and knows its neighbours."""
    for kind in ("orderBook", "positionBook"):
        response = client.send("GET", f"/v3/instruments/EUR_USD/{kind}")
        headers, book = dict(response.headers), body(response)[kind]
        older = client.send(
            "GET", f"/v3/instruments/EUR_USD/{kind}", {"time": "2026-09-21T12:00:00Z"}
        )

        assert headers["content-encoding"] == "gzip"
        assert 'rel="prev"' in headers["link"]
        assert 'rel="next"' in dict(older.headers)["link"]
        assert book["time"] == "2026-09-21T14:00:00Z"
        assert book["unixTime"] == "1789999200"
        assert book["bucketWidth"] == "0.00050"
        assert set(book["buckets"][0]) == {"price", "longCountPercent", "shortCountPercent"}
        assert body(older)[kind]["time"] == "2026-09-21T12:00:00Z"
        client.advance(1)
        assert body(client.send("GET", f"/v3/instruments/EUR_USD/{kind}"))[kind] == book


def test_few_instruments_have_books(client: PlainClient) -> None:
    """An index has none; the future has none yet."""
    assert client.refused("GET", "/v3/instruments/DE30_EUR/orderBook")[0] == 404
    path, query = "/v3/instruments/EUR_USD/orderBook", {"time": "2027-01-01T00:00:00Z"}
    assert client.refused("GET", path, query)[0] == 400
