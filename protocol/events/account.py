"""Our account, as decoded."""

from attrs import frozen

from venuetree.protocol.models import Balance, Fill, OrderReport

__all__ = [
    "AccountNews",
    "AccountNotice",
    "AccountReport",
    "AccountSnapshot",
    "BalancesChanged",
    "FillReported",
    "OrderReported",
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
    """What is now in the account, of the currencies named: absolute, not by how much."""

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


AccountReport = OrderReported | FillReported | AccountSnapshot


#: News of the account that changes no order.
AccountNews = BalancesChanged | AccountNotice
