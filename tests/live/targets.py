"""Which exchange a live test may speak to: by the environment's variables, and with care.

Of each exchange, besides its keys (`COINBASE_API_KEY`, …):

- `VENUETREE_LIVE_<EXCHANGE>_ENVIRONMENT`: `live`, `sandbox` or `practice`;
- `VENUETREE_LIVE_<EXCHANGE>_ENDPOINTS`: a file such as `venuetree simulate --json` prints;
- `VENUETREE_LIVE_<EXCHANGE>_INSTRUMENT`: what the order is of.

`VENUETREE_LIVE=yes` allows real money. Whether it is real is judged by the hosts, whatever the
environment is called: all of them are this machine, or belong to the exchange's sandbox or
practice, or the money is real.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import frozen

from venuetree.actors.addresses import is_loopback, parse_address
from venuetree.actors.streams import StreamOptions
from venuetree.cli.endpoints import endpoints_of, read_endpoints
from venuetree.config import Environment, ExchangeConfig, exchange_config
from venuetree.protocol.errors import ConfigurationError
from venuetree.protocol.exchanges import EXCHANGES
from venuetree.protocol.port import Endpoints, Exchange

__all__ = ["ALLOWED", "Refused", "Target", "target_of"]

#: The variable, and its one value, that allow real money.
ALLOWED: Final = ("VENUETREE_LIVE", "yes")
#: What is traded, and where, unless the environment says otherwise.
INSTRUMENTS: Final = {"coinbase": "BTC-USD", "binance_us": "BTC-USDT", "oanda": "EUR-USD"}
ENVIRONMENTS: Final = {"oanda": Environment.PRACTICE}
KEYS: Final = {
    "coinbase": "COINBASE_API_KEY and COINBASE_API_SECRET",
    "binance_us": "BINANCE_US_API_KEY and BINANCE_US_API_SECRET",
    "oanda": "OANDA_API_TOKEN and OANDA_ACCOUNT_ID",
}
#: Worlds in which nothing is worth anything.
_HARMLESS: Final = (Environment.SANDBOX.value, Environment.PRACTICE.value)
#: Addresses by which nothing can be ordered: Coinbase's older market data, unused unless chosen.
_ONLY_DATA: Final = frozenset({"feed"})


class Refused(Exception):
    """Why no order is placed at an exchange, and what would have to be set."""


@frozen
class Target:
    """An exchange that a live test may speak to, and what it trades there."""

    config: ExchangeConfig
    instrument: str


def target_of(name: str, environment: Mapping[str, str]) -> Target:
    """What the environment's variables ask for.

    Raises:
        Refused: there are no keys, or it is real money and nobody has said so.
        ConfigurationError: an unknown environment, malformed keys or addresses.
        UsageError: an endpoints file that cannot be read.
    """
    prefix = f"VENUETREE_LIVE_{name.upper()}"
    exchange = EXCHANGES[name]
    file = environment.get(f"{prefix}_ENDPOINTS", "")
    entry = read_endpoints(Path(file)).get(name) if file else None
    if file and not isinstance(entry, dict):
        raise ConfigurationError(
            f"{prefix}_ENDPOINTS is a file without {name}", exchange=name, operation="configure"
        )
    given = (entry or {}).get("credentials")
    credentials = (
        exchange.credentials_from_mapping(given)
        if isinstance(given, dict)
        else exchange.credentials_from_environment(environment)
    )
    if credentials is None:
        raise Refused(f"no keys of {name}: set {KEYS[name]}, or {prefix}_ENDPOINTS")
    config = exchange_config(
        name,
        credentials,
        environment=_environment(name, environment.get(f"{prefix}_ENVIRONMENT", "")),
        endpoints=endpoints_of(entry) if entry else None,
        streams=StreamOptions(),
    )
    costly = _real_hosts(exchange, config.resolved_endpoints())
    variable, yes = ALLOWED
    if costly and environment.get(variable) != yes:
        raise Refused(
            f"{name} is real money at {', '.join(costly)}: set {variable}={yes} if that is meant"
        )
    return Target(config, environment.get(f"{prefix}_INSTRUMENT") or INSTRUMENTS[name])


def _environment(name: str, word: str) -> Environment:
    if not word:
        return ENVIRONMENTS.get(name, Environment.LIVE)
    try:
        return Environment(word)
    except ValueError as error:
        known = ", ".join(each.value for each in Environment)
        raise ConfigurationError(
            f"there is no environment {word!r}, only {known}", exchange=name, operation="configure"
        ) from error


def _real_hosts(exchange: Exchange, endpoints: Endpoints) -> list[str]:
    """The hosts of these that are neither this machine nor a world without money."""
    harmless = {
        host
        for name, places in exchange.profile.endpoints.items()
        if name in _HARMLESS
        for host in _hosts(places)
    }
    return sorted(
        host for host in _hosts(endpoints) if host not in harmless and not is_loopback(host)
    )


def _hosts(endpoints: Endpoints) -> set[str]:
    others = [url for name, url in endpoints.others.items() if name not in _ONLY_DATA]
    urls = [endpoints.rest, endpoints.stream, endpoints.user_stream, *others]
    return {parse_address(url).host for url in urls if url}
