"""An invented exchange in memory, to show that actors and trees know nothing of any real one.

Its REST host answers what a test scripts; its streams are channels that a test fills and breaks.
Everything runs on virtual time.
"""

import random
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial
from typing import Any

import anyio
import orjson
from attrs import define, evolve, field, frozen

from venuetree.actors.clock import Clock, LoopClock
from venuetree.actors.streams import Stream
from venuetree.protocol import commands
from venuetree.protocol.book import Book
from venuetree.protocol.errors import (
    AuthRefused,
    EngineError,
    NotSupported,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    RemoteProtocolError,
    TransportError,
)
from venuetree.protocol.events import (
    BookInStep,
    BookStale,
    MarginTradeChanged,
    OrderReported,
    StaleReason,
    TransactionRecorded,
)
from venuetree.protocol.journal import MemoryJournal
from venuetree.protocol.ledger import Ledger
from venuetree.protocol.messages import Request
from venuetree.protocol.models import (
    Fill,
    Liquidity,
    MarginTradeChange,
    OrderReport,
    OrderStatus,
    OrderType,
    ReportSource,
    Side,
    Topic,
)
from venuetree.protocol.port import (
    Action,
    Auth,
    Call,
    Chore,
    ChoreEffect,
    ClockReading,
    Close,
    Connect,
    Cost,
    Effect,
    Endpoints,
    Exchange,
    FlowContext,
    Lane,
    LimitReport,
    LimitWindow,
    MessageDoor,
    Profile,
    Replace,
    RestFlow,
    RestNews,
    RestReply,
    RestRequest,
    Send,
    SendSigned,
    SessionEvent,
    SignedAhead,
    Step,
    StreamLimits,
    StreamMessage,
    StreamSession,
    Subscription,
    Transport,
    WindowKind,
)
from venuetree.supervisors import Supervisor, Unrecoverably, running
from venuetree.supervisors.exchange_tree import ExchangeTree
from venuetree.supervisors.wiring import Part, Wiring

SECOND = 1_000_000_000
NAME = "toy"


def report(
    status: OrderStatus,
    client_order_id: str = "c1",
    *,
    filled: str = "0",
    source: ReportSource = ReportSource.QUERY,
    number: str | None = None,
) -> OrderReport:
    """What the toy exchange says of an order."""
    return OrderReport(
        exchange=NAME,
        instrument="A-USD",
        exchange_order_id=number or f"x-{client_order_id}",
        status=status,
        source=source,
        received_time_ns=0,
        client_order_id=client_order_id,
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=Decimal(1),
        price=Decimal(10),
        filled_quantity=Decimal(filled),
    )


def fill(client_order_id: str = "c1", number: int = 1, quantity: str = "1") -> Fill:
    """An execution at the toy exchange."""
    return Fill(
        exchange=NAME,
        instrument="A-USD",
        fill_id=f"f{number}",
        exchange_order_id=f"x-{client_order_id}",
        side=Side.BUY,
        price=Decimal(10),
        quantity=Decimal(quantity),
        fee=Decimal(0),
        fee_currency="USD",
        liquidity=Liquidity.MAKER,
        exchange_time_ns=0,
    )


@frozen
class Told:
    """An answer of a script, and what else its reply says."""

    answer: object
    news: tuple[RestNews, ...]


class ToyRest:
    """Each command is one request; the reply's body names the scripted answer."""

    def __init__(self, host: "ToyHost") -> None:
        self._host = host

    def flow(self, command: Request[Any, Any], context: FlowContext) -> RestFlow[Any]:
        """One request, one answer."""
        del context
        if isinstance(command, commands.FetchFees):
            raise NotSupported("fees", exchange=NAME, operation="fees")
        return self._ask(command)

    def _ask(self, command: Request[Any, Any]) -> RestFlow[Any]:
        lane, effect = {
            commands.PlaceOrder: (Lane.PLACE, Effect.WRITE),
            commands.ClosePosition: (Lane.PLACE, Effect.WRITE),
            commands.EditOrder: (Lane.PLACE, Effect.WRITE),
            commands.CancelOrder: (Lane.CANCEL, Effect.WRITE),
            commands.ResolveOrder: (Lane.RESOLVE, Effect.READ),
        }.get(type(command), (Lane.DATA, Effect.READ))
        self._host.commands.append(command)
        reply = yield RestRequest(
            operation=type(command).__name__,
            method="POST",
            path="/",
            body=str(len(self._host.commands) - 1).encode(),
            auth=Auth.NONE if isinstance(command, commands.FetchServerTime) else Auth.SIGNED,
            effect=effect,
            lane=lane,
            costs=(Cost("all"),),
        )
        answer = self._host.answers.pop(reply.body)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Told):
            yield from answer.news
            return answer.answer
        if isinstance(command, commands.FetchServerTime):
            yield ClockReading(answer, reply.sent_time_ns, reply.received_time_ns)
        return answer

    def limits(self, reply: RestReply) -> Sequence[LimitReport]:
        """From a header."""
        used = reply.headers.get("used")
        return (LimitReport("all", used=int(used)),) if used else ()

    def retry_after_ns(self, reply: RestReply) -> int | None:
        """From a header."""
        seconds = reply.headers.get("retry-after")
        return None if seconds is None else int(seconds) * SECOND


