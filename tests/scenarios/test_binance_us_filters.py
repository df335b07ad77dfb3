"""Every filter of the simulated Binance.US on both sides of its bound, and every refusal."""

from decimal import Decimal
from typing import Any

import pytest

from tests.scenarios.plain_binance_us import PlainClient, bad, good, order
from venuetree.scenarios.simulated.binance_us import Profile, Settings
from venuetree.scenarios.simulated.binance_us.filters import within
from venuetree.scenarios.simulated.matching import Side

D = Decimal


def market_at(price: str) -> PlainClient:
    """BTCUSD where the last trade, and the average of the last minutes, are this price."""
    client = PlainClient()
    client.now_ms += 600_000
    client.empty_book()
    client.offer(Side.BUY, "1", "1000.00")
    client.offer(Side.SELL, "100", price)
    client.sim.trade("BTCUSD", Side.BUY, D("0.00001"))
    return client


def failure(name: str) -> tuple[int, str]:
    """A filter's refusal."""
    return -1013, f"Filter failure: {name}"


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        pytest.param("PRICE_FILTER", {"price": "60000.01"}, {"price": "60000.001"}, id="tick"),
        pytest.param("LOT_SIZE", {"quantity": "0.00002"}, {"quantity": "0.000021"}, id="step"),
        pytest.param(
            "MIN_NOTIONAL",
            {"quantity": "0.00005", "price": "20000.00"},
            {"quantity": "0.00005", "price": "19999.99"},
            id="least notional",
        ),
        pytest.param("PERCENT_PRICE", {"price": "10000.00"}, {"price": "9999.99"}, id="far below"),
        pytest.param(
            "PERCENT_PRICE",
            {"side": "SELL", "price": "250000.00"},
            {"side": "SELL", "price": "250000.01"},
            id="far above",
        ),
        pytest.param(
            "PRICE_FILTER",
            {"type": "STOP_LOSS", "stopPrice": "50000.01"},
            {"type": "STOP_LOSS", "stopPrice": "50000.011"},
            id="tick of a stop price",
        ),
        pytest.param(
            "MARKET_LOT_SIZE",
            {"type": "MARKET", "quantity": "2.00000"},
            {"type": "MARKET", "quantity": "2.00001"},
            id="largest market order",
        ),
        pytest.param(
            "MIN_NOTIONAL",
            {"type": "MARKET", "quantity": "0.00002"},
            {"type": "MARKET", "quantity": "0.00001"},
            id="least notional of a market order, at the average",
        ),
        pytest.param(
            "MIN_NOTIONAL",
            {"type": "MARKET", "quantity": None, "quoteOrderQty": "1.00"},
            {"type": "MARKET", "quantity": None, "quoteOrderQty": "0.99"},
            id="least notional by quote amount",
        ),
    ],
)
def test_a_filter_lets_in_what_is_on_its_bound_and_nothing_beyond(
    name: str, inside: dict[str, Any], outside: dict[str, Any]
) -> None:
    """The average price is 50,000, the multipliers are 5 and 0.2."""
    client = market_at("50000.00")
    client.sim.change_filters("BTCUSD", market_max_quantity=D(2))

    fine = client.signed("POST", "order/test", order(**inside))
    refused = client.signed("POST", "order/test", order(**outside))

    assert good(fine) == {}
    assert bad(refused) == failure(name)


@pytest.mark.parametrize(
    ("name", "figures", "inside", "outside"),
    [
        ("PRICE_FILTER", {"max_price": D(61000)}, {"price": "61000"}, {"price": "61000.01"}),
        ("PRICE_FILTER", {"min_price": D(59000)}, {"price": "59000"}, {"price": "58999.99"}),
        ("LOT_SIZE", {"max_quantity": D(2)}, {"quantity": "2"}, {"quantity": "2.00001"}),
        ("LOT_SIZE", {"min_quantity": D("0.01")}, {"quantity": "0.01"}, {"quantity": "0.00999"}),
        (
            "PERCENT_PRICE_BY_SIDE",
            {"bid_multipliers": (D(5), D("0.9"))},
            {"price": "45000"},
            {"price": "44999.99"},
        ),
        (
            "PERCENT_PRICE_BY_SIDE",
            {"ask_multipliers": (D("1.1"), D("0.2"))},
            {"side": "SELL", "price": "55000"},
            {"side": "SELL", "price": "55000.01"},
        ),
        ("MARKET_LOT_SIZE", {"market_min_quantity": D("0.1")},
         {"type": "MARKET", "quantity": "0.1"}, {"type": "MARKET", "quantity": "0.09999"}),
        ("MARKET_LOT_SIZE", {"market_lot": D("0.1")},
         {"type": "MARKET", "quantity": "0.2"}, {"type": "MARKET", "quantity": "0.25"}),
        ("MAX_POSITION", {"max_position": D(51)}, {"quantity": "1"}, {"quantity": "1.00001"}),
    ],
)  # fmt: skip
def test_figures_of_a_filter_can_be_changed(
    name: str, figures: dict[str, Any], inside: dict[str, Any], outside: dict[str, Any]
) -> None:
    """And hold at once."""
    client = market_at("50000.00")
    client.sim.change_filters("BTCUSD", **figures)

    fine = client.signed("POST", "order/test", order(**inside))
    refused = client.signed("POST", "order/test", order(**outside))

    assert good(fine) == {}
    assert bad(refused) == failure(name)


