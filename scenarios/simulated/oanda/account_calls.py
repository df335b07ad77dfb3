"""Calls for accounts, orders, trades and positions: the query and the path become arguments."""

from urllib.parse import urlencode

from venuetree.scenarios.faults import StaleReplica
from venuetree.scenarios.simulated.numbers import NANOSECONDS
from venuetree.scenarios.simulated.oanda.answers import Answered, BadRequestError
from venuetree.scenarios.simulated.oanda.calls import Call, Reply
from venuetree.scenarios.simulated.oanda.clock_times import parse_time
from venuetree.scenarios.simulated.oanda.pricing import instrument_json

__all__ = [
    "accounts",
    "cancel_order",
    "changes",
    "close_position",
    "close_trade",
    "configure",
    "create_order",
    "full",
    "instruments",
    "open_positions",
    "open_trades",
    "order",
    "order_extensions",
    "orders",
    "pending_orders",
    "position",
    "positions",
    "replace_order",
    "summary",
    "trade",
    "trade_extensions",
    "trade_orders",
    "trades",
]

_CREATED = 201
_OK = 200


# Accounts


def accounts(call: Call) -> Reply:
    """``GET /v3/accounts``."""
    listed = []
    for account_id in call.granted:
        number = call.venue.listings[account_id].mt4_account_id
        own = {"tags": []} if number is None else {"mt4AccountID": number, "tags": ["MT4"]}
        listed.append({"id": account_id, **own})
    return Reply(_OK, {"accounts": listed})


def full(call: Call) -> Reply:
    """``GET A``."""
    return Reply.of(call.account.full())


def summary(call: Call) -> Reply:
    """``GET A/summary``."""
    return Reply.of(call.account.summary())


def instruments(call: Call) -> Reply:
    """``GET A/instruments``."""
    known = call.venue.prices.instruments
    names = call.instruments() or tuple(known)
    return Reply(
        _OK,
        {
            "instruments": [instrument_json(known[name]) for name in names],
            "lastTransactionID": str(call.account.last_transaction_id),
        },
    )


def configure(call: Call) -> Reply:
    """``PATCH A/configuration``."""
    return Reply.of(call.account.configure(call.body(), call.request_id))


def changes(call: Call) -> Reply:
    """``GET A/changes``."""
    return Reply.of(call.account.changes(call.text("sinceTransactionID")))


# Orders


def create_order(call: Call) -> Reply:
    """``POST A/orders``."""
    answered = call.account.create_order(call.member("order"), call.request_id)
    return _with_location(call, answered, "orderCreateTransaction")


def replace_order(call: Call) -> Reply:
    """``PUT A/orders/{specifier}``."""
    specifier, wanted = call.parts["specifier"], call.member("order")
    answered = call.account.replace_order(specifier, wanted, call.request_id)
    return _with_location(call, answered, "orderCreateTransaction")


def cancel_order(call: Call) -> Reply:
    """``PUT A/orders/{specifier}/cancel``."""
    return Reply.of(call.account.cancel_order(call.parts["specifier"], call.request_id))


def order_extensions(call: Call) -> Reply:
    """``PUT A/orders/{specifier}/clientExtensions``."""
    specifier = call.parts["specifier"]
    return Reply.of(call.account.order_extensions(specifier, call.body(), call.request_id))


def order(call: Call) -> Reply:
    """``GET A/orders/{specifier}``."""
    answered = call.account.order(call.parts["specifier"])
    if answered.status == _OK and _is_stale(call, answered.body["order"]):
        raise BadRequestError(
            "The order ID specified does not exist",
            status=404,
            code="NO_SUCH_ORDER",
            last_id=str(call.account.last_transaction_id),
        )
    return Reply.of(answered)


def orders(call: Call) -> Reply:
    """``GET A/orders``."""
    answered = call.account.orders(
        call.csv("ids"),
        call.text("state"),
        call.text("instrument"),
        call.text("count"),
        call.text("beforeID"),
    )
    return _listed(call, _without_stale(call, answered), "orders")


