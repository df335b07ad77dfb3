"""API keys of a simulated Coinbase, made anew for each run from its seed."""

import base64
from enum import Enum
from random import Random
from uuid import UUID

import attrs
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


class Permission(Enum):
    """What a key may do."""

    VIEW = "view"
    TRADE = "trade"


ALL_PERMISSIONS = frozenset(Permission)


@attrs.frozen
class ApiKey:
    """A key that the exchange knows: its name, how to check its signatures, what it may do.

    `secret` is what the client holds: a SEC1 PEM (ES256) or base64 of seed and
    public key (Ed25519).
    """

    name: str
    public_key: PublicKey
    secret: str = attrs.field(repr=False)
    permissions: frozenset[Permission] = ALL_PERMISSIONS


@attrs.frozen
class HmacKey:
    """A key of the older ``CB-ACCESS-*`` scheme, or (with a passphrase) of the Exchange feed."""

    key: str
    secret: str = attrs.field(repr=False)
    passphrase: str = attrs.field(default="", repr=False)


def seeded_uuid(rng: Random) -> str:
    """A version 4 UUID from a seeded generator."""
    return str(UUID(int=rng.getrandbits(128), version=4))


def es256_key(rng: Random, *, permissions: frozenset[Permission] = ALL_PERMISSIONS) -> ApiKey:
    """A new P-256 key named as the exchange names them."""
    private = ec.derive_private_key(rng.getrandbits(250) + 1, ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return ApiKey(
        name=f"organizations/{seeded_uuid(rng)}/apiKeys/{seeded_uuid(rng)}",
        public_key=private.public_key(),
        secret=pem.decode(),
        permissions=permissions,
    )


def ed25519_key(rng: Random, *, permissions: frozenset[Permission] = ALL_PERMISSIONS) -> ApiKey:
    """A new Ed25519 key, named by a plain UUID."""
    seed = rng.randbytes(32)
    private = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return ApiKey(
        name=seeded_uuid(rng),
        public_key=private.public_key(),
        secret=base64.b64encode(seed + public).decode(),
        permissions=permissions,
    )
