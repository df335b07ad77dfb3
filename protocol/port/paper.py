"""What paper trading must know of an exchange: figures and manners of its orders and accounts."""

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum

from attrs import field, frozen

from venuetree.protocol.models import OrderStatus

__all__ = ["AccountKind", "FeeTakenFrom", "IdReuse", "PaperTerms"]


class AccountKind(Enum):
    """What an account holds."""

    #: Money of many currencies, each of which can be spent.
    SPOT = "spot"
    #: Money of one currency, and positions that it secures.
    MARGIN = "margin"


class FeeTakenFrom(Enum):
    """Which money the exchange takes its fee from."""

    QUOTE = "quote"
    #: What an execution brings: the base currency of a buy, the quote currency of a sell.
    RECEIVED = "received"


class IdReuse(Enum):
    """What comes of an order whose client order id was used before."""

    #: The order that has it is the answer; no other is made.
    ANSWERED_WITH_IT = "answered_with_it"
    #: It is refused as long as the order that has it is open.
    REFUSED_WHILE_OPEN = "refused_while_open"


@frozen
class PaperTerms:
    """How an exchange treats orders and money, as far as a paper account follows it.

    Attributes:
        maker_rate, taker_rate: fees of the exchange's lowest tier, as fractions of the notional.
        balances: what an account begins with if its owner does not say; one currency on margin.
        account: what it holds.
        fee_taken_from: which money pays a fee.
        fee_places: digits after the point that a fee has, the rest is cut; None: all of them.
        is_fee_within_quote_quantity: whether what a market buy may spend includes the fee.
        id_reuse: of client order ids.
        rest_becomes: how an order ends of which a part was executed and the rest may not wait.
        nothing_becomes: how one ends of which nothing was; REJECTED: it is refused.
        closeout_at: on margin, the part of the margin used to which the account's worth must fall
            for all to be closed by force.
    """

    maker_rate: Decimal
    taker_rate: Decimal
    balances: Mapping[str, Decimal]
    account: AccountKind = AccountKind.SPOT
    fee_taken_from: FeeTakenFrom = FeeTakenFrom.QUOTE
    fee_places: int | None = None
    is_fee_within_quote_quantity: bool = field(default=False, kw_only=True)
    id_reuse: IdReuse = IdReuse.REFUSED_WHILE_OPEN
    rest_becomes: OrderStatus = OrderStatus.CANCELLED
    nothing_becomes: OrderStatus = OrderStatus.CANCELLED
    closeout_at: Decimal = Decimal("0.5")
