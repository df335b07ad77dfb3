"""What each call weighs, in either generation of the exchange."""

from collections.abc import Callable, Mapping

from venuetree.scenarios.simulated.binance_us.filters import Profile

Texts = Mapping[str, str]
Weigh = Callable[[Texts, Profile], int]
"""Takes the parameters as text, not yet checked."""

Pair = tuple[int, int]
"""By the documents, and as live."""


def _of(pair: Pair, profile: Profile) -> int:
    return pair[0] if profile is Profile.DOC else pair[1]


def flat(doc: int, live: int) -> Weigh:
    """The same whatever is asked."""

    def weigh(_: Texts, profile: Profile) -> int:
        return _of((doc, live), profile)

    return weigh


def by_symbol(one: Pair, every: Pair) -> Weigh:
    """Little for one symbol, more for all of them or for a list."""

    def weigh(texts: Texts, profile: Profile) -> int:
        return _of(one if "symbol" in texts else every, profile)

    return weigh


def with_parameter(name: str, there: Pair, absent: Pair) -> Weigh:
    """Otherwise with a parameter than without it."""

    def weigh(texts: Texts, profile: Profile) -> int:
        return _of(there if name in texts else absent, profile)

    return weigh


def depth(texts: Texts, profile: Profile) -> int:
    """By the number of levels."""
    text = texts.get("limit", "")
    limit = int(text) if text.isdecimal() and text.isascii() else 100
    for most, pair in ((100, (1, 5)), (500, (5, 25)), (1000, (10, 50))):
        if limit <= most:
            return _of(pair, profile)
    return _of((50, 250), profile)


def _symbols(texts: Texts) -> int | None:
    """How many symbols are asked for; None for all."""
    if "symbol" in texts:
        return 1
    return texts["symbols"].count(",") + 1 if "symbols" in texts else None


def ticker_24hr(texts: Texts, profile: Profile) -> int:
    """By the number of symbols, in steps."""
    asked = _symbols(texts)
    for most, pair in ((20, (1, 2)), (100, (20, 40))):
        if asked is not None and asked <= most:
            return _of(pair, profile)
    return _of((40, 80), profile)


def ticker_window(texts: Texts, profile: Profile) -> int:
    """So much a symbol, up to a cap."""
    asked = _symbols(texts) or 1
    return min(asked * _of((2, 4), profile), _of((100, 200), profile))