def pending_orders(call: Call) -> Reply:
    """``GET A/pendingOrders``."""
    return Reply.of(_without_stale(call, call.account.pending_orders()))


# Trades


def trades(call: Call) -> Reply:
    """``GET A/trades``."""
    answered = call.account.trades(
        call.csv("ids"),
        call.text("state"),
        call.text("instrument"),
        call.text("count"),
        call.text("beforeID"),
    )
    return _listed(call, answered, "trades")


def open_trades(call: Call) -> Reply:
    """``GET A/openTrades``."""
    return Reply.of(call.account.open_trades())


def trade(call: Call) -> Reply:
    """``GET A/trades/{specifier}``."""
    return Reply.of(call.account.trade(call.parts["specifier"]))


def close_trade(call: Call) -> Reply:
    """``PUT A/trades/{specifier}/close``; no body at all closes all of it."""
    specifier = call.parts["specifier"]
    return Reply.of(call.account.close_trade(specifier, call.body(), call.request_id))


def trade_extensions(call: Call) -> Reply:
    """``PUT A/trades/{specifier}/clientExtensions``."""
    specifier = call.parts["specifier"]
    return Reply.of(call.account.trade_extensions(specifier, call.body(), call.request_id))


def trade_orders(call: Call) -> Reply:
    """``PUT A/trades/{specifier}/orders``."""
    specifier = call.parts["specifier"]
    return Reply.of(call.account.trade_orders(specifier, call.body(), call.request_id))


# Positions


def positions(call: Call) -> Reply:
    """``GET A/positions``."""
    return Reply.of(call.account.positions())


def open_positions(call: Call) -> Reply:
    """``GET A/openPositions``."""
    return Reply.of(call.account.open_positions())


def position(call: Call) -> Reply:
    """``GET A/positions/{instrument}``."""
    return Reply.of(call.account.position(call.parts["instrument"]))


def close_position(call: Call) -> Reply:
    """``PUT A/positions/{instrument}/close``."""
    name = call.parts["instrument"]
    answered = call.account.close_position(name, call.body(), call.request_id)
    created = ("longOrderCreateTransaction", "shortOrderCreateTransaction")
    return _with_location(call, answered, *created)


# What they share


def _with_location(call: Call, answered: Answered, *created: str) -> Reply:
    """With the URL of the first order that was created."""
    reply = Reply.of(answered)
    if answered.status not in {_OK, _CREATED}:
        return reply
    number = next((answered.body[name]["id"] for name in created if name in answered.body), None)
    if number is None:
        return reply
    location = ("location", f"{call.account_url}/orders/{number}")
    return Reply(reply.status, reply.body, headers=(location,))


def _listed(call: Call, answered: Answered, kind: str) -> Reply:
    """With the URL of the next page, if there is one."""
    if answered.next_before_id is None:
        return Reply.of(answered)
    query = dict(call.request.query) | {"beforeID": answered.next_before_id}
    link = f'<{call.account_url}/{kind}?{urlencode(sorted(query.items()))}>; rel="next"'
    return Reply(answered.status, answered.body, headers=(("link", link),))


def _is_stale(call: Call, found: dict[str, str]) -> bool:
    venue = call.venue
    age_ns = venue.now_ns() - (parse_time(found["createTime"]) or 0)

    def hides(fault: StaleReplica) -> bool:
        return age_ns < int(fault.for_s * NANOSECONDS)

    return venue.faults.take(StaleReplica, f"order {found['id']}", hides) is not None


def _without_stale(call: Call, answered: Answered) -> Answered:
    if answered.status != _OK:
        return answered
    shown = [each for each in answered.body["orders"] if not _is_stale(call, each)]
    return Answered(_OK, {**answered.body, "orders": shown}, answered.next_before_id)
