"""A network that opens no more connections in a while than an exchange takes.

Some exchanges refuse connections that come too soon after others, whatever they are for. Streams
and questions of one exchange therefore share one pace, below everything that reconnects.
"""

from collections import deque

import anyio
from anyio.abc import ByteStream

from venuetree.actors.addresses import TlsMode
from venuetree.actors.network import Network
from venuetree.protocol.port import LimitWindow

__all__ = ["PacedNetwork"]

#: How much longer one connection may be on its way than another: they are counted over there.
SLACK_S = 0.1


class PacedNetwork:
    """A `Network` of which any interval of a window's length sees at most its capacity begun.

    Args:
        network: opens the connections.
        window: how many in how long.
    """

    def __init__(self, network: Network, window: LimitWindow) -> None:
        self._network = network
        self._period_s = window.period_ns / 1e9 + SLACK_S
        #: When the last connections began, on the loop's clock.
        self._begun: deque[float] = deque(maxlen=window.capacity)
        #: Held by whoever is next.
        self._turn = anyio.Lock()

    def turn_in(self) -> float:
        """Seconds until a connection that is asked for now would begin, or somewhat less."""
        begun, wait = self._begun, 0.0
        if len(begun) == begun.maxlen:
            wait = max(0.0, begun[0] + self._period_s - anyio.current_time())
        # Somebody is next, and has not begun yet: his turn comes before this one.
        return max(wait, SLACK_S) if self._turn.locked() else wait

    async def connect(
        self, host: str, port: int, *, tls: TlsMode, server_hostname: str | None = None
    ) -> ByteStream:
        """Wait for its turn, then open a connection; see `Network.connect`.

        Turns are taken in the order of asking. One that is given up while it waits costs the
        others nothing: else those that give up and ask again would push everybody further back.
        """
        begun = self._begun
        async with self._turn:
            if len(begun) == begun.maxlen:
                await anyio.sleep_until(begun[0] + self._period_s)
            begun.append(anyio.current_time())
        return await self._network.connect(host, port, tls=tls, server_hostname=server_hostname)
