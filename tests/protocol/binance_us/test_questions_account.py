"""Balances, permissions and fees: what is asked, and what is made of the answers."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.binance_us import NOW_NS, payload, reply, talk
from tests.support.binance_us_questions import question
from venuetree.protocol.builders import limit_order
from venuetree.protocol.commands import (
    ClosePosition,
    FetchBalances,
    FetchFees,
    FetchKeyPermissions,
    FetchPositions,
)
from venuetree.protocol.errors import NotSupported, RemoteProtocolError
from venuetree.protocol.exchanges.binance_us.rest import BinanceUsRest
from venuetree.protocol.models import Balance, FeeSummary, KeyPermissions, Side
from venuetree.protocol.port import Auth, FlowContext

D = Decimal
ACCOUNT = payload("rest_account")


# ---------------------------------------------------------------- the account


def test_balances_are_those_of_which_there_is_any() -> None:
    """All assets are listed, nearly all of them empty."""
    empty = {"asset": "DOGE", "free": "0.00000000", "locked": "0.00000000"}
    held = {"asset": "ETH", "free": "0.00000000", "locked": "0.50000000"}
    conversation = talk(reply({**ACCOUNT, "balances": [empty, *ACCOUNT["balances"], held]}))

    assert conversation.ask(FetchBalances()) == (
        Balance("binance_us", "BTC", D("0.50499900"), D(0)),
        Balance("binance_us", "USD", D("8414.50150000"), D(1160)),
        Balance("binance_us", "ETH", D(0), D("0.5")),
    )
    assert conversation.requests == [question("balances", "account", weight=20, auth=Auth.SIGNED)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {},
            KeyPermissions(can_view=True, can_trade=True, can_transfer=True, detail="account SPOT"),
        ),
        (
            {"canTrade": False, "accountType": None},
            KeyPermissions(can_view=True, can_trade=False, can_transfer=True),
        ),
        (
            {"canWithdraw": False},
            KeyPermissions(
                can_view=True, can_trade=True, can_transfer=False, detail="account SPOT"
            ),
        ),
    ],
)
def test_permissions_are_the_accounts(fields: dict[str, Any], expected: KeyPermissions) -> None:
    """Of the key the exchange says nothing."""
    conversation = talk(reply({**ACCOUNT, **fields}))

    assert conversation.ask(FetchKeyPermissions()) == expected
    assert conversation.requests == [
        question("key_permissions", "account", weight=20, auth=Auth.SIGNED)
    ]


def test_fees_are_fractions() -> None:
    """As the exchange tells them."""
    conversation = talk(reply(ACCOUNT))

    assert conversation.ask(FetchFees()) == FeeSummary("", D(0), D("0.0002"))
    assert conversation.requests == [question("fees", "account", weight=20, auth=Auth.SIGNED)]


def test_fees_of_older_make_are_basis_points() -> None:
    """Where there are no rates."""
    older = {key: value for key, value in ACCOUNT.items() if key != "commissionRates"}
    found = talk(reply({**older, "makerCommission": 10})).ask(FetchFees())

    assert found == FeeSummary("", D("0.001"), D("0.0002"))


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        (FetchBalances(), {"balances": None}),
        (FetchBalances(), {"balances": [{"asset": "BTC", "free": 1, "locked": "0"}]}),
        (FetchKeyPermissions(), {"canTrade": "true"}),
        (FetchKeyPermissions(), {"canWithdraw": None}),
        (FetchFees(), {"commissionRates": {"maker": "0"}}),
        (FetchFees(), {"commissionRates": None, "makerCommission": "10"}),
    ],
)
def test_an_account_that_cannot_be_read_is_an_error(command: Any, fields: dict[str, Any]) -> None:
    """No permission and no balance is guessed."""
    with pytest.raises(RemoteProtocolError):
        talk(reply({**ACCOUNT, **fields})).ask(command)


# ---------------------------------------------------------------- listen keys


@pytest.mark.parametrize(
    "command",
    [
        FetchPositions(),
        ClosePosition((limit_order("BTC-USD", Side.SELL, quantity="1", price="1"),)),
    ],
)
def test_what_a_spot_exchange_has_not_is_not_supported(command: Any) -> None:
    """Before anything is asked, whatever the flow would be."""
    with pytest.raises(NotSupported) as caught:
        BinanceUsRest().flow(command, FlowContext(NOW_NS))

    assert caught.value.exchange == "binance_us"
