"""What an exchange's profile demands: known instruments, a key, a pace of connecting."""

from itertools import pairwise

import anyio
import pytest
from anyio.abc import ByteStream

from tests.support.toy import toy_exchange
from tests.support.toy_handle import NO_STREAM, Host, handle
from tests.support.toy_samples import NAME
from venuetree.actors.addresses import TlsMode
from venuetree.actors.clock import LoopClock
from venuetree.config import ExchangeConfig
from venuetree.engine import Engine
from venuetree.protocol import commands
from venuetree.protocol.errors import (
    AuthRefused,
    ConfigurationError,
    EngineError,
    ExchangeUnavailable,
    InstrumentNotFound,
    RateLimited,
    ReplyLost,
    TransportError,
)
from venuetree.protocol.models import Topic
from venuetree.protocol.port import LimitWindow, WindowKind
from venuetree.protocol.timestamps import SECOND
from venuetree.scenarios.memory_network import MemoryNetwork
from venuetree.supervisors.wiring import Part

pytestmark = pytest.mark.anyio

# ---------------------------------------------------------------- instruments that must be known


async def test_an_unknown_instrument_is_refused_where_a_stream_would_fail_for_it() -> None:
    """With all that it carries."""
    host = Host()
    async with handle(host, must_know_instruments=True) as exchange:
        with pytest.raises(InstrumentNotFound, match="NO-USD"):
            async with exchange.subscribe(["A-USD", "NO-USD"], Topic.BOOK):
                raise AssertionError("subscribed")
        await anyio.sleep(1)

    assert host.streams == []


async def test_a_known_instrument_is_asked_for_once() -> None:
    """Then it is known."""
    host = Host()
    async with handle(host, must_know_instruments=True) as exchange:
        for _ in range(2):
            async with exchange.subscribe("A-USD", Topic.BOOK):
                await anyio.sleep(1)

    assert host.asked(commands.FetchInstruments) == [commands.FetchInstruments(("A-USD",))]
    assert host.streams


@pytest.mark.parametrize(
    "error",
    [
        TransportError("down"),
        ReplyLost("lost"),
        RateLimited("later"),
        ExchangeUnavailable("maintenance"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_an_exchange_that_cannot_be_asked_hinders_no_subscription(error: EngineError) -> None:
    """The stream will tell."""
    host = Host(FetchInstruments=error)
    async with handle(host, must_know_instruments=True) as exchange:
        async with exchange.subscribe("A-USD", Topic.BOOK):
            await anyio.sleep(1)

    assert host.streams


async def test_other_errors_of_the_question_are_the_subscribers() -> None:
    """A refused key is not in doubt."""
    host = Host(FetchInstruments=AuthRefused("revoked"))
    parts = NO_STREAM & ~Part.UPKEEP
    async with handle(host, must_know_instruments=True, parts=parts) as exchange:
        with pytest.raises(AuthRefused):
            async with exchange.subscribe("A-USD", Topic.BOOK):
                raise AssertionError("subscribed")


async def test_elsewhere_nothing_is_asked_before_subscribing() -> None:
    """The stream says what there is not."""
    host = Host()
    async with handle(host) as exchange:
        async with exchange.subscribe("NO-USD", Topic.BOOK):
            await anyio.sleep(1)

    assert host.asked(commands.FetchInstruments) == []


# ---------------------------------------------------------------- a key, and a pace of connecting


def test_an_exchange_that_answers_nobody_without_a_key_is_not_started_without() -> None:
    """Told when the engine is made, not by a stream of refusals later."""
    exchange = toy_exchange(Host(), needs_credentials=True)

    with pytest.raises(ConfigurationError, match="without credentials") as caught:
        Engine(ExchangeConfig(exchange, name="mine"))
    assert caught.value.exchange == "mine"
    Engine(ExchangeConfig(exchange, credentials="any"))
    Engine(ExchangeConfig(toy_exchange(Host())))


class Refusing(MemoryNetwork):
    """A network that notes when each connection was asked for, and opens none."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    async def connect(
        self, host: str, port: int, *, tls: TlsMode, server_hostname: str | None = None
    ) -> ByteStream:
        """Note it."""
        self.times.append(anyio.current_time())
        self.refusals.append(OSError("refused"))
        return await super().connect(host, port, tls=tls, server_hostname=server_hostname)


async def test_questions_and_streams_of_an_exchange_share_one_pace() -> None:
    """Where there is a limit to how many connections may be opened; elsewhere there is none."""
    window = LimitWindow("connections", 1, 5 * SECOND, WindowKind.SLIDING)
    times: dict[bool, list[float]] = {}
    for is_paced in (True, False):
        network = Refusing()
        exchange = toy_exchange(Host(), connections=window if is_paced else None)
        config = ExchangeConfig(exchange, credentials="any")
        clock = LoopClock(0, origin=anyio.current_time() - 1000)
        async with Engine(config, clock=clock, network=network) as engine:
            async with engine[NAME].subscribe("A-USD", Topic.BOOK):
                await anyio.sleep(30)
        times[is_paced] = network.times

    gaps = [[late - early for early, late in pairwise(each)] for each in times.values()]
    assert len(times[True]) > 3
    assert min(gaps[0]) > 5
    assert min(gaps[1]) < 5
