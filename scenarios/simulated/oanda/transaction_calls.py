"""Calls for the transactions of an account."""

from collections.abc import Sequence
from urllib.parse import urlencode

from venuetree.scenarios.faults import DelayFills
from venuetree.scenarios.simulated.numbers import NANOSECONDS
from venuetree.scenarios.simulated.oanda.answers import BadRequestError, bad_value
from venuetree.scenarios.simulated.oanda.calls import Call, Reply
from venuetree.scenarios.simulated.oanda.clock_times import parse_time, time_text
from venuetree.scenarios.simulated.oanda.transactions import (
    SINCE_LIMIT,
    Transaction,
    matches_types,
)

__all__ = ["between", "one", "pages", "since"]

_PAGE_SIZE, _PAGE_AT_MOST = 100, 1000
_WINDOW_NS = 365 * 24 * 3600 * NANOSECONDS
_USUAL_NS = 7 * 24 * 3600 * NANOSECONDS
"""How far back the list goes that is not told where to begin."""
_GROUPS = {"ORDER", "FUNDING", "ADMIN"}
_BAD_RANGE = "The requested range is not satisfiable"


def pages(call: Call) -> Reply:
    """``GET A/transactions``: where the transactions of a time are, none of them itself."""
    log = call.account.transactions
    size = call.number("pageSize", least=1)
    if size is not None and size > _PAGE_AT_MOST:
        raise BadRequestError("The specified page size is invalid", code="INVALID_PAGESIZE")
    size = size or _PAGE_SIZE
    to_ns = call.time("to") or call.venue.now_ns()
    from_ns = call.time("from")
    if from_ns is None:
        from_ns = to_ns - _USUAL_NS
    if from_ns > to_ns:
        raise bad_value("from")
    if to_ns - from_ns > _WINDOW_NS:
        raise BadRequestError("The time range between 'from' and 'to' is too long")
    types = _types(call)
    found = [int(each["id"]) for each in log.within(from_ns, to_ns + 1, types)]
    cuts = [found[at : at + size] for at in range(0, len(found), size)]
    chosen = {} if not types else {"type": ",".join(types)}
    urls = [
        f"{call.account_url}/transactions/idrange?"
        + urlencode({"from": cut[0], "to": cut[-1], **chosen})
        for cut in cuts
    ]
    return Reply(
        200,
        {
            "from": time_text(from_ns),
            "to": time_text(to_ns),
            "pageSize": size,
            **({"type": list(types)} if types else {}),
            "count": len(found),
            "pages": urls,
            "lastTransactionID": str(log.last_id),
        },
    )


def one(call: Call) -> Reply:
    """``GET A/transactions/{id}``."""
    log, text = call.account.transactions, call.parts["transaction"]
    found = log.get(int(text)) if text.isascii() and text.isdigit() else None
    if found is None:
        raise BadRequestError(
            "The transaction ID specified does not exist",
            status=404,
            code="NO_SUCH_TRANSACTION",
            last_id=str(log.last_id),
        )
    return Reply(200, {"transaction": found, "lastTransactionID": str(log.last_id)})


def between(call: Call) -> Reply:
    """``GET A/transactions/idrange``: both ends are included."""
    log = call.account.transactions
    first, last = _identity(call, "from"), _identity(call, "to")
    if first > last or first < log.first_id or last > log.last_id:
        raise BadRequestError(_BAD_RANGE, status=416, last_id=str(log.last_id))
    return _told(call, log.between(first, last))


def since(call: Call) -> Reply:
    """``GET A/transactions/sinceid``: the oldest that are newer, cut off without a word."""
    log = call.account.transactions
    after = _identity(call, "id")
    if after > log.last_id:
        raise BadRequestError(_BAD_RANGE, status=416, last_id=str(log.last_id))
    return _told(call, log.since(after, SINCE_LIMIT))


def _told(call: Call, found: Sequence[Transaction]) -> Reply:
    types, last_id = _types(call), call.account.last_transaction_id
    late = call.venue.faults.take(DelayFills, call.request.path, lambda _: True)
    if late is not None:
        # A replica that lags behind: it has not heard of anything younger.
        known_ns = call.venue.now_ns() - int(late.for_s * NANOSECONDS)
        log = call.account.transactions
        while last_id >= log.first_id and _time_ns(log.get(last_id)) > known_ns:
            last_id -= 1
        found = [each for each in found if int(each["id"]) <= last_id]
    return Reply(
        200,
        {
            "transactions": [each for each in found if matches_types(each, types)],
            "lastTransactionID": str(last_id),
        },
    )


def _time_ns(transaction: Transaction | None) -> int:
    return 0 if transaction is None else parse_time(transaction["time"]) or 0


def _identity(call: Call, name: str) -> int:
    number = call.number(name)
    if number is None:
        raise bad_value(name)
    return number


def _types(call: Call) -> tuple[str, ...]:
    types = call.csv("type") or ()
    if not all(each in _GROUPS or each.replace("_", "").isupper() for each in types):
        raise bad_value("type")
    return types
