"""What the tests of Binance.US's questions share: a request, an instrument of the list."""

from venuetree.protocol.port import Auth, Cost, Effect, Lane, RestRequest
from venuetree.protocol.timestamps import SECOND

__all__ = ["question"]


def question(
    operation: str,
    path: str,
    query: str = "",
    *,
    weight: int,
    auth: Auth = Auth.NONE,
    method: str = "GET",
) -> RestRequest:
    """A request that changes nothing."""
    return RestRequest(
        operation=operation,
        method=method,
        path=f"/api/v3/{path}",
        query=query,
        auth=auth,
        effect=Effect.READ,
        lane=Lane.DATA,
        costs=(Cost("weight_1m", weight), Cost("raw_5m")),
        timeout_ns=10 * SECOND,
    )
