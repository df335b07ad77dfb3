"""`decode`: frames in, events out, and what happens to a frame that is none."""

import io
from collections.abc import Iterator, Sequence

import pytest
from attrs import evolve

from tests.support.samples import TRADE
from venuetree.cli.decoding import decode_frames
from venuetree.cli.exits import ExitCode
from venuetree.cli.json_output import dump, event_document
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.events import Event
from venuetree.protocol.exchanges import EXCHANGES
from venuetree.protocol.port import Exchange, StreamKind

TRADE_LINE = dump(event_document(TRADE))


@pytest.fixture
def exchange() -> Exchange:
    """An exchange whose only good frame is `trade`."""

    def decode(frame: bytes, received_time_ns: int, kind: StreamKind | None) -> Sequence[Event]:
        assert kind is None
        if frame != b"trade":
            raise RemoteProtocolError("not a\ntrade", payload=frame, exchange="coinbase")
        return (evolve(TRADE, received_time_ns=received_time_ns),)

    return evolve(next(iter(EXCHANGES.values())), decode=decode)


def run(exchange: Exchange, *lines: bytes) -> tuple[ExitCode, bytes, str]:
    """Exit code, stdout and stderr."""
    events, problems = io.BytesIO(), io.StringIO()
    code = decode_frames(
        exchange,
        None,
        frames=lines,
        events=events,
        problems=problems,
        clock=lambda: TRADE.received_time_ns,
    )
    return code, events.getvalue(), problems.getvalue()


def test_each_frame_gives_its_events(exchange: Exchange) -> None:
    """With or without a newline, whatever its kind; blank lines are nothing."""
    assert run(exchange, b"trade\n", b"\r\n", b"  \n", b"trade\r\n", b"trade") == (
        ExitCode.DONE,
        3 * TRADE_LINE,
        "",
    )


def test_a_bad_frame_is_told_by_line_and_the_rest_goes_on(exchange: Exchange) -> None:
    """One line of stderr each, counted over blank lines too, and exit code 1 at the end."""
    assert run(exchange, b"\n", b"\xff\xfe\n", b"trade\n", b"gibberish\n") == (
        ExitCode.REFUSED,
        TRADE_LINE,
        "line 2: not a trade\nline 4: not a trade\n",
    )


def test_events_are_written_before_the_next_frame_is_read(exchange: Exchange) -> None:
    """A live stream can be piped through: nothing waits for more input."""
    events = io.BytesIO()

    def frames() -> Iterator[bytes]:
        yield b"trade\n"
        assert events.getvalue() == TRADE_LINE

    decode_frames(
        exchange,
        None,
        frames=frames(),
        events=events,
        problems=io.StringIO(),
        clock=lambda: TRADE.received_time_ns,
    )

    assert events.getvalue() == TRADE_LINE
