"""One connection to the streams: what it is subscribed to, and whether events are wrapped."""

from collections.abc import Iterable

import attrs
import orjson

from venuetree.scenarios.faults import FrameKind
from venuetree.scenarios.simulated.binance_us.control import (
    BadControlError,
    Code,
    Control,
    GetProperty,
    ListSubscriptions,
    SetProperty,
    Subscribe,
    Unsubscribe,
    error_text,
    read_control,
    result_text,
)
from venuetree.scenarios.simulated.binance_us.stream_names import StreamName, parse_stream_name
from venuetree.scenarios.simulated.binance_us.venue import Venue
from venuetree.scenarios.simulated.outlet import Outlet

REPLIES = "replies"
"""The channel of replies to control messages, for faults."""
USER = "user"
"""The channel of the account's events, whatever listen key they come by."""
SHUTDOWN = "!serverShutdown"


def in_band_error(message: str) -> bytes:
    """An error that answers nothing, in the form of one that does."""
    return error_text(BadControlError(Code.INVALID_REQUEST, message))


@attrs.define(eq=False)
class MarketSession:
    """The subscriptions of one connection; a name without a stream may be a listen key."""

    venue: Venue
    outlet: Outlet
    combined: bool
    names: dict[str, StreamName | None] = attrs.field(factory=dict)

    def subscribe(self, names: Iterable[str]) -> None:
        """Add streams; no name is refused, whether anything comes by it or not."""
        self.names.update((name, parse_stream_name(name)) for name in names)

    def receive(self, text: str | bytes) -> None:
        """Obey one control message, and reply."""
        try:
            reply = self._obey(read_control(text))
        except BadControlError as error:
            reply = error_text(error)
        self.outlet.emit(REPLIES, FrameKind.CONTROL, reply, self.venue.clock_ns())

    def _obey(self, control: Control) -> bytes:
        match control:
            case Subscribe(message_id, names):
                most = self.venue.settings.streams.streams
                if len(self.names.keys() | set(names)) > most:
                    problem = f"Invalid request: at most {most} streams a connection"
                    raise BadControlError(Code.INVALID_REQUEST, problem, message_id)
                self.subscribe(names)
                return result_text(message_id)
            case Unsubscribe(message_id, names):
                for name in names:
                    self.names.pop(name, None)
                return result_text(message_id)
            case ListSubscriptions(message_id):
                return result_text(message_id, list(self.names))
            case SetProperty(message_id, combined):
                self.combined = combined
                return result_text(message_id)
            case GetProperty(message_id):
                return result_text(message_id, self.combined)

    def tell(self, name: str, event: bytes, *, channel: str | None = None) -> None:
        """Send an event of a subscribed stream; `channel` is what faults know it by."""
        self.outlet.emit(
            channel or name, FrameKind.UPDATE, self._wrapped(name, event), self.venue.clock_ns()
        )

    def _wrapped(self, name: str, event: bytes) -> bytes:
        if not self.combined:
            return event
        return b'{"stream":%b,"data":%b}' % (orjson.dumps(name), event)

    def tick(self) -> None:
        """Nothing is due by itself."""

    def announce_shutdown(self) -> None:
        """Tell the client that its server goes down."""
        event = orjson.dumps({"e": "serverShutdown", "E": self.venue.now_ms()})
        text = self._wrapped(SHUTDOWN, event)
        self.outlet.emit(SHUTDOWN, FrameKind.CONTROL, text, self.venue.clock_ns())

    def unknown_names(self) -> list[str]:
        """The names that are no market stream: listen keys, or nothing."""
        return [name for name, stream in self.names.items() if stream is None]
