"""What became of an order that was sent without a verdict."""

from typing import Any

import attrs
import pytest

from tests.support.coinbase import NOW_NS, Conversation, payload, reply
from tests.support.coinbase_orders import CLIENT_ID, ORDER, ORDER_ID, REPORT
from venuetree.protocol.commands import (
    Absent,
    Found,
    PlaceOrder,
    Resend,
    Resolution,
    ResolveOrder,
    Undecided,
)
from venuetree.protocol.errors import AuthRefused, OutcomeUnknown, TransportError
from venuetree.protocol.exchanges.coinbase.resolving import ABSENT_AFTER_NS, RESEND_FOR_NS
from venuetree.protocol.models import OrderRequest
from venuetree.protocol.port import Lane
from venuetree.protocol.timestamps import SECOND

CREATED = reply(payload("rest_created"))
NOTHING = reply({"orders": [], "has_next": False, "cursor": ""})
NO_FILLS = reply({"fills": [], "cursor": ""})


def order_of(**members: Any) -> dict[str, Any]:
    """The spec's order, other in these members."""
    return {**payload("rest_order")["order"], **members}


def read(**members: Any) -> Any:
    """The answer to reading one order."""
    return reply({"order": order_of(**members)})


def listed(**members: Any) -> Any:
    """A list of one order."""
    return reply({"orders": [order_of(**members)], "has_next": False, "cursor": ""})


def refused(code: str) -> Any:
    """A create that was refused."""
    return reply({"success": False, "error_response": {"error": code, "message": "no"}})


def resolve(
    *replies: Any,
    resend: Resend = Resend.ALLOWED,
    age_ns: int = SECOND,
    order: OrderRequest = ORDER,
) -> tuple[Resolution, Conversation]:
    """The resolution, and what was asked for it."""
    talk = Conversation(list(replies))
    return talk.ask(ResolveOrder(order, NOW_NS - age_ns, resend)), talk


def test_the_same_bytes_are_sent_again_and_the_order_returned_is_read() -> None:
    """A repeated id creates nothing and returns the first order."""
    first = Conversation([reply(status=503)])
    with pytest.raises(OutcomeUnknown):
        first.ask(PlaceOrder(ORDER))
    found, talk = resolve(CREATED, read())

    assert found == Found(REPORT)
    assert talk.asked == ["resolve.place", "resolve.order"]
    assert talk.requests[0].body == first.requests[0].body
    assert talk.requests[0].path == first.requests[0].path
    assert all(request.lane is Lane.RESOLVE for request in talk.requests)


@pytest.mark.parametrize(
    ("members", "difference"),
    [
        ({"product_id": "ETH-USD"}, "instrument"),
        ({"side": "SELL"}, "side"),
        (
            {"order_configuration": {"limit_limit_gtc": {"base_size": "0.016"}}},
            "quantity",
        ),
        (
            {
                "order_configuration": {
                    "limit_limit_gtc": {"base_size": "0.015", "limit_price": "1"}
                }
            },
            "price",
        ),
        ({"order_configuration": {"market_market_ioc": {"base_size": "0.015"}}}, "kind"),
        ({"client_order_id": "another"}, "client order id"),
    ],
)
def test_another_order_under_the_id_decides_nothing(
    members: dict[str, Any], difference: str
) -> None:
    """Neither ours, nor proof that ours is rejected: a person must look."""
    resolution, _ = resolve(CREATED, read(**members))

    assert isinstance(resolution, Undecided)
    assert difference in resolution.reason
    assert ORDER_ID in resolution.reason


@pytest.mark.parametrize(
    "members",
    [
        {"order_configuration": None},
        {"order_configuration": {}},
        {"order_configuration": {"limit_limit_gtc_v2": {"base_size": "0.01500"}}},
        {"product_id": "BTC-USDC"},
    ],
)
def test_what_the_answer_leaves_out_or_spells_anew_is_no_difference(
    members: dict[str, Any],
) -> None:
    """Zeros, an absent configuration, a new variant's name, the alias of one book."""
    resolution, _ = resolve(CREATED, read(**members))

    assert isinstance(resolution, Found)
    assert resolution.report.instrument == "BTC-USD"


def test_a_duplicate_id_proves_that_the_order_exists() -> None:
    """It is looked for in the list; not listed yet is no absence."""
    found, talk = resolve(refused("DUPLICATE_CLIENT_ORDER_ID"), listed())
    pending, _ = resolve(refused("DUPLICATE_CLIENT_ORDER_ID"), NOTHING)

    assert found == Found(REPORT)
    assert talk.asked == ["resolve.place", "orders"]
    assert isinstance(pending, Undecided)


def test_a_refusal_that_the_orders_own_text_brought_is_proof() -> None:
    """Off the grid now is off the grid then."""
    resolution, talk = resolve(refused("INVALID_PRICE_PRECISION"))

    assert isinstance(resolution, Absent)
    assert "INVALID_PRICE_PRECISION" in resolution.reason
    assert talk.asked == ["resolve.place"]


