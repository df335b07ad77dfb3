"""Market streams of the simulated Binance.US: shapes, rules of a connection, and its end."""

import itertools
from decimal import Decimal
from typing import Any

import pytest

from tests.scenarios.binance_us_sockets import (
    Socket,
    SocketClient,
    pings,
    samples,
    shape,
)
from tests.scenarios.plain_binance_us import order
from venuetree.scenarios.simulated.binance_us import Profile, Settings, StreamSettings
from venuetree.scenarios.simulated.binance_us.connection import Connection
from venuetree.scenarios.simulated.matching import Side
from venuetree.scenarios.simulated.wire import CloseStream, ControlFrame, Refusal, SendFrame

D = Decimal

#: The samples of the exchange's documents, a payload for each stream.
SAMPLES: dict[str, Any] = samples("market_streams")
MINI_TICKERS, TICKERS, HOUR_TICKERS = "!miniTicker@arr", "!ticker@arr", "!ticker_1h@arr"
OF_ALL = {
    MINI_TICKERS: "btcusd@miniTicker",
    TICKERS: "btcusd@ticker",
    HOUR_TICKERS: "btcusd@ticker_1h",
}
NO_LIMIT = Settings(streams=StreamSettings(frames_per_second=None))


def by_stream(socket: Socket) -> dict[str, list[Any]]:
    """The data of a combined connection's frames, by stream."""
    found: dict[str, list[Any]] = {}
    for frame in socket.frames():
        found.setdefault(frame["stream"], []).append(frame["data"])
    return found


def test_every_stream_has_the_shape_of_its_sample_and_moves_within_five_seconds() -> None:
    """Names, types and decimals, trades too; arrays hold the same for every symbol."""
    client = SocketClient()
    socket = client.streams(*SAMPLES, *OF_ALL)
    client.walk(1.2)  # what is told of the state at the beginning
    by_stream(socket)
    client.walk(5)

    told = by_stream(socket)

    assert set(told) == {*SAMPLES, *OF_ALL}
    for name, sample in SAMPLES.items():
        events = [event for event in told[name] if all(event.get(k, [0]) for k in ("b", "a"))]
        assert [shape(event) for event in events] == [shape(sample)] * len(events) != [], name
    for name, single in OF_ALL.items():
        for events in told[name]:
            assert {shape_text(event) for event in events} == {shape_text(SAMPLES[single])}
        assert {event["s"] for event in told[name][-1]} == set(client.sim.venue.markets)


def shape_text(payload: Any) -> str:
    """The shape as text, whatever symbol it is of."""
    return repr(sorted(shape(payload | {"s": "BTCUSD"}).items(), key=str))


def test_every_symbol_moves_within_five_seconds() -> None:
    """Trades, books and tickers of each of the universe, BTCUSD, BTCUSDT and ETHUSDT among them."""
    client = SocketClient()
    symbols = [symbol.lower() for symbol in client.sim.venue.markets]
    kinds = ("trade", "aggTrade", "depth@100ms", "bookTicker", "ticker", "kline_1m")
    names = {f"{symbol}@{kind}" for symbol in symbols for kind in kinds}
    socket = client.streams(*names)
    client.walk(1.2)
    by_stream(socket)
    client.walk(5)

    assert {"btcusd", "btcusdt", "ethusdt"} <= set(symbols)
    assert set(by_stream(socket)) == names


def test_trades_and_aggregates_tell_what_rest_tells() -> None:
    """One by one, ids contiguous, each aggregate the sum of its trades."""
    client = SocketClient()
    socket = client.streams("btcusd@trade", "btcusd@aggTrade")
    client.walk(5)
    client.rest("POST", "order", **order(type="MARKET", quantity="3.00000"))
    client.advance(0.02)

    told = by_stream(socket)

    trades, aggregates = told["btcusd@trade"], told["btcusd@aggTrade"]
    ids = [trade["t"] for trade in trades]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    listed = client.public("trades", symbol="BTCUSD", limit=len(trades))
    assert [(t["id"], t["price"], t["qty"], t["isBuyerMaker"]) for t in listed] == [
        (t["t"], t["p"], t["q"], t["m"]) for t in trades
    ]
    joined = client.public("aggTrades", symbol="BTCUSD", limit=len(aggregates))
    assert joined == [{k: v for k, v in a.items() if k not in "Ees"} for a in aggregates]
    for made in aggregates:
        parts = [trade for trade in trades if made["f"] <= trade["t"] <= made["l"]]
        assert D(made["q"]) == sum(D(part["q"]) for part in parts)
    assert [a["l"] for a in aggregates][-1] == ids[-1]


