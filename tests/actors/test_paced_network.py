"""Connections are begun no faster than an exchange takes them, in the order of asking."""

from itertools import pairwise

import anyio
import pytest
from anyio.abc import ByteStream
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.virtual_time import run_virtual
from venuetree.actors.addresses import TlsMode
from venuetree.actors.paced_network import PacedNetwork
from venuetree.protocol.port import LimitWindow, WindowKind
from venuetree.scenarios.memory_network import stream_pair

pytestmark = pytest.mark.anyio

SECOND = 1_000_000_000
TWO_A_SECOND = LimitWindow("connections", 2, SECOND, WindowKind.SLIDING)


class Beginnings:
    """A network that notes when each connection was begun, and for whom."""

    def __init__(self, *, takes_s: float = 0.0) -> None:
        self.begun: list[tuple[str, float]] = []
        self.asked: list[tuple[int, TlsMode, str | None]] = []
        self._takes_s = takes_s

    async def connect(
        self, host: str, port: int, *, tls: TlsMode, server_hostname: str | None = None
    ) -> ByteStream:
        """Take a while; a host called `down` cannot be reached."""
        self.begun.append((host, anyio.current_time()))
        self.asked.append((port, tls, server_hostname))
        await anyio.sleep(self._takes_s)
        if host == "down":
            raise OSError(host)
        return stream_pair()[0]

    @property
    def hosts(self) -> list[str]:
        """In the order of beginning."""
        return [host for host, _ in self.begun]

    @property
    def times(self) -> list[float]:
        """When each was begun, from the first on."""
        return [time - self.begun[0][1] for _, time in self.begun]


async def connect(network: PacedNetwork, host: str) -> None:
    """One connection, or none."""
    try:
        await network.connect(host, 443, tls=TlsMode.VERIFIED)
    except OSError:
        assert host == "down"


async def settled() -> None:
    """Let others come as far as they can without time passing."""
    for _ in range(5):
        await anyio.lowlevel.checkpoint()


async def test_as_many_as_fit_are_begun_at_once_and_the_rest_in_turn() -> None:
    """In the order of asking, each as soon as the one that it must wait for is out of sight."""
    below = Beginnings()
    network = PacedNetwork(below, TWO_A_SECOND)
    async with anyio.create_task_group() as tasks:
        for host in "abcde":
            tasks.start_soon(connect, network, host)
            await settled()

    assert below.hosts == list("abcde")
    assert below.times == [
        pytest.approx(0),
        pytest.approx(0),
        pytest.approx(1.1),
        pytest.approx(1.1),
        pytest.approx(2.2),
    ]


async def test_what_is_asked_for_is_what_is_opened() -> None:
    """Every argument, and the stream that came of it."""
    below = Beginnings()
    network = PacedNetwork(below, TWO_A_SECOND)
    stream = await network.connect("a", 8443, tls=TlsMode.VERIFIED, server_hostname="b")

    assert isinstance(stream, ByteStream)
    assert below.asked == [(8443, TlsMode.VERIFIED, "b")]


async def test_connections_that_are_long_under_way_do_not_hold_up_others() -> None:
    """Beginnings are counted, not connections."""
    below = Beginnings(takes_s=60.0)
    network = PacedNetwork(below, TWO_A_SECOND)
    async with anyio.create_task_group() as tasks:
        for host in "abc":
            tasks.start_soon(connect, network, host)

    assert below.times[2] == pytest.approx(1.1)


async def test_one_that_fails_counts_like_any() -> None:
    """The exchange has seen it."""
    below = Beginnings()
    network = PacedNetwork(below, TWO_A_SECOND)
    for host in ("down", "down", "a"):
        await connect(network, host)

    assert below.times == [0, 0, pytest.approx(1.1)]


async def test_one_that_is_given_up_while_it_waits_costs_the_others_nothing() -> None:
    """Else those that give up and ask again would push everybody further back."""
    below = Beginnings()
    network = PacedNetwork(below, TWO_A_SECOND)
    for host in "ab":
        await connect(network, host)

    async def impatient() -> None:
        with anyio.move_on_after(0.5):
            await connect(network, "impatient")

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(impatient)
        await settled()
        for host in "cd":
            tasks.start_soon(connect, network, host)
            await settled()

    assert below.hosts == list("abcd")
    assert below.times[2:] == [pytest.approx(1.1), pytest.approx(1.1)]


async def test_those_that_ask_again_and_again_are_served_in_the_end() -> None:
    """Three that wait a second each want more than there is; there is progress all the same."""
    below = Beginnings()
    network = PacedNetwork(below, LimitWindow("connections", 1, SECOND, WindowKind.SLIDING))

    async def persistent(host: str) -> None:
        while host not in below.hosts:
            with anyio.move_on_after(1.5):
                await connect(network, host)

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            for host in "abcdef":
                tasks.start_soon(persistent, host)

    assert set(below.hosts) == set("abcdef")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)
@given(
    capacity=st.integers(1, 4),
    asks=st.lists(
        st.tuples(st.floats(0, 3), st.one_of(st.none(), st.floats(0, 2))), min_size=1, max_size=12
    ),
)
def test_no_interval_of_the_windows_length_sees_more_than_its_capacity(
    backend: str, capacity: int, asks: list[tuple[float, float | None]]
) -> None:
    """Whenever they are asked for and whichever are given up; none that waits is forgotten."""
    below = Beginnings()
    window = LimitWindow("connections", capacity, SECOND, WindowKind.SLIDING)

    async def one(network: PacedNetwork, number: int, pause: float, patience: float | None) -> None:
        await anyio.sleep(pause)
        with anyio.CancelScope() as scope:
            if patience is not None:
                scope.deadline = anyio.current_time() + patience
            await connect(network, str(number))

    async def main() -> None:
        network = PacedNetwork(below, window)
        async with anyio.create_task_group() as tasks:
            for number, (pause, patience) in enumerate(asks):
                tasks.start_soon(one, network, number, pause, patience)

    run_virtual(backend, main)

    times = [time for _, time in below.begun]
    assert all(later >= earlier for earlier, later in pairwise(times))
    assert all(late - early > 1.0 for early, late in zip(times, times[capacity:], strict=False))
    patient = {str(number) for number, (_, patience) in enumerate(asks) if patience is None}
    assert patient <= set(below.hosts)
    assert len(below.hosts) == len(set(below.hosts))
