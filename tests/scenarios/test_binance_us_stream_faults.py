"""What goes wrong on the sockets of the simulated Binance.US, as scripted."""

import json
from itertools import pairwise
from typing import Any

import pytest

from tests.scenarios.binance_us_sockets import Socket, SocketClient, pings, request
from tests.scenarios.plain_binance_us import order
from venuetree.scenarios.faults import (
    Backlog,
    CloseConnection,
    CorruptFrame,
    DropFrame,
    Fault,
    HalfOpenConnection,
    KickOnConnect,
    RefuseConnection,
    RepeatFrame,
    ResetConnection,
    SendErrorFrame,
    ShutDownServer,
    StallStream,
    SwapFrames,
    WithholdPings,
)
from venuetree.scenarios.simulated.wire import (
    CloseStream,
    FallSilent,
    Refusal,
    ResetStream,
    SendFrame,
)

DEPTH = "btcusd@depth@100ms"


def watching(*faults: Fault) -> tuple[SocketClient, Socket]:
    """A raw stream of one book that has spoken twice, and faults that begin then."""
    client = SocketClient()
    socket = client.streams(DEPTH, combined=False)
    client.walk(0.5)
    socket.actions()
    for fault in faults:
        client.sim.faults.add(fault)
    return client, socket


def spans(socket: Socket) -> list[tuple[int, int]]:
    """First and last update id of each depth event since the last look."""
    return [(event["U"], event["u"]) for event in socket.frames()]


def steps(told: list[tuple[int, int]]) -> list[int]:
    """From the end of each event to the beginning of the next; 1 is no gap."""
    return [after[0] - before[1] for before, after in pairwise(told)]


def test_a_dropped_depth_event_is_a_gap_on_one_connection_only() -> None:
    """The updates it held never come; another connection has them."""
    client, socket = watching()
    other = client.streams(DEPTH, combined=False)
    client.sim.faults.add(DropFrame(channel="*@depth*", after=2))
    client.walk(2)

    lost, whole = spans(socket), spans(other)

    assert len(lost) == len(whole) - 1
    assert set(lost) < set(whole)
    assert sum(step != 1 for step in steps(lost)) == 1
    assert set(steps(whole)) == {1}
    assert [entry.subject for entry in client.sim.log.faults] == ["DropFrame"]


def test_frames_are_repeated_and_swapped() -> None:
    """The same event twice; a later one before an earlier one."""
    client, socket = watching(RepeatFrame(channel=DEPTH), SwapFrames(channel=DEPTH, after=1))
    client.walk(2)

    told = spans(socket)

    assert told[0] == told[1]
    assert told[2] > told[3] > told[1]
    assert told[4] > told[2]


def test_a_corrupt_frame_is_half_a_text() -> None:
    """A whole message that cannot be decoded."""
    client, socket = watching(CorruptFrame(channel=DEPTH))
    client.walk(0.5)

    action, *_ = socket.actions()

    assert isinstance(action, SendFrame)
    with pytest.raises(json.JSONDecodeError):
        json.loads(action.text)


@pytest.mark.parametrize("backlog", list(Backlog))
def test_a_stalled_connection_is_open_and_silent(backlog: Backlog) -> None:
    """For its time, without even a ping; then with or without what was missed."""
    client, socket = watching()
    before = client.sim.market("BTCUSD").last_update_id
    client.sim.faults.add(StallStream(for_s=25, backlog=backlog))
    client.walk(24)
    during = socket.actions()
    client.walk(3)

    told = spans(socket)

    assert during == []
    assert set(steps(told)) == {1}
    assert (told[0][0] == before + 1) is (backlog is Backlog.DELIVERED)
    assert told[-1][1] == client.sim.market("BTCUSD").last_update_id


def test_one_stream_may_stand_still_while_pings_go_on() -> None:
    """Nothing but the pings says that the connection lives."""
    client, socket = watching(StallStream(channel=DEPTH, only=DEPTH))
    client.walk(25)

    actions = socket.actions()

    assert len(pings(actions)) == len(actions) == 1


def test_the_account_may_fall_silent_while_the_market_speaks() -> None:
    """By listen key and by subscription, whose socket goes on answering requests."""
    client = SocketClient()
    by_key = client.streams(client.listen_key()["listenKey"], "btcusd@trade")
    by_api = client.api()
    client.call(by_api, "userDataStream.subscribe.signature")
    client.sim.faults.add(StallStream(channel="user", only="user", times=2))

    client.rest("POST", "order", **order())
    client.walk(2)
    by_api.send(request("ping"))

    assert {frame["stream"] for frame in by_key.frames()} == {"btcusd@trade"}
    assert [frame["id"] for frame in by_api.frames()] == [1]


