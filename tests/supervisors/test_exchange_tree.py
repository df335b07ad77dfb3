"""The tree of one exchange, driven by an invented one: nothing in it knows a real exchange."""

from decimal import Decimal
from typing import Any

import anyio
import pytest
from attrs import evolve

from tests.support.toy import Told, ToyHost, default_answer, scripted, toy_tree
from tests.support.toy_samples import report, request
from tests.support.toy_streams import ToySession
from venuetree.actors.errors import ActorCrashed
from venuetree.actors.order_messages import Known, Place
from venuetree.protocol import commands
from venuetree.protocol.errors import (
    AuthRefused,
    ConfigurationError,
    ExchangeUnavailable,
    NotSupported,
    OrderInvalid,
    OutcomeUnknown,
    RateLimited,
    TransportError,
)
from venuetree.protocol.models import Instrument, InstrumentStatus, OpenOrderLimit, OrderStatus
from venuetree.protocol.port import ClockReading, LimitsTold, LimitWindow, ReferenceTold, WindowKind
from venuetree.supervisors import ChildState, StartFailed, SupervisorFailed, find_unrecoverable
from venuetree.supervisors.wiring import Part

pytestmark = pytest.mark.anyio

NO_STREAM = Part.ALL & ~Part.USER_STREAM
SECOND = 1_000_000_000


# ---------------------------------------------------------------- REST worker, gate, auth


async def test_an_order_is_not_sent_after_its_asker_gave_up_at_the_gate() -> None:
    """One request a minute: the second order's owner has left when its turn comes."""
    host = ToyHost()
    windows = (LimitWindow("all", 5, 60 * SECOND, WindowKind.SLIDING),)
    async with toy_tree(host, parts=Part.ORDERS, limits=windows) as (tree, _, log):
        assert tree.orders is not None
        for number in range(4):
            await tree.orders.ask(Place(request(f"c{number}")), timeout=200)
        with pytest.raises(RateLimited, match="nothing was sent"):
            await tree.orders.ask(Place(request("late")), timeout=5)
        await anyio.sleep(300)
        known = {o.client_order_id: o.status for o in await tree.orders.ask(Known(), timeout=1)}

    placed = [line for line in log.lines if line.get("operation") == "PlaceOrder"]
    assert len(placed) == 4
    assert known["late"] is OrderStatus.REJECTED


async def test_nothing_is_sent_for_an_asker_that_went_while_the_worker_waited_at_the_gate() -> None:
    """What was queued is worked on by the worker itself, which its asker's going does not end."""
    host = ToyHost()
    scripted(host, FetchServerTime=KeyError("a bug"))
    windows = (LimitWindow("all", 5, 60 * SECOND, WindowKind.SLIDING),)
    async with toy_tree(host, parts=Part(0), limits=windows) as (tree, root, _):
        for _ in range(4):
            await tree.rest.ask(commands.FetchBalances(), timeout=5)
        with pytest.raises(ActorCrashed):
            await tree.rest.ask(commands.FetchServerTime(), timeout=5)
        with anyio.move_on_after(10) as gone:
            await tree.rest.ask(commands.FetchBalances(), timeout=200)
        await anyio.sleep(200)
        restarts = root.snapshot()["toy/io/rest"].restarts

    assert gone.cancelled_caught
    assert restarts == 1
    assert len(host.commands) == 6
    assert len(host.requests) == 5


async def test_what_the_exchange_cannot_do_is_refused_before_any_io() -> None:
    """No request leaves."""
    host = ToyHost()
    async with toy_tree(host, parts=Part.ORDERS) as (tree, _, _):
        await anyio.sleep(1)
        before = len(host.requests)
        with pytest.raises(NotSupported):
            await tree.rest.ask(commands.FetchFees(), timeout=5)

        assert len(host.requests) == before


