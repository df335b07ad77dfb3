"""How requests name orders and trades, and the filters of lists."""

from collections.abc import Sequence
from enum import Enum
from typing import TypeVar

import attrs

from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.answers import BadRequestError, bad_value
from venuetree.scenarios.simulated.oanda.universe import Instrument

__all__ = ["Page", "known_instrument", "read_id", "read_page", "read_specifier", "read_state"]

_DEFAULT_COUNT = 50
_MAXIMUM_COUNT = 500
_LONGEST_ID = 19

_Item = TypeVar("_Item")


def read_id(text: object) -> int | None:
    """A transaction, order or trade id, None for what is no such id."""
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= _LONGEST_ID:
        return int(text)
    return None


def read_specifier(text: str, name: str) -> int | str:
    """The exchange's id as a number, or the client's as text.

    Raises:
        BadRequestError: it is neither a number nor begins with ``@``.
    """
    if text.startswith("@"):
        return text[1:]
    number = read_id(text)
    if number is None:
        raise bad_value(name)
    return number


def known_instrument(state: AccountState, name: object, field: str) -> Instrument:
    """An instrument by its name.

    Raises:
        BadRequestError: there is no such instrument.
    """
    found = state.prices.instruments.get(name) if isinstance(name, str) else None
    if found is None:
        raise bad_value(field)
    return found


@attrs.frozen
class Page:
    """Which part of a list is asked for."""

    ids: frozenset[int] | None
    instrument: str | None
    count: int
    before_id: int | None

    def wants(self, number: int, instrument: str) -> bool:
        """Whether an item is one of those that are asked for."""
        if self.ids is not None and number not in self.ids:
            return False
        if self.before_id is not None and number > self.before_id:
            return False
        return self.instrument in {None, instrument}

    def cut(self, items: Sequence[_Item]) -> tuple[Sequence[_Item], _Item | None]:
        """The items of this page, and the first one of the next."""
        return items[: self.count], items[self.count] if len(items) > self.count else None


def read_page(
    state: AccountState,
    ids: Sequence[str] | None,
    instrument: str | None,
    count: str | int | None,
    before_id: str | int | None,
) -> Page:
    """The filters of a list as the query has them; what is None was not given.

    Raises:
        BadRequestError: one of them cannot be read.
    """
    size = _DEFAULT_COUNT if count is None else read_id(count)
    if size is None or size < 1:
        raise bad_value("count")
    if size > _MAXIMUM_COUNT:
        raise BadRequestError("Maximum value for 'count' exceeded")
    before = read_id(before_id)
    if before_id is not None and before is None:
        raise bad_value("beforeID")
    numbers = None if ids is None else [read_id(each) for each in ids]
    if numbers is not None and None in numbers:
        raise bad_value("ids")
    return Page(
        ids=None if numbers is None else frozenset(each for each in numbers if each is not None),
        instrument=None
        if instrument is None
        else known_instrument(state, instrument, "instrument").name,
        count=size,
        before_id=before,
    )


_Choice = TypeVar("_Choice", bound=Enum)


def read_state(text: str | None, default: _Choice) -> _Choice | None:
    """The state that a list is filtered by, None for all.

    Raises:
        BadRequestError: there is no such state.
    """
    if text is None:
        return default
    if text == "ALL":
        return None
    try:
        return type(default)(text)
    except ValueError:
        raise bad_value("state") from None
