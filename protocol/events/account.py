"""Our account, as decoded."""

from decimal import Decimal

from attrs import field, frozen

from venuetree.protocol.models import (
    Balance,
    ClientExtensions,
    Fill,
    MarginTradeChange,
    OrderReport,
)

__all__ = [
    "AccountNews",
    "AccountNotice",
    "AccountReport",
    "AccountSnapshot",
    "BalancesChanged",
    "FillReported",
    "MarginTradeChanged",
    "OrderReported",
    "TransactionRecorded",
]


@frozen
class OrderReported:
    """The exchange's stream told an order's state."""

    exchange: str
    report: OrderReport
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class FillReported:
    """The exchange's stream told one execution."""

    exchange: str
    fill: Fill
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class AccountSnapshot:
    """The opening list of open orders is complete: an order absent from it is not open."""

    exchange: str
    open_orders: tuple[OrderReport, ...]
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class BalancesChanged:
    """What is now in the account, of the currencies named: absolute, not by how much.

    Comes where the account's stream tells balances: not at Coinbase, where `balances` is asked.
    """

    exchange: str
    balances: tuple[Balance, ...]
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class AccountNotice:
    """Something about the account that is no order, fill or balance; the exchange's own words."""

    exchange: str
    kind: str
    detail: str
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class TransactionRecorded:
    """The exchange has written an entry into its log of the account; each is told exactly once.

    Amounts are in the account's currency; what an entry does not say is None or `""`.

    Comes in the order of the log, where an exchange has one (OANDA).
    """

    exchange: str
    transaction_id: str
    #: Of the first of the transactions that were made together.
    batch_id: str
    #: The exchange's word: `ORDER_FILL`, `DAILY_FINANCING`.
    kind: str
    #: The exchange's words: why it happened, and why something was refused.
    reason: str
    reject_reason: str
    order_id: str
    client_order_id: str
    trade_id: str
    #: What was bought, or sold if negative, in units of the base currency.
    units: Decimal | None
    price: Decimal | None
    realized_profit: Decimal | None
    financing: Decimal | None
    commission: Decimal | None
    #: What came into the account, or left it if negative, by this alone.
    amount: Decimal | None
    #: The account's cash after it.
    balance: Decimal | None
    #: The entry as the exchange sent it.
    detail: str
    exchange_time_ns: int | None
    received_time_ns: int
    #: `""` where it is of no instrument.
    instrument: str = ""


@frozen
class MarginTradeChanged:
    """An execution has opened, reduced or closed a margin trade; each is told exactly once.

    Comes where orders open trades on margin (OANDA).
    """

    exchange: str
    instrument: str
    trade_id: str
    change: MarginTradeChange
    #: What was bought, or sold if negative: closing a long trade sells.
    units: Decimal
    price: Decimal | None
    #: In the account's currency; None where it was opened.
    realized_profit: Decimal | None
    financing: Decimal | None
    order_id: str
    transaction_id: str
    exchange_time_ns: int | None
    received_time_ns: int
    extensions: ClientExtensions = field(factory=ClientExtensions)


AccountReport = OrderReported | FillReported | AccountSnapshot


#: News of the account that changes no order.
AccountNews = BalancesChanged | AccountNotice | TransactionRecorded | MarginTradeChanged
