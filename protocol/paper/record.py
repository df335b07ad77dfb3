"""A paper account as JSON and back, so that it can be kept.

It is written down at every change, so what cannot change any more is turned into text only once.
Decimals are text with all their digits, enums their words. What is read must be just what was
written: an account that somebody has damaged is an error, not a guess.
"""

from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, Final

import cattrs
import orjson
from attrs import define, field, frozen
from cattrs.errors import BaseValidationError

from venuetree.protocol.models import Fill, Side
from venuetree.protocol.paper.depth import Depth, TakenLevel
from venuetree.protocol.paper.margin import MarginAccount
from venuetree.protocol.paper.orders import PaperOrder
from venuetree.protocol.paper.spot import SpotAccount
from venuetree.protocol.paper.state import PaperState

__all__ = ["Recorder", "from_record"]


@frozen
class _Taken:
    """What was taken of a level."""

    book: str
    side: Side
    price: Decimal
    shown: Decimal
    taken: Decimal


@frozen
class _Record:
    """A paper exchange's state; it has one of the two accounts."""

    orders: tuple[PaperOrder, ...]
    fills: tuple[Fill, ...]
    taken: tuple[_Taken, ...]
    numbers: int
    spot: SpotAccount | None = None
    margin: MarginAccount | None = None


#: What the conversion raises of damage: cattrs looks at some values before it asks what they are.
_DAMAGED: Final = (
    BaseValidationError,
    AttributeError,
    InvalidOperation,
    KeyError,
    TypeError,
    ValueError,
)


@define
class Recorder:
    """Writes down one account, again and again."""

    _texts: dict[str, tuple[PaperOrder | Fill, orjson.Fragment]] = field(factory=dict, init=False)

    def to_record(self, state: PaperState) -> dict[str, Any]:
        """The state as a value that orjson writes."""
        account = state.account
        kept, self._texts = self._texts, {}
        record: dict[str, Any] = _CONVERTER.unstructure(
            _Record(
                orders=tuple(state.open.values()),
                fills=(),
                taken=tuple(
                    _Taken(*place, level.shown, level.taken)
                    for place, level in state.depth.taken.items()
                ),
                numbers=state.numbers,
                spot=account if isinstance(account, SpotAccount) else None,
                margin=account if isinstance(account, MarginAccount) else None,
            )
        )
        ended = [self._text(f"order {name}", each, kept) for name, each in state.ended.items()]
        record["orders"] = [*ended, *record["orders"]]
        record["fills"] = [self._text(f"fill {each.fill_id}", each, kept) for each in state.fills]
        return record

    def _text(
        self,
        name: str,
        value: PaperOrder | Fill,
        kept: dict[str, tuple[PaperOrder | Fill, orjson.Fragment]],
    ) -> orjson.Fragment:
        """As it was written before, if that was this very one: a change may have been undone."""
        found = kept.get(name)
        if found is None or found[0] is not value:
            found = (value, orjson.Fragment(orjson.dumps(_CONVERTER.unstructure(value))))
        self._texts[name] = found
        return found[1]


def from_record(value: Any) -> PaperState:
    """The state that a JSON value tells; `ValueError` if it tells none."""
    try:
        record = _CONVERTER.structure(value, _Record)
    except _DAMAGED as error:
        message = "this is no record of a paper account"
        raise ValueError(message) from error
    account = record.spot or record.margin
    if account is None or (record.spot is not None and record.margin is not None):
        message = "a paper account has money, or a margin account, and not both"
        raise ValueError(message)
    state = PaperState(
        account,
        fills=list(record.fills),
        depth=Depth(
            {
                (one.book, one.side, one.price): TakenLevel(one.shown, one.taken)
                for one in record.taken
            }
        ),
        numbers=record.numbers,
    )
    for order in record.orders:
        state.put(order)
    return state


def _decimal(value: Any, _: type) -> Decimal:
    if type(value) is not str:
        message = f"a decimal is text, not {type(value).__name__}"
        raise TypeError(message)
    number = Decimal(value)
    if not number.is_finite():
        message = f"not a finite decimal: {value}"
        raise ValueError(message)
    return number


def _only(kind: type) -> Any:
    """A hook that takes a value of just this type: cattrs itself would convert."""

    def take(value: Any, _: type) -> Any:
        if type(value) is not kind:
            message = f"{kind.__name__} expected, not {type(value).__name__}"
            raise TypeError(message)
        return value

    return take


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_unstructure_hook(Decimal, lambda value: format(value, "f"))
    converter.register_structure_hook(Decimal, _decimal)
    converter.register_unstructure_hook(Enum, lambda value: value.value)
    for kind in (bool, int, str):
        converter.register_structure_hook(kind, _only(kind))
    return converter


_CONVERTER: Final = _converter()
