"""What an account holds and may do."""

from decimal import Decimal

from attrs import frozen

__all__ = ["Balance", "FeeSummary", "KeyPermissions", "Position"]


@frozen
class Balance:
    """Money of one currency in the account."""

    exchange: str
    currency: str
    #: What orders may use.
    available: Decimal
    #: Set aside for open orders.
    hold: Decimal

    @property
    def total(self) -> Decimal:
        """Available and held."""
        return self.available + self.hold


@frozen
class Position:
    """What is held of an instrument; positive is long, negative short.

    An account that may hold both directions has a position for each.
    """

    exchange: str
    instrument: str
    quantity: Decimal
    average_price: Decimal | None
    unrealized_profit: Decimal | None
    #: Of the margin trades that it is made of.
    trade_ids: tuple[str, ...] = ()


@frozen
class KeyPermissions:
    """What a key may do."""

    can_view: bool
    can_trade: bool
    #: Whether it may move money out, which trading never needs.
    can_transfer: bool
    #: The exchange's own words.
    detail: str = ""


@frozen
class FeeSummary:
    """The account's fees: rates as fractions of the notional."""

    #: The exchange's word for how much is traded.
    tier: str
    maker_rate: Decimal | None
    taker_rate: Decimal | None
