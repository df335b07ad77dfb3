"""Streams of the simulated Coinbase: what can be made to go wrong on them."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.scenarios.coinbase_stream_reading import book_from, numbers, real_book, walking
from tests.scenarios.plain_client import PlainClient, Stream, limit_gtc
from venuetree.scenarios.faults import (
    Backlog,
    CloseConnection,
    CorruptFrame,
    DropFrame,
    DuplicateUserEvents,
    FrameKind,
    HalfOpenConnection,
    KickOnConnect,
    OrphanDelete,
    OversizeSnapshot,
    RefuseConnection,
    RepeatFrame,
    ResetConnection,
    SendErrorFrame,
    StallStream,
    SwapFrames,
)
from venuetree.scenarios.simulated.wire import (
    CloseStream,
    FallSilent,
    Refusal,
    Request,
    ResetStream,
    SendFrame,
)

D = Decimal


def book_frames(stream: Stream) -> list[int]:
    """The sequence numbers of the book's update frames, in order of arrival."""
    return [
        f["sequence_num"]
        for f in stream.frames()
        if f["channel"] == "l2_data" and f["events"][0]["type"] == "update"
    ]


def watching() -> tuple[PlainClient, Stream]:
    """A stream of one book, its snapshot (0) and acknowledgement (1) read."""
    client = walking()
    stream = client.stream()
    stream.subscribe("level2", "BTC-USD")
    stream.frames()
    return client, stream


def test_a_dropped_frame_leaves_a_gap_in_the_sequence() -> None:
    """Its number is used; only frames that fit are dropped."""
    client, stream = watching()
    client.sim.faults.add(DropFrame(channel="level2", after=1))
    client.sim.faults.add(DropFrame(channel="ticker"))

    client.advance(1.1)

    assert book_frames(stream)[:3] == [2, 4, 5]
    assert [e.subject for e in client.sim.log.faults] == ["DropFrame"]


def test_frames_are_repeated_and_swapped() -> None:
    """Twice the same number; a later number before an earlier one."""
    client, stream = watching()
    client.sim.faults.add(RepeatFrame(channel="level2"))
    client.sim.faults.add(SwapFrames(channel="level2", after=1))

    client.advance(1.1)

    assert book_frames(stream)[:5] == [2, 2, 4, 3, 5]


def test_a_corrupt_frame_is_half_a_text() -> None:
    """It cannot be decoded; its number is lost."""
    client, stream = watching()
    client.sim.faults.add(CorruptFrame(channel="level2"))
    client.advance(0.3)

    (action, *_) = stream.actions()

    assert isinstance(action, SendFrame)
    with pytest.raises(json.JSONDecodeError):
        json.loads(action.text)


@pytest.mark.parametrize(
    ("backlog", "numbers_after"),
    [(Backlog.DELIVERED, [2, 3, 4, 5]), (Backlog.DISCARDED, [13, 14, 15, 16])],
)
def test_a_stalled_stream_is_silent_for_its_time(
    backlog: Backlog, numbers_after: list[int]
) -> None:
    """Connected, nothing comes; afterwards with or without what was missed."""
    client, stream = watching()
    client.sim.faults.add(StallStream(for_s=2, backlog=backlog))

    client.advance(2.1)
    during = stream.actions()
    client.advance(1)

    assert during == []
    assert book_frames(stream)[:4] == numbers_after


def test_a_stall_may_be_for_ever_and_of_one_channel_only() -> None:
    """Heartbeats go on while the book stands still."""
    client, stream = watching()
    stream.subscribe("heartbeats")
    stream.frames()
    client.sim.faults.add(StallStream(channel="level2", only="level2"))

    client.advance(10)

    assert {f["channel"] for f in stream.frames()} == {"heartbeats"}


@pytest.mark.parametrize(
    ("fault", "last"),
    [
        (ResetConnection(channel="level2", after=1), ResetStream()),
        (HalfOpenConnection(channel="level2", after=1), FallSilent()),
        (CloseConnection(channel="level2", code=1012, after=1), CloseStream(1012, "")),
    ],
)
def test_a_connection_ends_in_place_of_a_frame(
    fault: ResetConnection | HalfOpenConnection | CloseConnection, last: Any
) -> None:
    """One frame comes through, then the end, then nothing more."""
    client, stream = watching()
    client.sim.faults.add(fault)

    client.advance(2)

    first, *rest = stream.actions()
    assert isinstance(first, SendFrame)
    assert rest == [last]
    assert [e.subject for e in client.sim.log.faults] == [type(fault).__name__]


