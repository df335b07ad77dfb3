"""Recorded traffic, served again to a real engine, and paper trading on it."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import orjson
import pytest

from tests.support.oanda_world import hearing, settled
from tests.support.virtual_exchange import BASE_NS
from venuetree import paper
from venuetree.actors.clock import LoopClock
from venuetree.config import binance_us
from venuetree.engine import Engine
from venuetree.exchange import ExchangeHandle
from venuetree.protocol.builders import limit_order, market_order
from venuetree.protocol.events import BookInStep, BookUpdated, FillReceived
from venuetree.protocol.models import OrderStatus, Side, Topic
from venuetree.protocol.port import Endpoints
from venuetree.scenarios.memory_network import MemoryNetwork
from venuetree.scenarios.memory_server import serving_in_memory
from venuetree.scenarios.replayed_exchange import (
    Record,
    ReplayedExchange,
    binance_us_manner,
    read_recording,
)
from venuetree.scenarios.simulated.binance_us import SimulatedBinanceUs
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.simulated.wire import Request
from venuetree.supervisors.wiring import Part

pytestmark = pytest.mark.anyio

RECORDINGS = Path(
    os.environ.get("VENUETREE_RECORDINGS", str(Path(__file__).parents[3] / "shared/recordings"))
)
STREAM = "btcusd@depth@100ms"


def instruments() -> bytes:
    """The list of instruments, as the simulated exchange tells it."""
    sim = SimulatedBinanceUs(seed=1)
    return sim.handle("rest", Request("GET", "/api/v3/exchangeInfo")).response.body


def frame(first: int, last: int, **sides: list[list[str]]) -> Record:
    """A frame of changes of the book."""
    data = {
        "e": "depthUpdate",
        "E": BASE_NS // 1_000_000,
        "s": "BTCUSD",
        "U": first,
        "u": last,
        "b": sides.get("bids", []),
        "a": sides.get("asks", []),
    }
    return Record(STREAM, orjson.dumps({"stream": STREAM, "data": data}))


def composed() -> tuple[Record, ...]:
    """A recording of our own: a book, and how its asks come down to a bid that waits."""
    book = {
        "lastUpdateId": 100,
        "bids": [["99.00", "1.00000"]],
        "asks": [["101.00", "1.00000"], ["102.00", "2.00000"]],
    }
    return (
        Record("open", b"{}"),
        Record("GET /api/v3/exchangeInfo", instruments()),
        Record("GET /api/v3/depth?symbol=BTCUSD&limit=1000", orjson.dumps(book)),
        frame(100, 101, bids=[["98.00", "1.00000"]]),
        *(frame(n, n, bids=[["97.00", f"{n}.00000"]]) for n in range(102, 160)),
        frame(160, 160, asks=[["100.00", "0.30000"]]),
        frame(161, 161, asks=[["100.00", "0.00000"]]),
    )


@asynccontextmanager
async def replayed(
    records: Sequence[Record], **options: Any
) -> AsyncIterator[tuple[ReplayedExchange, ExchangeHandle]]:
    """A paper account at a recording."""
    clock = LoopClock(BASE_NS, origin=anyio.current_time())
    exchange = ReplayedExchange("binance_us", records, binance_us_manner())
    network = MemoryNetwork()
    async with serving_in_memory(network, exchange, tick_s=0.05) as addresses:
        told = exchange.endpoints(addresses[exchange.name])
        config = binance_us(endpoints=Endpoints(told["rest"], told["stream"]), parts=Part.ORDERS)
        async with Engine(paper(config, **options), clock=clock, network=network) as engine:
            yield exchange, engine["binance_us"]


async def test_a_paper_account_trades_on_a_recording() -> None:
    """Taken from the book as recorded, then filled as the recorded book comes to it."""
    async with replayed(composed(), balances={"USD": "10000"}) as (recorded, exchange):
        async with exchange.account_events() as feed, hearing(feed) as heard:
            taken = await exchange.place(market_order("BTC-USD", Side.BUY, quantity="1.5"))
            resting = await exchange.place(
                limit_order("BTC-USD", Side.BUY, quantity="1", price="100")
            )
            await settled(lambda: not recorded.frames_left)
            await anyio.sleep(1)
            after = await exchange.order(resting.key)
        fills = [event.fill for event in heard.of(FillReceived)]
        asked = {entry.subject for entry in recorded.log.of(LogKind.REQUEST)}

    assert taken.status is OrderStatus.FILLED
    assert [(f.price, f.quantity) for f in fills] == [
        (Decimal("101.00"), Decimal("1.00000")),
        (Decimal("102.00"), Decimal("0.50000")),
        (Decimal("100.00"), Decimal("0.30000")),
    ]
    assert after.status is OrderStatus.PARTIALLY_FILLED
    assert asked == {"GET /api/v3/exchangeInfo", "GET /api/v3/depth"}


def test_what_was_not_recorded_is_not_there() -> None:
    """Another symbol, another path, another verb; how much is asked for does not matter."""
    exchange = ReplayedExchange("binance_us", composed(), binance_us_manner())

    def status(method: str, path: str, **query: str) -> int:
        request = Request(method, path, query=tuple(query.items()))
        return exchange.handle("rest", request).response.status

    assert status("GET", "/api/v3/depth", symbol="BTCUSD", limit="5000") == 200
    assert status("GET", "/api/v3/depth", symbol="ETHUSD") == 404
    assert status("GET", "/api/v3/depth") == 404
    assert status("POST", "/api/v3/depth", symbol="BTCUSD") == 404
    assert status("GET", "/api/v3/time") == 404


def test_a_line_that_is_no_record_is_an_error(tmp_path: Path) -> None:
    """It says which."""
    file = tmp_path / "frames.jsonl"
    file.write_text('{"channel": "a", "raw": {"b": 1}}\n\n{"channel": "a", "raw": "{}"}\n')
    good = read_recording(file)
    file.write_text('{"channel": 5}\n')
    with pytest.raises(ValueError, match="channel"):
        read_recording(file)

    assert good == (Record("a", b'{"b":1}'), Record("a", b"{}"))


@pytest.mark.skipif(
    not (RECORDINGS / "binance_us").is_dir(), reason="the recordings are not beside the checkout"
)
@pytest.mark.parametrize("name", ["COMP-USDT", "OMG-BUSD", "CRV-USDT"])
async def test_fills_on_the_recorded_market_are_at_prices_and_sizes_that_it_showed(
    name: str,
) -> None:
    """The book comes in step by the real exchange's own frames, and orders fill on it."""
    folder = RECORDINGS / "binance_us"
    records = read_recording(folder / "rest.jsonl", folder / "streams.jsonl")
    quote = name.partition("-")[2]
    async with replayed(records, balances={quote: "100000"}) as (_, exchange):
        async with exchange.subscribe(name, Topic.BOOK) as feed, hearing(feed) as heard:
            await settled(lambda: bool(heard.of(BookInStep)))
            book = exchange.book(name)
            assert book is not None
            shown = book.asks(2)
            quantity = shown[0].quantity + shown[1].quantity
            order = await exchange.place(
                limit_order(name, Side.BUY, quantity=quantity, price=shown[1].price)
            )
            fills = await exchange.fills(order=order.key)
            await settled(lambda: len(heard.of(BookUpdated)) > 3)

    assert fills
    assert all(fill.price <= shown[1].price for fill in fills)
    assert sum(fill.quantity for fill in fills) <= quantity
