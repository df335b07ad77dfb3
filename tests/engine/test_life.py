"""The engine within its host: entry, failure, restart, and the host's own exceptions."""

import gc

import anyio
import pytest

from tests.support.engines import config_for, settle, trading
from venuetree.engine import Engine
from venuetree.protocol.builders import limit_order
from venuetree.protocol.errors import AuthRefused, ConfigurationError
from venuetree.protocol.models import OrderStatus, Side, Topic
from venuetree.scenarios.simulated import SimulatedCoinbase, serve
from venuetree.scenarios.simulated.coinbase import Settings
from venuetree.supervisors.snapshot import ChildState

pytestmark = pytest.mark.anyio


def quiet_simulator() -> SimulatedCoinbase:
    """Without rate limits."""
    return SimulatedCoinbase(seed=3, settings=Settings(private_limit=None, public_limit=None))


async def test_a_key_that_the_exchange_does_not_know_is_a_plain_error_at_entry() -> None:
    """`async with Engine` raises AuthRefused itself, not a chain or a group."""
    sim = quiet_simulator()
    async with serve(sim) as running:
        config = config_for(running.endpoints["coinbase"])
        sim.revoke_key(sim.es256_key.name)
        with pytest.raises(AuthRefused) as caught:
            async with Engine(config):
                raise AssertionError("entered with a revoked key")

    assert caught.value.exchange == "coinbase"


async def test_a_malformed_key_is_refused_before_anything_is_opened() -> None:
    """The error says what shapes a key has, and does not show the key."""
    endpoints = {
        "rest": "http://127.0.0.1:9",
        "stream": "ws://127.0.0.1:9",
        "user_stream": "ws://127.0.0.1:9",
    }
    with pytest.raises(ConfigurationError) as caught:
        Engine(
            config_for(endpoints, credentials={"key_name": "k", "private_key": "not-really-a-key"})
        )

    assert "not-really-a-key" not in str(caught.value)


async def test_a_key_revoked_while_running_ends_the_exchange_with_its_reason() -> None:
    """Every call raises the reason until the exchange is started again."""
    async with trading() as (sim, engine, exchange):
        async with exchange.account_events() as events:
            sim.revoke_key(sim.es256_key.name)
            with pytest.raises(AuthRefused):
                await exchange.balances()
            with pytest.raises(AuthRefused), anyio.fail_after(20):
                async for _ in events:
                    pass
        stopped = engine.snapshot()["coinbase"]
        with pytest.raises(AuthRefused):
            await exchange.place(limit_order("BTC-USD", Side.BUY, quantity="1", price="20000"))
        with pytest.raises(AuthRefused):
            await engine.restart("coinbase")

    assert stopped.state is ChildState.STOPPED


async def test_the_hosts_exception_leaves_unchanged() -> None:
    """A LookupError of the body is a LookupError outside."""
    with pytest.raises(LookupError, match="mine"):
        async with trading():
            raise LookupError("mine")


async def test_the_hosts_cancellation_passes_through() -> None:
    """A deadline of the host ends the engine in order and is the host's to see."""
    with anyio.move_on_after(1.0) as scope:
        async with trading() as (_, _, exchange), exchange.subscribe("BTC-USD", Topic.BOOK):
            await anyio.sleep_forever()

    assert scope.cancelled_caught


async def test_a_cancelled_host_leaves_no_connection_open() -> None:
    """Not even where several were kept for later."""
    sim = quiet_simulator()
    async with serve(sim) as running:
        with anyio.CancelScope() as scope:
            async with Engine(config_for(running.endpoints["coinbase"])) as engine:
                async with anyio.create_task_group() as tasks:
                    for _ in range(4):
                        tasks.start_soon(engine["coinbase"].balances)
                scope.cancel()
                await anyio.sleep_forever()
        gc.collect()  # says of each socket that nobody closed that it is so: an error here

    assert scope.cancelled_caught


async def test_two_engines_in_one_program_do_not_know_of_each_other() -> None:
    """One's orders are not the other's, and one's end does not touch the other."""
    sim = quiet_simulator()
    async with serve(sim) as running:
        config = config_for(running.endpoints["coinbase"])
        async with Engine(config) as first:
            async with Engine(config) as second:
                order = await second["coinbase"].place(
                    limit_order("BTC-USD", Side.BUY, quantity="0.01", price="20000")
                )
            balances = await first["coinbase"].balances()

    assert order.status is OrderStatus.OPEN
    assert {balance.currency for balance in balances} >= {"BTC", "USD"}


async def test_the_snapshot_shows_every_part_of_the_tree() -> None:
    """State, restarts, mailbox, stream age, weights and orders, as one value."""
    async with trading() as (_, engine, exchange), exchange.subscribe("BTC-USD", Topic.TRADES):
        await settle(
            lambda: any(
                child.name == "market-0"
                for child in engine.snapshot()["coinbase/io/market"].children
            )
        )
        tree = engine.snapshot()

    names = [child.name for child in tree["coinbase"].children]
    io = [child.name for child in tree["coinbase/io"].children]
    assert names == ["auth", "gate", "io"]
    assert io == ["rest", "upkeep", "orders", "user", "market"]


async def test_secrets_appear_in_nothing_that_a_run_says(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Logs, reprs, errors and snapshots never show a key or a token."""
    caplog.set_level("DEBUG")
    seen: list[str] = []
    async with trading() as (sim, engine, exchange):
        engine.subscribe_reports(lambda report: seen.append(repr(report)))
        await exchange.balances()
        await exchange.place(limit_order("BTC-USD", Side.BUY, quantity="0.01", price="20000"))
        seen.append(repr(engine.snapshot()))
        seen.append(repr(exchange))
        secret_lines = [
            line
            for line in sim.es256_key.secret.splitlines()
            if len(line) > 20 and "---" not in line
        ]
    printed = capsys.readouterr()
    everything = "\n".join([*seen, printed.out, printed.err, caplog.text])

    assert "api_call" in everything
    assert "Bearer" not in everything
    assert secret_lines
    assert not [line for line in secret_lines if line in everything]
