"""Who is asking: JSON web tokens and the older HMAC signatures, checked for real."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import attrs
import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from venuetree.scenarios.simulated.coinbase.keys import ApiKey, HmacKey

MAXIMUM_LIFETIME_S = 120
_HALF = 32
_TIMESTAMP_TOLERANCE_S = 30


class NotAuthenticatedError(Exception):
    """The caller is not who it says; the text is for the log, never for the caller."""


@attrs.frozen
class Authority:
    """The keys of the exchange and the host name that tokens may be bound to."""

    keys: Mapping[str, ApiKey]
    hmac_key: HmacKey | None = None
    host: str = "api.coinbase.com"

    def check_rest(
        self, *, token: str, method: str, path: str, host_header: str, now_s: float
    ) -> ApiKey:
        """The key that signed a token bound to this request.

        Raises:
            NotAuthenticatedError: with the reason.
        """
        key, claims = self._verified(token, now_s)
        bound = claims.get("uri", claims.get("uris"))
        uris = bound if isinstance(bound, list) else [bound]
        allowed = {f"{method} {host}{path}" for host in (self.host, host_header)}
        if not allowed.intersection(uri for uri in uris if isinstance(uri, str)):
            raise NotAuthenticatedError(f"uri {bound!r} is not one of {sorted(allowed)}")
        return key

    def check_stream(self, *, token: object, now_s: float) -> ApiKey:
        """The key that signed a token of a subscription, which is bound to no request.

        Raises:
            NotAuthenticatedError: with the reason.
        """
        if not isinstance(token, str):
            raise NotAuthenticatedError("no token")
        key, claims = self._verified(token, now_s)
        if "uri" in claims:
            raise NotAuthenticatedError("a token of a request does not open a stream")
        return key

    def _verified(self, token: str, now_s: float) -> tuple[ApiKey, dict[str, Any]]:
        parts = token.split(".")
        if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
            raise NotAuthenticatedError("not three parts")
        header, claims = _object(parts[0]), _object(parts[1])
        name = header.get("kid")
        key = self.keys.get(name) if isinstance(name, str) else None
        if key is None:
            raise NotAuthenticatedError(f"unknown key {name!r}")
        _check_signature(
            key,
            algorithm=header.get("alg"),
            signed=f"{parts[0]}.{parts[1]}".encode(),
            signature=_decode(parts[2]),
        )
        if header.get("typ") != "JWT" or not header.get("nonce"):
            raise NotAuthenticatedError("header without typ JWT or nonce")
        if claims.get("sub") != name:
            raise NotAuthenticatedError("sub is not kid")
        if claims.get("iss") not in {"cdp", "coinbase-cloud"}:
            raise NotAuthenticatedError(f"issuer {claims.get('iss')!r}")
        _check_times(claims, now_s)
        return key, claims


def _check_times(claims: Mapping[str, Any], now_s: float) -> None:
    begins, ends = claims.get("nbf"), claims.get("exp")
    if type(begins) is not int or type(ends) is not int:
        raise NotAuthenticatedError("nbf or exp is no integer")
    if ends - begins > MAXIMUM_LIFETIME_S:
        raise NotAuthenticatedError("lives for more than two minutes")
    # nbf is cut to whole seconds by the client, so no tolerance is needed for it.
    if not begins <= now_s <= ends:
        raise NotAuthenticatedError(f"now {now_s} is not between {begins} and {ends}")


def _check_signature(key: ApiKey, *, algorithm: object, signed: bytes, signature: bytes) -> None:
    try:
        match key.public_key:
            case ec.EllipticCurvePublicKey() as public if (
                algorithm == "ES256" and len(signature) == 2 * _HALF
            ):
                r = int.from_bytes(signature[:_HALF])
                s = int.from_bytes(signature[_HALF:])
                public.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
            case ed25519.Ed25519PublicKey() as public if algorithm == "EdDSA":
                public.verify(signature, signed)
            case _:
                raise NotAuthenticatedError(f"algorithm {algorithm!r} does not fit the key")
    except InvalidSignature:
        raise NotAuthenticatedError("wrong signature") from None


def _decode(part: str) -> bytes:
    if "=" in part:
        raise NotAuthenticatedError("padded base64url")
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise NotAuthenticatedError("not base64url") from None


def _object(part: str) -> dict[str, Any]:
    try:
        value = orjson.loads(_decode(part))
    except orjson.JSONDecodeError:
        raise NotAuthenticatedError("not JSON") from None
    if not isinstance(value, dict):
        raise NotAuthenticatedError("not a JSON object")
    return value


def check_hmac_rest(
    key: HmacKey, *, headers: Mapping[str, str], method: str, path: str, body: str, now_s: float
) -> None:
    """Check the ``CB-ACCESS-*`` headers of the older scheme.

    Raises:
        NotAuthenticatedError: with the reason.
    """
    timestamp = headers.get("cb-access-timestamp", "")
    _check_timestamp(timestamp, now_s)
    if headers.get("cb-access-key") != key.key:
        raise NotAuthenticatedError("unknown key")
    _check_hex(key, f"{timestamp}{method}{path}{body}", headers.get("cb-access-sign", ""))


def check_hmac_stream(key: HmacKey, message: Mapping[str, Any], *, now_s: float) -> None:
    """Check the fields `api_key`, `timestamp`, `signature` of an older subscribe message.

    Raises:
        NotAuthenticatedError: with the reason.
    """
    timestamp = str(message.get("timestamp", ""))
    _check_timestamp(timestamp, now_s)
    if message.get("api_key") != key.key:
        raise NotAuthenticatedError("unknown key")
    products = ",".join(str(product) for product in message.get("product_ids") or ())
    prehash = f"{timestamp}{message.get('channel')}{products}"
    _check_hex(key, prehash, str(message.get("signature", "")))


def check_exchange_feed(key: HmacKey, message: Mapping[str, Any], *, now_s: float) -> None:
    """Check key, passphrase, timestamp and signature of an Exchange feed subscription.

    Raises:
        NotAuthenticatedError: with the reason.
    """
    timestamp = str(message.get("timestamp", ""))
    _check_timestamp(timestamp, now_s)
    if message.get("key") != key.key or message.get("passphrase") != key.passphrase:
        raise NotAuthenticatedError("unknown key or passphrase")
    prehash = f"{timestamp}GET/users/self/verify".encode()
    digest = hmac.digest(base64.b64decode(key.secret), prehash, sha256)
    if not hmac.compare_digest(base64.b64encode(digest).decode(), str(message.get("signature"))):
        raise NotAuthenticatedError("wrong signature")


def _check_hex(key: HmacKey, prehash: str, signature: str) -> None:
    expected = hmac.digest(key.secret.encode(), prehash.encode(), sha256).hex()
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise NotAuthenticatedError("wrong signature")


def _check_timestamp(timestamp: str, now_s: float) -> None:
    try:
        stamped = float(timestamp)
    except ValueError:
        raise NotAuthenticatedError("no timestamp") from None
    if not abs(now_s - stamped) <= _TIMESTAMP_TOLERANCE_S:
        raise NotAuthenticatedError("timestamp is too far off")
