"""An order's life at an exchange, from outside, by the public handle alone.

The order is the smallest there is, far from the market. Whatever happens, what was placed is
cancelled, by its own client order id and by nothing wider: at an error, at a cancellation, and
where nobody knows whether the order arrived. What could not be is named, with the command for it.
"""

import secrets
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Final

import anyio
from attrs import define, field

from tests.live.smallest_order import smallest_order
from tests.live.targets import Target
from venuetree import (
    BookInStep,
    CancelRefused,
    DuplicateClientOrderId,
    Engine,
    EngineError,
    ExchangeHandle,
    ExchangeUnavailable,
    NotSupported,
    Order,
    OrderInvalid,
    OrderKey,
    OrderNotFound,
    OrderRejected,
    OrderRequest,
    OrderStatus,
    OrderUpdated,
    OutcomeUnknown,
    RateLimited,
    ReplyLost,
    TickerChanged,
    Topic,
    TransportError,
)
from venuetree.actors.feed import AccountFeed

__all__ = ["LeftBehind", "Mine", "clean_anew", "life_cycle"]

#: For each thing that is waited for.
STEP_SECONDS: Final = 60.0
#: For the cancelling of what was placed, by the engine that placed it, and then by another one.
#: Coinbase proves an order absent after 210 s, Binance.US after 120 s.
CLEANING_SECONDS: Final = 240.0
#: Between two attempts.
PAUSE_SECONDS: Final = 1.0


class LeftBehind(Exception):
    """Orders of ours may be open, or have traded; the text says which, and what to do."""


@define
class Mine:
    """Our orders that may still be there, and what they have traded."""

    exchange: str
    pending: list[OrderKey] = field(factory=list)
    traded: list[str] = field(factory=list)

    def full(self, key: OrderKey) -> OrderKey:
        """All names by which an order of ours is known by now."""
        return next(one for one in self.pending if one.client_order_id == key.client_order_id)

    def ended(self, key: OrderKey, order: Order | None) -> None:
        """It is no more; or never was, if there is no order."""
        self.pending.remove(key)
        if order is not None and order.filled_quantity:
            self.traded.append(f"bought {order.filled_quantity} of {order.instrument}")

    def complaint(self) -> str:
        """What a person has to do now; `""` if nothing."""
        commands = [
            f"  venuetree cancel {self.exchange} {key.instrument} {key.client_order_id} --by client"
            for key in self.pending
        ]
        parts = [
            *(["these orders may be open; cancel them:", *commands] if commands else []),
            *(f"{what}; nothing is sold by itself" for what in self.traded),
        ]
        return "\n".join(parts)


async def life_cycle(
    target: Target,
    *,
    tell: Callable[[str], object] = print,
    cleaning_seconds: float = CLEANING_SECONDS,
) -> None:
    """Connect, look, place, find, cancel, and see that it is gone.

    Args:
        target: where, and what of.
        tell: hears of each step that is done.
        cleaning_seconds: how long to try to cancel what was placed; twice, at worst.

    Raises:
        LeftBehind: something that was placed may be open, or has traded.
        AssertionError: a step did not do what it should; nothing is left.
        EngineError: a step failed; nothing is left.
    """
    mine = Mine(target.config.name)
    try:
        async with Engine(target.config) as engine:
            exchange = engine[target.config.name]
            try:
                await _live(exchange, target.instrument, mine, tell)
            finally:
                await _clean(exchange, mine, cleaning_seconds)
    finally:
        if mine.pending:
            # The engine that placed it could not: perhaps it was the engine.
            await clean_anew(target, mine, cleaning_seconds)
        if mine.complaint():
            raise LeftBehind(mine.complaint())


async def _live(
    exchange: ExchangeHandle, instrument: str, mine: Mine, tell: Callable[[str], object]
) -> None:
    with anyio.fail_after(STEP_SECONDS):
        await exchange.reachable()
    tell(f"{exchange.name}: connected, its clock says {await exchange.server_time()}")
    permissions = await exchange.key_permissions()
    assert permissions.can_trade, "the key may not trade: give it that permission, and no more"
    tell(f"permissions: {permissions}")
    balances = await exchange.balances()
    assert balances, "the account holds no currency at all"
    tell(f"balances: of {len(balances)} currencies")
    (rules,) = [i for i in await exchange.instruments(instrument) if i.name == instrument]
    bid = await _best_bid(exchange, instrument)
    tell(f"market data: in step, best bid {bid}")
    request = smallest_order(rules, bid, f"vt-live-{secrets.token_hex(8)}")
    async with exchange.account_events() as events:
        placed = await _place(exchange, request, mine)
        tell(f"placed: {request.quantity} at {request.price}, {placed.client_order_id}")
        await _exists(exchange, placed)
        tell("found: by its id and among the open orders")
        cancelled = await exchange.cancel(placed.key, timeout=STEP_SECONDS)
        assert cancelled.status is OrderStatus.CANCELLED, cancelled
        await _is_gone(exchange, placed)
        await _is_told(events, placed.client_order_id)
    tell("cancelled: gone from the open orders, and told as an event")


