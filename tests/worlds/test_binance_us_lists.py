"""Orders that belong together on Binance.US, through the whole engine: pairs, replacements, all."""

from decimal import Decimal
from urllib.parse import urlencode

import anyio
import pytest

from tests.scenarios.plain_binance_us import sign
from tests.support.binance_us_world import ORDERS, SLOW, asked, far_bid, trading
from tests.support.engines import settle
from venuetree.exchange import ExchangeHandle
from venuetree.protocol.builders import bracket_order, limit_order, oco
from venuetree.protocol.errors import (
    CancelIncomplete,
    CancelRefused,
    InsufficientFunds,
    NotSupported,
    OrderInvalid,
    OrderRejected,
    OutcomeUnknown,
    PermissionRefused,
    TransportError,
)
from venuetree.protocol.models import OcoRequest, Order, OrderRequest, OrderStatus, Side
from venuetree.scenarios import faults
from venuetree.scenarios.simulated.binance_us import SimulatedBinanceUs
from venuetree.scenarios.simulated.binance_us.orders import Order as SimulatedOrder
from venuetree.scenarios.simulated.matching import Side as SimulatedSide
from venuetree.scenarios.simulated.wire import Request
from venuetree.supervisors.wiring import Part

D = Decimal
pytestmark = pytest.mark.anyio

PAIRS = "POST /api/v3/order/oco"
REPLACING = "POST /api/v3/order/cancelReplace"
ALL = "DELETE /api/v3/openOrders"
#: Without the user stream, only answers and questions tell what is.
ASKING_ONLY = Part.ALL & ~Part.USER_STREAM


def pair(*ids: str, quantity: str = "0.01", **prices: str) -> OcoRequest:
    """A pair that sells far above the market, or from far below it."""
    usual = {"price": "70000", "stop_price": "60000", "stop_limit_price": "59000"}
    client_order_ids = (ids[0], ids[1]) if ids else ("limit", "stop")
    return oco(
        "BTC-USD",
        Side.SELL,
        quantity=quantity,
        client_order_ids=client_order_ids,
        **{**usual, **prices},
    )


def given_id(order: SimulatedOrder) -> str:
    """Our own id of an order, whatever a cancel calls it."""
    return order.original_client_id or order.client_order_id


def there(sim: SimulatedBinanceUs) -> list[str]:
    """What the exchange has: each order's own id and state, as it was placed."""
    return [f"{given_id(order)} {order.status.name}" for order in sim.orders]


async def known(exchange: ExchangeHandle) -> dict[str, OrderStatus]:
    """The orders as the engine knows them."""
    return {order.client_order_id: order.status for order in await exchange.known_orders()}


async def until_known(exchange: ExchangeHandle, **wanted: OrderStatus) -> None:
    """Wait until the engine knows these states."""
    with anyio.fail_after(60):
        while not (wanted.items() <= (await known(exchange)).items()):
            await anyio.sleep(0.05)


# ---------------------------------------------------------------- pairs


async def test_a_pair_is_two_orders_of_one_list() -> None:
    """Each is an order of its own, by its own id."""
    async with trading() as (sim, _, exchange):
        limit, stop = await exchange.place_oco(pair())

        assert (limit.client_order_id, stop.client_order_id) == ("limit", "stop")
        assert {limit.status, stop.status} == {OrderStatus.OPEN}
        assert limit.list_id == stop.list_id != ""
        assert (limit.price, stop.price, stop.stop_price) == (D(70000), D(59000), D(60000))
        assert len(sim.orders) == 2
        assert len({order.list_id for order in sim.orders}) == 1


@pytest.mark.parametrize("parts", [Part.ALL, ASKING_ONLY])
async def test_the_execution_of_one_ends_the_other(parts: Part) -> None:
    """Told by the stream, or, without it, asked for once the one is known to have ended."""
    async with trading(parts=parts) as (sim, _, exchange):
        limit, _ = await exchange.place_oco(pair())
        sim.trade("BTCUSD", SimulatedSide.BUY, D(100_000))
        if parts is ASKING_ONLY:
            await exchange.order(limit.key)
        await until_known(exchange, limit=OrderStatus.FILLED, stop=OrderStatus.EXPIRED)


