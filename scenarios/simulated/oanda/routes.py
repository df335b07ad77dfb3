"""Which function answers which path, and which methods a path knows."""

import re
from collections.abc import Callable, Mapping

import attrs

from venuetree.scenarios.simulated.oanda import account_calls, market_calls, transaction_calls
from venuetree.scenarios.simulated.oanda.calls import Call, Reply

__all__ = ["ROUTES", "STREAMS", "Match", "find", "stream_of"]

Function = Callable[[Call], Reply]

_ACCOUNT = "/v3/accounts/{account}"
_ORDER = f"{_ACCOUNT}/orders/{{specifier}}"
_TRADE = f"{_ACCOUNT}/trades/{{specifier}}"
_TRANSACTIONS = f"{_ACCOUNT}/transactions"
_INSTRUMENT = "/v3/instruments/{instrument}"

#: In order: what comes first wins.
ROUTES: Mapping[str, Mapping[str, Function]] = {
    "/v3/accounts": {"GET": account_calls.accounts},
    _ACCOUNT: {"GET": account_calls.full},
    f"{_ACCOUNT}/summary": {"GET": account_calls.summary},
    f"{_ACCOUNT}/instruments": {"GET": account_calls.instruments},
    f"{_ACCOUNT}/configuration": {"PATCH": account_calls.configure},
    f"{_ACCOUNT}/changes": {"GET": account_calls.changes},
    f"{_ACCOUNT}/orders": {"GET": account_calls.orders, "POST": account_calls.create_order},
    f"{_ACCOUNT}/pendingOrders": {"GET": account_calls.pending_orders},
    _ORDER: {"GET": account_calls.order, "PUT": account_calls.replace_order},
    f"{_ORDER}/cancel": {"PUT": account_calls.cancel_order},
    f"{_ORDER}/clientExtensions": {"PUT": account_calls.order_extensions},
    f"{_ACCOUNT}/trades": {"GET": account_calls.trades},
    f"{_ACCOUNT}/openTrades": {"GET": account_calls.open_trades},
    _TRADE: {"GET": account_calls.trade},
    f"{_TRADE}/close": {"PUT": account_calls.close_trade},
    f"{_TRADE}/clientExtensions": {"PUT": account_calls.trade_extensions},
    f"{_TRADE}/orders": {"PUT": account_calls.trade_orders},
    f"{_ACCOUNT}/positions": {"GET": account_calls.positions},
    f"{_ACCOUNT}/openPositions": {"GET": account_calls.open_positions},
    f"{_ACCOUNT}/positions/{{instrument}}": {"GET": account_calls.position},
    f"{_ACCOUNT}/positions/{{instrument}}/close": {"PUT": account_calls.close_position},
    _TRANSACTIONS: {"GET": transaction_calls.pages},
    f"{_TRANSACTIONS}/idrange": {"GET": transaction_calls.between},
    f"{_TRANSACTIONS}/sinceid": {"GET": transaction_calls.since},
    f"{_TRANSACTIONS}/{{transaction}}": {"GET": transaction_calls.one},
    f"{_ACCOUNT}/pricing": {"GET": market_calls.pricing},
    f"{_ACCOUNT}/candles/latest": {"GET": market_calls.latest_candles},
    f"{_ACCOUNT}/instruments/{{instrument}}/candles": {"GET": market_calls.account_candles},
    f"{_INSTRUMENT}/candles": {"GET": market_calls.candles},
    f"{_INSTRUMENT}/orderBook": {"GET": market_calls.order_book},
    f"{_INSTRUMENT}/positionBook": {"GET": market_calls.position_book},
}

#: The paths of the streaming host, and the streams that they are.
STREAMS: Mapping[str, str] = {
    f"{_ACCOUNT}/pricing/stream": "pricing",
    f"{_TRANSACTIONS}/stream": "transactions",
}


@attrs.frozen
class Match:
    """A path that is known: its functions by method, and its variable parts."""

    functions: Mapping[str, Function]
    parts: dict[str, str]


def _compiled(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))


_PATTERNS = [(_compiled(template), functions) for template, functions in ROUTES.items()]
_STREAM_PATTERNS = [(_compiled(template), name) for template, name in STREAMS.items()]


def find(path: str) -> Match | None:
    """The functions of a path of the REST host."""
    for pattern, functions in _PATTERNS:
        found = pattern.fullmatch(path)
        if found is not None:
            return Match(functions, found.groupdict())
    return None


def stream_of(path: str) -> tuple[str, str] | None:
    """The stream that a path of the streaming host is, and of which account."""
    for pattern, name in _STREAM_PATTERNS:
        found = pattern.fullmatch(path)
        if found is not None:
            return name, found["account"]
    return None
