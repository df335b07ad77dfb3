"""Signatures, against the exchange's scheme and public test keys."""

import base64
from collections.abc import Mapping
from typing import Any

import attrs
import orjson
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from venuetree.protocol.errors import ConfigurationError
from venuetree.protocol.exchanges.coinbase.credentials import (
    AnyCoinbaseCredentials,
    CoinbaseCredentials,
    CoinbaseExchangeCredentials,
    CoinbaseLegacyCredentials,
    credentials_from_environment,
    credentials_from_mapping,
)
from venuetree.protocol.exchanges.coinbase.signing import signer
from venuetree.protocol.port import Auth, RestRequest, StreamMessage

#: RFC 6979, A.2.5.
ES256_PEM = """-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIMmvqdhFunUWa1whV2ex1pNOUMPbNuibEnuKYisSD2choAoGCCqGSM49
AwEHoUQDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Z5A/4QCLi8
maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==
-----END EC PRIVATE KEY-----
"""
#: RFC 8032, test 1: seed and public key.
ED25519 = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGg=="
ED25519_SEED = base64.b64encode(base64.b64decode(ED25519)[:32]).decode()
ES256_NAME = (
    "organizations/00000000-0000-4000-8000-000000000001"
    "/apiKeys/00000000-0000-4000-8000-000000000002"
)
ED25519_NAME = "11111111-2222-4333-8444-555555555555"
ED25519_TOKEN = (
    "eyJhbGciOiJFZERTQSIsImtpZCI6IjExMTExMTExLTIyMjItNDMzMy04NDQ0LTU1NTU1NTU1NTU1NSIsIm5vbmNlIjoi"
    "MDAxMTIyMzM0NDU1NjY3Nzg4OTlhYWJiY2NkZGVlZmYiLCJ0eXAiOiJKV1QifQ.eyJzdWIiOiIxMTExMTExMS0yMjIyL"
    "TQzMzMtODQ0NC01NTU1NTU1NTU1NTUiLCJpc3MiOiJjZHAiLCJuYmYiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMDEyMCw"
    "idXJpIjoiR0VUIGFwaS5jb2luYmFzZS5jb20vYXBpL3YzL2Jyb2tlcmFnZS9hY2NvdW50cyJ9.9Yl0xFx4I-OeGhVOnctO"
    "EbwVRKNGfAXWFo03egl-xfBLptPampphXSiF552vlQPwk1PYDcNl6Gqpubd0tDWICQ"
)
NONCE = "00112233445566778899aabbccddeeff"
NOW_NS = 1_700_000_000_500_000_000
HOST = "api.coinbase.com"

ACCOUNTS = RestRequest("balances", "GET", "/api/v3/brokerage/accounts", "limit=250")
CREATE = RestRequest("place", "POST", "/api/v3/brokerage/orders", body=b'{"side":"BUY"}')


def _pem(key: Any, kind: serialization.PrivateFormat) -> str:
    return str(
        key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode()
    )


