"""Transactions that move money, those of unknown types, and their order."""

from decimal import Decimal

import pytest

from tests.support.oanda_reading import NOW_NS, payload
from tests.support.oanda_transactions import STOPPED, X, but, read
from venuetree.protocol.events import BalancesChanged, TransactionRecorded, UnknownMessage
from venuetree.protocol.exchanges.oanda.transactions import events_of, transaction_id
from venuetree.protocol.models import Balance

D = Decimal


@pytest.mark.parametrize(
    ("name", "amount", "balance"),
    [
        ("transaction_transfer", "-250.0000", "99766.1459"),
        ("transaction_daily_financing", "-0.6896", "100016.1459"),
        ("transaction_dividend", "1.2345", "99767.3804"),
    ],
)
def test_what_came_in_and_what_is_there_then(name: str, amount: str, balance: str) -> None:
    """With its sign."""
    first, second = read(payload(name))

    assert isinstance(first, TransactionRecorded)
    assert (str(first.amount), str(first.balance)) == (amount, balance)
    assert isinstance(second, BalancesChanged)
    assert second.balances == (Balance(X, "", D(balance), D(0)),)


def test_the_currency_is_the_accounts_where_it_is_known() -> None:
    """Transactions do not name it."""
    transfer = payload("transaction_transfer")
    told = events_of(transfer, "{}", NOW_NS, currency="USD")[-1]

    assert isinstance(told, BalancesChanged)
    assert told.balances[0].currency == "USD"


def test_a_type_that_is_not_known_is_recorded_and_told() -> None:
    """An order of a new type is no report: what it means nobody knows."""
    first, second, third = read(but(STOPPED, type="WONDERFUL_ORDER"))

    assert isinstance(first, TransactionRecorded)
    assert isinstance(second, UnknownMessage)
    assert second.kind == first.kind == "WONDERFUL_ORDER"
    assert isinstance(third, BalancesChanged)


def test_transactions_are_in_order_by_number() -> None:
    """Not by text."""
    assert transaction_id({"id": "999"}) < transaction_id({"id": "1000"})
