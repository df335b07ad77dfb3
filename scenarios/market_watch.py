"""What scripts about streams look at: books and their repair, readers, attempts to connect."""

from itertools import pairwise

import anyio

from venuetree.protocol.events import (
    BookInStep,
    BookStale,
    BookUpdated,
    StaleReason,
    StreamConnected,
    StreamDisconnected,
)
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import RefuseConnection, ResetConnection
from venuetree.scenarios.witness import Witness
from venuetree.scenarios.world import World
from venuetree.scenarios.world_log import LineKind
from venuetree.supervisors.snapshot import ChildInfo

__all__ = [
    "account_reader",
    "book_begins",
    "book_equals_the_exchanges",
    "book_is_repaired",
    "dials",
    "expect_backoff",
    "handshakes_fail",
    "has_lost_a_stream",
    "is_back_after",
    "is_said",
    "market_reader",
    "stream_is_replaced",
]

#: The delay between two attempts at a stream: it doubles from the first to the last, seconds.
_FIRST_S, _LAST_S = 0.25, 30.0
#: What jitter, a handshake and the pace of the network may do to it.
_SHORTER, _LONGER_S = 0.75, 3.0
#: How many attempts that makes in five minutes, give or take a few.
_TRIED = range(5, 21)


async def book_begins(seen: Witness) -> int:
    """Wait for the first book in step; gives the index after it."""
    _, index = await seen.see(BookInStep)
    return index


async def book_is_repaired(
    world: World,
    seen: Witness,
    *reasons: StaleReason,
    since: int,
    seconds: float = 20.0,
) -> BookStale:
    """The book is told stale, for one of these reasons, before anything is repaired; then right.

    Args:
        world: where.
        seen: what a subscriber to the book was told.
        reasons: any of them will do.
        since: the index in `seen` from where on to look.
        seconds: how long each of the steps may take.
    """
    await world.until(
        lambda: bool(seen.of(BookStale, since=since)),
        "the book was never told stale",
        seconds=seconds,
    )
    stale, index = await seen.see(BookStale, since=since)
    world.expect(stale.reason in reasons, f"the book is stale because of {stale.reason.value}")
    world.expect(
        not seen.of(BookInStep, since=since) or bool(seen.of(BookInStep, since=index)),
        "the book was told in step before it was told stale",
    )
    await world.until(
        lambda: bool(seen.of(BookInStep, since=index)),
        "the book was never told in step again",
        seconds=seconds,
    )
    _, again = await seen.see(BookInStep, since=index)
    between = [event for event in seen.events[index:again] if isinstance(event, BookUpdated)]
    world.expect(not between, f"a stale book was told to have changed {len(between)} times")
    await book_equals_the_exchanges(world)
    return stale


async def stream_is_replaced(
    world: World,
    seen: Witness,
    *reasons: StaleReason,
    since: int,
    seconds: float = 240.0,
) -> StreamDisconnected:
    """The book is told stale, then that its stream is down; another carries it, and it is right.

    Args:
        world: where.
        seen: what a subscriber to the book was told.
        reasons: why it may be stale.
        since: the index in `seen` from where on to look.
        seconds: how long it may take until the connection is given up.
    """
    await world.until(
        lambda: bool(seen.of(StreamDisconnected, since=since)),
        "the connection was never given up",
        seconds=seconds,
    )
    lost, down = await seen.see(StreamDisconnected, since=since)
    stale = seen.of(BookStale, since=since)
    world.expect(
        bool(stale) and stale[0] in seen.events[since:down],
        "the stream was told to be down before its book was told stale",
    )
    world.expect(stale[0].reason in reasons, f"the book is stale because of {stale[0].reason}")
    await world.until(
        lambda: bool(seen.of(BookInStep, since=down)), "the book was never told in step again"
    )
    _, up = await seen.see(StreamConnected, since=down)
    _, again = await seen.see(BookInStep, since=down)
    world.expect(up < again, "the book was told in step before its stream was up")
    await book_equals_the_exchanges(world)
    return lost


