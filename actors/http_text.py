"""What may stand in a request's head: everything else is a bug of ours, found before sending."""

import re
from collections.abc import Sequence

from venuetree.protocol.errors import LocalProtocolError

__all__ = ["checked_headers", "checked_target"]

TOKEN = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
#: Visible ASCII, spaces and tabs inside: no CR or LF can smuggle a second header in.
VALUE = re.compile(r"(?:[!-~](?:[ \t!-~]*[!-~])?)?")
TARGET = re.compile(r"/[!-\"$-~]*")


def checked_headers(
    headers: Sequence[tuple[str, str]], *, exchange: str = ""
) -> Sequence[tuple[str, str]]:
    """The same headers. LocalProtocolError if a name or value could not be sent as it stands."""
    for name, value in headers:
        if not TOKEN.fullmatch(name):
            message = "a header's name has a character that HTTP forbids"
            raise LocalProtocolError(message, exchange=exchange, operation="send")
        if not VALUE.fullmatch(value):
            # The value may be a key: only the name is told.
            message = f"the value of header {name} has a character that HTTP forbids"
            raise LocalProtocolError(message, exchange=exchange, operation="send")
    return headers


def checked_target(path: str, query: str = "", *, exchange: str = "") -> str:
    """Path and query as they stand in a request line. LocalProtocolError if they cannot."""
    target = f"{path}?{query}" if query else path
    if not TARGET.fullmatch(target):
        message = "a request's path or query has a character that must be percent-encoded"
        raise LocalProtocolError(message, exchange=exchange, operation="send")
    return target
