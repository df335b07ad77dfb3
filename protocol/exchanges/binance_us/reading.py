"""Reading what Binance.US says: its name, its symbols, its times, and its errors."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.models import Instrument
from venuetree.protocol.reading import unreadable

__all__ = ["MILLISECOND", "NAME", "Symbols", "instrument_name", "remote_error", "symbol_name"]

NAME: Final = "binance_us"
MILLISECOND: Final = 1_000_000

#: Quote assets seen on the exchange, the longest first: of `BTCUSDT`, `USDT` is the quote.
_QUOTES: Final = ("USDT", "USDC", "BUSD", "USD4", "USD", "DAI", "BTC", "ETH", "BNB")
#: Base assets that end with a B: of `BNBUSD`, `USD` is the quote, and not `BUSD`.
_ENDING_WITH_B: Final = frozenset({"ARB", "BNB", "CKB", "DGB", "SHIB", "TRB"})


def remote_error(
    error: BaseException, payload: bytes | str, *, operation: str = "decode"
) -> RemoteProtocolError:
    """What to raise, from `error`, for a payload that could not be read."""
    return unreadable(error, payload, exchange=NAME, operation=operation)


@lru_cache(maxsize=4096)
def instrument_name(symbol: str) -> str:
    """Our name of a symbol as far as it can be split without the list of instruments."""
    for quote in _QUOTES:
        base = symbol.removesuffix(quote)
        if base in {"", symbol} or (quote == "BUSD" and f"{base}B" in _ENDING_WITH_B):
            continue
        return f"{base}-{quote}"
    return symbol


def symbol_name(instrument: str) -> str:
    """The exchange's spelling of our name."""
    return instrument.replace("-", "")


class Symbols:
    """Our names of the exchange's symbols: by its own list, else by splitting them."""

    def __init__(self) -> None:
        self._known: Mapping[str, Instrument] | None = None
        self._count = 0
        self._names: dict[str, str] = {}

    def learn(self, instruments: Mapping[str, Instrument]) -> None:
        """Take in the list as it is now."""
        if instruments is self._known and len(instruments) == self._count:
            return
        self._known, self._count = instruments, len(instruments)
        self._names = {known.exchange_symbol: known.name for known in instruments.values()}

    def call(self, names: Iterable[str]) -> None:
        """Know these instruments, and no others, by the names that they are wanted by."""
        self._names = {symbol_name(name): name for name in names}

    def know(self, symbol: str, name: str) -> None:
        """Know one by its symbol."""
        self._names[symbol] = name

    def name(self, symbol: Any) -> str:
        """Our name; `TypeError` if `symbol` is no text."""
        found = self._names.get(symbol)
        if found is not None:
            return found
        if type(symbol) is not str:
            message = f"expected a symbol, not {symbol!r:.80}"
            raise TypeError(message)
        return instrument_name(symbol)