def test_an_error_in_band_comes_before_a_frame() -> None:
    """It has no number and breaks nothing."""
    client, stream = watching()
    client.sim.faults.add(SendErrorFrame(message="something broke"))

    client.advance(0.5)

    frames = stream.frames()
    assert frames[0] == {"type": "error", "message": "something broke"}
    assert numbers(frames)[0] == 2


def orphans(frames: list[Any]) -> int:
    """How many deletes name a level that was never announced."""
    seen: set[str] = set()
    count = 0
    for frame in frames:
        for update in frame["events"][0].get("updates", ()):
            count += not D(update["new_quantity"]) and update["price_level"] not in seen
            seen.add(update["price_level"])
    return count


def test_an_orphan_delete_names_a_level_that_never_was() -> None:
    """One more than happen by themselves; the client's book is the same with it."""
    counts = []
    for faults in (0, 1):
        client = walking()
        stream = client.stream()
        stream.subscribe("level2", "BTC-USD")
        if faults:
            client.sim.faults.add(OrphanDelete())
        client.advance(3)
        client.sim.paused = True
        client.advance(0.1)
        frames = stream.frames()
        counts.append(orphans(frames))

        assert book_from(frames) == real_book(client)
        assert len(client.sim.log.faults) == faults

    assert counts[1] == counts[0] + 1


def test_an_oversize_snapshot_is_true_all_the_same() -> None:
    """As many bytes as wanted in one message, and the book really holds them."""
    client = walking()
    client.sim.faults.add(OversizeSnapshot(at_least_bytes=1_000_000))
    stream = client.stream()
    stream.subscribe("level2", "ETH-USD")
    client.advance(1)
    client.sim.paused = True
    client.advance(0.1)

    actions = stream.actions()

    texts = [a.text for a in actions if isinstance(a, SendFrame)]
    assert len(texts[0]) > 1_000_000
    assert max(len(text) for text in texts[1:]) < 20_000
    assert book_from([json.loads(text) for text in texts], "ETH-USD") == real_book(
        client, "ETH-USD"
    )


def test_an_event_of_the_account_may_be_told_twice() -> None:
    """In two frames with numbers of their own."""
    client = PlainClient()
    stream = client.stream()
    stream.subscribe("user", signed=True)
    stream.frames()
    client.sim.faults.add(DuplicateUserEvents(times=2, after=1))
    client.placed(limit_gtc("0.1", "50000"))

    frames = stream.frames()

    statuses = [frame["events"][0]["orders"][0]["status"] for frame in frames]
    assert statuses == ["PENDING", "OPEN", "OPEN"]
    assert numbers(frames) == [2, 3, 4]


def test_a_connection_is_kicked_or_refused_at_once() -> None:
    """By surface; the next one is welcome."""
    client = PlainClient()
    client.sim.faults.add(KickOnConnect(surface="user_stream", code=1013))
    client.sim.faults.add(RefuseConnection(surface="stream", status=502))

    kicked = client.stream("user_stream")
    refused = client.sim.connect("stream", Request("GET", "/"))
    fine = client.stream()

    assert kicked.actions() == [CloseStream(1013, "")]
    assert refused == Refusal(502, "")
    assert fine.actions() == []


def test_a_fault_may_hit_snapshots_or_acknowledgements_alone() -> None:
    """By what a frame carries."""
    client = PlainClient()
    client.sim.faults.add(DropFrame(carrying=FrameKind.CONTROL))
    client.sim.faults.add(DropFrame(carrying=FrameKind.SNAPSHOT, after=1))
    stream = client.stream()
    stream.subscribe("level2", "BTC-USD")
    stream.subscribe("level2", "ETH-USD")

    assert numbers(stream.frames()) == [0, 3]


def test_a_client_that_does_not_read_is_thrown_out() -> None:
    """Its queue is bounded."""
    client, stream = watching()
    for _ in range(50_001):
        stream.connection.outlet.say(b"{}")

    assert stream.actions() == [ResetStream()]
    assert client.sim.streams.connections == [stream.connection]
