"""The exchange's log of an account: its position, what replies tell of it, and who hears of it."""

from typing import Any

import anyio
import pytest

from tests.support.toy import Told, ToyHost, default_answer, toy_tree
from tests.support.toy_samples import report, request, trade_changed, transaction
from tests.support.toy_streams import ToySession
from venuetree.actors.feed import AccountFeed, MarketFeed
from venuetree.actors.mailbox import MailboxSpec, Overflow
from venuetree.actors.order_messages import Known, Place
from venuetree.protocol import commands
from venuetree.protocol.errors import OutcomeUnknown, TransportError
from venuetree.protocol.events import (
    AccountEvent,
    OrderUpdated,
    StreamConnected,
    StreamDisconnected,
)
from venuetree.protocol.journal import MemoryJournal
from venuetree.protocol.models import MarginTradeChange, OrderStatus, Topic
from venuetree.protocol.port import Auth, LogTold, Subscription
from venuetree.supervisors import exchange_tree
from venuetree.supervisors.exchange_tree import ExchangeTree
from venuetree.supervisors.wiring import Part

pytestmark = pytest.mark.anyio

NO_STREAM = Part.ALL & ~Part.USER_STREAM


class Host(ToyHost):
    """A toy exchange whose replies to questions about balances tell of its log.

    Attributes:
        told: what the next such reply tells.
        sessions: those of the user stream, in the order of their connections.
        auth, query, asks: what the next of them says when it is to be opened.
    """

    def __init__(self) -> None:
        super().__init__()
        self.told = LogTold("", (), 0)
        self.sessions: list[ToySession] = []
        self.auth, self.query = Auth.NONE, ""
        self.asks: tuple[Any, ...] = ()
        self.script = self._answer
        self.new_user_session = self._session

    def _answer(self, command: Any) -> Any:
        if isinstance(command, commands.FetchBalances):
            return Told((), (self.told,))
        return default_answer(command)

    def _session(self, name: str) -> ToySession:
        session = ToySession(name)
        session.auth, session.query = self.auth, self.query
        session.asks_first = list(self.asks)
        self.sessions.append(session)
        return session


async def tell(host: Host, tree: ExchangeTree, position: str, *entries: bytes) -> None:
    """Have a reply tell of the log, and let everybody hear it."""
    host.told = LogTold(position, entries, 7)
    await tree.rest.ask(commands.FetchBalances(), timeout=5)
    await anyio.sleep(0.1)


def heard(feed: AccountFeed) -> list[AccountEvent]:
    """What a subscriber of the account has been told, without the connection's ups and downs."""
    return [e for e in feed._queue if not isinstance(e, StreamConnected | StreamDisconnected)]


# ---------------------------------------------------------------- opening a stream


async def test_a_request_that_opens_a_stream_is_signed_where_the_session_says_so() -> None:
    """Headers and query as signed go out; what the session had said itself goes with them."""
    host = Host()
    host.auth, host.query = Auth.SIGNED, "since=1"
    async with toy_tree(host, parts=Part.ALL):
        await anyio.sleep(1)

    (connect,) = host.connects
    headers = dict(connect.headers)
    assert headers["for"] == "user"
    where, _, nonce = headers["signed"].split()
    assert where == "toy.invalid"
    assert connect.path == f"?since=1&nonce={nonce}"


async def test_a_request_that_needs_no_signature_goes_out_as_it_is() -> None:
    """Nothing is added to it."""
    host = Host()
    host.query = "since=1"
    async with toy_tree(host):
        await anyio.sleep(1)

    (connect,) = host.connects
    assert (connect.path, connect.headers) == ("?since=1", (("for", "user"),))


async def test_each_connection_is_signed_anew() -> None:
    """A signature holds for one request."""
    host = Host()
    host.auth = Auth.SIGNED
    async with toy_tree(host):
        await anyio.sleep(1)
        host.stream("user_stream").put(TransportError("kicked"))
        await anyio.sleep(5)

    first, second = [dict(connect.headers)["signed"].split() for connect in host.connects]
    assert first[2] != second[2]


