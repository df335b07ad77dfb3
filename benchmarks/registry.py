"""Every case by name: which module measures it, on what."""

from importlib import import_module

from benchmarks.options import Options
from benchmarks.rows import Row

__all__ = ["CASES", "run_case"]

#: Family, and the cases that each run in a process of its own.
CASES: dict[str, tuple[str, ...]] = {
    "decode": (
        "trade-1",
        "trades-20",
        "l2-20",
        "l2-1000",
        "ticker",
        "binance_us-trade",
        "binance_us-depth-20",
        "oanda-price-3",
        "oanda-price-10",
        "oanda-fill",
    ),
    "book": ("",),
    "ask": ("asyncio", "trio", "uvloop"),
    "idle": ("asyncio", "trio"),
    "feed": ("trades", "books", "latency", "binance_us-trades", "oanda-quotes", "oanda-books"),
    "order": (
        "asyncio",
        "trio",
        "binance_us-asyncio",
        "binance_us-trio",
        "oanda-asyncio",
        "oanda-trio",
    ),
    "order_peers": ("coinbase", "binance_us", "binance_us-ws_api", "oanda"),
    "stuck": ("asyncio", "trio"),
    # The last, so that what is asked for stands at the end.
    "latency": (
        "coinbase-asyncio",
        "coinbase-trio",
        "binance_us-asyncio",
        "binance_us-trio",
        "oanda-asyncio",
        "oanda-trio",
    ),
}
#: Families whose one case takes no name.
NAMELESS = frozenset(family for family, names in CASES.items() if names == ("",))


def run_case(family: str, name: str, options: Options) -> list[Row]:
    """Measure one case in this process."""
    measure = import_module(f"benchmarks.cases.{family}").measure
    rows: list[Row] = measure(options) if family in NAMELESS else measure(name, options)
    return rows
