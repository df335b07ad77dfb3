"""An order is tried and not placed: what is asked, and what each answer means."""

import pytest

from tests.support.binance_us import error, reply, talk
from tests.support.binance_us_orders import ORDER, WEIGHT_1, asked
from venuetree.protocol.commands import PreviewOrder
from venuetree.protocol.errors import (
    EngineError,
    ExchangeUnavailable,
    InstrumentNotFound,
    RateLimited,
    RemoteProtocolError,
)
from venuetree.protocol.models import OrderPreview
from venuetree.protocol.port import Effect, Lane, RestReply


def test_a_trial_is_a_question() -> None:
    """The same body, at another path; it counts as no order."""
    conversation = talk(reply({}))
    preview = conversation.ask(PreviewOrder(ORDER))
    (request,) = conversation.requests

    assert preview == OrderPreview("binance_us", "BTC-USD", None, None, None, None, (), ())
    assert (request.method, request.path, request.operation) == (
        "POST",
        "/api/v3/order/test",
        "preview",
    )
    assert (request.effect, request.lane, request.costs) == (Effect.READ, Lane.DATA, WEIGHT_1)
    assert asked(request)["type"] == "LIMIT"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (-1013, "Filter failure: LOT_SIZE"),
        (-1014, "Unsupported order combination."),
        (-1111, "Precision is over the maximum defined for this asset."),
        (-2010, "Account has insufficient balance for requested action."),
        (-2010, "Order would immediately match and take."),
    ],
)
def test_what_the_exchange_would_refuse_is_a_problem_and_no_error(code: int, message: str) -> None:
    """In its own words."""
    preview = talk(error(code, message)).ask(PreviewOrder(ORDER))

    assert preview.problems == (f"{message} [{code}]",)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(-1121, "Invalid symbol."), InstrumentNotFound),
        (error(-1003, "Too much request weight used", 429), RateLimited),
        (error(-1007, "Timeout", 504), ExchangeUnavailable),
        (reply(b"{"), RemoteProtocolError),
    ],
)
def test_what_is_not_about_the_order_is_an_error(
    answer: RestReply, kind: type[EngineError]
) -> None:
    """And no open outcome either, since nothing can have been placed."""
    with pytest.raises(kind):
        talk(answer).ask(PreviewOrder(ORDER))
