"""Which actors one exchange gets, in which order, and who depends on whom.

::

    <exchange>          rest_for_one: what comes later depends on what comes earlier
    ├── auth            holds the credentials and the clock's offset; signs
    ├── gate            admits requests
    └── io              one_for_one, never gives up: each child has a backoff of its own
        ├── rest        commands to replies
        ├── paper       in paper trading: the account, in the exchange's stead
        ├── upkeep      the clock, the instruments and the key, again and again
        ├── orders      the state of every order of ours
        ├── <user stream>
        └── market      one_for_one, its children come and go with the subscriptions
            ├── plan    compares what should be connected with what is
            └── market-0, market-1 …

Everything peculiar to an exchange comes in through its port record; none is named here.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from attrs import Factory, define, field

from venuetree.actors.auth import AuthProtocol, auth_actor
from venuetree.actors.context import Context
from venuetree.actors.directory import Directory
from venuetree.actors.errors import ActorError
from venuetree.actors.gate_messages import Gate
from venuetree.actors.hub import Hub
from venuetree.actors.mailbox import MailboxSpec, Overflow
from venuetree.actors.message_worker import Doorway, Messages, MessageWorker
from venuetree.actors.order_messages import Orders
from venuetree.actors.orders import OrdersActor
from venuetree.actors.paper import PaperActor
from venuetree.actors.rate_gate import rate_gate
from venuetree.actors.ref import Ref
from venuetree.actors.rest_worker import RestWorker
from venuetree.actors.stream_connection import StreamSetup
from venuetree.actors.stream_messages import Reader
from venuetree.actors.stream_reader import StreamReader
from venuetree.actors.upkeep import CheckCredentials, ExchangeLost, Upkeep
from venuetree.protocol.commands import Rest
from venuetree.protocol.port import (
    Lane,
    MessageDoor,
    RestRequest,
    SessionContext,
    SessionEvent,
    StreamSession,
    Subscription,
)
from venuetree.supervisors.account_news import AccountNews
from venuetree.supervisors.market_plan import MarketPlan
from venuetree.supervisors.restart import Backoff
from venuetree.supervisors.spec import ChildSpec, Strategy
from venuetree.supervisors.supervisor import Supervisor
from venuetree.supervisors.wiring import Part, Wiring

__all__ = ["ExchangeTree"]

#: A stream that was lost: soon at first, because a book is stale meanwhile.
STREAM_BACKOFF = Backoff(min=0.25, max=30.0, factor=2.0, jitter=0.2, reset_after=30.0)
#: An actor that crashed on a fault of its own.
ACTOR_BACKOFF = Backoff(min=0.1, max=10.0, factor=2.0, jitter=0.2, reset_after=30.0)
#: A user stream's news must not be lost: a full mailbox ends the stream, loudly.
ORDERS_MAILBOX = MailboxSpec(capacity=4096, overflow=Overflow.FAIL)
COMMANDS_MAILBOX = MailboxSpec(capacity=1024, overflow=Overflow.FAIL)
#: Only the fact that something changed matters, not how often.
NUDGES_MAILBOX = MailboxSpec(capacity=1, overflow=Overflow.DROP_NEWEST)
#: Two kinds of news: room for as many of one as may come during a chore, lest it hide the other.
UPKEEP_MAILBOX = MailboxSpec(capacity=256, overflow=Overflow.DROP_NEWEST)
#: What replies held of the account's log; the stream tells it too, and what is missing is asked.
ENTRIES_MAILBOX = MailboxSpec(capacity=256, overflow=Overflow.DROP_NEWEST)
#: Long enough for the upkeep's first round against an exchange that does not answer.
START_TIMEOUT = 90.0
#: How much longer one request may be on its way than another: windows are counted over there.
GATE_SLACK_NS = 100_000_000
#: A connection for messages is replaced after so long; exchanges end theirs after a day.
MESSAGES_LIVE = 23 * 3600.0
#: What an order in flight gets to come home when the tree stops.
DRAIN = 5.0


@define
class ExchangeTree:
    """One exchange's supervisors and the tables that outlive their actors."""

    wiring: Wiring
    hub: Hub = field(init=False)
    directory: Directory = field(
        init=False, default=Factory(lambda self: Directory(self._exchange_lost), takes_self=True)
    )
    doorway: Doorway = field(init=False, factory=Doorway)
    permissions: object | None = field(init=False, default=None)
    _top: Supervisor = field(init=False)
    _io: Supervisor = field(init=False)
    _market: MarketPlan = field(init=False)
    _news: AccountNews = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.hub = Hub(limits=self.wiring.exchange.profile.stream_limits, note=self._note)
        self._build()

    # ------------------------------------------------------------ addresses

    @property
    def auth(self) -> Ref[AuthProtocol]:
        """Signs."""
        return self._top["auth"]

    @property
    def gate(self) -> Ref[Gate]:
        """Admits."""
        return self._top["gate"]

    @property
    def rest(self) -> Ref[Rest]:
        """Answers questions and takes orders: the exchange, or in its stead the paper account."""
        return self._io["rest" if self.wiring.paper is None else "paper"]

    @property
    def orders(self) -> Ref[Orders] | None:
        """Places and follows orders; None where that part does not run."""
        return self._io["orders"] if Part.ORDERS in self.wiring.parts else None

    def spec(self) -> ChildSpec[Any]:
        """The child that an engine's root runs."""
        return ChildSpec(
            self.wiring.name,
            self._top,
            # An exchange that fails as a whole is started again, ever more slowly.
            backoff=Backoff(min=1.0, max=300.0, factor=2.0, jitter=0.2, reset_after=60.0),
            # Being out of reach never fails a start, see `Upkeep`: what does is a fault of ours
            # or of the settings, which a host must see at entry and not in a log.
            start_timeout=START_TIMEOUT + 30.0,
            shutdown=3 * DRAIN,
        )

    # ------------------------------------------------------------ the tree

    def _build(self) -> None:
        wiring = self.wiring
        self._market = MarketPlan(self.hub, self._market_spec, ACTOR_BACKOFF, wiring.rng)
        self._io = Supervisor(
            *self._io_children(),
            strategy=Strategy.ONE_FOR_ONE,
            intensity=math.inf,
            rng=wiring.rng,
        )
        self._top = Supervisor(
            ChildSpec(
                "auth",
                auth_actor(
                    exchange=wiring.name,
                    signer=wiring.signer,
                    clock=wiring.clock,
                    nonce=wiring.nonce,
                ),
                mailbox=COMMANDS_MAILBOX,
                backoff=ACTOR_BACKOFF,
            ),
            ChildSpec(
                "gate",
                rate_gate(
                    exchange=wiring.name,
                    windows=wiring.exchange.profile.limits,
                    reserved=wiring.exchange.profile.reserved,
                    clock=wiring.clock,
                    slack_ns=GATE_SLACK_NS,
                ),
                mailbox=COMMANDS_MAILBOX,
                backoff=ACTOR_BACKOFF,
            ),
            ChildSpec("io", self._io, start_timeout=START_TIMEOUT, shutdown=2 * DRAIN),
            strategy=Strategy.REST_FOR_ONE,
            intensity=3,
            period=60.0,
            rng=wiring.rng,
        )
        self._news = AccountNews(
            self.hub,
            self.directory,
            self.orders,
            tuple(self._io[name] for name in self._user_streams),
        )

    @property
    def _user_streams(self) -> Sequence[str]:
        """Those that run."""
        wiring = self.wiring
        return wiring.exchange.profile.user_streams if wiring.has_user_streams else ()

    def _io_children(self) -> Iterable[ChildSpec[Any]]:
        wiring = self.wiring
        yield ChildSpec(
            "rest", self._run_rest, mailbox=COMMANDS_MAILBOX, backoff=ACTOR_BACKOFF, shutdown=DRAIN
        )
        if wiring.paper is not None:
            yield ChildSpec(
                "paper", self._run_paper, mailbox=COMMANDS_MAILBOX, backoff=ACTOR_BACKOFF
            )
        if self._door is not None:
            yield ChildSpec(
                "messages",
                self._run_messages,
                mailbox=COMMANDS_MAILBOX,
                backoff=STREAM_BACKOFF,
                shutdown=DRAIN,
            )
        if Part.UPKEEP in wiring.parts:
            yield ChildSpec(
                "upkeep",
                self._run_upkeep,
                mailbox=UPKEEP_MAILBOX,
                backoff=ACTOR_BACKOFF,
                start_timeout=START_TIMEOUT,
            )
        if Part.ORDERS in wiring.parts:
            yield ChildSpec(
                "orders", self._run_orders, mailbox=ORDERS_MAILBOX, backoff=ACTOR_BACKOFF
            )
        for name in self._user_streams:
            context = SessionContext(lambda: self.directory.instruments, wiring.stream_endpoints)
            sessions = wiring.exchange.user_sessions(name, context)
            yield ChildSpec(
                name,
                partial(self._run_user_stream, name, sessions),
                mailbox=ENTRIES_MAILBOX,
                backoff=STREAM_BACKOFF,
            )
        yield ChildSpec("market", self._market.supervisor, backoff=ACTOR_BACKOFF, shutdown=DRAIN)

    async def _run_rest(self, ctx: Context[Rest]) -> None:
        wiring = self.wiring
        await RestWorker(
            exchange=wiring.name,
            host=wiring.host,
            codec=wiring.exchange.rest,
            send=wiring.send,
            gate=self.gate,
            auth=self.auth,
            clock=wiring.clock,
            directory=self.directory,
            on_auth_refused=self._doubt_credentials,
            log=wiring.log,
            messages=None if self._door is None else self._carrier,
            on_log_told=self._news.pass_on,
        )(ctx)

    async def _run_paper(self, ctx: Context[Rest]) -> None:
        wiring = self.wiring
        if wiring.paper is None:
            return
        await PaperActor(
            exchange=wiring.name,
            plan=wiring.paper,
            topics=wiring.exchange.profile.topics,
            orders=wiring.exchange.profile.orders,
            rest=self._io["rest"],
            hub=self.hub,
            directory=self.directory,
            clock=wiring.clock,
            publish=self._news.publish,
        )(ctx)

    @property
    def _door(self) -> MessageDoor | None:
        """By which requests go as messages, if the exchange has one and there is a key for it."""
        return None if self.wiring.signer is None else self.wiring.exchange.message_door

    def _carrier(self, request: RestRequest) -> Ref[Messages] | None:
        """Where a request goes as a message, if it can and the connection stands."""
        door = self._door
        if door is None or not self.doorway.is_open or not door.carries(request):
            return None
        return self._io["messages"]

    async def _run_messages(self, ctx: Context[Messages]) -> None:
        wiring = self.wiring
        door = self._door
        if door is None:
            return
        await MessageWorker(
            exchange=wiring.name,
            door=door,
            doorway=self.doorway,
            open_stream=lambda connect: wiring.open_stream(connect.endpoint, connect),
            auth=self.auth,
            clock=wiring.clock,
            lives_s=MESSAGES_LIVE,
        )(ctx)

    async def _run_upkeep(self, ctx: Context[Any]) -> None:
        wiring = self.wiring
        chores = tuple(
            chore
            for chore in wiring.exchange.profile.chores
            if wiring.signer is not None or not chore.is_private
        )
        await Upkeep(
            exchange=wiring.name,
            chores=chores,
            rest=self.rest,
            directory=self.directory,
            on_credentials=self._learn_permissions,
        )(ctx)

    async def _run_orders(self, ctx: Context[Orders]) -> None:
        await OrdersActor(
            exchange=self.wiring.name,
            new_ledger=self.wiring.new_ledger,
            rest=self.rest,
            publish=self.hub.publish_account,
            clock=self.wiring.clock,
            instruments=lambda: self.directory.instruments,
            log_position=lambda: self.directory.log_position,
            reply_decides=self.wiring.exchange.profile.reply_decides,
            refusal=self.wiring.exchange.refusal,
        )(ctx)

    async def _run_user_stream(
        self, name: str, new_session: Callable[[], StreamSession], ctx: Context[Reader]
    ) -> None:
        await self._reader(
            name,
            endpoint="user_stream",
            lane=Lane.RESOLVE,
            new_session=new_session,
            wanted=frozenset,
            publish=self._news.publish,
        )(ctx)

    def _market_spec(self, shard: int) -> ChildSpec[Reader]:
        name = f"market-{shard}"

        async def run(ctx: Context[Reader]) -> None:
            await self._reader(
                name,
                endpoint="stream",
                lane=Lane.UPKEEP,
                new_session=partial(self.wiring.exchange.market_session, name),
                wanted=partial(self.hub.wanted, shard),
                publish=partial(self.hub.publish, shard=shard),
            )(ctx)

        return ChildSpec(name, run, mailbox=NUDGES_MAILBOX, backoff=STREAM_BACKOFF)

    def _reader(
        self,
        name: str,
        *,
        endpoint: str,
        lane: Lane,
        new_session: Callable[[], StreamSession],
        wanted: Callable[[], frozenset[Subscription]],
        publish: Callable[[Sequence[SessionEvent]], None],
    ) -> StreamReader:
        wiring = self.wiring
        return StreamReader(
            StreamSetup(
                exchange=wiring.name,
                stream=name,
                host=wiring.host,
                new_session=new_session,
                open_stream=lambda told: wiring.open_stream(told.endpoint or endpoint, told),
                wanted=wanted,
                publish=publish,
                auth=self.auth,
                rest=self.rest,
                lane=lane,
                clock=wiring.clock,
            )
        )

    # ------------------------------------------------------------ asides

    def _note(self, event: SessionEvent) -> None:
        """What a stream says beside its data goes to the log: nothing is dropped without a word."""
        self.wiring.log.warning(
            "stream_said", exchange=self.wiring.name, kind=type(event).__name__, said=str(event)
        )

    def _exchange_lost(self) -> None:
        """Let somebody look for the exchange, though nobody may ask it anything for minutes."""
        if Part.UPKEEP not in self.wiring.parts:
            return
        try:
            self._io["upkeep"].tell_nowait(ExchangeLost())
        except ActorError:
            # It is going down: its next incarnation asks everything anew.
            return

    def _doubt_credentials(self) -> None:
        """One refusal may be a whim; the upkeep actor asks once more and ends the tree if not."""
        if Part.UPKEEP not in self.wiring.parts or self.wiring.signer is None:
            return
        try:
            self._io["upkeep"].tell_nowait(CheckCredentials())
        except ActorError:
            # It is going down: its next incarnation asks about the key anyway.
            return

    def _learn_permissions(self, permissions: object) -> None:
        self.permissions = permissions
