"""The live tests themselves, against simulated exchanges: what they do, refuse and clean up."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.live.life_cycle import LeftBehind, Mine, clean_anew, life_cycle
from tests.live.targets import INSTRUMENTS, Refused, Target, target_of
from tests.support.command_line import environment, simulator
from tests.support.virtual_time import REAL_BACKENDS
from venuetree import (
    ConfigurationError,
    Endpoints,
    Engine,
    Order,
    OrderKey,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    exchange_config,
    limit_order,
)
from venuetree.cli.endpoints import endpoints_of
from venuetree.cli.json_output import dump
from venuetree.scenarios.fault_words import Loss
from venuetree.scenarios.faults import LoseReply, Respond
from venuetree.scenarios.simulated import serve
from venuetree.scenarios.simulated.registry import SIMULATORS, Simulator

ROOT = Path(__file__).parents[2]
#: How an order is asked for, and a bid far below the market.
ORDERS = {
    "coinbase": ("POST /api/v3/brokerage/orders", "20000", "0.001"),
    "binance_us": ("POST /api/v3/order", "20000", "0.001"),
    "oanda": ("POST */orders", "0.7", "1"),
}


@pytest.fixture(params=REAL_BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Real sockets, and their own clock."""
    return request.param


@asynccontextmanager
async def simulated(name: str) -> AsyncIterator[tuple[Simulator, Target]]:
    """A simulated exchange, and what a live test is to do there."""
    sim = SIMULATORS[name](1)
    async with serve(sim) as running:
        told = running.endpoints[name]
        config = exchange_config(name, told["credentials"], endpoints=endpoints_of(told))
        yield sim, Target(config, INSTRUMENTS[name])


async def place_theirs(target: Target) -> None:
    """An order of the same account that is nobody's business here."""
    _, price, quantity = ORDERS[target.config.name]
    async with Engine(target.config) as engine:
        await engine[target.config.name].place(
            limit_order(
                target.instrument,
                Side.BUY,
                price=price,
                quantity=quantity,
                client_order_id="theirs",
            )
        )


async def open_ids(target: Target) -> list[str]:
    """The client ids of what is open, as somebody else sees it."""
    async with Engine(target.config) as engine:
        orders = await engine[target.config.name].open_orders(target.instrument)
    return [order.client_order_id for order in orders]


def at(step: str, act: Callable[[], object]) -> Callable[[str], object]:
    """A listener that acts when a step has been done."""

    def tell(text: str) -> None:
        if text.startswith(step):
            act()

    return tell


def raise_lookup() -> None:
    """A failure that is no error of the engine's."""
    raise LookupError("the step failed")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "step"),
    [
        *((name, "placed") for name in sorted(SIMULATORS)),
        ("oanda", "found"),
        ("oanda", "cancelled"),
    ],
)
async def test_a_failed_step_leaves_no_order_of_ours_and_those_of_others_alone(
    name: str, step: str
) -> None:
    """The failure is told as it is, and what was placed is cancelled by its own id."""
    async with simulated(name) as (_, target):
        await place_theirs(target)
        with pytest.raises(LookupError, match="the step failed"):
            await life_cycle(target, tell=at(step, raise_lookup))

        assert await open_ids(target) == ["theirs"]


@pytest.mark.anyio
@pytest.mark.parametrize("name", sorted(SIMULATORS))
async def test_a_cancelled_life_cycle_cancels_what_it_placed(name: str) -> None:
    """Cancelling is shielded, and the cancellation goes on afterwards."""
    async with simulated(name) as (_, target):
        await place_theirs(target)
        with anyio.CancelScope() as scope:
            await life_cycle(target, tell=at("placed", scope.cancel))

        assert scope.cancelled_caught
        assert await open_ids(target) == ["theirs"]


@pytest.mark.anyio
@pytest.mark.parametrize("name", sorted(SIMULATORS))
async def test_an_order_whose_outcome_is_unknown_is_found_and_cancelled(name: str) -> None:
    """Cancelled while its reply hangs: whether it arrived is for the exchange to say."""
    async with simulated(name) as (sim, target):
        hanging = sim.faults.add(LoseReply(to=ORDERS[name][0], how=Loss.HANGING))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(life_cycle, target)
            with anyio.fail_after(30):
                while not hanging.fired:
                    await anyio.sleep(0.02)
            tasks.cancel_scope.cancel()

        assert await open_ids(target) == []