@pytest.mark.parametrize("parts", [Part.ALL, ASKING_ONLY])
async def test_the_cancel_of_one_ends_both(parts: Part) -> None:
    """The exchange renames both; both stay ours by their own ids."""
    async with trading(parts=parts) as (_, _, exchange):
        _, stop = await exchange.place_oco(pair())
        cancelled = await exchange.cancel(stop.key)

        assert cancelled.status is OrderStatus.CANCELLED
        await until_known(exchange, limit=OrderStatus.CANCELLED, stop=OrderStatus.CANCELLED)


@pytest.mark.parametrize("parts", [Part.ALL, ASKING_ONLY])
@pytest.mark.parametrize(
    "fault", [faults.LoseReply(to=PAIRS), faults.Respond(to=PAIRS, status=503, applied=True)]
)
async def test_a_pair_whose_reply_is_lost_is_known_and_is_one(
    parts: Part, fault: faults.Fault
) -> None:
    """Each of the two is found by its own id; nothing is sent again."""
    async with trading(parts=parts) as (sim, _, exchange):
        added = sim.faults.add(fault)
        limit, stop = await exchange.place_oco(pair())

        assert added.fired == 1
        assert (limit.status, stop.status) == (OrderStatus.OPEN, OrderStatus.OPEN)
        assert asked(sim).count(PAIRS) == 1
        assert len(sim.orders) == 2


async def test_a_pair_that_never_arrived_is_proved_absent_in_the_end() -> None:
    """Both of it, and not before a late copy would be refused."""
    async with trading(simulator=SLOW, tick_s=0.5) as (sim, _, exchange):
        sim.faults.add(faults.LoseRequest(to=PAIRS))
        began = anyio.current_time()
        with pytest.raises(OrderRejected, match="would accept it no more"):
            await exchange.place_oco(pair(), timeout=600)
        took = anyio.current_time() - began

        assert sim.orders == []
        assert 120 <= took < 180
        await until_known(exchange, limit=OrderStatus.REJECTED, stop=OrderStatus.REJECTED)


async def test_a_refused_pair_leaves_neither_order() -> None:
    """Both prices above the market: only the exchange can tell."""
    async with trading() as (sim, _, exchange):
        with pytest.raises(OrderRejected, match="relationship of the prices"):
            await exchange.place_oco(pair(stop_price="69000", stop_limit_price="68000"))

        assert sim.orders == []
        assert set((await known(exchange)).values()) == {OrderStatus.REJECTED}


async def test_an_id_used_before_sends_nothing_of_a_pair() -> None:
    """Neither the one that is new."""
    async with trading() as (sim, _, exchange):
        await exchange.place(far_bid("stop"))
        with pytest.raises(OrderInvalid, match="a client order id of its own"):
            await exchange.place_oco(pair())

        assert PAIRS not in asked(sim)
        assert await known(exchange) == {"stop": OrderStatus.OPEN, "limit": OrderStatus.REJECTED}


async def test_a_symbol_that_takes_no_pairs_is_asked_for_none() -> None:
    """`exchangeInfo` says so."""

    def without_pairs(sim: SimulatedBinanceUs) -> None:
        sim.change_instrument("BTCUSD", oco_allowed=False)

    async with trading(prepare=without_pairs) as (sim, _, exchange):
        with pytest.raises(OrderInvalid, match="takes no pairs"):
            await exchange.place_oco(pair())

        assert PAIRS not in asked(sim)


async def test_pairs_count_as_two_orders_and_one_stop() -> None:
    """Five stops may wait for a symbol; the sixth is refused here."""
    async with trading() as (sim, _, exchange):
        for number in range(5):
            await exchange.place_oco(pair(f"l{number}", f"s{number}"))
        with pytest.raises(OrderInvalid) as caught:
            await exchange.place_oco(pair("l5", "s5"))

        assert (caught.value.rule, caught.value.bound) == ("MAX_NUM_ALGO_ORDERS", "5")
        assert len(sim.orders) == 10


# ---------------------------------------------------------------- replacing


