"""The grammar of the command line, and what it says of mistakes."""

from decimal import Decimal
from pathlib import Path

import pytest

from venuetree.actors.addresses import PlainText
from venuetree.cli.arguments import access_of, build_parser
from venuetree.cli.endpoints import Access
from venuetree.config import Environment
from venuetree.protocol.models import Side, TimeInForce, Topic
from venuetree.protocol.port import StreamKind


def test_place_takes_instrument_side_and_quantity() -> None:
    """Numbers keep their digits, names are put in our spelling, the rest has its default."""
    options = build_parser().parse_args(["place", "coinbase", "btc-usd", "buy", "0.010"])

    assert (options.exchange, options.instrument, options.side, options.quantity) == (
        "coinbase",
        "BTC-USD",
        Side.BUY,
        Decimal("0.010"),
    )
    assert str(options.quantity) == "0.010"
    assert (options.price, options.time_in_force, options.client_order_id) == (None, None, "")
    assert (options.timeout, options.json) == (30.0, False)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("gtc", TimeInForce.GOOD_TILL_CANCELLED),
        ("IOC", TimeInForce.IMMEDIATE_OR_CANCEL),
        ("fill_or_kill", TimeInForce.FILL_OR_KILL),
        ("gfd", TimeInForce.GOOD_FOR_DAY),
    ],
)
def test_times_in_force_have_short_and_long_names(text: str, meant: TimeInForce) -> None:
    """Traders' three letters and our own words mean the same."""
    command = ["place", "coinbase", "BTC-USD", "sell", "1", "--price", "2", "--time-in-force", text]

    assert build_parser().parse_args(command).time_in_force is meant


def test_a_position_is_closed_in_whole_or_by_its_sides() -> None:
    """Without a side all that is open is meant; `all` is a word, the rest is amounts."""
    parse = build_parser().parse_args
    command = ["close-position", "coinbase", "btc-usd"]
    whole, parts = parse(command), parse([*command, "--long", "ALL", "--short", "10"])

    assert (whole.instrument, whole.long, whole.short) == ("BTC-USD", None, None)
    assert (parts.long, parts.short) == ("all", Decimal(10))


def test_a_margin_trade_is_closed_in_whole_or_in_part() -> None:
    """By the exchange's number."""
    parse = build_parser().parse_args

    assert parse(["close-trade", "coinbase", "6397"]).quantity is None
    part = parse(["close-trade", "coinbase", "6397", "40"])
    assert (part.trade_id, part.quantity) == ("6397", Decimal(40))


def test_decode_takes_the_kind_of_stream() -> None:
    """Without `--stream` the frame itself tells."""
    parse = build_parser().parse_args

    assert parse(["decode", "coinbase"]).stream is None
    assert parse(["decode", "coinbase", "--stream", "user"]).stream is StreamKind.USER


def test_watch_takes_many_instruments_and_topics() -> None:
    """Topics are separated by commas; a repeated one counts once, and none is for `watch`."""
    parse = build_parser().parse_args
    command = ["watch", "coinbase", "BTC-USD", "ETH-USD"]

    assert parse(command).instruments == ["BTC-USD", "ETH-USD"]
    assert parse(command).topic is None
    assert parse([*command, "--topic", "book,trades,book"]).topic == (Topic.BOOK, Topic.TRADES)


def test_where_an_exchange_is_can_be_said_in_every_command() -> None:
    """Endpoints, environment and plain text become one value."""
    parse = build_parser().parse_args
    given = ["--endpoints", "sim.json", "--environment", "sandbox", "--insecure"]

    assert access_of(parse(["balances", "coinbase"])) == Access()
    assert access_of(parse(["balances", "coinbase", *given])) == Access(
        Path("sim.json"), Environment.SANDBOX, PlainText.ANYWHERE
    )


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("", "COMMAND"),
        ("trade coinbase", "invalid choice: 'trade'"),
        ("balances nowhere", "invalid choice: 'nowhere'"),
        ("place coinbase BTC-USD buy 1e3", "'1e3' is not an amount; write"),
        ("place coinbase BTC-USD buy -1", "'-1' is not an amount; write"),
        ("place coinbase BTC-USD buy 0", "'0' is not an amount; write"),
        ("place coinbase BTC-USD buy NaN", "'NaN' is not an amount; write"),
        ("place coinbase BTC-USD hold 1", "'hold' is not a side; write one of buy, sell"),
        ("place coinbase BTCUSD buy 1", "'BTCUSD' is not an instrument"),
        ("watch coinbase BTC-USD --topic news", "'news' is not a topic; write one of trades"),
        ("watch coinbase BTC-USD --seconds 0", "'0' is not a number of seconds; write"),
        ("book coinbase BTC-USD --depth 0", "'0' is not a whole number above zero; write"),
        ("place coinbase BTC-USD buy 1 --price 1 --stop-price 2", "not allowed with"),
        ("place coinbase BTC-USD buy 1 --stop-price 2 --touch-price 3", "not allowed with"),
        (
            "place coinbase BTC-USD buy 1 --stop-loss 5points",
            "is not a price or a number of pips; write",
        ),
        ("place coinbase BTC-USD buy 1 --take-profit 5pips", "'5pips' is not an amount; write"),
        ("close-position coinbase BTC-USD --long some", "'some' is not an amount; write `all`, or"),
        (
            "decode coinbase --stream both",
            "'both' is not a kind of stream; write one of market, user",
        ),
    ],
)
def test_mistakes_end_with_code_2_and_say_what_is_wrong(
    command: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is guessed: what cannot be meant is refused before anything is opened."""
    with pytest.raises(SystemExit) as ended:
        build_parser().parse_args(command.split())

    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert complaint in told
    assert told.count("\n") == 1
    assert "--help`" in told
