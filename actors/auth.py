"""The one actor that holds the credentials: it signs, and knows how far the clocks differ.

Signing asks nobody and waits for nothing, so an ask of it costs its round trip alone. The
exchange's clock is ours plus an offset, measured by others (`ClockMeasured`); of several
measurements the one with the shortest round trip is believed, until it is old.
"""

from collections.abc import Awaitable, Callable

from attrs import frozen

from venuetree.actors.clock import Clock
from venuetree.actors.context import Context
from venuetree.protocol.errors import ConfigurationError, EngineError
from venuetree.protocol.messages import Message, Request
from venuetree.protocol.port import Auth, RestRequest, Signer, StreamMessage

__all__ = ["AuthDetail", "AuthProtocol", "ClockMeasured", "Sign", "SignStream", "auth_actor"]

#: After so long a new measurement is believed though its round trip was longer: clocks drift.
MEASUREMENT_AGE_NS = 600 * 1_000_000_000


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
class ClockMeasured(Message[AuthProtocol]):
    """The exchange's clock was `offset_ns` ahead of ours, give or take half the round trip."""

    offset_ns: int
    round_trip_ns: int


@frozen
class AuthDetail:
    """What the snapshot shows: never the credentials."""

    has_credentials: bool
    clock_offset_ns: int
    clock_round_trip_ns: int | None
    signed: int


class _Offset:
    """The best measurement of the exchange's clock."""

    def __init__(self) -> None:
        self.offset_ns = 0
        self.round_trip_ns: int | None = None
        self._measured_ns = 0

    def measure(self, measured: ClockMeasured, now_ns: int) -> None:
        """Believe it if it is better than what we have, or that is old."""
        is_old = now_ns - self._measured_ns > MEASUREMENT_AGE_NS
        best = self.round_trip_ns
        # A jump by more than both uncertainties is no noise: their clock or ours was set.
        has_jumped = abs(measured.offset_ns - self.offset_ns) > measured.round_trip_ns + (best or 0)
        if best is None or is_old or has_jumped or measured.round_trip_ns <= best:
            self.offset_ns = measured.offset_ns
            self.round_trip_ns = measured.round_trip_ns
            self._measured_ns = now_ns


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
    offset = _Offset()
    signed = 0

    async def run(ctx: Context[AuthProtocol]) -> None:
        def publish() -> None:
            ctx.publish(
                AuthDetail(signer is not None, offset.offset_ns, offset.round_trip_ns, signed)
            )

        def need(operation: str) -> Signer:
            if signer is None:
                raise ConfigurationError(
                    "this needs credentials, and none were given",
                    exchange=exchange,
                    operation=operation,
                )
            return signer

        def handle(message: Sign | SignStream | ClockMeasured) -> object:
            nonlocal signed
            now_ns = clock.now_ns() + offset.offset_ns
            match message:
                case Sign(request, host):
                    if request.auth is Auth.NONE:
                        return request
                    signed += 1
                    return need(request.operation).sign(
                        request, host=host, now_ns=now_ns, nonce=nonce()
                    )
                case SignStream(stream_message):
                    signed += 1
                    return need("subscribe").sign_stream(
                        stream_message, now_ns=now_ns, nonce=nonce()
                    )
                case ClockMeasured():
                    offset.measure(message, clock.now_ns())
                    publish()
                    return None

        publish()
        await ctx.serve_at_the_door(handle, refuses=(EngineError,))

    return run
