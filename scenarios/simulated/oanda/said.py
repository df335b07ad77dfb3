"""What the exchange says with a status, by itself and when a script asks for it."""

from collections.abc import Mapping

import attrs

from venuetree.scenarios.faults import Body, Respond
from venuetree.scenarios.simulated.wire import Response

__all__ = ["error", "html", "scripted"]

_SAID: Mapping[int, str] = {
    400: "The request was missing required data",
    401: "Insufficient authorization to perform request.",
    403: "The provided request was forbidden.",
    404: "The provided resource was not found.",
    405: "The method is not allowed for the resource.",
    415: "The media type of the request is not supported.",
    429: "The rate of requests is too high.",
    500: "Internal server error.",
    502: "Bad gateway.",
    503: "Service unavailable.",
    504: "Timeout waiting for response.",
}


def error(status: int, text: str | None = None) -> Response:
    """An error without a code, as all are that come before an account is asked."""
    said = text or _SAID.get(status, "The request failed.")
    return Response.of_json({"errorMessage": said}, status=status)


def html(status: int) -> Response:
    """What stands before the exchange answers: a page, whatever its status."""
    page = f"<!DOCTYPE html><html><body><h1>{status}</h1><p>Maintenance</p></body></html>"
    return Response.of_text(page, status=status, content_type="text/html")


def scripted(fault: Respond) -> Response:
    """The response that a `Respond` fault describes."""
    response = _scripted_body(fault)
    if fault.retry_after_s is None:
        return response
    return attrs.evolve(response, headers=(("retry-after", str(fault.retry_after_s)),))


def _scripted_body(fault: Respond) -> Response:
    status = fault.status
    if fault.body_text is not None:
        content_types = {Body.JSON: "application/json", Body.HTML: "text/html"}
        content_type = content_types.get(fault.body, "text/plain")
        return Response.of_text(fault.body_text, status=status, content_type=content_type)
    match fault.body:
        case Body.EMPTY:
            return Response(status=status, content_type="text/plain")
        case Body.HTML:
            return html(status)
        case Body.TEXT:
            return Response.of_text(f"error {status}", status=status)
        case Body.JSON:
            return error(status)
