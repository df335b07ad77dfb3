"""What an error says about an order that was to be placed: pure.

Only positive evidence calls an order "not placed". Everything else leaves it unknown, to be
resolved by asking the exchange.
"""

from enum import Enum

from venuetree.protocol.errors import (
    ConfigurationError,
    DuplicateClientOrderId,
    EngineError,
    ExchangeRefused,
    NotSupported,
    OrderInvalid,
    RateLimited,
    TransportError,
)

__all__ = ["Verdict", "placing_verdict"]


class Verdict(Enum):
    """Whether an order exists after an error."""

    #: The exchange refused it, or no byte of it left.
    NOT_PLACED = "not_placed"
    #: It may exist.
    UNKNOWN = "unknown"


#: Refused before or by the exchange, or never sent. `RateLimited` is here because a codec calls
#: the exchange's own 429 on an order `OutcomeUnknown`: what is left is our gate's refusal.
_NOT_PLACED = (
    ConfigurationError,
    ExchangeRefused,
    NotSupported,
    OrderInvalid,
    RateLimited,
    TransportError,
)


def placing_verdict(error: EngineError) -> Verdict:
    """What `error`, which came instead of an acknowledgement, says about the order."""
    # Some order with this id exists; whether it is the one meant is for the resolver to see.
    if isinstance(error, DuplicateClientOrderId):
        return Verdict.UNKNOWN
    return Verdict.NOT_PLACED if isinstance(error, _NOT_PLACED) else Verdict.UNKNOWN
