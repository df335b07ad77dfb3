"""Telling reports: to the subscribers here, and to the supervisor above."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

from venuetree.supervisors.reports import Report, SubscriberFailed

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)


class Announcer:
    """The subscribers of one supervisor. `path` and `incarnation` are that supervisor's own."""

    def __init__(self) -> None:
        self.path: tuple[str, ...] = ()
        self.incarnation = 1
        self.upward: Callable[[object], None] | None = None
        self._subscribers: list[Callable[[Report], object]] = []

    def subscribe(self, tell: Callable[[Report], object]) -> Callable[[], None]:
        """Call `tell` with every report from now on; call what is returned to end that."""
        self._subscribers.append(tell)

        def unsubscribe() -> None:
            if tell in self._subscribers:
                self._subscribers.remove(tell)

        return unsubscribe

    def announce(self, report: Report) -> None:
        """Tell everybody. A subscriber that raises is logged, and reported to the others."""
        for tell in tuple(self._subscribers):
            try:
                tell(report)
            except Exception as error:  # a subscriber must not take the tree down
                log.exception("a subscriber to supervision reports raised")
                if not isinstance(report, SubscriberFailed):
                    self._tell_others(
                        tell, SubscriberFailed(report.at, self.path, self.incarnation, error)
                    )
        if self.upward is not None:
            self.upward(report)

    def _tell_others(self, failed: Callable[[Report], object], report: SubscriberFailed) -> None:
        for tell in tuple(self._subscribers):
            if tell is not failed:
                try:
                    tell(report)
                except Exception:
                    log.exception("a subscriber to supervision reports raised")

    def forward(self, report: object) -> None:
        """Pass on a report of a supervisor below, which knows no type for it up here."""
        self.announce(cast("Report", report))
