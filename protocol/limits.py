"""How much may be asked of an exchange now: windows, lanes, reserved room, silences.

`RateLimiter` answers one question: may this cost be spent at this moment, and if not, when is it
worth asking again? Time is an argument throughout, in nanoseconds of our clock, which must not
run backwards (an earlier time counts as the latest one seen).

How it errs, wherever it cannot know: towards waiting.

- A *sliding* window holds at most its capacity in every interval of its length, whatever the
  arrivals. A *calendar* window begins at multiples of its length since 1970 UTC on the exchange's
  clock, which is ours plus `clock_offset_ns`.
- `slack_ns` is by how much a request may seem early or late to the exchange: a sliding window is
  longer by it, and what is spent that near a calendar boundary counts on both sides of it.
- What was granted counts as spent now until it is known to have arrived (`arrived`): it may wait
  for a connection or be held up on its way, and the exchange counts arrivals.
- A reply that tells the exchange's own count can only raise ours (`report`), save after a crash.
- After a crash nobody knows what was spent (`Start.AFTER_CRASH`): every window counts as full
  until it has passed. Two exceptions. A cancel finds `CANCEL_ROOM` of each window, because an
  order that cannot be withdrawn costs more than a warning from the exchange; that is the most by
  which a window can be overdrawn. And a window longer than `LONGEST_FULL_NS` counts as half full:
  to stop trading for a day on a guess helps nobody. The exchange's count, told in reply to a
  request made since, replaces either guess.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from attrs import define

from venuetree.protocol.errors import ConfigurationError, LocalProtocolError
from venuetree.protocol.limit_answers import (
    Admitted,
    LimiterState,
    Start,
    Wait,
)
from venuetree.protocol.limit_counters import open_counter
from venuetree.protocol.limit_window import Window
from venuetree.protocol.port import Cost, Lane, LimitReport, LimitWindow

__all__ = ["RateLimiter"]

_SECOND_NS = 1_000_000_000

#: A refusal for want of room that does not say how long to wait: 1 s, then twice as long each.
FIRST_BACKOFF_NS = _SECOND_NS
LONGEST_BACKOFF_NS = 60 * _SECOND_NS
#: So long after the last silence without another refusal, the next one begins at 1 s again.
CALM_NS = 60 * _SECOND_NS
#: Grants that may still be taken back or reported on. More are never in flight; one that falls
#: out of here stays spent.
GRANTS_KEPT = 4096


@define
class _Grant:
    """What was spent, and what each window's count of ours then was.

    `is_settled` once it was reported on or taken back: neither can happen a second time.
    """

    time_ns: int
    costs: Mapping[str, int]
    counts: Mapping[str, int]
    is_settled: bool = False


class RateLimiter:
    """Counts what is spent in each window, and says whether more may be.

    Args:
        windows: the exchange's limits; names are unique.
        reserved: by lane, the part of every window that only more urgent lanes may use, from 0
            to below 1; what is kept from a lane is kept from all less urgent ones too.
        now_ns: our clock.
        start: what to believe of the past.
        clock_offset_ns: the exchange's clock minus ours.
        slack_ns: how early or late a request may seem to the exchange.

    Raises ConfigurationError if these cannot work.
    """

    def __init__(
        self,
        windows: Iterable[LimitWindow],
        reserved: Mapping[Lane, float],
        *,
        now_ns: int,
        start: Start = Start.FRESH,
        clock_offset_ns: int = 0,
        slack_ns: int = 0,
    ) -> None:
        if any(not 0 <= share < 1 for share in reserved.values()) or slack_ns < 0:
            msg = f"a share is from 0 to below 1, slack not negative: {reserved}, {slack_ns}"
            raise ConfigurationError(msg, operation="limit")
        self._reserved = dict(reserved)
        self._slack_ns = slack_ns
        self._clock_offset_ns = clock_offset_ns
        self._now_ns = now_ns
        self._silent_until_ns = now_ns
        self._refused_time_ns = now_ns
        self._refusals = 0
        # Permits of one limiter's life are never those of another.
        self._permit = now_ns
        self._grants: OrderedDict[int, _Grant] = OrderedDict()
        self._windows: dict[str, Window] = {}
        self.replace(windows, now_ns)
        if start is Start.AFTER_CRASH:
            for window in self._windows.values():
                window.guess_until_ns = window.counter.passed_at(now_ns)

    # --- asking ---------------------------------------------------------------------------------

    def admit(self, costs: Iterable[Cost], lane: Lane, now_ns: int) -> Admitted | Wait:
        """Spend all of `costs`, or nothing and say when to ask again.

        Raises LocalProtocolError, having spent nothing, if a cost is negative, names no window,
        or is more than its lane may ever use of it: waiting would never end.
        """
        now_ns = self._advance(now_ns)
        amounts: dict[str, int] = {}
        for cost in costs:
            if cost.window not in self._windows or cost.amount < 0:
                raise _unpayable(cost)
            amounts[cost.window] = amounts.get(cost.window, 0) + cost.amount
        blocked: list[str] = []
        until_ns = now_ns
        for name, amount in amounts.items():
            window = self._windows[name]
            if amount == 0:
                continue
            if amount > window.room[lane]:
                msg = (
                    f"a request of the lane {lane.name.lower()} costs {amount} of {name}, "
                    f"where it may never use more than {window.room[lane]}"
                )
                raise LocalProtocolError(msg, operation="admit")
            free_at = window.free_at(amount, lane, now_ns)
            if free_at > now_ns:
                blocked.append(name)
                until_ns = max(until_ns, free_at)
        if now_ns < self._silent_until_ns:
            return Wait(max(until_ns, self._silent_until_ns), tuple(blocked))
        if blocked:
            return Wait(until_ns, tuple(blocked))
        return self._spend(amounts, now_ns)

    def refund(self, permit: int) -> bool:
        """Take back a grant that was not used; False if there is no such grant (any more).

        A second refund, or one after a report on the same grant, changes nothing.
        """
        grant = self._settle(permit)
        if grant is None:
            return False
        for name, amount in grant.costs.items():
            window = self._windows.get(name)
            if window is not None and name in grant.counts:
                window.counter.refund(permit, amount)
        self._correct_later_counts(permit, grant)
        return True

    def arrived(self, permit: int, now_ns: int) -> None:
        """The request of a grant has arrived by now, or never will.

        Of a grant that nobody speaks of, that is taken to be so after `LONGEST_UNDER_WAY_NS`.
        """
        now_ns = self._advance(now_ns)
        for window in self._windows.values():
            window.counter.arrived(permit, now_ns)

    # --- what the exchange says -----------------------------------------------------------------

    def report(
        self,
        reports: Iterable[LimitReport],
        now_ns: int,
        *,
        permit: int | None = None,
        sent_time_ns: int | None = None,
    ) -> None:
        """Take up the exchange's own counts from a reply; windows that we do not keep are ignored.

        With the `permit` of the request that was answered, what others spent is known well: it is
        the exchange's count less what we had spent when that request arrived. Requests overtake
        each other on their way, so what was granted up to `slack_ns` after it left may have arrived
        before it, and is taken to have: the reply to the last of them sets that right. Without the
        permit, all that we have spent since is taken to be in the exchange's count.
        Either way ours never falls, so replies may come in any order. A count that may belong to
        a window that has passed meanwhile is not taken up. `sent_time_ns` says when the request
        left; with its grant, if it is None.
        """
        now_ns = self._advance(now_ns)
        grant = None if permit is None else self._settle(permit)
        since_ns = now_ns if sent_time_ns is None else min(sent_time_ns, now_ns)
        if grant is not None:
            since_ns = min(since_ns, grant.time_ns)
        for told in reports:
            window = self._windows.get(told.window)
            if window is None:
                continue
            if told.capacity is not None and told.capacity > 0:
                window.told_capacity = told.capacity
                window.measure(self._reserved)
            used = window.told_used(told)
            if used is None:
                continue
            ours = None
            if grant is not None:
                arrived_ns = 0 if sent_time_ns is None else sent_time_ns + self._slack_ns
                ours = self._ours_by(told.window, grant, arrived_ns)
            is_current = window.counter.correct(used, ours, since_ns, now_ns)
            if is_current and grant is not None:
                window.guess_until_ns = 0

    def silence(self, until_ns: int) -> None:
        """Admit nothing at all, cancels included, before this time: the exchange said so.

        Whoever goes on asking after a 429 earns a 418, a ban of minutes that grows to days.
        """
        self._silent_until_ns = max(self._silent_until_ns, until_ns)

    def refused(self, now_ns: int, *, sent_time_ns: int | None = None) -> None:
        """The exchange had no room for a request and did not say for how long.

        Everything is silent for 1 s, after a further refusal for twice as long, and so on up to
        a minute. Refusals of requests that were under way when the silence began are no further
        ones.
        """
        now_ns = self._advance(now_ns)
        if sent_time_ns is not None and self._refusals and sent_time_ns <= self._refused_time_ns:
            return
        if now_ns - self._silent_until_ns > CALM_NS:
            self._refusals = 0
        backoff_ns = min(LONGEST_BACKOFF_NS, FIRST_BACKOFF_NS * 2 ** min(self._refusals, 30))
        self._refusals += 1
        self._refused_time_ns = now_ns
        self.silence(now_ns + backoff_ns)

    def replace(self, windows: Iterable[LimitWindow], now_ns: int) -> None:
        """Take these windows in place of those of the same name, keeping what was spent.

        Windows that are not named stay: requests may still state a cost in them. Raises
        ConfigurationError if a capacity or a period is not positive or a name is twice there,
        having changed nothing.
        """
        now_ns = self._advance(now_ns)
        wanted = tuple(windows)
        names = [limit.name for limit in wanted]
        if len(set(names)) < len(names) or any(w.capacity < 1 or w.period_ns < 1 for w in wanted):
            msg = f"limits need names of their own, and positive capacities and periods: {wanted}"
            raise ConfigurationError(msg, operation="limit")
        for limit in wanted:
            window = self._windows.get(limit.name)
            if window is None or _is_other_window(window.limit, limit):
                counter = open_counter(limit, self._clock_offset_ns, self._slack_ns)
                if window is not None:
                    counter.correct(window.counter.used(now_ns), None, now_ns, now_ns)
                window = self._windows[limit.name] = Window(limit, counter)
            window.limit = limit
            window.told_capacity = None
            window.measure(self._reserved)

    def set_clock_offset(self, offset_ns: int, now_ns: int) -> None:
        """The exchange's clock is so far ahead of ours: calendar windows move with it."""
        now_ns = self._advance(now_ns)
        self._clock_offset_ns = offset_ns
        for window in self._windows.values():
            window.counter.set_clock_offset(offset_ns, now_ns)

    # --- looking --------------------------------------------------------------------------------

    def state(self, now_ns: int) -> LimiterState:
        """How full the windows are."""
        now_ns = self._advance(now_ns)
        silent = self._silent_until_ns if now_ns < self._silent_until_ns else None
        return LimiterState(tuple(w.state(now_ns) for w in self._windows.values()), silent)

    # --- inside ---------------------------------------------------------------------------------

    def _advance(self, now_ns: int) -> int:
        self._now_ns = max(self._now_ns, now_ns)
        return self._now_ns

    def _spend(self, amounts: Mapping[str, int], now_ns: int) -> Admitted:
        self._permit += 1
        counts = {
            name: self._windows[name].counter.spend(self._permit, amount, now_ns)
            for name, amount in amounts.items()
        }
        self._grants[self._permit] = _Grant(now_ns, dict(amounts), counts)
        if len(self._grants) > GRANTS_KEPT:
            self._grants.popitem(last=False)
        return Admitted(self._permit, now_ns)

    def _settle(self, permit: int) -> _Grant | None:
        """A grant that may be reported on or taken back, from now on no more; None if not."""
        grant = self._grants.get(permit)
        if grant is None or grant.is_settled:
            return None
        # Kept: what it counted is needed to reckon with the reports on others.
        grant.is_settled = True
        return grant

    def _ours_by(self, window: str, grant: _Grant, time_ns: int) -> int | None:
        """Our count of a window at this time; at a grant's own at the least."""
        if window not in grant.counts:
            return None
        for other in reversed(self._grants.values()):
            if other is grant:
                break
            if other.time_ns <= time_ns and window in other.counts:
                return max(grant.counts[window], other.counts[window])
        return grant.counts[window]

    def _correct_later_counts(self, refunded: int, grant: _Grant) -> None:
        """What was taken back is in no count of the exchange's, so in none of ours either."""
        for permit, later in reversed(self._grants.items()):
            if permit < refunded:
                return
            later.counts = {
                name: max(0, count - grant.costs.get(name, 0))
                for name, count in later.counts.items()
            }


def _unpayable(cost: Cost) -> LocalProtocolError:
    if cost.amount < 0:
        msg = f"a request states the negative cost {cost.amount} of {cost.window}"
    else:
        msg = f"a request states a cost in {cost.window!r}, which is no window of this exchange"
    return LocalProtocolError(msg, operation="admit")


def _is_other_window(before: LimitWindow, after: LimitWindow) -> bool:
    return (before.kind, before.period_ns) != (after.kind, after.period_ns)
