"""Where an exchange is and who we are there: `--endpoints`, `--environment`, the environment."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from venuetree.actors.addresses import PlainText
from venuetree.actors.streams import StreamOptions
from venuetree.cli.exits import UsageError
from venuetree.config import Environment, ExchangeConfig, exchange_config
from venuetree.protocol.exchanges import EXCHANGES
from venuetree.protocol.port import Endpoints
from venuetree.supervisors.wiring import Part

__all__ = ["Access", "configure", "endpoints_of", "read_endpoints"]

#: The keys of an exchange's entry that are not addresses with a place of their own.
_KNOWN = ("rest", "stream", "user_stream", "credentials")


@frozen
class Access:
    """The options that every command which talks to an exchange takes."""

    endpoints: Path | None = None
    environment: Environment = Environment.LIVE
    #: Where `http` and `ws` are accepted.
    plain_text: PlainText = PlainText.LOOPBACK_ONLY


def read_endpoints(path: Path) -> Mapping[str, Any]:
    """The first JSON object in a file, such as `venuetree simulate --json` prints.

    Raises:
        UsageError: the file cannot be read, or holds no JSON object.
    """
    try:
        text = path.read_text(encoding="utf-8")
        found, _ = json.JSONDecoder().raw_decode(text, text.index("{"))
    except OSError as error:
        message = f"cannot read the endpoints file {path}: {error.strerror}"
        raise UsageError(message) from error
    except ValueError as error:
        message = (
            f"{path} holds no JSON object; write one like the output of `venuetree simulate --json`"
        )
        raise UsageError(message) from error
    return dict(found)


def configure(
    name: str, access: Access, environment: Mapping[str, str], parts: Part
) -> ExchangeConfig:
    """The configuration of one exchange, as the command line asks for it.

    Credentials in the endpoints file go before those in the environment; none at all is no error
    here, since public data needs none.

    Raises:
        UsageError: an unreadable endpoints file, or one that does not name the exchange.
        ConfigurationError: malformed credentials.
    """
    exchange = EXCHANGES[name]
    entry = {} if access.endpoints is None else _entry(access.endpoints, name)
    given = entry.get("credentials")
    return exchange_config(
        name,
        exchange.credentials_from_mapping(given)
        if isinstance(given, dict)
        else exchange.credentials_from_environment(environment),
        environment=access.environment,
        endpoints=endpoints_of(entry) if entry else None,
        streams=StreamOptions(plain_text=access.plain_text),
        parts=parts,
    )


def _entry(path: Path, name: str) -> Mapping[str, Any]:
    """What a file says of an exchange."""
    entries = read_endpoints(path)
    if name not in entries:
        # To go on with the real exchange is the last thing that its writer wants.
        named = ", ".join(entries) or "an empty object"
        message = f"there is no {name!r} in {path}, only {named}"
        raise UsageError(message)
    entry = entries[name]
    if not isinstance(entry, dict):
        message = f"in {path}, {name!r} must be an object with addresses"
        raise UsageError(message)
    return entry


def endpoints_of(entry: Mapping[str, Any]) -> Endpoints:
    """The addresses of an exchange's entry; what it omits is `""`, which means the default."""
    return Endpoints(
        rest=str(entry.get("rest", "")),
        stream=str(entry.get("stream", "")),
        user_stream=str(entry.get("user_stream", "")),
        others={key: str(value) for key, value in entry.items() if key not in _KNOWN},
    )