@pytest.mark.parametrize("code", ["INSUFFICIENT_FUND", "INVALID_LIMIT_PRICE_POST_ONLY", "NEW_ONE"])
def test_a_refusal_that_the_moment_brought_is_no_proof(code: str) -> None:
    """The first order may hold the very funds that the second lacks."""
    found, _ = resolve(refused(code), listed())
    pending, _ = resolve(refused(code), NOTHING)

    assert found == Found(REPORT)
    assert isinstance(pending, Undecided)
    assert code in pending.reason


def test_when_nobody_waits_nothing_is_sent_again() -> None:
    """Only the list is read, from before the sending, pending orders included."""
    found, talk = resolve(listed(), resend=Resend.FORBIDDEN)

    assert found == Found(REPORT)
    assert talk.asked == ["orders"]
    assert "order_status" not in talk.requests[0].query
    assert "start_date=2026-10-05T08%3A58%3A59Z" in talk.requests[0].query


def test_an_old_order_is_not_sent_again_even_where_it_may_be() -> None:
    """Each sending would put off the moment from which absence is certain."""
    for age_ns, asked in ((RESEND_FOR_NS - 1, "resolve.place"), (RESEND_FOR_NS, "orders")):
        replies = (CREATED, read()) if asked == "resolve.place" else (listed(),)
        _, talk = resolve(*replies, age_ns=age_ns)
        assert talk.asked[0] == asked


def test_absence_is_certain_only_after_every_token_has_expired() -> None:
    """Until then a request may still lie in a queue."""
    early, _ = resolve(NOTHING, resend=Resend.FORBIDDEN, age_ns=ABSENT_AFTER_NS - 1)
    late, talk = resolve(NOTHING, NO_FILLS, resend=Resend.FORBIDDEN, age_ns=ABSENT_AFTER_NS)

    assert isinstance(early, Undecided)
    assert isinstance(late, Absent)
    assert talk.asked == ["orders", "fills"]
    assert ABSENT_AFTER_NS > RESEND_FOR_NS + 120 * SECOND


def test_a_fill_that_the_list_does_not_show_is_looked_into() -> None:
    """A filled order of our id is found by its fill; one of another's id is not ours."""
    fills = reply(payload("rest_fills"))
    late = {"resend": Resend.FORBIDDEN, "age_ns": ABSENT_AFTER_NS}
    ours, talk = resolve(NOTHING, fills, read(), **late)  # type: ignore[arg-type]
    others, _ = resolve(NOTHING, fills, read(client_order_id="x"), **late)  # type: ignore[arg-type]
    unread, _ = resolve(NOTHING, fills, reply(status=404), **late)  # type: ignore[arg-type]

    assert ours == Found(REPORT)
    assert talk.asked == ["orders", "fills", "resolve.order"]
    assert isinstance(others, Absent)
    assert isinstance(unread, Undecided)


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"", 503),
        reply(b"<html>", 429),
        reply(b"nonsense"),
        TransportError("down"),
        OutcomeUnknown("lost", client_order_id=CLIENT_ID),
    ],
)
def test_an_exchange_that_cannot_be_asked_decides_nothing(answer: Any) -> None:
    """The question stays open, as it was; after a lost resend the list is tried."""
    resent, _ = resolve(answer, answer)
    asked, _ = resolve(answer, resend=Resend.FORBIDDEN)

    assert isinstance(resent, Undecided)
    assert isinstance(asked, Undecided)


def test_a_resend_that_is_lost_again_may_still_be_found_in_the_list() -> None:
    """And an HTTP refusal of it is weighed like any other."""
    found, _ = resolve(reply(b"", 503), listed())
    refusal = reply({"error": "INVALID_ARGUMENT", "message": "account is not available"}, 400)
    pending, _ = resolve(refusal, NOTHING)

    assert found == Found(REPORT)
    assert isinstance(pending, Undecided)
    assert "account is not available" in pending.reason


def test_an_order_accepted_but_not_readable_yet_is_undecided() -> None:
    """A query just after a create may find nothing."""
    for answer in (reply(status=404), reply({"order": None})):
        resolution, _ = resolve(CREATED, answer)
        assert isinstance(resolution, Undecided)
        assert ORDER_ID in resolution.reason


def test_a_revoked_key_is_told_as_such() -> None:
    """It is no answer about the order, and not to be hidden."""
    with pytest.raises(AuthRefused):
        resolve(*[reply(b"Unauthorized", 401)] * 3)


def test_a_create_answer_that_names_another_order_sends_us_to_the_list() -> None:
    """What the list shows is compared like anything else."""
    other = attrs.evolve(ORDER, side=ORDER.side.opposite)
    resolution, talk = resolve(CREATED, listed(), order=other)

    assert talk.asked == ["resolve.place", "orders"]
    assert isinstance(resolution, Undecided)
