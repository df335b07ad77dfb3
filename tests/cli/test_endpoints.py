"""Where an exchange is and who we are there: files, environment, defaults."""

import json
from pathlib import Path

import pytest

from venuetree.cli.endpoints import Access, configure, read_endpoints
from venuetree.cli.exits import UsageError
from venuetree.config import ExchangeConfig
from venuetree.protocol.errors import ConfigurationError
from venuetree.protocol.exchanges import EXCHANGES
from venuetree.protocol.port import Endpoints
from venuetree.supervisors.wiring import Part


def configured(path: Path | None, environment: dict[str, str] | None = None) -> ExchangeConfig:
    """Coinbase as the command line configures it."""
    return configure("coinbase", Access(endpoints=path), environment or {}, Part(0))


def write(path: Path, text: str) -> Path:
    """A file with this text."""
    path.write_text(text, encoding="utf-8")
    return path


def test_the_first_json_object_of_a_file_counts(tmp_path: Path) -> None:
    """What a program printed before and after it does no harm."""
    file = write(tmp_path / "sim.json", 'ready: \n{"coinbase": {"rest": "x"}}\n{"later": 1}\n')

    assert read_endpoints(file) == {"coinbase": {"rest": "x"}}


@pytest.mark.parametrize("text", ["", "no object", '{"coinbase": ', "[1]"])
def test_a_file_without_an_object_says_what_it_should_hold(tmp_path: Path, text: str) -> None:
    """Not a traceback of the JSON parser."""
    with pytest.raises(UsageError, match="venuetree simulate --json"):
        read_endpoints(write(tmp_path / "sim.json", text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The message says which file, and why it cannot be read."""
    with pytest.raises(UsageError, match=r"absent\.json: No such file"):
        read_endpoints(tmp_path / "absent.json")


def test_an_entry_that_is_no_object_is_refused(tmp_path: Path) -> None:
    """An address where an object belongs is the commonest slip."""
    file = write(tmp_path / "sim.json", '{"coinbase": "http://127.0.0.1:1"}')

    with pytest.raises(UsageError, match="must be an object with addresses"):
        configured(file)


def test_what_a_file_omits_keeps_its_default(tmp_path: Path) -> None:
    """One address is replaced; the others stay the exchange's own."""
    file = write(tmp_path / "sim.json", '{"coinbase": {"rest": "http://127.0.0.1:1234"}}')
    live = EXCHANGES["coinbase"].profile.endpoints["live"]

    resolved = configured(file).resolved_endpoints()

    assert resolved.rest == "http://127.0.0.1:1234"
    assert (resolved.stream, resolved.user_stream) == (live.stream, live.user_stream)


def test_without_a_file_the_exchange_is_the_real_one() -> None:
    """No endpoints, no credentials: public data of the live exchange."""
    config = configured(None)

    assert (config.endpoints, config.credentials) == (None, None)


def test_other_doors_are_kept_by_name(tmp_path: Path) -> None:
    """An address that only one exchange has needs nothing here."""
    entry = {"rest": "http://127.0.0.1:1", "feed": "ws://127.0.0.1:2"}
    file = write(tmp_path / "sim.json", json.dumps({"coinbase": entry}))

    config = configured(file)

    assert config.endpoints == Endpoints(
        rest="http://127.0.0.1:1", stream="", others={"feed": "ws://127.0.0.1:2"}
    )
    assert config.resolved_endpoints().others == {"feed": "ws://127.0.0.1:2"}


def test_a_misspelt_address_does_not_leave_the_real_exchange_in_its_place(tmp_path: Path) -> None:
    """With the keys that are for another place, or the wrong way round."""
    file = write(tmp_path / "sim.json", '{"coinbase": {"rset": "http://127.0.0.1:1234"}}')

    with pytest.raises(ConfigurationError, match=r"no address 'rset'; .* rest, stream, user_stre"):
        configured(file).resolved_endpoints()


@pytest.mark.parametrize("text", ['{"coinbse": {"rest": "http://127.0.0.1:1"}}', "{}"])
def test_an_exchange_that_a_file_leaves_out_is_not_the_real_one(tmp_path: Path, text: str) -> None:
    """Whoever gives a file does not mean to trade for real."""
    with pytest.raises(
        UsageError, match=r"no 'coinbase' in .*sim\.json, only (coinbse|an empty object)$"
    ):
        configured(write(tmp_path / "sim.json", text))


def test_plain_text_is_for_this_machine_only(tmp_path: Path) -> None:
    """A key never travels in the clear unless somebody insists."""
    file = write(tmp_path / "sim.json", '{"coinbase": {"rest": "http://exchange.example:80"}}')

    with pytest.raises(ConfigurationError, match="without TLS"):
        configured(file).resolved_endpoints()