def test_a_bound_or_step_of_zero_switches_its_rule_off() -> None:
    """No division by zero, no smallest and no largest."""
    assert within(D("123.456"), D(0), D(0), D(0))
    assert not within(D("123.456"), D(0), D(0), D("0.01"))


def test_open_orders_are_counted_against_their_limits() -> None:
    """All of a symbol, stops among them; orders that are over, or of others, are not."""
    client = PlainClient()
    client.sim.change_filters("BTCUSD", max_orders=3, max_algo_orders=1)
    stop = {"type": "STOP_LOSS", "side": "SELL", "stopPrice": "60000"}
    client.place(**stop)

    second_stop = client.refused(**stop)
    client.place()
    client.place(newClientOrderId="last")
    fourth = client.refused()
    elsewhere = client.place(symbol="BTCUSDT")
    client.cancel(origClientOrderId="last")

    assert second_stop == failure("MAX_NUM_ALGO_ORDERS")
    assert fourth == failure("MAX_NUM_ORDERS")
    assert elsewhere["status"] == client.place()["status"] == "NEW"


def test_the_average_price_is_by_volume_over_five_minutes_then_the_last() -> None:
    """A trade older than that does not count; without any the last price stands."""
    client = PlainClient()
    client.now_ms += 600_000
    client.empty_book()
    client.offer(Side.SELL, "1", "60000.00")
    client.offer(Side.SELL, "9", "61000.00")

    def average() -> str:
        return str(good(client.public("avgPrice", {"symbol": "BTCUSD"}))["price"])

    client.sim.trade("BTCUSD", Side.BUY, D(1))
    client.now_ms += 200_000
    client.sim.trade("BTCUSD", Side.BUY, D(3))
    both = average()
    client.now_ms += 100_001
    second = average()
    client.now_ms += 600_000

    assert both == "60750.00000000"
    assert second == average() == "61000.00000000"


@pytest.mark.parametrize(
    ("profile", "text"),
    [
        (Profile.LIVE, "Parameter 'quantity' has too much precision."),
        (Profile.DOC, "Precision is over the maximum defined for this asset."),
    ],
)
def test_too_many_decimals_are_refused_before_any_filter(profile: Profile, text: str) -> None:
    """Eight are fine for the precision, though not for the step."""
    client = PlainClient(Settings(profile=profile))

    assert client.refused(quantity="0.000000001") == (-1111, text)
    assert client.refused(quantity="0.00000001") == failure("LOT_SIZE")


MISSING = "Mandatory parameter '{}' was not sent, was empty/null, or malformed."
NOT_REQUIRED = "Parameter '{}' sent when not required."
DECIMAL = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
ILLEGAL = "Illegal characters found in parameter '{}'; legal range is '{}'."