async def test_a_session_is_told_what_is_wanted_before_it_says_where_to_connect() -> None:
    """For streams whose address says what they carry; after a loss, what is wanted by then."""
    host = ToyHost()
    async with toy_tree(host, parts=Part.ORDERS) as (tree, _, _):
        tree.hub.add(MarketFeed(), {Subscription(name, Topic.BOOK) for name in ("A-USD", "B-USD")})
        await anyio.sleep(1)
        host.streams[0].put(TransportError("kicked"))
        tree.hub.remove(next(iter(tree.hub._feeds)))
        tree.hub.add(MarketFeed(), {Subscription("B-USD", Topic.BOOK)})
        await anyio.sleep(5)
        paths = [connect.path for connect in host.connects]

    assert paths[0] == "A-USD/B-USD"
    assert paths[-1] == "B-USD"


# ---------------------------------------------------------------- what replies tell


async def test_what_a_reply_tells_of_the_log_is_heard_by_the_stream_of_it() -> None:
    """The session sorts it out; what it says is told to the subscribers, as if the stream had."""
    host = Host()
    async with toy_tree(host) as (tree, _, _):
        feed = AccountFeed()
        tree.hub.add_account(feed)
        await anyio.sleep(1)
        await tell(host, tree, "8", b'{"log": 7}', b'{"log": 8, "trade": "opened"}')
        (session,) = host.sessions

        assert session.heard == [b'{"log": 7}', b'{"log": 8, "trade": "opened"}']
        assert heard(feed) == [
            transaction(7),
            transaction(8),
            trade_changed(8, MarginTradeChange.OPENED),
        ]
        assert tree.directory.log_position == "8"


async def test_what_is_told_may_give_a_session_something_to_do() -> None:
    """It need not wait for the next frame."""
    host = Host()
    async with toy_tree(host) as (tree, _, _):
        await anyio.sleep(1)
        stream = host.stream("user_stream")
        before = len(stream.sent)
        await tell(host, tree, "8", b'{"sign": 1}')

        assert len(stream.sent) == before + 1


async def test_a_stream_that_is_not_connected_does_not_hear_of_it() -> None:
    """Its session has not begun: once it is opened, it reads the log from where it was."""
    host = Host()
    host.asks = (commands.FetchFills(None),)
    answer, may_connect = host.script, anyio.Event()

    def script(command: Any) -> Any:
        if isinstance(command, commands.FetchFills):
            return may_connect.wait()
        return answer(command)

    host.script = script
    async with toy_tree(host) as (tree, _, _):
        await anyio.sleep(1)
        await tell(host, tree, "7", b'{"log": 7}')
        may_connect.set()
        await anyio.sleep(1)
        (session,) = host.sessions
        assert session.wanted_first is not None
        assert session.heard == []
        await tell(host, tree, "8", b'{"log": 8}')

        assert session.heard == [b'{"log": 8}']


async def test_a_reply_that_tells_only_the_position_disturbs_no_stream() -> None:
    """And one that tells none leaves what is known."""
    host = Host()
    async with toy_tree(host) as (tree, _, _):
        await anyio.sleep(1)
        stream = host.stream("user_stream")
        before = list(stream.sent)
        await tell(host, tree, "7")
        await tell(host, tree, "")

        assert tree.directory.log_position == "7"
        assert host.sessions[0].hearings == 0
        assert stream.sent == before


async def test_entries_are_dropped_where_no_stream_reads_them() -> None:
    """The position is kept all the same, for the orders."""
    host = Host()
    async with toy_tree(host, parts=NO_STREAM) as (tree, root, _):
        await tell(host, tree, "7", b'{"log": 7}')

        assert tree.directory.log_position == "7"
        assert root.snapshot()["toy/io/rest"].restarts == 0


# ---------------------------------------------------------------- what the stream tells


async def test_the_log_is_told_to_the_accounts_subscribers_in_its_order() -> None:
    """Entries and what they did to margin trades, one after the other."""
    host = Host()
    async with toy_tree(host) as (tree, _, _):
        feed = AccountFeed()
        tree.hub.add_account(feed)
        await anyio.sleep(1)
        host.stream("user_stream").put(
            b'{"log": 1, "trade": "opened"}', b'{"log": 2}', b'{"log": 3, "trade": "closed"}'
        )
        await anyio.sleep(1)

        assert heard(feed) == [
            transaction(1),
            trade_changed(1, MarginTradeChange.OPENED),
            transaction(2),
            transaction(3),
            trade_changed(3, MarginTradeChange.CLOSED),
        ]
        assert tree.directory.log_position == "3"


