"""A paper exchange: an account and orders of our own, matched against real books.

Nothing in here knows where books and time come from; the actor `paper` hands them in.
"""

from venuetree.protocol.paper.exchange import PaperExchange
from venuetree.protocol.paper.market_only import MARKET_QUESTIONS, on_paper
from venuetree.protocol.paper.orders import FeeRates, PaperOrder
from venuetree.protocol.paper.state import PaperState

__all__ = [
    "MARKET_QUESTIONS",
    "FeeRates",
    "PaperExchange",
    "PaperOrder",
    "PaperState",
    "on_paper",
]
