"""The commands as a shell runs them, against `venuetree simulate`: the fixed contract."""

import json
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.command_line import Ended, called, simulator, start, venuetree
from tests.support.schemas import complaints
from venuetree.scenarios.simulated.registry import SIMULATORS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The endpoints file of a simulator that all these tests share."""
    with simulator(tmp_path_factory.mktemp("sim")) as file:
        yield file


def ask(sim: Path, *arguments: str) -> Ended:
    """A command with `--json` against the simulator."""
    return called(*arguments, "--endpoints", str(sim), "--json")


def test_simulate_prints_its_object_and_stops_at_a_signal() -> None:
    """One line on stdout once all are ready, nothing after it; SIGTERM and SIGINT end it well."""
    for stop in (signal.SIGTERM, signal.SIGINT):
        process = start("simulate", "coinbase", "--json")
        assert process.stdout is not None
        endpoints = json.loads(process.stdout.readline())
        process.send_signal(stop)
        rest, err = process.communicate(timeout=20)

        assert complaints("simulate", endpoints) == []
        assert list(endpoints) == ["coinbase"]
        assert set(endpoints["coinbase"]) == {"rest", "stream", "user_stream", "credentials"}
        assert (process.returncode, rest, err) == (0, "", "")


def test_an_order_lives_by_shell(sim: Path) -> None:
    """Placed, found by either id, listed, cancelled, and listed no more."""
    place = ("place", "coinbase", "BTC-USD", "buy", "0.010", "--price", "30000.00")
    placed = ask(sim, *place, "--client-order-id", "shell-1")
    order_id = placed.document["exchange_order_id"]
    by_exchange = ask(sim, "order", "coinbase", "BTC-USD", order_id)
    by_client = ask(sim, "order", "coinbase", "BTC-USD", "shell-1", "--by", "client")
    listed = ask(sim, "orders", "coinbase", "BTC-USD")
    cancelled = ask(sim, "cancel", "coinbase", "BTC-USD", order_id)
    left = ask(sim, "orders", "coinbase")

    assert [step.code for step in (placed, by_exchange, by_client, cancelled)] == [0, 0, 0, 0]
    assert complaints("order", placed.document) == []
    assert complaints("orders", listed.document) == []
    assert placed.document["status"] == "open"
    assert placed.document["client_order_id"] == "shell-1"
    assert by_exchange.document["exchange_order_id"] == order_id
    assert by_client.document["exchange_order_id"] == order_id
    assert [order["exchange_order_id"] for order in listed.document] == [order_id]
    assert cancelled.document["status"] == "cancelled"
    assert (left.code, left.document) == (0, [])


@pytest.mark.parametrize(
    ("exchange", "instrument", "quantity", "price"),
    [
        ("coinbase", "BTC-USD", "0.01", "30000"),
        ("binance_us", "BTC-USD", "0.01", "30000"),
        ("oanda", "EUR-USD", "100", "0.9"),
    ],
)
def test_an_id_that_is_not_the_exchanges_is_tried_as_ours(
    sim: Path, exchange: str, instrument: str, quantity: str, price: str
) -> None:
    """Without `--by`, even where the exchange calls our id a malformed one of its own."""
    named = (exchange, instrument)
    placed = ask(
        sim, "place", *named, "buy", quantity, "--price", price, "--client-order-id", "either-1"
    )
    found = ask(sim, "order", *named, "either-1")
    cancelled = ask(sim, "cancel", *named, "either-1")
    missing = ask(sim, "order", *named, "never-1")

    assert [step.code for step in (placed, found, cancelled, missing)] == [0, 0, 0, 1]
    assert found.document["exchange_order_id"] == placed.document["exchange_order_id"]
    assert cancelled.document["status"] == "cancelled"
    assert missing.document["error"] == "order_not_found"


def test_an_older_order_of_the_same_id_never_passes_for_the_new_one(sim: Path) -> None:
    """Whether the list of open orders tells of it before the new one is sent, or meanwhile."""
    place = ("place", "coinbase", "BTC-USD", "buy", "0.01", "--client-order-id", "twice-1")
    ask(sim, *place, "--price", "300")
    again = [ask(sim, *place, "--price", "301", "--timeout", "2") for _ in range(4)]
    cancelled = ask(sim, "cancel-all", "coinbase")

    assert {ended.code for ended in again} <= {1, 4}
    assert {ended.document["error"] for ended in again} <= {"order_invalid", "outcome_unknown"}
    assert [order["price"] for order in cancelled.document] == ["300"]


def test_all_open_orders_are_cancelled_by_shell(sim: Path) -> None:
    """Of an instrument, then of all; where none is open that is no failure."""
    for instrument in ("BTC-USD", "ETH-USD"):
        ask(sim, "place", "coinbase", instrument, "buy", "0.010", "--price", "300.00")
    one = ask(sim, "cancel-all", "coinbase", "BTC-USD")
    rest = ask(sim, "cancel-all", "coinbase")
    none = ask(sim, "cancel-all", "coinbase")

    assert [step.code for step in (one, rest, none)] == [0, 0, 0]
    assert complaints("orders", one.document) == []
    assert [order["instrument"] for order in one.document] == ["BTC-USD"]
    assert [order["instrument"] for order in rest.document] == ["ETH-USD"]
    assert {order["status"] for order in one.document + rest.document} == {"cancelled"}
    assert none.document == []


def test_every_command_knows_binance_us(sim: Path) -> None:
    """One after the other, as for any exchange; each document keeps its schema."""
    place = ("place", "binance_us", "BTC-USD", "buy", "0.01", "--price", "30000")
    placed = ask(sim, *place, "--client-order-id", "shell-1")
    order_id = placed.document["exchange_order_id"]
    named = ("binance_us", "BTC-USD")
    steps = [
        ("order", placed),
        ("order", ask(sim, "order", *named, "shell-1", "--by", "client")),
        ("orders", ask(sim, "orders", *named)),
        ("order", ask(sim, "cancel", *named, order_id)),
        ("orders", ask(sim, "cancel-all", "binance_us")),
        ("orders", ask(sim, "orders", *named, "--all")),
        ("order", ask(sim, "place", *named, "sell", "0.5")),
        ("fills", ask(sim, "fills", *named)),
        ("balances", ask(sim, "balances", "binance_us")),
        ("instruments", ask(sim, "instruments", "binance_us")),
        ("book", ask(sim, "book", *named, "--depth", "5")),
        ("doctor", ask(sim, "doctor", "binance_us")),
    ]

    assert [step.code for _, step in steps] == [0] * len(steps)
    assert [complaints(name, step.document) for name, step in steps] == [[]] * len(steps)
    assert "BTC-USD" in {instrument["name"] for instrument in steps[9][1].document}
    for command in ("instruments", "balances"):
        assert called(command, "binance_us", "--endpoints", str(sim)).code == 0


def test_a_market_order_shows_what_became_of_it(sim: Path) -> None:
    """Without a price it is filled at once, and the fills and balances say the same."""
    before = _balance(sim, "ETH")
    placed = ask(sim, "place", "coinbase", "ETH-USD", "buy", "0.5")
    fills = ask(sim, "fills", "coinbase", "ETH-USD")
    after = _balance(sim, "ETH")

    order_id = placed.document["exchange_order_id"]
    mine = [fill for fill in fills.document if fill["exchange_order_id"] == order_id]
    assert (placed.code, placed.document["type"]) == (0, "market")
    assert placed.document["status"] == "filled"
    assert complaints("fills", fills.document) == []
    assert sum(Decimal(fill["quantity"]) for fill in mine) == Decimal("0.5")
    assert after - before == Decimal("0.5")


def _balance(sim: Path, currency: str) -> Decimal:
    balances = ask(sim, "balances", "coinbase")
    assert complaints("balances", balances.document) == []
    (found,) = (row for row in balances.document if row["currency"] == currency)
    return Decimal(found["available"])


@pytest.mark.parametrize(
    ("command", "code", "error"),
    [
        ("place coinbase BTC-USD buy 49 --price 60000", 1, "insufficient_funds"),
        ("place coinbase BTC-USD buy 0.000000001", 1, "order_invalid"),
        ("place coinbase NOPE-USD buy 1", 1, "instrument_not_found"),
        ("order coinbase BTC-USD nonsense", 1, "order_not_found"),
        ("book coinbase NOPE-USD", 1, "instrument_not_found"),
        ("watch coinbase BTC-USD NOPE-USD --seconds 20", 1, "instrument_not_found"),
    ],
)
def test_a_refusal_is_told_in_a_line_and_a_document(
    sim: Path, command: str, code: int, error: str
) -> None:
    """Exit code 1, one line for a person, one document for a program, no traceback."""
    ended = ask(sim, *command.split())

    assert (ended.code, ended.document["error"]) == (code, error)
    assert complaints("error", ended.document) == []
    assert len(ended.err.splitlines()) == 1
    assert ended.err.startswith("venuetree: ")


def test_what_cannot_be_reached_is_code_3(tmp_path: Path) -> None:
    """An order that was never sent is not unknown: nothing listens there."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    down = tmp_path / "down.json"
    addresses = {"rest": f"http://127.0.0.1:{port}", "stream": f"ws://127.0.0.1:{port}"}
    down.write_text(json.dumps({"coinbase": addresses}), encoding="utf-8")

    assert ask(down, "instruments", "coinbase").code == 3
    assert ask(down, "watch", "coinbase", "BTC-USD", "--seconds", "0.5").code == 3
    assert ask(down, "book", "coinbase", "BTC-USD", "--timeout", "0.5").code == 3
    assert ask(down, "doctor").code == 3


