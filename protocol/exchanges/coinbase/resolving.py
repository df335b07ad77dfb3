"""What became of an order that was sent without a verdict: Coinbase's proof.

A repeated `client_order_id` creates nothing and returns the first order, so while somebody still
waits the identical body is sent again. What comes back may be another order (an id used before),
hence the order is read and compared. Otherwise the orders created since are listed.

Absence is harder. The first request may still lie in some queue when the list does not show the
order. What ends that possibility is the signature: a token is refused `TOKEN_LIFETIME_S` after it
was made. A resend makes a new one, so resends stop `RESEND_FOR_NS` after the first sending, and
no byte of this order can be accepted later than the sum of the two. A margin for clocks and for
the list's own lag is added; a list that is silent after that is proof, once the fills agree.

A refusal of the resend is proof at once where the order's own text brought it (a price off the
grid): then no sending of it can ever have passed. Any other (funds, market) tells only how things
stand now: the first may have passed before, and hold the very funds that the resend lacks.

Followed: "Create Order" (idempotency of `client_order_id`).
"""

from typing import Final

import attrs

from venuetree.protocol.commands import Absent, Found, Resend, Resolution, ResolveOrder, Undecided
from venuetree.protocol.errors import (
    AuthRefused,
    DuplicateClientOrderId,
    ExchangeRefused,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    PermissionRefused,
)
from venuetree.protocol.exchanges.coinbase import wire
from venuetree.protocol.exchanges.coinbase.aliases import canonical_instrument
from venuetree.protocol.exchanges.coinbase.asking import ask
from venuetree.protocol.exchanges.coinbase.comparing import configuration_difference
from venuetree.protocol.exchanges.coinbase.fill_flows import fills
from venuetree.protocol.exchanges.coinbase.order_flows import (
    accepted,
    as_report,
    find_order,
    order_by_id,
    place_request,
    read_as,
)
from venuetree.protocol.exchanges.coinbase.refusals import is_settled
from venuetree.protocol.exchanges.coinbase.reports import SIDES
from venuetree.protocol.exchanges.coinbase.signing import TOKEN_LIFETIME_S
from venuetree.protocol.models import OrderRequest
from venuetree.protocol.port import FlowContext, Lane, RestFlow
from venuetree.protocol.resolving import or_undecided
from venuetree.protocol.timestamps import SECOND

__all__ = ["ABSENT_AFTER_NS", "RESEND_FOR_NS", "resolve"]

#: An older order is not sent again: its price is of another market, and each sending would put
#: off the moment from which absence is certain.
RESEND_FOR_NS: Final = 60 * SECOND
#: Clocks of both sides, and the time that a new order takes to show in the list.
_MARGIN_NS: Final = 30 * SECOND
#: From so long after the first sending on, a list that does not show the order proves that it
#: does not exist.
ABSENT_AFTER_NS: Final = RESEND_FOR_NS + TOKEN_LIFETIME_S * SECOND + _MARGIN_NS
#: The list is read from so long before the sending: its times are the exchange's.
_BEFORE_NS: Final = 60 * SECOND


def resolve(command: ResolveOrder, context: FlowContext) -> RestFlow[Resolution]:
    """What became of the order; `AuthRefused` and `PermissionRefused` pass through."""
    return or_undecided(_resolve(command, context))


def _resolve(command: ResolveOrder, context: FlowContext) -> RestFlow[Resolution]:
    order = command.order
    age_ns = context.now_ns - command.sent_time_ns
    refusal: ExchangeRefused | None = None
    if command.resend is Resend.ALLOWED and age_ns < RESEND_FOR_NS:
        request = place_request(order, context, operation="resolve.place", lane=Lane.RESOLVE)
        try:
            created, received_ns = yield from ask(request, wire.Created)
            report = accepted(order, created, request, received_ns)
        except (AuthRefused, PermissionRefused):
            raise
        except OutcomeUnknown:
            # Lost again, or the answer names another order: perhaps the list can tell.
            pass
        except ExchangeRefused as error:
            refusal = error
        else:
            return (yield from _confirmed(order, report.exchange_order_id, context))
        if refusal is not None and is_settled(refusal):
            return Absent(f"refused: {refusal.message} [{refusal.code}]")
    found = yield from find_order(
        order.client_order_id,
        context,
        start_time_ns=command.sent_time_ns - _BEFORE_NS,
        lane=Lane.RESOLVE,
    )
    if found is not None:
        return _compared(order, found, context)
    if age_ns < ABSENT_AFTER_NS:
        return Undecided(_why(refusal))
    return (yield from _absent(command, context))


def _why(refusal: ExchangeRefused | None) -> str:
    if isinstance(refusal, DuplicateClientOrderId):
        return "the exchange knows the client order id but does not list the order yet"
    if isinstance(refusal, OrderRejected):
        return f"not listed yet; sent again it was refused: {refusal.message} [{refusal.code}]"
    return "the exchange does not list the order yet"


def _confirmed(order: OrderRequest, order_id: str, context: FlowContext) -> RestFlow[Resolution]:
    """The order that the resend returned, read before it is believed."""
    try:
        found, _ = yield from order_by_id(order_id, lane=Lane.RESOLVE, operation="resolve.order")
    except OrderNotFound:
        found = None
    if found is None:
        return Undecided(f"the exchange accepted it as {order_id}, which cannot be read yet")
    return _compared(order, found, context)


def _absent(command: ResolveOrder, context: FlowContext) -> RestFlow[Resolution]:
    """The last look before an order is called absent: whose are the fills since?"""
    executed = yield from fills(
        context, start_time_ns=command.sent_time_ns - _BEFORE_NS, lane=Lane.RESOLVE
    )
    instrument = canonical_instrument(command.order.instrument)
    ids = dict.fromkeys(
        fill.exchange_order_id
        for fill in executed
        if canonical_instrument(fill.instrument) == instrument and fill.side is command.order.side
    )
    for order_id in ids:
        try:
            found, _ = yield from order_by_id(
                order_id, lane=Lane.RESOLVE, operation="resolve.order"
            )
        except OrderNotFound:
            found = None
        if found is None:
            return Undecided(f"order {order_id} was executed and cannot be read yet")
        if found.client_order_id == command.order.client_order_id:
            return _compared(command.order, found, context)
    return Absent("the exchange lists no such order, and would accept it no more")


def _compared(order: OrderRequest, found: wire.WireOrder, context: FlowContext) -> Resolution:
    """Found, if it is the order that was meant.

    Another order under the same client id is left undecided: ours was never made, but to call it
    rejected while a live order carries its id would hide that order. A person must look.
    """
    difference = read_as("resolve.order", found.order_id, lambda: _difference(order, found))
    if difference:
        return Undecided(
            f"order {found.order_id} has this client order id but another {difference}"
        )
    report = as_report(found, context.now_ns)
    return Found(attrs.evolve(report, instrument=order.instrument))


def _difference(order: OrderRequest, found: wire.WireOrder) -> str:
    """What sets the order found apart from the one meant; `""` if nothing does.

    What the answer leaves out (the exchange adds, drops and renames members) is no difference.
    """
    if found.client_order_id not in {"", order.client_order_id}:
        return "client order id"
    if canonical_instrument(found.product_id) != canonical_instrument(order.instrument):
        return "instrument"
    side = SIDES.get(found.side)
    if side is not None and side is not order.side:
        return "side"
    return configuration_difference(order, found.order_configuration)
