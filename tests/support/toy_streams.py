"""Streams of the invented exchange of `toy`: what a test fills, and the session that reads it."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import anyio
import orjson

from tests.support.toy_samples import NAME, SECOND, report, trade_changed, transaction
from venuetree.protocol import commands
from venuetree.protocol.book import Book
from venuetree.protocol.errors import EngineError, RemoteProtocolError
from venuetree.protocol.events import BookInStep, BookStale, OrderReported, StaleReason
from venuetree.protocol.messages import Request
from venuetree.protocol.models import MarginTradeChange, OrderStatus, ReportSource
from venuetree.protocol.port import (
    Action,
    Auth,
    Call,
    Close,
    Connect,
    Replace,
    Send,
    SendSigned,
    SessionEvent,
    Step,
    StreamMessage,
    StreamSession,
    Subscription,
    Transport,
)

__all__ = ["ToySession", "ToyStream"]


class ToyStream:
    """A stream of messages that the test puts in."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.sent: list[str] = []
        self.is_open = True
        self._queue: deque[bytes | Exception] = deque()
        self._arrived = anyio.Event()

    def put(self, *items: bytes | Exception) -> None:
        """Messages, or the error that ends it."""
        self._queue.extend(items)
        self._arrived.set()

    async def receive_many(self) -> list[bytes | str]:
        """What has been put in."""
        while not self._queue:
            self._arrived = anyio.Event()
            await self._arrived.wait()
        await anyio.lowlevel.checkpoint()
        items: list[bytes | str] = []
        while self._queue and not isinstance(self._queue[0], Exception):
            item = self._queue.popleft()
            if isinstance(item, bytes):
                items.append(item)
        if items:
            return items
        error = self._queue.popleft()
        if isinstance(error, Exception):
            raise error
        raise AssertionError(error)

    async def send(self, text: str) -> None:
        """Kept for the test."""
        await anyio.lowlevel.checkpoint()
        self.sent.append(text)

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        """Nothing to say."""
        del code, reason
        await anyio.lowlevel.checkpoint()


