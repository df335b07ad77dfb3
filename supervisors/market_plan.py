"""Which market connections run: one for each shard of what is subscribed."""

import math
from collections.abc import Callable
from random import Random
from typing import Any

import anyio

from venuetree.actors.context import Context
from venuetree.actors.errors import ActorError
from venuetree.actors.hub import Hub
from venuetree.actors.stream_messages import Reader, SubscriptionsChanged
from venuetree.supervisors.restart import Backoff
from venuetree.supervisors.spec import ChildSpec
from venuetree.supervisors.supervisor import Supervisor

__all__ = ["MarketPlan"]


class MarketPlan:
    """Keeps as many connections as the subscriptions need.

    Args:
        hub: says what is subscribed, and on which shard.
        reader: the child that carries a shard; named `market-<shard>`.
        backoff: of the plan itself.
        rng: for jitter.

    Attributes:
        supervisor: of the plan and its connections.
    """

    def __init__(
        self, hub: Hub, reader: Callable[[int], ChildSpec[Reader]], backoff: Backoff, rng: Random
    ) -> None:
        self._hub = hub
        self._reader = reader
        self._needed = anyio.Event()
        self.supervisor = Supervisor(
            ChildSpec("plan", self._run, backoff=backoff), intensity=math.inf, rng=rng
        )
        hub.on_change(self._nudge)

    def _nudge(self) -> None:
        self._needed.set()

    async def _run(self, ctx: Context[Any]) -> None:
        """Start a connection for each shard that has none, stop those with nothing to carry."""
        ctx.ready()
        running: set[int] = set()
        while True:
            self._needed = anyio.Event()
            shards = set(self._hub.shards)
            for shard in sorted(running - shards):
                await self.supervisor.stop_child(f"market-{shard}")
            for shard in sorted(shards & running):
                self._nudge_reader(shard)
            for shard in sorted(shards - running):
                await self.supervisor.start_child(self._reader(shard))
            running = shards
            await self._needed.wait()

    def _nudge_reader(self, shard: int) -> None:
        try:
            self.supervisor[f"market-{shard}"].tell_nowait(SubscriptionsChanged())
        except ActorError:
            # It is going down: its next incarnation asks the hub by itself.
            return