@pytest.mark.anyio
async def test_what_cannot_be_cancelled_is_named_with_the_command_for_it() -> None:
    """No verdict in time: a person must do it, and is told how."""
    async with simulated("coinbase") as (sim, target):
        sim.faults.add(Respond(to="*batch_cancel", status=503, times=None))
        with pytest.raises(LeftBehind) as caught:
            await life_cycle(target, tell=at("placed", raise_lookup), cleaning_seconds=1.5)
        sim.faults.clear()
        (left,) = await open_ids(target)

        assert f"venuetree cancel coinbase BTC-USD {left} --by client" in str(caught.value)
        assert isinstance(caught.value.__context__, LookupError)


@pytest.mark.anyio
@pytest.mark.parametrize("name", sorted(SIMULATORS))
async def test_another_engine_cancels_what_the_first_one_could_not(name: str) -> None:
    """It knows nothing of the order but its id."""
    async with simulated(name) as (_, target):
        await place_theirs(target)
        mine = Mine(name, [OrderKey(target.instrument, "theirs")])
        await clean_anew(target, mine, 20)

        assert mine.complaint() == ""
        assert await open_ids(target) == []


@pytest.mark.anyio
@pytest.mark.parametrize("name", sorted(SIMULATORS))
async def test_an_order_that_has_ended_already_is_known_to_have(name: str) -> None:
    """Its cancel took our name away, perhaps, and the engine that sent it is gone."""
    _, price, quantity = ORDERS[name]
    async with simulated(name) as (_, target):
        request = limit_order(
            target.instrument, Side.BUY, price=price, quantity=quantity, client_order_id="ours"
        )
        async with Engine(target.config) as engine:
            order = await engine[name].place(request)
            await engine[name].cancel("ours")
        mine = Mine(name)
        mine.pending.append(order.key)
        with anyio.fail_after(20):
            await clean_anew(target, mine, 60)

        assert mine.pending == []


def test_what_was_bought_by_accident_is_said() -> None:
    """It is not sold by itself: that would be another order."""
    key = OrderKey("BTC-USD", "mine")
    order = Order(
        exchange="coinbase",
        instrument="BTC-USD",
        client_order_id="mine",
        exchange_order_id="7",
        side=Side.BUY,
        type=OrderType.LIMIT,
        status=OrderStatus.CANCELLED,
        time_in_force=TimeInForce.GOOD_TILL_CANCELLED,
        filled_quantity=Decimal(3),
    )
    mine = Mine("coinbase", [key])
    mine.ended(key, order)

    assert mine.complaint() == "bought 3 of BTC-USD; nothing is sold by itself"


# ---------------------------------------------------------------- who may be spoken to

KEYS = {
    "COINBASE_API_KEY": "organizations/o/apiKeys/k",
    "COINBASE_API_SECRET": "secret",
    "BINANCE_US_API_KEY": "key",
    "BINANCE_US_API_SECRET": "secret",
    "OANDA_API_TOKEN": "token",
    "OANDA_ACCOUNT_ID": "101-004-1234567-001",
}


def endpoints_file(folder: Path, content: Mapping[str, Any]) -> str:
    """A file with such an object in it."""
    file = folder / "endpoints.json"
    file.write_bytes(dump(dict(content)))
    return str(file)


@pytest.mark.parametrize("name", sorted(SIMULATORS))
def test_an_exchange_without_keys_is_left_alone(name: str) -> None:
    """And what would have to be set is said."""
    with pytest.raises(Refused, match=f"no keys of {name}: set {name.upper()}_API"):
        target_of(name, {"VENUETREE_LIVE": "yes"})


@pytest.mark.parametrize("name", ["coinbase", "binance_us"])
@pytest.mark.parametrize("word", ["", "1", "true", "YES", "no"])
def test_real_money_wants_its_word_said(name: str, word: str) -> None:
    """Exactly that word; keys alone are no consent."""
    with pytest.raises(Refused, match="is real money at .*: set VENUETREE_LIVE=yes"):
        target_of(name, KEYS | {"VENUETREE_LIVE": word})


@pytest.mark.parametrize("name", ["coinbase", "binance_us", "oanda"])
def test_real_money_is_allowed_by_its_word(name: str) -> None:
    """Then the live environment is spoken to, if that is the one."""
    asked = KEYS | {"VENUETREE_LIVE": "yes", f"VENUETREE_LIVE_{name.upper()}_ENVIRONMENT": "live"}
    target = target_of(name, asked)

    assert target.config.resolved_endpoints() == target.config.exchange.profile.endpoints["live"]


