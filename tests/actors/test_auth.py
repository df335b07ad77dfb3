"""The auth actor: signatures made ahead, each used once and none too old, in virtual time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
from attrs import define, evolve, field

from tests.support.supervision import settle
from venuetree.actors import Ref
from venuetree.actors.auth import AuthProtocol, ClockMeasured, Sign, auth_actor
from venuetree.actors.clock import LoopClock
from venuetree.protocol.errors import ConfigurationError
from venuetree.protocol.port import Effect, RestRequest, SignedAhead, Signer, StreamMessage
from venuetree.supervisors import ChildSpec, Supervisor, running

pytestmark = pytest.mark.anyio

SECOND = 1_000_000_000
ORDER = RestRequest("place", "POST", "/orders", body=b"1", effect=Effect.WRITE)
QUESTION = RestRequest("balances", "GET", "/accounts")


@define
class Signing:
    """A signer whose signature says when, by which nonce and for what it was made."""

    makes_ahead: bool = True
    #: Paths for which nothing can be made ahead, and how often that was asked.
    depends: frozenset[str] = frozenset()
    refused: int = 0
    #: What was made, in order: now or ahead, and for which path.
    made: list[str] = field(factory=list)

    def sign(self, request: RestRequest, *, host: str, now_ns: int, nonce: str) -> RestRequest:
        """Now."""
        self.made.append(f"now {request.path}")
        text = f"{request.method} {host}{request.path} {now_ns // SECOND} {nonce}"
        return evolve(request, headers=(("signed", text),))

    def sign_ahead(
        self, request: RestRequest, *, host: str, now_ns: int, nonce: str
    ) -> SignedAhead | None:
        """Ahead, to be used within a minute."""
        if not self.makes_ahead or request.path in self.depends:
            self.refused += 1
            return None
        self.made.append(f"ahead {request.path}")
        text = f"{request.method} {host}{request.path} {now_ns // SECOND} {nonce}"
        return SignedAhead((("signed", text),), now_ns + 60 * SECOND)

    def sign_stream(self, message: StreamMessage, *, now_ns: int, nonce: str) -> str:
        """No stream is signed for here."""
        pytest.fail(f"a message of a stream was to be signed: {message} at {now_ns} with {nonce}")


@asynccontextmanager
async def auth(signer: Signer | None) -> AsyncIterator[Ref[AuthProtocol]]:
    """The actor, running; its clock begins at zero, its nonces are counted."""
    nonces = iter(range(1000))
    clock = LoopClock(0, origin=anyio.current_time())
    actor = auth_actor(exchange="toy", signer=signer, clock=clock, nonce=lambda: str(next(nonces)))
    supervisor = Supervisor(ChildSpec("auth", actor))
    async with running(supervisor):
        yield supervisor["auth"]


async def signed(ref: Ref[AuthProtocol], request: RestRequest, host: str = "h") -> str:
    """The signature that a request gets."""
    answer = await ref.ask(Sign(request, host), timeout=1)
    await settle()
    return dict(answer.headers)["signed"]


async def test_an_orders_signature_is_made_while_the_one_before_it_is_under_way() -> None:
    """The first is made when it is asked for; each later one lies ready, with its own nonce."""
    signer = Signing()
    async with auth(signer) as ref:
        signatures = [await signed(ref, ORDER)]
        for _ in range(2):
            await anyio.sleep(10)
            signatures.append(await signed(ref, ORDER))

    assert signatures == ["POST h/orders 0 0", "POST h/orders 0 1", "POST h/orders 10 2"]
    assert signer.made == ["now /orders", *["ahead /orders"] * 3]


async def test_a_signature_is_never_used_twice() -> None:
    """Two orders in the same moment: the second finds none ready, and gets one of its own."""
    async with auth(Signing()) as ref:
        await signed(ref, ORDER)
        answers = [await ref.ask(Sign(ORDER, "h"), timeout=1) for _ in range(2)]

    assert [dict(answer.headers)["signed"] for answer in answers] == [
        "POST h/orders 0 1",
        "POST h/orders 0 2",
    ]


async def test_the_request_keeps_its_own_headers_and_body() -> None:
    """A signature made for one order signs another."""
    async with auth(Signing()) as ref:
        await signed(ref, ORDER)
        other = evolve(ORDER, body=b"2", headers=(("content-type", "json"),))
        answer = await ref.ask(Sign(other, "h"), timeout=1)

    assert answer == evolve(
        other, headers=(("content-type", "json"), ("signed", "POST h/orders 0 1"))
    )


async def test_a_signature_made_ahead_is_not_used_when_it_is_too_old() -> None:
    """Up to its last nanosecond it is, then a new one is made."""
    async with auth(Signing()) as ref:
        await signed(ref, ORDER)
        await anyio.sleep(59)
        young = await signed(ref, ORDER)
        await anyio.sleep(60)
        old = await signed(ref, ORDER)

    assert young == "POST h/orders 0 1"
    assert old == "POST h/orders 119 3"


async def test_a_signature_is_for_one_method_host_and_path() -> None:
    """Another request never gets it."""
    async with auth(Signing()) as ref:
        await signed(ref, ORDER)
        others = [
            await signed(ref, evolve(ORDER, path="/orders/cancel")),
            await signed(ref, evolve(ORDER, method="PUT")),
            await signed(ref, ORDER, "other"),
        ]
        same = await signed(ref, ORDER)

    assert [text.rpartition(" ")[0] for text in others] == [
        "POST h/orders/cancel 0",
        "PUT h/orders 0",
        "POST other/orders 0",
    ]
    assert same == "POST h/orders 0 1"


async def test_questions_are_signed_when_they_are_asked() -> None:
    """Their paths are many, and nobody's money waits for them."""
    signer = Signing()
    async with auth(signer) as ref:
        await signed(ref, QUESTION)
        await signed(ref, QUESTION)

    assert signer.made == ["now /accounts"] * 2


