"""Instruments, market data and the account by REST, driven by literal replies."""

from decimal import Decimal
from typing import Any

import attrs
import pytest

from tests.support.coinbase import NOW_NS, Conversation, payload, reply
from venuetree.protocol.commands import (
    ClosePosition,
    FetchBalances,
    FetchBook,
    FetchCandles,
    FetchFees,
    FetchInstruments,
    FetchKeyPermissions,
    FetchPositions,
    FetchServerTime,
    FetchTickers,
    FetchTrades,
)
from venuetree.protocol.errors import (
    InstrumentNotFound,
    NotSupported,
    PermissionRefused,
    RemoteProtocolError,
)
from venuetree.protocol.events import BookSnapshot, TradePrinted
from venuetree.protocol.exchanges.coinbase import COINBASE
from venuetree.protocol.messages import Request
from venuetree.protocol.models import (
    Balance,
    Candle,
    FeeSummary,
    Instrument,
    InstrumentStatus,
    KeyPermissions,
    Level,
    Notional,
    OrderRequest,
    OrderType,
    Position,
    Quantum,
    QuantumField,
    Side,
)
from venuetree.protocol.port import Auth, ClockReading, Cost, FlowContext, RestReply
from venuetree.protocol.timestamps import SECOND, from_rfc3339

D = Decimal
MINUTE = 60 * SECOND


def products(*changes: dict[str, Any]) -> Any:
    """A list of the spec's product, other in these members."""
    rows = [{**payload("rest_product"), **change} for change in changes]
    return reply({"products": rows, "num_products": len(rows), "pagination": None})


BTC_USD = Instrument(
    name="BTC-USD",
    base="BTC",
    quote="USD",
    exchange_symbol="BTC-USD",
    status=InstrumentStatus.TRADING,
    rules=(
        Quantum(QuantumField.PRICE, "price_increment", step=D("0.01")),
        Quantum(QuantumField.STOP_PRICE, "price_increment", step=D("0.01")),
        Quantum(QuantumField.QUANTITY, "base_increment", step=D("0.00000001")),
        Quantum(QuantumField.QUOTE_QUANTITY, "quote_increment", step=D("0.01")),
        Quantum(QuantumField.QUANTITY, "base_min_size", minimum=D("0.00000001")),
        Quantum(QuantumField.QUANTITY, "base_max_size", maximum=D(3400)),
        Quantum(QuantumField.QUOTE_QUANTITY, "quote_min_size", minimum=D(1)),
        Quantum(QuantumField.QUOTE_QUANTITY, "quote_max_size", maximum=D(150000000)),
        Notional("quote_min_size", minimum=D(1)),
        Notional("quote_max_size", maximum=D(150000000)),
    ),
    product_type="SPOT",
    aliases=("BTC-USDC",),
)


def test_instruments_are_public_and_carry_their_rules() -> None:
    """The whole instrument, without a key, fresh from the exchange."""
    talk = Conversation([products({})])

    assert talk.ask(FetchInstruments(("BTC-USD", "ETH-USD"))) == (BTC_USD,)
    (request,) = talk.requests
    assert (request.auth, request.path) == (Auth.NONE, "/api/v3/brokerage/market/products")
    assert request.query == "product_ids=BTC-USD&product_ids=ETH-USD"
    assert request.costs == (Cost("public"),)
    assert ("cache-control", "no-cache") in request.headers


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"status": "offline"}, InstrumentStatus.HALTED),
        ({"trading_disabled": True}, InstrumentStatus.HALTED),
        ({"is_disabled": True}, InstrumentStatus.HALTED),
        ({"view_only": True}, InstrumentStatus.HALTED),
        ({"cancel_only": True}, InstrumentStatus.CANCEL_ONLY),
        ({"limit_only": True}, InstrumentStatus.LIMIT_ONLY),
        ({"post_only": True}, InstrumentStatus.POST_ONLY),
        ({"status": "", "product_type": "FUTURE"}, InstrumentStatus.TRADING),
    ],
)
def test_flags_say_what_an_instrument_takes(
    change: dict[str, Any], status: InstrumentStatus
) -> None:
    """Each of them."""
    (instrument,) = Conversation([products(change)]).ask(FetchInstruments())

    assert instrument.status is status


def test_a_product_that_cannot_be_read_does_not_hide_the_others() -> None:
    """Descriptive data is read leniently; unknown words are kept."""
    talk = Conversation(
        [products({"price_increment": "1e-2"}, {"product_type": "TULIPS"}, {"product_id": 5})]
    )

    assert talk.ask(FetchInstruments()) == (attrs.evolve(BTC_USD, product_type="TULIPS"),)


