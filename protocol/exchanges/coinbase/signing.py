"""Signatures: JSON Web Tokens of CDP keys, the older HMAC, and the Exchange feed's HMAC.

A token is bound to one method, host and path (without query) and lives two minutes at most, so
each request gets its own. The key is parsed once, when the signer is made.

Followed: "JWT Authentication", "Coinbase App Legacy Keys", "Exchange WebSocket Authentication".
"""

import base64
import hmac
from collections.abc import Callable
from typing import Any, Final, NoReturn, assert_never

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from venuetree.protocol.building import evolver
from venuetree.protocol.errors import ConfigurationError
from venuetree.protocol.exchanges.coinbase.credentials import (
    AnyCoinbaseCredentials,
    CoinbaseCredentials,
    CoinbaseExchangeCredentials,
    CoinbaseLegacyCredentials,
)
from venuetree.protocol.exchanges.coinbase.reading import NAME
from venuetree.protocol.port import Auth, RestRequest, SignedAhead, Signer, StreamMessage
from venuetree.protocol.timestamps import SECOND, to_seconds

__all__ = ["TOKEN_LIFETIME_S", "ExchangeSigner", "HmacSigner", "JwtSigner", "signer"]

#: The longest that the exchange allows.
TOKEN_LIFETIME_S: Final = 120

_SEED_LENGTH: Final = 32
_evolve: Final = evolver(RestRequest)
_SHAPES: Final = (
    "the private key is none of the accepted shapes: a PEM of a P-256 key (EC PRIVATE KEY, or"
    " PRIVATE KEY), a PEM of an Ed25519 key (PRIVATE KEY), or base64 of an Ed25519 key of 64 or"
    " 32 bytes"
)


def signer(credentials: AnyCoinbaseCredentials) -> Signer:
    """What signs for these credentials; `ConfigurationError`, without the key, if malformed."""
    match credentials:
        case CoinbaseCredentials():
            return JwtSigner(credentials)
        case CoinbaseLegacyCredentials():
            return HmacSigner(credentials)
        case CoinbaseExchangeCredentials():
            return ExchangeSigner(credentials)
        case _:
            assert_never(credentials)


# ---------------------------------------------------------------- key material


def _refuse_key() -> NoReturn:
    # `from None`: the library's own error may quote the key.
    raise ConfigurationError(_SHAPES, exchange=NAME, operation="credentials") from None


