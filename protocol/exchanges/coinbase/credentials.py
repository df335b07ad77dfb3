"""Coinbase's three kinds of key, and where they are read from.

- `CoinbaseCredentials`: CDP keys, which everything current uses (JSON Web Tokens).
- `CoinbaseLegacyCredentials`: key and secret of Advanced Trade before February 2025; the
  exchange has expired them all, recordings and proxies still speak them.
- `CoinbaseExchangeCredentials`: key, secret and passphrase of the older Exchange feed.

No secret appears in a repr, a text or an error: a secret field has no repr, and nothing here
quotes one.
"""

import os
from collections.abc import Mapping

from attrs import field, frozen

from venuetree.protocol.errors import ConfigurationError
from venuetree.protocol.exchanges.coinbase.reading import NAME

__all__ = [
    "AnyCoinbaseCredentials",
    "CoinbaseCredentials",
    "CoinbaseExchangeCredentials",
    "CoinbaseLegacyCredentials",
    "credentials_from_environment",
    "credentials_from_mapping",
]

_KEY: str = "COINBASE_API_KEY"
_SECRET: str = "COINBASE_API_SECRET"  # noqa: S105 - a variable's name
_PASSPHRASE: str = "COINBASE_API_PASSPHRASE"  # noqa: S105 - a variable's name
#: Selects the dead HMAC scheme: `COINBASE_API_SCHEME=hmac`.
_SCHEME: str = "COINBASE_API_SCHEME"


def _need(text: str, what: str) -> str:
    if not text:
        message = f"{what} is missing"
        raise ConfigurationError(message, exchange=NAME, operation="credentials")
    return text


@frozen
class CoinbaseCredentials:
    """A CDP API key.

    Attributes:
        key_name: `organizations/{org}/apiKeys/{key}`, or the plain UUID of newer keys.
        private_key: as downloaded: PEM (SEC1 or PKCS#8, its line ends escaped or not), or
            base64 of an Ed25519 seed, with its public key or without.
    """

    key_name: str
    private_key: str = field(repr=False)

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> "CoinbaseCredentials":
        """From `COINBASE_API_KEY` and `COINBASE_API_SECRET`; `ConfigurationError` if unset."""
        values = os.environ if environment is None else environment
        return cls(
            _need(values.get(_KEY, ""), _KEY),
            _need(values.get(_SECRET, ""), _SECRET),
        )

    def __str__(self) -> str:
        """Without the secret."""
        return repr(self)


@frozen
class CoinbaseLegacyCredentials:
    """A key of the older HMAC scheme (`CB-ACCESS-*`), hexadecimal, without passphrase."""

    api_key: str
    api_secret: str = field(repr=False)

    def __str__(self) -> str:
        """Without the secret."""
        return repr(self)


@frozen
class CoinbaseExchangeCredentials:
    """A key of the older Exchange feed; its secret is base64."""

    api_key: str
    api_secret: str = field(repr=False)
    passphrase: str = field(repr=False)

    def __str__(self) -> str:
        """Without the secrets."""
        return repr(self)


AnyCoinbaseCredentials = (
    CoinbaseCredentials | CoinbaseLegacyCredentials | CoinbaseExchangeCredentials
)


def credentials_from_mapping(values: Mapping[str, str]) -> AnyCoinbaseCredentials | None:
    """From an endpoints file's `credentials`; None if it holds none.

    With an ES256 and an Ed25519 key present, the ES256 one is used.
    """
    for name, secret in (
        ("key_name", "private_key"),
        ("ed25519_key_name", "ed25519_private_key"),
        # A downloaded key file's own names; newer files say `id`.
        ("name", "privateKey"),
        ("id", "privateKey"),
    ):
        if values.get(name) and values.get(secret):
            return CoinbaseCredentials(values[name], values[secret])
    key, secret_text = values.get("api_key", ""), values.get("api_secret", "")
    if not key or not secret_text:
        return None
    if values.get("passphrase"):
        return CoinbaseExchangeCredentials(key, secret_text, values["passphrase"])
    return CoinbaseLegacyCredentials(key, secret_text)


def credentials_from_environment(values: Mapping[str, str]) -> AnyCoinbaseCredentials | None:
    """From environment variables; None if `COINBASE_API_KEY` and `…_SECRET` are both unset."""
    key, secret = values.get(_KEY, ""), values.get(_SECRET, "")
    if not key and not secret:
        return None
    _need(key, _KEY)
    _need(secret, _SECRET)
    if values.get(_PASSPHRASE):
        return CoinbaseExchangeCredentials(key, secret, values[_PASSPHRASE])
    if values.get(_SCHEME, "").casefold() == "hmac":
        return CoinbaseLegacyCredentials(key, secret)
    return CoinbaseCredentials(key, secret)
