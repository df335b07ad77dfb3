"""The wire fields of an order: what its transaction, a rejection and a read have in common."""

from decimal import Decimal
from typing import Any

from venuetree.scenarios.simulated.oanda.amounts import price_text, units_text
from venuetree.scenarios.simulated.oanda.clock_times import time_text
from venuetree.scenarios.simulated.oanda.orders import Details, Extensions, OrderKind, Ticket
from venuetree.scenarios.simulated.oanda.universe import Instrument

__all__ = ["details_fields", "extension_fields", "on_fill_key", "present", "ticket_fields"]


def present(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that are there: the wire omits what is not, it has no null."""
    return {name: value for name, value in fields.items() if value is not None}


def on_fill_key(kind: OrderKind) -> str:
    """Under which key an order carries a dependent one: ``takeProfitOnFill``."""
    return f"{kind.words}OnFill"


def extension_fields(extensions: Extensions | None) -> dict[str, str] | None:
    """The client extensions, None if there are none."""
    return (extensions.wire or None) if extensions is not None else None


def _price(instrument: Instrument, price: Decimal | None) -> str | None:
    return None if price is None else price_text(instrument, price)


def _time(time_ns: int | None) -> str | None:
    return None if time_ns is None else time_text(time_ns)


def details_fields(instrument: Instrument, details: Details) -> dict[str, Any]:
    """A dependent order that a fill shall create."""
    return present(
        {
            "price": _price(instrument, details.price),
            "distance": _price(instrument, details.distance),
            "timeInForce": details.time_in_force.value,
            "gtdTime": _time(details.gtd_ns),
            "clientExtensions": extension_fields(details.extensions),
            "guaranteed": details.guaranteed,
        }
    )


def _trade_fields(ticket: Ticket) -> dict[str, Any]:
    if not ticket.kind.dependent:
        return {}
    trade_id = None if ticket.trade_id is None else str(ticket.trade_id)
    return {
        "tradeID": trade_id,
        "clientTradeID": ticket.client_trade_id,
        "guaranteed": ticket.guaranteed,
    }


def _entry_fields(ticket: Ticket) -> dict[str, Any]:
    if ticket.kind.dependent:
        return {}
    return {
        "instrument": ticket.instrument.name,
        "units": None if ticket.units is None else units_text(ticket.units),
    }


def _position_fields(ticket: Ticket, partial_fill: str) -> dict[str, Any]:
    if ticket.kind.dependent:
        return {}
    waits = ticket.kind is not OrderKind.MARKET
    return {
        "partialFill": partial_fill if waits else None,
        "positionFill": ticket.position_fill.value,
    }


def ticket_fields(ticket: Ticket, *, partial_fill: str = "DEFAULT") -> dict[str, Any]:
    """All that a client asked for; `partial_fill` has another word in reads."""
    market = ticket.kind is OrderKind.MARKET
    return present(
        {
            **_trade_fields(ticket),
            **_entry_fields(ticket),
            "price": _price(ticket.instrument, ticket.price),
            "distance": _price(ticket.instrument, ticket.distance),
            "priceBound": _price(ticket.instrument, ticket.price_bound),
            "timeInForce": ticket.time_in_force.value,
            "gtdTime": _time(ticket.gtd_ns),
            "triggerCondition": None if market else ticket.trigger_condition.value,
            **_position_fields(ticket, partial_fill),
            **ticket.closes,
            **{
                on_fill_key(details.kind): details_fields(ticket.instrument, details)
                for details in ticket.on_fill
            },
            "clientExtensions": extension_fields(ticket.extensions),
            "tradeClientExtensions": extension_fields(ticket.trade_extensions),
        }
    )
