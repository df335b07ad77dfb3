"""What a host says about an exchange before the engine starts."""

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from venuetree.actors.addresses import parse_address
from venuetree.actors.http_client import HttpBackend
from venuetree.actors.streams import StreamOptions
from venuetree.paper_account import LATENCY, PATIENCE, PaperOptions
from venuetree.protocol.errors import ConfigurationError
from venuetree.protocol.exchanges import EXCHANGES
from venuetree.protocol.exchanges.binance_us import OrderWay, binance_us_by
from venuetree.protocol.exchanges.coinbase import CoinbaseFeed, coinbase_by
from venuetree.protocol.numbers import DecimalText
from venuetree.protocol.paper import on_paper
from venuetree.protocol.port import Endpoints, Exchange
from venuetree.supervisors.wiring import Part

__all__ = [
    "Environment",
    "ExchangeConfig",
    "binance_us",
    "coinbase",
    "exchange_config",
    "oanda",
    "paper",
]


class Environment(Enum):
    """Which of an exchange's worlds to connect to."""

    #: Real money.
    LIVE = "live"
    #: Coinbase's place to try programs: its answers are fixed, and it has no market streams.
    SANDBOX = "sandbox"
    #: OANDA's accounts without money.
    PRACTICE = "practice"


@frozen
class ExchangeConfig:
    """One exchange, as the host wants it.

    Attributes:
        exchange: the port record.
        credentials: None where only public data is wanted.
        environment: whose addresses to use where `endpoints` says nothing.
        endpoints: other addresses (a simulator, a proxy); parts left `""` keep their default.
        parts: which parts of the tree run; a program that only asks needs few.
        streams: how streams are opened and kept; also where plain text is accepted.
        http: who speaks HTTP. httpx opens connections at a pace of its own, so that an exchange
            that limits new ones may reject some: `TransportError`, and nothing was sent.
        feed_capacity: events a market subscriber may leave unread before its feed folds them.
        account_capacity: events an account subscriber may leave unread before it is ended.
        paper: trade on an account of our own, on live market data: see `paper`.
        name: what `engine[name]` finds it by; the exchange's own name by default.
    """

    exchange: Exchange
    credentials: Any | None = None
    environment: Environment = Environment.LIVE
    endpoints: Endpoints | None = None
    parts: Part = Part.ALL
    streams: StreamOptions = field(factory=StreamOptions)
    http: HttpBackend = HttpBackend.OWN
    feed_capacity: int = 4096
    account_capacity: int = 4096
    paper: PaperOptions | None = None
    name: str = field()

    @name.default
    def _default_name(self) -> str:
        return self.exchange.name

    def resolved_endpoints(self) -> Endpoints:
        """Where the exchange is.

        Raises:
            ConfigurationError: an unknown environment, an address by a name that this exchange
                has none of, a malformed one, or one without TLS that is not on this machine.
        """
        profile = self.exchange.profile
        default = profile.endpoints.get(self.environment.value)
        given = self.endpoints
        if default is None and given is None:
            known = ", ".join(sorted(profile.endpoints))
            raise ConfigurationError(
                f"there is no environment {self.environment.value!r}, only {known}",
                exchange=self.name,
                operation="configure",
            )
        if default is None:
            default = Endpoints(rest="", stream="")
        if given is not None:
            self._check_names(given)
        resolved = default if given is None else _merge(default, given)
        for url in _urls(resolved):
            parse_address(url, plain_text=self.streams.plain_text, exchange=self.name)
        return resolved

    def _check_names(self, given: Endpoints) -> None:
        """A misspelt address would leave the real exchange's in its place."""
        places = self.exchange.profile.endpoints.values()
        known = ["rest", "stream", "user_stream", *sorted({n for p in places for n in p.others})]
        for name in given.others:
            if name not in known:
                raise ConfigurationError(
                    f"there is no address {name!r}; those of {self.name} are {', '.join(known)}",
                    exchange=self.name,
                    operation="configure",
                )