def _load_key(material: str) -> EllipticCurvePrivateKey | Ed25519PrivateKey:
    """The key of any accepted shape, told by its content."""
    text = material.strip().strip("\"'").replace("\\r", "").replace("\\n", "\n").strip()
    if "-----BEGIN" in text:
        try:
            key = load_pem_private_key(text.encode("ascii"), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            _refuse_key()
        if isinstance(key, Ed25519PrivateKey):
            return key
        if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
            return key
        _refuse_key()
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        _refuse_key()
    if len(raw) not in {_SEED_LENGTH, 2 * _SEED_LENGTH}:
        _refuse_key()
    return Ed25519PrivateKey.from_private_bytes(raw[:_SEED_LENGTH])


def _b64url(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


_ECDSA: Final = ECDSA(hashes.SHA256())


def _signing(key: EllipticCurvePrivateKey | Ed25519PrivateKey) -> Callable[[bytes], bytes]:
    if isinstance(key, Ed25519PrivateKey):
        return key.sign
    ec_key = key

    def sign(text: bytes) -> bytes:
        # The token wants the raw 64 bytes r and s, not DER.
        r, s = decode_dss_signature(ec_key.sign(text, _ECDSA))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return sign


# ---------------------------------------------------------------- the signers


class JwtSigner:
    """Signs with a CDP key: `Authorization: Bearer` for requests, `jwt` for stream messages."""

    def __init__(self, credentials: CoinbaseCredentials) -> None:
        if not credentials.key_name.isascii() or not credentials.key_name.isprintable():
            message = "the key's name must be printable ASCII"
            raise ConfigurationError(message, exchange=NAME, operation="credentials")
        key = _load_key(credentials.private_key)
        self._name = credentials.key_name
        self._algorithm = "EdDSA" if isinstance(key, Ed25519PrivateKey) else "ES256"
        self._sign = _signing(key)

    def __repr__(self) -> str:
        """The key's name and algorithm; never the key."""
        return f"<JwtSigner {self._algorithm} {self._name}>"

    def token(self, *, now_ns: int, nonce: str, uri: str | None) -> str:
        """A token that holds for two minutes from `now_ns`; `uri` is None on streams."""
        now_s = to_seconds(now_ns)
        header = {"alg": self._algorithm, "kid": self._name, "nonce": nonce, "typ": "JWT"}
        claims: dict[str, Any] = {
            "sub": self._name,
            "iss": "cdp",
            "nbf": now_s,
            "exp": now_s + TOKEN_LIFETIME_S,
        }
        if uri is not None:
            claims["uri"] = uri
        text = _b64url(orjson.dumps(header)) + b"." + _b64url(orjson.dumps(claims))
        return (text + b"." + _b64url(self._sign(text))).decode("ascii")

    def sign(self, request: RestRequest, *, host: str, now_ns: int, nonce: str) -> RestRequest:
        """The request with a token for its method, host and path."""
        if request.auth is Auth.NONE:
            return request
        header = self._header(request, host=host, now_ns=now_ns, nonce=nonce)
        return _evolve(request, headers=(*request.headers, header))

    def sign_ahead(
        self, request: RestRequest, *, host: str, now_ns: int, nonce: str
    ) -> SignedAhead | None:
        """A token for another request like this one: it does not depend on the body.

        Used within half of its life, so that it outlives its way to the exchange.
        """
        header = self._header(request, host=host, now_ns=now_ns, nonce=nonce)
        return SignedAhead((header,), now_ns + TOKEN_LIFETIME_S * SECOND // 2)

    def _header(
        self, request: RestRequest, *, host: str, now_ns: int, nonce: str
    ) -> tuple[str, str]:
        uri = f"{request.method} {host}{request.path}"
        return ("authorization", f"Bearer {self.token(now_ns=now_ns, nonce=nonce, uri=uri)}")

    def sign_stream(self, message: StreamMessage, *, now_ns: int, nonce: str) -> str:
        """The message with a token of its own."""
        token = self.token(now_ns=now_ns, nonce=nonce, uri=None)
        return orjson.dumps({**message.fields, "jwt": token}).decode()


class HmacSigner:
    """Signs as Advanced Trade did before February 2025: lower-case hexadecimal HMAC-SHA256."""

    def __init__(self, credentials: CoinbaseLegacyCredentials) -> None:
        self._key = credentials.api_key
        self._secret = credentials.api_secret.encode()

    def __repr__(self) -> str:
        """The key's name only."""
        return f"<HmacSigner {self._key}>"

    def _hex(self, prehash: bytes) -> str:
        return hmac.digest(self._secret, prehash, "sha256").hex()

    def sign(self, request: RestRequest, *, host: str, now_ns: int, nonce: str) -> RestRequest:
        """The request with `CB-ACCESS-*` headers; the query is not part of what is signed."""
        del host, nonce
        if request.auth is Auth.NONE:
            return request
        stamp = str(to_seconds(now_ns))
        prehash = f"{stamp}{request.method}{request.path}".encode() + request.body
        headers = (
            ("cb-access-key", self._key),
            ("cb-access-sign", self._hex(prehash)),
            ("cb-access-timestamp", stamp),
        )
        return _evolve(request, headers=(*request.headers, *headers))

    def sign_ahead(
        self, request: RestRequest, *, host: str, now_ns: int, nonce: str
    ) -> SignedAhead | None:
        """None: the body is part of what is signed."""
        del request, host, now_ns, nonce
        return None

    def sign_stream(self, message: StreamMessage, *, now_ns: int, nonce: str) -> str:
        """The message with `api_key`, `timestamp` and `signature`."""
        del nonce
        stamp = str(to_seconds(now_ns))
        fields = dict(message.fields)
        products = ",".join(fields.get("product_ids") or ())
        prehash = f"{stamp}{fields['channel']}{products}".encode()
        signed = {"api_key": self._key, "timestamp": stamp, "signature": self._hex(prehash)}
        return orjson.dumps({**fields, **signed}).decode()


class ExchangeSigner:
    """Signs for the older Exchange feed and its REST API: base64 HMAC under a base64 secret."""

    _VERIFY: Final = "GET/users/self/verify"

    def __init__(self, credentials: CoinbaseExchangeCredentials) -> None:
        try:
            self._secret = base64.b64decode(credentials.api_secret.strip(), validate=True)
        except ValueError:
            message = "the Exchange secret must be base64"
            raise ConfigurationError(message, exchange=NAME, operation="credentials") from None
        self._key = credentials.api_key
        self._passphrase = credentials.passphrase

    def __repr__(self) -> str:
        """The key's name only."""
        return f"<ExchangeSigner {self._key}>"

    def _base64(self, prehash: bytes) -> str:
        return base64.b64encode(hmac.digest(self._secret, prehash, "sha256")).decode("ascii")

    def sign(self, request: RestRequest, *, host: str, now_ns: int, nonce: str) -> RestRequest:
        """The request with `CB-ACCESS-*` headers; the query is part of what is signed."""
        del host, nonce
        if request.auth is Auth.NONE:
            return request
        stamp = str(to_seconds(now_ns))
        path = f"{request.path}?{request.query}" if request.query else request.path
        prehash = f"{stamp}{request.method}{path}".encode() + request.body
        headers = (
            ("cb-access-key", self._key),
            ("cb-access-sign", self._base64(prehash)),
            ("cb-access-timestamp", stamp),
            ("cb-access-passphrase", self._passphrase),
        )
        return _evolve(request, headers=(*request.headers, *headers))

    def sign_ahead(
        self, request: RestRequest, *, host: str, now_ns: int, nonce: str
    ) -> SignedAhead | None:
        """None: the body is part of what is signed."""
        del request, host, now_ns, nonce
        return None

    def sign_stream(self, message: StreamMessage, *, now_ns: int, nonce: str) -> str:
        """The message with `key`, `passphrase`, `timestamp` and `signature`."""
        del nonce
        stamp = str(to_seconds(now_ns))
        signed = {
            "signature": self._base64(f"{stamp}{self._VERIFY}".encode()),
            "key": self._key,
            "passphrase": self._passphrase,
            "timestamp": stamp,
        }
        return orjson.dumps({**message.fields, **signed}).decode()
