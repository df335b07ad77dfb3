"""Traffic of the real exchange, recorded: every line decodes, and every amount is the line's."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson
import pytest

from tests.support.oanda_reading import (
    NOW_NS,
    context,
    line,
    recorded,
    reply,
    talk,
    transactions_in,
)
from venuetree.protocol.events import (
    FillReported,
    Heartbeat,
    MarginTradeChanged,
    OrderReported,
    QuoteChanged,
    TransactionRecorded,
)
from venuetree.protocol.exchanges.oanda import account_flows as account
from venuetree.protocol.exchanges.oanda import market_flows as market
from venuetree.protocol.exchanges.oanda.decode import decode
from venuetree.protocol.exchanges.oanda.reading import exchange_symbol, time_ns
from venuetree.protocol.exchanges.oanda.reports import (
    order_reports,
    positions_from,
    report_from_order,
    trade_from,
)
from venuetree.protocol.models import OrderStatus, QuantumField, SentimentKind, Side
from venuetree.protocol.port import RestFlow

D = Decimal


def bodies(key: str) -> list[dict[str, Any]]:
    """The recorded answers with this member."""
    return [body for _, body in recorded() if key in body]


def test_every_line_of_a_stream_decodes() -> None:
    """To at least one event, with its time."""
    lines = [body for channel, body in recorded() if channel.endswith("/stream")]
    for message in lines:
        (event,) = decode(line(message), NOW_NS)

        assert isinstance(event, Heartbeat)
        assert event.counter == int(message["lastTransactionID"])
        assert event.exchange_time_ns == time_ns(message["time"])
    assert len(lines) == 5


def test_every_price_of_an_answer_decodes_as_a_line() -> None:
    """Level by level."""
    prices = [price for body in bodies("prices") for price in body["prices"]]
    for price in prices:
        (quote,) = decode(line(price), NOW_NS)

        assert isinstance(quote, QuoteChanged)
        for levels, buckets in ((quote.bids, price["bids"]), (quote.asks, price["asks"])):
            assert [(str(p), int(q)) for p, q in levels] == [
                (bucket["price"], bucket["liquidity"]) for bucket in buckets
            ]
        assert str(quote.closeout_bid) == price["closeoutBid"]
        assert exchange_symbol(quote.instrument) == price["instrument"]
    assert prices


def amounts(told: TransactionRecorded) -> dict[str, Decimal | None]:
    """Amounts by the exchange's names."""
    return {
        "units": told.units,
        "price": told.price,
        "pl": told.realized_profit,
        "financing": told.financing,
        "commission": told.commission,
        "accountBalance": told.balance,
    }


def test_every_transaction_within_a_reply_decodes_as_a_line() -> None:
    """With its amounts to the digit, and everything that they mean."""
    entries = [entry for _, body in recorded() for entry in transactions_in(body)]
    kinds: set[str] = set()
    for entry in entries:
        told, *others = decode(line(entry), NOW_NS)
        assert isinstance(told, TransactionRecorded)
        kinds.add(told.kind)

        assert (told.transaction_id, told.batch_id) == (entry["id"], entry["batchID"])
        assert told.exchange_time_ns == time_ns(entry["time"])
        assert orjson.loads(told.detail) == entry
        for name, value in amounts(told).items():
            assert (None if value is None else format(value, "f")) == entry.get(name), name
        reports = [event.report for event in others if isinstance(event, OrderReported)]
        is_of_order = entry["type"] not in {"CLIENT_CONFIGURE", "ORDER_CANCEL_REJECT"}
        assert len(reports) == int(is_of_order)
    assert kinds == {
        "MARKET_ORDER",
        "LIMIT_ORDER",
        "ORDER_FILL",
        "ORDER_CANCEL",
        "ORDER_CANCEL_REJECT",
        "MARKET_ORDER_REJECT",
        "CLIENT_CONFIGURE",
    }


def test_the_recorded_executions() -> None:
    """Each opened a trade of one unit; the second bears the id of the first, and is another."""
    entries = [entry for _, body in recorded() for entry in transactions_in(body)]
    fills = [entry for entry in entries if entry["type"] == "ORDER_FILL"]
    told = [decode(line(entry), NOW_NS) for entry in fills]
    executions = [e.fill for events in told for e in events if isinstance(e, FillReported)]
    opened = [e for events in told for e in events if isinstance(e, MarginTradeChanged)]

    assert [(fill.fill_id, fill.exchange_order_id) for fill in executions] == [
        ("31", "30"),
        ("33", "32"),
    ]
    assert len({fill.client_order_id for fill in executions}) == 1
    for fill, change in zip(executions, opened, strict=True):
        assert (fill.side, fill.quantity, str(fill.price)) == (Side.BUY, D(1), "1.13835")
        assert fill.trade_id == change.trade_id == fill.fill_id


