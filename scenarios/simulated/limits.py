"""Rate limits: a bucket that holds `burst` tokens and gains `per_second` of them."""

import attrs

from venuetree.scenarios.simulated.numbers import NANOSECONDS


@attrs.frozen
class Limit:
    """So many a second, and so many at once."""

    per_second: int
    burst: int


@attrs.define
class Bucket:
    """The state of one limit for one client; it starts full."""

    limit: Limit
    _credit: int = attrs.field(init=False)
    _updated_ns: int | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        # Credit is counted in token-nanoseconds: integers do not drift.
        self._credit = self.limit.burst * NANOSECONDS

    def admit(self, now_ns: int) -> bool:
        """Take one token, if there is one."""
        if self._updated_ns is not None and now_ns > self._updated_ns:
            gained = (now_ns - self._updated_ns) * self.limit.per_second
            self._credit = min(self._credit + gained, self.limit.burst * NANOSECONDS)
        self._updated_ns = now_ns
        if self._credit < NANOSECONDS:
            return False
        self._credit -= NANOSECONDS
        return True

    @property
    def remaining(self) -> int:
        """Whole tokens left."""
        return self._credit // NANOSECONDS

    @property
    def seconds_until_full(self) -> int:
        """Whole seconds, rounded up, until the bucket is full again."""
        missing = self.limit.burst * NANOSECONDS - self._credit
        return -(-missing // (self.limit.per_second * NANOSECONDS))


@attrs.define
class Limiter:
    """One bucket for each client that shows up."""

    limit: Limit | None
    _buckets: dict[str, Bucket] = attrs.field(factory=dict, init=False)

    def bucket(self, client: str) -> Bucket | None:
        """The client's bucket; None when there is no limit."""
        if self.limit is None:
            return None
        return self._buckets.setdefault(client, Bucket(self.limit))

    def admit(self, client: str, now_ns: int) -> bool:
        """Take one token of this client; always true when there is no limit."""
        bucket = self.bucket(client)
        return bucket is None or bucket.admit(now_ns)