def exchange_config(
    name: str,
    credentials: object | Mapping[str, str] | None = None,
    **settings: Any,
) -> ExchangeConfig:
    """A configuration for an exchange by name.

    Args:
        name: one of `EXCHANGES`.
        credentials: of the exchange's own type, or a mapping such as an endpoints file holds.
        settings: the other attributes of `ExchangeConfig`.

    Raises:
        ConfigurationError: no such exchange, or malformed credentials.
    """
    exchange = EXCHANGES.get(name)
    if exchange is None:
        raise ConfigurationError(
            f"there is no exchange {name!r}, only {', '.join(sorted(EXCHANGES))}",
            operation="configure",
        )
    if isinstance(credentials, Mapping):
        credentials = exchange.credentials_from_mapping(credentials)
    config = ExchangeConfig(exchange=exchange, credentials=credentials)
    return evolve(config, **settings)


def coinbase(
    credentials: object | None = None,
    *,
    feed: CoinbaseFeed = CoinbaseFeed.ADVANCED_TRADE,
    **settings: Any,
) -> ExchangeConfig:
    """Coinbase Advanced Trade; `settings` are those of `ExchangeConfig`.

    Args:
        credentials: of any of Coinbase's types, or a mapping such as an endpoints file holds.
        feed: where market data come from; `endpoints.stream` is that feed's address.
        settings: the other attributes of `ExchangeConfig`.

    Raises:
        ConfigurationError: malformed credentials.
    """
    config = exchange_config("coinbase", credentials, **settings)
    if feed is CoinbaseFeed.ADVANCED_TRADE:
        return config
    return evolve(config, exchange=coinbase_by(feed, config.credentials))


def binance_us(
    credentials: object | None = None, *, orders_by: OrderWay = OrderWay.REST, **settings: Any
) -> ExchangeConfig:
    """Binance.US; `settings` are those of `ExchangeConfig`.

    Args:
        credentials: `BinanceUsCredentials`, or a mapping such as an endpoints file holds.
        orders_by: how orders are placed, cancelled and read.
        settings: the other attributes of `ExchangeConfig`.

    Raises:
        ConfigurationError: malformed credentials.
    """
    config = exchange_config("binance_us", credentials, **settings)
    return evolve(config, exchange=binance_us_by(orders_by))


def oanda(credentials: object | None = None, **settings: Any) -> ExchangeConfig:
    """OANDA v20; `settings` are those of `ExchangeConfig`.

    A token belongs to one environment: that of a practice account wants
    `environment=Environment.PRACTICE`.

    Args:
        credentials: `OandaCredentials`, or a mapping such as an endpoints file holds.
        settings: the other attributes of `ExchangeConfig`.

    Raises:
        ConfigurationError: malformed credentials.
    """
    return exchange_config("oanda", credentials, **settings)


def paper(
    config: ExchangeConfig,
    *,
    balances: Mapping[str, DecimalText] | None = None,
    latency: float = LATENCY,
    patience: float = PATIENCE,
    maker_fee: DecimalText | None = None,
    taker_fee: DecimalText | None = None,
    file: str | Path | None = None,
) -> ExchangeConfig:
    """The same exchange with an account on paper: its live books, orders of no consequence.

    Orders are matched in this process against the book as the exchange shows it. Nothing is ever
    sent to the exchange's endpoints for orders and accounts. Credentials are needed only where
    market data needs them.

    Args:
        config: of `coinbase`, `binance_us`, `oanda` or `exchange_config`.
        balances: what the account begins with, by currency; one currency where the exchange
            trades on margin. By default a sum that lasts for a while.
        latency: seconds that an order or a cancel takes to the paper exchange.
        patience: seconds that an order waits for a book to be matched against.
        maker_fee: a fraction of the notional; by default that of the exchange's lowest tier.
        taker_fee: likewise.
        file: where the account is kept, so that it outlives the engine; one that is there already
            goes on, whatever `balances` says. Every change is written, and synced to the disk,
            before anybody is told of it, which takes the time of the disk.

    Raises:
        ConfigurationError: no such account is possible, or the exchange has no paper trading.
    """
    options = PaperOptions(balances, latency, patience, maker_fee, taker_fee, file)
    options.check(config.name)
    return evolve(config, exchange=on_paper(config.exchange), paper=options)


def _merge(default: Endpoints, given: Endpoints) -> Endpoints:
    return Endpoints(
        rest=given.rest or default.rest,
        stream=given.stream or default.stream,
        user_stream=given.user_stream or given.stream or default.user_stream,
        others={**default.others, **given.others},
    )


def _urls(endpoints: Endpoints) -> list[str]:
    named = [endpoints.rest, endpoints.stream, endpoints.user_stream, *endpoints.others.values()]
    return [url for url in named if url]