def test_an_unknown_instrument_is_told_as_such() -> None:
    """The public path's words and the authenticated path's."""
    for answer in (
        reply({"error": "NOT_FOUND", "message": "Product NOPE-USD not supported"}, 404),
        reply({"error": "INVALID_ARGUMENT", "message": "valid product_id is required"}, 400),
        reply(b"", 404),
    ):
        with pytest.raises(InstrumentNotFound):
            Conversation([answer]).ask(FetchBook("NOPE-USD"))


def test_a_book_is_cut_to_the_depth_and_sorted() -> None:
    """Best first on both sides."""
    body = payload("rest_book")
    body["pricebook"]["bids"].append({"price": "64283.2", "size": "1"})
    talk = Conversation([reply(body)])

    assert talk.ask(FetchBook("BTC-USD", 1)) == BookSnapshot(
        "coinbase",
        "BTC-USD",
        (Level(D("64283.2"), D(1)),),
        (Level(D("64283.4"), D("0.05")),),
        from_rfc3339("2026-10-05T09:20:00.662782Z"),
        NOW_NS,
    )
    assert talk.requests[0].query == "product_id=BTC-USD&limit=1"


def test_tickers_are_best_bid_and_ask() -> None:
    """Signed: there is no public mirror."""
    pricebook = payload("rest_book")["pricebook"]
    empty: dict[str, Any] = {"product_id": "ETH-USD", "bids": [], "asks": [], "time": None}
    talk = Conversation([reply({"pricebooks": [pricebook, empty]})])
    btc, eth = talk.ask(FetchTickers(("BTC-USD", "ETH-USD")))

    assert (btc.instrument, btc.bid, btc.ask_quantity) == ("BTC-USD", D("64283.1"), D("0.05"))
    assert (eth.bid, eth.ask, eth.exchange_time_ns) == (None, None, None)
    assert talk.requests[0].auth is Auth.SIGNED


def test_trades_tell_the_takers_side() -> None:
    """The wire tells the maker's; never more than a hundred are asked for."""
    row = {
        "trade_id": "995098701",
        "product_id": "BTC-USD",
        "price": "64283.4",
        "size": "0.05",
        "time": "2026-10-05T09:30:02.375232Z",
        "side": "SELL",
        "bid": "",
    }
    talk = Conversation([reply({"trades": [row], "best_bid": "", "best_ask": ""})])

    assert talk.ask(FetchTrades("BTC-USD", 5000)) == (
        TradePrinted(
            "coinbase",
            "BTC-USD",
            "995098701",
            D("64283.4"),
            D("0.05"),
            Side.BUY,
            from_rfc3339("2026-10-05T09:30:02.375232Z"),
            NOW_NS,
            is_past=True,
        ),
    )
    assert talk.requests[0].query == "limit=100"
    with pytest.raises(RemoteProtocolError):
        Conversation([reply({"trades": [{**row, "side": "BOTH"}]})]).ask(FetchTrades("BTC-USD"))


