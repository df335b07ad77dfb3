"""What works without any extra, and what a command says that needs one."""

import subprocess
import sys

import pytest

from tests.support.command_line import PATIENCE_SECONDS, Ended, environment

pytestmark = pytest.mark.slow

#: A frame of the older Coinbase feed, composed from its documents.
FRAME = (
    '{"type":"heartbeat","sequence":90,"last_trade_id":20,"product_id":"BTC-USD",'
    '"time":"2014-11-07T08:19:28.464459Z"}\n'
)


def without(modules: tuple[str, ...], arguments: tuple[str, ...], given: str = "") -> Ended:
    """A command on an installation that lacks these modules."""
    code = (
        "import sys\n"
        f"for name in {modules!r}: sys.modules[name] = None\n"
        "from venuetree.cli import main\n"
        f"sys.exit(main({list(arguments)!r}))"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code],
        input=given,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        env=environment(),
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def test_decode_needs_no_extra() -> None:
    """Events on stdout, undecodable frames on stderr, and nothing else on either."""
    ended = without(
        ("rich", "trio", "trio_websocket"), ("decode", "coinbase"), FRAME + "\nnonsense\n" + FRAME
    )

    lines = ended.out.splitlines()
    assert ended.code == 1
    assert len(lines) == 2
    assert all('"event":"heartbeat"' in line for line in lines)
    assert ended.err.startswith("line 3: ")
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("missing", "command", "extra"),
    [
        ("rich", ("balances", "coinbase"), "cli"),
        ("rich", ("demo",), "cli"),
        ("trio", ("demo", "--backend", "trio"), "trio"),
    ],
)
def test_a_missing_extra_is_told_with_the_command_that_installs_it(
    missing: str, command: tuple[str, ...], extra: str
) -> None:
    """One line, exit code 2, no traceback."""
    ended = without((missing,), command)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        f"venuetree: this needs {missing}, which is not installed:"
        f" pip install 'venuetree[{extra}]'\n"
    )