def bid(client_order_id: str, price: str = "21000", quantity: str = "0.01") -> OrderRequest:
    """A limit order that rests."""
    return limit_order(
        "BTC-USD", Side.BUY, quantity=quantity, price=price, client_order_id=client_order_id
    )


async def test_an_order_is_replaced_by_another_in_one_request() -> None:
    """The old one is cancelled, the new one has its own id and terms."""
    async with trading() as (sim, _, exchange):
        await exchange.place(bid("old"))
        new = await exchange.replace("old", bid("new", "22000"))

        assert (new.client_order_id, new.status, new.price) == ("new", OrderStatus.OPEN, D(22000))
        assert await known(exchange) == {"old": OrderStatus.CANCELLED, "new": OrderStatus.OPEN}
        assert there(sim) == ["old CANCELED", "new NEW"]
        assert asked(sim).count(REPLACING) == 1


@pytest.mark.parametrize("parts", [Part.ALL, ASKING_ONLY])
async def test_a_replacement_whose_reply_is_lost_is_known_and_is_one(parts: Part) -> None:
    """What became of either is asked for."""
    async with trading(parts=parts) as (sim, _, exchange):
        await exchange.place(bid("old"))
        fault = sim.faults.add(faults.LoseReply(to=REPLACING))
        new = await exchange.replace("old", bid("new"))

        assert fault.fired == 1
        assert new.status is OrderStatus.OPEN
        await until_known(exchange, old=OrderStatus.CANCELLED, new=OrderStatus.OPEN)
        assert there(sim) == ["old CANCELED", "new NEW"]


async def test_a_replacement_that_never_arrived_leaves_the_old_order() -> None:
    """The new one is proved absent; the old one is known to be open still."""
    async with trading(simulator=SLOW, tick_s=0.5) as (sim, _, exchange):
        await exchange.place(bid("old"))
        sim.faults.add(faults.LoseRequest(to=REPLACING))
        with pytest.raises(OrderRejected, match="would accept it no more"):
            await exchange.replace("old", bid("new"), timeout=600)

        assert there(sim) == ["old NEW"]
        assert await known(exchange) == {"old": OrderStatus.OPEN, "new": OrderStatus.REJECTED}


async def test_a_new_order_that_is_refused_after_the_cancel_is_said_to_be() -> None:
    """The old one has ended then: the error tells both."""
    async with trading() as (sim, _, exchange):
        await exchange.place(bid("old"))
        with pytest.raises(InsufficientFunds, match="the old order has ended"):
            await exchange.replace("old", bid("new", "60000", "1000"))

        assert there(sim) == ["old CANCELED"]
        assert await known(exchange) == {"old": OrderStatus.CANCELLED, "new": OrderStatus.REJECTED}


async def partially_filled(sim: SimulatedBinanceUs, exchange: ExchangeHandle) -> Order:
    """The best bid by far, half of which has been taken."""
    sim.paused = True
    best, _ = sim.book("BTCUSD", SimulatedSide.BUY)[0]
    order = await exchange.place(bid("old", str(best + D("0.01")), "0.02"))
    sim.trade("BTCUSD", SimulatedSide.SELL, D("0.01"))
    await until_known(exchange, old=OrderStatus.PARTIALLY_FILLED)
    return order


async def test_an_order_executed_in_part_is_not_replaced_by_a_whole_one() -> None:
    """More than was meant would be bought in all: the exchange refuses, as it is asked to."""
    async with trading() as (sim, _, exchange):
        old = await partially_filled(sim, exchange)
        with pytest.raises(CancelRefused, match="cancel restrictions"):
            await exchange.replace(old.key, bid("new", quantity="0.02"))

        assert there(sim) == ["old PARTIALLY_FILLED"]
        assert await known(exchange) == {
            "old": OrderStatus.PARTIALLY_FILLED,
            "new": OrderStatus.REJECTED,
        }


async def test_an_order_executed_in_part_is_replaced_where_that_is_meant() -> None:
    """What was executed stays."""
    async with trading() as (sim, _, exchange):
        old = await partially_filled(sim, exchange)
        new = await exchange.replace(old.key, bid("new"), if_partially_filled=True)
        ended = await exchange.order(old.key)

        assert new.status is OrderStatus.OPEN
        assert (ended.status, ended.filled_quantity) == (OrderStatus.CANCELLED, D("0.01"))


