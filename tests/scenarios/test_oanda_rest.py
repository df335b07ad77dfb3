"""The simulated OANDA's REST surface: who may ask, routing, headers, formats, what is listed."""

import gzip
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.scenarios.plain_oanda import HOST, PlainClient, body
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.simulated.oanda.routes import ROUTES
from venuetree.scenarios.simulated.oanda.settings import Settings
from venuetree.scenarios.simulated.wire import Refusal, Request

FORBIDDEN = (403, "The provided request was forbidden.")
UNAUTHORISED = (401, "Insufficient authorization to perform request.")


@pytest.fixture
def client() -> PlainClient:
    """An exchange without limits."""
    return PlainClient(Settings(requests=None))


# Who may ask


def test_without_a_token_that_is_known_nothing_is_answered(client: PlainClient) -> None:
    """Missing, wrong, of another scheme, revoked."""
    good = client.token
    for header in ("", "Bearer wrong", f"Basic {good}", f"{good}"):
        refused = client.refused("GET", "summary", headers={"authorization": header})
        assert refused == UNAUTHORISED
    client.get("summary")
    client.sim.revoke_token()

    assert client.refused("GET", "summary") == UNAUTHORISED
    with pytest.raises(KeyError):
        client.sim.revoke_token()


def test_an_account_of_another_client_is_forbidden(client: PlainClient) -> None:
    """As one that does not exist is; what is no account id at all is a bad value."""
    other = client.sim.add_account(token="0-0")

    for account_id in (other.id, "101-004-1-001"):
        assert client.refused("GET", f"/v3/accounts/{account_id}/summary") == FORBIDDEN
    bad = client.refused("GET", "/v3/accounts/12345/summary")
    assert bad == (400, "Invalid value specified for 'accountID'")
    client.token = client.sim.add_token(other)
    assert client.get(f"/v3/accounts/{other.id}/summary")["account"]["id"] == other.id
    assert client.refused("GET", "summary") == FORBIDDEN


def test_accounts_are_listed_with_those_of_another_platform(client: PlainClient) -> None:
    """One that nets, one that hedges, one that is not ours to touch."""
    first, second, third = client.get("/v3/accounts")["accounts"]
    hedging = [
        client.get(f"/v3/accounts/{each['id']}/summary")["account"]["hedgingEnabled"]
        for each in (first, second)
    ]

    assert first == {"id": client.account_id, "tags": []}
    assert hedging == [False, True]
    assert third["mt4AccountID"] == 3184402
    assert third["tags"] == ["MT4"]


def test_there_is_enough_money(client: PlainClient) -> None:
    """A million of the home currency, and no order."""
    account = client.get("")["account"]

    assert (account["balance"], account["currency"]) == ("1000000.0000", "USD")
    assert account["orders"] == account["trades"] == []


# Routing and headers


def test_unknown_paths_and_methods(client: PlainClient) -> None:
    """404 and 405, as JSON."""
    assert client.refused("GET", "/v3/nothing")[0] == 404
    assert client.refused("GET", "/api")[0] == 404
    assert client.refused("DELETE", "orders")[0] == 405
    assert client.refused("POST", "summary")[0] == 405


def test_the_streaming_host_knows_nothing_but_streams(client: PlainClient) -> None:
    """And has no WebSocket; nor has the other host streams."""
    request = client.request("GET", "summary")

    assert client.sim.handle("stream", request).response.status == 404
    assert client.sim.connect("stream", Request("GET", "/")) == Refusal(404, "")
    stream = client.request("GET", "pricing/stream", {"instruments": "EUR_USD"})
    assert client.sim.open_lines("rest", stream) is None
    assert client.sim.handle("rest", stream).response.status == 404


def test_every_route_that_reads_answers(client: PlainClient) -> None:
    """Each GET of the table, once there is something to read."""
    client.place(type="MARKET")
    trade_id = client.get("openTrades")["trades"][0]["id"]
    order_id = client.place()["orderCreateTransaction"]["id"]
    last = client.sim.account.last_transaction_id
    query = {
        "instruments": "EUR_USD,USD_JPY",
        "sinceTransactionID": 1,
        "id": 1,
        "from": 1,
        "to": last,
        "candleSpecifications": "EUR_USD:S5:M",
    }
    for template, functions in ROUTES.items():
        if "GET" not in functions:
            continue
        specifier = trade_id if "trades" in template else order_id
        path = template.format(
            account=client.account_id, specifier=specifier, transaction=1, instrument="EUR_USD"
        )
        timed = any(part in path for part in ("andles", "transactions"))
        given = {} if timed and "idrange" not in path and "latest" not in path else query
        if "sinceid" in path:
            given = query
        response = client.send("GET", path, given)

        answer = body(response)
        if path.startswith(f"/v3/accounts/{client.account_id}") and "candles" not in path:
            assert "lastTransactionID" in answer or "prices" in answer


