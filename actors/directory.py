"""What is known of an exchange beyond its streams: instruments, and whether it answers.

A plain table owned by the exchange's tree, which outlives every actor in it. The upkeep actor
writes the instruments, the REST worker notes answers; everybody reads.
"""

from collections.abc import Callable, Iterable, Mapping

import anyio

from venuetree.protocol.models import Instrument
from venuetree.protocol.port import ReferenceTold

__all__ = ["Directory"]


class Directory:
    """Instruments by name, and reachability."""

    def __init__(self, on_lost: Callable[[], object] = lambda: None) -> None:
        """`on_lost` is called when the exchange can no longer be reached."""
        self._on_lost = on_lost
        self._instruments: dict[str, Instrument] = {}
        #: How far the exchange's clock is ahead of ours, as the auth actor believes.
        self.clock_offset_ns = 0
        #: By instrument: the price by which the exchange judged prices when last asked.
        self.references: dict[str, ReferenceTold] = {}
        #: Of an entry of the exchange's log of the account that was there when last told; `""`
        #: for none. What is sent from now on is told after it.
        self.log_position = ""
        self._answered = anyio.Event()
        self._is_reachable = False

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """By our name; empty until they have been fetched."""
        return self._instruments

    def learn(self, instruments: Iterable[Instrument]) -> None:
        """Take in what the exchange says of its instruments, newer over older."""
        for instrument in instruments:
            self._instruments[instrument.name] = instrument

    @property
    def is_reachable(self) -> bool:
        """Whether the last attempt to ask the exchange something got an answer."""
        return self._is_reachable

    def answered(self) -> None:
        """The exchange answered, whatever it said."""
        self._is_reachable = True
        self._answered.set()

    def unreachable(self) -> None:
        """The exchange could not be reached."""
        was_reachable, self._is_reachable = self._is_reachable, False
        if self._answered.is_set():
            self._answered = anyio.Event()
        if was_reachable:
            self._on_lost()

    async def reachable(self) -> None:
        """Wait until the exchange answers. Cancelling it leaves nothing behind."""
        await self._answered.wait()
