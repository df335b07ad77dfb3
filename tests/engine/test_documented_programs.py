"""The programs of the how-tos in the moments that they are for: replies lost, keys refused."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest

from tests.support.engines import UNLIMITED
from tests.support.examples import program_of, stand_in
from venuetree import Engine, OrderStatus, Side, limit_order
from venuetree.scenarios.faults import LoseReply, RefuseConnection, Respond
from venuetree.scenarios.simulated import SimulatedCoinbase, serve
from venuetree.scenarios.simulated.coinbase import Settings

pytestmark = pytest.mark.anyio

ORDERS = "POST /api/v3/brokerage/orders"
ORDER = {"instrument": "BTC-USD", "side": "buy", "quantity": "0.01", "price": "30000"}


@pytest.fixture
async def sim(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SimulatedCoinbase]:
    """A simulated Coinbase in the real one's place."""
    sim = SimulatedCoinbase(seed=7, settings=Settings(**UNLIMITED))
    async with serve(sim) as running:
        stand_in(monkeypatch, running.endpoints)
        yield sim


def leave_unknown(sim: SimulatedCoinbase) -> None:
    """From now on orders are placed, and nothing tells so until `sim.faults.clear()`."""
    sim.faults.add(LoseReply(to=ORDERS, times=None))
    sim.faults.add(Respond(to="GET /api/v3/brokerage/orders/*", status=503, times=None))


@asynccontextmanager
async def fastapi_application(patience_seconds: float = 8.0) -> AsyncIterator[httpx.AsyncClient]:
    """The application of the page, started, and a client of it."""
    program = program_of("how-to/embed-in-fastapi.md")
    program["PATIENCE_SECONDS"] = patience_seconds
    app = program["app"]
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client,
    ):
        yield client


@pytest.mark.usefixtures("sim")
async def test_an_order_is_placed_read_and_cancelled_over_http() -> None:
    """201 with the order, and the same order afterwards."""
    async with fastapi_application() as client:
        placed = await client.post("/orders", json=ORDER | {"client_order_id": "mine"})
        again = await client.post("/orders", json=ORDER | {"client_order_id": "mine"})
        read = await client.get("/orders/mine")
        cancelled = await client.delete("/orders/mine")

    assert (placed.status_code, placed.json()["status"]) == (201, "open")
    assert (again.status_code, again.json()["error"]) == (422, "OrderInvalid")
    assert read.json() == placed.json()
    assert cancelled.json()["status"] == "cancelled"


@pytest.mark.usefixtures("sim")
@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"price": "30000.001"}, 422, "OrderInvalid"),
        ({"quantity": "100", "price": "60000"}, 409, "InsufficientFunds"),
        ({"instrument": "NOT-USD"}, 404, "InstrumentNotFound"),
    ],
)
async def test_a_refusal_is_told_by_its_kind(
    change: dict[str, str], status: int, error: str
) -> None:
    """The status says whose fault it is, the body what to do."""
    async with fastapi_application() as client:
        reply = await client.post("/orders", json=ORDER | {"client_order_id": "mine"} | change)
        missing = await client.get("/orders/another")

    assert (reply.status_code, reply.json()["error"]) == (status, error)
    assert reply.json()["remedy"]
    assert (missing.status_code, missing.json()["error"]) == (404, "OrderNotFound")


async def test_an_unknown_outcome_is_202_with_the_id_to_ask_by(sim: SimulatedCoinbase) -> None:
    """And what the engine finds is there to be read, without another order."""
    sim.faults.add(RefuseConnection(surface="user_stream", times=None))
    async with fastapi_application(1.0) as client:
        leave_unknown(sim)
        placed = await client.post("/orders", json=ORDER | {"client_order_id": "mine"})
        asked = await client.get("/orders/mine")
        sim.faults.clear()
        with anyio.fail_after(20):
            while (found := await client.get("/orders/mine")).status_code != httpx.codes.OK:
                await anyio.sleep(0.1)

    assert (placed.status_code, placed.json()["client_order_id"]) == (202, "mine")
    assert asked.status_code in {202, 503}
    assert found.json()["status"] == "open"
    assert [there.client_order_id for there in sim.orders] == ["mine"]


async def test_a_server_with_a_refused_key_does_not_start(sim: SimulatedCoinbase) -> None:
    """The lifespan fails with the plain error."""
    sim.revoke_key(sim.es256_key.name)
    with pytest.raises(Exception, match="Check the key") as caught:
        async with fastapi_application():
            raise AssertionError("started with a revoked key")

    assert type(caught.value).__name__ == "AuthRefused"


async def test_a_program_waits_for_what_became_of_its_unknown_order(
    sim: SimulatedCoinbase, capsys: pytest.CaptureFixture[str]
) -> None:
    """It learns that the order is open, and there is one."""
    program = program_of("how-to/handle-an-unknown-order.md")
    program["PATIENCE_SECONDS"] = 1.0
    sim.faults.add(RefuseConnection(surface="user_stream", times=None))
    request = limit_order(
        "BTC-USD", Side.BUY, quantity="0.01", price="30000", client_order_id="mine"
    )
    known: list[Any] = []
    async with Engine(program["coinbase"](program["CoinbaseCredentials"].from_env())) as engine:
        leave_unknown(sim)

        async def place() -> None:
            known.append(await program["place_and_know"](engine["coinbase"], request))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(place)
            with anyio.fail_after(20):
                while "being asked for: mine" not in capsys.readouterr().out:
                    await anyio.sleep(0.05)
            unknown = program_of("how-to/go-live-safely.md")["unknown_orders"](engine, "coinbase")
            sim.faults.clear()
            with anyio.fail_after(30):
                while not known:
                    await anyio.sleep(0.05)

    assert unknown == ("mine",)
    assert known[0].status is OrderStatus.OPEN
    assert [there.client_order_id for there in sim.orders] == ["mine"]


async def test_the_kill_switch_asks_until_everything_is_cancelled(sim: SimulatedCoinbase) -> None:
    """Also what another program placed, and through an exchange that fails at first."""
    program = program_of("how-to/go-live-safely.md")
    async with Engine(program["coinbase"](program["CoinbaseCredentials"].from_env())) as engine:
        engine.subscribe_reports(program["alarm"])
        for number in range(3):
            await engine["coinbase"].place(
                limit_order("BTC-USD", Side.BUY, quantity="0.01", price=str(30000 + number))
            )
        failing = sim.faults.add(Respond(to="*batch_cancel", status=503, times=4))
        cancelled = await program["kill_switch"](engine["coinbase"])

    assert failing.fired == 4
    assert {order.status for order in cancelled} == {OrderStatus.CANCELLED}
    assert {order.status.value for order in sim.orders} == {"CANCELLED"}
