"""The exchange's refusals: an HTTP status, a code, a text."""

from typing import Any


class ApiError(Exception):
    """A call that is refused, with what the client is told.

    `retry_after_s` is set when it is told how long to wait, in whole seconds.
    """

    def __init__(
        self,
        code: int,
        text: str,
        *,
        status: int = 400,
        data: dict[str, Any] | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.status = status
        self.data = data
        self.retry_after_s = retry_after_s

    @property
    def body(self) -> dict[str, Any]:
        """The error object of the wire."""
        body: dict[str, Any] = {"code": self.code, "msg": self.text}
        if self.data is not None:
            body["data"] = self.data
        return body


def filter_failure(name: str) -> ApiError:
    """A filter that an order does not pass."""
    return ApiError(-1013, f"Filter failure: {name}")


def rejected(text: str) -> ApiError:
    """A new order that the engine does not take."""
    return ApiError(-2010, text)


def not_cancelled(text: str = "Unknown order sent.") -> ApiError:
    """A cancel that the engine does not take."""
    return ApiError(-2011, text)


def no_such_order() -> ApiError:
    """A query for an order that does not exist."""
    return ApiError(-2013, "Order does not exist.")


def invalid_symbol() -> ApiError:
    """A symbol that is not traded."""
    return ApiError(-1121, "Invalid symbol.")


def missing(name: str) -> ApiError:
    """A parameter that must be there and is not, or is of the wrong form."""
    return ApiError(
        -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    )


def missing_both(first: str, second: str) -> ApiError:
    """Two parameters of which one must be there."""
    return ApiError(-1102, f"Param '{first}' or '{second}' must be sent, but both were empty/null!")


def not_required(name: str) -> ApiError:
    """A parameter that may not be there."""
    return ApiError(-1106, f"Parameter '{name}' sent when not required.")


def bad_combination() -> ApiError:
    """Optional parameters that do not go together."""
    return ApiError(-1128, "Combination of optional parameters invalid.")