def test_the_recorded_orders_are_read() -> None:
    """One by one and in lists."""
    orders = [body["order"] for body in bodies("order")]
    orders += [order for body in bodies("orders") for order in body["orders"]]
    for order in orders:
        told = report_from_order(order, NOW_NS)

        assert told.status is OrderStatus.OPEN
        assert (told.exchange_order_id, str(told.price)) == (order["id"], order["price"])
        assert told.side is (Side.SELL if order["units"].startswith("-") else Side.BUY)
        assert told.client_order_id == order.get("clientExtensions", {}).get("id", "")
    assert len(orders) == 4
    for body in bodies("orders"):
        assert len(order_reports(body, NOW_NS)) == len(body["orders"])


def test_the_recorded_trades_and_positions_are_read() -> None:
    """Of 2016, with the members that there were."""
    trades = [body["trade"] for body in bodies("trade")]
    trades += [trade for body in bodies("trades") for trade in body["trades"]]
    for trade in trades:
        told = trade_from(trade, NOW_NS)

        assert (told.trade_id, str(told.price)) == (trade["id"], trade["price"])
        assert str(told.unrealized_profit) == trade["unrealizedPL"]
    assert len(trades) == 3
    for body in bodies("positions"):
        sides = [
            (position["instrument"], position[side]["units"])
            for position in body["positions"]
            for side in ("long", "short")
            if position[side]["units"] != "0"
        ]
        told_positions = positions_from(body["positions"])

        assert [(exchange_symbol(p.instrument), str(p.quantity)) for p in told_positions] == sides
        assert sides


QUESTIONS: list[tuple[str, Callable[[], RestFlow[Any]]]] = [
    ("account", account.summary),
    ("account", account.balances),
    ("account", account.key_permissions),
    ("clientConfigureTransaction", lambda: account.configure("a", None)),
    ("instruments", lambda: market.instruments(())),
    ("prices", lambda: market.tickers(("EUR-USD",), context())),
    ("prices", lambda: market.book("EUR-USD", None, context())),
    ("prices", lambda: market.conversions(("EUR-USD",), context())),
    ("prices", lambda: market.server_time(context())),
    ("trades", lambda: account.trades("", context(), is_open_only=False, limit=None)),
    ("trade", lambda: account.trade("2315")),
    ("positions", lambda: account.positions("", context())),
    (
        "candles",
        lambda: market.candles(
            "DE30-EUR",
            300 * 10**9,
            time_ns("2016-10-17T19:35:00Z"),
            time_ns("2016-10-17T20:00:00Z"),
            context(),
        ),
    ),
    (
        "positionBook",
        lambda: market.sentiment("EUR-USD", SentimentKind.POSITIONS, None, context()),
    ),
]


@pytest.mark.parametrize("index", range(len(QUESTIONS)))
def test_the_recorded_answers_are_read(index: int) -> None:
    """Each by the question that it answers; of a list nothing is left out."""
    key, question = QUESTIONS[index]
    found = bodies(key)
    for body in found:
        told = talk(reply(body)).run(question())

        rows = body[key]
        if isinstance(rows, list) and isinstance(told, tuple) and key != "prices":
            assert len(told) == len([row for row in rows if not _is_flat(row)])
        if key == "positionBook":
            assert len(told.buckets) == len(rows["buckets"])
    assert found


def _is_flat(row: dict[str, Any]) -> bool:
    return "long" in row and row["long"]["units"] == row["short"]["units"] == "0"


def test_the_recorded_instruments_have_their_grids() -> None:
    """Five digits for one, three for the other."""
    (body,) = bodies("instruments")
    found = talk(reply(body)).run(market.instruments(()))

    assert [each.name for each in found] == ["EUR-USD", "USD-JPY"]
    for instrument, step in zip(found, ("0.00001", "0.001"), strict=True):
        grid = instrument.quantum(QuantumField.PRICE)
        assert grid is not None
        assert grid.step == D(step)
    assert [str(each.pip) for each in found] == ["0.0001", "0.01"]
