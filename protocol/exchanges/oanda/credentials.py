"""A token of OANDA and the account that it is for, and where they are read from.

The token appears in no repr, text or error: its field has no repr, and nothing here quotes it.

Followed: "Authentication"; "Account Definitions" (AccountID).
"""

import os
import re
from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from venuetree.protocol.errors import ConfigurationError
from venuetree.protocol.exchanges.oanda.reading import NAME

__all__ = ["OandaCredentials", "credentials_from_environment", "credentials_from_mapping"]

_TOKEN: Final = "OANDA_API_TOKEN"  # noqa: S105 - a variable's name
_ACCOUNT: Final = "OANDA_ACCOUNT_ID"
#: Site, division, user, account: `101-004-9182736-001`.
_ACCOUNT_ID: Final = re.compile(r"[0-9]{1,10}(-[0-9]{1,10}){3}", re.ASCII)


def _refuse(message: str) -> ConfigurationError:
    return ConfigurationError(message, exchange=NAME, operation="credentials")


def _need(text: str, what: str) -> str:
    if not text:
        message = f"{what} is missing"
        raise _refuse(message)
    return text


@frozen
class OandaCredentials:
    """A personal access token, and one of the accounts that it is good for.

    Tokens are of one environment: one of practice is refused by the live exchange, and the other
    way round.

    Raises:
        ConfigurationError: the token or the account's number is malformed.
    """

    token: str = field(repr=False)
    account_id: str

    def __attrs_post_init__(self) -> None:
        token = self.token
        # A line end that was copied with it would be a header of its own.
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            message = (
                "the API token must be printable ASCII text without spaces: copy it anew from"
                " `Manage API Access` at the exchange"
            )
            raise _refuse(message)
        if _ACCOUNT_ID.fullmatch(self.account_id) is None:
            message = (
                f"the account id {self.account_id[:40]!r} must be four numbers joined by dashes,"
                " such as 101-004-1234567-001: look under `v20 account number` at the exchange"
            )
            raise _refuse(message)

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> "OandaCredentials":
        """From `OANDA_API_TOKEN` and `OANDA_ACCOUNT_ID`; `ConfigurationError` if unset."""
        values = os.environ if environment is None else environment
        return cls(
            _need(values.get(_TOKEN, ""), _TOKEN),
            _need(values.get(_ACCOUNT, ""), _ACCOUNT),
        )

    def __str__(self) -> str:
        """Without the token."""
        return repr(self)


def credentials_from_mapping(values: Mapping[str, str]) -> OandaCredentials | None:
    """From an endpoints file's `credentials`; None if it holds none."""
    token, account = values.get("token", ""), values.get("account_id", "")
    return OandaCredentials(token, account) if token and account else None


def credentials_from_environment(values: Mapping[str, str]) -> OandaCredentials | None:
    """From environment variables; None if both are unset, `ConfigurationError` if one is."""
    if not values.get(_TOKEN) and not values.get(_ACCOUNT):
        return None
    return OandaCredentials.from_env(values)
