"""What the tests of OANDA's orders share: conversations, transactions, and a log that answers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qs

import attrs
import orjson

from tests.support.coinbase import Conversation
from venuetree.protocol.exchanges.oanda.rest import OandaRest
from venuetree.protocol.messages import Request
from venuetree.protocol.port import FlowContext, LogTold, RestNews, RestReply, RestRequest
from venuetree.protocol.timestamps import SECOND, from_rfc3339, to_rfc3339

__all__ = [
    "NOW_NS",
    "Asked",
    "MemoryLog",
    "cancelled",
    "converse",
    "created",
    "filled",
    "refusal",
    "refused",
    "reply",
    "talk",
    "told",
]

R = TypeVar("R")

#: Our clock and the exchange's.
NOW_NS = from_rfc3339("2024-06-11T14:03:28Z")
_JSON = {"content-type": "application/json"}


def reply(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> RestReply:
    """An answer; bytes as they are, anything else as JSON."""
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return RestReply(status, _JSON if headers is None else headers, raw, NOW_NS - 4_000_000, NOW_NS)


def refusal(code: str, message: str = "no", status: int = 400, **fields: Any) -> RestReply:
    """A refusal of the exchange's own."""
    return reply({"errorMessage": message, "errorCode": code, **fields}, status)


def talk(*replies: RestReply | Exception, now_ns: int = NOW_NS) -> Conversation:
    """A conversation with these answers, in order."""
    return Conversation(list(replies), now_ns, codec=OandaRest())


# ---------------------------------------------------------------- transactions


def _base(number: int, kind: str, batch: int | None, time_ns: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "accountID": "101-004-9182736-001",
        "userID": 9182736,
        "batchID": str(number if batch is None else batch),
        "requestID": "60875530291846377",
        "time": to_rfc3339(time_ns),
        "type": kind,
        **fields,
    }


def created(
    number: int,
    client_id: str = "",
    *,
    kind: str = "MARKET_ORDER",
    units: str = "10000",
    batch: int | None = None,
    time_ns: int = NOW_NS,
    **fields: Any,
) -> dict[str, Any]:
    """The transaction that creates an order."""
    extensions = {"clientExtensions": {"id": client_id}} if client_id else {}
    terms = {
        "instrument": "EUR_USD",
        "units": units,
        "timeInForce": "FOK" if kind == "MARKET_ORDER" else "GTC",
        "positionFill": "DEFAULT",
        "reason": "CLIENT_ORDER",
    }
    return _base(number, kind, batch, time_ns, **{**terms, **extensions, **fields})


def refused(
    number: int, client_id: str = "", reason: str = "UNITS_INVALID", **fields: Any
) -> dict[str, Any]:
    """The transaction that refuses an order."""
    kind = f"{fields.pop('kind', 'MARKET_ORDER')}_REJECT"
    return created(number, client_id, kind=kind, **{"rejectReason": reason, **fields})


def filled(
    number: int,
    order: int,
    client_id: str = "",
    *,
    units: str = "10000",
    batch: int | None = None,
    time_ns: int = NOW_NS,
    **fields: Any,
) -> dict[str, Any]:
    """The transaction that executes an order."""
    terms = {
        "orderID": str(order),
        "instrument": "EUR_USD",
        "units": units,
        "requestedUnits": units,
        "price": "1.08425",
        "pl": "0.0000",
        "financing": "0.0000",
        "commission": "0.0000",
        "guaranteedExecutionFee": "0.0000",
        "accountBalance": "100000.0000",
        "fullVWAP": "1.08425",
        "reason": "MARKET_ORDER",
        "tradeOpened": {"tradeID": str(number), "units": units, "price": "1.08425"},
    }
    named = {"clientOrderID": client_id} if client_id else {}
    batch = order if batch is None else batch
    return _base(number, "ORDER_FILL", batch, time_ns, **{**terms, **named, **fields})


def cancelled(
    number: int,
    order: int,
    reason: str = "CLIENT_REQUEST",
    client_id: str = "",
    *,
    batch: int | None = None,
    time_ns: int = NOW_NS,
    **fields: Any,
) -> dict[str, Any]:
    """The transaction that ends an order."""
    named = {"clientOrderID": client_id} if client_id else {}
    return _base(
        number, "ORDER_CANCEL", batch, time_ns, orderID=str(order), reason=reason, **named, **fields
    )


def told(**transactions: Mapping[str, Any] | None) -> dict[str, Any]:
    """An answer with these transactions, and the ids that it always has."""
    body = {name: value for name, value in transactions.items() if value is not None}
    ids = sorted({int(value["id"]) for value in body.values()})
    return {
        **body,
        "relatedTransactionIDs": [str(number) for number in ids],
        "lastTransactionID": str(ids[-1]),
    }


