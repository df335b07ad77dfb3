"""What people see, as text."""

from decimal import Decimal

from attrs import evolve
from rich.console import Console, RenderableType

from tests.support.samples import (
    BALANCE,
    BOOK,
    EVENTS,
    FILL,
    INSTRUMENT,
    MARGIN_TRADE,
    NOW,
    ORDER,
    POSITION,
    SUMMARY,
    TRADE,
)
from venuetree.cli.live_market import MarketView, notice_of
from venuetree.cli.margin_tables import margin_trades_table, positions_table, summary_table
from venuetree.cli.tables import (
    balances_table,
    book_table,
    fills_table,
    instruments_table,
    order_table,
    orders_table,
    time_text,
)
from venuetree.protocol.events import (
    BookInStep,
    BookStale,
    Dropped,
    StaleReason,
    StreamDisconnected,
    TickerChanged,
    TopicStalled,
)


def text(view: RenderableType) -> list[str]:
    """The lines of a view on a wide screen, without trailing blanks."""
    console = Console(width=240, color_system=None, force_terminal=False)
    with console.capture() as capture:
        console.print(view)
    return [line.rstrip() for line in capture.get().rstrip("\n").split("\n")]


def words(view: RenderableType) -> list[list[str]]:
    """The words of each line."""
    return [line.split() for line in text(view)]


def test_an_order_is_shown_a_field_a_line() -> None:
    """What is not known, like a stop price here, has no line."""
    assert words(order_table(ORDER)) == [
        ["exchange", "coinbase"],
        ["instrument", "BTC-USD"],
        ["order", "buy", "limit"],
        ["status", "partially", "filled"],
        ["quantity", "0.0100"],
        ["price", "65000.00"],
        ["filled", "0.004"],
        ["average", "price", "65000"],
        ["fees", "0.10"],
        ["time", "in", "force", "good", "till", "cancelled"],
        ["created", "2026-11-02", "10:20:30.123Z"],
        ["exchange", "order", "id", "theirs-1"],
        ["client", "order", "id", "mine-1"],
    ]


def test_orders_are_shown_a_line_each_with_both_ids() -> None:
    """A list can be grepped and cut."""
    head, first, second = words(orders_table([ORDER, evolve(ORDER, price=None)]))

    assert head[:5] == ["instrument", "side", "type", "quantity", "price"]
    assert first == [
        "BTC-USD",
        "buy",
        "limit",
        "0.0100",
        "65000.00",
        "0.004",
        "partially",
        "filled",
        "2026-11-02",
        "10:20:30.123Z",
        "theirs-1",
        "mine-1",
    ]
    assert len(second) == len(first) - 1


def test_fills_balances_and_instruments_are_tables() -> None:
    """Each value as the exchange wrote it."""
    assert words(fills_table([FILL]))[1] == [
        "2026-11-02",
        "10:20:30.123Z",
        "BTC-USD",
        "sell",
        "0.004",
        "65000.00",
        "0.10",
        "USD",
        "maker",
        "theirs-1",
    ]
    assert words(balances_table([BALANCE]))[1] == ["BTC", "9.50", "0.5", "10.00"]
    assert words(instruments_table([INSTRUMENT]))[1] == (
        ["BTC-USD", "trading", "0.01", "0.00000001", "0.0001", "1", "BTC-USD"]
    )


def test_instruments_show_pips_and_margin_only_where_there_are_some() -> None:
    """One that has them makes two columns for all."""
    euro = evolve(INSTRUMENT, pip=Decimal("0.0001"), margin_rate=Decimal("0.020"))
    plain, wide = words(instruments_table([INSTRUMENT])), words(instruments_table([euro]))
    head, first, second = text(instruments_table([INSTRUMENT, euro]))

    assert "pip" not in plain[0]
    assert wide[0][-3:] == ["pip", "margin", "symbol"]
    assert wide[1][-4:] == ["0.0001", "2", "%", "BTC-USD"]
    assert "margin" in head
    assert second.split()[-4:] == ["0.0001", "2", "%", "BTC-USD"]
    assert "%" not in first


