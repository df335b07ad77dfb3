"""A judge of rate limits: the exchanges' own rules, applied to what a simulator was asked.

Written from the exchanges' documents, not from our profiles or the simulators, and stricter than
either where a document leaves room: every second counts, not only those that a bucket sees.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from enum import Enum, auto

from attrs import frozen

from venuetree.scenarios.simulated.log import LogEntry

__all__ = ["RULES", "Excess", "Kind", "Rule", "excesses"]

SECOND_NS = 1_000_000_000


class Kind(Enum):
    """How an exchange counts: in every interval, or in windows of its calendar."""

    ANY_INTERVAL = auto()
    CALENDAR = auto()


@frozen
class Rule:
    """At most `capacity` in `period_ns`.

    Attributes:
        weigh: what a request costs by its method and path; 0 if this rule does not concern it.
    """

    name: str
    capacity: int
    period_ns: int
    kind: Kind
    weigh: Callable[[str, str], int]


@frozen
class Excess:
    """A window in which more was asked than a rule permits."""

    rule: str
    time_ns: int
    used: int


def _coinbase_public(method: str, path: str) -> int:
    del method
    return int(path.startswith("/api/v3/brokerage/market/") or path == "/api/v3/brokerage/time")


def _coinbase_private(method: str, path: str) -> int:
    return 1 - _coinbase_public(method, path)


#: By method and last part of the path; the larger of two where the query decides.
_WEIGHTS = {
    ("GET", "ping"): 1,
    ("GET", "time"): 1,
    ("GET", "exchangeInfo"): 20,
    ("GET", "avgPrice"): 2,
    ("GET", "trades"): 25,
    ("GET", "account"): 20,
    ("GET", "order"): 4,
    ("POST", "order"): 1,
    ("DELETE", "order"): 1,
    ("GET", "openOrders"): 80,
    ("GET", "allOrders"): 20,
    ("GET", "myTrades"): 20,
    ("POST", "userDataStream"): 2,
    ("PUT", "userDataStream"): 2,
    ("GET", "ws-api/v3"): 2,
}


def _binance_weight(method: str, path: str) -> int:
    if method == "WS":
        return 2  # the account's stream, by a message
    return _WEIGHTS[method, path.removeprefix("/api/v3/")]


def _binance_order(method: str, path: str) -> int:
    return int((method, path) == ("POST", "/api/v3/order"))


def _one(method: str, path: str) -> int:
    del method, path
    return 1


#: By exchange. Coinbase: "Rate Limiting", older and newer pages. Binance.US: `exchangeInfo` of
#: September 2026 and the newer column of weights. OANDA: "Best Practices", the recommended rate,
#: which is below the limit of 120.
RULES = {
    "coinbase": (
        Rule("private", 30, SECOND_NS, Kind.ANY_INTERVAL, _coinbase_private),
        Rule("public", 10, SECOND_NS, Kind.ANY_INTERVAL, _coinbase_public),
        Rule("hour", 10_000, 3600 * SECOND_NS, Kind.ANY_INTERVAL, _one),
    ),
    "binance_us": (
        Rule("weight", 6000, 60 * SECOND_NS, Kind.CALENDAR, _binance_weight),
        Rule("orders", 100, 10 * SECOND_NS, Kind.CALENDAR, _binance_order),
        Rule("orders of a day", 200_000, 86_400 * SECOND_NS, Kind.CALENDAR, _binance_order),
        Rule("raw", 300_000, 300 * SECOND_NS, Kind.CALENDAR, _one),
    ),
    "oanda": (Rule("requests", 100, SECOND_NS, Kind.ANY_INTERVAL, _one),),
}


def excesses(rules: Iterable[Rule], asked: Iterable[LogEntry]) -> list[Excess]:
    """Every request that was one too many, by the simulator's `REQUEST` entries in their order."""
    entries = tuple(asked)
    return [excess for rule in rules for excess in _of_one(rule, entries)]


def _of_one(rule: Rule, entries: Iterable[LogEntry]) -> Iterator[Excess]:
    costs = ((entry.time_ns, rule.weigh(*entry.subject.split(" ", 1))) for entry in entries)
    if rule.kind is Kind.CALENDAR:
        pages: Counter[int] = Counter()
        for time_ns, cost in costs:
            page = time_ns // rule.period_ns
            pages[page] += cost
            if cost and pages[page] > rule.capacity:
                yield Excess(rule.name, time_ns, pages[page])
        return
    recent: deque[tuple[int, int]] = deque()
    used = 0
    for time_ns, cost in costs:
        while recent and recent[0][0] <= time_ns - rule.period_ns:
            used -= recent.popleft()[1]
        recent.append((time_ns, cost))
        used += cost
        if cost and used > rule.capacity:
            yield Excess(rule.name, time_ns, used)