async def test_where_nothing_can_be_made_ahead_it_is_asked_for_once() -> None:
    """Each time would wake a task for nothing; other paths are not given up for that."""
    signer = Signing(depends=frozenset({"/orders/7"}))
    other = evolve(ORDER, path="/orders/7")
    async with auth(signer) as ref:
        for _ in range(3):
            await signed(ref, other)
        await signed(ref, ORDER)

    assert signer.refused == 1
    assert signer.made == [*["now /orders/7"] * 3, "now /orders", "ahead /orders"]


async def test_a_signer_that_signs_the_body_makes_none_ahead() -> None:
    """Then each order is signed when it is asked for, as it must."""
    signer = Signing(makes_ahead=False)
    async with auth(signer) as ref:
        signatures = [await signed(ref, ORDER) for _ in range(3)]

    assert [text.rpartition(" ")[0] for text in signatures] == ["POST h/orders 0"] * 3
    assert signer.made == ["now /orders"] * 3


async def test_what_was_made_by_a_clock_that_was_set_is_forgotten() -> None:
    """The exchange may refuse a token of the old time, too early or too late."""
    async with auth(Signing()) as ref:
        await signed(ref, ORDER)
        await ref.tell(ClockMeasured(offset_ns=-40 * SECOND, round_trip_ns=0))
        await settle()
        after = await signed(ref, ORDER)

    assert after == "POST h/orders -40 2"


@pytest.mark.parametrize("round_trip_s", [0, 2, 7])
async def test_what_is_signed_is_never_ahead_of_the_exchanges_clock(round_trip_s: int) -> None:
    """Its clock was read somewhere within the round trip: perhaps right before its answer came.

    Half a second ahead is enough to be refused every second time, and a refused key ends trading.
    """
    read_ns, received_ns = 1000 * SECOND, 20 * SECOND
    middle_ns = received_ns - round_trip_s * SECOND // 2
    measured = ClockMeasured(offset_ns=read_ns - middle_ns, round_trip_ns=round_trip_s * SECOND)
    async with auth(Signing()) as ref:
        await anyio.sleep(20)
        await ref.tell(measured)
        await settle()
        signature = await signed(ref, ORDER)

    assert signature == "POST h/orders 1000 0"


async def test_only_so_many_are_kept() -> None:
    """Paths without end take no memory without end."""
    signer = Signing()
    async with auth(signer) as ref:
        for number in range(100):
            await signed(ref, evolve(ORDER, path=f"/orders/{number}"))
        signer.made.clear()
        first = evolve(ORDER, path="/orders/0")
        last = evolve(ORDER, path="/orders/99")
        await signed(ref, first)
        await signed(ref, last)

    assert signer.made[0] == "now /orders/0"
    assert "now /orders/99" not in signer.made


async def test_without_credentials_it_says_so() -> None:
    """And lives on."""
    async with auth(None) as ref:
        for _ in range(2):
            with pytest.raises(ConfigurationError, match="needs credentials"):
                await ref.ask(Sign(ORDER, "h"), timeout=1)
