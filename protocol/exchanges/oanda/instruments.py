"""The account's instruments: what can be traded and the rules of it.

Precisions become grids, under the names that the exchange has for them. Nothing here says whether
an instrument is dealt in now: only its prices do.

What is not a rule here:

- `maximumPositionSize` bounds what an account has open in one direction, short ones included, as
  executions leave it. `PositionLimit` is about a currency that is held, and bounds only what is
  bought; an order that would reduce a position must not be refused by it. It is the exchange's to
  judge (`POSITION_SIZE_EXCEEDED`).
- The least distance of guaranteed stops depends on the account too.

Followed: "Account Endpoints" (instruments); "Primitives Definitions" (Instrument); "Order
Definitions" (which time in force an order of each type may have).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from venuetree.protocol.exchanges.oanda.reading import (
    amount,
    instrument_name,
    integer,
    optional_amount,
)
from venuetree.protocol.exchanges.oanda.terms import TIMES_OF
from venuetree.protocol.models import (
    AllowedOrders,
    Instrument,
    InstrumentStatus,
    OrderRule,
    OrderTimes,
    Quantum,
    QuantumField,
)
from venuetree.protocol.reading import MALFORMED, optional_text, text_of

__all__ = ["ORDER_TYPES", "instruments_from"]

#: What is placed by itself; exits come with an order or are set on its trade.
ORDER_TYPES: Final = tuple(TIMES_OF)

#: The same for every instrument.
_SHARED: Final[tuple[OrderRule, ...]] = (
    AllowedOrders("type", ORDER_TYPES, by_quote=False, maker_only=False, oco=False),
    *(OrderTimes("timeInForce", (kind,), times) for kind, times in TIMES_OF.items()),
)
#: What the digits of a precision or of a pip may be: no instrument of this world has more.
_MOST_DIGITS: Final = 18


def instruments_from(
    told: Iterable[Mapping[str, Any]], left_out: Callable[[str, Exception], object]
) -> Iterator[Instrument]:
    """The instruments of a list.

    One that cannot be read is left out, and told to `left_out` with the reason: it could not be
    traded rightly, and must not hide the others.
    """
    for each in told:
        try:
            instrument = _instrument(each)
        except MALFORMED as error:
            left_out(str(each)[:80], error)
            continue
        yield instrument


def _instrument(told: Mapping[str, Any]) -> Instrument:
    symbol = text_of(told["name"])
    name = instrument_name(symbol)
    base, _, quote = name.partition("-")
    return Instrument(
        name=name,
        base=base,
        quote=quote,
        exchange_symbol=symbol,
        # It is on the list: whether it is dealt in now follows the clock.
        status=InstrumentStatus.TRADING,
        rules=(*_SHARED, *_rules(told)),
        product_type=optional_text(told, "type"),
        pip=_power(told["pipLocation"], "pipLocation"),
        margin_rate=optional_amount(told, "marginRate"),
    )


def _rules(told: Mapping[str, Any]) -> Iterator[OrderRule]:
    tick = _step(told, "displayPrecision")
    for field in (QuantumField.PRICE, QuantumField.STOP_PRICE, QuantumField.DISTANCE):
        yield Quantum(field, "displayPrecision", step=tick)
    # `units` is the exchange's name of an order's quantity; the three bounds are one rule, as
    # whoever chooses a quantity needs them all.
    yield Quantum(
        QuantumField.QUANTITY,
        "units",
        step=_step(told, "tradeUnitsPrecision"),
        minimum=amount(told["minimumTradeSize"]),
        maximum=amount(told["maximumOrderUnits"]),
    )
    yield Quantum(
        QuantumField.TRAILING_DISTANCE,
        "trailingStopDistance",
        minimum=amount(told["minimumTrailingStopDistance"]),
        maximum=amount(told["maximumTrailingStopDistance"]),
    )


def _step(told: Mapping[str, Any], key: str) -> Decimal:
    """The grid of so many digits after the point."""
    return _power(-integer(told[key], key), key)


def _power(exponent: Any, what: str) -> Decimal:
    """A power of ten, written out: `0.0001`, `1`, `10`."""
    digits = integer(exponent, what)
    if abs(digits) > _MOST_DIGITS:
        message = f"{what} of {digits} digits"
        raise ValueError(message)
    return Decimal(10**digits) if digits >= 0 else Decimal(1).scaleb(digits)