async def test_a_signed_request_carries_the_exchanges_time_and_a_fresh_nonce() -> None:
    """The clock's offset, measured at start, is added; every nonce is new."""
    host = ToyHost()
    async with toy_tree(host, parts=Part.ALL & ~Part.USER_STREAM) as (tree, _, _):
        for _ in range(3):
            await tree.rest.ask(commands.FetchBalances(), timeout=5)
        signed = [dict(r.headers)["signed"].split() for r in host.requests if r.headers]
        now_ns = round((anyio.current_time()) * SECOND) + 5 * SECOND

    assert {host_name for host_name, _, _ in signed} == {"toy.invalid"}
    assert len({nonce for _, _, nonce in signed}) == len(signed)
    assert abs(int(signed[-1][1]) - now_ns) < SECOND


def answering(host: ToyHost, command: type, *answers: object) -> None:
    """These answers in turn, the last one again and again, to one kind of command."""
    left = list(answers)

    def script(asked: Any) -> Any:
        if isinstance(asked, command):
            return left.pop(0) if len(left) > 1 else left[0]
        return default_answer(asked)

    host.script = script


def signed_at(host: ToyHost) -> int:
    """When, by the exchange's clock, the last signed request was signed."""
    headers = [dict(request.headers) for request in host.requests if request.headers]
    return int(headers[-1]["signed"].split()[1])


async def test_a_clock_that_was_just_refused_is_replaced_before_the_flow_goes_on() -> None:
    """Else the better measurement of the two is kept, which is the one with the shorter way."""
    host = ToyHost()
    parts = Part.ALL & ~Part.USER_STREAM & ~Part.UPKEEP
    async with toy_tree(host, parts=parts) as (tree, _, _):
        now_ns = host.clock.now_ns()
        short = ClockReading(now_ns + 1000, now_ns, now_ns + 10)
        long = ClockReading(now_ns + 100, now_ns, now_ns + 4000)
        told: list[int] = []
        for reading in (short, long, evolve(long, is_overdue=True)):
            answering(host, commands.FetchKeyPermissions, Told(None, (reading,)))
            await tree.rest.ask(commands.FetchKeyPermissions(), timeout=5)
            await tree.rest.ask(commands.FetchBalances(), timeout=5)
            told.append(signed_at(host) - host.clock.now_ns())

    # The offset, less half the round trip: never a time that the exchange may not have reached.
    assert told == [995 - 5, 995 - 5, -1900 - 2000]


async def test_the_gate_counts_calendar_windows_by_the_exchanges_clock() -> None:
    """A minute that is over there is over here, whatever our clock shows."""
    host = ToyHost()
    minute = LimitWindow("all", 1, 60 * SECOND, WindowKind.CALENDAR)
    parts = Part.ALL & ~Part.USER_STREAM & ~Part.UPKEEP & ~Part.ORDERS
    async with toy_tree(host, parts=parts, limits=(minute,)) as (tree, _, _):
        now_ns = host.clock.now_ns()
        # Ten seconds before the exchange's minute ends, from the middle of it.
        ahead_ns = 50 * SECOND - now_ns % (60 * SECOND)
        reading = ClockReading(now_ns + ahead_ns, now_ns, now_ns)
        answering(host, commands.FetchServerTime, Told(None, (reading,)))
        await tree.rest.ask(commands.FetchServerTime(), timeout=5)
        began = anyio.current_time()
        await tree.rest.ask(commands.FetchBalances(), timeout=300)

        assert anyio.current_time() - began == pytest.approx(10, abs=0.5)


async def test_limits_that_the_exchange_tells_replace_those_of_the_profile() -> None:
    """From the next request on."""
    host = ToyHost()
    parts = Part.ALL & ~Part.USER_STREAM & ~Part.UPKEEP & ~Part.ORDERS
    told = LimitsTold((LimitWindow("all", 2, 60 * SECOND, WindowKind.SLIDING),))
    async with toy_tree(host, parts=parts) as (tree, _, _):
        answering(host, commands.FetchInstruments, Told((), (told,)))
        await tree.rest.ask(commands.FetchInstruments(), timeout=5)
        await tree.rest.ask(commands.FetchBalances(), timeout=5)
        with pytest.raises(RateLimited):
            await tree.rest.ask(commands.FetchBalances(), timeout=5)


