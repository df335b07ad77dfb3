"""Who may speak: tokens and older signatures are really verified."""

import base64
import hmac
import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tests.scenarios.plain_client import (
    BASE,
    HOST,
    QUIET,
    SECOND,
    PlainClient,
    make_token,
)
from venuetree.scenarios.faults import ClockSkew
from venuetree.scenarios.simulated.coinbase import ApiKey, HmacKey, Permission
from venuetree.scenarios.simulated.coinbase.tokens import (
    Authority,
    NotAuthenticatedError,
    check_exchange_feed,
    check_hmac_rest,
    check_hmac_stream,
)
from venuetree.scenarios.simulated.coinbase.venue import Settings
from venuetree.scenarios.simulated.wire import Request, Response

KINDS = ["es256", "ed25519"]
URI = f"GET api.coinbase.com{BASE}/accounts"


def ask(client: PlainClient, token: str, *, path: str = "/accounts") -> Response:
    """GET a private path with this token."""
    headers = {"authorization": f"Bearer {token}", "host": HOST}
    return client.response("GET", path, headers=headers)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "claims",
    [
        {"uri": URI},
        {"uri": f"GET {HOST}{BASE}/accounts"},
        {"uris": [URI], "aud": ["cdp_service"]},
        {"uri": URI, "iss": "coinbase-cloud", "aud": ["retail_rest_api_proxy"], "iat": 1},
    ],
)
def test_every_known_shape_of_token_is_accepted(kind: str, claims: dict[str, Any]) -> None:
    """Both key kinds, either host, and what other clients in the field send."""
    client = PlainClient()
    key = client.sim.add_key(kind)

    assert ask(client, make_token(key, client.now_s, claims=claims)).status == 200


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({}, {"uri": None}),
        ({}, {"uri": f"POST api.coinbase.com{BASE}/accounts"}),
        ({}, {"uri": f"GET api.coinbase.com{BASE}/orders"}),
        ({}, {"uri": f"{URI}?limit=1"}),
        ({}, {"uri": f"GET evil.example{BASE}/accounts"}),
        ({}, {"uri": f"GET https://api.coinbase.com{BASE}/accounts"}),
        ({}, {"nbf": 1_790_000_001}),
        ({}, {"nbf": 1_789_999_000, "exp": 1_789_999_100}),
        ({}, {"exp": 1_790_000_121}),
        ({}, {"exp": None}),
        ({}, {"nbf": True}),
        ({}, {"sub": "somebody else"}),
        ({}, {"iss": "somebody"}),
        ({"kid": "somebody else"}, {}),
        ({"alg": "none"}, {}),
        ({"alg": "HS256"}, {}),
        ({"typ": None}, {}),
        ({"nonce": None}, {}),
    ],
)
def test_a_token_that_is_wrong_in_one_point_is_refused(
    kind: str, header: dict[str, Any], claims: dict[str, Any]
) -> None:
    """401, plain text."""
    client = PlainClient()
    key = client.sim.add_key(kind)

    response = ask(
        client, make_token(key, client.now_s, header=header, claims={"uri": URI, **claims})
    )

    assert (response.status, response.body, response.content_type) == (
        401,
        b"Unauthorized",
        "text/plain",
    )


