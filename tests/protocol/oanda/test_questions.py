"""Questions about the market and the account: what is asked, and what is made of the answers."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.support.oanda_reading import NOW_NS, Talk, an_instrument, context, payload, reply, talk
from venuetree.protocol.errors import (
    AuthRefused,
    ExchangeUnavailable,
    InstrumentNotFound,
    MarginTradeNotFound,
    NotSupported,
    OutcomeUnknown,
    PermissionRefused,
    RemoteProtocolError,
)
from venuetree.protocol.exchanges.oanda import account_flows as account
from venuetree.protocol.exchanges.oanda import market_flows as market
from venuetree.protocol.models import (
    Balance,
    Candle,
    CandlePrice,
    Conversion,
    Level,
    MarginTradeState,
    OrderType,
    SentimentBucket,
    SentimentKind,
    Side,
)
from venuetree.protocol.port import (
    Auth,
    ClockReading,
    Cost,
    Effect,
    Lane,
    LogTold,
    RestFlow,
    RestReply,
)
from venuetree.protocol.timestamps import SECOND, to_rfc3339

D = Decimal
X, EUR_USD = "oanda", "EUR-USD"
A = "/v3/accounts/{account}"
PRICING = payload("rest_pricing")
MINUTE = 60 * SECOND


def refused(status: int, code: str, message: str = "no") -> RestReply:
    """A refusal, in the exchange's form."""
    return reply({"errorMessage": message, "errorCode": code}, status)


# ---------------------------------------------------------------- instruments


def test_the_instruments_of_the_account() -> None:
    """All, or those named, in the exchange's spelling."""
    conversation = talk(reply(payload("rest_instruments")))
    assert conversation.run(market.instruments(())) == (an_instrument(),)
    assert conversation.asked == [f"GET {A}/instruments"]

    conversation = talk(reply(payload("rest_instruments")))
    conversation.run(market.instruments((EUR_USD, "XAU-USD")))
    assert conversation.asked == [f"GET {A}/instruments?instruments=EUR_USD%2CXAU_USD"]


def test_a_question_is_signed_changes_nothing_and_costs_one_request() -> None:
    """Behind everything that is more urgent."""
    conversation = talk(reply(payload("rest_instruments")))
    conversation.run(market.instruments(()))
    (request,) = conversation.requests

    assert (request.auth, request.effect, request.lane) == (Auth.SIGNED, Effect.READ, Lane.DATA)
    assert request.costs == (Cost("rest_1s"),)


def test_a_list_of_which_nothing_can_be_read_is_an_error() -> None:
    """One that is empty is none."""
    broken = {"instruments": [{"name": "EUR_USD"}]}
    with pytest.raises(RemoteProtocolError):
        talk(reply(broken)).run(market.instruments(()))

    assert talk(reply({"instruments": []})).run(market.instruments(())) == ()


# ---------------------------------------------------------------- prices


def test_tickers_are_best_prices() -> None:
    """Of as many instruments as are named."""
    conversation = talk(reply(PRICING))
    (ticker,) = conversation.run(market.tickers((EUR_USD,), context()))

    assert conversation.asked == [f"GET {A}/pricing?instruments=EUR_USD"]
    assert (ticker.bid, ticker.bid_quantity) == (D("1.08431"), D(1000000))
    assert (ticker.ask, ticker.ask_quantity) == (D("1.08444"), D(1000000))
    assert (ticker.instrument, ticker.last_price) == (EUR_USD, None)
    assert talk().run(market.tickers((), context())) == ()


def test_a_book_is_the_ladder_of_the_price() -> None:
    """As deep as is wanted."""
    conversation = talk(reply(PRICING))
    whole = conversation.run(market.book(EUR_USD, None, context()))
    top = talk(reply(PRICING)).run(market.book(EUR_USD, 1, context()))

    assert whole.bids == (Level(D("1.08431"), D(1000000)), Level(D("1.08429"), D(2000000)))
    assert whole.received_time_ns == NOW_NS
    assert top.asks == (Level(D("1.08444"), D(1000000)),)
    with pytest.raises(RemoteProtocolError):
        talk(reply({**PRICING, "prices": []})).run(market.book(EUR_USD, None, context()))


