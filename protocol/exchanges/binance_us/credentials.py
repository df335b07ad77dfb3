"""A key of Binance.US, and where it is read from.

The secret appears in no repr, text or error: its field has no repr, and nothing here quotes it.
"""

import os
from collections.abc import Mapping

from attrs import field, frozen

from venuetree.protocol.errors import ConfigurationError
from venuetree.protocol.exchanges.binance_us.reading import NAME

__all__ = ["BinanceUsCredentials", "credentials_from_environment", "credentials_from_mapping"]

_KEY: str = "BINANCE_US_API_KEY"
_SECRET: str = "BINANCE_US_API_SECRET"  # noqa: S105 - a variable's name


def _need(text: str, what: str) -> str:
    if not text:
        message = f"{what} is missing"
        raise ConfigurationError(message, exchange=NAME, operation="credentials")
    return text


@frozen
class BinanceUsCredentials:
    """A key that signs by HMAC-SHA256, the only kind that the exchange documents.

    Keys of Binance.com are other keys: this exchange refuses them.
    """

    api_key: str
    api_secret: str = field(repr=False)

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> "BinanceUsCredentials":
        """From `BINANCE_US_API_KEY` and `…_SECRET`; `ConfigurationError` if unset."""
        values = os.environ if environment is None else environment
        return cls(
            _need(values.get(_KEY, ""), _KEY),
            _need(values.get(_SECRET, ""), _SECRET),
        )

    def __str__(self) -> str:
        """Without the secret."""
        return repr(self)


def credentials_from_mapping(values: Mapping[str, str]) -> BinanceUsCredentials | None:
    """From an endpoints file's `credentials`; None if it holds none."""
    key, secret = values.get("api_key", ""), values.get("api_secret", "")
    return BinanceUsCredentials(key, secret) if key and secret else None


def credentials_from_environment(values: Mapping[str, str]) -> BinanceUsCredentials | None:
    """From environment variables; None if both are unset, `ConfigurationError` if one is."""
    if not values.get(_KEY) and not values.get(_SECRET):
        return None
    return BinanceUsCredentials.from_env(values)
