"""Who may ask the simulated Binance.US what: keys, signatures over the bytes, the time window."""

from typing import Any

import pytest

from tests.scenarios.plain_binance_us import PlainClient, bad, good, order, sign
from venuetree.scenarios.faults import ClockSkew
from venuetree.scenarios.simulated.binance_us import ApiKey, Permission, Profile, Settings
from venuetree.scenarios.simulated.binance_us.keys import signature_holds
from venuetree.scenarios.simulated.binance_us.rest import claim
from venuetree.scenarios.simulated.wire import Request

API_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
WHOLE = (
    "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
    "&recvWindow=5000&timestamp=1499827319559"
)
HEAD = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC"
TAIL = "quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
DIGITS = "%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96"
FULL_WIDTH = WHOLE.replace("LTCBTC", DIGITS)
A = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
B = "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77"
C = "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"
D_TEXT = (
    f"apiKey={API_KEY}&newOrderRespType=ACK&price=52000.00&quantity=0.01000000&recvWindow=100"
    "&side=SELL&symbol=BTCUSDT&timeInForce=GTC&timestamp=1645423376532&type=LIMIT"
)
D = "cc15477742bd704c29492d96c7ead9414dfd8e0ec4a00f947bb5bb454ddbd08a"
E_TEXT = f"apiKey={API_KEY}&timestamp=1788540234915"
E = "1b2e9a279ee39c1a02ceeedf07460dd3124f0b4150d5d319263aeda510a0e470"
F_TEXT = "timestamp=1788540234915"
F = "319b80c2839ace3ea08dcdc1c2790ae0bb94c492c2ee7492b795046e42d30c7b"

NOT_VALID = (-1022, "Signature for this request is not valid.")
AHEAD = (-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
LATE = (-1021, "Timestamp for this request is outside of the recvWindow.")


@pytest.mark.parametrize(
    ("query", "body", "signature"),
    [
        pytest.param(f"{WHOLE}&signature={A}", "", A, id="A, in the query"),
        pytest.param("", f"{WHOLE}&signature={A}", A, id="A, in the body"),
        pytest.param(HEAD, f"{TAIL}&signature={B}", B, id="B, signed in the body"),
        pytest.param(f"{HEAD}&signature={B}", TAIL, B, id="B, signed in the query"),
        pytest.param(f"{FULL_WIDTH}&signature={C}", "", C, id="C"),
        pytest.param(f"{F_TEXT}&signature={F}", "", F, id="F"),
        pytest.param(f"signature={F}&{F_TEXT}", "", F, id="F, signature first"),
    ],
)
def test_the_published_vectors_hold_over_the_bytes_of_query_and_body(
    query: str, body: str, signature: str
) -> None:
    """Query and body are joined without a separator, as they came, without the signature."""
    claimed = claim(Request("POST", "/api/v3/order", body=body.encode(), raw_query=query))

    assert claimed.signature == signature
    assert signature_holds(SECRET, claimed.payload, signature)
    assert not signature_holds(SECRET, claimed.payload + b"&", signature)


@pytest.mark.parametrize(("text", "signature"), [(D_TEXT, D), (E_TEXT, E)], ids="DE")
def test_the_published_vectors_hold_over_sorted_parameters(text: str, signature: str) -> None:
    """The case of the digits does not matter, every byte of the text does."""
    assert signature_holds(SECRET, text.encode(), signature.upper())
    assert not signature_holds(SECRET, text.lower().encode(), signature)


def test_a_name_in_query_and_body_has_its_value_in_the_query() -> None:
    """The signature covers both nevertheless."""
    client = PlainClient()
    query = f"symbol=BTCUSD&timestamp={client.now_ms}"
    body = "symbol=ETHUSD"
    body += "&signature=" + sign(client.key.secret, query + body)

    answer = client.send("DELETE", "openOrders", query=query, body=body, key=client.key.key)
    client.place(newClientOrderId="mine")
    again = client.send("DELETE", "openOrders", query=query, body=body, key=client.key.key)

    assert bad(answer.response) == (-2011, "Unknown order sent.")
    assert [each["origClientOrderId"] for each in good(again.response)] == ["mine"]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        pytest.param({}, None, id="right"),
        pytest.param({"secret": "x" * 64}, NOT_VALID, id="another secret"),
        pytest.param({"tamper": True}, NOT_VALID, id="another byte"),
    ],
)
def test_a_signature_that_does_not_fit_is_refused(
    change: dict[str, Any], refusal: tuple[int, str] | None
) -> None:
    """HTTP 400 and -1022."""
    client = PlainClient()
    query = f"recvWindow=5000&timestamp={client.now_ms}"
    signature = sign(change.get("secret", client.key.secret), query)
    if change.get("tamper"):
        query = query.replace("5000", "5001")

    response = client.send(
        "GET", "account", query=f"{query}&signature={signature}", key=client.key.key
    ).response

    if refusal is None:
        assert good(response)["canTrade"] is True
    else:
        assert bad(response) == refusal


