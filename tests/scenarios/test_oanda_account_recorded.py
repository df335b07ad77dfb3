"""What a simulated account says has the fields, of the same type, that a real one's answers had."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.oanda_account_bench import Bench
from venuetree.scenarios.simulated.oanda.account import Answered

FOLDER = Path(
    os.environ.get("VENUETREE_RECORDINGS", str(Path(__file__).parents[3] / "shared/recordings"))
)


def shape(value: Any) -> Any:
    """A value with its leaves replaced by their types; a list is its first item."""
    match value:
        case dict():
            return {name: shape(inner) for name, inner in value.items()}
        case list():
            return [shape(value[0])] if value else []
        case _:
            return type(value).__name__


def recorded(name: str) -> tuple[int, dict[str, Any]]:
    """The status and the body of a recording; skips where there are none."""
    path = FOLDER / "oanda" / "practice_2026.jsonl"
    if not path.exists():
        pytest.skip(f"no recordings at {path}: set VENUETREE_RECORDINGS")
    for line in path.read_text().splitlines():
        message = json.loads(line)
        if message["source"].endswith(f") {name}"):
            return int(message["channel"].split()[0]), message["raw"]
    raise AssertionError(name)


def filled(bench: Bench) -> Answered:
    """A market order for one unit."""
    return bench.post(units="1", clientExtensions={"id": "lookup-1"})


def pending(bench: Bench) -> Answered:
    """A read of a limit order."""
    order_id = bench.resting(units="1", clientExtensions={"id": "limit-1"})
    return bench.account.order(order_id)


def cancelled(bench: Bench) -> Answered:
    """A cancel by the client's id."""
    bench.resting(clientExtensions={"id": "limit-1"})
    return bench.call("cancel_order", "@limit-1")


def cancelled_again(bench: Bench) -> Answered:
    """The same once more."""
    cancelled(bench)
    return bench.call("cancel_order", "@limit-1")


def too_big(bench: Bench) -> Answered:
    """More units than an order may have."""
    return bench.post(units="1000000000")


def market_gtc(bench: Bench) -> Answered:
    """A market order that would wait."""
    return bench.post(units="1", timeInForce="GTC")


def close_nothing(bench: Bench) -> Answered:
    """Closing where nothing is open."""
    return bench.call("close_position", "USD_JPY", {"shortUnits": "ALL"})


def close_wrong_side(bench: Bench) -> Answered:
    """Closing the flat side."""
    bench.filled(-100, instrument="USD_JPY")
    return bench.call("close_position", "USD_JPY", {"longUnits": "ALL"})


def summary(bench: Bench) -> Answered:
    """The summary."""
    return bench.account.summary()


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("place_filled", filled),
        ("duplicate_post", filled),
        ("get_limit_pending", pending),
        ("cancel_by_client_id", cancelled),
        ("cancel_again", cancelled_again),
        ("reject_too_big", too_big),
        ("reject_market_gtc", market_gtc),
        ("close_nothing", close_nothing),
        ("close_wrong_side", close_wrong_side),
        ("account_summary", summary),
    ],
)
def test_an_answer_has_the_recorded_fields_and_no_others(
    name: str, ours: Callable[[Bench], Answered]
) -> None:
    """Field by field and type by type, with the recorded errors word for word."""
    status, real = recorded(name)
    answered = ours(Bench())
    assert answered.status == status
    assert shape(answered.body) == shape(real)
    if "errorCode" in real:
        assert answered.body["errorCode"] == real["errorCode"]
        assert answered.body["errorMessage"] == real["errorMessage"]
