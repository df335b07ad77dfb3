"""Where an order's time goes: the asks, the signature, the codec, HTTP, by the clock.

Each figure is of the whole span, waiting included; a span within another is indented under it.
Watching costs a few microseconds an order itself.
"""

import statistics
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter_ns
from typing import Any

from attrs import evolve

from venuetree.actors.http_client import HttpClient
from venuetree.actors.ref import Ref
from venuetree.config import ExchangeConfig
from venuetree.protocol.commands import PlaceOrder
from venuetree.protocol.ledger import Ledger
from venuetree.protocol.messages import Request
from venuetree.protocol.port import (
    FlowContext,
    Lane,
    LimitReport,
    RestCodec,
    RestFlow,
    RestReply,
    RestRequest,
    SignedAhead,
    Signer,
    StreamMessage,
)

__all__ = ["OrderProfile"]

#: In the order of nesting: name and depth.
SPANS = (
    ("ask orders", 0),
    ("ledger", 1),
    ("ask rest", 1),
    ("codec", 2),
    ("ask gate", 2),
    ("ask auth", 2),
    ("sign", 3),
    ("ask messages", 2),
    ("http", 2),
    ("sign ahead", 3),
)


class OrderProfile:
    """Durations by span, gathered while an engine runs."""

    def __init__(self) -> None:
        self._spans: dict[str, list[int]] = {}

    def note(self, span: str, started_ns: int) -> None:
        """A span that began then ends now."""
        self._spans.setdefault(span, []).append(perf_counter_ns() - started_ns)

    def clear(self) -> None:
        """Forget what was gathered."""
        self._spans.clear()

    def text(self) -> str:
        """A line a span: its median in microseconds, summed over an order's calls of it."""
        orders = max(1, len(self._spans.get("ask orders", ())))
        lines = []
        for name, depth in SPANS:
            durations = self._spans.get(name)
            if durations:
                calls = len(durations) / orders
                each = statistics.median(durations) / 1e3
                label = "  " * depth + name
                lines.append(f"  {label:20} {each * calls:8.1f} us  ({calls:.1f} calls an order)")
        return "\n".join(lines)

    def watch(self, config: ExchangeConfig) -> ExchangeConfig:
        """The same configuration, watched; also watches all asks, sends and ledgers from now on."""
        self._watch_asks()
        self._watch_sends()
        self._watch_ledger()
        exchange = config.exchange
        make = exchange.signer
        return evolve(
            config,
            exchange=evolve(
                exchange,
                rest=_Codec(exchange.rest, self),
                signer=lambda credentials: _Signer(make(credentials), self),
            ),
        )

    def _watch_asks(self) -> None:
        ask: Callable[..., Awaitable[Any]] = Ref.ask
        ask_nowait: Callable[..., Any] = Ref.ask_nowait

        async def watched(ref: Ref[Any], message: Any, *, timeout: float) -> Any:  # noqa: ASYNC109
            started = perf_counter_ns()
            try:
                return await ask(ref, message, timeout=timeout)
            finally:
                self.note(f"ask {ref.name.rpartition(chr(47))[2]}", started)

        def watched_nowait(ref: Ref[Any], message: Any) -> Any:
            started = perf_counter_ns()
            answer = ask_nowait(ref, message)
            self.note(f"ask {ref.name.rpartition(chr(47))[2]}", started)
            return answer

        Ref.ask = watched  # type: ignore[method-assign, assignment]
        Ref.ask_nowait = watched_nowait  # type: ignore[method-assign, assignment]

    def _watch_sends(self) -> None:
        send = HttpClient.send

        async def watched(client: HttpClient, request: RestRequest, base_url: str) -> RestReply:
            started = perf_counter_ns()
            try:
                return await send(client, request, base_url)
            finally:
                if request.lane is Lane.PLACE:
                    self.note("http", started)

        HttpClient.send = watched  # type: ignore[method-assign, assignment]

    def _watch_ledger(self) -> None:
        for name, method in list(vars(Ledger).items()):
            if not name.startswith("_") and callable(method):
                setattr(Ledger, name, self._watched(method))

    def _watched(self, method: Callable[..., Any]) -> Callable[..., Any]:
        depth = 0

        def watched(*args: Any, **options: Any) -> Any:
            nonlocal depth
            started = perf_counter_ns()
            depth += 1
            try:
                return method(*args, **options)
            finally:
                depth -= 1
                if not depth:
                    self.note("ledger", started)

        return watched


class _Codec:
    """A codec whose work on orders is noted."""

    def __init__(self, codec: RestCodec, profile: OrderProfile) -> None:
        self._codec = codec
        self._profile = profile

    def flow(self, command: Request[Any, Any], context: FlowContext) -> Any:
        started = perf_counter_ns()
        flow = self._codec.flow(command, context)
        if not isinstance(command, PlaceOrder):
            return flow
        return self._watched(flow, started)

    def _watched(self, flow: RestFlow[Any], started: int) -> RestFlow[Any]:
        try:
            request = next(flow)
            while True:
                self._profile.note("codec", started)
                reply = yield request
                started = perf_counter_ns()
                request = flow.send(reply)
        except StopIteration as done:
            self._profile.note("codec", started)
            return done.value

    def limits(self, reply: RestReply) -> Sequence[LimitReport]:
        return self._codec.limits(reply)

    def retry_after_ns(self, reply: RestReply) -> int | None:
        return self._codec.retry_after_ns(reply)


class _Signer:
    """A signer whose work is noted."""

    def __init__(self, signer: Signer, profile: OrderProfile) -> None:
        self._signer = signer
        self._profile = profile

    def sign(self, request: RestRequest, *, host: str, now_ns: int, nonce: str) -> RestRequest:
        started = perf_counter_ns()
        try:
            return self._signer.sign(request, host=host, now_ns=now_ns, nonce=nonce)
        finally:
            self._profile.note("sign", started)

    def sign_ahead(
        self, request: RestRequest, *, host: str, now_ns: int, nonce: str
    ) -> SignedAhead | None:
        started = perf_counter_ns()
        try:
            return self._signer.sign_ahead(request, host=host, now_ns=now_ns, nonce=nonce)
        finally:
            self._profile.note("sign ahead", started)

    def sign_stream(self, message: StreamMessage, *, now_ns: int, nonce: str) -> str:
        return self._signer.sign_stream(message, now_ns=now_ns, nonce=nonce)