# ---------------------------------------------------------------- a log that answers


@attrs.define
class Asked:
    """What a conversation asked and told."""

    requests: list[RestRequest] = attrs.field(factory=list)
    news: list[RestNews] = attrs.field(factory=list)

    @property
    def paths(self) -> list[str]:
        """Path and query of each request, without the account."""
        start = "/v3/accounts/{account}"
        return [
            request.path.removeprefix(start) + (f"?{request.query}" if request.query else "")
            for request in self.requests
        ]

    @property
    def positions(self) -> list[str]:
        """Of the log, as they were told."""
        return [news.position for news in self.news if isinstance(news, LogTold)]


def converse(
    command: Request[Any, R],
    answer: Callable[[RestRequest], RestReply | Exception],
    *,
    now_ns: int = NOW_NS,
    asked: Asked | None = None,
    clock_offset_ns: int = 0,
) -> R:
    """The flow's answer, whose requests are answered one by one."""
    heard = Asked() if asked is None else asked
    flow = OandaRest().flow(command, FlowContext(now_ns, clock_offset_ns=clock_offset_ns))
    wanted = next(flow)
    while True:
        given: RestReply | Exception | None = None
        if isinstance(wanted, RestRequest):
            heard.requests.append(wanted)
            given = answer(wanted)
        else:
            heard.news.append(wanted)
        try:
            wanted = flow.throw(given) if isinstance(given, Exception) else flow.send(given)
        except StopIteration as done:
            result: R = done.value
            return result


@attrs.define
class MemoryLog:
    """A log of transactions that answers the questions about it, at most `cut` entries a time.

    Attributes:
        entries: ascending by id.
        others: answers to other requests, by how their path ends.
        host: that page addresses carry.
        is_position_refused: whether questions that begin at a position are refused.
    """

    entries: Sequence[Mapping[str, Any]]
    others: Mapping[str, RestReply | Exception] = attrs.field(factory=dict)
    cut: int = 1000
    host: str = "https://somewhere.else"
    is_position_refused: bool = False

    def __call__(self, request: RestRequest) -> RestReply | Exception:
        """The answer."""
        for end, given in self.others.items():
            if request.path.endswith(end):
                return given
        query = {name: values[0] for name, values in parse_qs(request.query).items()}
        path = request.path.removeprefix("/v3/accounts/{account}/transactions")
        if path == "/sinceid":
            if self.is_position_refused:
                return reply({"errorMessage": "out of range"}, 416)
            after = int(query["id"])
            return self._page(e for e in self.entries if int(e["id"]) > after)
        if path == "/idrange":
            first, last = int(query["from"]), int(query["to"])
            rows = (e for e in self.entries if first <= int(e["id"]) <= last)
            return self._page(self._of(rows, query.get("type")))
        if path == "":
            return self._pages(query)
        if path.startswith("/"):
            for entry in self.entries:
                if entry["id"] == path[1:]:
                    return reply({"transaction": entry, "lastTransactionID": self.newest})
            return refusal("NO_SUCH_TRANSACTION", status=404)
        raise AssertionError(request)

    @property
    def newest(self) -> str:
        """The number of the last entry."""
        return str(max((int(entry["id"]) for entry in self.entries), default=0))

    def _of(
        self, rows: Iterable[Mapping[str, Any]], kind: str | None
    ) -> Iterable[Mapping[str, Any]]:
        return (row for row in rows if kind in {None, row["type"]})

    def _page(self, rows: Iterable[Mapping[str, Any]]) -> RestReply:
        page = list(rows)[: self.cut]
        return reply({"transactions": page, "lastTransactionID": self.newest})

    def _pages(self, query: Mapping[str, str]) -> RestReply:
        first, last = from_rfc3339(query["from"]), from_rfc3339(query["to"])
        assert first < last <= NOW_NS + 3600 * SECOND
        size = min(int(query["pageSize"]), self.cut)
        rows = [
            entry
            for entry in self._of(self.entries, query.get("type"))
            if first <= from_rfc3339(entry["time"]) < last
        ]
        pages = [rows[start : start + size] for start in range(0, len(rows), size)]
        suffix = f"&type={query['type']}" if "type" in query else ""
        urls = [
            f"{self.host}/v3/accounts/1/transactions/idrange"
            f"?from={page[0]['id']}&to={page[-1]['id']}{suffix}"
            for page in pages
        ]
        return reply({"pages": urls, "count": len(rows), "lastTransactionID": self.newest})