async def test_a_reference_price_is_known_to_the_flows_that_follow() -> None:
    """It is kept by the tree, and outlives the worker."""
    host = ToyHost()
    told = ReferenceTold("A-USD", Decimal(10), 5)
    async with toy_tree(host, parts=Part.ORDERS) as (tree, _, _):
        answering(host, commands.FetchBook, Told(None, (told,)))
        await tree.rest.ask(commands.FetchBook("A-USD"), timeout=5)

        assert tree.directory.references == {"A-USD": told}


async def test_more_orders_than_may_be_open_are_refused_before_they_are_sent() -> None:
    """The ledger knows how many there are; nothing of the refused one is written down."""
    host = ToyHost()
    rule = OpenOrderLimit("MAX_NUM_ORDERS", 1)
    instrument = Instrument("A-USD", "A", "USD", "AUSD", InstrumentStatus.TRADING, (rule,))
    async with toy_tree(host, parts=Part.ORDERS) as (tree, _, _):
        tree.directory.learn((instrument,))
        assert tree.orders is not None
        await tree.orders.ask(Place(request("c1")), timeout=5)
        with pytest.raises(OrderInvalid, match="MAX_NUM_ORDERS"):
            await tree.orders.ask(Place(request("c2")), timeout=5)
        known = await tree.orders.ask(Known(), timeout=5)

    assert [order.client_order_id for order in known] == ["c1"]
    assert sum(isinstance(asked, commands.PlaceOrder) for asked in host.commands) == 1


async def test_whoever_resolves_an_order_is_told_which_orders_are_other_ones() -> None:
    """Else one of ours that was cancelled could pass for the order sought."""
    host = ToyHost()

    def script(command: Any) -> Any:
        if isinstance(command, commands.PlaceOrder) and command.order.client_order_id == "c2":
            raise OutcomeUnknown("lost", exchange="toy", operation="place")
        if isinstance(command, commands.ResolveOrder):
            return commands.Found(report(OrderStatus.OPEN, "c2"))
        return default_answer(command)

    host.script = script
    async with toy_tree(host, parts=Part.ORDERS) as (tree, _, _):
        assert tree.orders is not None
        for name in ("c1", "c2"):
            await tree.orders.ask(Place(request(name)), timeout=10)

    (asked,) = [one for one in host.commands if isinstance(one, commands.ResolveOrder)]
    assert asked.known_order_ids == {"x-c1"}


async def test_a_session_may_ask_before_its_connection_is_opened_and_choose_the_door() -> None:
    """A key that its address needs, at an endpoint of another name."""
    host = ToyHost()

    def session(name: str) -> ToySession:
        made = ToySession(name)
        made.asks_first = [commands.FetchBalances(), commands.FetchServerTime()]
        made.endpoint = "other"
        return made

    host.new_user_session = session
    async with toy_tree(host) as _:
        await anyio.sleep(1)

        assert [stream.endpoint for stream in host.streams] == ["other"]
    asked = [type(command) for command in host.commands]
    assert asked.count(commands.FetchBalances) == 1


async def test_an_answer_that_forbids_the_connection_ends_the_attempt_and_not_the_stream() -> None:
    """It is tried again with backoff."""
    host = ToyHost()
    answering(
        host,
        commands.FetchBalances,
        ExchangeUnavailable("later", exchange="toy", operation="key"),
        None,
    )

    def session(name: str) -> ToySession:
        made = ToySession(name)
        made.asks_first = [commands.FetchBalances()]
        return made

    host.new_user_session = session
    began = anyio.current_time()
    async with toy_tree(host) as _:
        await anyio.sleep(5)

        assert [stream.endpoint for stream in host.streams] == ["user_stream"]
    asked = [command for command in host.commands if isinstance(command, commands.FetchBalances)]
    assert len(asked) == 2
    assert host.opened_at[0] - began >= 0.2


