"""Which connection carries which subscription: pure, and stable for those already placed."""

from collections import Counter
from collections.abc import Iterable, Mapping

from venuetree.protocol.models import Topic
from venuetree.protocol.port import StreamLimits, Subscription

__all__ = ["place_subscriptions"]


def place_subscriptions(
    wanted: Iterable[Subscription],
    placed: Mapping[Subscription, int],
    limits: StreamLimits,
) -> dict[Subscription, int]:
    """The connection number, from 0, of every wanted subscription.

    What is already placed stays where it is, so that no stream is disturbed by another's coming.
    A new one goes where its instrument already is, else to the first connection with room for
    its topic, else to a new one.
    """
    wanted = sorted(set(wanted))
    result = {
        subscription: placed[subscription] for subscription in wanted if subscription in placed
    }
    load: Counter[tuple[int, Topic]] = Counter()
    homes: dict[str, list[int]] = {}
    for subscription, shard in result.items():
        load[shard, subscription.topic] += 1
        homes.setdefault(subscription.instrument, []).append(shard)
    for subscription in wanted:
        if subscription in result:
            continue
        limit = limits.instruments.get(subscription.topic)
        candidates = [*homes.get(subscription.instrument, ()), *range(len(wanted) + 1)]
        shard = next(
            shard
            for shard in candidates
            if limit is None or load[shard, subscription.topic] < limit
        )
        result[subscription] = shard
        load[shard, subscription.topic] += 1
        homes.setdefault(subscription.instrument, []).append(shard)
    return result
