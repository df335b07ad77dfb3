"""Questions and orders as HTTP requests: paths, bodies, lanes and costs.

A path holds the literal `{account}`: the signer, which alone knows the account's number, puts it
there. Every value of a path and of a query is percent-encoded, colons of times included. Bodies
are JSON; all numbers in them are text, as the exchange keeps them digit by digit.

Followed: "Development Guide"; "Best Practices"; "Order Endpoints".
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import orjson

from venuetree.protocol.port import Cost, Effect, Lane, RestRequest
from venuetree.protocol.timestamps import SECOND

__all__ = [
    "ACCOUNT",
    "ORDER_TIMEOUT_NS",
    "Pairs",
    "account_get",
    "account_write",
    "instrument_get",
    "order_name",
    "quoted",
]

Pairs = Sequence[tuple[str, str]]

#: Where the account's number belongs in a path.
ACCOUNT: Final = "{account}"
#: Ours: the exchange gives up on an order by itself, and says so with 504; this leaves it the time.
ORDER_TIMEOUT_NS: Final = 15 * SECOND

_COSTS: Final = (Cost("rest_1s"),)
_JSON: Final = (("content-type", "application/json"),)


def quoted(value: str) -> str:
    """A value as a part of a path or a query: everything but letters, digits and `-._~` encoded."""
    return quote(value, safe="")


def order_name(exchange_id: str, client_id: str) -> str:
    """What names an order or a trade in a path: the exchange's id, else `@` and ours; encoded."""
    return quoted(exchange_id) if exchange_id else f"@{quoted(client_id)}"


def _query(pairs: Pairs) -> str:
    return "&".join(f"{quoted(name)}={quoted(value)}" for name, value in pairs)


def account_get(
    operation: str, path: str, query: Pairs = (), *, lane: Lane = Lane.DATA
) -> RestRequest:
    """A question about the account: `"/pricing"` is asked under `/v3/accounts/{account}`."""
    return _get(operation, f"/v3/accounts/{ACCOUNT}{path}", query, lane)


def instrument_get(
    operation: str, path: str, query: Pairs = (), *, lane: Lane = Lane.DATA
) -> RestRequest:
    """A question that is not about an account: `"/EUR_USD/candles"` under `/v3/instruments`."""
    return _get(operation, f"/v3/instruments{path}", query, lane)


def _get(operation: str, path: str, query: Pairs, lane: Lane) -> RestRequest:
    return RestRequest(
        operation=operation,
        method="GET",
        path=path,
        query=_query(query),
        lane=lane,
        costs=_COSTS,
    )


def account_write(
    method: str,
    operation: str,
    path: str,
    body: Mapping[str, Any] | None,
    *,
    lane: Lane,
    client_order_id: str = "",
) -> RestRequest:
    """What changes something of the account's: `PUT`, `POST` or `PATCH`, without a body if None."""
    return RestRequest(
        operation=operation,
        method=method,
        path=f"/v3/accounts/{ACCOUNT}{path}",
        body=b"" if body is None else orjson.dumps(body),
        headers=() if body is None else _JSON,
        effect=Effect.WRITE,
        lane=lane,
        costs=_COSTS,
        client_order_id=client_order_id,
        timeout_ns=ORDER_TIMEOUT_NS,
    )
