"""Limits that count in windows of the calendar, and the ban of who goes on regardless."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

import attrs

from venuetree.scenarios.simulated.binance_us.errors import ApiError
from venuetree.scenarios.simulated.binance_us.filters import Profile

_UNIT_MS = {"SECOND": 1_000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000}
_FIRST_BAN_MS = 120_000
_LONGEST_BAN_MS = 3 * 86_400_000
_TOO_MANY, _BANNED = 429, 418
_WEIGHT_ADVICE = "Please use WebSocket Streams for live updates to avoid polling the API."
_BAN_ADVICE = "Please use WebSocket Streams for live updates to avoid bans."


class Counted(Enum):
    """What a limit counts (`rateLimitType`)."""

    WEIGHT = "REQUEST_WEIGHT"
    ORDERS = "ORDERS"
    RAW = "RAW_REQUESTS"


_OVER = {
    Counted.WEIGHT: ("Too much request weight used", "request weight"),
    Counted.RAW: ("Too many requests", "requests"),
}


@attrs.frozen
class Rule:
    """One limit: so many in each window of the calendar."""

    counted: Counted
    unit: str
    number: int
    limit: int

    @property
    def window_ms(self) -> int:
        """The window's length."""
        return _UNIT_MS[self.unit] * self.number

    @property
    def suffix(self) -> str:
        """As header names end: ``1m``."""
        return f"{self.number}{self.unit[0].lower()}"

    @property
    def json(self) -> dict[str, Any]:
        """As ``exchangeInfo`` spells it."""
        return {
            "rateLimitType": self.counted.value,
            "interval": self.unit,
            "intervalNum": self.number,
            "limit": self.limit,
        }


RULES: Mapping[Profile, tuple[Rule, ...]] = {
    Profile.LIVE: (
        Rule(Counted.WEIGHT, "MINUTE", 1, 6000),
        Rule(Counted.ORDERS, "SECOND", 10, 100),
        Rule(Counted.ORDERS, "DAY", 1, 200000),
        Rule(Counted.RAW, "MINUTE", 5, 300000),
    ),
    Profile.DOC: (
        Rule(Counted.WEIGHT, "MINUTE", 1, 1200),
        Rule(Counted.ORDERS, "SECOND", 10, 100),
        Rule(Counted.ORDERS, "DAY", 1, 200000),
        Rule(Counted.RAW, "MINUTE", 5, 5000),
    ),
}


@attrs.define(eq=False)
class _Count:
    """What one client used of one limit, in the window of its last use."""

    window: int = -1
    used: int = 0


@attrs.define(eq=False)
class _Ban:
    """The conduct of one address."""

    until_ms: int = 0
    times: int = 0
    ignored: int = 0
    """Refusals in a row that it did not heed."""