def test_keys_that_are_absent_unknown_revoked_or_too_weak_are_refused() -> None:
    """HTTP 401; a key may read without being allowed to trade."""
    client = PlainClient()
    unknown = ApiKey("x" * 64, "y" * 64, "account")
    reader = client.sim.add_key(permissions=frozenset({Permission.READ}))
    gone = client.sim.add_key()
    client.sim.revoke_key(gone.key)
    wrong = (-2015, "Invalid API-key, IP, or permissions for action.")

    query = f"timestamp={client.now_ms}&signature=00"
    absent = client.send("GET", "account", query=query).response
    refusals = [
        bad(client.signed("GET", "account", key=unknown), 401),
        bad(client.signed("GET", "account", key=gone), 401),
        bad(client.signed("POST", "order", order(), key=reader), 401),
    ]

    assert bad(absent, 401) == (-2014, "API-key format invalid.")
    assert refusals == [wrong] * 3
    assert good(client.signed("GET", "account", key=reader))["accountType"] == "SPOT"


@pytest.mark.parametrize(
    ("offset_ms", "window", "refusal"),
    [
        pytest.param(999, None, None, id="just not too fast"),
        pytest.param(1000, None, AHEAD, id="a second fast"),
        pytest.param(1000, "60000", AHEAD, id="a second fast, whatever the window"),
        pytest.param(-5000, None, None, id="just not too slow"),
        pytest.param(-5001, None, LATE, id="too slow"),
        pytest.param(-5001, "5001", None, id="forgiven by a wider window"),
        pytest.param(-60000, "60000", None, id="the widest window"),
        pytest.param(-101, "100.5", LATE, id="a window of half milliseconds"),
        pytest.param(0, "60001", (-1131, "recvWindow must be less than 60000"), id="wider"),
    ],
)
def test_the_time_window_is_a_second_ahead_and_recv_window_behind(
    offset_ms: int, window: str | None, refusal: tuple[int, str] | None
) -> None:
    """The two bounds are not alike."""
    client = PlainClient()
    params: dict[str, Any] = {"timestamp": client.now_ms + offset_ms}
    if window is not None:
        params["recvWindow"] = window

    response = client.signed("GET", "account", params)

    if refusal is None:
        assert response.status == 200, response
    else:
        assert bad(response) == refusal


@pytest.mark.parametrize(("seconds", "refusal"), [(6, LATE), (-2, AHEAD), (4, None)])
def test_a_skewed_clock_refuses_honest_clients(
    seconds: float, refusal: tuple[int, str] | None
) -> None:
    """The exchange tells its own time, and judges by it."""
    client = PlainClient()
    client.sim.faults.add(ClockSkew(seconds=seconds))

    told = good(client.public("time"))["serverTime"]
    response = client.signed("GET", "account")

    assert told == client.now_ms + seconds * 1000
    assert (None if response.status == 200 else bad(response)) == refusal


def test_parameters_are_judged_before_time_and_time_before_the_signature() -> None:
    """Each mistake is refused as if those after it were not there."""
    client = PlainClient()

    def refusal(params: str) -> tuple[int, str]:
        return bad(client.send("GET", "account", query=params, key=client.key.key).response)

    missing = "Mandatory parameter '{}' was not sent, was empty/null, or malformed."
    assert refusal("timestamp=1&foo=1&signature=00") == (
        -1104,
        "Not all sent parameters were read; read '1' parameter(s) but was sent '2'.",
    )
    assert refusal("signature=00") == (-1102, missing.format("timestamp"))
    assert refusal("timestamp=1") == (-1102, missing.format("signature"))
    assert refusal("timestamp=1&signature=00") == LATE
    assert refusal(f"timestamp={client.now_ms}&signature=00") == NOT_VALID


def test_a_key_is_needed_for_old_trades_by_the_documents_only() -> None:
    """A public call takes a key along without looking at it."""
    live, doc = PlainClient(), PlainClient(Settings(profile=Profile.DOC))
    symbol = {"symbol": "BTCUSD"}

    assert live.public("historicalTrades", symbol).status == 200
    assert live.public("trades", symbol, key="anything").status == 200
    assert bad(doc.public("historicalTrades", symbol), 401)[0] == -2014
    assert doc.public("historicalTrades", symbol, key=doc.key.key).status == 200