async def test_an_order_that_has_ended_is_replaced_by_nothing() -> None:
    """Where we know it, nothing is sent; where only the exchange does, it refuses."""
    async with trading(parts=ASKING_ONLY) as (sim, _, exchange):
        old = await exchange.place(bid("old"))
        sim.trade("BTCUSD", SimulatedSide.SELL, D(100_000))
        with pytest.raises(CancelRefused, match="Unknown order"):
            await exchange.replace(old.key, bid("new"))
        await until_known(exchange, old=OrderStatus.FILLED, new=OrderStatus.REJECTED)
        with pytest.raises(CancelRefused, match="filled already"):
            await exchange.replace(old.key, bid("newer"))

        assert asked(sim).count(REPLACING) == 1
        assert there(sim) == ["old FILLED"]


async def test_what_only_the_exchange_refuses_leaves_the_old_order_alone() -> None:
    """Its filters come before the cancel."""
    async with trading() as (sim, _, exchange):
        await exchange.place(bid("old"))
        sim.change_filters("BTCUSD", min_notional=D(1000))
        with pytest.raises(OrderRejected, match="MIN_NOTIONAL"):
            await exchange.replace("old", bid("new"))

        assert there(sim) == ["old NEW"]
        assert await known(exchange) == {"old": OrderStatus.OPEN, "new": OrderStatus.REJECTED}


async def test_a_pair_is_replaced_whole() -> None:
    """With one of a pair both are cancelled, and the new order stands alone."""
    async with trading(parts=ASKING_ONLY) as (sim, _, exchange):
        limit, _ = await exchange.place_oco(pair())
        new = await exchange.replace(limit.key, bid("new"))

        assert new.status is OrderStatus.OPEN
        await until_known(exchange, limit=OrderStatus.CANCELLED, stop=OrderStatus.CANCELLED)
        assert [order.status.name for order in sim.orders] == ["CANCELED", "CANCELED", "NEW"]


async def test_an_order_is_replaced_by_one_of_its_own_instrument() -> None:
    """Orders are numbered by instrument: the same number is another order there."""
    async with trading() as (sim, _, exchange):
        old = await exchange.place(bid("old"))
        other = limit_order("ETH-USD", Side.BUY, quantity="1", price="1000")
        for name in (old.key, "old"):
            with pytest.raises(OrderInvalid, match="cannot be replaced by one of ETH-USD"):
                await exchange.replace(name, other)

        assert REPLACING not in asked(sim)


async def test_an_order_that_there_is_not_replaces_none() -> None:
    """A bracket is another exchange's: nothing is even written down."""
    exit_order = bracket_order(
        "BTC-USD", Side.SELL, quantity="0.01", take_profit_price="70000", stop_price="60000"
    )
    async with trading() as (_, _, exchange):
        await exchange.place(bid("old"))
        with pytest.raises(NotSupported, match="bracket"):
            await exchange.replace("old", exit_order)

        assert await known(exchange) == {"old": OrderStatus.OPEN}


async def test_a_replacement_waits_for_an_order_that_is_not_known_yet() -> None:
    """In time it is sent, by the number that the exchange gave; else nothing is."""
    async with trading(simulator=SLOW, parts=ASKING_ONLY, tick_s=0.5) as (sim, _, exchange):
        sim.faults.add(faults.StaleReplica(for_s=10))
        sim.faults.add(faults.LoseReply(to=ORDERS))
        with pytest.raises(OutcomeUnknown):
            await exchange.place(bid("old"), timeout=1)
        with pytest.raises(TransportError, match="not known yet, nothing was sent"):
            await exchange.replace("old", bid("new"), timeout=1)
        assert REPLACING not in asked(sim)
        new = await exchange.replace("old", bid("newer"), timeout=60)

        assert new.status is OrderStatus.OPEN
        assert there(sim) == ["old CANCELED", "newer NEW"]


