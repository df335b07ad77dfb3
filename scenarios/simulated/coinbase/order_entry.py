"""From the body of a create or preview request to a ticket, by the exchange's rules.

What is malformed raises `BadRequestError`; what a rule forbids raises
`RejectedError` with the exchange's code. Nothing is rounded.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import attrs

from venuetree.scenarios.simulated.coinbase.orders import (
    AttachedBracket,
    BadRequestError,
    OrderType,
    RejectedError,
    Ticket,
    TimeInForceName,
)
from venuetree.scenarios.simulated.coinbase.universe import Product
from venuetree.scenarios.simulated.matching import Rising, Side
from venuetree.scenarios.simulated.numbers import floor_to, on_grid, parse_decimal, parse_rfc3339

_DIRECTIONS = {"STOP_DIRECTION_STOP_UP": Rising.UP, "STOP_DIRECTION_STOP_DOWN": Rising.DOWN}


@attrs.frozen
class Quote:
    """What the market looks like to a rule."""

    last: Decimal
    best_bid: Decimal | None
    best_ask: Decimal | None


@attrs.frozen
class _Form:
    """The fields of one configuration, with the product whose rules they obey."""

    name: str
    fields: Mapping[str, Any]
    product: Product
    side: Side
    quote: Quote
    now_ns: int

    def size(self) -> tuple[Decimal | None, Decimal | None]:
        """(base size, quote size), exactly one of them set."""
        base, quote = self.fields.get("base_size"), self.fields.get("quote_size")
        if bool(base) == bool(quote):
            raise BadRequestError("exactly one of base_size and quote_size is required")
        return (self.base_size(base), None) if base else (None, self.quote_size(quote))

    def base_size(self, text: object) -> Decimal:
        product, size = self.product, _number(text)
        if not on_grid(size, product.base_increment):
            raise RejectedError("INVALID_SIZE_PRECISION", "Invalid size precision")
        if size < product.base_min_size:
            raise RejectedError("INVALID_BASE_SIZE_TOO_SMALL", preview_only=True)
        if size > product.base_max_size:
            raise RejectedError("INVALID_BASE_SIZE_TOO_LARGE", preview_only=True)
        return size

    def quote_size(self, text: object) -> Decimal:
        product, size = self.product, _number(text)
        if not on_grid(size, product.quote_increment):
            raise RejectedError("INVALID_QUOTE_SIZE_PRECISION", preview_only=True)
        self.check_notional(size)
        return size

    def check_notional(self, amount: Decimal) -> None:
        if amount < self.product.quote_min_size:
            raise RejectedError("INVALID_QUOTE_SIZE_TOO_SMALL", preview_only=True)
        if amount > self.product.quote_max_size:
            raise RejectedError("INVALID_QUOTE_SIZE_TOO_LARGE", preview_only=True)

    def price(self, name: str, *, precision: str, wrong: str) -> Decimal:
        text = self.fields.get(name)
        if text is None:
            raise BadRequestError(f"{name} is required")
        price = parse_decimal(text)
        if price is None or price <= 0:
            raise RejectedError(wrong)
        if not on_grid(price, self.product.price_increment):
            raise RejectedError(precision, preview_only=precision.endswith("STOP_PRICE_PRECISION"))
        return price

    def limit_price(self) -> Decimal:
        return self.price(
            "limit_price", precision="INVALID_PRICE_PRECISION", wrong="INVALID_LIMIT_PRICE"
        )

    def end_ns(self) -> int:
        text = self.fields.get("end_time")
        if not text:
            raise RejectedError("GTD_ORDERS_MUST_HAVE_END_TIME")
        end_ns = parse_rfc3339(text)
        if end_ns is None:
            raise BadRequestError("end_time is no RFC 3339 time")
        if end_ns <= self.now_ns:
            raise RejectedError("END_TIME_IS_IN_THE_PAST")
        return end_ns

    def post_only(self) -> bool:
        value = self.fields.get("post_only", False)
        if not isinstance(value, bool):
            raise BadRequestError("post_only must be a bool")
        return value


def read_ticket(body: Mapping[str, Any], *, product: Product, quote: Quote, now_ns: int) -> Ticket:
    """The ticket of a create or preview body.

    Raises:
        BadRequestError: malformed.
        RejectedError: against a rule, with the exchange's code.
    """
    side = _side(body)
    name, fields = _configuration(body)
    _check_product(product, name, fields)
    form = _Form(name, fields, product, side, quote, now_ns)
    reader = _READERS.get(name)
    if reader is None:
        raise RejectedError("UNSUPPORTED_ORDER_CONFIGURATION", "Unsupported order configuration")
    ticket = reader(form)
    if body.get("attached_order_configuration"):
        attached = _attached(form, ticket, body["attached_order_configuration"])
        ticket = attrs.evolve(ticket, attached=attached)
    return ticket


def _side(body: Mapping[str, Any]) -> Side:
    try:
        return Side(body.get("side"))
    except ValueError:
        raise RejectedError("INVALID_SIDE", "side must be BUY or SELL") from None


def _configuration(body: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    configuration = body.get("order_configuration")
    if not isinstance(configuration, dict) or len(configuration) != 1:
        raise BadRequestError("order_configuration must have exactly one configuration")
    ((name, fields),) = configuration.items()
    if not isinstance(fields, dict):
        raise BadRequestError(f"{name} must be an object")
    return name, fields


def _check_product(product: Product, name: str, fields: Mapping[str, Any]) -> None:
    if product.trading_disabled or product.is_disabled or product.status != "online":
        raise RejectedError("TRADING_DISABLED", "Trading is disabled")
    if product.view_only:
        raise RejectedError("UNTRADABLE_PRODUCT", "Product is view only")
    if product.cancel_only:
        raise RejectedError("ORDER_ENTRY_DISABLED", "Product is in cancel only mode")
    if product.limit_only and name.startswith("market"):
        raise RejectedError("UNSUPPORTED_ORDER_CONFIGURATION", "Product is in limit only mode")
    if product.post_only and not fields.get("post_only"):
        raise RejectedError("INVALID_LIMIT_PRICE_POST_ONLY", "Product is in post only mode")


def _market(form: _Form) -> Ticket:
    base, quote = form.size()
    if quote is not None and form.side is Side.SELL:
        raise RejectedError("UNSUPPORTED_ORDER_CONFIGURATION", "A market sell needs base_size")
    if (form.quote.best_ask if form.side is Side.BUY else form.quote.best_bid) is None:
        raise RejectedError("INVALID_NO_LIQUIDITY", "No liquidity")
    if base is not None:
        form.check_notional(base * form.quote.last)
    return Ticket(
        product_id=form.product.product_id,
        side=form.side,
        order_type=OrderType.MARKET,
        time_in_force=TimeInForceName.IOC,
        configuration={form.name: {**form.fields, "rfq_disabled": False, "reduce_only": False}},
        base_size=base,
        quote_size=quote,
    )


def _limit(form: _Form, time_in_force: TimeInForceName) -> Ticket:
    price = form.limit_price()
    base, quote = form.size()
    if base is None and quote is not None:
        base = floor_to(quote / price, form.product.base_increment)
    if base is None:
        raise BadRequestError("size is required")
    form.check_notional(base * price)
    resting = time_in_force in {TimeInForceName.GTC, TimeInForceName.GTD}
    echo = {**form.fields, "rfq_disabled": False, "reduce_only": False}
    post_only = form.post_only() if resting else False
    if resting:
        echo["post_only"] = post_only
    return Ticket(
        product_id=form.product.product_id,
        side=form.side,
        order_type=OrderType.LIMIT,
        time_in_force=time_in_force,
        configuration={form.name: echo},
        base_size=base,
        quote_size=quote,
        limit_price=price,
        post_only=post_only,
        end_ns=form.end_ns() if time_in_force is TimeInForceName.GTD else None,
    )


def _stop_limit(form: _Form, time_in_force: TimeInForceName) -> Ticket:
    price = form.limit_price()
    stop = form.price(
        "stop_price", precision="INVALID_STOP_PRICE_PRECISION", wrong="INVALID_LIMIT_PRICE"
    )
    direction = _DIRECTIONS.get(str(form.fields.get("stop_direction")))
    if direction is None:
        raise BadRequestError("stop_direction is required")
    base = form.base_size(form.fields.get("base_size"))
    form.check_notional(base * price)
    if direction is Rising.DOWN and stop >= form.quote.last:
        raise RejectedError("STOP_PRICE_ABOVE_LAST_TRADE_PRICE", preview_only=True)
    if direction is Rising.UP and stop <= form.quote.last:
        raise RejectedError("STOP_PRICE_BELOW_LAST_TRADE_PRICE", preview_only=True)
    if form.side is Side.BUY and stop > price:
        raise RejectedError("STOP_PRICE_ABOVE_LIMIT_PRICE", preview_only=True)
    if form.side is Side.SELL and stop < price:
        raise RejectedError("STOP_PRICE_BELOW_LIMIT_PRICE", preview_only=True)
    return Ticket(
        product_id=form.product.product_id,
        side=form.side,
        order_type=OrderType.STOP_LIMIT,
        time_in_force=time_in_force,
        configuration={form.name: dict(form.fields)},
        base_size=base,
        limit_price=price,
        stop_price=stop,
        stop_direction=direction,
        end_ns=form.end_ns() if time_in_force is TimeInForceName.GTD else None,
    )


def _bracket(form: _Form, time_in_force: TimeInForceName) -> Ticket:
    if form.fields.get("quote_size"):
        raise RejectedError("QUOTE_SIZE_NOT_ALLOWED_FOR_BRACKET")
    price = form.price(
        "limit_price", precision="INVALID_PRICE_PRECISION", wrong="INVALID_BRACKET_LIMIT_PRICE"
    )
    stop = form.price(
        "stop_trigger_price",
        precision="INVALID_STOP_PRICE_PRECISION",
        wrong="INVALID_BRACKET_STOP_TRIGGER_PRICE",
    )
    base = form.base_size(form.fields.get("base_size"))
    form.check_notional(base * price)
    low, high = (stop, price) if form.side is Side.SELL else (price, stop)
    if not low < form.quote.last < high:
        raise RejectedError("INVALID_BRACKET_PRICES", "Invalid bracket prices")
    return Ticket(
        product_id=form.product.product_id,
        side=form.side,
        order_type=OrderType.BRACKET,
        time_in_force=time_in_force,
        configuration={form.name: dict(form.fields)},
        base_size=base,
        limit_price=price,
        stop_price=stop,
        stop_direction=Rising.DOWN if form.side is Side.SELL else Rising.UP,
        end_ns=form.end_ns() if time_in_force is TimeInForceName.GTD else None,
    )


def _attached(form: _Form, ticket: Ticket, configuration: object) -> AttachedBracket:
    if not isinstance(configuration, dict) or list(configuration) != ["trigger_bracket_gtc"]:
        raise RejectedError("INVALID_ORDER_TYPE_FOR_ATTACHED")
    if ticket.order_type is not OrderType.LIMIT or ticket.limit_price is None:
        raise RejectedError("ATTACHED_ORDERS_ONLY_ALLOWED_ON_MARKET_LIMIT")
    fields = configuration["trigger_bracket_gtc"]
    if not isinstance(fields, dict):
        raise BadRequestError("trigger_bracket_gtc must be an object")
    if fields.get("base_size"):
        raise RejectedError("ATTACHED_ORDER_SIZE_MUST_BE_NIL")
    child = attrs.evolve(form, fields=fields)
    take = child.price(
        "limit_price",
        precision="INVALID_ATTACHED_TAKE_PROFIT_PRICE_PRECISION",
        wrong="ATTACHED_ORDER_MUST_HAVE_POSITIVE_PRICES",
    )
    stop = child.price(
        "stop_trigger_price",
        precision="INVALID_ATTACHED_STOP_LOSS_PRICE_PRECISION",
        wrong="ATTACHED_ORDER_MUST_HAVE_POSITIVE_PRICES",
    )
    buying = ticket.side is Side.BUY
    if (take <= ticket.limit_price) if buying else (take >= ticket.limit_price):
        raise RejectedError("INVALID_ATTACHED_TAKE_PROFIT_PRICE")
    if (stop >= ticket.limit_price) if buying else (stop <= ticket.limit_price):
        raise RejectedError("INVALID_ATTACHED_STOP_LOSS_PRICE")
    return AttachedBracket(limit_price=take, stop_trigger_price=stop)


def _number(text: object) -> Decimal:
    number = parse_decimal(text)
    if number is None or number <= 0:
        raise RejectedError("NON_NUMERIC_ORDER_SIZE", preview_only=True)
    return number


_READERS: Mapping[str, Callable[[_Form], Ticket]] = {
    "market_market_ioc": _market,
    "sor_limit_ioc": lambda form: _limit(form, TimeInForceName.IOC),
    "limit_limit_gtc": lambda form: _limit(form, TimeInForceName.GTC),
    "limit_limit_gtd": lambda form: _limit(form, TimeInForceName.GTD),
    "limit_limit_fok": lambda form: _limit(form, TimeInForceName.FOK),
    "stop_limit_stop_limit_gtc": lambda form: _stop_limit(form, TimeInForceName.GTC),
    "stop_limit_stop_limit_gtd": lambda form: _stop_limit(form, TimeInForceName.GTD),
    "trigger_bracket_gtc": lambda form: _bracket(form, TimeInForceName.GTC),
    "trigger_bracket_gtd": lambda form: _bracket(form, TimeInForceName.GTD),
}
"""market_market_fok, twap_limit_gtd and scaled_limit_gtc are refused: a spot account got
`UNSUPPORTED_ORDER_CONFIGURATION` for the first, and the others are no part of this exchange."""