def test_what_currencies_are_worth_in_the_accounts() -> None:
    """Per unit: of a gain, of a loss, and of a position's value."""
    conversation = talk(reply(PRICING))
    told = conversation.run(market.conversions((EUR_USD,), context()))

    assert conversation.asked == [
        f"GET {A}/pricing?instruments=EUR_USD&includeHomeConversions=true"
    ]
    assert told == (Conversion("EUR", D("1.07895313"), D("1.08979688"), D("1.08437500")),)
    assert talk().run(market.conversions((), context())) == ()


@pytest.mark.parametrize("known", [(), (an_instrument(name="USD_JPY"),)])
def test_the_clock_is_read_off_a_price(known: tuple[Any, ...]) -> None:
    """Of an instrument that there is; and told."""
    conversation = talk(reply(PRICING))
    told_ns = conversation.run(market.server_time(context(instruments=known)))
    symbol = "USD_JPY" if known else "EUR_USD"

    assert told_ns == 1_718_114_610_000_812_300
    assert conversation.asked == [f"GET {A}/pricing?instruments={symbol}"]
    assert conversation.other_news == [ClockReading(told_ns, NOW_NS - 4_000_000, NOW_NS)]


@pytest.mark.parametrize("body", [{}, {"time": 5}, b"<html>", b"[]"])
def test_a_clock_that_cannot_be_read_is_an_error(body: Any) -> None:
    """Nothing is told by it."""
    conversation = talk(reply(body))
    with pytest.raises(RemoteProtocolError):
        conversation.run(market.server_time(context()))

    assert conversation.other_news == []


# ---------------------------------------------------------------- candles

CANDLES = payload("rest_candles")
START_NS = 1_718_114_520 * SECOND


def candle_rows(first: int, count: int, step: int = 1) -> list[dict[str, Any]]:
    """So many candles of a minute from minute `first` on, `step` minutes apart."""
    price = dict.fromkeys("ohlc", "1.1")
    return [
        {
            "complete": True,
            "volume": 1,
            "time": to_rfc3339(START_NS + (first + index * step) * MINUTE),
            "mid": price,
        }
        for index in range(count)
    ]


def page(rows: list[dict[str, Any]]) -> RestReply:
    """An answer with these candles."""
    return reply({"instrument": "EUR_USD", "granularity": "M1", "candles": rows})


def minutes(start: int, end: int, **fields: Any) -> RestFlow[tuple[Candle, ...]]:
    """The candles of these minutes."""
    begin_ns, end_ns = START_NS + start * MINUTE, START_NS + end * MINUTE
    return market.candles(EUR_USD, MINUTE, begin_ns, end_ns, context(**fields))


def queries(conversation: Talk) -> list[dict[str, str]]:
    """The parameters of each request."""
    return [dict(parse_qsl(request.query)) for request in conversation.requests]


def test_candles_of_a_window() -> None:
    """Of the middle of the quotes, the one that is forming included."""
    conversation = talk(reply(CANDLES))
    told = conversation.run(minutes(0, 2))

    assert told == (
        Candle(START_NS, D("1.08408"), D("1.08426"), D("1.08405"), D("1.08418"), D(57)),
        Candle(START_NS + MINUTE, D("1.08418"), D("1.08439"), D("1.08416"), D("1.08437"), D(21)),
    )
    (request,) = conversation.requests
    assert request.path == "/v3/instruments/EUR_USD/candles"
    assert queries(conversation) == [
        {"price": "M", "granularity": "M1", "from": "2024-06-11T14:02:00Z", "count": "4"}
    ]
    assert "2024-06-11T14%3A02%3A00Z" in request.query


@pytest.mark.parametrize(
    ("priced_by", "letter", "first"),
    [
        (CandlePrice.USUAL, "M", "1.08408"),
        (CandlePrice.MID, "M", "1.08408"),
        (CandlePrice.BID, "B", "1.08401"),
        (CandlePrice.ASK, "A", "1.08415"),
    ],
)
def test_candles_may_be_of_either_side(priced_by: CandlePrice, letter: str, first: str) -> None:
    """The exchange's choice is the middle."""
    conversation = talk(reply({"candles": CANDLES["candles"][:1]}))
    end_ns = START_NS + MINUTE
    told = conversation.run(
        market.candles(EUR_USD, MINUTE, START_NS, end_ns, context(), priced_by=priced_by)
    )

    assert [candle.open for candle in told] == [D(first)]
    assert queries(conversation)[0]["price"] == letter


