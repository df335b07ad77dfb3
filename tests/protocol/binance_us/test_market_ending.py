"""The end of a market connection, planned and announced."""

import orjson
import pytest

from tests.support.binance_us import NOW_MS, NOW_NS
from tests.support.binance_us_market import TRADES
from tests.support.binance_us_stream import Line, wrapped
from venuetree.protocol.events import StreamEnding
from venuetree.protocol.timestamps import SECOND

HOUR_S = 3600


def test_a_connection_asks_to_be_replaced_an_hour_before_its_end() -> None:
    """And again after a while, for as long as nothing comes of it."""
    line = Line(TRADES).live()
    line.settle(seconds=23 * HOUR_S + 130)

    times = [(at_ns - NOW_NS) // SECOND for at_ns, _ in line.replaces]
    assert times == [23 * HOUR_S, 23 * HOUR_S + 60, 23 * HOUR_S + 120]
    assert line.closes == []
    assert line.session.is_healthy


def test_connections_are_replaced_one_after_the_other() -> None:
    """Each by its number; not all of them ask for their snapshots at once."""
    times = []
    for name in ("market-0", "market-1", "market-7", "odd"):
        line = Line(TRADES, name=name).live()
        line.settle(seconds=23 * HOUR_S + 1)
        times.append((line.replaces[0][0] - NOW_NS) // 60 // SECOND)

    assert times == [23 * 60, 23 * 60 - 5, 23 * 60 - 35, 23 * 60]


@pytest.mark.parametrize(
    "frame",
    [
        wrapped("!serverShutdown", {"e": "serverShutdown", "E": NOW_MS}),
        orjson.dumps({"e": "serverShutdown", "E": NOW_MS}),
    ],
)
def test_an_announced_end_asks_for_a_replacement_at_once(frame: bytes) -> None:
    """Wrapped or bare; and soon again, for there is little time."""
    line = Line(TRADES).live()
    (told,) = line.take(frame)

    assert isinstance(told, StreamEnding)
    assert line.session.has_work
    line.settle(seconds=25)
    assert len(line.replaces) == 3
    assert "serverShutdown" in line.replaces[0][1].reason
    assert line.session.is_healthy
