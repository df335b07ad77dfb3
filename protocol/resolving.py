"""What every exchange's proof of an unknown order has in common: a question that may fail.

Only evidence ends an order's unknown state. That the exchange could not be asked is none.
"""

from typing import Final

from venuetree.protocol.commands import Resolution, Undecided
from venuetree.protocol.errors import (
    AuthRefused,
    ExchangeRefused,
    ExchangeUnavailable,
    OutcomeUnknown,
    PermissionRefused,
    RateLimited,
    RemoteProtocolError,
    ReplyLost,
    TransportError,
)
from venuetree.protocol.port import RestFlow

__all__ = ["or_undecided"]

#: Answers that leave the question open, as it was.
_INCONCLUSIVE: Final = (
    OutcomeUnknown,
    TransportError,
    ReplyLost,
    RateLimited,
    ExchangeUnavailable,
    RemoteProtocolError,
    # A refused question: what a refused order proves is weighed where it occurs.
    ExchangeRefused,
)


def or_undecided(asked: RestFlow[Resolution]) -> RestFlow[Resolution]:
    """What became of the order; undecided where the exchange could not be asked.

    `AuthRefused` and `PermissionRefused` pass through: no asking again can mend them.
    """
    try:
        return (yield from asked)
    except (AuthRefused, PermissionRefused):
        raise
    except _INCONCLUSIVE as error:
        return Undecided(f"the exchange could not be asked: {error.message}")
