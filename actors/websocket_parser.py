"""Bytes of an open WebSocket to whole messages, without I/O.

All of the protocol is `websockets`' `ClientProtocol`. In front of it stands a short cut, for what
an exchange sends nearly always: a text frame that is whole, unfragmented and uncompressed is cut
out of the bytes directly, at a quarter of the cost.

How the short cut stays equal to the protocol alone:

1. It only ever looks at a frame's header when the protocol stands at a frame boundary.
2. It takes a frame only if its first byte says "text, final, no extension bits", it is unmasked,
   within the size limit, and no fragmented message is open.
3. Any other frame goes to the protocol, exactly to its last byte (`_owed` counts what is still to
   come), so that the protocol is at a boundary again afterwards.
4. Once the protocol leaves the OPEN state, or compression was agreed, the short cut is over: all
   bytes go to the protocol.
"""

from enum import Enum

from websockets.client import ClientProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State

__all__ = ["FramePath", "InvalidText", "WebSocketParser"]

FINAL_TEXT = 0x81
LENGTH_IN_TWO_BYTES = 126
LENGTH_IN_EIGHT_BYTES = 127
#: How many bytes a longer length takes.
WIDTHS = {LENGTH_IN_TWO_BYTES: 2, LENGTH_IN_EIGHT_BYTES: 8}


class FramePath(Enum):
    """Which way frames take."""

    SHORT_CUT = "short_cut"
    PROTOCOL = "protocol"


class InvalidText(Exception):
    """A text message is not UTF-8."""


class WebSocketParser:
    """Turns received bytes into messages; what must be sent in answer waits in the protocol.

    After `feed`, send `protocol.data_to_send()`, then look at `failure` and `is_closed_by_peer`.

    Attributes:
        protocol: after its opening handshake.
        failure: why no more can be read, None while it can.
        close: the peer's close frame, code and reason, once it has come.
        pongs: payloads of the pongs received; the caller takes them away.
    """

    def __init__(
        self,
        protocol: ClientProtocol,
        *,
        max_message_bytes: int,
        path: FramePath = FramePath.SHORT_CUT,
    ) -> None:
        self.protocol = protocol
        self.failure: Exception | None = None
        self.close: tuple[int, str] | None = None
        self.pongs: list[bytes] = []
        self._limit = max_message_bytes
        self._has_short_cut = path is FramePath.SHORT_CUT and not protocol.extensions
        #: The beginning of a frame for the short cut, and how much of it makes sense to look at.
        self._held: list[bytes] = []
        self._held_size = 0
        self._needed = 0
        #: Bytes of the protocol's current frame that are still to come.
        self._owed = 0
        #: A fragmented message so far; its opcode while one is open.
        self._fragments: list[bytes] = []
        self._fragmented: Opcode | None = None

    def feed(self, data: bytes) -> list[bytes | str]:
        """The messages that `data` completes, in order: text and binary both as bytes."""
        messages: list[bytes | str] = []
        if self._owed and self._has_short_cut:
            owed = data[: self._owed]
            self._owed -= len(owed)
            self._feed_protocol(owed, messages)
            data = data[len(owed) :]
        if self._held:
            self._held.append(data)
            self._held_size += len(data)
            if self._held_size < self._needed:
                return messages
            data = b"".join(self._held)
            self._held = []
        if self._has_short_cut:
            self._feed_frames(data, messages)
        elif data:
            self._feed_protocol(data, messages)
        return messages

    def feed_eof(self) -> None:
        """The peer has finished sending; without a close frame that is a failure."""
        if self._held:
            held, self._held = b"".join(self._held), []
            self._feed_protocol(held, [])
        self.protocol.receive_eof()
        self._note_failure()

    def _feed_frames(  # noqa: C901, PLR0912 - one loop over one header; split, it costs a call a frame
        self, data: bytes, messages: list[bytes | str]
    ) -> None:
        """Cut frames out of `data`, which begins at a frame boundary."""
        position, size = 0, len(data)
        while True:
            available = size - position
            if available < 2:  # noqa: PLR2004 - the shortest header
                needed = 2
                break
            length = data[position + 1]
            start = position + 2
            if length >= LENGTH_IN_TWO_BYTES:
                width = WIDTHS.get(length, 0)
                if not width:
                    # A masked frame: a server must not, and the protocol will say so.
                    self._has_short_cut = False
                    self._feed_protocol(data[position:], messages)
                    return
                if available < 2 + width:
                    needed = 2 + width
                    break
                length = int.from_bytes(data[start : start + width], "big")
                start += width
            end = start + length
            if data[position] == FINAL_TEXT and length <= self._limit and self._fragmented is None:
                if end > size:
                    needed = end - position
                    break
                text = data[start:end]
                if text.isascii():
                    messages.append(text)
                else:
                    self._deliver(text, Opcode.TEXT, messages)
                    if not self._has_short_cut:
                        self._feed_protocol(data[end:], messages)
                        return
                position = end
                continue
            stop = min(end, size)
            self._owed = end - stop
            self._feed_protocol(data[position:stop], messages)
            if not self._has_short_cut:
                self._feed_protocol(data[stop:], messages)
                return
            position = stop
            if self._owed:
                return
        if available:
            self._held = [data[position:]]
            self._held_size = available
            self._needed = needed

    def _feed_protocol(self, data: bytes, messages: list[bytes | str]) -> None:
        self.protocol.receive_data(data)
        for event in self.protocol.events_received():
            if isinstance(event, Frame) and self.failure is None:
                self._take(event, messages)
        self._note_failure()
        if self.protocol.state is not State.OPEN:
            self._has_short_cut = False

    def _take(self, frame: Frame, messages: list[bytes | str]) -> None:
        data = bytes(frame.data)
        match frame.opcode:
            case Opcode.TEXT | Opcode.BINARY:
                if frame.fin:
                    self._deliver(data, frame.opcode, messages)
                else:
                    self._fragmented = frame.opcode
                    self._fragments = [data]
            case Opcode.CONT:
                if data:
                    # Empty fragments are legal and could be endless: they leave no trace.
                    self._fragments.append(data)
                if frame.fin and self._fragmented is not None:
                    opcode, self._fragmented = self._fragmented, None
                    whole, self._fragments = b"".join(self._fragments), []
                    self._deliver(whole, opcode, messages)
            case Opcode.PONG:
                self.pongs.append(data)
            case Opcode.CLOSE:
                close = self.protocol.close_rcvd
                if close is not None:
                    self.close = (int(close.code), close.reason)
            case _:
                pass  # a ping: the protocol has its answer ready

    def _deliver(self, data: bytes, opcode: Opcode, messages: list[bytes | str]) -> None:
        if opcode is Opcode.TEXT and not data.isascii():
            try:
                data.decode()
            except UnicodeDecodeError:
                self.failure = InvalidText()
                self._has_short_cut = False
                self.protocol.fail(CloseCode.INVALID_DATA, "text is not UTF-8")
                return
        messages.append(data)

    def _note_failure(self) -> None:
        if self.failure is None and self.close is None:
            self.failure = self.protocol.parser_exc
