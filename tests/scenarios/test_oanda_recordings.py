"""What the simulated OANDA says has every field, of the same kind, that the real one said.

Answers recorded in 2026 must have the same fields and no others. Those of 2016
are checked for what they have: many fields came later. Where the years differ,
the newer one is right.
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.plain_oanda import PlainClient
from tests.scenarios.plain_oanda import body as parsed
from venuetree.scenarios.simulated.oanda.settings import Settings
from venuetree.scenarios.simulated.wire import Response

FOLDER = Path(
    os.environ.get("VENUETREE_RECORDINGS", str(Path(__file__).parents[3] / "shared/recordings"))
)
Shape = set[tuple[str, str]]


def shape(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Path and kind of every leaf; the members of a list are taken as one."""
    match value:
        case dict():
            for name, inner in value.items():
                yield from shape(inner, f"{path}.{name}")
        case list():
            yield path, "list"
            for inner in value:
                yield from shape(inner, f"{path}[]")
        case _:
            yield path, type(value).__name__


def recorded(file: str) -> list[Any]:
    """The lines of a file; skips where there are none."""
    path = FOLDER / "oanda" / file
    if not path.exists():
        pytest.skip(f"no recordings at {path}: set VENUETREE_RECORDINGS")
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def client() -> PlainClient:
    """An exchange whose account has done nothing yet."""
    return PlainClient(Settings(requests=None))


def order(client: PlainClient, **wanted: Any) -> Response:
    """The response to an order of one EUR_USD."""
    usual = {"type": "MARKET", "instrument": "EUR_USD", "units": "1"}
    return client.send("POST", "orders", body={"order": usual | wanted})


def limit(client: PlainClient, **wanted: Any) -> str:
    """The id of an order that rests."""
    return str(client.place(**wanted)["orderCreateTransaction"]["id"])


def close(client: PlainClient, side: str) -> Response:
    """The response to closing one side of USD_JPY."""
    return client.send("PUT", "positions/USD_JPY/close", body={f"{side}Units": "ALL"})


def again(client: PlainClient) -> Response:
    """A market order under the same client id as the one before."""
    extensions = {"clientExtensions": {"id": "lookup"}}
    order(client, **extensions)
    return order(client, **extensions)


def resting(client: PlainClient) -> Response:
    """One limit order."""
    return client.send("GET", f"orders/{limit(client, clientExtensions={'id': 'mine'})}")


def cancelled(client: PlainClient) -> Response:
    """A cancel by the client's id."""
    limit(client, clientExtensions={"id": "mine"})
    return client.send("PUT", "orders/@mine/cancel")


def cancelled_again(client: PlainClient) -> Response:
    """The same once more."""
    cancelled(client)
    return client.send("PUT", "orders/@mine/cancel")


def wrong_side(client: PlainClient) -> Response:
    """Closing the flat side of a position."""
    order(client, instrument="USD_JPY", units="-10")
    return close(client, "long")


PRACTICE: dict[str, Callable[[PlainClient], Response]] = {
    "place_filled": lambda c: order(c, clientExtensions={"id": "lookup"}),
    "duplicate_post": again,
    "get_limit_pending": resting,
    "cancel_by_client_id": cancelled,
    "cancel_again": cancelled_again,
    "reject_too_big": lambda c: order(c, units="1000000000"),
    "reject_market_gtc": lambda c: order(c, timeInForce="GTC"),
    "close_nothing": lambda c: close(c, "short"),
    "close_wrong_side": wrong_side,
    "account_summary": lambda c: c.send("GET", "summary"),
    "instruments": lambda c: c.send("GET", "instruments", {"instruments": "EUR_USD,USD_JPY"}),
    "pricing_home_conversions": lambda c: c.send(
        "GET", "pricing", {"instruments": "EUR_USD", "includeHomeConversions": "true"}
    ),
}


@pytest.mark.parametrize("name", PRACTICE)
def test_answers_have_the_fields_of_2026_and_no_others(client: PlainClient, name: str) -> None:
    """The status, every field and its kind, and the code and words of a refusal."""
    (line,) = (
        each for each in recorded("practice_2026.jsonl") if each["source"].endswith(f") {name}")
    )
    status, real = int(line["channel"].split()[0]), line["raw"]
    ours = parsed(PRACTICE[name](client), status)

    assert set(shape(ours)) == set(shape(real))
    for said in ("errorCode", "errorMessage"):
        assert ours.get(said) == real.get(said)


def test_every_recording_of_2026_is_checked() -> None:
    """None is left out."""
    names = {line["source"].rpartition(") ")[2] for line in recorded("practice_2026.jsonl")}

    assert names == set(PRACTICE)


def older(client: PlainClient) -> dict[str, list[Any]]:
    """What we say on each channel that was recorded in 2016."""
    extended = {"clientExtensions": {"id": "mine", "comment": "mine"}}
    stop = {"stopLossOnFill": {"price": "0.80000", "timeInForce": "GTC"}}
    transactions = client.transactions()
    created = client.place(**stop)
    first = created["orderCreateTransaction"]["id"]
    second = limit(client, **extended)
    listed = client.get("orders")
    wanted = {"type": "LIMIT", "instrument": "EUR_USD", "units": "5", "price": "0.91"}
    replaced = client.send("PUT", f"orders/{second}", body={"order": wanted})
    cancel = client.send("PUT", "orders/@mine/cancel")
    order(client, units="100")
    order(client, instrument="DE30_EUR", units="-10")
    trades = client.get("trades")
    client.advance(5)
    beats = transactions.of("HEARTBEAT")
    account = "v3/accounts/{accountID}"
    return {
        "/v3/accounts/{accountID}/configuration": [
            parsed(client.send("PATCH", "configuration", body={"marginRate": "0.05"}))
        ],
        "/v3/instruments/{instrument}/positionBook": [
            parsed(client.send("GET", "/v3/instruments/EUR_USD/positionBook"))
        ],
        "/v3/instruments/{instrument}/candles": [
            client.get("/v3/instruments/DE30_EUR/candles", {"granularity": "M5", "count": 5})
        ],
        f"{account}/orders": [created, listed, parsed(replaced, 201)],
        f"{account}/orders/{{orderID}}/cancel": [parsed(cancel)],
        f"{account}/orders/{{orderID}}/details": [client.get(f"orders/{first}")],
        f"{account}/positions": [client.get("positions")],
        f"{account}/trades": [trades],
        f"{account}/trades/{{tradeID}}": [client.get(f"trades/{trades['trades'][0]['id']}")],
        f"{account}/transactions/{{transactionID}}": [client.get(f"transactions/{first}")],
        f"{account}/transactions/stream": beats,
    }


def test_what_was_said_in_2016_is_still_said(client: PlainClient) -> None:
    """Every field of each answer and line, of the same kind."""
    lines = recorded("rest_and_streams.jsonl")
    told = older(client)
    ours: dict[str, Shape] = {
        channel: {leaf for message in messages for leaf in shape(message)}
        for channel, messages in told.items()
    }
    missing = {
        line["channel"]: sorted(gone)
        for line in lines
        if (gone := set(shape(line["raw"])) - ours[line["channel"]])
    }

    assert missing == {}
