"""`venuetree scenario`: what it lists, runs and prints, and how it ends."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import called
from tests.support.schemas import complaints
from venuetree.cli.scenario import _interrupts_held
from venuetree.scenarios.catalogue import catalogue

KEPT = """
from venuetree.scenarios.faults import LoseReply
from venuetree.scenarios.scenario import World, scenario


@scenario("A lost reply is found.")
async def lost(world: World) -> str:
    world.inject(LoseReply(to=world.operator.patterns.place))
    order = await world.exchange.place(world.far_bid("a1"))
    return order.status.value
"""
BROKEN = KEPT.replace("    return", "    world.expect(False, 'it is blue')\n    return")
NOTHING = KEPT.replace("    world.inject", "    # world.inject")
NEVER = KEPT.replace("patterns.place", "patterns.cancel")
CRASHED = KEPT.replace("return order.status.value", "return order.colour")


def script(folder: Path, text: str) -> str:
    """A file with a scenario of a host's own."""
    file = folder / "mine.py"
    file.write_text(text)
    return str(file)


def test_the_list_names_every_scenario_with_its_promise() -> None:
    """As a table and as a document."""
    shown, told = called("scenario", "list"), called("scenario", "list", "--json")

    assert (shown.code, told.code, told.err) == (0, 0, "")
    assert complaints("scenarios", told.document) == []
    assert [one["scenario"] for one in told.document] == list(catalogue())
    assert all(
        one["scenario"] in shown.out and one["promise"] in shown.out for one in told.document
    )


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_file_of_ones_own_is_replayed_on_each_exchange(tmp_path: Path, backend: str) -> None:
    """Exit code 0, a row for each exchange, and when the fault happened."""
    file = script(tmp_path, KEPT)
    ended = called("scenario", "run", file, "--json", "--backend", backend)

    outcomes = ended.document["outcomes"]
    assert (ended.code, ended.err) == (0, "")
    assert complaints("scenario", ended.document) == []
    assert [one["exchange"] for one in outcomes] == ["coinbase", "binance_us", "oanda"]
    assert {one["verdict"] for one in outcomes} == {"kept"}
    assert all("LoseReply" in one["faults"][0]["text"] for one in outcomes)


@pytest.mark.parametrize(
    ("text", "verdict", "detail"),
    [
        (BROKEN, "broken", "it is blue"),
        (NOTHING, "broken", "nothing went wrong: there was nothing to keep a promise about"),
        (NEVER, "broken", "LoseReply was ordered and never happened"),
        (CRASHED, "crashed", "AttributeError: 'Order' object has no attribute 'colour'"),
    ],
    ids=["broken", "nothing", "never", "crashed"],
)
def test_a_promise_that_is_not_kept_ends_with_one(
    tmp_path: Path, text: str, verdict: str, detail: str
) -> None:
    """Because it was broken, because nothing put it to the test, or because the script failed."""
    file = script(tmp_path, text)
    told = called("scenario", "run", file, "--exchange", "oanda", "--json")
    shown = called("scenario", "run", file, "--exchange", "oanda")

    (outcome,) = told.document["outcomes"]
    assert (told.code, shown.code) == (1, 1)
    assert complaints("scenario", told.document) == []
    assert (outcome["verdict"], outcome["detail"]) == (verdict, detail)
    assert detail in shown.out
    assert "1 of 1 promises were not kept" in shown.out
    assert "call   place:" in shown.out
    assert ("Traceback" in shown.out) == (verdict == "crashed")


def test_the_log_is_printed_on_demand(tmp_path: Path) -> None:
    """Calls and faults, in their order."""
    file = script(tmp_path, KEPT)
    plain = called("scenario", "run", file, "--exchange", "binance_us")
    logged = called("scenario", "run", file, "--exchange", "binance_us", "--log")

    assert "Every promise was kept: 1 of 1" in plain.out
    assert "fault" not in plain.out.replace("faults", "")
    assert logged.out.index("LoseReply on POST") < logged.out.index("place: POST")


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("nonsense", "there is no scenario 'nonsense'"),
        ("nowhere.py", "there is no Python file nowhere.py"),
        ("{}/empty.py", "defines no scenario"),
    ],
)
def test_a_wrong_name_is_told_in_a_line(tmp_path: Path, name: str, complaint: str) -> None:
    """Exit code 2, and what to do."""
    (tmp_path / "empty.py").write_text("")
    ended = called("scenario", "run", name.format(tmp_path))

    assert (ended.code, ended.out) == (2, "")
    assert complaint in ended.err
    assert ended.err.count("\n") == 1


def test_a_file_that_is_not_python_is_told_in_a_line(tmp_path: Path) -> None:
    """With what is wrong with it, not with our own traceback."""
    ended = called("scenario", "run", script(tmp_path, "def :"))

    assert (ended.code, ended.out) == (2, "")
    assert "mine.py cannot be run: SyntaxError" in ended.err


def test_processes_that_share_the_work_never_hear_of_ctrl_c() -> None:
    """Else each would print where it was; the first of them speaks for all."""
    ask = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))"
    with _interrupts_held():
        started = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-c", ask], capture_output=True, check=True
        )

    assert started.stdout == b"True\n"
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
