"""What a call of the API is given, what it answers, and how parameters are read."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import orjson

from venuetree.scenarios.simulated.oanda.account import Account
from venuetree.scenarios.simulated.oanda.answers import (
    Answered,
    BadRequestError,
    bad_value,
    missing_data,
)
from venuetree.scenarios.simulated.oanda.clock_times import parse_time
from venuetree.scenarios.simulated.oanda.datetime_format import with_plain_times
from venuetree.scenarios.simulated.oanda.venue import Venue
from venuetree.scenarios.simulated.wire import Request

__all__ = ["Call", "Reply"]

_WORDS = {"true": True, "false": False}


@attrs.frozen
class Reply:
    """An answer before it is written: status, JSON body, and headers beyond the usual."""

    status: int
    body: Any
    headers: tuple[tuple[str, str], ...] = ()
    always_gzip: bool = False

    @classmethod
    def of(cls, answered: Answered) -> "Reply":
        """What an account answered."""
        return cls(answered.status, answered.body)


@attrs.frozen
class Call:
    """One request on its way to a function of the API."""

    venue: Venue
    request: Request
    request_id: str
    parts: dict[str, str]
    """The variable parts of its path, by name."""
    granted: tuple[str, ...]
    """The ids of the accounts that its token may see."""

    # The account

    @property
    def account(self) -> Account:
        """The account that the path names."""
        return self.venue.listings[self.parts["account"]].account

    @property
    def base(self) -> str:
        """The URL of this exchange as the client knows it."""
        return f"http://{self.request.headers.get('host', '127.0.0.1')}"

    @property
    def account_url(self) -> str:
        """The URL of the account, below which everything of it is."""
        return f"{self.base}/v3/accounts/{self.parts['account']}"

    def body(self) -> Any:
        """The request's JSON, its times in one format; ``{}`` if it has none.

        Raises:
            BadRequestError: it is no JSON.
        """
        if not self.request.body:
            return {}
        try:
            return with_plain_times(orjson.loads(self.request.body))
        except orjson.JSONDecodeError as error:
            raise BadRequestError("Invalid JSON") from error

    def member(self, name: str) -> Any:
        """A required member of the request's JSON object.

        Raises:
            BadRequestError: it is not there.
        """
        body = self.body()
        if not isinstance(body, dict) or name not in body:
            raise missing_data()
        return body[name]

    # Parameters of the query; all raise BadRequestError for what they cannot read.

    def text(self, name: str) -> str | None:
        """A parameter, None if it is absent."""
        return self.request.one(name)

    def required(self, name: str) -> str:
        """A parameter that must be there."""
        value = self.request.one(name)
        if value is None:
            raise bad_value(name)
        return value

    def csv(self, name: str) -> tuple[str, ...] | None:
        """The parts of a comma separated list, None if it is absent."""
        value = self.request.one(name)
        return None if value is None else tuple(part for part in value.split(",") if part)

    def number(self, name: str, *, least: int = 0) -> int | None:
        """A whole number, None if it is absent."""
        value = self.request.one(name)
        if value is None:
            return None
        if not (value.isascii() and value.isdigit()) or int(value) < least:
            raise bad_value(name)
        return int(value)

    def flag(self, name: str, *, default: bool) -> bool:
        """``true`` or ``false``."""
        value = self.request.one(name)
        if value is None:
            return default
        found = _WORDS.get(value.lower())
        if found is None:
            raise bad_value(name)
        return found

    def time(self, name: str) -> int | None:
        """A time in either format, None if it is absent."""
        value = self.request.one(name)
        time_ns = parse_time(value)
        if value is not None and time_ns is None:
            raise bad_value(name)
        return time_ns

    def one_of(self, name: str, values: Iterable[str], default: str) -> str:
        """One of some words."""
        value = self.request.one(name)
        if value is None:
            return default
        if value not in values:
            raise bad_value(name)
        return value

    def zone(self, name: str, default: ZoneInfo) -> ZoneInfo:
        """A time zone by its name."""
        value = self.request.one(name)
        if value is None:
            return default
        try:
            return ZoneInfo(value)
        except (OSError, ValueError) as error:
            raise bad_value(name) from error
        except LookupError as error:  # ZoneInfoNotFoundError
            raise bad_value(name) from error

    def instruments(self, name: str = "instruments") -> tuple[str, ...] | None:
        """Names of instruments that all exist, None if the parameter is absent."""
        names = self.csv(name)
        if names is not None and not set(names) <= set(self.venue.prices.instruments):
            raise bad_value(name)
        return names
