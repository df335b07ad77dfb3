"""The demo's order of events: chapters that all exchanges go through together, page by page."""

from collections.abc import Callable

import anyio
from attrs import define, field

__all__ = ["Story"]


@define(eq=False)
class Story:
    """Lets every exchange finish a chapter before any begins the next, and the reader read it.

    Attributes:
        readers: how many exchanges take part.
        pace_s: a chapter takes at least so many seconds.
        on_turned: called with a chapter's number, from 0, once all have finished it.
    """

    readers: int
    pace_s: float
    on_turned: Callable[[int], object]
    chapter: int = field(default=0, init=False)
    _arrived: int = field(default=0, init=False)
    _began: float = field(init=False)
    _page: anyio.Event = field(factory=anyio.Event, init=False)

    def __attrs_post_init__(self) -> None:
        self._began = anyio.current_time()

    async def turn_page(self) -> None:
        """Wait until every exchange has finished the chapter."""
        self._arrived += 1
        page = self._page
        if self._arrived < self.readers:
            await page.wait()
            return
        await anyio.sleep_until(self._began + self.pace_s)
        self._arrived, self._page, self._began = 0, anyio.Event(), anyio.current_time()
        self.on_turned(self.chapter)
        self.chapter += 1
        page.set()