def test_without_a_key_the_account_is_closed_and_the_market_open(sim: Path, tmp_path: Path) -> None:
    """Missing credentials are no error where only public data is asked for."""
    endpoints = json.loads(sim.read_text(encoding="utf-8"))
    del endpoints["coinbase"]["credentials"]
    keyless = tmp_path / "keyless.json"
    keyless.write_text(json.dumps(endpoints), encoding="utf-8")

    instruments = ask(keyless, "instruments", "coinbase", "BTC-USD")
    balances = ask(keyless, "balances", "coinbase")
    doctor = ask(keyless, "doctor")

    assert (instruments.code, instruments.document[0]["name"]) == (0, "BTC-USD")
    assert complaints("instruments", instruments.document) == []
    assert (balances.code, balances.document["error"]) == (2, "configuration_error")
    assert (doctor.code, doctor.document[0]["problem"]) == (0, "no key: public data only")


def test_the_doctor_finds_a_good_exchange_good(sim: Path) -> None:
    """Reached, the clock in step, and a key that may trade."""
    ended = ask(sim, "doctor", "coinbase")

    (finding,) = ended.document
    assert (ended.code, ended.err, finding["problem"]) == (0, "", "")
    assert complaints("doctor", ended.document) == []
    assert finding["permissions"]["can_trade"] is True