def candle(start_ns: int) -> dict[str, str]:
    """A wire candle."""
    figures = {"low": "1", "high": "4", "open": "2", "close": "3", "volume": "5.0"}
    return {"start": str(start_ns // SECOND), **figures}


def test_candles_are_asked_for_in_windows_that_the_exchange_accepts() -> None:
    """At most 349 buckets a request, ends included; oldest first, each once."""
    start, end = NOW_NS, NOW_NS + 400 * MINUTE
    pages = [
        reply({"candles": [candle(start + n * MINUTE) for n in (2, 1, 0)]}),
        reply({"candles": [candle(end), candle(start + 349 * MINUTE), candle(start + 2 * MINUTE)]}),
    ]
    talk = Conversation(pages)
    found = talk.ask(FetchCandles("BTC-USD", MINUTE, start, end))

    assert [c.start_time_ns for c in found] == [start + n * MINUTE for n in (0, 1, 2, 349)]
    assert found[0] == Candle(start, D(2), D(4), D(1), D(3), D("5.0"))
    for request in talk.requests:
        query = dict(pair.split("=") for pair in request.query.split("&"))
        assert query["granularity"] == "ONE_MINUTE"
        assert (int(query["end"]) - int(query["start"])) // 60 + 1 <= 349


def test_candles_of_an_interval_that_there_is_not_are_refused_at_once() -> None:
    """Before any request; an empty window asks nothing."""
    with pytest.raises(NotSupported):
        COINBASE.rest.flow(FetchCandles("BTC-USD", 7 * SECOND, 0, 1), FlowContext(NOW_NS))
    flow = COINBASE.rest.flow(FetchCandles("BTC-USD", MINUTE, 5, 5), FlowContext(NOW_NS))
    with pytest.raises(StopIteration) as done:
        next(flow)
    assert done.value.value == ()


def test_the_servers_time_is_read_to_the_millisecond() -> None:
    """Public, and the number is text."""
    body = {
        "iso": "2026-10-05T09:20:00Z",
        "epochSeconds": "1759656000",
        "epochMillis": "1759656000123",
    }
    talk = Conversation([reply(body)])

    assert talk.ask(FetchServerTime()) == 1_759_656_000_123_000_000
    assert talk.requests[0].auth is Auth.NONE
    sent = talk.replies[0]
    assert isinstance(sent, RestReply)
    assert talk.news == [
        ClockReading(1_759_656_000_123_000_000, sent.sent_time_ns, sent.received_time_ns)
    ]
    with pytest.raises(RemoteProtocolError):
        Conversation([reply({**body, "epochMillis": "soon"})]).ask(FetchServerTime())


def account(currency: str, value: str, hold: str = "0", **members: Any) -> dict[str, Any]:
    """A wallet."""
    return {
        **payload("rest_accounts")["accounts"][0],
        "currency": currency,
        "available_balance": {"value": value, "currency": currency},
        "hold": {"value": hold, "currency": currency},
        **members,
    }


def test_balances_are_the_spot_wallets_of_all_pages() -> None:
    """Vaults and derivatives accounts are left out; wallets of one currency are added up."""
    talk = Conversation(
        [
            reply(
                {
                    "accounts": [account("BTC", "1.25", "0.015"), account("BTC", "0.75")],
                    "has_next": True,
                    "cursor": "c2",
                }
            ),
            reply(
                {
                    "accounts": [
                        account("USD", "5.00", type="FIAT"),
                        account("ETH", "9", type="ACCOUNT_TYPE_VAULT"),
                        account("SOL", "9", platform="ACCOUNT_PLATFORM_INTX"),
                    ],
                    "has_next": False,
                    "cursor": "",
                    "size": 3,
                }
            ),
        ]
    )

    assert talk.ask(FetchBalances()) == (
        Balance("coinbase", "BTC", D("2.00"), D("0.015")),
        Balance("coinbase", "USD", D("5.00"), D(0)),
    )
    assert talk.requests[1].query == "limit=250&cursor=c2"


def test_what_the_key_may_do_and_what_trading_costs() -> None:
    """Rates are text, totals are numbers that nobody reads."""
    scope = {
        "can_view": True,
        "can_trade": True,
        "can_transfer": False,
        "portfolio_uuid": "b6f1",
        "portfolio_type": "DEFAULT",
    }

    assert Conversation([reply(scope)]).ask(FetchKeyPermissions()) == KeyPermissions(
        can_view=True, can_trade=True, can_transfer=False, detail="portfolio DEFAULT"
    )
    fees = {
        "total_volume": 15000.12,
        "fee_tier": {
            "pricing_tier": "Intro",
            "taker_fee_rate": "0.009",
            "maker_fee_rate": "0.005",
        },
    }
    assert Conversation([reply(fees)]).ask(FetchFees()) == FeeSummary(
        "Intro", D("0.005"), D("0.009")
    )
    assert Conversation([reply({})]).ask(FetchFees()) == FeeSummary("", None, None)
    with pytest.raises(PermissionRefused):
        Conversation([reply(b"", 403)]).ask(FetchKeyPermissions())


def test_positions_are_futures_contracts() -> None:
    """Short is negative; an unknown side is an error."""
    row = {
        "product_id": "BIT-24APR26-CDE",
        "side": "SHORT",
        "number_of_contracts": "3",
        "avg_entry_price": {"value": "51000.00", "currency": "USD"},
        "unrealized_pnl": {"value": "-30.00", "currency": "USD"},
    }

    assert Conversation([reply({"positions": [row]})]).ask(FetchPositions()) == (
        Position("coinbase", "BIT-24APR26-CDE", D(-3), D("51000.00"), D("-30.00")),
    )
    assert Conversation([reply({"positions": [row]})]).ask(FetchPositions("X")) == ()
    with pytest.raises(RemoteProtocolError):
        Conversation([reply({"positions": [{**row, "side": "FLAT"}]})]).ask(FetchPositions())


def test_a_position_is_closed_by_an_order_of_ours() -> None:
    """Contracts, or all of them."""
    order = OrderRequest(
        "BIT-24APR26-CDE", Side.SELL, OrderType.MARKET, quantity=D(2), client_order_id="c"
    )
    created = {
        "success": True,
        "success_response": {"order_id": "o", "client_order_id": "c"},
    }
    talk = Conversation([reply(created)])

    assert [one.exchange_order_id for one in talk.ask(ClosePosition((order,)))] == ["o"]
    assert talk.body() == {
        "client_order_id": "c",
        "product_id": "BIT-24APR26-CDE",
        "size": "2",
    }
    with pytest.raises(NotSupported):
        COINBASE.rest.flow(ClosePosition((order, order)), FlowContext(NOW_NS))


class Foreign(Request[Any, None]):
    """A command that no exchange has."""


def test_what_there_is_not_is_refused_at_once() -> None:
    """Before any I/O."""
    with pytest.raises(NotSupported):
        COINBASE.rest.flow(Foreign(), FlowContext(NOW_NS))