def _es256() -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(ES256_PEM.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _ed25519() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.from_private_bytes(base64.b64decode(ED25519_SEED))


PKCS8 = serialization.PrivateFormat.PKCS8
ES256_SHAPES = {
    "SEC1 PEM": ES256_PEM,
    "literal line ends": ES256_PEM.replace("\n", "\\n"),
    "quoted": '"' + ES256_PEM.strip().replace("\n", "\\n") + '"',
    "quoted lines": "'" + ES256_PEM + "'",
    "windows line ends": ES256_PEM.replace("\n", "\r\n"),
    "PKCS#8 PEM": _pem(_es256(), PKCS8),
}
ED25519_SHAPES = {
    "64 bytes": ED25519,
    "32 bytes": ED25519_SEED,
    "padded with blanks": f"  {ED25519}\n",
    "quoted": f'"{ED25519}"',
    "PKCS#8 PEM": _pem(_ed25519(), PKCS8),
    "PKCS#8 literal line ends": _pem(_ed25519(), PKCS8).replace("\n", "\\n"),
}


def parts(token: str) -> tuple[Any, Any, bytes, bytes]:
    """Header, claims, signature, and what was signed."""
    header, claims, signature = token.split(".")
    assert "=" not in token

    def decoded(text: str) -> bytes:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    return (
        orjson.loads(decoded(header)),
        orjson.loads(decoded(claims)),
        decoded(signature),
        f"{header}.{claims}".encode(),
    )


def bearer(credentials: AnyCoinbaseCredentials, request: RestRequest) -> str:
    """The token of a signed request."""
    signed = signer(credentials).sign(request, host=HOST, now_ns=NOW_NS, nonce=NONCE)
    return dict(signed.headers)["authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize("shape", sorted(ES256_SHAPES))
def test_es256_tokens_verify_whatever_shape_the_key_has(shape: str) -> None:
    """The raw 64-byte form; header and claims byte for byte as documented."""
    token = bearer(CoinbaseCredentials(ES256_NAME, ES256_SHAPES[shape]), CREATE)

    header, claims, signature, text = parts(token)
    assert header == {"alg": "ES256", "kid": ES256_NAME, "nonce": NONCE, "typ": "JWT"}
    assert claims == {
        "sub": ES256_NAME,
        "iss": "cdp",
        "nbf": 1_700_000_000,
        "exp": 1_700_000_120,
        "uri": "POST api.coinbase.com/api/v3/brokerage/orders",
    }
    assert len(signature) == 64
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    _es256().public_key().verify(encode_dss_signature(r, s), text, ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize(
    ("request_", "signature"),
    [
        (
            CREATE,
            "-o5kmVId-_yOoZ0-gXtOlPUggAF1iIo8F9VEn8dqB3ORLIKNqUnpgf0oY7eVaH_gbrbvqfGBZwGieTxrz0claA",
        ),
        (
            None,
            "72oE-X0CSsAcEh3O5UyRBXe-D9dE9nePrakZ2u2seEOcoNRfW23rLDPqAmzlX4XnbrIqfU77duAmJMda76uwSg",
        ),
    ],
)
def test_the_published_es256_signatures_verify_over_our_text(
    request_: RestRequest | None, signature: str
) -> None:
    """Ours are random, so theirs is checked: the text signed must be theirs to the byte."""
    credentials = CoinbaseCredentials(ES256_NAME, ES256_PEM)
    if request_ is None:
        text = signer(credentials).sign_stream(StreamMessage({}), now_ns=NOW_NS, nonce=NONCE)
        token = orjson.loads(text)["jwt"]
    else:
        token = bearer(credentials, request_)
    raw = base64.urlsafe_b64decode(signature + "==")
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")

    _es256().public_key().verify(
        encode_dss_signature(r, s), parts(token)[3], ec.ECDSA(hashes.SHA256())
    )


@pytest.mark.parametrize("shape", sorted(ED25519_SHAPES))
def test_eddsa_tokens_equal_the_published_one_whatever_shape_the_key_has(shape: str) -> None:
    """Deterministic: the whole token; the query string is not part of it."""
    assert bearer(CoinbaseCredentials(ED25519_NAME, ED25519_SHAPES[shape]), ACCOUNTS) == (
        ED25519_TOKEN
    )


def test_a_token_made_ahead_is_that_of_a_request_and_used_for_half_its_life() -> None:
    """The body is no part of it; the deterministic key shows that nothing else differs."""
    signing = signer(CoinbaseCredentials(ED25519_NAME, next(iter(ED25519_SHAPES.values()))))
    ahead = signing.sign_ahead(CREATE, host=HOST, now_ns=NOW_NS, nonce=NONCE)
    other = attrs.evolve(CREATE, body=b"{}")
    signed = signing.sign(other, host=HOST, now_ns=NOW_NS, nonce=NONCE)

    assert ahead is not None
    assert signed.headers == (*other.headers, *ahead.headers)
    assert ahead.until_ns == NOW_NS + 60 * 1_000_000_000
    assert "Bearer" not in repr(ahead)


def test_a_stream_message_carries_a_token_of_its_own_without_uri() -> None:
    """The message's own fields stay."""
    text = signer(CoinbaseCredentials(ED25519_NAME, ED25519)).sign_stream(
        StreamMessage({"type": "subscribe", "channel": "user"}), now_ns=NOW_NS, nonce=NONCE
    )

    message = orjson.loads(text)
    assert (message["type"], message["channel"]) == ("subscribe", "user")
    header, claims, signature, signed = parts(message["jwt"])
    assert header["alg"] == "EdDSA"
    assert set(claims) == {"sub", "iss", "nbf", "exp"}
    _ed25519().public_key().verify(signature, signed)


@pytest.mark.parametrize(
    "material",
    [
        "",
        "not a key",
        "c2hvcnQ=",
        ES256_PEM.replace("MHcC", "AAAA"),
        "-----BEGIN EC PRIVATE KEY-----",
        _pem(ec.generate_private_key(ec.SECP384R1()), PKCS8),
        _pem(rsa.generate_private_key(65537, 2048), PKCS8),
        "-----BEGIN EC PRIVATE KEY-----\né\n-----END EC PRIVATE KEY-----",
    ],
)
def test_a_malformed_key_says_which_shapes_are_accepted_and_nothing_of_itself(
    material: str,
) -> None:
    """No part of the key reaches the error, nor what is chained to it."""
    with pytest.raises(ConfigurationError, match="accepted shapes") as caught:
        signer(CoinbaseCredentials(ES256_NAME, material))

    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    body = "".join(line for line in material.splitlines() if "KEY" not in line)
    if body:
        assert body[:20] not in str(caught.value)


SECRET = "M1keyM1keyM1keyM1keyM1keyM1key00"
LEGACY = CoinbaseLegacyCredentials("k3y", SECRET)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (ACCOUNTS, "6cfb29462d76587d588d20d5998c3f95393f022bc9e5bd4bbd17e3eab8b2a08b"),
        (
            RestRequest(
                "place",
                "POST",
                "/api/v3/brokerage/orders",
                body=b'{"client_order_id":"c-1","product_id":"BTC-USD","side":"BUY",'
                b'"order_configuration":{"market_market_ioc":{"quote_size":"10.00"}}}',
            ),
            "41d5e18c11fc5cfedc0005d99d61b33d39ee43c83801a91ddafc4bcbe8189c69",
        ),
    ],
)
def test_the_older_hmac_equals_the_published_vectors(request_: RestRequest, expected: str) -> None:
    """Lower-case hexadecimal; the query is left out."""
    signed = signer(LEGACY).sign(request_, host=HOST, now_ns=NOW_NS, nonce=NONCE)

    assert dict(signed.headers) == {
        "cb-access-key": "k3y",
        "cb-access-sign": expected,
        "cb-access-timestamp": "1700000000",
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"type": "subscribe", "channel": "level2", "product_ids": ["BTC-USD", "ETH-USD"]},
            "4b309cc4a90dee256dbc4de5f8f1ef351820a50d46d2954dd47d18abba71c497",
        ),
        (
            {"type": "subscribe", "channel": "user"},
            "5266b9b46d62d4d4a4f188aacbba0c5e907fe56001ebab3c171a7a57ffcbccd0",
        ),
    ],
)
def test_the_older_hmac_of_stream_messages_equals_the_published_vectors(
    fields: Mapping[str, Any], expected: str
) -> None:
    """Channel and products are signed."""
    text = signer(LEGACY).sign_stream(StreamMessage(fields), now_ns=NOW_NS, nonce=NONCE)

    assert orjson.loads(text) == {
        **fields,
        "api_key": "k3y",
        "timestamp": "1700000000",
        "signature": expected,
    }


