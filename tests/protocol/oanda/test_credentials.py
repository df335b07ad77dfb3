"""A token, where it comes from and goes to, and that nothing shows it."""

import pytest

from venuetree.protocol.errors import ConfigurationError, LocalProtocolError
from venuetree.protocol.exchanges.oanda.credentials import (
    OandaCredentials,
    credentials_from_environment,
    credentials_from_mapping,
)
from venuetree.protocol.exchanges.oanda.profile import PROFILE
from venuetree.protocol.exchanges.oanda.requests import account_get, account_write, instrument_get
from venuetree.protocol.exchanges.oanda.signing import signer
from venuetree.protocol.models import OrderType, Topic
from venuetree.protocol.port import Auth, ChoreEffect, Lane, RestRequest, StreamMessage

TOKEN = "0123456789abcdef0123456789abcdef-fedcba9876543210fedcba9876543210"
ACCOUNT = "101-004-9182736-001"
CREDENTIALS = OandaCredentials(TOKEN, ACCOUNT)
SIGNER = signer(CREDENTIALS)


def signed(request: RestRequest) -> RestRequest:
    """The request with the token."""
    return SIGNER.sign(request, host="api-fxpractice.oanda.com", now_ns=1, nonce="n")


# ---------------------------------------------------------------- credentials


def test_no_text_shows_the_token() -> None:
    """Neither of the credentials nor of what signs with them."""
    for shown in (repr(CREDENTIALS), str(CREDENTIALS), f"{CREDENTIALS}", repr(SIGNER)):
        assert ACCOUNT in shown
        assert TOKEN not in shown


@pytest.mark.parametrize("token", ["", "a b", "abc\n", "a\tb", "\u00e9", "\x00"])
def test_a_malformed_token_is_told_at_once_and_not_quoted(token: str) -> None:
    """A line end that was copied with it above all."""
    with pytest.raises(ConfigurationError) as caught:
        OandaCredentials(token, ACCOUNT)

    assert "copy it anew" in str(caught.value)
    assert not token or token not in str(caught.value).replace(" ", "")


@pytest.mark.parametrize(
    "account",
    [
        "",
        "9182736",
        "101-004-9182736",
        "101-004-9182736-001-2",
        "101-004-x-001",
        f"{ACCOUNT}\n",
        "101-004--001",
        "101/004/9182736/001",
        "\u0661-1-1-1",
    ],
)
def test_a_malformed_account_is_told_at_once(account: str) -> None:
    """One of the old interface too; what to do stands with it."""
    with pytest.raises(ConfigurationError) as caught:
        OandaCredentials(TOKEN, account)

    assert "101-004-1234567-001" in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_where_a_token_is_read_from() -> None:
    """The environment, or the names of an endpoints file; half of it is an error."""
    values = {"OANDA_API_TOKEN": TOKEN, "OANDA_ACCOUNT_ID": ACCOUNT}

    assert credentials_from_environment(values) == CREDENTIALS
    assert OandaCredentials.from_env(values) == CREDENTIALS
    assert credentials_from_environment({}) is None
    assert credentials_from_mapping({"token": TOKEN, "account_id": ACCOUNT}) == CREDENTIALS
    assert credentials_from_mapping({"token": TOKEN}) is None
    assert credentials_from_mapping({}) is None
    for name in values:
        rest = {key: value for key, value in values.items() if key != name}
        with pytest.raises(ConfigurationError, match=f"{name} is missing"):
            credentials_from_environment(rest)


def test_the_process_own_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of the other exchanges."""
    monkeypatch.setenv("OANDA_API_TOKEN", TOKEN)
    monkeypatch.setenv("OANDA_ACCOUNT_ID", ACCOUNT)

    assert OandaCredentials.from_env() == CREDENTIALS


# ---------------------------------------------------------------- signing


def test_a_request_gets_the_token_and_the_account() -> None:
    """And says in which form times are to come."""
    done = signed(account_get("positions", "/positions/EUR_USD", (("a", "b"),)))

    assert done.path == f"/v3/accounts/{ACCOUNT}/positions/EUR_USD"
    assert done.query == "a=b"
    assert done.headers == (
        ("authorization", f"Bearer {TOKEN}"),
        ("accept-datetime-format", "RFC3339"),
    )


def test_what_a_request_says_itself_stays() -> None:
    """Its headers and its body."""
    request = account_write("PUT", "cancel", "/orders/1/cancel", {"a": "b"}, lane=Lane.CANCEL)
    done = signed(request)

    assert done.headers[: len(request.headers)] == request.headers
    assert (done.body, done.lane) == (request.body, request.lane)


def test_a_path_without_an_account_needs_the_token_too() -> None:
    """Nothing is answered without."""
    done = signed(instrument_get("candles", "/EUR_USD/candles", ()))

    assert done.path == "/v3/instruments/EUR_USD/candles"
    assert ("authorization", f"Bearer {TOKEN}") in done.headers


def test_what_needs_no_signature_is_left_alone() -> None:
    """The very same request."""
    request = RestRequest(operation="x", method="GET", path="/{account}", auth=Auth.NONE)

    assert signed(request) is request


def test_nothing_is_signed_ahead_or_said_on_a_stream() -> None:
    """Streams only speak."""
    request = account_get("x", "/summary")

    assert SIGNER.sign_ahead(request, host="h", now_ns=0, nonce="") is None
    with pytest.raises(LocalProtocolError):
        SIGNER.sign_stream(StreamMessage({}), now_ns=0, nonce="")


# ---------------------------------------------------------------- profile


def test_the_two_places_where_the_exchange_is() -> None:
    """Both streams are on one host, everything else on another."""
    assert set(PROFILE.endpoints) == {"live", "practice"}
    for name, site in (("live", "fxtrade"), ("practice", "fxpractice")):
        endpoints = PROFILE.endpoints[name]
        assert endpoints.rest == f"https://api-{site}.oanda.com"
        assert endpoints.stream == endpoints.user_stream == f"https://stream-{site}.oanda.com"


def test_what_costs_is_counted_in_a_window_that_there_is() -> None:
    """Otherwise nothing would hold a request back."""
    windows = {window.name for window in PROFILE.limits}

    assert {cost.window for cost in account_get("x", "/summary").costs} <= windows
    assert PROFILE.connections is not None
    assert PROFILE.connections.capacity == 2


def test_every_chore_needs_the_token_and_none_reads_the_clock() -> None:
    """The exchange answers nothing without one, and it does not depend on the time."""
    assert [chore.effect for chore in PROFILE.chores] == [
        ChoreEffect.CREDENTIALS,
        ChoreEffect.INSTRUMENTS,
    ]
    assert all(chore.is_private for chore in PROFILE.chores)


def test_there_are_no_trades_and_no_candles_to_listen_to() -> None:
    """Quotes, and what follows from them."""
    assert not PROFILE.topics & {Topic.TRADES, Topic.AGGREGATE_TRADES, Topic.CANDLES}
    assert Topic.QUOTES in PROFILE.topics
    assert OrderType.STOP_LIMIT not in PROFILE.orders