def test_watch_prints_a_line_an_event(sim: Path) -> None:
    """Every line keeps the schema; all three topics come; the end is a clean one."""
    ended = ask(sim, "watch", "coinbase", "BTC-USD", "ETH-USD", "--seconds", "5")

    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert (ended.code, ended.err) == (0, "")
    assert [complaint for line in lines for complaint in complaints("event", line)] == []
    assert {line["event"] for line in lines} >= {"trade_printed", "ticker_changed", "book_updated"}
    assert {line["instrument"] for line in lines if "instrument" in line} == {"BTC-USD", "ETH-USD"}


def test_watch_stops_at_a_signal(sim: Path) -> None:
    """What runs until it is stopped has done well when it is."""
    command = ("watch", "coinbase", "BTC-USD", "--endpoints", str(sim), "--json")
    process = start(*command, "--seconds", "60")
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)

    assert (process.returncode, err) == (0, "")
    assert complaints("event", json.loads(first)) == []


def test_a_book_is_printed_in_step(sim: Path) -> None:
    """Best first on both sides, as deep as asked, after a rest if there is one."""
    ended = ask(sim, "book", "coinbase", "BTC-USD", "--depth", "3", "--until-idle", "0.05")

    book = ended.document
    bids = [Decimal(price) for price, _ in book["bids"]]
    asks = [Decimal(price) for price, _ in book["asks"]]
    assert (ended.code, book["in_step"]) == (0, True)
    assert complaints("book", book) == []
    assert (len(bids), len(asks)) == (3, 3)
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_demo_keeps_every_promise(backend: str) -> None:
    """It ends by itself, exit code 0, and tells every step."""
    begun = time.monotonic()
    ended = venuetree("demo", "--json", "--seconds", "1", "--backend", backend)

    assert (ended.code, ended.err) == (0, "")
    assert complaints("demo", ended.document) == []
    assert (ended.document["ok"], ended.document["backend"]) == (True, backend)
    assert {step["state"] for step in ended.document["steps"]} == {"kept"}
    steps = [(step["exchange"], step["step"]) for step in ended.document["steps"]]
    # An account on margin has a position to close, too.
    assert Counter(exchange for exchange, _ in steps) == dict.fromkeys(SIMULATORS, 9) | {
        "oanda": 10
    }
    assert len(steps) == len(set(steps))
    assert time.monotonic() - begun < 60


def test_no_secret_is_printed(sim: Path) -> None:
    """Not in a table, a document, a log line or an error, whatever is asked for."""
    exchanges = json.loads(sim.read_text(encoding="utf-8"))
    credentials = exchanges["coinbase"]["credentials"]
    secrets = [exchanges["binance_us"]["credentials"]["api_secret"]] + [
        line
        for name in ("private_key", "ed25519_private_key")
        for line in credentials[name].splitlines()
        if "KEY-----" not in line
    ]
    printed = ""
    for command in (
        "balances coinbase",
        "balances binance_us",
        "doctor",
        "order coinbase BTC-USD nonsense",
        "order binance_us BTC-USD nonsense",
    ):
        for form in ((), ("--json",)):
            ended = called(*command.split(), "--endpoints", str(sim), "--verbose", *form)
            printed += ended.out + ended.err

    assert "api_call" in printed
    assert secrets
    assert [secret for secret in secrets if secret in printed] == []