async def test_a_private_request_without_credentials_says_what_is_missing() -> None:
    """Public questions work without a key; others say that they need one."""
    host = ToyHost()
    async with toy_tree(host, has_credentials=False) as (tree, _, _):
        server_time = await tree.rest.ask(commands.FetchServerTime(), timeout=5)
        with pytest.raises(ConfigurationError, match="needs credentials"):
            await tree.rest.ask(commands.FetchBalances(), timeout=5)

    assert server_time > 0


async def test_a_ban_silences_everything_until_it_ends() -> None:
    """After a reply with Retry-After nothing leaves, and then it goes on by itself."""
    host = ToyHost()
    async with toy_tree(host, parts=Part.ORDERS) as (tree, _, _):
        await anyio.sleep(1)
        host.headers = {"retry-after": "30"}
        await tree.rest.ask(commands.FetchBalances(), timeout=5)
        host.headers = {}
        began = anyio.current_time()
        await tree.rest.ask(commands.FetchBalances(), timeout=100)

        assert anyio.current_time() - began == pytest.approx(30, abs=1)


async def test_every_call_is_one_log_line_without_secrets() -> None:
    """Exchange, operation, status, latency and weight; never a header."""
    host = ToyHost()
    async with toy_tree(host, parts=Part.ORDERS) as (tree, _, log):
        await tree.rest.ask(commands.FetchBalances(), timeout=5)
        host.down = True
        with pytest.raises(TransportError):
            await tree.rest.ask(commands.FetchBalances(), timeout=5)
        lines = [line for line in log.lines if line["operation"] == "FetchBalances"]

    assert [line["level"] for line in lines] == ["info", "warning"]
    assert lines[0]["status"] == 200
    assert lines[0]["weight"] == {"all": 1}
    assert lines[1]["error"] == "TransportError"
    assert not tree.directory.is_reachable
    assert "signed" not in repr(log.lines)


# ---------------------------------------------------------------- upkeep


async def test_a_refused_key_ends_the_exchange_for_good() -> None:
    """No restart can help: the reason is in the failure."""
    host = ToyHost()
    scripted(host, FetchKeyPermissions=AuthRefused("revoked"))
    with pytest.raises(SupervisorFailed) as caught:
        async with toy_tree(host):
            raise AssertionError("it started")

    assert isinstance(getattr(find_unrecoverable(caught.value), "__cause__", None), AuthRefused)


async def test_a_fault_of_ours_at_the_start_is_told_and_not_tried_for_ever() -> None:
    """A gate that cannot even be made ends the entry, with the error in its chain."""
    host = ToyHost()
    windows = (LimitWindow("other", 1, SECOND, WindowKind.SLIDING),)
    with pytest.raises(SupervisorFailed) as caught:
        async with toy_tree(host, limits=windows, reserved={"not a lane": 2}):
            raise AssertionError("it started")

    assert caught.value.__cause__ is not None


async def test_an_exchange_that_is_down_is_tried_again_until_it_answers() -> None:
    """The tree is up at once, disconnected; the clock is measured when the exchange is back."""
    host = ToyHost()
    host.down = True
    async with toy_tree(host) as (tree, root, _):
        failing = root.snapshot()["toy/io/upkeep"].detail
        await anyio.sleep(60)
        host.down = False
        with anyio.fail_after(60):
            await tree.directory.reachable()
        await anyio.sleep(30)
        mended = root.snapshot()["toy/io/upkeep"].detail
        auth = root.snapshot()["toy/auth"].detail

    assert failing.failing
    assert mended.failing == ()
    assert auth.clock_offset_ns != 0


