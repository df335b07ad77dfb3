"""Changing the dependent orders of a trade: leave alone, cancel, create or replace."""

from collections.abc import Mapping
from typing import Any

import attrs

from venuetree.scenarios.simulated.oanda.account_settings import GuaranteedMode
from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.answers import Answered
from venuetree.scenarios.simulated.oanda.dependents import EXCLUDING, check_dependent
from venuetree.scenarios.simulated.oanda.execution import start
from venuetree.scenarios.simulated.oanda.field_reader import as_object
from venuetree.scenarios.simulated.oanda.lifecycle import accept, cancel, priced, reject
from venuetree.scenarios.simulated.oanda.order_fields import present, ticket_fields
from venuetree.scenarios.simulated.oanda.order_rules import Reading, read_dependent
from venuetree.scenarios.simulated.oanda.orders import DEPENDENT_KINDS, Order, OrderKind, Ticket
from venuetree.scenarios.simulated.oanda.refusals import rejected
from venuetree.scenarios.simulated.oanda.specifiers import read_specifier
from venuetree.scenarios.simulated.oanda.trade_reads import no_such_trade
from venuetree.scenarios.simulated.oanda.trades import Trade
from venuetree.scenarios.simulated.oanda.transactions import Batch

__all__ = ["change"]

_KEYS: Mapping[OrderKind, str] = {kind: kind.words for kind in DEPENDENT_KINDS}

_INHERITED = ("timeInForce", "gtdTime", "triggerCondition", "clientExtensions", "guaranteed")
"""What an order takes over from the one that it replaces, where the request is silent."""


@attrs.frozen
class _Change:
    """What the request wants of one kind of dependent order."""

    kind: OrderKind
    existing: Order | None
    reading: Reading | None
    """None if the order shall be cancelled."""
    reason: str | None
    """Why that cannot be."""

    @property
    def key(self) -> str:
        """With which the keys of its transactions begin."""
        return f"{_KEYS[self.kind]}Order"


def change(state: AccountState, specifier: str, body: Any, request_id: str) -> Answered:
    """Change the dependent orders of an open trade. All of it happens, or nothing does.

    Raises:
        BadRequestError: the request cannot be read, or wants nothing of an unknown trade.
    """
    key = read_specifier(specifier, "tradeSpecifier")
    body = as_object({} if body is None else body, "body")
    trade = state.trades.find_open(key)
    if trade is None:
        return _unknown_trade(state, key, body, request_id)
    changes = _read_all(state, trade, body)
    with state.requested(request_id) as batch:
        if any(each.reason is not None for each in changes):
            return _rejected(batch, [each for each in changes if each.reason is not None])
        parts = _apply(state, batch, changes)
        return Answered(
            200,
            {
                **parts,
                "relatedTransactionIDs": batch.ids,
                "lastTransactionID": str(batch.log.last_id),
            },
        )


def _read_all(state: AccountState, trade: Trade, body: dict[str, Any]) -> list[_Change]:
    """What the request wants, each part of it checked against the trade and the other parts."""
    existing = {
        kind: state.dependent_order(trade.id, kind) for kind, name in _KEYS.items() if name in body
    }
    ending = [order for order in existing.values() if order is not None]
    changes: list[_Change] = []
    for kind, order in existing.items():
        sent = body[_KEYS[kind]]
        if sent is None:
            changes.append(_Change(kind, order, None, _keeps(state, order)))
            continue
        each = _read(state, trade, kind, order, sent)
        if each.reason is None and each.reading is not None:
            ticket = each.reading.ticket
            reason = check_dependent(state, ticket, trade, ending)
            reason = reason or _clash(state, ticket, ending, changes)
            each = attrs.evolve(each, reason=reason)
        changes.append(each)
    return changes


def _keeps(state: AccountState, order: Order | None) -> str | None:
    """Why an order cannot be cancelled; that there is none is no reason."""
    guaranteed = order is not None and order.kind is OrderKind.GUARANTEED_STOP_LOSS
    if guaranteed and state.settings.guaranteed is GuaranteedMode.REQUIRED:
        return "GUARANTEED_STOP_LOSS_ORDER_NOT_CANCELABLE"
    return None


def _read(
    state: AccountState, trade: Trade, kind: OrderKind, existing: Order | None, sent: Any
) -> _Change:
    fields = as_object(sent, _KEYS[kind])
    if existing is not None:
        fields = _inherit(fields, existing)
    reading = read_dependent(fields, kind, trade, state.now_ns(), _KEYS[kind])
    if reading.reasons:
        return _Change(kind, existing, reading, reading.reasons[0])
    ticket = priced(state, reading.ticket, trade)
    return _Change(kind, existing, attrs.evolve(reading, ticket=ticket), None)