class ToySigner:
    """Puts the time that it was given into a header."""

    def sign(self, request: RestRequest, *, host: str, now_ns: int, nonce: str) -> RestRequest:
        """A header that proves who signed when; of what has a query, also a part of that."""
        query = f"{request.query}&nonce={nonce}" if request.query else ""
        headers = (*request.headers, ("signed", f"{host} {now_ns} {nonce}"))
        return evolve(request, headers=headers, query=query)

    def sign_ahead(
        self, request: RestRequest, *, host: str, now_ns: int, nonce: str
    ) -> SignedAhead | None:
        """None: the time is part of what is signed."""
        del request, host, now_ns, nonce
        return None

    def sign_stream(self, message: StreamMessage, *, now_ns: int, nonce: str) -> str:
        """The fields with the nonce."""
        return orjson.dumps({**message.fields, "nonce": nonce, "at": now_ns}).decode()


@define
class ToyHost:
    """What the other side does: a test scripts it.

    `script` is asked with each command and gives the answer, raises it, or sleeps first.
    """

    script: Callable[[Any], Any] = lambda command: default_answer(command)
    commands: list[Any] = field(factory=list)
    requests: list[RestRequest] = field(factory=list)
    answers: dict[bytes, Any] = field(factory=dict)
    headers: dict[str, str] = field(factory=dict)
    streams: list["ToyStream"] = field(factory=list)
    #: How each stream was to be opened, those refused as well.
    connects: list[Connect] = field(factory=list)
    refuse_streams: Exception | None = None
    refuse_streams_times: int = 0
    opened_at: list[float] = field(factory=list)
    down: bool = False
    new_user_session: Callable[[str], "ToySession"] = lambda name: ToySession(name)
    #: Ours, once there is a tree.
    clock: Clock = field(factory=lambda: LoopClock(0))

    async def send(self, request: RestRequest) -> RestReply:
        """One exchange of bytes."""
        if self.down:
            raise TransportError("down", exchange=NAME, operation=request.operation)
        self.requests.append(request)
        command = self.commands[int(request.body)]
        sent = self.clock.now_ns()
        try:
            answer = self.script(command)
            if hasattr(answer, "__await__"):
                answer = await answer
        except TransportError:
            raise
        except OutcomeUnknown:
            raise
        except EngineError as error:
            answer = error
        name = request.body
        self.answers[name] = answer
        now = self.clock.now_ns()
        return RestReply(200, self.headers, name, sent, now)

    @asynccontextmanager
    async def open_stream(self, endpoint: str, connect: Connect) -> AsyncIterator[Stream]:
        """A stream that the test fills."""
        self.connects.append(connect)
        await anyio.lowlevel.checkpoint()
        self.opened_at.append(anyio.current_time())
        if self.refuse_streams is not None and self.refuse_streams_times:
            self.refuse_streams_times -= 1
            raise self.refuse_streams
        stream = ToyStream(endpoint)
        self.streams.append(stream)
        try:
            yield stream
        finally:
            stream.is_open = False

    def stream(self, endpoint: str) -> "ToyStream":
        """The newest stream at an endpoint."""
        return [stream for stream in self.streams if stream.endpoint == endpoint][-1]


def transaction(number: int) -> TransactionRecorded:
    """An entry of the toy exchange's log of the account."""
    return TransactionRecorded(
        exchange=NAME,
        transaction_id=str(number),
        batch_id=str(number),
        kind="DAILY_FINANCING",
        reason="",
        reject_reason="",
        order_id="",
        client_order_id="",
        trade_id="",
        units=None,
        price=None,
        realized_profit=None,
        financing=Decimal(-1),
        commission=None,
        amount=Decimal(-1),
        balance=Decimal(100),
        detail="{}",
        exchange_time_ns=None,
        received_time_ns=0,
    )


