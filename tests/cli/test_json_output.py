"""What machines read: literal values in, whole documents out, each held against its schema."""

import json
import typing
from decimal import Decimal

import pytest
from attrs import evolve

from tests.support.samples import (
    BALANCE,
    BOOK,
    EVENTS,
    FILL,
    INSTRUMENT,
    MARGIN_TRADE,
    ORDER,
    POSITION,
    SUMMARY,
    TRADE,
    TRANSACTION,
)
from tests.support.schemas import SCHEMAS, complaints
from venuetree.actors.errors import AskTimeout
from venuetree.cli.exits import UsageError
from venuetree.cli.json_output import (
    book_document,
    dump,
    error_document,
    event_document,
    plain,
    snake_case,
)
from venuetree.protocol.errors import InsufficientFunds, OutcomeUnknown
from venuetree.protocol.events import AccountEvent, Event, FeedEvent, OrderReported
from venuetree.protocol.models import OrderRule


def test_a_trade_is_one_flat_object() -> None:
    """The line begins with what every event has, and keeps the exchange's digits."""
    assert dump(event_document(TRADE)).decode() == (
        '{"event":"trade_printed","exchange":"coinbase","instrument":"BTC-USD",'
        '"exchange_time_ns":1793614830123456789,"received_time_ns":1793614830223456789,'
        '"trade_id":"77","price":"65000.10","quantity":"0.00000001","taker_side":"buy",'
        '"is_past":false}\n'
    )


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_keeps_its_schema(event: object) -> None:
    """What is printed of an event is what the reference says, and nothing beside it."""
    document = json.loads(dump(event_document(event)))

    assert complaints("event", document) == []


def test_there_is_a_sample_of_every_event() -> None:
    """The samples, and so the schemas, leave out no event that a command can print."""
    unions = (Event, FeedEvent, AccountEvent)

    assert {type(event) for event in EVENTS} == {
        kind for union in unions for kind in typing.get_args(union)
    }


def test_there_is_a_sample_of_every_rule() -> None:
    """A rule that could not be printed would take the whole list of instruments with it."""
    assert {type(rule) for rule in INSTRUMENT.rules} == set(typing.get_args(OrderRule))


def test_a_schema_refuses_what_is_not_as_it_says() -> None:
    """A float, a missing field and an unknown field are each complained of."""
    good = event_document(TRADE)

    assert complaints("event", good | {"price": 65000.1}) != []
    assert complaints("event", {key: good[key] for key in good if key != "price"}) != []
    assert complaints("event", good | {"colour": "red"}) != []


def test_an_order_report_names_its_instrument_at_the_top() -> None:
    """Lines can be filtered by instrument though the event has it only inside its report."""
    (event,) = (event for event in EVENTS if isinstance(event, OrderReported))

    assert event_document(event)["instrument"] == "BTC-USD"


def test_an_entry_of_no_instrument_names_none() -> None:
    """Interest on the account's cash is of no market."""
    document = event_document(evolve(TRANSACTION, kind="DAILY_FINANCING", instrument=""))

    assert "instrument" not in document
    assert complaints("event", document) == []


#: What an instrument that is traded on margin shows beside its rules.
ON_MARGIN = evolve(INSTRUMENT, pip=Decimal("0.0001"), margin_rate=Decimal("0.02"))


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("order", ORDER),
        ("orders", [ORDER, ORDER]),
        ("orders", ()),
        ("fills", [FILL]),
        ("balances", [BALANCE]),
        ("instruments", [INSTRUMENT]),
        ("instruments", [ON_MARGIN]),
        ("positions", [POSITION]),
        ("margin-trades", [MARGIN_TRADE]),
        ("account", SUMMARY),
        ("book", BOOK),
    ],
)
def test_every_document_keeps_its_schema(name: str, document: object) -> None:
    """What is printed of a model is what the reference says, and nothing beside it."""
    assert complaints(name, plain(document)) == []


def test_every_schema_is_used() -> None:
    """No schema stands in the reference that no test holds any output against."""
    tested_here = {
        *("event", "order", "orders", "fills", "balances", "instruments", "book", "error"),
        *("account", "margin-trades", "positions"),
    }
    tested_end_to_end = {"demo", "doctor", "simulate", "scenario", "scenarios"}

    assert {path.stem for path in SCHEMAS.iterdir()} == tested_here | tested_end_to_end


def test_a_book_is_best_first_in_plain_notation() -> None:
    """Levels are pairs of text; a ten written as 1E+1 is printed as 10."""
    assert book_document(BOOK, depth=None) == {
        "instrument": "BTC-USD",
        "in_step": True,
        "last_update_id": 41,
        "bids": [["64999.90", "0.5000"], ["64999", "10"]],
        "asks": [["65000.10", "0.25"]],
    }
    assert book_document(BOOK, depth=1)["bids"] == [["64999.90", "0.5000"]]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1E+3"), "1000"),
        (Decimal("0E-8"), "0.00000000"),
        (Decimal("-1.50"), "-1.50"),
        (Decimal("12345678901234567890.123456789"), "12345678901234567890.123456789"),
    ],
)
def test_decimals_are_plain_text(value: Decimal, text: str) -> None:
    """Never an exponent, never a lost zero."""
    assert plain(value) == text


@pytest.mark.parametrize("value", [1.5, object(), {1.5}])
def test_what_has_no_form_is_refused(value: object) -> None:
    """A float or a foreign object never slips into the output."""
    with pytest.raises(TypeError, match="has no form in JSON"):
        plain(value)


@pytest.mark.parametrize(
    ("name", "words"), [("TradePrinted", "trade_printed"), ("BookInStep", "book_in_step")]
)
def test_names_become_snake_case(name: str, words: str) -> None:
    """An event is called by its class's words."""
    assert snake_case(name) == words


@pytest.mark.parametrize(
    ("error", "document"),
    [
        (
            InsufficientFunds(
                "not enough USD", exchange="coinbase", operation="place", code="INSUFFICIENT_FUND"
            ),
            {
                "error": "insufficient_funds",
                "exit_code": 1,
                "message": "not enough USD",
                "exchange": "coinbase",
                "operation": "place",
                "code": "INSUFFICIENT_FUND",
                "remedy": InsufficientFunds.remedy,
            },
        ),
        (
            OutcomeUnknown("no verdict", client_order_id="mine-1", exchange="coinbase"),
            {
                "error": "outcome_unknown",
                "exit_code": 4,
                "message": "no verdict",
                "exchange": "coinbase",
                "operation": "",
                "code": "",
                "remedy": OutcomeUnknown.remedy,
                "client_order_id": "mine-1",
            },
        ),
        (
            UsageError("two\nlines"),
            {"error": "usage_error", "exit_code": 2, "message": "two lines"},
        ),
        (
            AskTimeout("no answer", started=False),
            {"error": "ask_timeout", "exit_code": 1, "message": "no answer"},
        ),
    ],
)
def test_a_failure_is_a_document_too(
    error: InsufficientFunds | OutcomeUnknown | UsageError | AskTimeout,
    document: dict[str, object],
) -> None:
    """A program that reads stdout learns what a person reads on stderr."""
    assert error_document(error) == document
    assert complaints("error", document) == []