@pytest.mark.parametrize(
    ("fault", "end"),
    [
        (ResetConnection(channel=DEPTH, after=1), ResetStream()),
        (HalfOpenConnection(channel=DEPTH, after=1), FallSilent()),
        (
            CloseConnection(channel=DEPTH, code=1012, reason="bye", after=1),
            CloseStream(1012, "bye"),
        ),
    ],
)
def test_a_connection_ends_in_place_of_a_frame(fault: Fault, end: Any) -> None:
    """One frame comes through, then the end, then nothing."""
    client, socket = watching(fault)
    client.walk(30)

    first, *rest = socket.actions()

    assert isinstance(first, SendFrame)
    assert rest == [end]


def test_an_error_in_band_answers_nothing_and_breaks_nothing() -> None:
    """In the nested form, with a null id; on the other door as a reply to nobody."""
    client, socket = watching(SendErrorFrame(message="broken"))
    api = client.api()
    client.walk(0.5)
    client.sim.faults.add(SendErrorFrame(message="broken too"))
    api.send(request("ping"))

    error, *told = socket.frames()

    assert error == {"error": {"code": 2, "msg": "broken"}, "id": None}
    assert [event["e"] for event in told] == ["depthUpdate"] * len(told) != []
    refused, pong = api.frames()
    assert (refused["id"], refused["error"]["msg"]) == (None, "broken too")
    assert (pong["id"], pong["status"]) == (1, 200)


def test_a_server_that_goes_down_says_so_and_closes_later() -> None:
    """Raw, combined, and on the WebSocket API; until then all goes on."""
    client = SocketClient()
    raw, wrapped = client.streams(DEPTH, combined=False), client.streams(DEPTH)
    api = client.api()
    client.sim.faults.add(ShutDownServer(close_after_s=5, code=1012, times=None))
    client.advance(0.01)
    notice = {"e": "serverShutdown", "E": client.now_ms}

    said = [socket.frames()[-1] for socket in (raw, wrapped, api)]
    client.walk(4.5)
    meanwhile = [socket.actions() for socket in (raw, wrapped, api)]
    client.walk(0.6)

    assert said == [notice, {"stream": "!serverShutdown", "data": notice}, {"event": notice}]
    assert [{type(action) for action in actions} for actions in meanwhile] == [
        *({SendFrame}, {SendFrame}, set())
    ]
    assert [s.actions()[-1] for s in (raw, wrapped, api)] == [CloseStream(1012, "")] * 3
    assert len(client.sim.log.faults) == 3


def test_a_shutdown_may_be_of_one_connection_or_surface() -> None:
    """The others hear nothing of it."""
    client = SocketClient()
    first, second, api = client.streams(DEPTH), client.streams(DEPTH), client.api()
    client.sim.faults.add(ShutDownServer(surface="stream"))
    client.advance(11, step_s=0.5)

    ended = [CloseStream(1001, "") in socket.actions() for socket in (first, second, api)]

    assert ended == [True, False, False]


def test_pings_may_be_withheld() -> None:
    """Nobody is then dropped for the want of a pong; other surfaces are pinged."""
    client = SocketClient()
    stream, api = client.streams("nothing"), client.api()
    withheld = client.sim.faults.add(WithholdPings(surface="stream"))
    client.advance(59, step_s=1)
    silent, pinged = stream.actions(), pings(api.actions())
    client.advance(60, step_s=1)
    withheld.remove()
    client.advance(20, step_s=1)

    assert silent == []
    assert len(pinged) == 2
    assert len(pings(stream.actions())) == 1
    assert api.actions()[-1] == CloseStream(1008, "Pong timeout")


def test_a_connection_is_kicked_or_refused_at_once() -> None:
    """By surface; the next one is welcome."""
    client = SocketClient()
    client.sim.faults.add(KickOnConnect(surface="ws_api", code=1013))
    client.sim.faults.add(RefuseConnection(surface="stream", status=503))

    kicked = client.api()
    refused = client.connect("stream", "/ws")
    fine = client.streams(DEPTH)

    assert kicked.actions() == [CloseStream(1013, "")]
    assert refused == Refusal(503, "")
    client.walk(0.5)
    assert fine.frames()
    assert not client.api().connection.outlet.closed
