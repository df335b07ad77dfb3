"""What the tests of Binance.US's instruments share: a symbol, as it was captured or altered."""

from typing import Any

from tests.support.binance_us import payload
from venuetree.protocol.exchanges.binance_us.instruments import instruments_from
from venuetree.protocol.models import Instrument

__all__ = ["SYMBOL", "instrument", "read", "ruled"]

#: The one that was captured.
(SYMBOL,) = payload("rest_exchange_info")["symbols"]


def read(*symbols: Any) -> tuple[list[Instrument], list[str]]:
    """The instruments, and which were left out."""
    left_out: list[str] = []
    found = list(instruments_from(symbols, lambda symbol, error: left_out.append(symbol)))
    return found, left_out


def instrument(**fields: Any) -> Instrument:
    """The one of a symbol with other fields."""
    (found,), left_out = read({**SYMBOL, **fields})
    assert not left_out
    return found


def ruled(*filters: dict[str, Any]) -> Instrument:
    """An instrument with these filters alone."""
    return instrument(filters=filters)