def book_of(client: SocketClient) -> dict[str, dict[str, str]]:
    """The exchange's book, as a client would write it."""
    return {
        name: {f"{price:.8f}": f"{size:.8f}" for price, size in client.sim.book("BTCUSD", side)}
        for name, side in (("b", Side.BUY), ("a", Side.SELL))
    }


def applied(snapshot: Any, events: list[Any]) -> dict[str, dict[str, str]]:
    """A local book by the published recipe; a gap fails."""
    book = {"b": dict(snapshot["bids"]), "a": dict(snapshot["asks"])}
    book_id = snapshot["lastUpdateId"]
    for event in events:
        if event["u"] <= book_id:
            continue
        assert event["U"] <= book_id + 1, (event["U"], book_id)
        book_id = event["u"]
        for side in "ba":
            for price, size in event[side]:
                if D(size):
                    book[side][price] = size
                else:
                    book[side].pop(price, None)
    return book


@pytest.mark.parametrize("name", ["btcusd@depth", "btcusd@depth@100ms"])
def test_depth_is_gap_free_over_connections_and_fits_rest_snapshots(name: str) -> None:
    """The second connection goes on where the first stood; both lead to the exchange's book."""
    client = SocketClient()
    first = client.streams(name)
    client.walk(4)
    events = by_stream(first)[name]
    second = client.streams(name)
    snapshot = client.public("depth", symbol="BTCUSD", limit=5000)
    client.walk(4)
    client.rest("POST", "order", **order())
    client.advance(1.1)

    later = by_stream(second)[name]

    assert by_stream(first)[name] == later
    ids = [(event["U"], event["u"]) for event in events + later]
    assert all(before[1] + 1 == after[0] for before, after in itertools.pairwise(ids))
    assert applied(snapshot, later) == book_of(client)
    assert ids[-1][1] == client.public("depth", symbol="BTCUSD")["lastUpdateId"]


def test_a_rest_snapshot_falls_on_the_end_of_an_event_again_and_again() -> None:
    """As clients that cannot begin in the middle of an event need it, at both paces."""
    client = SocketClient()
    names = ("btcusd@depth", "btcusd@depth@100ms")
    socket = client.streams(*names)
    snapshots = []
    for _ in range(100):
        client.walk(0.1)
        snapshots.append(client.public("depth", symbol="BTCUSD", limit=1)["lastUpdateId"])

    told = by_stream(socket)

    for name, at_least in zip(names, (10, 50), strict=True):
        ends = {event["u"] for event in told[name]}
        assert sum(snapshot in ends for snapshot in snapshots) >= at_least


def test_deleted_levels_are_zeros_with_eight_decimals() -> None:
    """Clients compare the text."""
    client = SocketClient()
    socket = client.streams("btcusd@depth@100ms")
    client.walk(3)

    sizes = {
        size
        for event in by_stream(socket)["btcusd@depth@100ms"]
        for side in "ba"
        for _, size in event[side]
        if not D(size)
    }

    assert sizes == {"0.00000000"}


def test_a_partial_book_and_the_best_prices_are_those_of_the_book() -> None:
    """At the update that they name."""
    client = SocketClient()
    socket = client.streams("btcusd@depth5@100ms", "btcusd@bookTicker")
    client.walk(2)
    client.advance(0.2)

    told = by_stream(socket)
    book = client.public("depth", symbol="BTCUSD", limit=5)

    assert told["btcusd@depth5@100ms"][-1] == book
    best = told["btcusd@bookTicker"][-1]
    assert [[best["b"], best["B"]], [best["a"], best["A"]]] == [book["bids"][0], book["asks"][0]]


def test_a_candle_is_told_at_most_every_two_seconds_and_its_end_at_once() -> None:
    """`x` is true once a minute, with the figures that REST keeps."""
    client = SocketClient()
    socket = client.streams("btcusd@kline_1m")
    client.walk(70)

    events = by_stream(socket)["btcusd@kline_1m"]

    closed = [event for event in events if event["k"]["x"]]
    assert len(closed) in {1, 2}
    assert 0 < closed[0]["E"] - closed[0]["k"]["T"] <= 20
    for event in closed:
        start = event["k"]["t"]
        row = client.public("klines", symbol="BTCUSD", interval="1m", startTime=start, limit=1)[0]
        candle = event["k"]
        assert row == [candle[k] for k in "tohlcvT"] + [candle[k] for k in "qnVQB"]
    times = [event["E"] for event in events if not event["k"]["x"]]
    steps = [after - before for before, after in itertools.pairwise(times)]
    assert sum(step < 1990 for step in steps) <= len(closed)
    assert max(steps) < 4000


