"""One account's transactions in their order, each once, by whichever way it comes first.

They come by the stream, by the pages of `sinceid`, and within the replies to our own requests, in
any sequence and more than once. Their ids grow by one. The stream and the replies may be ahead of
what is missing, which then waits; a page tells all that there is after an id, and what it leaves
out is looked for again before it is believed not to exist.

Followed: "Transaction endpoints", `transactions/sinceid` and `transactions/stream`.
"""

from collections.abc import Iterable
from typing import Final, Generic, TypeVar

from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.exchanges.oanda.reading import NAME

__all__ = ["LogOrder"]

T = TypeVar("T")

#: What may wait for something before it; far more than an exchange sends in the time of a question.
_WAITING_AT_MOST: Final = 100_000
#: Ids that the log left out and that may still come.
_LEFT_OUT_AT_MOST: Final = 10_000


class LogOrder(Generic[T]):
    """What has been delivered of a log, and what waits.

    Args:
        last: the id after which it begins.
    """

    def __init__(self, last: int) -> None:
        #: The highest id delivered.
        self.last = last
        #: The highest id that there is, as far as has been told.
        self.newest = last
        self._waiting: dict[int, T] = {}
        self._left_out: dict[int, None] = {}

    @property
    def is_behind(self) -> bool:
        """Whether there is something that has not been delivered."""
        return self.newest > self.last

    def told_newest(self, number: int) -> None:
        """The exchange said that there is an entry of this id."""
        self.newest = max(self.newest, number)

    def take(self, number: int, entry: T) -> list[T]:
        """An entry of the stream, or of a reply: what can be delivered now, in order.

        Raises:
            RemoteProtocolError: too much waits for something before it.
        """
        self.told_newest(number)
        if number <= self.last:
            if number not in self._left_out:
                return []
            # The log had left it out: late is better than never.
            del self._left_out[number]
            return [entry]
        if number > self.last + 1:
            self._waiting.setdefault(number, entry)
            if len(self._waiting) > _WAITING_AT_MOST:
                message = f"more than {_WAITING_AT_MOST} transactions came without those before"
                raise RemoteProtocolError(message, exchange=NAME, operation="transactions")
            return []
        self.last = number
        return [entry, *self._drain()]

    def page(
        self, entries: Iterable[tuple[int, T]], *, accept_gaps: bool = False
    ) -> tuple[list[T], int | None]:
        """What the log holds after `last`, ascending: what can be delivered now, in order.

        Args:
            entries: ids and entries of one page.
            accept_gaps: whether an id that the page leaves out does not exist.

        Returns:
            The entries, and the first id that is missing. Where that is not accepted, the page is
            taken only as far as there.
        """
        delivered: list[T] = []
        missing: int | None = None
        for number, entry in entries:
            self.told_newest(number)
            delivered += self._drain()
            if number <= self.last or (missing is not None and not accept_gaps):
                delivered += self.take(number, entry)
                continue
            if number > self.last + 1:
                missing = missing or self.last + 1
                if not accept_gaps:
                    self._waiting.setdefault(number, entry)
                    continue
                delivered += self._skip_to(number)
            if number > self.last:
                self._waiting.pop(number, None)
                self.last = number
                delivered.append(entry)
        return delivered + self._drain(), missing

    def _drain(self) -> list[T]:
        """What follows without a gap."""
        ready: list[T] = []
        while self._waiting and (found := self._waiting.pop(self.last + 1, None)) is not None:
            self.last += 1
            ready.append(found)
        return ready

    def _skip_to(self, number: int) -> list[T]:
        """Give up the ids before `number` that nobody has told; what waits among them is due."""
        due: list[T] = []
        for left in sorted(each for each in self._waiting if each < number):
            self._leave_out(self.last + 1, left)
            due.append(self._waiting.pop(left))
            self.last = left
        self._leave_out(self.last + 1, number)
        self.last = number - 1
        return due

    def _leave_out(self, first: int, end: int) -> None:
        for number in range(max(first, end - _LEFT_OUT_AT_MOST), end):
            self._left_out[number] = None
        while len(self._left_out) > _LEFT_OUT_AT_MOST:
            del self._left_out[next(iter(self._left_out))]