def test_a_long_window_takes_several_answers() -> None:
    """Each begins after the last candle of the one before, and nothing is told twice."""
    conversation = talk(
        page(candle_rows(0, 5000)), page(candle_rows(4999, 5000)), page(candle_rows(9999, 3))
    )
    told = conversation.run(minutes(0, 10_001, now_ns=START_NS + 20_000 * MINUTE))

    assert [candle.start_time_ns for candle in told] == [
        START_NS + minute * MINUTE for minute in range(10_001)
    ]
    first, second, third = queries(conversation)
    assert [each["count"] for each in (first, second, third)] == ["5000", "5000", "5"]
    assert "includeFirst" not in first
    assert second["includeFirst"] == third["includeFirst"] == "false"
    assert second["from"] == to_rfc3339(START_NS + 4999 * MINUTE)


def test_gaps_do_not_hide_what_comes_after_them() -> None:
    """A weekend has no candles: an answer then reaches beyond the end, which is cut off."""
    conversation = talk(page(candle_rows(0, 12, step=1000)))
    told = conversation.run(minutes(0, 10))

    assert [candle.start_time_ns for candle in told] == [START_NS]


def test_a_candle_that_began_before_is_left_out() -> None:
    """The exchange begins with the one in which the start lies."""
    conversation = talk(page(candle_rows(0, 3)))
    told = conversation.run(
        market.candles(EUR_USD, MINUTE, START_NS + SECOND, START_NS + 3 * MINUTE, context())
    )

    assert [candle.start_time_ns for candle in told] == [START_NS + MINUTE, START_NS + 2 * MINUTE]


def test_the_future_is_not_asked_for() -> None:
    """The exchange refuses a time that lies in it."""
    now_ns = START_NS + 3 * MINUTE
    conversation = talk(page(candle_rows(0, 3)))
    conversation.run(minutes(0, 10**6, now_ns=now_ns))

    assert queries(conversation)[0]["count"] == "5"
    assert talk().run(minutes(4, 10, now_ns=now_ns)) == ()
    assert talk().run(minutes(2, 2)) == ()


def test_an_answer_that_does_not_go_on_ends_it() -> None:
    """Rather than asking for ever."""
    rows = candle_rows(0, 1) * 5000
    conversation = talk(page(rows), page(rows))

    assert len(conversation.run(minutes(0, 9000))) == 1


@pytest.mark.parametrize("interval_ns", [SECOND, 7 * SECOND, 5 * SECOND + 1, 30 * 86_400 * SECOND])
def test_other_lengths_of_candles_are_not_there(interval_ns: int) -> None:
    """Told at once, with those that are."""
    with pytest.raises(NotSupported) as caught:
        market.candles(EUR_USD, interval_ns, 0, 1, context())

    assert "86400" in str(caught.value)


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"time": "2024-06-11T14:02:00Z", "volume": "5", "mid": {}},
        {"time": "2024-06-11T14:02:00Z", "volume": 5, "bid": {}},
        5,
    ],
)
def test_a_candle_that_cannot_be_read_is_an_error(row: Any) -> None:
    """Nothing is guessed."""
    with pytest.raises(RemoteProtocolError):
        talk(page([row])).run(minutes(0, 2))


# ---------------------------------------------------------------- sentiment


def test_how_the_clients_are_placed() -> None:
    """By price, of their orders or their positions."""
    body = payload("rest_order_book")
    conversation = talk(reply(body))
    told = conversation.run(market.sentiment(EUR_USD, SentimentKind.ORDERS, None, context()))

    assert conversation.asked == ["GET /v3/instruments/EUR_USD/orderBook"]
    assert (told.instrument, told.kind) == (EUR_USD, SentimentKind.ORDERS)
    assert told.exchange_time_ns == 1_718_114_400 * SECOND
    assert (told.price, told.bucket_width) == (D("1.08405"), D("0.00050"))
    assert told.buckets[0] == SentimentBucket(D("1.08350"), D("0.2666"), D("0.2352"))


def test_sentiment_of_an_earlier_time() -> None:
    """By the time of the snapshot."""
    conversation = talk(reply({"positionBook": payload("rest_order_book")["orderBook"]}))
    at_ns = 1_718_114_400 * SECOND
    told = conversation.run(market.sentiment(EUR_USD, SentimentKind.POSITIONS, at_ns, context()))

    assert conversation.asked == [
        "GET /v3/instruments/EUR_USD/positionBook?time=2024-06-11T14%3A00%3A00Z"
    ]
    assert told.kind is SentimentKind.POSITIONS


# ---------------------------------------------------------------- the account


