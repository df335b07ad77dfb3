"""The changes of one book, gathered into depth events that leave no update out.

Both paces run whether or not anybody listens: the events of a symbol follow
each other without a gap (``U`` is the last ``u`` plus one) over all
connections and over the whole life of the exchange.
"""

from decimal import Decimal

import attrs

from venuetree.scenarios.simulated.matching import Side

Level = tuple[Side, Decimal]


@attrs.define(eq=False)
class DepthWindow:
    """The levels touched since the last event of one pace, each once."""

    last_id: int
    """The ``u`` of the last event."""
    _touched: dict[Level, None] = attrs.field(factory=dict, init=False)

    def note(self, levels: list[Level]) -> None:
        """Remember that these levels changed."""
        self._touched.update(dict.fromkeys(levels))

    def close(self, update_id: int) -> tuple[int, list[Level]] | None:
        """(first update id, levels) up to this update id; None if nothing has changed."""
        if update_id == self.last_id:
            return None
        first_id, self.last_id = self.last_id + 1, update_id
        levels, self._touched = list(self._touched), {}
        return first_id, levels