EXCHANGE = CoinbaseExchangeCredentials(
    "k3y",
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==",
    "pp",
)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (
            RestRequest(
                "place",
                "POST",
                "/orders",
                body=b'{"price":"1.0","size":"1.0","side":"buy","product_id":"BTC-USD"}',
            ),
            "9BFKo+O+iyq1orpEz9FK6MtOYrhEc4O2o7Bq4XtL5pE=",
        ),
        (
            RestRequest("orders", "GET", "/orders", "status=open"),
            "pZPTGrSfkT3y7IlU0d5lAr+PFB58dY+pM/jsgCdUE54=",
        ),
    ],
)
def test_exchange_keys_equal_the_published_vectors(request_: RestRequest, expected: str) -> None:
    """Base64 under a base64 secret; here the query is part of it."""
    signed = signer(EXCHANGE).sign(request_, host=HOST, now_ns=NOW_NS, nonce=NONCE)

    assert dict(signed.headers) == {
        "cb-access-key": "k3y",
        "cb-access-sign": expected,
        "cb-access-timestamp": "1700000000",
        "cb-access-passphrase": "pp",
    }


@pytest.mark.parametrize("credentials", [LEGACY, EXCHANGE], ids=["hmac", "exchange"])
def test_a_key_that_signs_the_body_makes_nothing_ahead(credentials: AnyCoinbaseCredentials) -> None:
    """An order's signature cannot be known before the order."""
    signing = signer(credentials)

    assert signing.sign_ahead(CREATE, host=HOST, now_ns=NOW_NS, nonce=NONCE) is None