def test_the_account_has_one_balance() -> None:
    """Its cash, as transactions tell it."""
    conversation = talk(reply(payload("rest_summary")))

    assert conversation.run(account.balances()) == (Balance(X, "USD", D("100000.0000"), D(0)),)
    assert conversation.asked == [f"GET {A}/summary"]
    assert conversation.news == [LogTold("6404", (), NOW_NS)]


def test_a_token_that_reads_the_account_is_good() -> None:
    """What else it may only a refusal would tell; money cannot be moved at all."""
    told = talk(reply(payload("rest_summary"))).run(account.key_permissions())

    assert (told.can_view, told.can_trade, told.can_transfer) == (True, True, False)
    assert told.detail == "account in USD"


@pytest.mark.parametrize(
    ("status", "error"), [(401, AuthRefused), (403, PermissionRefused), (503, ExchangeUnavailable)]
)
def test_a_token_that_does_not_read_the_account(status: int, error: type[Exception]) -> None:
    """Wrong, or of another account, or nobody knows."""
    told = reply({"errorMessage": "Insufficient authorization to perform request."}, status)
    with pytest.raises(error):
        talk(told).run(account.key_permissions())


def test_the_summary_of_the_account() -> None:
    """What it is worth."""
    told = talk(reply(payload("rest_summary"))).run(account.summary())

    assert (told.net_asset_value, told.received_time_ns) == (D("100000.6000"), NOW_NS)


def test_the_account_at_a_position_of_its_log() -> None:
    """Everything that is open, exits joined with their trades both ways."""
    conversation = talk(reply(payload("rest_account")))
    state = conversation.run(account.log_state())
    (trade,) = state.trades

    assert conversation.asked == [f"GET {A}"]
    assert (state.position, state.currency) == ("6404", "USD")
    assert [order.exchange_order_id for order in state.open_orders] == ["6400", "6403", "6404"]
    assert [order.instrument for order in state.open_orders] == [EUR_USD] * 3
    assert [order.side for order in state.open_orders] == [Side.SELL] * 3
    assert trade.exits == state.open_orders[1:]
    assert trade.exits[0].type is OrderType.TAKE_PROFIT


def test_what_has_changed_since() -> None:
    """By the number of a transaction."""
    conversation = talk(reply(payload("rest_changes")))
    told = conversation.run(account.changes("6400"))

    assert conversation.asked == [f"GET {A}/changes?sinceTransactionID=6400"]
    assert told.last_transaction_id == "6405"


def test_only_what_is_given_is_configured() -> None:
    """As text; and that it may have happened though the answer was lost."""
    body = payload("rest_configured")
    conversation = talk(reply(body))
    conversation.run(account.configure("engine-1", D("0.02")))
    (request,) = conversation.requests

    assert (request.method, request.path) == ("PATCH", f"{A}/configuration")
    assert request.body == b'{"alias":"engine-1","marginRate":"0.02"}'
    assert request.effect is Effect.WRITE
    conversation = talk(reply(body))
    conversation.run(account.configure(None, D("0.05")))
    assert conversation.requests[0].body == b'{"marginRate":"0.05"}'
    conversation = talk()
    conversation.run(account.configure(None, None))
    assert conversation.requests == []
    with pytest.raises(OutcomeUnknown):
        talk(reply(b"", 504)).run(account.configure("a", None))


# ---------------------------------------------------------------- positions


def test_positions_that_are_open() -> None:
    """Of all instruments, or of one."""
    body = payload("rest_positions")
    conversation = talk(reply(body))
    (position,) = conversation.run(account.positions("", context()))
    one = talk(reply({"position": body["positions"][0]}))

    assert conversation.asked == [f"GET {A}/openPositions"]
    assert (position.instrument, position.quantity) == (EUR_USD, D(10000))
    assert one.run(account.positions(EUR_USD, context())) == (position,)
    assert one.asked == [f"GET {A}/positions/EUR_USD"]


def test_an_instrument_that_was_never_traded_has_no_position() -> None:
    """Which the exchange tells as a refusal."""
    told = refused(404, "NO_SUCH_POSITION", "The Position specified does not exist")

    assert talk(told).run(account.positions(EUR_USD, context())) == ()


def test_an_instrument_that_there_is_not_is_told() -> None:
    """That is another thing."""
    told = refused(
        400,
        "oanda::rest::core::InvalidParameterException",
        "Invalid value specified for 'instrument'",
    )
    with pytest.raises(InstrumentNotFound):
        talk(told).run(account.positions("EUR-UDS", context()))


# ---------------------------------------------------------------- margin trades

