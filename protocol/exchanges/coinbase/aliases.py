"""USD and USDC: two wallets, one book.

Coinbase unifies the order books of `X-USD` and `X-USDC` where both exist: streams, and perhaps
orders, show the `-USD` name whichever was asked for. The id that is sent with an order still
decides which wallet pays, so names are never changed on the way out.
"""

from collections.abc import Callable, Iterable
from typing import Final

from venuetree.protocol.exchanges.coinbase.subscriptions import Key

__all__ = ["canonical_instrument", "names_by_product"]

_ALIAS: Final = "-USDC"
_CANONICAL: Final = "-USD"


def canonical_instrument(instrument: str) -> str:
    """The name under which a shared book may be told: `BTC-USD` for `BTC-USDC`."""
    return instrument[:-1] if instrument.endswith(_ALIAS) else instrument


def _alias_of(instrument: str) -> str:
    return f"{instrument}C" if instrument.endswith(_CANONICAL) else ""


def names_by_product(
    wanted: Iterable[Key], shared: Iterable[Key], is_asked: Callable[[Key], bool]
) -> dict[Key, tuple[str, ...]]:
    """Which of our instruments a channel's product stands for.

    A product stands for itself. It also stands for its `-USDC` twin where it was not asked for
    itself (its frames can be of nothing else), or where the two are known to be shared.
    """
    asked, twins = set(wanted), set(shared)
    names: dict[Key, tuple[str, ...]] = {}
    for channel, product in asked | {(channel, canonical_instrument(p)) for channel, p in asked}:
        key, alias = (channel, product), (channel, _alias_of(product))
        is_by_alias = alias in asked and (
            alias in twins or (key not in asked and not is_asked(key))
        )
        found = (product,) * (key in asked) + (alias[1],) * is_by_alias
        if found:
            names[key] = found
    return names
