"""What holds for each exchange's codec: an order or a question is sent as meant, or refused."""

from decimal import Decimal
from itertools import product

import pytest
from attrs import evolve

from venuetree.protocol.commands import FetchCandles, PlaceOrder, PreviewOrder
from venuetree.protocol.errors import NotSupported, OrderInvalid
from venuetree.protocol.exchanges.binance_us import BINANCE_US
from venuetree.protocol.exchanges.coinbase import COINBASE
from venuetree.protocol.exchanges.oanda import OANDA
from venuetree.protocol.models import (
    Bracket,
    CandlePrice,
    LiquidityPreference,
    OrderRequest,
    OrderType,
    Side,
    StopDirection,
    TimeInForce,
)
from venuetree.protocol.port import Exchange, FlowContext, RestRequest
from venuetree.protocol.timestamps import SECOND

NOW_NS = 1_790_000_000 * SECOND
EXCHANGES = [COINBASE, BINANCE_US, OANDA]

each_exchange = pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda each: each.name)


def order(
    kind: OrderType, time: TimeInForce, liquidity: LiquidityPreference, until: int | None
) -> OrderRequest:
    """An order with all that its type may need."""
    return OrderRequest(
        instrument="EUR-USD",
        side=Side.SELL,
        type=kind,
        quantity=Decimal(1),
        price=Decimal(2) if "limit" in kind.value or kind is OrderType.BRACKET else None,
        stop_price=None if kind in {OrderType.LIMIT, OrderType.MARKET} else Decimal(1),
        stop_direction=StopDirection.DOWN if kind is OrderType.STOP_LIMIT else None,
        time_in_force=time,
        expire_time_ns=until,
        liquidity=liquidity,
        client_order_id="c1",
    )


@pytest.mark.parametrize("time", TimeInForce, ids=lambda each: each.value)
@pytest.mark.parametrize("kind", OrderType, ids=lambda each: each.value)
@pytest.mark.parametrize("make", [PlaceOrder, PreviewOrder])
@each_exchange
def test_every_order_is_sent_or_refused_with_an_error_of_ours(
    exchange: Exchange,
    make: type[PlaceOrder | PreviewOrder],
    kind: OrderType,
    time: TimeInForce,
) -> None:
    """Any other error would leave an order in doubt that nobody has sent."""
    for liquidity, until in product(LiquidityPreference, (None, NOW_NS + SECOND)):
        command = make(order(kind, time, liquidity, until))
        refusal: NotSupported | OrderInvalid | None = None
        try:
            asked = next(exchange.rest.flow(command, FlowContext(NOW_NS)))
            assert isinstance(asked, RestRequest)
        except (NotSupported, OrderInvalid) as error:
            refusal = error

        assert refusal is not None or kind in exchange.profile.orders
        assert refusal is None or refusal.exchange == exchange.name


@pytest.mark.parametrize("kind", OrderType, ids=lambda each: each.value)
@each_exchange
def test_an_order_that_the_profile_has_the_codec_sends_and_no_other(
    exchange: Exchange, kind: OrderType
) -> None:
    """What an exchange has is stated twice: as data, to refuse at once, and in its codec."""
    terms = exchange.profile.orders.get(kind)
    attached = Bracket(Decimal(3), Decimal(1))
    tried = product(TimeInForce, LiquidityPreference, Side, (False, True), (None, attached))
    for time, liquidity, side, by_quote, exits in tried:
        is_till_date = time is TimeInForce.GOOD_TILL_DATE
        wanted = order(kind, time, liquidity, NOW_NS + SECOND if is_till_date else None)
        is_stop_limit = kind is OrderType.STOP_LIMIT
        wanted = evolve(
            wanted,
            side=side,
            quantity=None if by_quote else Decimal(1),
            quote_quantity=Decimal(10) if by_quote else None,
            stop_direction=StopDirection.DOWN if is_stop_limit else None,
            attached=exits,
        )
        lacking = "the type" if terms is None else terms.lacks(wanted)
        try:
            next(exchange.rest.flow(PlaceOrder(wanted), FlowContext(NOW_NS)))
        except (NotSupported, OrderInvalid):
            is_sent = False
        else:
            is_sent = True

        assert is_sent is not bool(lacking), (wanted, lacking)


@each_exchange
def test_the_plainest_orders_are_sent(exchange: Exchange) -> None:
    """So that what stands above does not pass by refusing everything."""
    anyhow = LiquidityPreference.ANY
    for kind, time in (
        (OrderType.MARKET, TimeInForce.IMMEDIATE_OR_CANCEL),
        (OrderType.LIMIT, TimeInForce.GOOD_TILL_CANCELLED),
        (OrderType.LIMIT, TimeInForce.FILL_OR_KILL),
    ):
        command = PlaceOrder(order(kind, time, anyhow, None))
        assert isinstance(next(exchange.rest.flow(command, FlowContext(NOW_NS))), RestRequest)


@pytest.mark.parametrize("price", CandlePrice, ids=lambda each: each.value)
@each_exchange
def test_candles_are_of_the_price_that_was_asked_for_or_there_are_none(
    exchange: Exchange, price: CandlePrice
) -> None:
    """Those of trades are not those of bids."""
    minute = 60 * SECOND
    command = FetchCandles("EUR-USD", minute, NOW_NS - minute, NOW_NS, price)
    context = FlowContext(NOW_NS)
    if price is CandlePrice.USUAL or exchange is OANDA:
        assert isinstance(next(exchange.rest.flow(command, context)), RestRequest)
        return
    with pytest.raises(NotSupported, match=price.value) as caught:
        exchange.rest.flow(command, context)
    assert caught.value.exchange == exchange.name