async def _best_bid(exchange: ExchangeHandle, instrument: str) -> Decimal:
    """Of a book that is in step, once a ticker has come too."""
    bid: Decimal | None = None
    has_ticker = False
    async with exchange.subscribe(instrument, Topic.BOOK, Topic.TICKER) as events:
        with anyio.fail_after(STEP_SECONDS):
            async for event in events:
                if isinstance(event, BookInStep) and event.book.best_bid is not None:
                    bid = event.book.best_bid.price
                has_ticker = has_ticker or isinstance(event, TickerChanged)
                if bid is not None and has_ticker:
                    return bid
    raise AssertionError("the market data ended")


async def _is_told(events: AccountFeed, client_order_id: str) -> None:
    """The account's events tell of the order's end; they have been kept since before it began."""
    with anyio.fail_after(STEP_SECONDS):
        async for event in events:
            if (
                isinstance(event, OrderUpdated)
                and event.order.client_order_id == client_order_id
                and event.order.status is OrderStatus.CANCELLED
            ):
                return
    raise AssertionError("the account's events ended")


async def _place(exchange: ExchangeHandle, request: OrderRequest, mine: Mine) -> Order:
    """Place it; it counts as there from the moment before, until the contrary is proved."""
    key = OrderKey(request.instrument, request.client_order_id)
    mine.pending.append(key)
    try:
        order = await exchange.place(request, timeout=STEP_SECONDS)
    except DuplicateClientOrderId:
        raise  # which proves that it exists
    except (OrderInvalid, NotSupported, OrderRejected, RateLimited, TransportError):
        mine.ended(key, None)
        raise
    # Acknowledged is enough here: an exchange may say that it took the order before it opens it.
    assert order.status in {OrderStatus.SENT, OrderStatus.OPEN}, order
    return order


async def _exists(exchange: ExchangeHandle, placed: Order) -> None:
    """It is told by its id, and listed; lists may lag."""
    order = await exchange.order(placed.key)
    with anyio.fail_after(STEP_SECONDS):
        while order.status is OrderStatus.SENT:
            await anyio.sleep(PAUSE_SECONDS)
            order = await exchange.order(placed.key)
    assert order.status is OrderStatus.OPEN, order
    assert order.quantity == placed.quantity
    assert order.price == placed.price
    with anyio.fail_after(STEP_SECONDS):
        while placed.client_order_id not in await _open_ids(exchange, placed.instrument):
            await anyio.sleep(PAUSE_SECONDS)


async def _is_gone(exchange: ExchangeHandle, placed: Order) -> None:
    order = await exchange.order(placed.key)
    assert order.status is OrderStatus.CANCELLED, order
    with anyio.fail_after(STEP_SECONDS):
        while placed.client_order_id in await _open_ids(exchange, placed.instrument):
            await anyio.sleep(PAUSE_SECONDS)


async def _open_ids(exchange: ExchangeHandle, instrument: str) -> set[str]:
    return {order.client_order_id for order in await exchange.open_orders(instrument)}


# ---------------------------------------------------------------- cleaning up


async def _clean(exchange: ExchangeHandle, mine: Mine, seconds: float) -> None:
    """Cancel what is ours by the engine that placed it; what could not be stays pending.

    An engine that cannot send may be on its way out with the rest of a cancelled host: another one
    tries then.
    """
    with anyio.move_on_after(seconds, shield=True), suppress(TransportError):
        while mine.pending:
            await _try_each(exchange, mine, given_up_at=(TransportError,))


async def _try_each(
    exchange: ExchangeHandle, mine: Mine, *, given_up_at: tuple[type[EngineError], ...] = ()
) -> None:
    """Try to end each once, and pause if any is left; an error leaves it pending."""
    for key in tuple(mine.pending):
        try:
            order = await _end(exchange, await _named(exchange, mine, key))
        except given_up_at:
            raise
        except EngineError:
            continue  # no verdict: asked again, until the time ends, and then named
        mine.ended(mine.full(key), order)
    if mine.pending:
        await anyio.sleep(PAUSE_SECONDS)


async def _named(exchange: ExchangeHandle, mine: Mine, key: OrderKey) -> OrderKey:
    """The key with the exchange's name in it, if that can be had, before a cancel is sent.

    At some exchanges a cancel takes our name away: an engine that comes after could not ask by it.
    """
    if not key.exchange_order_id:
        with suppress(OrderNotFound, OutcomeUnknown, ReplyLost, ExchangeUnavailable):
            order = await exchange.order(key)
            named = OrderKey(key.instrument, key.client_order_id, order.exchange_order_id)
            mine.pending[mine.pending.index(key)] = named
            return named
    return key


async def _end(exchange: ExchangeHandle, key: OrderKey) -> Order:
    """The order at its end, which a proof that it never was is too.

    Raises:
        EngineError: it may be there.
    """
    known = {order.client_order_id: order for order in await exchange.known_orders()}
    order = known.get(key.client_order_id)
    if order is None or not order.status.is_final:
        try:
            order = await exchange.cancel(key)
        except CancelRefused:
            order = await exchange.order(key)
    if not order.status.is_final:
        raise OrderNotFound("its end has not come yet", exchange=exchange.name)
    return order


async def clean_anew(target: Target, mine: Mine, seconds: float) -> None:
    """The same by an engine that knows nothing of the orders but their ids, until time ends."""
    with anyio.move_on_after(seconds, shield=True), suppress(EngineError):
        async with Engine(target.config) as engine:
            while mine.pending:
                await _try_each(engine[target.config.name], mine)
