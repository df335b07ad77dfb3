"""Commands about what is held on margin: positions, margin trades, their exits."""

from attrs import frozen

from venuetree.protocol.commands.rest import Rest
from venuetree.protocol.messages import Request
from venuetree.protocol.models import (
    ClientExtensions,
    Conversion,
    ExitChanges,
    MarginTrade,
    OrderKey,
    OrderReport,
    OrderRequest,
    Position,
)

__all__ = [
    "ChangeExits",
    "ClosePosition",
    "FetchConversions",
    "FetchMarginTrade",
    "FetchMarginTrades",
    "FetchPositions",
    "WriteOrderExtensions",
    "WriteTradeExtensions",
]


@frozen
class FetchPositions(Request[Rest, tuple[Position, ...]]):
    """Open positions."""

    instrument: str = ""


@frozen
class ClosePosition(Request[Rest, tuple[OrderReport, ...]]):
    """Close an instrument's position in one request: all of these orders are taken, or none.

    Replies with the state of each. An account that may hold both directions closes them by an
    order each. Never sent twice by itself.
    """

    orders: tuple[OrderRequest, ...]


@frozen
class FetchMarginTrades(Request[Rest, tuple[MarginTrade, ...]]):
    """Margin trades, newest first: those that are open, or all."""

    instrument: str = ""
    is_open_only: bool = True
    limit: int | None = None


@frozen
class FetchMarginTrade(Request[Rest, MarginTrade]):
    """One margin trade; `MarginTradeNotFound` if the exchange does not know it."""

    trade_id: str


@frozen
class ChangeExits(Request[Rest, MarginTrade]):
    """Set, change or remove the exits of a margin trade; replies with the trade as it is then.

    Attributes:
        instrument: the trade's, by whose digits prices are written; `""` if it is not known.
    """

    trade_id: str
    changes: ExitChanges
    instrument: str = ""


@frozen
class WriteOrderExtensions(Request[Rest, None]):
    """Write a client's words on a waiting order, and on the trade that it will open."""

    key: OrderKey
    order: ClientExtensions | None = None
    trade: ClientExtensions | None = None


@frozen
class WriteTradeExtensions(Request[Rest, None]):
    """Write a client's words on a margin trade."""

    trade_id: str
    extensions: ClientExtensions


@frozen
class FetchConversions(Request[Rest, tuple[Conversion, ...]]):
    """What amounts of the currencies of some instruments are worth in the account's."""

    instruments: tuple[str, ...]