def test_practice_is_where_oanda_is_tried_unless_told_otherwise() -> None:
    """No consent is needed there; the live environment is real money."""
    practice = target_of("oanda", KEYS)
    with pytest.raises(Refused, match="api-fxtrade.oanda.com"):
        target_of("oanda", KEYS | {"VENUETREE_LIVE_OANDA_ENVIRONMENT": "live"})

    assert practice.config.resolved_endpoints().rest == "https://api-fxpractice.oanda.com"
    assert practice.instrument == "EUR-USD"


def test_a_host_is_judged_by_what_it_is_and_not_by_its_environments_name(tmp_path: Path) -> None:
    """Practice in name, the live host in the file: that is real money."""
    places = {"rest": "https://api-fxtrade.oanda.com", "stream": "https://127.0.0.1:1"}
    file = endpoints_file(tmp_path, {"oanda": places})
    with pytest.raises(Refused, match="real money at api-fxtrade.oanda.com:"):
        target_of(
            "oanda",
            KEYS
            | {
                "VENUETREE_LIVE_OANDA_ENVIRONMENT": "practice",
                "VENUETREE_LIVE_OANDA_ENDPOINTS": file,
            },
        )


def test_an_address_that_a_file_leaves_out_is_the_real_one(tmp_path: Path) -> None:
    """Orders of Binance.US may go by `ws_api`: a file without it is not all on this machine."""
    places = {"rest": "http://127.0.0.1:1", "stream": "ws://127.0.0.1:1"}
    partly = KEYS | {
        "VENUETREE_LIVE_BINANCE_US_ENDPOINTS": endpoints_file(tmp_path, {"binance_us": places})
    }
    with pytest.raises(Refused, match="real money at ws-api.binance.us:"):
        target_of("binance_us", partly)
    whole = {"binance_us": places | {"ws_api": "ws://127.0.0.1:1/ws-api/v3"}}
    target = target_of(
        "binance_us",
        KEYS
        | {
            "VENUETREE_LIVE_BINANCE_US_ENDPOINTS": endpoints_file(tmp_path, whole),
            "VENUETREE_LIVE_BINANCE_US_INSTRUMENT": "BTC-USD",
        },
    )

    assert target.instrument == "BTC-USD"
    assert target.config.endpoints == Endpoints(
        places["rest"], places["stream"], others={"ws_api": "ws://127.0.0.1:1/ws-api/v3"}
    )


def test_settings_that_cannot_be_are_errors_and_not_skipped(tmp_path: Path) -> None:
    """Who sets a variable wants the test to run."""
    with pytest.raises(ConfigurationError, match="no environment 'paper'"):
        target_of("oanda", KEYS | {"VENUETREE_LIVE_OANDA_ENVIRONMENT": "paper"})
    with pytest.raises(ConfigurationError, match="a file without coinbase"):
        target_of(
            "coinbase", {"VENUETREE_LIVE_COINBASE_ENDPOINTS": endpoints_file(tmp_path, {"x": {}})}
        )


# ---------------------------------------------------------------- as `make live` and `make test` do


def run_pytest(arguments: list[str], variables: Mapping[str, str]) -> str:
    """What a pytest of its own prints."""
    plain = {
        name: value
        for name, value in environment().items()
        if not name.startswith(("PYTEST_", "COV_", "VENUETREE_LIVE"))
    }
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=ROOT,
        env=plain | dict(variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout


@pytest.mark.slow
def test_make_live_runs_the_life_cycle_at_every_exchange_that_it_is_told_of(
    tmp_path: Path,
) -> None:
    """By an endpoints file, on both backends."""
    with simulator(tmp_path) as file:
        told = {f"VENUETREE_LIVE_{name.upper()}_ENDPOINTS": str(file) for name in SIMULATORS}
        printed = run_pytest(["tests/live", "--capture=no"], told)

    assert "6 passed in" in printed, printed
    assert printed.count("cancelled: gone from the open orders") == 6


@pytest.mark.slow
def test_make_test_never_runs_the_live_tests() -> None:
    """Whatever keys are in the environment: only who names the folder runs what is in it."""
    folders = [f"--ignore=tests/{p.name}" for p in (ROOT / "tests").iterdir() if p.name != "live"]
    ours = [*folders, "--collect-only", "--quiet"]
    consent = KEYS | {"VENUETREE_LIVE": "yes"}

    assert "no tests collected" in run_pytest([*ours, "tests"], consent)
    assert "test_an_order_lives_and_ends" in run_pytest([*ours, "tests/live"], consent)
    assert os.environ.get("VENUETREE_LIVE") is None
