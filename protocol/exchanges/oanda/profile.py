"""What OANDA's v20 API is, in figures, each with the page that it is from.

Where nothing is published the comment says "ours", and why.
"""

from decimal import Decimal
from typing import Final

from venuetree.protocol.commands import FetchInstruments, FetchKeyPermissions
from venuetree.protocol.exchanges.oanda.terms import TIMES_OF
from venuetree.protocol.models import OrderStatus, Topic
from venuetree.protocol.port import (
    Ability,
    AccountKind,
    Chore,
    ChoreEffect,
    Endpoints,
    Lane,
    LimitWindow,
    OrderTerms,
    PaperTerms,
    Profile,
    StreamLimits,
    WindowKind,
)
from venuetree.protocol.timestamps import SECOND

__all__ = ["PROFILE"]

_HOUR: Final = 3600 * SECOND


def _endpoints(site: str) -> Endpoints:
    """Both streams are on a host of their own, everything else on the other."""
    stream = f"https://stream-{site}.oanda.com"
    return Endpoints(rest=f"https://api-{site}.oanda.com", stream=stream, user_stream=stream)


PROFILE: Final = Profile(
    # "Development Guide". A token is good for one of the two.
    endpoints={"live": _endpoints("fxtrade"), "practice": _endpoints("fxpractice")},
    # "Development Guide": 120 requests a second from an address; "Best Practices": 100 a second
    # on a connection that is kept. The lower figure leaves room for others at the same address.
    limits=(LimitWindow("rest_1s", 100, SECOND, WindowKind.SLIDING),),
    # "Development Guide": two new connections a second, streams and questions together.
    connections=LimitWindow("connections_1s", 2, SECOND, WindowKind.SLIDING),
    # A connection takes any number of instruments, of which the exchange has about 120; an address
    # may have twenty streams, so one connection carries them all. Nothing is sent on it.
    stream_limits=StreamLimits(),
    topics=frozenset(
        {
            Topic.QUOTES,
            Topic.TICKER,
            Topic.BEST_PRICES,
            Topic.BOOK,
            Topic.BOOK_TOP,
            Topic.STATUS,
        }
    ),
    # "Order Definitions".
    orders={kind: OrderTerms(frozenset(times), attached=True) for kind, times in TIMES_OF.items()},
    # No clock: a token does not depend on the time, and no order of ours on the exchange's.
    # Without a token nothing at all is answered, so everything here needs one.
    chores=(
        # The key first: an account that it may not use is told as just that.
        Chore(FetchKeyPermissions(), ChoreEffect.CREDENTIALS, every_ns=_HOUR, is_private=True),
        Chore(FetchInstruments(), ChoreEffect.INSTRUMENTS, every_ns=_HOUR, is_private=True),
    ),
    user_streams=("transactions",),
    reserved={Lane.RESOLVE: 0.1, Lane.PLACE: 0.2, Lane.UPKEEP: 0.3, Lane.DATA: 0.4},
    abilities=frozenset(
        {Ability.REPLACE, Ability.MARGIN, Ability.ACCOUNT_SUMMARY, Ability.CLOSE_POSITION}
    ),
    # "Order Endpoints": an order that cannot be executed is created, and cancelled in one batch.
    reply_decides=True,
    needs_credentials=True,
    # "Pricing Endpoints": the instruments are part of the stream's address.
    must_know_instruments=True,
    paper=PaperTerms(
        # "Transactions": executions bear no commission; the spread is the price.
        maker_rate=Decimal(0),
        taker_rate=Decimal(0),
        balances={"USD": Decimal(100_000)},
        account=AccountKind.MARGIN,
        # "Order Endpoints": a market order that cannot be executed is cancelled as it is made.
        nothing_becomes=OrderStatus.REJECTED,
    ),
)