def test_the_average_price_is_told_though_nothing_happens() -> None:
    """Every second; all else is silent in a silent market."""
    client = SocketClient()
    socket = client.streams(*SAMPLES)
    client.advance(3)
    by_stream(socket)
    client.advance(10)

    told = by_stream(socket)

    assert set(told) <= {"btcusd@avgPrice", "btcusd@kline_1m"}
    assert len(told["btcusd@avgPrice"]) == 10


# Connecting


def test_raw_connections_send_events_as_they_are_and_combined_ones_wrapped() -> None:
    """By path alone, several streams in each; the name is given back as it was asked for."""
    client = SocketClient()
    raw = client.streams("btcusd@trade", "ethusdt@trade", combined=False)
    wrapped = client.streams("btcusd@trade", "ethusdt@trade")
    client.walk(2)

    bare, told = raw.frames(), wrapped.frames()

    assert [{"stream": f"{e['s'].lower()}@trade", "data": e} for e in bare] == told != []
    assert {e["s"] for e in bare} == {"BTCUSD", "ETHUSDT"}


@pytest.mark.parametrize(
    ("path", "combined"), [("/ws", False), ("/stream", True), ("/ws/x", False)]
)
def test_a_connection_may_be_bare_and_subscribe_later(path: str, combined: bool) -> None:  # noqa: FBT001
    """`/ws`, `/stream`, `/ws/<anything>`: replies are never wrapped."""
    client = SocketClient()
    socket = Socket(client.connect("stream", path))

    assert socket.ask("GET_PROPERTY", ["combined"]) == {"result": combined, "id": 1}
    assert socket.ask("SUBSCRIBE", ["btcusd@trade"], message_id=7) == {"result": None, "id": 7}
    client.walk(2)
    frames = socket.frames()
    assert {"stream" in frame for frame in frames} == {combined}


def test_names_may_be_percent_encoded() -> None:
    """As some HTTP libraries write them."""
    client = SocketClient()
    socket = Socket(client.connect("stream", "/ws/btcusd%40trade"))
    client.walk(2)

    assert {frame["e"] for frame in socket.frames()} == {"trade"}


@pytest.mark.parametrize("path", ["/", "/wss", "/stream/btcusd@trade", "/ws-api/v3"])
def test_other_paths_are_not_found(path: str) -> None:
    """On this door."""
    assert SocketClient().connect("stream", path) == Refusal(404, "")


def test_subscriptions_are_listed_added_and_taken_away() -> None:
    """In their order, each once; names of no stream are taken like any other."""
    client = SocketClient(NO_LIMIT)
    socket = client.streams("btcusd@trade")

    socket.ask("SUBSCRIBE", ["btcusd@depth", "nonsense", "btcusd@trade"])
    listed = socket.ask("LIST_SUBSCRIPTIONS", message_id="l-1")
    assert listed == {"result": ["btcusd@trade", "btcusd@depth", "nonsense"], "id": "l-1"}
    gone = socket.ask("UNSUBSCRIBE", ["btcusd@trade", "never"])
    assert gone == {"result": None, "id": 1}
    client.walk(2)
    assert set(by_stream(socket)) == {"btcusd@depth"}


def test_wrapping_is_a_property_that_can_be_set() -> None:
    """Either way, from then on."""
    client = SocketClient(NO_LIMIT)
    socket = client.streams("btcusd@trade", combined=False)

    assert socket.ask("SET_PROPERTY", ["combined", True]) == {"result": None, "id": 1}
    assert socket.ask("GET_PROPERTY", ["combined"])["result"] is True
    client.walk(2)
    assert all(frame["stream"] == "btcusd@trade" for frame in socket.frames())
    socket.ask("SET_PROPERTY", ["combined", False])
    client.walk(2)
    assert {frame["e"] for frame in socket.frames()} == {"trade"}


def test_a_bad_message_gets_an_error_and_the_connection_stays() -> None:
    """Nested, with its code and id; nothing was changed."""
    client = SocketClient(NO_LIMIT)
    socket = client.streams("btcusd@trade")

    socket.send("{")
    error = socket.ask("SUBSCRIBE", [], message_id=4)
    listed = socket.ask("LIST_SUBSCRIPTIONS")

    text = "Invalid request: streams must have non-zero length"
    assert error == {"error": {"code": 2, "msg": text}, "id": 4}
    assert listed["result"] == ["btcusd@trade"]