async def test_orders_are_not_changed_in_place() -> None:
    """There is no such request."""
    async with trading() as (_, _, exchange):
        await exchange.place(bid("old"))
        with pytest.raises(NotSupported, match="in place"):
            await exchange.edit("old", bid("", "22000"))

        assert await known(exchange) == {"old": OrderStatus.OPEN}


# ---------------------------------------------------------------- all


async def several(exchange: ExchangeHandle) -> None:
    """Two orders of one instrument, a pair, and one of another instrument."""
    await exchange.place(bid("a"))
    await exchange.place(bid("b", "22000"))
    await exchange.place_oco(pair())
    await exchange.place(
        limit_order("ETH-USD", Side.BUY, quantity="1", price="1000", client_order_id="e")
    )


def still_open(sim: SimulatedBinanceUs) -> list[str]:
    """The orders that have not ended at the exchange, by the ids that they were given."""
    return [given_id(order) for order in sim.orders if not order.status.over]


async def test_all_orders_of_an_instrument_are_cancelled_by_one_request() -> None:
    """Those of other instruments stay."""
    async with trading() as (sim, _, exchange):
        await several(exchange)
        ended = await exchange.cancel_all("BTC-USD")

        assert {order.client_order_id for order in ended} == {"a", "b", "limit", "stop"}
        assert {order.status for order in ended} == {OrderStatus.CANCELLED}
        assert still_open(sim) == ["e"]
        assert [line for line in asked(sim) if line.startswith("DELETE")] == [ALL]


@pytest.mark.parametrize("parts", [Part.ALL, ASKING_ONLY])
@pytest.mark.parametrize(
    "fault",
    [
        None,
        faults.LoseReply(to=ALL),
        faults.LoseRequest(to=ALL),
        faults.Respond(to=ALL, status=503),
        faults.LaggingOpenOrders(for_s=3),
        faults.StaleReplica(for_s=3),
    ],
)
async def test_all_orders_end_whatever_becomes_of_that_request(
    fault: faults.Fault | None, parts: Part
) -> None:
    """Each is looked at by itself; one that is open still is cancelled by itself."""
    async with trading(parts=parts) as (sim, _, exchange):
        await several(exchange)
        if fault is not None:
            sim.faults.add(fault)
        ended = await exchange.cancel_all(timeout=60)

        assert {order.client_order_id for order in ended} == {"a", "b", "limit", "stop", "e"}
        assert {order.status for order in ended} == {OrderStatus.CANCELLED}
        assert still_open(sim) == []


async def test_a_sweep_that_hangs_leaves_time_for_the_orders() -> None:
    """Half of it at most: an emergency does not wait for one answer."""
    async with trading(parts=ASKING_ONLY) as (sim, _, exchange):
        await several(exchange)
        sim.faults.add(faults.LoseRequest(to=ALL, how=faults.Loss.HANGING, times=None))
        ended = await exchange.cancel_all("BTC-USD", timeout=10)

        assert len(ended) == 4
        assert still_open(sim) == ["e"]


async def test_where_nothing_is_open_nothing_is_cancelled_and_nothing_is_wrong() -> None:
    """The exchange calls it an unknown order."""
    async with trading() as (_, _, exchange):
        assert await exchange.cancel_all("BTC-USD") == ()
        assert await exchange.cancel_all() == ()


def place_beside(sim: SimulatedBinanceUs, client_order_id: str) -> None:
    """Have another program of the same account place an order."""
    pairs = {
        "symbol": "BTCUSD",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01",
        "price": "21000",
        "newClientOrderId": client_order_id,
        "timestamp": str(sim.venue.now_ms()),
    }
    body = urlencode(pairs)
    body += f"&signature={sign(sim.key.secret, body)}"
    headers = {
        "x-mbx-apikey": sim.key.key,
        "content-type": "application/x-www-form-urlencoded",
    }
    request = Request(
        method="POST", path="/api/v3/order", query=(), headers=headers, body=body.encode()
    )
    assert sim.handle("rest", request).response.status == 200


async def test_an_order_of_somebody_else_in_the_account_is_cancelled_too() -> None:
    """It is the account's orders that end, not only ours."""
    async with trading() as (sim, _, exchange):
        await exchange.place(bid("a"))
        place_beside(sim, "theirs")
        ended = await exchange.cancel_all("BTC-USD")

        assert {order.client_order_id for order in ended} == {"a", "theirs"}
        assert still_open(sim) == []