@pytest.mark.parametrize(
    ("params", "refusal"),
    [
        *[
            pytest.param({"quantity": text}, (-1100, ILLEGAL.format("quantity", DECIMAL)), id=text)
            for text in ("1e-05", "-1", "+1", ".5", "1.", "1,5", " 1", "NaN", "1_0", "\u0661")
        ],
        pytest.param(
            {"symbol": "btcusd"},
            (-1100, ILLEGAL.format("symbol", "^[A-Z0-9-_.]{1,20}$")),
            id="small letters",
        ),
        *[
            pytest.param(
                {"newClientOrderId": text},
                (-1100, ILLEGAL.format("newClientOrderId", "^[a-zA-Z0-9-_]{1,36}$")),
                id=text,
            )
            for text in ("a.b", "a:b", "a/b", "x" * 37)
        ],
        pytest.param(
            {"newClientOrderId": ""},
            (-1105, "Parameter 'newClientOrderId' was empty."),
            id="empty",
        ),
        *[
            pytest.param({name: None}, (-1102, MISSING.format(name)), id=f"no {name}")
            for name in ("symbol", "side", "type", "timeInForce", "quantity", "price")
        ],
        *[
            pytest.param({name: value}, (-1106, NOT_REQUIRED.format(name)), id=f"LIMIT with {name}")
            for name, value in (("stopPrice", "1"), ("quoteOrderQty", "1"), ("trailingDelta", "10"))
        ],
        pytest.param(
            {"type": "LIMIT_MAKER", "timeInForce": "GTC"},
            (-1106, NOT_REQUIRED.format("timeInForce")),
            id="LIMIT_MAKER with a time in force",
        ),
        *[
            pytest.param(
                {"type": "MARKET", name: value},
                (-1106, NOT_REQUIRED.format(name)),
                id=f"MARKET with {name}",
            )
            for name, value in (("price", "1"), ("timeInForce", "GTC"), ("quoteOrderQty", "1"))
        ],
        pytest.param(
            {"type": "MARKET", "quantity": None},
            (-1102, "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!"),
            id="MARKET without a size",
        ),
        pytest.param(
            {"type": "STOP_LOSS"},
            (-1102, "Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!"),
            id="STOP_LOSS without a stop price",
        ),
        pytest.param({"side": "HOLD"}, (-1117, "Invalid side."), id="side"),
        pytest.param({"type": "FANCY"}, (-1116, "Invalid orderType."), id="type"),
        pytest.param({"timeInForce": "GTX"}, (-1115, "Invalid timeInForce."), id="time in force"),
        pytest.param(
            {"newOrderRespType": "ALL"},
            (-1130, "Data sent for parameter 'newOrderRespType' is not valid."),
            id="response type",
        ),
        pytest.param(
            {"strategyId": "9223372036854775808"},
            (-1108, "Parameter 'strategyId' overflowed."),
            id="too large an integer",
        ),
        pytest.param(
            {"strategyType": "999999"},
            (-1130, "Data sent for parameter 'strategyType' is not valid."),
            id="too small a strategy type",
        ),
        pytest.param(
            {"postOnly": "true"},
            (-1104, "Not all sent parameters were read; read '7' parameter(s) but was sent '8'."),
            id="unknown",
        ),
        pytest.param({"quantity": "0"}, (-1013, "Invalid quantity."), id="no quantity"),
        pytest.param({"price": "0"}, (-1013, "Invalid price."), id="no price"),
        pytest.param(
            {"selfTradePreventionMode": "NONE"},
            (-1013, "This symbol does not allow the specified self-trade prevention mode."),
            id="no self-trade prevention",
        ),
        pytest.param(
            {"icebergQty": "0.001"},
            (-2010, "Iceberg orders are not supported for this symbol."),
            id="iceberg",
        ),
        pytest.param(
            {"type": "STOP_LOSS", "trailingDelta": "100"},
            (-2010, "Trailing stop orders are not supported for this symbol."),
            id="trailing stop",
        ),
    ],
)  # fmt: skip
def test_the_form_of_an_order_is_judged_strictly(
    params: dict[str, Any], refusal: tuple[int, str]
) -> None:
    """Each mistake has its code and its text."""
    client = PlainClient()

    assert bad(client.signed("POST", "order", order(**params))) == refusal
    assert client.take_events() == []


def test_a_parameter_twice_is_one_too_many() -> None:
    """In one place; in query and body the query's wins instead."""
    client = PlainClient()

    twice = client.send("GET", "depth", query="symbol=BTCUSD&symbol=ETHUSD").response
    unasked = client.send("GET", "time", query="a=1&b=2").response

    assert bad(twice) == (-1101, "Duplicate values for a parameter detected.")
    assert bad(unasked) == (-1101, "Too many parameters; expected '0' and received '2'.")


def test_order_types_that_a_symbol_lacks_are_named() -> None:
    """In the exchange's words."""
    client = PlainClient()
    client.sim.change_instrument(
        "BTCUSD", order_types=("LIMIT",), quote_order_quantity_allowed=False
    )
    stop = {"side": "SELL", "stopPrice": "60000"}

    assert client.refused(type="MARKET")[1] == "Market orders are not supported for this symbol."
    assert (
        client.refused(type="STOP_LOSS_LIMIT", **stop)[1]
        == "Stop loss limit orders are not supported for this symbol."
    )
    client.sim.change_instrument("BTCUSD", order_types=("MARKET",))
    by_quote = client.refused(type="MARKET", quantity=None, quoteOrderQty="10")
    assert by_quote == (-2010, "Quote order qty market orders are not support for this symbol.")
