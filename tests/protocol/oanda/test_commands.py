"""Every command has a conversation, or is refused at once."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from venuetree.protocol import commands as c
from venuetree.protocol.builders import limit_order, market_order
from venuetree.protocol.errors import NotSupported
from venuetree.protocol.exchanges.oanda.requests import (
    account_get,
    account_write,
    instrument_get,
    order_name,
)
from venuetree.protocol.exchanges.oanda.rest import OandaRest
from venuetree.protocol.messages import Request
from venuetree.protocol.models import (
    ClientExtensions,
    Closing,
    Exit,
    ExitChanges,
    MarginTerms,
    OcoRequest,
    OrderKey,
    SentimentKind,
    Side,
)
from venuetree.protocol.port import Cost, Effect, FlowContext, Lane, RestRequest

ORDER = limit_order("EUR-USD", Side.BUY, quantity="1", price="1", client_order_id="c")
CLOSING = market_order(
    "EUR-USD",
    Side.SELL,
    quantity="1",
    margin=MarginTerms(closing=Closing("5")),
    client_order_id="c",
)
CLOSING_SIDE = evolve(CLOSING, margin=MarginTerms(closing=Closing()))
KEY = OrderKey("EUR-USD", "c", "1")
NOW_NS = 1_718_200_000_000_000_000
MINUTE = 60_000_000_000


@pytest.mark.parametrize(
    ("command", "method", "path"),
    [
        (c.PlaceOrder(ORDER), "POST", "/orders"),
        (c.PlaceOrder(CLOSING), "PUT", "/trades/5/close"),
        (c.ClosePosition((CLOSING_SIDE,)), "PUT", "/positions/EUR_USD/close"),
        (c.ReplaceOrder(KEY, ORDER), "PUT", "/orders/1"),
        (c.CancelOrder(KEY), "PUT", "/orders/1/cancel"),
        (c.CancelOpenOrders(), "GET", "/pendingOrders"),
        (c.FetchOrder(KEY), "GET", "/orders/1"),
        (c.FetchOpenOrders(), "GET", ""),
        (c.FetchOrders(), "GET", "/transactions"),
        (c.FetchFills(), "GET", "/transactions"),
        (c.FetchFills(KEY), "GET", "/transactions/sinceid"),
        (c.FetchLog("5"), "GET", "/transactions/sinceid"),
        (c.FetchLogState(), "GET", ""),
        (c.ResolveOrder(ORDER, 0, c.Resend.ALLOWED), "GET", "/transactions"),
        (c.ChangeExits("5", ExitChanges(stop_loss=None)), "PUT", "/trades/5/orders"),
        (
            c.ChangeExits("5", ExitChanges(stop_loss=Exit(Decimal(1)))),
            "PUT",
            "/trades/5/orders",
        ),
        (c.WriteOrderExtensions(KEY, ClientExtensions("a")), "PUT", "/orders/1/clientExtensions"),
        (c.WriteTradeExtensions("5", ClientExtensions("a")), "PUT", "/trades/5/clientExtensions"),
        (c.FetchMarginTrade("5"), "GET", "/trades/5"),
        (c.FetchMarginTrades(), "GET", "/trades"),
        (c.FetchPositions(), "GET", "/openPositions"),
        (c.FetchBalances(), "GET", "/summary"),
        (c.FetchAccountSummary(), "GET", "/summary"),
        (c.FetchKeyPermissions(), "GET", "/summary"),
        (c.ConfigureAccount("a"), "PATCH", "/configuration"),
        (c.FetchAccountChanges("5"), "GET", "/changes"),
        (c.FetchInstruments(), "GET", "/instruments"),
        (c.FetchServerTime(), "GET", "/pricing"),
        (c.FetchBook("EUR-USD"), "GET", "/pricing"),
        (c.FetchTickers(("EUR-USD",)), "GET", "/pricing"),
        (c.FetchConversions(("EUR-USD",)), "GET", "/pricing"),
    ],
)
def test_each_command_begins_with_its_request(
    command: Request[Any, Any], method: str, path: str
) -> None:
    """Of the account, which the signer names."""
    request = next(OandaRest().flow(command, FlowContext(NOW_NS)))

    assert isinstance(request, RestRequest)
    assert (request.method, request.path) == (method, f"/v3/accounts/{{account}}{path}")
    assert request.costs == (Cost("rest_1s"),)
    assert request.effect is (Effect.READ if method == "GET" else Effect.WRITE)


@pytest.mark.parametrize(
    "command",
    [
        c.FetchCandles("EUR-USD", MINUTE, NOW_NS - MINUTE, NOW_NS),
        c.FetchSentiment("EUR-USD", SentimentKind.ORDERS),
    ],
)
def test_what_is_the_market_s_is_asked_of_the_instrument(command: Request[Any, Any]) -> None:
    """Under its own root."""
    request = next(OandaRest().flow(command, FlowContext(NOW_NS)))

    assert isinstance(request, RestRequest)
    assert "/instruments/EUR_USD/" in request.path


@pytest.mark.parametrize(
    "command",
    [
        c.PlaceOco(OcoRequest(ORDER, ORDER)),
        c.EditOrder(KEY, ORDER),
        c.PreviewOrder(ORDER),
        c.FetchTrades("EUR-USD"),
        c.FetchFees(),
        c.OpenAccountStream(),
        c.KeepAccountStream("x"),
    ],
)
def test_what_the_exchange_does_not_have_is_refused_at_once(command: Request[Any, Any]) -> None:
    """Before anything is asked."""
    with pytest.raises(NotSupported) as caught:
        OandaRest().flow(command, FlowContext(NOW_NS))
    assert caught.value.exchange == "oanda"


# ---------------------------------------------------------------- requests


def test_values_are_encoded_in_paths_and_queries() -> None:
    """Colons and signs of times among them; what stands for the account is not a value."""
    asked = account_get("x", "/transactions", (("from", "2024-06-01T00:00:00+01:00"), ("a b", "&")))

    assert asked.path == "/v3/accounts/{account}/transactions"
    assert asked.query == "from=2024-06-01T00%3A00%3A00%2B01%3A00&a%20b=%26"
    assert order_name("", "é@{account}/") == "@%C3%A9%40%7Baccount%7D%2F"
    assert order_name("5", "c") == "5"
    assert instrument_get("x", "/EUR_USD/candles").path == "/v3/instruments/EUR_USD/candles"


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH"])
def test_a_change_has_a_body_of_json_or_none(method: str) -> None:
    """Either way it is a change."""
    with_body = account_write(
        method, "x", "/y", {"units": "1"}, lane=Lane.CANCEL, client_order_id="c"
    )
    without = account_write(method, "x", "/y", None, lane=Lane.DATA)

    assert (with_body.method, with_body.body) == (method, b'{"units":"1"}')
    assert with_body.headers == (("content-type", "application/json"),)
    assert (with_body.lane, with_body.effect) == (Lane.CANCEL, Effect.WRITE)
    assert with_body.client_order_id == "c"
    assert (without.body, without.headers, without.effect) == (b"", (), Effect.WRITE)
