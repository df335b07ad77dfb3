"""Commands to replies: gate, sign, send, decode; many in flight, mostly each in its asker's task.

A command's flow (`port.RestFlow`) yields wire requests; each goes through the rate gate, then to
the auth actor, then out. Nothing here sends anything twice: a flow that wants to ask again says
so. An error that says that nothing was sent stays apart from one that leaves the outcome open,
all the way up to the host.

An order is never sent after its asker gave up: that is looked at once more when the gate has
opened, because waiting there is what takes long.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, Protocol, assert_never

import anyio
from attrs import frozen

from venuetree.actors.auth import AuthProtocol, ClockMeasured, Sign
from venuetree.actors.clock import Clock
from venuetree.actors.context import Context
from venuetree.actors.directory import Directory
from venuetree.actors.envelope import Delivery
from venuetree.actors.errors import ActorError, AskTimeout
from venuetree.actors.gate_messages import (
    Admit,
    Arrived,
    ClockOffset,
    Gate,
    LimitsChanged,
    Permit,
    Refund,
    Replied,
)
from venuetree.actors.loop import Loop
from venuetree.actors.message_worker import Carry, Messages
from venuetree.actors.ref import Ref
from venuetree.protocol.building import evolver
from venuetree.protocol.commands import Ahead, Rest
from venuetree.protocol.errors import (
    AuthRefused,
    EngineError,
    OutcomeUnknown,
    RateLimited,
    ReplyLost,
    TransportError,
)
from venuetree.protocol.messages import Request
from venuetree.protocol.port import (
    Auth,
    ClockReading,
    Effect,
    FlowContext,
    Lane,
    LimitsTold,
    LogTold,
    ReferenceTold,
    RestCodec,
    RestNews,
    RestReply,
    RestRequest,
)

__all__ = ["ApiCallLog", "RestDetail", "RestWorker"]

#: How long a request may queue at the gate if its asker set no nearer deadline.
GATE_TIMEOUT = 120.0
SIGN_TIMEOUT = 5.0
#: What is left of an asker's time for telling it that its turn did not come.
ANSWER_MARGIN = 0.01
#: An order waits for its turn no longer than this before its asker's time ends, or half of what
#: there is: sent in the last moment, its reply would come too late, and leave it unknown.
REPLY_TIME = 1.0
#: Statuses from here on are refusals and failures.
HTTP_ERRORS = 400
LANE_WORDS = {lane: lane.name.lower() for lane in Lane}

_evolve: Final = evolver(RestRequest)


class ApiCallLog(Protocol):
    """Takes one line an API call; structlog's bound loggers are such."""

    def info(self, event: str, **fields: Any) -> Any:
        """Log a call that got an answer."""
        ...

    def warning(self, event: str, **fields: Any) -> Any:
        """Log a call that got none, or a refusal."""
        ...


@frozen
class RestDetail:
    """What the snapshot shows of a REST worker."""

    in_flight: int
    sent: int
    failed: int
    #: When the exchange last answered anything, by our clock; None if never.
    last_reply_time_ns: int | None