TRADE = payload("rest_trade")["trade"]


def trade_page(*ids: int) -> RestReply:
    """An answer with trades of these numbers."""
    return reply({"trades": [{**TRADE, "id": str(each)} for each in ids]})


def test_one_trade() -> None:
    """With its exits."""
    conversation = talk(reply(payload("rest_trade")))
    told = conversation.run(account.trade("6402"))

    assert conversation.asked == [f"GET {A}/trades/6402"]
    assert (told.trade_id, told.state, len(told.exits)) == ("6402", MarginTradeState.OPEN, 2)
    with pytest.raises(MarginTradeNotFound):
        talk(refused(404, "NO_SUCH_TRADE")).run(account.trade("1"))


def all_trades(limit: int | None = None, *, instrument: str = "") -> RestFlow[tuple[Any, ...]]:
    """Trades, open ones or not."""
    return account.trades(instrument, context(), is_open_only=False, limit=limit)


def test_the_trades_that_are_open() -> None:
    """Newest first by number, whatever the sequence."""
    conversation = talk(trade_page(999, 1000))
    told = conversation.run(account.trades("", context(), is_open_only=True, limit=None))

    assert conversation.asked == [f"GET {A}/trades?state=OPEN&count=500"]
    assert [trade.trade_id for trade in told] == ["1000", "999"]


def test_all_trades_of_an_instrument() -> None:
    """As many as are wanted."""
    conversation = talk(trade_page(9, 8))
    told = conversation.run(all_trades(2, instrument=EUR_USD))

    assert conversation.asked == [f"GET {A}/trades?state=ALL&instrument=EUR_USD&count=2"]
    assert [trade.trade_id for trade in told] == ["9", "8"]


@pytest.mark.parametrize("overlap", [1, 0])
def test_pages_go_on_whether_or_not_the_last_is_told_again(overlap: int) -> None:
    """The documents say so and otherwise; each trade is told once."""
    first = range(2000, 1500, -1)
    second = range(1500 + overlap, 1000 + overlap, -1)
    third = range(second[-1] - 1 + overlap, 900, -1)
    conversation = talk(*(trade_page(*ids) for ids in (first, second, third)))
    told = conversation.run(all_trades())

    assert [int(trade.trade_id) for trade in told] == list(range(2000, 900, -1))
    assert [dict(parse_qsl(r.query)).get("beforeID") for r in conversation.requests] == [
        None,
        "1501",
        str(second[-1]),
    ]


def test_a_page_that_tells_nothing_new_is_the_last() -> None:
    """Rather than asking for ever."""
    ids = range(1000, 500, -1)
    conversation = talk(trade_page(*ids), trade_page(*ids))

    assert len(conversation.run(all_trades())) == 500


def test_a_limit_is_kept() -> None:
    """Though it takes two answers, of which the second repeats one."""
    conversation = talk(trade_page(*range(2000, 1500, -1)), trade_page(*range(1501, 1400, -1)))
    told = conversation.run(all_trades(600))

    assert len(told) == 600
    assert [dict(parse_qsl(r.query))["count"] for r in conversation.requests] == ["500", "101"]
    assert talk().run(all_trades(0)) == ()


# ---------------------------------------------------------------- whatever is answered

QUESTIONS: dict[str, Callable[[], RestFlow[Any]]] = {
    "instruments": lambda: market.instruments(()),
    "tickers": lambda: market.tickers((EUR_USD,), context()),
    "book": lambda: market.book(EUR_USD, None, context()),
    "conversions": lambda: market.conversions((EUR_USD,), context()),
    "candles": lambda: minutes(0, 2),
    "sentiment": lambda: market.sentiment(EUR_USD, SentimentKind.ORDERS, None, context()),
    "balances": account.balances,
    "key_permissions": account.key_permissions,
    "summary": account.summary,
    "log_state": account.log_state,
    "changes": lambda: account.changes("1"),
    "positions": lambda: account.positions("", context()),
    "position": lambda: account.positions(EUR_USD, context()),
    "trades": all_trades,
    "trade": lambda: account.trade("1"),
}


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"5", b"{}", b'{"lastTransactionID":"1"}'])
def test_an_answer_that_cannot_be_read_is_an_error(name: str, body: bytes) -> None:
    """Its bytes are kept; what is missing does not pass for empty."""
    with pytest.raises(RemoteProtocolError) as caught:
        talk(reply(body)).run(QUESTIONS[name]())

    assert caught.value.payload == body