async def test_subscribers_hear_what_is_told_once_even_if_the_orders_have_no_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The stream breaks, loudly, and is opened again; nothing that was read is kept from them."""
    mailbox = MailboxSpec(capacity=3, overflow=Overflow.FAIL)
    monkeypatch.setattr(exchange_tree, "ORDERS_MAILBOX", mailbox)
    host = Host()
    async with toy_tree(host) as (tree, root, _):
        feed = AccountFeed()
        tree.hub.add_account(feed)
        await anyio.sleep(1)
        host.stream("user_stream").put(
            *(f'{{"log": {n}, "order": "open", "id": "c{n}"}}'.encode() for n in range(1, 11))
        )
        await anyio.sleep(5)
        told = [e for e in heard(feed) if not isinstance(e, OrderUpdated)]
        last = len(told)
        restarts = root.snapshot()["toy/io/user"].restarts

    # The first that finds no room breaks the connection; no later one of that read is looked at.
    assert 3 < last < 10
    assert told == [transaction(number) for number in range(1, last + 1)]
    assert tree.directory.log_position == str(last)
    assert restarts == 1
    assert len(host.streams) == 2


async def test_an_entry_is_told_before_the_orders_say_what_it_did() -> None:
    """So that whoever keeps an account sees the cause before the effect."""
    host = Host()
    async with toy_tree(host) as (tree, _, _):
        feed = AccountFeed()
        tree.hub.add_account(feed)
        await anyio.sleep(1)
        host.stream("user_stream").put(b'{"log": 1, "order": "open", "id": "c1"}')
        await anyio.sleep(1)

        assert [type(event).__name__ for event in heard(feed)] == [
            "TransactionRecorded",
            "OrderUpdated",
        ]


# ---------------------------------------------------------------- the position of an order


def resolving(host: Host) -> None:
    """An order's reply is lost, after the log has gone on because of it."""
    answer = host.script

    async def lose(_: Any) -> Any:
        host.stream("user_stream").put(b'{"log": 6}')
        await anyio.sleep(1)
        raise OutcomeUnknown("lost", client_order_id="c1")

    def script(command: Any) -> Any:
        if isinstance(command, commands.PlaceOrder):
            return lose(command)
        if isinstance(command, commands.ResolveOrder):
            return commands.Found(report(OrderStatus.OPEN, command.order.client_order_id))
        return answer(command)

    host.script = script


def positions(host: Host) -> list[str]:
    """From where on each question about an unknown order has the log read."""
    return [c.log_position for c in host.commands if isinstance(c, commands.ResolveOrder)]


async def test_an_unknown_order_is_sought_from_the_position_before_it_was_sent() -> None:
    """Not from a later one: what it has made would be before that."""
    host = Host()
    resolving(host)
    async with toy_tree(host) as (tree, _, _):
        await anyio.sleep(1)
        await tell(host, tree, "5")
        assert tree.orders is not None
        order = await tree.orders.ask(Place(request()), timeout=30)

        assert tree.directory.log_position == "6"
    assert order.status is OrderStatus.OPEN
    assert positions(host) == ["5"]


async def test_the_position_outlives_a_crash_of_the_orders_actor() -> None:
    """It is in the journal, beside the time of sending."""
    host = Host()
    journal = MemoryJournal()
    answer = host.script

    def script(command: Any) -> Any:
        if isinstance(command, commands.PlaceOrder):
            return anyio.sleep_forever()
        if isinstance(command, commands.ResolveOrder):
            return commands.Found(report(OrderStatus.OPEN, command.order.client_order_id))
        return answer(command)

    host.script = script
    async with toy_tree(host, parts=NO_STREAM, journal=journal) as (tree, _, _):
        await tell(host, tree, "5")
        orders = tree.orders
        assert orders is not None

        async def place() -> None:
            with pytest.raises(Exception, match="stopped|crashed"):
                await orders.ask(Place(request()), timeout=1000)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(place)
            await anyio.sleep(1)
            await tell(host, tree, "9")
            await tree._io.restart_child("orders")
        await anyio.sleep(10)
        known = await orders.ask(Known(), timeout=1)

    assert [order.status for order in known] == [OrderStatus.OPEN]
    assert positions(host) == ["5"]


async def test_without_a_log_there_is_no_position() -> None:
    """Whoever resolves then knows that none was noted."""
    host = Host()
    resolving(host)
    async with toy_tree(host) as (tree, _, _):
        await anyio.sleep(1)
        assert tree.orders is not None
        await tree.orders.ask(Place(request()), timeout=30)

    assert positions(host) == [""]
