"""What a call of an account answers, and the refusals that no transaction records."""

from typing import Any

import attrs

__all__ = ["Answered", "BadRequestError", "bad_value", "missing_data"]

_INVALID_PARAMETER = "oanda::rest::core::InvalidParameterException"


@attrs.frozen
class Answered:
    """The status and the body of an answer; the body is plain JSON, all numbers already text."""

    status: int
    body: dict[str, Any]
    next_before_id: str | None = None
    """Of a list that goes on: the `beforeID` of its next page."""


class BadRequestError(Exception):
    """The request is refused before anything is written down.

    Args:
        text: the `errorMessage`.
        status: of the answer.
        code: the `errorCode`.
        last_id: the account's newest transaction, where the answer tells it.
    """

    def __init__(
        self,
        text: str,
        *,
        status: int = 400,
        code: str = _INVALID_PARAMETER,
        last_id: str | None = None,
    ) -> None:
        super().__init__(text)
        self.text, self.status, self.code, self.last_id = text, status, code, last_id

    @property
    def answer(self) -> Answered:
        """What goes to the client."""
        last = {} if self.last_id is None else {"lastTransactionID": self.last_id}
        return Answered(self.status, {**last, "errorMessage": self.text, "errorCode": self.code})


def bad_value(name: str) -> BadRequestError:
    """A value that cannot be read; `name` as the exchange writes it, such as ``order.units``."""
    return BadRequestError(f"Invalid value specified for '{name}'")


def missing_data() -> BadRequestError:
    """Something required is not there."""
    return BadRequestError("The request was missing required data")