async def test_an_order_on_its_way_is_waited_for_and_cancelled() -> None:
    """It arrives behind the sweep: that it is not open yet is no reason to let it rest."""
    async with trading() as (sim, _, exchange):
        sim.faults.add(faults.DelayRequest(to="POST /api/v3/order", delay_s=2))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(exchange.place, bid("late"))
            await settle(lambda: "POST /api/v3/order" in asked(sim))
            ended = await exchange.cancel_all(timeout=30)

        assert [order.client_order_id for order in ended] == ["late"]
        assert still_open(sim) == []


async def test_a_number_that_two_instruments_have_names_neither_order() -> None:
    """Numbers are an instrument's own: without it a bare one could cancel the wrong order."""
    async with trading() as (sim, _, exchange):
        one = await exchange.place(bid("a"))
        await exchange.place(
            limit_order("ETH-USD", Side.BUY, quantity="1", price="1000", client_order_id="e")
        )
        assert sim.orders[0].order_id == sim.orders[1].order_id
        with pytest.raises(OrderInvalid, match="name the instrument too"):
            await exchange.cancel(one.exchange_order_id)
        cancelled = await exchange.cancel(one.exchange_order_id, instrument="ETH-USD")

        assert cancelled.client_order_id == "e"
        assert still_open(sim) == ["a"]


async def test_one_that_fills_before_its_cancel_is_told_as_filled() -> None:
    """Its end is what the exchange says."""
    async with trading(parts=ASKING_ONLY) as (sim, _, exchange):
        await exchange.place(bid("a"))
        sim.trade("BTCUSD", SimulatedSide.SELL, D(100_000))
        (ended,) = await exchange.cancel_all("BTC-USD")

        assert (ended.client_order_id, ended.status) == ("a", OrderStatus.FILLED)


async def test_what_may_be_open_still_is_named() -> None:
    """The others have ended."""
    async with trading(parts=ASKING_ONLY) as (sim, _, exchange):
        await exchange.place(bid("a"))
        sim.faults.add(faults.Respond(to="DELETE *", status=503, times=None))
        with pytest.raises(CancelIncomplete, match="may be open still: a") as caught:
            await exchange.cancel_all(timeout=5)

        assert caught.value.order_ids == ("a",)

        assert still_open(sim) == ["a"]


async def test_where_the_open_orders_cannot_be_listed_some_may_be_left() -> None:
    """Of others: ours are known. Nothing is named then."""
    async with trading(parts=ASKING_ONLY) as (sim, _, exchange):
        await exchange.place(bid("a"))
        sim.faults.add(faults.Respond(to="GET /api/v3/openOrders", status=503, times=None))
        with pytest.raises(CancelIncomplete, match="could not be listed") as caught:
            await exchange.cancel_all("BTC-USD")

        assert caught.value.order_ids == ()
        assert still_open(sim) == []


async def test_a_cancel_that_is_refused_while_the_order_is_open_is_told_so() -> None:
    """It would be refused again."""
    refusal = '{"code":-2011,"msg":"Order was not canceled due to cancel restrictions."}'
    async with trading() as (sim, _, exchange):
        order = await exchange.place(bid("a"))
        sim.faults.add(
            faults.Respond(to="DELETE /api/v3/order", status=400, body_text=refusal, times=None)
        )
        began = anyio.current_time()
        with pytest.raises(CancelRefused, match="cancel restrictions"):
            await exchange.cancel(order.key)

        assert anyio.current_time() - began < 1
        assert still_open(sim) == ["a"]


async def test_a_key_that_may_not_trade_is_told_so() -> None:
    """No order is looked at for that."""
    async with trading() as (sim, _, exchange):
        await exchange.place(bid("a"))
        sim.faults.add(
            faults.Respond(
                to=ALL,
                status=400,
                body_text='{"code":-2011,"msg":"This action is disabled on this account."}',
            )
        )
        with pytest.raises(PermissionRefused):
            await exchange.cancel_all("BTC-USD")
