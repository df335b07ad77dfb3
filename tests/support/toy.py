"""An invented exchange in memory, to show that actors and trees know nothing of any real one.

Its REST host answers what a test scripts; its streams are channels that a test fills and breaks.
Everything runs on virtual time.
"""

import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import orjson
from attrs import define, evolve, field, frozen

from tests.support.toy_samples import NAME, SECOND, report
from tests.support.toy_streams import ToySession, ToyStream
from venuetree.actors.clock import Clock, LoopClock
from venuetree.actors.streams import Stream
from venuetree.protocol import commands
from venuetree.protocol.errors import (
    EngineError,
    NotSupported,
    OrderNotFound,
    OutcomeUnknown,
    TransportError,
)
from venuetree.protocol.journal import MemoryJournal
from venuetree.protocol.ledger import Ledger
from venuetree.protocol.messages import Request
from venuetree.protocol.models import (
    OrderStatus,
    OrderType,
    ReportSource,
    TimeInForce,
    Topic,
)
from venuetree.protocol.port import (
    Auth,
    Chore,
    ChoreEffect,
    ClockReading,
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
    OrderTerms,
    Profile,
    RestFlow,
    RestNews,
    RestReply,
    RestRequest,
    SignedAhead,
    StreamLimits,
    StreamMessage,
    WindowKind,
)
from venuetree.supervisors import Supervisor, Unrecoverably, running
from venuetree.supervisors.exchange_tree import ExchangeTree
from venuetree.supervisors.wiring import Part, Wiring


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


def scripted(host: ToyHost, **answers: Any) -> None:
    """Answer commands by their class's name: a value, an error, a callable, or a list of these."""

    def script(command: Any) -> Any:
        answer = answers.get(type(command).__name__, default_answer)
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer = answer(command)
        if isinstance(answer, Exception):
            raise answer
        return answer

    host.script = script


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


def toy_exchange(
    host: ToyHost, *, message_door: MessageDoor | None = None, **profile: Any
) -> Exchange:
    """The port record of an exchange that no package knows."""
    settings: dict[str, Any] = {
        "endpoints": {"live": Endpoints("https://toy.invalid", "wss://toy.invalid")},
        "limits": (LimitWindow("all", 1000, SECOND, WindowKind.SLIDING),),
        "stream_limits": StreamLimits(instruments={Topic.BOOK: 2}),
        "topics": frozenset({Topic.BOOK, Topic.TRADES}),
        "orders": {OrderType.LIMIT: OrderTerms(frozenset(TimeInForce), frozenset(TimeInForce))},
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
