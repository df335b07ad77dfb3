"""What an order on margin says beyond other orders, and the exits of what it opens."""

from decimal import Decimal
from enum import Enum

from attrs import field, frozen

from venuetree.protocol.models.words import TimeInForce, Word
from venuetree.protocol.numbers import DecimalText, to_decimal

__all__ = [
    "ClientExtensions",
    "Closing",
    "Exit",
    "ExitChanges",
    "Exits",
    "Keep",
    "MarginTerms",
    "PositionFill",
    "TriggerPrice",
]


class PositionFill(Word):
    """What an order's execution does to what is held in the other direction."""

    #: As the account has it: reduce first, or where it may hold both directions, open only.
    DEFAULT = "default"
    REDUCE_FIRST = "reduce_first"
    REDUCE_ONLY = "reduce_only"
    OPEN_ONLY = "open_only"


class TriggerPrice(Word):
    """Which price makes a waiting order begin."""

    #: The ask for an order that buys, the bid for one that sells.
    DEFAULT = "default"
    #: The other one.
    INVERSE = "inverse"
    BID = "bid"
    ASK = "ask"
    MID = "mid"


@frozen
class ClientExtensions:
    """What a client may write on an order or a margin trade; `""` for what is not written."""

    id: str = ""
    tag: str = ""
    comment: str = ""


def _price(value: DecimalText | None) -> Decimal | None:
    return None if value is None else to_decimal(value, "price")


def _distance(value: DecimalText | None) -> Decimal | None:
    return None if value is None else to_decimal(value, "distance")


@frozen
class Exit:
    """An order that leaves a margin trade: at a price, or at a distance from one.

    A take-profit has a price, a trailing stop a distance, a stop-loss one of the two. Given with
    an order, the distance of a stop-loss is from the price at which the trade opens; set on a
    trade, from the price of that moment. Text is accepted for both, floats are refused.
    """

    price: Decimal | None = field(default=None, converter=_price)
    distance: Decimal | None = field(default=None, converter=_distance)
    time_in_force: TimeInForce = TimeInForce.GOOD_TILL_CANCELLED
    expire_time_ns: int | None = None
    extensions: ClientExtensions = field(factory=ClientExtensions)


@frozen
class Exits:
    """The exits that an order's execution gives to the trade that it opens; None for none."""

    take_profit: Exit | None = None
    stop_loss: Exit | None = None
    trailing_stop: Exit | None = None
    guaranteed_stop: Exit | None = None


class Keep(Enum):
    """What is left as it is."""

    KEEP = "keep"


@frozen
class ExitChanges:
    """What is to become of each exit of a margin trade: kept, removed (None), or set."""

    take_profit: Exit | Keep | None = Keep.KEEP
    stop_loss: Exit | Keep | None = Keep.KEEP
    trailing_stop: Exit | Keep | None = Keep.KEEP
    guaranteed_stop: Exit | Keep | None = Keep.KEEP


@frozen
class Closing:
    """What an order closes, where it opens nothing: a margin trade, or one side of a position.

    Attributes:
        trade_id: the exchange's id of the trade; `""` for the position of the instrument.
        is_whole: whether all of it is to be closed, however much that is by then; the order's
            quantity is then what was believed to be open.
    """

    trade_id: str = ""
    is_whole: bool = False


@frozen
class MarginTerms:
    """What an order on margin may say beyond other orders.

    Attributes:
        price_bound: the worst price at which it may be executed.
        exits: of the trade that it opens.
        tag, comment: written on the order, beside its client order id.
        trade: written on the trade that it opens.
        closing: what it closes; it then opens nothing and says nothing else of these.
    """

    price_bound: Decimal | None = field(default=None, converter=_price)
    position_fill: PositionFill = PositionFill.DEFAULT
    trigger: TriggerPrice = TriggerPrice.DEFAULT
    exits: Exits = field(factory=Exits)
    tag: str = ""
    comment: str = ""
    trade: ClientExtensions = field(factory=ClientExtensions)
    closing: Closing | None = None
