"""What the exchange usually says with a status, for errors that a script asks for."""

from collections.abc import Mapping

from venuetree.scenarios.faults import Respond

_BANNED = 418
_UNKNOWN = (-1000, "An unknown error occurred while processing the request.")
_INTERNAL = (-1001, "Internal error; unable to process your request. Please try again.")
_TOO_MUCH = (
    "Too much request weight used; current limit is 6000 request weight per 1 MINUTE. "
    "Please use WebSocket Streams for live updates to avoid polling the API."
)
_UNEXPECTED = "An unexpected response was received from the message bus. Execution status unknown."
_TIMEOUT = (
    "Timeout waiting for response from backend server. Send status unknown; "
    "execution status unknown."
)
_SAID: Mapping[int, tuple[int, str]] = {
    401: (-2015, "Invalid API-key, IP, or permissions for action."),
    410: (-1016, "This service is no longer available."),
    429: (-1003, _TOO_MUCH),
    451: (0, "Service unavailable from a restricted location."),
    500: (-1006, _UNEXPECTED),
    502: _INTERNAL,
    503: _INTERNAL,
    504: (-1007, _TIMEOUT),
}


def scripted_error(fault: Respond, now_ms: int) -> tuple[int, str]:
    """Code and text; those of a ban say until when, by the fault's `retry_after_s`."""
    if fault.status != _BANNED:
        return _SAID.get(fault.status, _UNKNOWN)
    until_ms = now_ms + 1000 * (fault.retry_after_s or 0)
    return -1003, (
        f"Way too much request weight used; IP banned until {until_ms}. "
        "Please use WebSocket Streams for live updates to avoid bans."
    )
