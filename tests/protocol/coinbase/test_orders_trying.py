"""An order is tried and not placed: its cost and its problems."""

from decimal import Decimal

from tests.support.coinbase import Conversation, payload, reply
from tests.support.coinbase_orders import ORDER
from venuetree.protocol.commands import PreviewOrder
from venuetree.protocol.models import OrderPreview
from venuetree.protocol.port import Effect

D = Decimal


def test_a_preview_tells_cost_and_problems() -> None:
    """HTTP 200 even with problems; words that say nothing are left out."""
    answer = {**payload("rest_preview"), "errs": ["PREVIEW_INSUFFICIENT_FUND", "UNKNOWN"]}
    talk = Conversation([reply(answer)])

    assert talk.ask(PreviewOrder(ORDER)) == OrderPreview(
        exchange="coinbase",
        instrument="BTC-USD",
        total=D("251.88"),
        fee=D("1.88"),
        average_price=D("64283.40"),
        slippage=D("0.0000012"),
        problems=("PREVIEW_INSUFFICIENT_FUND",),
        warnings=(),
    )
    assert "client_order_id" not in talk.body()
    assert talk.requests[0].effect is Effect.READ