def trade_changed(number: int, change: MarginTradeChange) -> MarginTradeChanged:
    """What an execution did to a margin trade there."""
    return MarginTradeChanged(
        exchange=NAME,
        instrument="A-USD",
        trade_id=str(number),
        change=change,
        units=Decimal(1),
        price=Decimal(10),
        realized_profit=None,
        financing=None,
        order_id="x-c1",
        transaction_id=str(number),
        exchange_time_ns=None,
        received_time_ns=0,
    )


def default_answer(command: Any) -> Any:
    """A healthy exchange without orders."""
    match command:
        case commands.FetchServerTime():
            return round(anyio.current_time() * SECOND) + 5 * SECOND
        case commands.FetchOpenOrders() | commands.FetchFills():
            return ()
        case commands.PlaceOrder(order):
            return report(OrderStatus.OPEN, order.client_order_id, source=ReportSource.REPLY)
        case commands.FetchOrder(key):
            raise OrderNotFound(key.client_order_id, exchange=NAME)
        case _:
            return None


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


def toy_exchange(
    host: ToyHost, *, message_door: MessageDoor | None = None, **profile: Any
) -> Exchange:
    """The port record of an exchange that no package knows."""
    settings: dict[str, Any] = {
        "endpoints": {"live": Endpoints("https://toy.invalid", "wss://toy.invalid")},
        "limits": (LimitWindow("all", 1000, SECOND, WindowKind.SLIDING),),
        "stream_limits": StreamLimits(instruments={Topic.BOOK: 2}),
        "topics": frozenset({Topic.BOOK, Topic.TRADES}),
        "order_types": frozenset({OrderType.LIMIT}),
        "chores": (
            Chore(commands.FetchServerTime(), ChoreEffect.CLOCK, every_ns=60 * SECOND),
            Chore(
                commands.FetchKeyPermissions(),
                ChoreEffect.CREDENTIALS,
                every_ns=None,
                is_private=True,
            ),
        ),
    }
    return Exchange(
        name=NAME,
        profile=Profile(**{**settings, **profile}),
        rest=ToyRest(host),
        signer=lambda _: ToySigner(),
        market_session=ToySession,
        user_sessions=lambda name, _: partial(host.new_user_session, name),
        decode=lambda *_: (),
        credentials_type=object,
        credentials_from_mapping=lambda _: None,
        credentials_from_environment=lambda _: None,
        message_door=message_door,
    )


class ListLog:
    """Keeps the log's lines."""

    def __init__(self) -> None:
        self.lines: list[Mapping[str, Any]] = []

    def info(self, event: str, **fields: Any) -> None:
        """Keep it."""
        self.lines.append({"event": event, "level": "info", **fields})

    def warning(self, event: str, **fields: Any) -> None:
        """Keep it."""
        self.lines.append({"event": event, "level": "warning", **fields})


@asynccontextmanager
async def toy_tree(
    host: ToyHost,
    *,
    parts: Part = Part.ALL,
    journal: MemoryJournal | None = None,
    has_credentials: bool = True,
    **profile: Any,
) -> AsyncIterator[tuple[ExchangeTree, Supervisor, ListLog]]:
    """A tree of the invented exchange, running beneath a root."""
    kept = journal or MemoryJournal()
    log = ListLog()
    clock = host.clock = LoopClock(0, origin=anyio.current_time() - 1_000)
    numbers = iter(range(1_000_000))
    tree = ExchangeTree(
        Wiring(
            name=NAME,
            exchange=toy_exchange(host, **profile),
            signer=ToySigner() if has_credentials else None,
            host="toy.invalid",
            send=host.send,
            open_stream=host.open_stream,
            stream_endpoints=frozenset({"stream", "user_stream"}),
            new_ledger=lambda: Ledger(NAME, kept),
            nonce=lambda: f"n{next(numbers)}",
            clock=clock,
            rng=random.Random(1),
            log=log,
            parts=parts,
        )
    )
    root = Supervisor(tree.spec(), intensity=float("inf"), unrecoverably=Unrecoverably.STAY_STOPPED)
    async with running(root):
        yield tree, root, log


__all__ = [
    "AuthRefused",
    "ListLog",
    "OrderRejected",
    "ToyHost",
    "default_answer",
    "fill",
    "report",
    "toy_tree",
    "trade_changed",
    "transaction",
]
