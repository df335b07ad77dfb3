"""Orders replaced on Binance.US, through the whole engine: what becomes of the old and the new."""

from decimal import Decimal

import pytest

from tests.support.binance_us_world import (
    ASKING_ONLY,
    ORDERS,
    SLOW,
    asked,
    bid,
    given_id,
    known,
    pair,
    trading,
    until_known,
)
from venuetree.exchange import ExchangeHandle
from venuetree.protocol.builders import bracket_order, limit_order
from venuetree.protocol.errors import (
    CancelRefused,
    InsufficientFunds,
    NotSupported,
    OrderInvalid,
    OrderRejected,
    OutcomeUnknown,
    TransportError,
)
from venuetree.protocol.models import Order, OrderStatus, Side
from venuetree.scenarios import faults
from venuetree.scenarios.simulated.binance_us import SimulatedBinanceUs
from venuetree.scenarios.simulated.matching import Side as SimulatedSide
from venuetree.supervisors.wiring import Part

D = Decimal
pytestmark = pytest.mark.anyio

REPLACING = "POST /api/v3/order/cancelReplace"


def there(sim: SimulatedBinanceUs) -> list[str]:
    """What the exchange has: each order's own id and state, as it was placed."""
    return [f"{given_id(order)} {order.status.name}" for order in sim.orders]


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