@frozen
class RestWorker:
    """The worker's `run`: everything it needs comes in here.

    Attributes:
        send: by lane: makes the exchange of bytes; urgent lanes have connections of their own.
        directory: what is known of the exchange; told of each answer and what it says.
        messages: where a request can go as a message by now, None if it cannot.
        on_auth_refused: called when it refuses the key, for whatever was asked.
        on_log_told: called with entries of the account's log that a reply held.
    """

    exchange: str
    host: str
    codec: RestCodec
    send: Callable[[RestRequest], Awaitable[RestReply]]
    gate: Ref[Gate]
    auth: Ref[AuthProtocol]
    clock: Clock
    directory: Directory
    on_auth_refused: Callable[[], None]
    log: ApiCallLog
    messages: Callable[[RestRequest], Ref[Messages] | None] | None = None
    on_log_told: Callable[[LogTold], None] = lambda _: None

    async def __call__(self, ctx: Context[Rest]) -> None:
        """Serve until asked to stop, then finish what is in hand.

        Cancelled: what was sent without an answer fails as crashed in its asker's hands, who
        knows from `started` that the outcome is open.
        """
        state = _State()
        ctx.publish_from(state.detail)
        _ = ctx.stopping  # touched: opts in to the grace period
        ctx.ready()
        await ctx.serve_in_step(partial(self._serve, state))

    async def _serve(self, state: "_State", delivery: Delivery) -> None:
        state.in_flight += 1
        try:
            answer = await self._run(delivery, state)
        except EngineError as error:
            state.failed += 1
            if isinstance(error, AuthRefused):
                self.on_auth_refused()
            delivery.fail(error)
        else:
            delivery.reply(answer)
        finally:
            state.in_flight -= 1

    async def _run(self, delivery: Delivery, state: "_State") -> object:
        command: Request[Rest, Any] = delivery.message
        lane = Lane.DATA
        if isinstance(command, Ahead):
            lane, command = command.lane, command.command
        known = self.directory
        context = FlowContext(
            self.clock.now_ns(), known.instruments, known.references, known.clock_offset_ns
        )
        flow = self.codec.flow(command, context)
        try:
            wanted = next(flow)
            while True:
                if not isinstance(wanted, RestRequest):
                    await self._pass_on(wanted)
                    wanted = flow.send(None)
                    continue
                if lane < wanted.lane:
                    wanted = _evolve(wanted, lane=lane)
                try:
                    reply = await self._exchange(wanted, delivery, state)
                except EngineError as error:
                    wanted = flow.throw(error)
                else:
                    wanted = flow.send(reply)
        except StopIteration as done:
            return done.value
        finally:
            flow.close()

    async def _exchange(
        self, request: RestRequest, delivery: Delivery, state: "_State"
    ) -> RestReply:
        """One request and its reply; raises what `_not_sent` makes of the actors' errors."""
        time = state.time
        asked = time()
        permit = await self._permit(request, delivery, asked)
        if delivery.abandoned and delivery.expects_reply:
            # Whoever asked is gone: for an order this is the difference between safe and not.
            self._tell_gate(Refund(permit))
            raise self._not_sent(request, "its asker gave up while it waited at the rate gate")
        carrier = None if self.messages is None else self.messages(request)
        signed = request
        if carrier is None and request.auth is not Auth.NONE:
            signed = await self._signed(request, permit)
        gated = time()
        state.sent += 1
        try:
            if carrier is None:
                reply = await self._over_http(signed, permit, delivery)
            else:
                reply = await self._carried(carrier, request, permit, delivery)
        except EngineError as error:
            self._tell_gate(Arrived(permit))
            self.log.warning(
                "api_call",
                **self._fields(request),
                error=type(error).__name__,
                detail=error.message,
                latency_ms=round((time() - gated) * 1e3, 3),
                queued_ms=round((gated - asked) * 1e3, 3),
            )
            raise
        except anyio.get_cancelled_exc_class():
            self._tell_gate(Arrived(permit))
            self.log.warning(
                "api_call",
                **self._fields(request),
                error="Cancelled",
                detail="given up while it was sent or its reply was awaited",
                latency_ms=round((time() - gated) * 1e3, 3),
                queued_ms=round((gated - asked) * 1e3, 3),
            )
            raise
        self.directory.answered()
        state.last_reply_ns = reply.received_time_ns
        log = self.log.info if reply.status < HTTP_ERRORS else self.log.warning
        latency_ms = (reply.received_time_ns - reply.sent_time_ns) / 1e6
        log(
            "api_call",
            **self._fields(request),
            status=reply.status,
            latency_ms=round(latency_ms, 3),
            # The wait for a connection too: all that was not on the way.
            queued_ms=round(max(0.0, (time() - asked) * 1e3 - latency_ms), 3),
        )
        reports = tuple(self.codec.limits(reply))
        retry_after_ns = self.codec.retry_after_ns(reply)
        if reports or retry_after_ns is not None:
            self._tell_gate(Replied(reports, reply.sent_time_ns, retry_after_ns, permit))
        else:
            self._tell_gate(Arrived(permit))
        return reply

    async def _carried(
        self, carrier: Ref[Messages], request: RestRequest, permit: Permit, delivery: Delivery
    ) -> RestReply:
        """The reply by a message, or over HTTP if the message was never sent."""
        patience = min(request.timeout_ns / 1e9, delivery.deadline - anyio.current_time())
        # The sending counts as well as the reply: from here on the outcome may be open.
        try:
            return await carrier.ask(Carry(request), timeout=patience)
        except ActorError as error:
            if error.started:
                raise self._lost(request, error) from error
        if delivery.abandoned and delivery.expects_reply:
            self._tell_gate(Refund(permit))
            raise self._not_sent(request, "its asker gave up before a message could carry it")
        return await self._over_http(await self._signed(request, permit), permit, delivery)

    async def _over_http(
        self, request: RestRequest, permit: Permit, delivery: Delivery
    ) -> RestReply:
        """The reply; it ends before its asker's time does, so that "not sent" can be told."""
        remaining_ns = (delivery.deadline - anyio.current_time() - ANSWER_MARGIN) * 1e9
        if remaining_ns < 1:
            # Not tried: that the exchange could not be reached would be no more than a guess.
            self._tell_gate(Refund(permit))
            raise self._not_sent(request, "its asker's time ended before its turn came")
        if request.timeout_ns > remaining_ns:
            request = _evolve(request, timeout_ns=int(remaining_ns))
        try:
            return await self.send(request)
        except TransportError:
            self.directory.unreachable()
            raise

    async def _permit(self, request: RestRequest, delivery: Delivery, now: float) -> Permit:
        admit = Admit(request.lane, request.costs)
        try:
            try:
                return self.gate.ask_nowait(admit)
            except anyio.WouldBlock:
                # Ends before the asker's time does, so that it hears "not sent", not "no answer".
                remaining = delivery.deadline - now
                kept = ANSWER_MARGIN
                if request.effect is Effect.WRITE:
                    kept = max(kept, min(REPLY_TIME, remaining / 2))
                return await self.gate.ask(admit, timeout=min(GATE_TIMEOUT, remaining - kept))
        except ActorError as error:
            raise self._not_sent(request, "the rate gate did not answer", error) from error

    async def _signed(self, request: RestRequest, permit: Permit) -> RestRequest:
        sign = Sign(request, self.host)
        try:
            try:
                return self.auth.ask_nowait(sign)
            except anyio.WouldBlock:
                return await self.auth.ask(sign, timeout=SIGN_TIMEOUT)
        except ActorError as error:
            self._tell_gate(Refund(permit))
            raise self._not_sent(request, "the auth actor did not answer", error) from error
        except BaseException:
            # Refused, or given up: nothing was sent either way.
            self._tell_gate(Refund(permit))
            raise

    async def _pass_on(self, news: RestNews) -> None:
        """What a reply said that others must know, before the flow goes on by it."""
        match news:
            case ClockReading(exchange_time_ns, sent_ns, received_ns, is_overdue):
                round_trip_ns = received_ns - sent_ns
                offset_ns = exchange_time_ns - (sent_ns + round_trip_ns // 2)
                measured = ClockMeasured(offset_ns, round_trip_ns, is_overdue)
                try:
                    believed_ns = await self.auth.ask(measured, timeout=SIGN_TIMEOUT)
                except ActorError as error:
                    # An auth actor that restarts keeps what it believed; the chore comes again.
                    self.log.warning("clock_not_told", exchange=self.exchange, detail=str(error))
                else:
                    self.directory.clock_offset_ns = believed_ns
                    self._tell_gate(ClockOffset(believed_ns))
            case LimitsTold(windows):
                self._tell_gate(LimitsChanged(windows))
            case ReferenceTold(instrument):
                self.directory.references[instrument] = news
            case LogTold(position):
                if position:
                    self.directory.log_position = position
                if news.entries:
                    self.on_log_told(news)
            case _:
                assert_never(news)

    def _fields(self, request: RestRequest) -> dict[str, Any]:
        """What a log line says of a request; never its headers, query or body."""
        fields: dict[str, Any] = {
            "exchange": self.exchange,
            "operation": request.operation,
            "method": request.method,
            "path": request.path,
            "lane": LANE_WORDS[request.lane],
            "weight": {cost.window: cost.amount for cost in request.costs},
        }
        if request.client_order_id:
            fields["client_order_id"] = request.client_order_id
        return fields

    def _tell_gate(self, message: Refund | Arrived | Replied | ClockOffset | LimitsChanged) -> None:
        try:
            self.gate.tell_nowait(message)
        except ActorError as error:
            # A gate that restarts believes that all is spent, which is stricter than any news.
            self.log.warning("gate_not_told", exchange=self.exchange, detail=str(error))

    def _lost(self, request: RestRequest, error: ActorError) -> EngineError:
        """What a message without a reply means for the request."""
        message = f"the reply to a message was lost: {error}"
        if request.effect is Effect.READ:
            return ReplyLost(message, exchange=self.exchange, operation=request.operation)
        return OutcomeUnknown(
            message,
            client_order_id=request.client_order_id,
            exchange=self.exchange,
            operation=request.operation,
        )

    def _not_sent(
        self, request: RestRequest, why: str, error: ActorError | None = None
    ) -> EngineError:
        if isinstance(error, AskTimeout):
            return RateLimited(
                f"{why} in time, too much is queued there: nothing was sent",
                exchange=self.exchange,
                operation=request.operation,
            )
        return TransportError(
            f"{why}: nothing was sent", exchange=self.exchange, operation=request.operation
        )


class _State:
    """The figures of one incarnation."""

    def __init__(self) -> None:
        self.time = Loop.running().time
        self.in_flight = 0
        self.sent = 0
        self.failed = 0
        self.last_reply_ns: int | None = None

    def detail(self) -> RestDetail:
        """For the snapshot."""
        return RestDetail(self.in_flight, self.sent, self.failed, self.last_reply_ns)
