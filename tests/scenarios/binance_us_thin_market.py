"""A thin market of the simulated Binance.US, and what it says of orders that are not there."""

from tests.scenarios.plain_binance_us import PlainClient
from venuetree.scenarios.simulated.matching import Side

__all__ = ["NO_ORDER", "UNKNOWN_CANCEL", "thin_market"]

UNKNOWN_CANCEL = (-2011, "Unknown order sent.")
NO_ORDER = (-2013, "Order does not exist.")


def thin_market() -> PlainClient:
    """BTCUSD with one bid and three offers, last trade somewhere near 64,283."""
    client = PlainClient()
    client.empty_book()
    client.offer(Side.BUY, "0.5", "64000.00")
    for price in ("64500.00", "64600.00", "64700.00"):
        client.offer(Side.SELL, "0.1", price)
    return client
