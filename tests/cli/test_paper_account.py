"""Paper accounts by shell: one file, many commands, and not one order sent."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.command_line import Ended, called, simulator
from tests.support.schemas import complaints
from venuetree.cli.arguments import build_parser
from venuetree.cli.running import paper_file
from venuetree.paper_file import PaperFile
from venuetree.protocol.errors import ConfigurationError
from venuetree.protocol.paper import PaperState

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The endpoints file of a simulator that all these tests share."""
    with simulator(tmp_path_factory.mktemp("sim")) as file:
        yield file


@pytest.fixture
def account(tmp_path: Path) -> Path:
    """Where a paper account is to be."""
    return tmp_path / "deep" / "paper.json"


def ask(sim: Path, account: Path, *arguments: str) -> Ended:
    """A command on paper, with `--json`, against the simulator."""
    where = ("--endpoints", str(sim), "--paper-file", str(account), "--json")
    return called(*arguments, *where)


def money(ended: Ended) -> dict[str, dict[str, Any]]:
    """Balances by currency."""
    return {balance["currency"]: balance for balance in ended.document}


def test_an_account_goes_on_from_command_to_command(sim: Path, account: Path) -> None:
    """Bought in one process, seen in the next; the real account knows nothing of it."""
    real = called("balances", "coinbase", "--endpoints", str(sim), "--json")
    bought = ask(sim, account, "place", "coinbase", "BTC-USD", "buy", "0.01")
    held = money(ask(sim, account, "balances", "coinbase"))
    fills = ask(sim, account, "fills", "coinbase")
    again = called("balances", "coinbase", "--endpoints", str(sim), "--json")

    assert bought.code == 0
    assert complaints("order", bought.document) == []
    assert bought.document["status"] == "filled"
    assert Decimal(held["BTC"]["available"]) == Decimal("1.01")
    spent = sum(Decimal(f["price"]) * Decimal(f["quantity"]) for f in fills.document)
    fees = sum(Decimal(f["fee"]) for f in fills.document)
    assert Decimal(held["USD"]["available"]) == 100_000 - spent - fees
    assert money(again) == money(real)


def test_what_rests_is_found_and_cancelled_by_a_later_command(sim: Path, account: Path) -> None:
    """By either id, and its hold comes back."""
    place = ("place", "coinbase", "BTC-USD", "buy", "0.01", "--price", "30000")
    placed = ask(sim, account, *place, "--client-order-id", "shell-1")
    listed = ask(sim, account, "orders", "coinbase")
    held = money(ask(sim, account, "balances", "coinbase"))
    cancelled = ask(sim, account, "cancel", "coinbase", "BTC-USD", "shell-1")
    left = ask(sim, account, "orders", "coinbase")
    found = ask(sim, account, "order", "coinbase", "BTC-USD", placed.document["exchange_order_id"])

    assert [order["client_order_id"] for order in listed.document] == ["shell-1"]
    assert Decimal(held["USD"]["hold"]) == Decimal("302.7")
    assert (cancelled.code, cancelled.document["status"]) == (0, "cancelled")
    assert left.document == []
    assert found.document["status"] == "cancelled"


def test_on_margin_a_position_outlives_the_command(sim: Path, account: Path) -> None:
    """Opened, listed, valued and closed by four of them."""
    ask(sim, account, "place", "oanda", "EUR-USD", "buy", "100")
    positions = ask(sim, account, "positions", "oanda")
    worth = ask(sim, account, "account", "oanda")
    closed = ask(sim, account, "close-position", "oanda", "EUR-USD")
    none = ask(sim, account, "positions", "oanda")

    assert [position["quantity"] for position in positions.document] == ["100"]
    assert Decimal(worth.document["margin_used"]) > 0
    assert closed.code == 0
    assert none.document == []


def test_a_damaged_file_is_refused_and_left_as_it_is(sim: Path, account: Path) -> None:
    """The error says what to do."""
    account.parent.mkdir()
    account.write_text('{"version": 1, "exchange": "coinbase", "account": {"orders"')
    ended = ask(sim, account, "balances", "coinbase")

    assert ended.code == 2
    assert "move it away" in ended.err
    assert account.read_text().endswith('{"orders"')


def test_another_exchanges_account_is_not_taken_for_this_ones(sim: Path, account: Path) -> None:
    """A file is of one exchange."""
    ask(sim, account, "place", "coinbase", "BTC-USD", "buy", "0.01")
    ended = ask(sim, account, "balances", "binance_us")

    assert ended.code == 2
    assert "binance_us" in ended.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_disk_is_told_and_changes_nothing(sim: Path, account: Path) -> None:
    """Neither the file nor the account: the next command sees what was there before."""
    ask(sim, account, "place", "coinbase", "BTC-USD", "buy", "0.01")
    before = account.read_bytes()
    draft = account.with_name(f".{account.name}.draft")
    draft.symlink_to("/dev/full")
    ended = ask(sim, account, "place", "coinbase", "BTC-USD", "buy", "0.01")
    draft.unlink(missing_ok=True)
    held = money(ask(sim, account, "balances", "coinbase"))

    assert ended.code == 2
    assert "make room there" in ended.err
    assert account.read_bytes() == before
    assert Decimal(held["BTC"]["available"]) == Decimal("1.01")


def test_two_programs_do_not_write_one_account_by_turns(account: Path) -> None:
    """The second is told; when the first is done it may."""
    first, second = PaperFile(account, "coinbase"), PaperFile(account, "coinbase")
    first.load()
    with pytest.raises(ConfigurationError, match="another program"):
        second.load()
    first.keep(PaperState.with_balances({"USD": Decimal(5)}))
    first.close()
    state = second.load()
    second.close()

    assert state == PaperState.with_balances({"USD": Decimal(5)})
    assert orjson.loads(account.read_bytes())["exchange"] == "coinbase"
    assert sorted(path.name for path in account.parent.iterdir()) == [
        ".paper.json.lock",
        "paper.json",
    ]


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        ((), {"VENUETREE_PAPER": "there"}, None),
        (("--paper",), {"VENUETREE_PAPER": "there"}, "there"),
        (("--paper-file", "here"), {"VENUETREE_PAPER": "there"}, "here"),
        (("--paper",), {"XDG_STATE_HOME": "/state"}, "/state/venuetree/paper-coinbase.json"),
    ],
)
def test_where_the_account_is(
    arguments: tuple[str, ...], environment: dict[str, str], expected: str | None
) -> None:
    """Nothing but an option makes a command one on paper."""
    options = build_parser().parse_args(["balances", "coinbase", *arguments])
    found = paper_file(options, environment)

    assert found == (None if expected is None else Path(expected))