async def book_equals_the_exchanges(world: World) -> None:
    """Let the market stand still, and compare our book with it level by level."""
    world.operator.simulator.paused = True
    await world.until(world.is_book_right, "our book is not the exchange's", seconds=10.0)
    world.operator.simulator.paused = False


async def is_back_after(world: World, seen: Witness) -> float:
    """Reset the connection that carries the book: how many seconds until another one is open."""
    since = len(seen.events)
    world.inject(ResetConnection(channel=world.operator.patterns.book))
    await world.until(
        lambda: bool(seen.of(StreamConnected, since=since)), "the stream never came back"
    )
    lost, index = await seen.see(StreamDisconnected, since=since)
    back, _ = await seen.see(StreamConnected, since=index)
    await world.until(
        lambda: bool(seen.of(BookInStep, since=index)), "the book was never told in step again"
    )
    return (back.received_time_ns - lost.received_time_ns) / 1e9


async def handshakes_fail(world: World, status: int) -> int:
    """Lose the market's connection and refuse each new one with a status, for five minutes.

    Gives how many were tried: ever more seldom. Meanwhile questions are answered; when it is over
    the book is had anew.
    """
    async with world.market(Topic.BOOK) as seen:
        begun = await book_begins(seen)
        surface = world.operator.patterns.market_surface
        refusals = world.inject(RefuseConnection(surface, status=status, times=None))
        world.inject(ResetConnection(channel=world.operator.patterns.book))
        await world.until(lambda: bool(seen.of(StreamDisconnected)), "it was never told")
        started = anyio.current_time()
        await anyio.sleep(300)
        await world.exchange.balances()
        tried = refusals.fired
        world.expect(tried in _TRIED, f"{tried} attempts in five minutes")
        expect_backoff(world, dials(world, "stream", since=started))
        refusals.remove()
        await book_is_repaired(world, seen, StaleReason.DISCONNECTED, since=begun, seconds=60)
    return tried


def market_reader(world: World, exchange: str = "") -> ChildInfo:
    """The reader of the first market connection, as the snapshot shows it."""
    return world.engine.snapshot()[f"{exchange or world.name}/io/market/market-0"]


def account_reader(world: World) -> ChildInfo:
    """The reader of the account's own stream, as the snapshot shows it."""
    streams = world.exchange._tree.wiring.exchange.profile.user_streams  # noqa: SLF001 - its name
    return world.engine.snapshot()[f"{world.name}/io/{streams[0]}"]


def dials(world: World, surface: str, *, since: float = 0.0) -> list[float]:
    """When connections to an address of the exchange were attempted, on anyio's clock."""
    ports = world.ports((surface,))
    network = world.network
    attempts = zip(network.connected, network.connected_at, strict=True)
    return [at for (_, port, _), at in attempts if port in ports and at >= since]


def expect_backoff(world: World, attempts: list[float]) -> None:
    """Between attempts that all failed the delay doubles, up to its limit, and never beyond it.

    The first of them follows the loss of a stream; so the first delay between two is the second.
    """
    gaps = [later - earlier for earlier, later in pairwise(attempts)]
    for number, gap in enumerate(gaps):
        due = min(_LAST_S, _FIRST_S * 2.0 ** (number + 1))
        world.expect(
            _SHORTER * due <= gap <= 1.25 * due + _LONGER_S,
            f"attempt {number + 2} came {gap:.2f} s after the one before, not about {due:g} s",
        )


def is_said(world: World, words: str) -> bool:
    """Whether the engine's log has these words, other than in a call."""
    return any(words in line.text for line in world.log.lines if line.kind is LineKind.TREE)


def has_lost_a_stream(world: World) -> bool:
    """Whether any reader of the exchange's streams has failed since the beginning."""
    return market_reader(world).restarts > 0 or account_reader(world).restarts > 0