def test_every_answer_has_a_request_id(client: PlainClient) -> None:
    """A number of its own; what the request wrote down bears the same."""
    headers = dict(client.send("GET", "summary").headers)
    response = client.send(
        "POST",
        "orders",
        body={"order": {"type": "MARKET", "instrument": "EUR_USD", "units": "1"}},
    )
    placed, answer = dict(response.headers), body(response, 201)

    assert headers["requestid"].isdigit()
    assert headers["requestid"] != placed["requestid"]
    assert placed["requestid"] == answer["orderCreateTransaction"]["requestID"]
    assert "access-control-allow-origin" in headers
    refused = dict(client.send("GET", "/v3/nothing").headers)
    assert refused["requestid"].isdigit()


def test_what_is_created_has_a_location(client: PlainClient) -> None:
    """Creating, replacing, closing a position; not what is refused."""
    order = {"type": "LIMIT", "instrument": "EUR_USD", "units": "1", "price": "0.9"}
    base = f"http://{HOST}/v3/accounts/{client.account_id}/orders"
    response = client.send("POST", "orders", body={"order": order})
    order_id = body(response, 201)["orderCreateTransaction"]["id"]
    replaced = client.send("PUT", f"orders/{order_id}", body={"order": order})
    new_id = body(replaced, 201)["orderCreateTransaction"]["id"]
    client.place(type="MARKET")
    closed = client.send("PUT", "positions/EUR_USD/close", body={"longUnits": "ALL"})
    close_id = body(closed)["longOrderCreateTransaction"]["id"]
    refused = client.send("POST", "orders", body={"order": order | {"units": "0"}})

    assert dict(response.headers)["location"] == f"{base}/{order_id}"
    assert dict(replaced.headers)["location"] == f"{base}/{new_id}"
    assert dict(closed.headers)["location"] == f"{base}/{close_id}"
    assert refused.status == 400
    assert "location" not in dict(refused.headers)


def test_lists_link_to_their_next_page(client: PlainClient) -> None:
    """Following the links shows everything, newest first; the last page has none."""
    made = [client.place()["orderCreateTransaction"]["id"] for _ in range(7)]
    path, query, seen = "orders", {"count": "3"}, []
    for _ in range(4):
        response = client.send("GET", path, query)
        seen += [order["id"] for order in body(response)["orders"]]
        link = dict(response.headers).get("link")
        if link is None:
            break
        url = urlsplit(link.partition(">")[0].removeprefix("<"))
        assert url.netloc == HOST
        assert link.endswith('rel="next"')
        path, query = url.path, {name: values[0] for name, values in parse_qs(url.query).items()}

    assert list(dict.fromkeys(seen)) == made[::-1]
    assert link is None


def test_bodies_must_be_json(client: PlainClient) -> None:
    """By their content type and by their bytes; some calls need none."""
    form = {"content-type": "application/x-www-form-urlencoded"}
    order = {"order": {"type": "MARKET", "instrument": "EUR_USD", "units": "1"}}

    assert client.refused("POST", "orders", body=order, headers=form)[0] == 415
    assert client.refused("POST", "orders", body=b"{")[0] == 400
    nothing: tuple[Any, ...] = ({}, [], {"ordr": 1})
    for missing in nothing:
        refused = client.refused("POST", "orders", body=missing)
        assert refused == (400, "The request was missing required data")
    order_id = client.place()["orderCreateTransaction"]["id"]
    assert client.send("PUT", f"orders/{order_id}/cancel").status == 200


