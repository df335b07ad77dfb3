"""HTTP replies from bytes: any cut of them gives the same, any garbage a typed error."""

import gzip
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuetree.actors.http_reply import HttpReply, ReplyParser, ReplyState
from venuetree.protocol.errors import RemoteProtocolError

LIMIT = 5000

REPLIES = {
    "length": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\nx-a: 2\r\n\r\nhello",
        HttpReply(200, {"content-length": "5", "x-a": "1, 2"}, b"hello"),
    ),
    "chunked": (
        (
            b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\nhe\r\n3;x=1\r\nllo\r\n0\r\nTrailer: t\r\n\r\n"
        ),
        HttpReply(201, {"transfer-encoding": "chunked"}, b"hello"),
    ),
    "interim": (
        (
            b"HTTP/1.1 100 Continue\r\nX-B: no\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        ),
        HttpReply(200, {"content-length": "2"}, b"ok"),
    ),
    "no_content": (
        b"HTTP/1.1 204 No Content\r\nX-C: 1\r\n\r\n",
        HttpReply(204, {"x-c": "1"}, b""),
    ),
    "gzip": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b"
        % (len(gzip.compress(b"books", mtime=0)), gzip.compress(b"books", mtime=0)),
        HttpReply(
            200,
            {
                "content-encoding": "gzip",
                "content-length": str(len(gzip.compress(b"books", mtime=0))),
            },
            b"books",
        ),
    ),
}


def read(chunks: list[bytes]) -> HttpReply:
    """The reply in these chunks, which end with it."""
    parser = ReplyParser(max_body_bytes=LIMIT)
    for chunk in chunks:
        if chunk:
            parser.feed(chunk)
    if parser.state is not ReplyState.COMPLETE:
        parser.feed_eof()
    return parser.reply()


@given(st.sampled_from(sorted(REPLIES)), st.lists(st.integers(0, 200), max_size=20))
def test_any_cut_of_a_reply_gives_the_same_reply(name: str, cuts: list[int]) -> None:
    """Wherever the bytes are cut."""
    data, expected = REPLIES[name]
    ends = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]

    assert read([data[a:b] for a, b in pairwise(ends)]) == expected


@given(
    st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", *(data for data, _ in REPLIES.values())]),
    st.integers(0, 100),
    st.binary(max_size=60),
)
def test_any_bytes_give_a_reply_or_a_typed_error(data: bytes, kept: int, noise: bytes) -> None:
    """Garbage at any place: RemoteProtocolError, or EOFError where it was cut off."""
    try:
        reply = read([data[:kept], noise, data[kept:]])
    except (RemoteProtocolError, EOFError):
        return

    assert reply.status >= 200


@pytest.mark.parametrize("name", sorted(REPLIES))
def test_a_reply_cut_off_is_no_reply(name: str) -> None:
    """Every beginning of it that is not all of it is told as cut off."""
    data, _ = REPLIES[name]
    # A reply of five bytes may not be taken for one of four.
    for end in range(1, len(data)):
        with pytest.raises(EOFError):
            read([data[:end]])


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    """HTTP allows it; such a connection is not used again."""
    parser = ReplyParser(max_body_bytes=LIMIT)
    parser.feed(b"HTTP/1.1 502 Bad\r\nContent-Type: text/html\r\n\r\n<html>")
    parser.feed_eof()

    assert parser.reply() == HttpReply(502, {"content-type": "text/html"}, b"<html>")
    assert not parser.can_be_reused


@pytest.mark.parametrize(
    ("head", "can_be_reused"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
    ],
)
def test_a_reply_says_whether_the_connection_stays(head: bytes, can_be_reused: bool) -> None:  # noqa: FBT001
    """`Connection: close` and HTTP/1.0 end it."""
    parser = ReplyParser(max_body_bytes=LIMIT)
    parser.feed(head)

    assert (parser.state, parser.can_be_reused) == (ReplyState.COMPLETE, can_be_reused)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (REPLIES["length"][0] + REPLIES["length"][0], "more came than one reply"),
        (REPLIES["length"][0] + b"junk", "more came than one reply|not HTTP"),
        (b"<html>", "not HTTP"),
        (
            b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            "another protocol",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6000\r\n\r\n" + b"x" * 6000, "too long"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 30000, "head is too long"),
    ],
)
def test_what_is_no_single_reply_is_refused(data: bytes, message: str) -> None:
    """Second replies, junk, upgrades, contradictions and endless ones."""
    chunks = [data[index : index + 1000] for index in range(0, len(data), 1000)]

    with pytest.raises(RemoteProtocolError, match=message):
        read(chunks)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b"plain", mtime=0)),
        ("GZip, identity", gzip.compress(b"plain", mtime=0)),
        ("deflate", zlib.compress(b"plain")),
        ("deflate", zlib.compress(b"plain")[2:-4]),
        ("identity", b"plain"),
    ],
)
def test_compression_is_opened_though_nobody_asked(coding: str, body: bytes) -> None:
    """gzip, and deflate with and without its wrapper."""
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n"

    assert read([head.encode() + body]).body == b"plain"


@pytest.mark.parametrize(
    ("coding", "body", "message"),
    [
        ("br", b"x", "unknown"),
        ("gzip", b"plain", "broken"),
        ("gzip", gzip.compress(b"plain", mtime=0)[:-9], "cut off"),
        ("gzip", gzip.compress(b"0" * 6000, mtime=0), "too long"),
    ],
)
def test_compression_that_cannot_be_opened_is_refused(
    coding: str, body: bytes, message: str
) -> None:
    """Unknown, broken, cut off, or a bomb."""
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n"

    with pytest.raises(RemoteProtocolError, match=message):
        read([head.encode() + body])
