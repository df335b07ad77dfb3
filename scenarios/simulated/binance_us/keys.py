"""API keys of a simulated Binance.US, made anew for each run from its seed, and signatures."""

import hmac
from enum import Enum
from random import Random
from string import ascii_letters, digits

import attrs

_KEY_LENGTH = 64
_CLIENT_ID_LENGTH = 22


class Permission(Enum):
    """What a key may do."""

    READ = "read"
    TRADE = "trade"


ALL_PERMISSIONS = frozenset(Permission)


@attrs.frozen
class ApiKey:
    """A key that the exchange knows, the account it is of, what it may do."""

    key: str
    secret: str = attrs.field(repr=False)
    account: str
    permissions: frozenset[Permission] = ALL_PERMISSIONS


def seeded_text(rng: Random, length: int) -> str:
    """Letters and digits from a seeded generator."""
    return "".join(rng.choice(ascii_letters + digits) for _ in range(length))


def seeded_client_id(rng: Random) -> str:
    """The id that the exchange gives to an order or cancel that brings none."""
    return seeded_text(rng, _CLIENT_ID_LENGTH)


def api_key(
    rng: Random, account: str, *, permissions: frozenset[Permission] = ALL_PERMISSIONS
) -> ApiKey:
    """A new key and its secret, 64 characters each."""
    return ApiKey(
        key=seeded_text(rng, _KEY_LENGTH),
        secret=seeded_text(rng, _KEY_LENGTH),
        account=account,
        permissions=permissions,
    )


def signature_holds(secret: str, payload: bytes, signature: str) -> bool:
    """Whether a signature is that of these bytes; the case of its digits does not matter."""
    expected = hmac.digest(secret.encode(), payload, "sha256").hex()
    return hmac.compare_digest(expected.encode(), signature.lower().encode())
