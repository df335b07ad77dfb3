"""Whatever a client sends, the simulated Coinbase answers and lives on."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scenarios.plain_client import BASE, HOST, PlainClient, limit_gtc
from venuetree.scenarios.simulated.coinbase import Settings
from venuetree.scenarios.simulated.wire import Request

WORDS = st.sampled_from(
    ["BTC-USD", "ETH-BTC", "NOPE", "", "level2", "user", "ticker", "heartbeats", "matches", "BUY",
     "subscribe", "unsubscribe", "0", "-1", "1e9", "9" * 30, "0." + "0" * 29 + "1", "0.1", "60000"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
CONFIGURATIONS = st.dictionaries(
    st.sampled_from(
        ["limit_limit_gtc", "limit_limit_gtd", "market_market_ioc", "sor_limit_ioc",
         "stop_limit_stop_limit_gtc", "trigger_bracket_gtc", "twap_limit_gtd"]
    ),
    VALUES | st.dictionaries(
        st.sampled_from(
            ["base_size", "quote_size", "limit_price", "stop_price", "stop_trigger_price",
             "end_time", "post_only", "stop_direction"]
        ),
        VALUES,
    ),
    max_size=2,
)  # fmt: skip
LIVELY = settings(max_examples=100, deadline=None)
FREE = Settings(private_limit=None, public_limit=None, connection_limit=None, message_limit=None)
CLIENT = PlainClient(FREE)


@given(
    path=st.sampled_from(["", "/preview", "/edit", "/edit_preview", "/batch_cancel"]),
    body=st.dictionaries(
        st.sampled_from(["client_order_id", "product_id", "side", "order_id", "order_ids", "size",
                         "price", "attached_order_configuration"]),
        VALUES,
    ),
    configuration=CONFIGURATIONS | VALUES,
)  # fmt: skip
@LIVELY
def test_any_body_is_answered(path: str, body: dict[str, Any], configuration: Any) -> None:
    """With an outcome or as a bad request."""
    good = {"client_order_id": "x", "product_id": "BTC-USD", "side": "BUY"}
    full = {**good, **body, "order_configuration": configuration}

    response = CLIENT.response("POST", f"/orders{path}", body=full)

    assert response.status in {200, 400}
    assert isinstance(json.loads(response.body), dict)


@given(
    path=st.sampled_from(["/accounts", "/products", "/product_book", "/best_bid_ask",
                          "/orders/historical/batch", "/orders/historical/fills",
                          "/products/BTC-USD/candles", "/products/BTC-USD/ticker", "/market/x"]),
    query=st.lists(
        st.tuples(
            st.sampled_from(["limit", "cursor", "start", "end", "granularity", "product_id",
                             "product_ids", "offset", "order_status", "start_date",
                             "aggregation_price_increment"]),
            WORDS | st.text(max_size=6) | st.just("ONE_DAY"),
        ),
        max_size=4,
    ),
)  # fmt: skip
@LIVELY
def test_any_query_is_answered(path: str, query: list[tuple[str, str]]) -> None:
    """With data, or as a bad request, or as not found; 500 where the real exchange breaks."""
    response = CLIENT.response("GET", path, query=tuple(query))

    assert response.status in {200, 400, 404, 500}
    assert isinstance(json.loads(response.body), dict)


@given(token=st.text(max_size=30) | st.lists(st.text(max_size=8), min_size=3).map(".".join))
@LIVELY
def test_any_token_is_refused(token: str) -> None:
    """With 401, never with an exception."""
    headers = {"authorization": f"Bearer {token}", "host": HOST}
    request = Request("GET", f"{BASE}/accounts", (), headers)

    assert CLIENT.sim.handle("rest", request).response.status == 401


@given(
    messages=st.lists(
        st.dictionaries(
            st.sampled_from(["type", "channel", "channels", "product_ids", "jwt", "signature"]),
            VALUES,
        )
        | VALUES,
        max_size=4,
    )
)
@LIVELY
def test_any_message_is_survived(messages: list[Any]) -> None:
    """Of either protocol; the connection can still subscribe afterwards."""
    stream = CLIENT.stream()
    for message in messages:
        stream.connection.receive(json.dumps(message))
    stream.frames()

    stream.subscribe("ticker", "BTC-USD")
    stream.send({"type": "subscribe", "channels": ["ticker"], "product_ids": ["BTC-USD"]})

    names = [frame.get("channel") or frame["type"] for frame in stream.frames()]
    assert "subscriptions" in names
    stream.connection.disconnected()


def test_numbers_of_any_length_are_compared_exactly() -> None:
    """Thirty digits on either side of the point are off the grid or too large, no crash."""
    client = PlainClient()

    long = client.refused(limit_gtc("0." + "0" * 29 + "1", "60000"))
    large = client.refused(limit_gtc("9" * 30, "60000"))

    assert long == ("INVALID_SIZE_PRECISION", "PREVIEW_INVALID_SIZE_PRECISION")
    assert large == ("UNKNOWN_FAILURE_REASON", "PREVIEW_INVALID_BASE_SIZE_TOO_LARGE")
