"""The exchange's published vectors, and that what is signed is what is sent."""

import hashlib
import hmac
import urllib.parse

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuetree.protocol.errors import ConfigurationError
from venuetree.protocol.exchanges.binance_us.credentials import (
    BinanceUsCredentials,
    credentials_from_environment,
    credentials_from_mapping,
)
from venuetree.protocol.exchanges.binance_us.signing import BinanceUsSigner, signer
from venuetree.protocol.port import Auth, RestRequest, StreamMessage

KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
CREDENTIALS = BinanceUsCredentials(KEY, SECRET)
SIGNER = signer(CREDENTIALS)
MILLISECOND = 1_000_000
#: The time of the published vectors of the REST API.
VECTOR_NS = 1_499_827_319_559 * MILLISECOND
ORDER = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"


def request(
    method: str = "POST", query: str = "", body: str = "", auth: Auth = Auth.SIGNED
) -> RestRequest:
    """A request to be signed."""
    return RestRequest(
        operation="place",
        method=method,
        path="/api/v3/order",
        query=query,
        body=body.encode(),
        auth=auth,
    )


def signed(wanted: RestRequest, now_ns: int = VECTOR_NS) -> RestRequest:
    """It, signed."""
    return SIGNER.sign(wanted, host="api.binance.us", now_ns=now_ns, nonce="")


@pytest.mark.parametrize(
    ("query", "body", "signature"),
    [
        (ORDER, "", "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
        ("", ORDER, "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
        (
            "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC",
            "quantity=1&price=0.1",
            "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77",
        ),
        (
            ORDER.replace("LTCBTC", "%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96"),
            "",
            "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
        ),
    ],
    ids=["query", "body", "split", "percent"],
)
def test_the_published_vectors_of_the_rest_api(query: str, body: str, signature: str) -> None:
    """The window and the time stand before the signature, as in the documents' examples."""
    done = signed(request(query=query, body=body))
    sent = done.body.decode() if body else done.query

    assert sent == (
        f"{body or query}&recvWindow=5000&timestamp=1499827319559&signature={signature}"
    )
    assert done.query == (query if body else sent)
    assert dict(done.headers)["x-mbx-apikey"] == KEY


def test_without_parameters_the_query_is_time_and_signature() -> None:
    """No separator before the first parameter."""
    done = signed(request("GET"), 1_788_540_234_915 * MILLISECOND)

    assert done.query.startswith("recvWindow=5000&timestamp=1788540234915&signature=")
    assert done.body == b""


def test_the_published_vector_of_the_websocket_api() -> None:
    """Parameters sorted by name, the key among them, nothing percent-encoded."""
    params = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01000000",
        "price": "52000.00",
        "newOrderRespType": "ACK",
        "recvWindow": 100,
    }
    message = StreamMessage({"id": 7, "method": "order.place", "params": params})
    done = orjson.loads(
        SIGNER.sign_stream(message, now_ns=1_645_423_376_532 * MILLISECOND, nonce="")
    )

    assert done == {
        "id": 7,
        "method": "order.place",
        "params": {
            **params,
            "apiKey": KEY,
            "timestamp": 1_645_423_376_532,
            "signature": "cc15477742bd704c29492d96c7ead9414dfd8e0ec4a00f947bb5bb454ddbd08a",
        },
    }


def test_a_subscription_to_the_user_stream_is_signed() -> None:
    """It has no parameters of its own."""
    message = StreamMessage({"id": 1, "method": "userDataStream.subscribe.signature"})
    done = orjson.loads(
        SIGNER.sign_stream(message, now_ns=1_788_540_234_915 * MILLISECOND, nonce="")
    )

    assert done["params"]["signature"] == (
        "1b2e9a279ee39c1a02ceeedf07460dd3124f0b4150d5d319263aeda510a0e470"
    )


def test_a_key_alone_signs_nothing() -> None:
    """The listen key's requests carry the key and no time; public ones carry nothing."""
    keyed = signed(request("PUT", body="listenKey=abc", auth=Auth.KEY))
    public = request("GET", auth=Auth.NONE)

    assert (keyed.body, keyed.query) == (b"listenKey=abc", "")
    assert keyed.headers == (("x-mbx-apikey", KEY),)
    assert signed(public) is public


PAIRS = st.dictionaries(
    st.text("abcXYZ", min_size=1), st.text(min_size=1).map(lambda t: urllib.parse.quote(t, safe=""))
)


@given(query=PAIRS, body=PAIRS, now_ns=st.integers(0, 2**62))
def test_the_signature_covers_what_is_sent(
    query: dict[str, str], body: dict[str, str], now_ns: int
) -> None:
    """Query and body as sent, without the signature, joined by nothing, give the signature."""
    wanted = request(query=_joined(query), body=_joined(body))
    done = signed(wanted, now_ns)
    payload, _, signature = (done.query + done.body.decode()).rpartition("&signature=")

    assert signature == hmac.new(SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest()
    assert payload.endswith(f"timestamp={now_ns // MILLISECOND}")


def _joined(pairs: dict[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in pairs.items())


def test_nothing_is_signed_ahead() -> None:
    """The body and the time are part of it."""
    assert SIGNER.sign_ahead(request(), host="h", now_ns=0, nonce="") is None


@pytest.mark.parametrize(
    ("key", "secret"), [("", "s"), ("k", ""), ("k", "s\n"), ("k k", "s"), ("k", "\u00e9")]
)
def test_a_malformed_key_is_told_at_once_and_not_quoted(key: str, secret: str) -> None:
    """A line end that was copied with it would else be refused as a wrong signature."""
    with pytest.raises(ConfigurationError) as caught:
        signer(BinanceUsCredentials(key, secret))

    assert not secret.strip() or f"'{secret}'" not in str(caught.value)


def test_no_text_shows_the_secret() -> None:
    """Neither of the credentials nor of the signer."""
    for shown in (repr(CREDENTIALS), str(CREDENTIALS), repr(BinanceUsSigner(CREDENTIALS))):
        assert KEY in shown
        assert SECRET not in shown


def test_where_a_key_is_read_from() -> None:
    """The environment, or the names of an endpoints file; half a key is an error."""
    values = {"BINANCE_US_API_KEY": KEY, "BINANCE_US_API_SECRET": SECRET}

    assert credentials_from_environment(values) == CREDENTIALS
    assert BinanceUsCredentials.from_env(values) == CREDENTIALS
    assert credentials_from_environment({}) is None
    assert credentials_from_mapping({"api_key": KEY, "api_secret": SECRET}) == CREDENTIALS
    assert credentials_from_mapping({"api_key": KEY}) is None
    with pytest.raises(ConfigurationError, match="BINANCE_US_API_SECRET is missing"):
        credentials_from_environment({"BINANCE_US_API_KEY": KEY})