@attrs.define(eq=False)
class Limits:
    """All counts of one exchange: weight and requests by address, orders by account.

    Args:
        rules: the limits.
        patience: so many refused requests are forgiven before the address is banned.
        enforced: without it everything is counted and nothing refused.
    """

    rules: tuple[Rule, ...]
    patience: int = 3
    enforced: bool = True
    _counts: dict[tuple[str, Rule], _Count] = attrs.field(factory=dict, init=False)
    _bans: dict[str, _Ban] = attrs.field(factory=dict, init=False)

    def of(self, counted: Counted) -> tuple[Rule, ...]:
        """The rules for one thing."""
        return tuple(rule for rule in self.rules if rule.counted is counted)

    def used(self, who: str, rule: Rule, now_ms: int) -> int:
        """What an address or account has used of a limit in this window."""
        return self._count(who, rule, now_ms).used

    def admit(self, address: str, weight: int, now_ms: int) -> None:
        """Count one request of this weight.

        Raises:
            ApiError: the address is banned (418), or over a limit (429).
        """
        ban = self._bans.setdefault(address, _Ban())
        if now_ms < ban.until_ms:
            raise self._banned(ban, now_ms)
        for rule, amount in (
            *((rule, weight) for rule in self.of(Counted.WEIGHT)),
            *((rule, 1) for rule in self.of(Counted.RAW)),
        ):
            count = self._count(address, rule, now_ms)
            count.used += amount
            if count.used > rule.limit and self.enforced:
                ban.ignored += 1
                if ban.ignored > self.patience:
                    self.ban(address, now_ms)
                    raise self._banned(ban, now_ms)
                raise _over(rule, now_ms)
        ban.ignored = 0

    def refund(self, address: str, weight: int, now_ms: int) -> None:
        """Give weight back that turned out not to be due."""
        for rule in self.of(Counted.WEIGHT):
            count = self._count(address, rule, now_ms)
            count.used = max(count.used - weight, 0)

    def count_orders(self, account: str, number: int, now_ms: int) -> None:
        """Count new orders of an account.

        Raises:
            ApiError: one more would be over a limit (429); nothing was counted.
        """
        rules = self.of(Counted.ORDERS)
        for rule in rules:
            if self.enforced and self.used(account, rule, now_ms) + number > rule.limit:
                raise ApiError(
                    -1015,
                    f"Too many new orders; current limit is {rule.limit} orders per "
                    f"{rule.number} {rule.unit}.",
                    status=_TOO_MANY,
                    retry_after_s=_seconds_left(rule, now_ms),
                )
        for rule in rules:
            self._count(account, rule, now_ms).used += number

    def ban(self, address: str, now_ms: int, *, for_ms: int | None = None) -> None:
        """Ban an address; each time twice as long, unless told otherwise."""
        ban = self._bans.setdefault(address, _Ban())
        grown = min(_FIRST_BAN_MS * 2**ban.times, _LONGEST_BAN_MS)
        ban.until_ms = now_ms + (grown if for_ms is None else for_ms)
        ban.times += 1
        ban.ignored = 0

    def headers(
        self, address: str, account: str | None, now_ms: int
    ) -> tuple[tuple[str, str], ...]:
        """The counts as headers; those of orders only with an account."""
        headers: list[tuple[str, str]] = []
        for rule in self.of(Counted.WEIGHT):
            used = str(self.used(address, rule, now_ms))
            headers += [("x-mbx-used-weight", used), (f"x-mbx-used-weight-{rule.suffix}", used)]
        if account is not None:
            headers += [
                (f"x-mbx-order-count-{rule.suffix}", str(self.used(account, rule, now_ms)))
                for rule in self.of(Counted.ORDERS)
            ]
        return tuple(headers)

    def order_counts(self, account: str, now_ms: int) -> list[dict[str, Any]]:
        """The ``ORDERS`` entries of `rateLimits` with their counts."""
        return [
            {**rule.json, "count": self.used(account, rule, now_ms)}
            for rule in self.of(Counted.ORDERS)
        ]

    def weight_counts(self, address: str, now_ms: int) -> list[dict[str, Any]]:
        """The ``REQUEST_WEIGHT`` entries of `rateLimits` with their counts."""
        return [
            {**rule.json, "count": self.used(address, rule, now_ms)}
            for rule in self.of(Counted.WEIGHT)
        ]

    def _count(self, who: str, rule: Rule, now_ms: int) -> _Count:
        count = self._counts.setdefault((who, rule), _Count())
        window = now_ms // rule.window_ms
        if count.window != window:
            count.window, count.used = window, 0
        return count

    @staticmethod
    def _banned(ban: _Ban, now_ms: int) -> ApiError:
        return ApiError(
            -1003,
            f"Way too much request weight used; IP banned until {ban.until_ms}. {_BAN_ADVICE}",
            status=_BANNED,
            retry_after_s=-(-(ban.until_ms - now_ms) // 1000),
        )


def _over(rule: Rule, now_ms: int) -> ApiError:
    head, what = _OVER[rule.counted]
    return ApiError(
        -1003,
        f"{head}; current limit is {rule.limit} {what} per {rule.number} {rule.unit}. "
        f"{_WEIGHT_ADVICE}",
        status=_TOO_MANY,
        retry_after_s=_seconds_left(rule, now_ms),
    )


def _seconds_left(rule: Rule, now_ms: int) -> int:
    """Whole seconds, rounded up, until the window ends."""
    return -(-(rule.window_ms - now_ms % rule.window_ms) // 1000)
