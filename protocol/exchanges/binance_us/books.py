"""All books of a connection, and what is being asked about them."""

from collections.abc import Iterable, Iterator
from typing import Final

from venuetree.protocol.commands import FetchBook
from venuetree.protocol.errors import EngineError, RateLimited
from venuetree.protocol.events import StaleReason
from venuetree.protocol.exchanges.binance_us.kept_book import KeptBook
from venuetree.protocol.port import Call, SessionEvent
from venuetree.protocol.session import earliest

__all__ = ["Books"]

#: Ours: snapshots and checks under way at once, so that they do not fill the REST worker.
CALLS_AT_MOST: Final = 3


class Books:
    """The books of one connection; they take the same few seats at the REST worker."""

    def __init__(self) -> None:
        self._books: dict[str, KeptBook] = {}
        #: Whom an answer is for: a book that was left and is wanted again is another one.
        self._calls: dict[FetchBook, KeptBook] = {}
        #: A limit was hit: nothing is asked before this.
        self._silent_until_ns = 0

    def want(self, books: Iterable[KeptBook]) -> None:
        """From now on these and no others."""
        self._books = {book.instrument: book for book in books}

    @property
    def are_delivered(self) -> bool:
        """Whether every book is in step, but for those that the exchange does not have."""
        return all(book.sequencer.is_in_step or book.is_refused for book in self._books.values())

    @property
    def deadline_ns(self) -> int | None:
        """When `judge` or `calls` may have something to do."""
        doubts_ns = earliest(*(book.doubt_due_ns for book in self._books.values()))
        asking_ns = min((due_ns for due_ns, _, _ in self._questions()), default=None)
        if asking_ns is None or len(self._calls) >= CALLS_AT_MOST:
            return doubts_ns
        return earliest(doubts_ns, max(asking_ns, self._silent_until_ns))

    def _questions(self) -> Iterator[tuple[int, str, FetchBook]]:
        for name, book in self._books.items():
            question = book.question
            if question is not None and question[1] not in self._calls:
                yield question[0], name, question[1]

    def calls(self, now_ns: int) -> list[Call]:
        """What is to be asked now, first what has been due for the longest."""
        if now_ns < self._silent_until_ns:
            return []
        room = max(0, CALLS_AT_MOST - len(self._calls))
        due = sorted(
            (question for question in self._questions() if question[0] <= now_ns),
            key=lambda question: question[:2],
        )
        for _, name, command in due[:room]:
            book = self._calls[command] = self._books[name]
            if command == book.snapshot:
                book.ask()
        return [Call(command) for _, _, command in due[:room]]

    def answered(
        self, command: FetchBook, answer: object | EngineError, now_ns: int
    ) -> list[SessionEvent]:
        """A snapshot, a check, or the error that came instead."""
        if isinstance(answer, RateLimited) and answer.retry_after_ns is not None:
            self._silent_until_ns = max(self._silent_until_ns, now_ns + answer.retry_after_ns)
        book = self._calls.pop(command, None)
        if book is None or self._books.get(book.instrument) is not book:
            return []
        return (
            book.load(answer, now_ns) if command == book.snapshot else book.compare(answer, now_ns)
        )

    def judge(self, now_ns: int) -> list[SessionEvent]:
        """Books whose missing changes have not come begin anew."""
        return [event for book in self._books.values() for event in book.judge(now_ns)]

    def stop(self, reason: StaleReason, now_ns: int) -> list[SessionEvent]:
        """The connection is over: every book that was in step is so no more."""
        return [event for book in self._books.values() for event in book.stop(reason, now_ns)]