def test_the_older_feeds_subscription_equals_the_published_vector() -> None:
    """A constant text is signed."""
    text = signer(EXCHANGE).sign_stream(
        StreamMessage({"type": "subscribe", "channels": ["level2"]}), now_ns=NOW_NS, nonce=NONCE
    )

    assert orjson.loads(text) == {
        "type": "subscribe",
        "channels": ["level2"],
        "signature": "4w5N81jN+R8BEl+8gu26Lel0jalXF5uTezix+T8v9eY=",
        "key": "k3y",
        "passphrase": "pp",
        "timestamp": "1700000000",
    }


def test_public_requests_are_left_as_they_are() -> None:
    """Nothing of ours is told where nothing need be."""
    request = RestRequest("server_time", "GET", "/api/v3/brokerage/time", auth=Auth.NONE)
    for credentials in (CoinbaseCredentials(ED25519_NAME, ED25519), LEGACY, EXCHANGE):
        made = signer(credentials)
        assert made.sign(request, host=HOST, now_ns=NOW_NS, nonce=NONCE) == request


def test_no_secret_is_in_any_text_of_ours() -> None:
    """Credentials and signers redact themselves, however they are printed."""
    secrets = (ED25519, SECRET, EXCHANGE.api_secret, "pp'")
    for credentials in (CoinbaseCredentials(ED25519_NAME, ED25519), LEGACY, EXCHANGE):
        made = signer(credentials)
        for text in (
            *(repr(credentials), str(credentials), f"{credentials}", f"{credentials!r:>5}"),
            *(repr(made), str(made), repr([credentials]), repr({"c": credentials})),
        ):
            assert not any(secret in text for secret in secrets)


def test_a_bad_exchange_secret_is_not_quoted() -> None:
    """It must be base64."""
    with pytest.raises(ConfigurationError) as caught:
        signer(CoinbaseExchangeCredentials("k", "no base64!", "pp"))

    assert "no base64!" not in str(caught.value)


def test_a_key_name_that_is_no_ascii_is_refused() -> None:
    """It goes into headers and tokens."""
    with pytest.raises(ConfigurationError):
        signer(CoinbaseCredentials("näme", ED25519))


# ---------------------------------------------------------------- where keys are read from


def test_an_endpoints_file_gives_the_es256_key_first() -> None:
    """With both keys present the ES256 one is used; with none, none."""
    both = {
        "key_name": "es",
        "private_key": "pem",
        "ed25519_key_name": "ed",
        "ed25519_private_key": "seed",
    }
    only = {name: value for name, value in both.items() if name.startswith("ed25519")}

    assert credentials_from_mapping(both) == CoinbaseCredentials("es", "pem")
    assert credentials_from_mapping(only) == CoinbaseCredentials("ed", "seed")
    assert credentials_from_mapping({}) is None
    assert credentials_from_mapping({"key_name": "es"}) is None
    assert credentials_from_mapping({"name": "n", "privateKey": "p"}) == CoinbaseCredentials(
        "n", "p"
    )
    assert credentials_from_mapping({"api_key": "k", "api_secret": "s"}) == (
        CoinbaseLegacyCredentials("k", "s")
    )
    assert credentials_from_mapping({"api_key": "k", "api_secret": "s", "passphrase": "p"}) == (
        CoinbaseExchangeCredentials("k", "s", "p")
    )


def test_the_environment_gives_a_key_or_none() -> None:
    """Half a key is a mistake, and is told."""
    key, secret = {"COINBASE_API_KEY": "k"}, {"COINBASE_API_SECRET": "s"}

    assert credentials_from_environment({}) is None
    assert credentials_from_environment(key | secret) == CoinbaseCredentials("k", "s")
    assert credentials_from_environment(key | secret | {"COINBASE_API_SCHEME": "hmac"}) == (
        CoinbaseLegacyCredentials("k", "s")
    )
    assert CoinbaseCredentials.from_env(key | secret) == CoinbaseCredentials("k", "s")
    for half in (key, secret):
        with pytest.raises(ConfigurationError, match="COINBASE_API_"):
            credentials_from_environment(half)
        with pytest.raises(ConfigurationError, match="COINBASE_API_"):
            CoinbaseCredentials.from_env(half)