def test_an_exit_names_the_trade_that_it_leaves() -> None:
    """As does no other order."""
    assert ["exit", "of", "trade", "6397"] in words(order_table(evolve(ORDER, trade_id="6397")))
    assert "exit of trade" not in "".join(text(order_table(ORDER)))


def test_an_account_on_margin_is_shown_a_figure_a_line() -> None:
    """Amounts with the account's currency, and whether both directions are held apart."""
    lines = words(summary_table(SUMMARY))

    assert lines[:2] == [["account", "001-001", "mine"], ["balance", "10000.0000", "USD"]]
    assert ["margin", "available", "9997.3570", "USD"] in lines
    assert ["open", "trades", "1"] in lines
    assert ["both", "directions", "net", "out"] in lines
    assert words(summary_table(evolve(SUMMARY, is_hedging=True)))[-2][-2:] == ["held", "apart"]


def test_positions_and_margin_trades_are_tables() -> None:
    """Below zero is short; of a trade's exits those are shown that wait."""
    assert words(positions_table([POSITION]))[1] == (
        ["EUR-USD", "-100", "1.08100", "-1.2500", "6397,", "6401"]
    )
    (_, trade) = words(margin_trades_table([MARGIN_TRADE]))
    assert trade[:8] == ["6397", "EUR-USD", "buy", "60", "1.08100", "0.6000", "0.4000", "open"]
    assert trade[-3:] == ["take", "profit", "1.09000"]


def test_a_book_has_its_best_prices_in_the_middle() -> None:
    """Asks from the top down, then bids; the title says whether it can be trusted."""
    assert words(book_table(BOOK, depth=10)) == [
        ["BTC-USD:", "in", "step"],
        ["side", "price", "quantity"],
        ["ask", "65000.10", "0.25"],
        ["bid", "64999.90", "0.5000"],
        ["bid", "64999", "10"],
    ]


def test_a_time_is_utc_to_the_millisecond() -> None:
    """And nothing where there is none."""
    assert (time_text(NOW), time_text(None)) == ("2026-11-02 10:20:30.223Z", "")


def test_the_live_view_shows_the_newest_of_everything() -> None:
    """Ticker, book and trades of an instrument in one line; every interruption below."""
    view = MarketView("coinbase", ("BTC-USD",))
    (ticker,) = (event for event in EVENTS if isinstance(event, TickerChanged))
    for event in (ticker, BookInStep("coinbase", "BTC-USD", BOOK, NOW), TRADE):
        view.take(event)

    lines = words(view.render())

    assert lines[1] == (
        ["BTC-USD", "65000.10", "64999.90", "65000.10", "1234.5", "1", "in", "step"]
    )
    assert ["2026-11-02", "10:20:30.123Z", "BTC-USD", "buy", "0.00000001", "65000.10"] in lines
    assert ["2026-11-02", "10:20:30.223Z", "BTC-USD", "book", "in", "step"] in lines


def test_interruptions_are_told_in_words() -> None:
    """What a watcher must know before trusting the numbers."""
    exchange, name = "coinbase", "BTC-USD"
    (stalled,) = (event for event in EVENTS if isinstance(event, TopicStalled))
    (dropped,) = (event for event in EVENTS if isinstance(event, Dropped))
    notices = [
        notice_of(BookStale(exchange, name, StaleReason.GAP, NOW)),
        notice_of(StreamDisconnected(exchange, "market", "reset", NOW)),
        notice_of(stalled),
        notice_of(dropped),
        notice_of(TRADE),
    ]

    assert notices == [
        "BTC-USD book stale: gap",
        "stream market down: reset",
        "BTC-USD ticker silent for 5.0 s",
        "BTC-USD: 12 trades events left out, this screen is too slow",
        "",
    ]
