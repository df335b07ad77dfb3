"""Commands about the account: what is in it, what its key may do, and its own stream and log."""

from decimal import Decimal

from attrs import frozen

from venuetree.protocol.commands.rest import Rest
from venuetree.protocol.messages import Request
from venuetree.protocol.models import (
    AccountChanges,
    AccountSummary,
    Balance,
    FeeSummary,
    KeyPermissions,
    MarginTrade,
    OrderReport,
)

__all__ = [
    "ConfigureAccount",
    "FetchAccountChanges",
    "FetchAccountSummary",
    "FetchBalances",
    "FetchFees",
    "FetchKeyPermissions",
    "FetchLog",
    "FetchLogState",
    "KeepAccountStream",
    "LogPage",
    "LogState",
    "OpenAccountStream",
]


@frozen
class FetchBalances(Request[Rest, tuple[Balance, ...]]):
    """Every currency the account has a row for."""


@frozen
class FetchKeyPermissions(Request[Rest, KeyPermissions]):
    """What our key may do; `AuthRefused` if it is no good."""


@frozen
class FetchFees(Request[Rest, FeeSummary]):
    """The account's fee rates."""


@frozen
class OpenAccountStream(Request[Rest, str]):
    """A key by which the account's own stream is opened, where the exchange wants one."""


@frozen
class KeepAccountStream(Request[Rest, None]):
    """Keep that key alive; `ExchangeRefused` if it has expired."""

    stream_key: str


@frozen
class FetchAccountSummary(Request[Rest, AccountSummary]):
    """What a margin account is worth and how much of it is in use."""


@frozen
class ConfigureAccount(Request[Rest, None]):
    """Set the account's alias or margin rate; None leaves it as it is."""

    alias: str | None = None
    margin_rate: Decimal | None = None


@frozen
class FetchAccountChanges(Request[Rest, AccountChanges]):
    """What has changed since a transaction."""

    since_transaction_id: str


@frozen
class LogState:
    """An account at one position of its log.

    Attributes:
        position: of the newest entry that this includes.
        open_orders: all of them.
        currency: the account's own.
        trades: the margin trades that are open.
    """

    position: str
    open_orders: tuple[OrderReport, ...]
    currency: str
    trades: tuple[MarginTrade, ...]


@frozen
class FetchLogState(Request[Rest, LogState]):
    """The account as of the newest entry of its log: from there on the log tells everything."""


@frozen
class LogPage:
    """Entries of an account's log, oldest first.

    Attributes:
        entries: each as the exchange's stream of them would send it.
        position: of the newest entry that there is; later than the last of `entries` if the page
            was cut.
    """

    entries: tuple[bytes, ...]
    position: str


@frozen
class FetchLog(Request[Rest, LogPage]):
    """What came after a position of the account's log, as much of it as one answer holds."""

    after: str