@pytest.mark.parametrize("spoil", [lambda t: t[:-4] + "AAAA", lambda t: t + "=", lambda _: "a.b"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_spoiled_signature_is_refused(kind: str, spoil: Callable[[str], str]) -> None:
    """The signature itself is checked, not just its presence."""
    client = PlainClient()
    key = client.sim.add_key(kind)

    assert ask(client, spoil(make_token(key, client.now_s, claims={"uri": URI}))).status == 401


def test_a_key_cannot_sign_in_another_keys_name() -> None:
    """The name chooses the public key."""
    client = PlainClient()
    thief = ApiKey(
        name=client.sim.es256_key.name,
        public_key=client.sim.es256_key.public_key,
        secret=client.sim.add_key("es256").secret,
    )

    assert ask(client, make_token(thief, client.now_s, claims={"uri": URI})).status == 401


def test_no_token_is_needed_for_public_paths_and_one_for_all_others() -> None:
    """Public: the time and everything below /market."""
    client = PlainClient()
    paths = ["/time", "/market/products", "/products", "/best_bid_ask", "/accounts", "/orders"]

    statuses = {
        path: client.response("POST" if path == "/orders" else "GET", path, headers={}).status
        for path in paths
    }

    assert statuses == {
        "/time": 200,
        "/market/products": 200,
        "/products": 401,
        "/best_bid_ask": 401,
        "/accounts": 401,
        "/orders": 401,
    }


def test_a_token_dies_after_two_minutes_and_with_its_key() -> None:
    """Expired, or revoked."""
    client = PlainClient()
    key = client.sim.add_key()
    token = make_token(key, client.now_s, claims={"uri": URI})
    statuses = []
    for seconds in (120, 0.5):
        client.now_ns += int(seconds * SECOND)
        statuses.append(ask(client, token).status)
    fresh = make_token(key, client.now_s, claims={"uri": URI})
    statuses.append(ask(client, fresh).status)
    client.sim.revoke_key(key.name)
    statuses.append(ask(client, fresh).status)

    assert statuses == [200, 401, 200, 401]


@pytest.mark.parametrize("seconds", [-30, 150])
def test_a_skewed_clock_is_fatal_to_tokens(seconds: float) -> None:
    """The exchange's clock judges, and its time endpoint tells it."""
    client = PlainClient()
    skew = client.sim.faults.add(ClockSkew(seconds=seconds))

    during = client.response("GET", "/accounts").status
    told = json.loads(client.response("GET", "/time", headers={}).body)["epochSeconds"]
    skew.remove()

    assert (during, int(told)) == (401, client.now_s + seconds)
    assert client.response("GET", "/accounts").status == 200


def test_a_key_may_only_do_what_it_is_permitted() -> None:
    """View-only keys look, and get 403 when they trade; the key's scope can be asked for."""
    client = PlainClient()
    viewer = client.sim.add_key(permissions=frozenset({Permission.VIEW}))

    looks = client.response("GET", "/accounts", key=viewer).status
    trades = client.response("POST", "/orders", key=viewer, body={})
    scope = json.loads(client.response("GET", "/key_permissions", key=viewer).body)

    assert looks == 200
    assert (trades.status, json.loads(trades.body)["message"]) == (403, "Missing required scopes")
    assert (scope["can_view"], scope["can_trade"]) == (True, False)


# The published vectors


def test_the_published_tokens_verify() -> None:
    """RFC 6979 and RFC 8032 keys, with the tokens that the reference prints for them."""
    pem = (
        "-----BEGIN PUBLIC KEY-----\n"
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7\n"
        "Yfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==\n"
        "-----END PUBLIC KEY-----\n"
    )
    public = load_pem_public_key(pem.encode())
    assert isinstance(public, ec.EllipticCurvePublicKey)
    kid = (
        "organizations/00000000-0000-4000-8000-000000000001"
        "/apiKeys/00000000-0000-4000-8000-000000000002"
    )
    raw = base64.b64decode(
        "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGg=="
    )
    uuid = "11111111-2222-4333-8444-555555555555"
    edwards = ed25519.Ed25519PublicKey.from_public_bytes(raw[32:])
    authority = Authority({kid: ApiKey(kid, public, ""), uuid: ApiKey(uuid, edwards, "")})
    head = {"alg": "ES256", "kid": kid, "nonce": "00112233445566778899aabbccddeeff", "typ": "JWT"}
    claims = {"sub": kid, "iss": "cdp", "nbf": 1700000000, "exp": 1700000120}
    bound = {**claims, "uri": f"POST api.coinbase.com{BASE}/orders"}

    def token(claims: dict[str, Any], signature: str) -> str:
        parts = [json.dumps(part, separators=(",", ":")).encode() for part in (head, claims)]
        encoded = [base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts]
        return ".".join([*encoded, signature])

    rest = token(
        bound,
        "-o5kmVId-_yOoZ0-gXtOlPUggAF1iIo8F9VEn8dqB3ORLIKNqUnpgf0oY7eVaH_gbrbvqfGBZwGieTxrz0claA",
    )
    stream = token(
        claims,
        "72oE-X0CSsAcEh3O5UyRBXe-D9dE9nePrakZ2u2seEOcoNRfW23rLDPqAmzlX4XnbrIqfU77duAmJMda76uwSg",
    )
    eddsa = (
        "eyJhbGciOiJFZERTQSIsImtpZCI6IjExMTExMTExLTIyMjItNDMzMy04NDQ0LTU1NTU1NTU1NTU1NSIsIm5vbmNl"
        "IjoiMDAxMTIyMzM0NDU1NjY3Nzg4OTlhYWJiY2NkZGVlZmYiLCJ0eXAiOiJKV1QifQ.eyJzdWIiOiIxMTExMTExM"
        "S0yMjIyLTQzMzMtODQ0NC01NTU1NTU1NTU1NTUiLCJpc3MiOiJjZHAiLCJuYmYiOjE3MDAwMDAwMDAsImV4cCI6M"
        "TcwMDAwMDEyMCwidXJpIjoiR0VUIGFwaS5jb2luYmFzZS5jb20vYXBpL3YzL2Jyb2tlcmFnZS9hY2NvdW50cyJ9."
        "9Yl0xFx4I-OeGhVOnctOEbwVRKNGfAXWFo03egl-xfBLptPampphXSiF552vlQPwk1PYDcNl6Gqpubd0tDWICQ"
    )
    now_s = 1700000060

    accounts = authority.check_rest(
        token=eddsa, method="GET", path=f"{BASE}/accounts", host_header="", now_s=now_s
    )
    orders = authority.check_rest(
        token=rest, method="POST", path=f"{BASE}/orders", host_header="", now_s=now_s
    )

    assert (accounts.name, orders.name) == (uuid, kid)
    assert authority.check_stream(token=stream, now_s=now_s).name == kid
    with pytest.raises(NotAuthenticatedError):
        authority.check_stream(token=rest, now_s=now_s)


OLDER = HmacKey("oldkeyoldkeyold1", "M1keyM1keyM1keyM1keyM1keyM1key00")
FEED = HmacKey("k3y", base64.b64encode(bytes(range(64))).decode(), "pp")


def test_the_older_scheme_verifies_the_published_signatures() -> None:
    """Hex over time, method, path without query, and body; streams over channel and products."""
    body = (
        '{"client_order_id":"c-1","product_id":"BTC-USD","side":"BUY",'
        '"order_configuration":{"market_market_ioc":{"quote_size":"10.00"}}}'
    )
    vectors = [
        ("GET", f"{BASE}/accounts", "", "6cfb29462d76587d588d20d5998c3f95393f022bc9e5bd4bbd17e3eab8b2a08b"),  # noqa: E501
        ("POST", f"{BASE}/orders", body, "41d5e18c11fc5cfedc0005d99d61b33d39ee43c83801a91ddafc4bcbe8189c69"),  # noqa: E501
    ]  # fmt: skip
    for method, path, text, signature in vectors:
        headers = {
            "cb-access-key": OLDER.key,
            "cb-access-timestamp": "1700000000",
            "cb-access-sign": signature,
        }
        signed = {"headers": headers, "method": method, "path": path, "now_s": 1700000010.0}
        check_hmac_rest(OLDER, body=text, **signed)  # type: ignore[arg-type]
        with pytest.raises(NotAuthenticatedError):
            check_hmac_rest(OLDER, body=text + " ", **signed)  # type: ignore[arg-type]
    stamp = {"api_key": OLDER.key, "timestamp": "1700000000"}
    level2 = "4b309cc4a90dee256dbc4de5f8f1ef351820a50d46d2954dd47d18abba71c497"
    user = "5266b9b46d62d4d4a4f188aacbba0c5e907fe56001ebab3c171a7a57ffcbccd0"
    books = {**stamp, "channel": "level2", "product_ids": ["BTC-USD", "ETH-USD"]}
    check_hmac_stream(OLDER, {**books, "signature": level2}, now_s=1700000010)
    check_hmac_stream(OLDER, {**stamp, "channel": "user", "signature": user}, now_s=1700000010)
    with pytest.raises(NotAuthenticatedError):
        check_hmac_stream(OLDER, {**books, "signature": user}, now_s=1700000010)
    with pytest.raises(NotAuthenticatedError):
        check_hmac_stream(OLDER, {**books, "signature": level2}, now_s=1700000031)


def test_the_exchange_feed_verifies_the_published_signature() -> None:
    """Base64 over a constant, with key and passphrase beside it."""
    message = {
        "key": FEED.key,
        "passphrase": "pp",
        "timestamp": "1700000000",
        "signature": "4w5N81jN+R8BEl+8gu26Lel0jalXF5uTezix+T8v9eY=",
    }

    check_exchange_feed(FEED, message, now_s=1700000010)
    for name in ("key", "passphrase", "signature", "timestamp"):
        with pytest.raises(NotAuthenticatedError):
            check_exchange_feed(FEED, {**message, name: "1700000001"}, now_s=1700000010)


@pytest.mark.parametrize(("configured", "status"), [(OLDER, 200), (None, 401)])
def test_the_older_scheme_is_served_when_a_key_is_configured(
    configured: HmacKey | None, status: int
) -> None:
    """Otherwise it is as dead as it really is."""
    client = PlainClient(Settings(hmac_key=configured, private_limit=QUIET.private_limit))
    stamp = str(client.now_s)
    prehash = f"{stamp}GET{BASE}/accounts{{}}".encode()
    headers = {
        "cb-access-key": OLDER.key,
        "cb-access-timestamp": stamp,
        "cb-access-sign": hmac.digest(OLDER.secret.encode(), prehash, sha256).hex(),
    }
    request = Request("GET", f"{BASE}/accounts", (("limit", "1"),), headers, b"{}")

    assert client.sim.handle("rest", request).response.status == status
