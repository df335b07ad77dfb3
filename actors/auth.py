"""The one actor that holds the credentials: it signs, and knows how far the clocks differ.

Signing asks nobody and waits for nothing, so an ask of it is answered at the door. Where a
signature does not depend on the body, the next order's is made while this one's reply is under
way; it lies ready for as long as the signer says.

The exchange's clock is ours plus an offset, measured by others (`ClockMeasured`); of several
measurements the one with the shortest round trip is believed, until it is old. What is signed is
never ahead of it.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import assert_never

import anyio
from attrs import frozen

from venuetree.actors.clock import Clock
from venuetree.actors.context import Context
from venuetree.protocol.building import evolver
from venuetree.protocol.errors import ConfigurationError, EngineError
from venuetree.protocol.messages import Request
from venuetree.protocol.port import Auth, Effect, RestRequest, SignedAhead, Signer, StreamMessage

__all__ = ["AuthDetail", "AuthProtocol", "ClockMeasured", "Sign", "SignStream", "auth_actor"]

#: After so long a new measurement is believed though its round trip was longer: clocks drift.
MEASUREMENT_AGE_NS = 600 * 1_000_000_000
#: Signatures made ahead are kept for so many paths: of orders, there are three or four.
PATHS_AHEAD = 16

_evolve = evolver(RestRequest)


class AuthProtocol:
    """The protocol that the auth actor speaks."""


@frozen
class Sign(Request[AuthProtocol, RestRequest]):
    """Sign a request for `host` (with its port where that is not the scheme's own).

    `ConfigurationError` if it needs a key and there is none.
    """

    request: RestRequest
    host: str


@frozen
class SignStream(Request[AuthProtocol, str]):
    """Sign and serialise a stream message; `ConfigurationError` if there is no key."""

    message: StreamMessage


@frozen
class ClockMeasured(Request[AuthProtocol, int]):
    """The exchange's clock was `offset_ns` ahead of ours, give or take half the round trip.

    The reply is the offset that is believed now. With `is_overdue`, what was believed before has
    just been refused by the exchange: this measurement is believed, whatever its round trip.
    """

    offset_ns: int
    round_trip_ns: int
    is_overdue: bool = False


@frozen
class AuthDetail:
    """What the snapshot shows: never the credentials."""

    has_credentials: bool
    clock_offset_ns: int
    clock_round_trip_ns: int | None
    signed: int


class _ExchangeClock:
    """The exchange's clock: ours, and the best measurement of the offset."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.offset_ns = 0
        self.round_trip_ns: int | None = None
        self._measured_ns = 0

    def now_ns(self) -> int:
        """What it shows by now, at the least.

        The measured offset may be off by half its round trip. A signature from the exchange's
        future is refused as if the key were wrong, one from a moment ago is not, so the earliest
        time is taken that it can be.
        """
        return self._clock.now_ns() + self.offset_ns - (self.round_trip_ns or 0) // 2

    def measure(self, measured: ClockMeasured) -> None:
        """Believe a measurement if it is better than what we have, or that is old."""
        now_ns = self._clock.now_ns()
        is_old = now_ns - self._measured_ns > MEASUREMENT_AGE_NS
        best = self.round_trip_ns
        # A jump by more than both uncertainties is no noise: their clock or ours was set.
        has_jumped = abs(measured.offset_ns - self.offset_ns) > measured.round_trip_ns + (best or 0)
        is_stale = best is None or is_old or has_jumped or measured.is_overdue
        if is_stale or best is None or measured.round_trip_ns <= best:
            self.offset_ns = measured.offset_ns
            self.round_trip_ns = measured.round_trip_ns
            self._measured_ns = now_ns


class _Ahead:
    """Signatures made before they are needed, for requests that change something.

    Each is used once, for the method, host and path that it was made for.
    """

    def __init__(self, signer: Signer, now_ns: Callable[[], int], nonce: Callable[[], str]) -> None:
        self._signer = signer
        self._now_ns = now_ns
        self._nonce = nonce
        self._made: dict[tuple[str, str, str], SignedAhead] = {}
        self._wanted: dict[tuple[str, str, str], RestRequest] = {}
        self._is_wanted = anyio.Event()
        #: For which nothing can be made ahead.
        self._useless: set[tuple[str, str, str]] = set()

    def sign(self, request: RestRequest, host: str) -> RestRequest:
        """The request, signed: by what was made ahead, if it still holds."""
        now_ns = self._now_ns()
        key = (request.method, host, request.path)
        made = self._made.pop(key, None)
        if made is None or made.until_ns <= now_ns:
            signed = self._signer.sign(request, host=host, now_ns=now_ns, nonce=self._nonce())
        else:
            signed = _evolve(request, headers=(*request.headers, *made.headers))
        if request.effect is Effect.WRITE and key not in self._useless:
            self._wanted[key] = request
            self._is_wanted.set()
        return signed

    def forget(self) -> None:
        """The clock was set: what was made by the old one may be refused."""
        self._made.clear()

    async def make(self) -> None:
        """Make what will be wanted next, whenever something was used; until cancelled."""
        while True:
            await self._is_wanted.wait()
            self._is_wanted = anyio.Event()
            wanted, self._wanted = self._wanted, {}
            for key, request in wanted.items():
                made = self._signer.sign_ahead(
                    request, host=key[1], now_ns=self._now_ns(), nonce=self._nonce()
                )
                if made is None:
                    if len(self._useless) >= PATHS_AHEAD:
                        self._useless.clear()
                    self._useless.add(key)
                    continue
                if len(self._made) >= PATHS_AHEAD:
                    self._made.clear()
                self._made[key] = made


class _Auth:
    """What outlives an incarnation: the keys, the clock's offset, and a count."""

    def __init__(
        self, exchange: str, signer: Signer | None, clock: Clock, nonce: Callable[[], str]
    ) -> None:
        self._exchange = exchange
        self._signer = signer
        self._nonce = nonce
        self._clock = _ExchangeClock(clock)
        self._signed = 0

    async def __call__(self, ctx: Context[AuthProtocol]) -> None:
        """Serve until asked to stop."""
        ahead: _Ahead | None = None
        ctx.publish_from(self._detail)
        async with anyio.create_task_group() as tasks:
            if self._signer is not None:
                ahead = _Ahead(self._signer, self._clock.now_ns, self._nonce)
                tasks.start_soon(ahead.make)
            await ctx.serve_at_the_door(partial(self._handle, ahead), refuses=(EngineError,))
            tasks.cancel_scope.cancel()

    def _handle(self, ahead: _Ahead | None, message: Sign | SignStream | ClockMeasured) -> object:
        match message:
            case Sign(request, host):
                if request.auth is Auth.NONE:
                    return request
                if ahead is None:
                    raise self._no_key(request.operation)
                self._signed += 1
                return ahead.sign(request, host)
            case SignStream(stream_message):
                if self._signer is None:
                    raise self._no_key("subscribe")
                self._signed += 1
                return self._signer.sign_stream(
                    stream_message, now_ns=self._clock.now_ns(), nonce=self._nonce()
                )
            case ClockMeasured():
                before = (self._clock.offset_ns, self._clock.round_trip_ns)
                self._clock.measure(message)
                now = (self._clock.offset_ns, self._clock.round_trip_ns)
                if ahead is not None and now != before:
                    ahead.forget()
                return self._clock.offset_ns
            case _:
                assert_never(message)

    def _no_key(self, operation: str) -> ConfigurationError:
        return ConfigurationError(
            "this needs credentials, and none were given, or not all of them: the reference of the"
            " command line names their variables in the environment",
            exchange=self._exchange,
            operation=operation,
        )

    def _detail(self) -> AuthDetail:
        clock = self._clock
        return AuthDetail(
            self._signer is not None, clock.offset_ns, clock.round_trip_ns, self._signed
        )


def auth_actor(
    *, exchange: str, signer: Signer | None, clock: Clock, nonce: Callable[[], str]
) -> Callable[[Context[AuthProtocol]], Awaitable[None]]:
    """The auth actor's `run`.

    Args:
        exchange: its name, for errors.
        signer: made of the credentials; None if there are none.
        clock: ours.
        nonce: gives unguessable text, new at each call.
    """
    return _Auth(exchange, signer, clock, nonce)
