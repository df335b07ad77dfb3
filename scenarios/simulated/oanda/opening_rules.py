"""What may stand against opening a trade, checked when an order is about to fill."""

from collections.abc import Mapping
from decimal import Decimal

from venuetree.scenarios.simulated.oanda.account_settings import GuaranteedMode
from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.amounts import ZERO
from venuetree.scenarios.simulated.oanda.margin import bound_margin, valuation
from venuetree.scenarios.simulated.oanda.orders import Details, Order, OrderKind, Reduction
from venuetree.scenarios.simulated.oanda.prices import Quote
from venuetree.scenarios.simulated.oanda.refusals import FillRefusedError
from venuetree.scenarios.simulated.oanda.trades import Side, side_of
from venuetree.scenarios.simulated.oanda.universe import Instrument

__all__ = ["attached_price", "check_margin", "check_opening", "guaranteed_allowed"]


def check_margin(
    state: AccountState,
    order: Order,
    quote: Quote,
    opened: Decimal,
    after: Mapping[Side, Decimal],
) -> None:
    """Refuse what the account has too little margin for; what binds less than before may pass.

    Raises:
        FillRefusedError: there is too little margin.
    """
    instrument, name = order.instrument, order.instrument.name
    now = valuation(state)
    before = bound_margin(
        state, instrument, state.trades.units(name, Side.LONG), state.trades.units(name, Side.SHORT)
    )
    needed = bound_margin(state, instrument, after[Side.LONG], after[Side.SHORT])
    # The new trade begins with a loss of the spread.
    spread = abs(opened) * (quote.ask - quote.bid) * state.quote_factors(instrument).position
    if needed > before and now.margin_used - before + needed > now.nav - spread:
        raise FillRefusedError("INSUFFICIENT_MARGIN")


def check_opening(
    state: AccountState,
    order: Order,
    price: Decimal,
    opened: Decimal,
    reductions: tuple[Reduction, ...],
) -> None:
    """Refuse a new trade that breaks a rule of its attached orders, of the account, or a limit.

    Raises:
        FillRefusedError: the first rule that it breaks.
    """
    for details in order.ticket.on_fill:
        _check_attached(state, order.instrument, details, price, opened)
    _check_guaranteed(state, order)
    _check_client_ids(state, order)
    _check_fifo_safeguard(state, order, opened)
    _check_limits(state, order, opened, reductions)


def guaranteed_allowed(state: AccountState, instrument: Instrument) -> bool:
    """Whether the account may put a guaranteed stop on trades of the instrument."""
    disabled = GuaranteedMode.DISABLED
    return (
        state.settings.guaranteed is not disabled
        and instrument.guaranteed_stop_loss_order_mode != disabled.value
    )


def attached_price(details: Details, price: Decimal, units: Decimal) -> Decimal | None:
    """The price of an attached order; its distance is measured from the trade's own price."""
    if details.kind is OrderKind.TRAILING_STOP_LOSS:
        return None
    if details.distance is None:
        return details.price
    gains = details.kind is OrderKind.TAKE_PROFIT
    return price + details.distance if gains == (units > ZERO) else price - details.distance


def _check_attached(
    state: AccountState, instrument: Instrument, details: Details, price: Decimal, units: Decimal
) -> None:
    level = attached_price(details, price, units)
    if level is None:
        return
    above, gains = level > price, details.kind is OrderKind.TAKE_PROFIT
    if level <= ZERO or level == price or above != (gains == (units > ZERO)):
        raise FillRefusedError(f"{details.kind.value}_ON_FILL_LOSS")
    if details.kind is not OrderKind.GUARANTEED_STOP_LOSS:
        return
    if not guaranteed_allowed(state, instrument):
        raise FillRefusedError("GUARANTEED_STOP_LOSS_ON_FILL_NOT_ALLOWED")
    if abs(level - price) < instrument.minimum_guaranteed_stop_loss_distance:
        raise FillRefusedError("GUARANTEED_STOP_LOSS_ON_FILL_MINIMUM_DISTANCE_NOT_MET")


def _check_guaranteed(state: AccountState, order: Order) -> None:
    has = any(details.kind is OrderKind.GUARANTEED_STOP_LOSS for details in order.ticket.on_fill)
    if state.settings.guaranteed is GuaranteedMode.REQUIRED and not has:
        raise FillRefusedError("GUARANTEED_STOP_LOSS_ON_FILL_REQUIRED")


def _check_client_ids(state: AccountState, order: Order) -> None:
    extensions = order.ticket.trade_extensions
    if extensions is not None and state.trades.find_open(extensions.id) is not None:
        raise FillRefusedError("CLIENT_TRADE_ID_ALREADY_EXISTS")
    for details in order.ticket.on_fill:
        client_id = None if details.extensions is None else details.extensions.id
        if state.orders.find_pending(client_id) is not None:
            raise FillRefusedError(f"{details.kind.value}_ON_FILL_CLIENT_ORDER_ID_ALREADY_EXISTS")


def _check_fifo_safeguard(state: AccountState, order: Order, opened: Decimal) -> None:
    """Equal trades must close in order, which an order attached to one of them could break."""
    if not state.settings.fifo:
        return
    equals = [
        trade
        for trade in state.trades.open(order.instrument.name, side_of(opened))
        if trade.current_units == opened
    ]
    if equals and (order.ticket.on_fill or any(trade.orders for trade in equals)):
        raise FillRefusedError("FIFO_VIOLATION_SAFEGUARD_VIOLATION")


def _check_limits(
    state: AccountState, order: Order, opened: Decimal, reductions: tuple[Reduction, ...]
) -> None:
    instrument, settings = order.instrument, state.settings
    held = state.trades.units(instrument.name, side_of(opened))
    if ZERO < instrument.maximum_position_size < abs(held + opened):
        raise FillRefusedError("POSITION_SIZE_EXCEEDED")
    closed = sum(
        trade.current_units == -reduction.units
        for reduction in reductions
        if (trade := state.trades.get(reduction.trade_id)) is not None
    )
    if len(state.trades.open()) - closed >= settings.maximum_open_trades:
        raise FillRefusedError("OPEN_TRADES_ALLOWED_EXCEEDED")
    others = [each for each in state.orders.pending() if each is not order]
    if len(others) + len(order.ticket.on_fill) > settings.maximum_pending_orders:
        raise FillRefusedError("PENDING_ORDERS_ALLOWED_EXCEEDED")