async def test_a_key_that_is_revoked_while_running_stops_the_exchange() -> None:
    """One refusal is checked; if the key is no good, the tree stays stopped with the reason."""
    host = ToyHost()
    async with toy_tree(host) as (tree, root, _):
        scripted(
            host,
            FetchBalances=AuthRefused("revoked"),
            FetchKeyPermissions=AuthRefused("revoked"),
        )
        with pytest.raises(AuthRefused):
            await tree.rest.ask(commands.FetchBalances(), timeout=5)
        with anyio.fail_after(60):
            await root.until("toy", ChildState.STOPPED)
        error = root.snapshot()["toy"].last_error

    assert error is not None


async def test_one_refusal_of_a_good_key_stops_nothing() -> None:
    """A whim of the exchange is checked and forgotten."""
    host = ToyHost()
    async with toy_tree(host) as (tree, root, _):
        scripted(host, FetchBalances=[AuthRefused("a whim"), lambda _: ()])
        with pytest.raises(AuthRefused):
            await tree.rest.ask(commands.FetchBalances(), timeout=5)
        await anyio.sleep(10)
        balances = await tree.rest.ask(commands.FetchBalances(), timeout=5)

        assert balances == ()
        assert root.snapshot()["toy"].state is ChildState.RUNNING


async def test_a_loss_of_the_exchange_hides_no_doubt_about_the_key() -> None:
    """Upkeep hears both, though it is busy with an exchange that does not answer."""
    host = ToyHost()
    asked: list[float] = []

    async def silent(_: object) -> object:
        asked.append(anyio.current_time())
        await anyio.sleep(20)
        return 0

    async with toy_tree(host) as (tree, _, _):
        scripted(host, FetchServerTime=silent)
        tree.directory.unreachable()
        await anyio.sleep(1)
        is_looked_for = bool(asked)
        before = sum(isinstance(each, commands.FetchKeyPermissions) for each in host.commands)
        tree.directory.answered()
        tree.directory.unreachable()
        tree._doubt_credentials()
        await anyio.sleep(20)
        after = sum(isinstance(each, commands.FetchKeyPermissions) for each in host.commands)

    assert is_looked_for
    assert after == before + 1


#: Of a length that a gate which crashed would have to wait for, whole.
LONG = (LimitWindow("all", 1000, 300 * SECOND, WindowKind.CALENDAR),)


async def test_an_exchange_that_is_started_again_with_a_revoked_key_says_so() -> None:
    """What was spent before is known, so that nothing keeps the key from being asked about."""
    host = ToyHost()
    async with toy_tree(host, limits=LONG) as (tree, root, _):
        scripted(host, FetchKeyPermissions=AuthRefused("revoked"))
        tree._doubt_credentials()
        with anyio.fail_after(60):
            await root.until("toy", ChildState.STOPPED)
        began = anyio.current_time()
        with pytest.raises(StartFailed) as caught:
            await root.restart_child("toy")
        took = anyio.current_time() - began

    assert isinstance(getattr(caught.value.__cause__, "__cause__", None), AuthRefused)
    assert took < 1


async def test_a_crash_of_the_signing_actor_costs_no_time_at_the_gate() -> None:
    """The gate is stopped and goes on with its books: the streams are there again at once."""
    host = ToyHost()
    async with toy_tree(host, limits=LONG) as (tree, root, _):
        await anyio.sleep(1)
        with pytest.raises(ActorCrashed):
            tree.auth.tell_nowait(None)  # type: ignore[arg-type]
        await anyio.sleep(2)
        gate, market = root.snapshot()["toy/gate"], root.snapshot()["toy/io/market"]
        balances = await tree.rest.ask(commands.FetchBalances(), timeout=1)

    assert root.snapshot()["toy/auth"].restarts == 1
    assert (gate.incarnation, market.incarnation, market.state) == (2, 2, ChildState.RUNNING)
    assert balances is None
