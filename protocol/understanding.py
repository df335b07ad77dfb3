"""Replies that were accepted and cannot be read: told by what their request may have done."""

from collections.abc import Callable
from typing import TypeVar

from venuetree.protocol.errors import OutcomeUnknown
from venuetree.protocol.port import Effect, RestReply, RestRequest
from venuetree.protocol.reading import MALFORMED, unreadable

__all__ = ["understood"]

T = TypeVar("T")


def understood(
    exchange: str,
    request: RestRequest,
    reply: RestReply,
    read: Callable[[], T],
    *,
    secret: str = "",
) -> T:
    """What `read` makes of the reply to a request that was not refused.

    Args:
        exchange: its name.
        request: what was asked.
        reply: what came.
        read: reads it; may raise whatever reading a message of the wrong shape raises.
        secret: what the reply may hold that must not be told, as errors say it; `""` if nothing.

    Raises:
        OutcomeUnknown: it cannot be read, and the request may have changed something.
        RemoteProtocolError: it cannot be read, and nothing can have changed.
    """
    try:
        return read()
    except MALFORMED as error:
        if request.effect is Effect.WRITE:
            raise OutcomeUnknown(
                "the exchange accepted the request with an answer that cannot be read",
                client_order_id=request.client_order_id,
                exchange=exchange,
                operation=request.operation,
            ) from error
        if not secret:
            raise unreadable(
                error, reply.body, exchange=exchange, operation=request.operation
            ) from error
    # Outside, so that what was read does not go along as the error's context.
    hidden = ValueError(f"an answer about {secret}, which is not shown")
    raise unreadable(hidden, b"", exchange=exchange, operation=request.operation)