class ToySession:
    """Frames are JSON: {"book": name} brings a book in step, {"order": …} reports an order,
    {"log": number} is an entry of the account's log, "order" or "trade" in it tells more;
    {"close": reason}, {"call": 1}, {"sign": 1} make actions of these kinds.
    """  # noqa: D205

    def __init__(self, name: str) -> None:
        self.name = name
        self.books: dict[str, Book] = {}
        self.wanted: frozenset[Subscription] = frozenset()
        self._actions: list[Action] = []
        self._deadline: int | None = None
        self._last = 0
        self.asks_first: list[Request[Any, Any]] = []
        self.told_first: list[object] = []
        self.endpoint = ""
        self.auth = Auth.NONE
        self.query = ""
        #: What replies told, and what was wanted when the connection was opened.
        self.heard: list[bytes] = []
        self.hearings = 0
        self.wanted_first: frozenset[Subscription] | None = None

    def before(self) -> Request[Any, Any] | None:
        """What the test put there."""
        return self.asks_first.pop(0) if self.asks_first else None

    def connect(self, wanted: frozenset[Subscription]) -> Connect:
        """A WebSocket whose address says what is wanted; an error that came first is raised."""
        self.wanted_first = wanted
        for answer in self.told_first:
            if isinstance(answer, EngineError):
                raise answer
        path = "/".join(sorted(subscription.instrument for subscription in wanted))
        return Connect(
            Transport.WEBSOCKET,
            path=f"{path}?{self.query}" if self.query else path,
            headers=(("for", self.name),),
            auth=self.auth,
            endpoint=self.endpoint,
        )

    def opened(self, now_ns: int) -> None:
        """The watchdog begins."""
        self._last = now_ns
        self._deadline = now_ns + 1000 * SECOND

    def want(self, subscriptions: frozenset[Subscription], now_ns: int) -> None:
        """Say what is wanted."""
        del now_ns
        self.wanted = subscriptions
        names = sorted(f"{s.instrument}/{s.topic.value}" for s in subscriptions)
        self._actions.append(Send(orjson.dumps({"want": names}).decode()))

    def receive(self, frame: bytes | str, received_time_ns: int) -> Sequence[SessionEvent]:
        """As the class says."""
        self._last = received_time_ns
        self._deadline = received_time_ns + 1000 * SECOND
        try:
            message = orjson.loads(frame)
        except orjson.JSONDecodeError as error:
            raise RemoteProtocolError("no JSON", exchange=NAME) from error
        match message:
            case {"book": str(name)}:
                book = self.books.setdefault(name, Book(name))
                book.load((), ())
                return (BookInStep(NAME, name, book, received_time_ns),)
            case {"log": int(number)}:
                return self._entry(number, message, received_time_ns)
            case {"order": str(status), "id": str(client_order_id), "filled": str(filled)}:
                told = report(
                    OrderStatus(status),
                    client_order_id,
                    filled=filled,
                    source=ReportSource.STREAM,
                )
                return (OrderReported(NAME, told, None, received_time_ns),)
            case {"close": str(reason)}:
                self._actions.append(Close(reason))
            case {"replace": str(reason)}:
                self._actions.append(Replace(reason))
            case {"call": _}:
                self._actions.append(Call(commands.FetchBalances()))
            case {"sign": _}:
                self._actions.append(SendSigned(StreamMessage({"subscribe": "user"})))
        return ()

    def _entry(
        self, number: int, entry: Mapping[str, Any], received_time_ns: int
    ) -> Sequence[SessionEvent]:
        """An entry of the account's log, and what it tells of an order or a margin trade."""
        match entry:
            case {"trade": str(change)}:
                changed = trade_changed(number, MarginTradeChange(change))
                return (transaction(number), changed)
            case {"order": str(status), "id": str(client_order_id)}:
                told = report(OrderStatus(status), client_order_id, source=ReportSource.STREAM)
                return (transaction(number), OrderReported(NAME, told, None, received_time_ns))
            case _:
                return (transaction(number),)

    @property
    def has_work(self) -> bool:
        """Whether actions wait."""
        return bool(self._actions)

    @property
    def deadline_ns(self) -> int | None:
        """A thousand seconds of silence."""
        return self._deadline

    def step(self, now_ns: int) -> Step:
        """Actions, and the watchdog."""
        actions, self._actions = tuple(self._actions), []
        if self._deadline is not None and now_ns >= self._deadline:
            actions = (*actions, Close("silent"))
        return Step((), actions)

    def answered(
        self, command: Request[Any, Any], answer: object | EngineError, now_ns: int
    ) -> Sequence[SessionEvent]:
        """Say back what came; keep what came before the connection was opened."""
        del command, now_ns
        if self._deadline is None:
            self.told_first.append(answer)
            return ()
        self._actions.append(Send(orjson.dumps({"answer": type(answer).__name__}).decode()))
        return ()

    def take_over(
        self, before: StreamSession, held: Sequence[SessionEvent], now_ns: int
    ) -> Sequence[SessionEvent]:
        """What was held, and each book anew."""
        del before
        books = [BookInStep(NAME, name, book, now_ns) for name, book in self.books.items()]
        return [*(event for event in held if not isinstance(event, BookInStep)), *books]

    def told(self, entries: Sequence[bytes], received_time_ns: int) -> Sequence[SessionEvent]:
        """Each is as good as a frame."""
        self.hearings += 1
        self.heard += entries
        return tuple(event for each in entries for event in self.receive(each, received_time_ns))

    def closed(self, reason: str, now_ns: int) -> Sequence[SessionEvent]:
        """Every book is stale."""
        del reason
        return [
            BookStale(NAME, name, StaleReason.DISCONNECTED, now_ns)
            for name, book in self.books.items()
            if book.mark_stale()
        ]

    @property
    def is_healthy(self) -> bool:
        """Whether a book is in step."""
        return any(book.in_step for book in self.books.values())