def test_answers_are_zipped_for_who_asks_for_it(client: PlainClient) -> None:
    """And for nobody else."""
    zipped = client.send("GET", "instruments", headers={"accept-encoding": "gzip, deflate"})
    plain = client.send("GET", "instruments", headers={"accept-encoding": "identity"})

    assert dict(zipped.headers)["content-encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == plain.body


def test_times_come_as_they_are_asked_for(client: PlainClient) -> None:
    """RFC 3339 with nine digits, or UNIX seconds, everywhere in an answer."""
    client.place(type="MARKET", stopLossOnFill={"price": "1.0"}, clientExtensions={"id": "time"})
    unix = {"accept-datetime-format": "UNIX"}
    usual = client.get("openTrades")["trades"][0]
    trade = client.get("openTrades", headers=unix)["trades"][0]
    quote = client.get("pricing", {"instruments": "EUR_USD"}, headers=unix)
    candles = client.get("/v3/instruments/EUR_USD/candles", {"count": 1}, headers=unix)
    zero = client.get("/v3/accounts", headers={"accept-datetime-format": "SUNDIAL"})

    assert usual["openTime"] == "2026-09-21T14:13:20.000000000Z"
    assert trade["openTime"] == "1790000000.000000000"
    assert trade["stopLossOrder"]["createTime"] == "1790000000.000000000"
    assert quote["time"] == quote["prices"][0]["time"] == "1790000000.000000000"
    assert candles["candles"][0]["time"] == "1790000000.000000000"
    assert zero["accounts"]


def test_an_order_may_name_its_end_in_either_format(client: PlainClient) -> None:
    """Whatever format the answer has."""
    for text in ("1790003600.5", "2026-09-21T15:13:20.5Z", "2026-09-21T11:13:20.5"):
        made = client.place(timeInForce="GTD", gtdTime=text)["orderCreateTransaction"]
        assert made["gtdTime"] == "2026-09-21T15:13:20.500000000Z"


# Instruments and prices


def test_instruments_can_be_chosen(client: PlainClient) -> None:
    """All, or some of them; an unknown one is refused."""
    everything = client.get("instruments")["instruments"]
    some = client.get("instruments", {"instruments": "XAU_USD,BTC_USD"})["instruments"]
    unknown = client.refused("GET", "instruments", {"instruments": "EUR_UDS"})

    assert len(everything) == len(client.sim.prices.instruments)
    assert [each["name"] for each in some] == ["XAU_USD", "BTC_USD"]
    assert some[1]["tradeUnitsPrecision"] == 2
    assert unknown == (400, "Invalid value specified for 'instruments'")


def test_prices_of_instruments(client: PlainClient) -> None:
    """In the order of the question, with the exchange's time; only newer ones if wanted."""
    client.advance(2)
    client.sim.prices.set_price("USD_JPY", "150.001", "150.011", 250000)
    query = {"instruments": "USD_JPY,EUR_USD"}
    answer = client.get("pricing", query)
    newer = client.get("pricing", query | {"since": "2026-09-21T14:13:21Z"})
    none = client.get("pricing", query | {"since": answer["time"]})

    yen, euro = answer["prices"]
    assert answer["time"] == "2026-09-21T14:13:22.000000000Z"
    assert yen["bids"] == [{"price": "150.001", "liquidity": 250000}]
    assert yen["asks"] == [{"price": "150.011", "liquidity": 250000}]
    assert (yen["status"], yen["tradeable"]) == ("tradeable", True)
    assert euro["time"] == "2026-09-21T14:13:20.000000000Z"
    assert "homeConversions" not in answer
    assert [price["instrument"] for price in newer["prices"]] == ["USD_JPY"]
    assert none["prices"] == []
    for bad in ("", "EUR_USD,EUR_UDS"):
        refused = client.refused("GET", "pricing", {"instruments": bad})
        assert refused == (400, "Invalid value specified for 'instruments'")


def test_conversions_to_home_currency(client: PlainClient) -> None:
    """Of every currency that the instruments have; of home currency exactly 1."""
    client.sim.prices.set_price("EUR_USD", "1.13841", "1.13860")
    query = {"instruments": "EUR_USD,DE30_EUR", "includeHomeConversions": "true"}
    euro, dollar = client.get("pricing", query)["homeConversions"]

    assert euro == {
        "currency": "EUR",
        "accountGain": "1.13281248",
        "accountLoss": "1.14419752",
        "positionValue": "1.138505",
        "unrealizedAccountGain": "1.13841",
        "unrealizedAccountLoss": "1.1386",
    }
    assert set(dollar.values()) == {"USD", "1"}


def test_a_halted_instrument_is_shown_as_such(client: PlainClient) -> None:
    """By both of the words there are for it."""
    client.sim.prices.halt("EUR_USD")
    (price,) = client.get("pricing", {"instruments": "EUR_USD"})["prices"]

    assert (price["status"], price["tradeable"]) == ("non-tradeable", False)


# Transactions


def test_pages_point_to_all_transactions(client: PlainClient) -> None:
    """By URLs of this exchange's own host, which hold them without gap."""
    ids = [str(each) for each in client.sim.make_transactions(250)]
    last = client.sim.account.last_transaction_id
    answer = client.get("transactions", {"from": "2026-09-21T00:00:00Z", "pageSize": "100"})
    found: list[str] = []
    for page in answer["pages"]:
        url = urlsplit(page)
        assert url.netloc == HOST
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        found += [each["id"] for each in client.get(url.path, query)["transactions"]]

    assert answer["count"] == len(found) == last
    assert found[-250:] == ids
    assert len(answer["pages"]) == 3
    assert answer["lastTransactionID"] == str(last)
    assert answer["pageSize"] == 100


def test_pages_keep_the_filter(client: PlainClient) -> None:
    """Only cancels are counted and told."""
    client.sim.make_transactions(10)
    answer = client.get("transactions", {"type": "ORDER_CANCEL"})
    url = urlsplit(answer["pages"][0])
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    found = client.get(url.path, query)["transactions"]

    assert answer["count"] == len(found) == 5
    assert {each["type"] for each in found} == {"ORDER_CANCEL"}
    assert client.refused("GET", "transactions", {"type": "orders"})[0] == 400


def test_since_is_cut_at_a_thousand(client: PlainClient) -> None:
    """Silently; asking again from the last one shows the rest."""
    ids = client.sim.make_transactions(1500)
    first = client.get("transactions/sinceid", {"id": ids[0] - 1})
    second = client.get("transactions/sinceid", {"id": first["transactions"][-1]["id"]})

    told = [int(each["id"]) for each in first["transactions"] + second["transactions"]]
    assert told == ids
    assert len(first["transactions"]) == 1000
    assert first["lastTransactionID"] == str(ids[-1])


def test_ranges_are_inclusive_and_must_be_possible(client: PlainClient) -> None:
    """416 for what cannot be, 400 for what is missing."""
    ids = client.sim.make_transactions(6)
    query = {"from": ids[1], "to": ids[3]}
    found = client.get("transactions/idrange", query)["transactions"]

    assert [int(each["id"]) for each in found] == ids[1:4]
    for bad in ({"from": ids[3], "to": ids[1]}, {"from": ids[0], "to": ids[-1] + 1}):
        assert client.send("GET", "transactions/idrange", bad).status == 416
    assert client.send("GET", "transactions/sinceid", {"id": ids[-1] + 1}).status == 416
    assert client.send("GET", "transactions/sinceid").status == 400
    assert client.get("transactions/sinceid", {"id": ids[-1]})["transactions"] == []


def test_one_transaction(client: PlainClient) -> None:
    """By its id; an unknown one is 404."""
    (order_id,) = client.sim.make_transactions(1)
    found = client.get(f"transactions/{order_id}")["transaction"]
    response = client.send("GET", "transactions/99999")

    assert found["id"] == str(order_id)
    assert response.status == 404
    assert json.loads(response.body)["errorCode"] == "NO_SUCH_TRANSACTION"
    assert client.send("GET", "transactions/x").status == 404


def test_a_list_has_limits(client: PlainClient) -> None:
    """A page of a thousand, a window of a year, and an end after its beginning."""
    size = client.send("GET", "transactions", {"pageSize": 1001})
    year = {"from": "2025-01-01T00:00:00Z", "to": "2026-09-01T00:00:00Z"}
    backward = {"from": "2026-09-02T00:00:00Z", "to": "2026-09-01T00:00:00Z"}

    assert (size.status, json.loads(size.body)["errorCode"]) == (400, "INVALID_PAGESIZE")
    assert client.refused("GET", "transactions", year)[0] == 400
    assert client.refused("GET", "transactions", backward)[0] == 400


# What a test is offered


def test_requests_and_what_they_did_are_in_the_log(client: PlainClient) -> None:
    """Each request, its reply, its orders and fills."""
    client.place(type="MARKET")
    line = f"POST {client.path('orders')}"
    entries = [entry for entry in client.sim.log if entry.subject == line]

    assert [entry.kind for entry in entries] == [LogKind.REQUEST, LogKind.REPLY]
    assert entries[1].detail == "201 whole"
    assert len(client.sim.log.of(LogKind.FILL)) == 1


def test_transfers_and_harmless_transactions(client: PlainClient) -> None:
    """The first changes the balance, the others nothing."""
    client.sim.transfer(client.sim.account.balance)
    ids = client.sim.make_transactions(4)
    account = client.get("summary")["account"]

    assert account["balance"] == "2000000.0000"
    assert len(ids) == 4
    assert account["pendingOrderCount"] == 0


def test_endpoints_name_the_token_and_the_first_account(client: PlainClient) -> None:
    """Both surfaces are plain HTTP."""
    places = {"rest": ("127.0.0.1", 1), "stream": ("127.0.0.1", 2)}

    assert client.sim.endpoints(places) == {
        "rest": "http://127.0.0.1:1",
        "stream": "http://127.0.0.1:2",
        "credentials": {"token": client.sim.token, "account_id": client.account_id},
    }


def test_the_same_seed_gives_the_same_exchange() -> None:
    """Tokens, ids and answers."""
    first, second = PlainClient(), PlainClient()

    assert first.sim.token == second.sim.token
    assert first.get("") == second.get("")
    assert first.place() == second.place()