def test_the_1025th_stream_of_a_connection_is_refused() -> None:
    """None of the message is taken; the 1024 stay. By path they are refused at the handshake."""
    client = SocketClient(NO_LIMIT)
    names = [f"s{number}usd@trade" for number in range(1024)]
    socket = client.streams()
    socket.ask("SUBSCRIBE", names)

    refused = socket.ask("SUBSCRIBE", [names[0], "btcusd@trade"])
    listed = socket.ask("LIST_SUBSCRIPTIONS")

    assert refused["error"]["code"] == 2
    assert listed["result"] == names
    too_many = "/".join([*names, "btcusd@trade"])
    assert client.connect("stream", "/stream", f"streams={too_many}") == Refusal(400, "")


@pytest.mark.parametrize("kind", ["messages", "pings", "pongs"])
def test_a_sixth_frame_in_a_second_ends_the_connection(kind: str) -> None:
    """Pings and pongs count; five a second may go on for ever."""
    client = SocketClient()
    patient, hasty = client.streams("btcusd@trade"), client.streams("btcusd@trade")

    def send(socket: Socket) -> None:
        if kind == "messages":
            socket.send({"method": "LIST_SUBSCRIPTIONS", "id": 1})
        else:
            frame = ControlFrame.PING if kind == "pings" else ControlFrame.PONG
            socket.connection.control(frame, b"")

    for _ in range(30):
        client.advance(0.2)
        send(patient)
    for _ in range(6):
        send(hasty)
    send(hasty)

    ends = [action for action in hasty.actions() if not isinstance(action, SendFrame)]
    assert ends == [CloseStream(1008, "Too many requests")]
    assert not [a for a in patient.actions() if isinstance(a, CloseStream)]


@pytest.mark.parametrize(
    ("profile", "every_s", "patience_s"), [(Profile.LIVE, 20, 60), (Profile.DOC, 180, 600)]
)
def test_a_connection_without_the_right_pongs_is_dropped(
    profile: Profile, every_s: int, patience_s: int
) -> None:
    """A pong must repeat its ping; others are tolerated and count for nothing."""
    client = SocketClient(Settings(profile=profile))
    deaf, wrong, right = (client.streams("nothing") for _ in range(3))
    seen: list[bytes] = []
    for second in range(every_s + patience_s + 1):
        client.advance(1, step_s=1)
        seen += pings(right.actions())
        if seen and (second + 1) % every_s == 0:
            right.pong(seen[-1])
            right.pong(seen[-1])
            wrong.pong(b"")
            wrong.pong(b"1")

    assert len(seen) == (every_s + patience_s) // every_s
    assert len(set(seen)) == len(seen)
    for socket in (deaf, wrong):
        assert socket.actions()[-1] == CloseStream(1008, "Pong timeout")
    client.advance(2 * patience_s, step_s=1)
    assert CloseStream(1008, "Pong timeout") in right.actions()


def test_a_connection_lives_a_day() -> None:
    """Or as long as the settings say, however well it behaves."""
    life = StreamSettings(life_s=50)
    client = SocketClient(Settings(streams=life))
    socket = client.streams("btcusd@trade")
    client.advance(49.9, step_s=0.1)
    before = [type(action) for action in socket.actions()]
    client.advance(0.2)

    assert CloseStream not in before
    assert socket.actions()[-1] == CloseStream(1001, "")
    assert Settings().streams.life_s == 24 * 3600


def test_the_301st_connection_in_five_minutes_is_refused() -> None:
    """Then there is room again."""
    client = SocketClient()
    for _ in range(300):
        client.streams()

    refused = client.connect("stream", "/ws")
    client.plain.now_ms += 300_000

    assert isinstance(refused, Refusal)
    assert refused.status == 429
    assert isinstance(client.connect("stream", "/ws"), Connection)


def test_a_closed_connection_is_forgotten() -> None:
    """Nothing is made for it any more."""
    client = SocketClient()
    socket = client.streams("btcusd@trade")

    socket.connection.disconnected()
    client.walk(1)

    assert client.sim.streams.gate.connections == []
    assert socket.actions() == []


def test_the_same_seed_gives_the_same_frames() -> None:
    """Another seed others."""
    texts = []
    for seed in (5, 5, 6):
        client = SocketClient(seed=seed)
        socket = client.streams("btcusd@depth@100ms", "btcusd@trade")
        client.walk(3)
        texts.append(socket.frames())

    assert texts[0] == texts[1]
    assert texts[0] != texts[2]
