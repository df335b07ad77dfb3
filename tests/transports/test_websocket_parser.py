"""The WebSocket parser: its short cut changes nothing but the time it takes."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.exceptions import PayloadTooBig, ProtocolError
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.uri import parse_uri

from venuetree.actors.websocket_parser import FramePath, InvalidText, WebSocketParser

LIMIT = 300

texts = st.one_of(
    st.text(max_size=40).map(str.encode),
    st.sampled_from([b"", b"a" * 125, b"a" * 126, b"a" * 127, b"b" * LIMIT, b"c" * (LIMIT + 1)]),
    st.binary(max_size=6),
    # What looks like a text frame inside another frame is none.
    st.integers(1, 30).map(lambda count: b"\x81\x01a" * count),
)
frames = st.one_of(
    st.builds(lambda data: Frame(Opcode.TEXT, data), texts),
    st.builds(
        Frame,
        st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.CONT]),
        texts,
        fin=st.booleans(),
    ),
    st.builds(Frame, st.sampled_from([Opcode.PING, Opcode.PONG]), st.binary(max_size=125)),
)
closes = st.sampled_from(
    [b"", b"\x88\x00", b"\x88\x02\x03\xe8", b"\x88\x05\x03\xe9bye", b"\x88\x01\x03", b"\x82\x80"]
)


@st.composite
def wires(draw: st.DrawFn) -> bytes:
    """Frames of all kinds, then perhaps a close, then perhaps what is no frame."""
    sent = draw(st.lists(frames, max_size=12))
    data = b"".join(frame.serialize(mask=False) for frame in sent)
    return data + draw(closes) + draw(st.one_of(st.just(b""), st.binary(max_size=30)))


@st.composite
def chunked(draw: st.DrawFn, source: st.SearchStrategy[bytes]) -> list[bytes]:
    """The same bytes cut anywhere."""
    data = draw(source)
    cuts = draw(st.lists(st.integers(0, len(data)), max_size=20))
    return [data[a:b] for a, b in pairwise([0, *sorted(cuts), len(data)])]


def new_parser(path: FramePath) -> WebSocketParser:
    """A parser behind a finished handshake."""
    protocol = ClientProtocol(parse_uri("ws://localhost/"), max_size=LIMIT, state=OPEN)
    return WebSocketParser(protocol, max_message_bytes=LIMIT, path=path)


def outcome(path: FramePath, chunks: list[bytes]) -> object:
    """All that can be seen of a parser that was fed these chunks and then the end."""
    parser = new_parser(path)
    messages = [message for chunk in chunks for message in parser.feed(chunk)]
    parser.feed_eof()
    answers = [(frame[0], len(frame)) for frame in parser.protocol.data_to_send() if frame]
    if isinstance(parser.failure, InvalidText):
        # The protocol does not look into texts: it has answered what came behind a bad one.
        answers = []
    return messages, type(parser.failure), parser.close, parser.pongs, answers


@given(chunked(wires()))
def test_any_chunks_of_any_frames_give_the_messages_of_the_protocol_alone(
    chunks: list[bytes],
) -> None:
    """The short cut, however the bytes are cut, equals the protocol fed with them at once."""
    assert outcome(FramePath.SHORT_CUT, chunks) == outcome(FramePath.PROTOCOL, [b"".join(chunks)])


@given(chunked(st.binary(max_size=400)))
def test_any_bytes_give_what_the_protocol_alone_gives(chunks: list[bytes]) -> None:
    """Garbage ends both ways alike, and never in an exception."""
    assert outcome(FramePath.SHORT_CUT, chunks) == outcome(FramePath.PROTOCOL, [b"".join(chunks)])


@given(
    chunked(
        st.lists(st.text(max_size=200).map(str.encode), max_size=30).map(
            lambda messages: b"".join(
                Frame(Opcode.TEXT, text).serialize(mask=False) for text in messages
            )
        )
    )
)
def test_whole_texts_take_the_short_cut_however_they_are_cut(chunks: list[bytes]) -> None:
    """The protocol sees none of the bytes of plain text frames until the end."""
    parser = new_parser(FramePath.SHORT_CUT)
    seen: list[bytes] = []
    parser.protocol.receive_data = seen.append  # type: ignore[method-assign,assignment]
    for chunk in chunks:
        parser.feed(chunk)

    assert b"".join(seen) == b""


def test_what_looks_like_a_frame_inside_another_is_none() -> None:
    """A binary message cut in its middle, where a text frame seems to begin."""
    parser = new_parser(FramePath.SHORT_CUT)
    data = Frame(Opcode.BINARY, b"\x81\x01a" * 3).serialize(mask=False)

    messages = [message for cut in (data[:5], data[5:8], data[8:]) for message in parser.feed(cut)]

    assert messages == [b"\x81\x01a" * 3]


def test_a_message_in_fragments_is_one_message_though_a_ping_comes_between() -> None:
    """Fragments are joined; a control frame among them is answered and leaves no trace."""
    parser = new_parser(FramePath.SHORT_CUT)
    wire = [
        Frame(Opcode.TEXT, "€".encode()[:1], fin=False),
        Frame(Opcode.PING, b"here?"),
        Frame(Opcode.CONT, "€".encode()[1:], fin=False),
        Frame(Opcode.CONT, b"", fin=True),
        Frame(Opcode.TEXT, b"next"),
    ]

    messages = parser.feed(b"".join(frame.serialize(mask=False) for frame in wire))

    assert messages == ["€".encode(), b"next"]
    assert [data[0] for data in parser.protocol.data_to_send()] == [0x8A]


def test_text_that_is_not_utf8_ends_the_stream_behind_the_messages_before_it() -> None:
    """Bytes that are no text are told; nothing after them is given."""
    parser = new_parser(FramePath.SHORT_CUT)
    wire = [b"good", b"\xff\xfe", b"late"]

    messages = parser.feed(
        b"".join(Frame(Opcode.TEXT, data).serialize(mask=False) for data in wire)
    )

    assert messages == [b"good"]
    assert isinstance(parser.failure, InvalidText)


def test_a_frame_longer_than_allowed_fails_before_its_body_comes() -> None:
    """The header alone is enough to refuse it."""
    parser = new_parser(FramePath.SHORT_CUT)

    parser.feed(Frame(Opcode.TEXT, b"x" * (LIMIT + 1)).serialize(mask=False)[:4])

    assert isinstance(parser.failure, PayloadTooBig)


def test_a_masked_frame_from_a_server_is_a_failure() -> None:
    """Only clients mask."""
    parser = new_parser(FramePath.SHORT_CUT)

    parser.feed(b"\x81\x85\x00\x00\x00\x00hello")

    assert isinstance(parser.failure, ProtocolError)


def test_compressed_messages_are_the_protocols_from_the_first_byte() -> None:
    """With an extension agreed, nothing takes the short cut, and messages come decompressed."""

    def deflate() -> PerMessageDeflate:
        return PerMessageDeflate(
            remote_no_context_takeover=False,
            local_no_context_takeover=False,
            remote_max_window_bits=15,
            local_max_window_bits=15,
        )

    protocol = ClientProtocol(parse_uri("ws://localhost/"), max_size=LIMIT, state=OPEN)
    protocol.extensions = [deflate()]
    parser = WebSocketParser(protocol, max_message_bytes=LIMIT)
    server = [deflate()]

    messages = parser.feed(
        Frame(Opcode.TEXT, b"squeeze " * 20).serialize(mask=False, extensions=server)
        + Frame(Opcode.TEXT, b"again").serialize(mask=False, extensions=server)
    )

    assert messages == [b"squeeze " * 20, b"again"]
