"""`place` when the exchange's verdict never comes: exit code 4, and the id to look for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from tests.support.command_line import called
from tests.support.schemas import complaints
from venuetree.cli.json_output import dump
from venuetree.scenarios.faults import LoseReply, Respond
from venuetree.scenarios.simulated import SimulatedCoinbase, serve
from venuetree.scenarios.simulated.oanda import SimulatedOanda

pytestmark = pytest.mark.slow


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[tuple[SimulatedCoinbase, Path]]:
    """A simulator that takes orders and never says so, and its endpoints file."""
    simulator = SimulatedCoinbase(seed=1)
    simulator.faults.add(LoseReply(to="POST /api/v3/brokerage/orders", times=None))
    simulator.faults.add(Respond(to="GET /api/v3/brokerage/orders/*", status=503, times=None))
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serve(simulator)) as running,
    ):
        file = tmp_path / "sim.json"
        file.write_bytes(dump(dict(running.endpoints)))
        yield simulator, file


def test_an_unknown_outcome_names_its_client_order_id(
    silent: tuple[SimulatedCoinbase, Path],
) -> None:
    """Nothing is called rejected: the order is there, once, and the user is told how to ask."""
    simulator, file = silent
    place = ("place", "coinbase", "BTC-USD", "buy", "0.01", "--price", "30000", "--timeout", "1.5")
    ended = called(*place, "--client-order-id", "lost-1", "--endpoints", str(file), "--json")

    held = [order for order in simulator.orders if order.client_order_id == "lost-1"]
    assert ended.code == 4
    assert (ended.document["error"], ended.document["client_order_id"]) == (
        "outcome_unknown",
        "lost-1",
    )
    assert complaints("error", ended.document) == []
    assert "venuetree order coinbase BTC-USD lost-1 --by client" in ended.err
    assert len(held) == 1


def test_an_unknown_closing_of_a_margin_trade_names_its_client_order_id(tmp_path: Path) -> None:
    """It is named by the trade, without an instrument; the user is told how to ask all the same."""
    simulator = SimulatedOanda(seed=1)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serve(simulator)) as running,
    ):
        file = tmp_path / "sim.json"
        file.write_bytes(dump(dict(running.endpoints)))
        where = ("--endpoints", str(file), "--json")
        opened = called("place", "oanda", "EUR-USD", "buy", "100", *where)
        trades = called("margin-trades", "oanda", *where)
        simulator.faults.add(LoseReply(to="PUT /v3/accounts/*/trades/*/close", times=None))
        simulator.faults.add(Respond(to="GET /v3/accounts/*/transactions*", status=503, times=None))
        (trade,) = trades.document
        ended = called("close-trade", "oanda", trade["trade_id"], "--timeout", "1.5", *where)

    assert (opened.code, ended.code) == (0, 4)
    assert ended.document["error"] == "outcome_unknown"
    assert f"order oanda INSTRUMENT {ended.document['client_order_id']} --by client" in ended.err