def _clash(
    state: AccountState, ticket: Ticket, ending: list[Order], earlier: list[_Change]
) -> str | None:
    """Why an order cannot be beside those that stay or that the same request creates."""
    new = [each.reading.ticket for each in earlier if each.reading is not None]
    for other in new:
        if other.kind is EXCLUDING.get(ticket.kind):
            return f"{other.kind.transaction}_ALREADY_EXISTS"
    client_id = None if ticket.extensions is None else ticket.extensions.id
    if client_id is None:
        return None
    holder = state.orders.find_pending(client_id)
    ids = {other.extensions.id for other in new if other.extensions is not None}
    if client_id in ids or (holder is not None and holder not in ending):
        return "CLIENT_ORDER_ID_ALREADY_EXISTS"
    return None


def _inherit(fields: dict[str, Any], existing: Order) -> dict[str, Any]:
    old = ticket_fields(existing.ticket)
    inherited = {name: old[name] for name in _INHERITED if name in old}
    if "price" not in fields and "distance" not in fields:
        # An order that was given a distance has a price as well; the distance was what was asked.
        where = "distance" if "distance" in old else "price"
        inherited[where] = old[where]
    return {**inherited, **fields}


def _apply(state: AccountState, batch: Batch, changes: list[_Change]) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    created: list[tuple[_Change, Order]] = []
    for each in changes:
        more: dict[str, Any] = {}
        if each.existing is not None:
            reason, replaced_by = "CLIENT_REQUEST", None
            if each.reading is not None:
                reason = "CLIENT_REQUEST_REPLACED"
                replaced_by = str(int(batch.next_id) + 1)
            ended = cancel(state, batch, each.existing, reason, replaced_by=replaced_by)
            parts[f"{each.key}CancelTransaction"] = ended
            more = {"cancellingTransactionID": ended["id"]}
        if each.reading is not None:
            reason = "CLIENT_ORDER" if each.existing is None else "REPLACEMENT"
            ticket, replaces = each.reading.ticket, each.existing
            order, transaction = accept(state, batch, ticket, reason, replaces=replaces, **more)
            parts[f"{each.key}Transaction"] = transaction
            created.append((each, order))
    for each, order in created:
        # One that fills ends the trade, and with it the others.
        if order.pending:
            outcome = start(state, batch, order)
            parts |= outcome.named(each.key, f"{each.key}CreatedCancelTransaction")
    return parts


def _rejected(batch: Batch, changes: list[_Change]) -> Answered:
    parts: dict[str, Any] = {}
    for each in changes:
        reason = each.reason or "INTERNAL_SERVER_ERROR"
        if each.reading is None:
            order_id = None if each.existing is None else str(each.existing.id)
            parts[f"{each.key}CancelRejectTransaction"] = batch.add(
                "ORDER_CANCEL_REJECT", rejectReason=reason, orderID=order_id
            )
            continue
        replaces = None if each.existing is None else str(each.existing.id)
        why = "CLIENT_ORDER" if each.existing is None else "REPLACEMENT"
        fields = {**each.reading.fields, "reason": why, "intendedReplacesOrderID": replaces}
        parts[f"{each.key}RejectTransaction"] = reject(batch, each.kind, reason, fields)
    return rejected(400, batch, changes[0].reason or "INTERNAL_SERVER_ERROR", **parts)


def _unknown_trade(
    state: AccountState, key: int | str, body: dict[str, Any], request_id: str
) -> Answered:
    reason = "TRADE_DOESNT_EXIST"
    named = present(
        {
            "tradeID": str(key) if isinstance(key, int) else None,
            "clientTradeID": key if isinstance(key, str) else None,
        }
    )
    sent = {kind: body[name] for kind, name in _KEYS.items() if isinstance(body.get(name), dict)}
    if not sent:
        raise no_such_trade(state)
    parts: dict[str, Any] = {}
    with state.requested(request_id) as batch:
        for kind, fields in sent.items():
            terms = {name: fields[name] for name in ("price", "distance") if name in fields}
            parts[f"{_KEYS[kind]}OrderRejectTransaction"] = reject(
                batch, kind, reason, {**named, **terms, "reason": "CLIENT_ORDER"}
            )
        return rejected(404, batch, reason, **parts)
