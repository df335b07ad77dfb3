"""What is asked of a rate gate, and told to it."""

from attrs import frozen

from venuetree.protocol.messages import Message, Request
from venuetree.protocol.port import Cost, Lane, LimitReport, LimitWindow

__all__ = [
    "Admit",
    "Arrived",
    "ClockOffset",
    "Gate",
    "LimitsChanged",
    "Permit",
    "Refund",
    "Replied",
    "Silence",
]


class Gate:
    """The protocol that the rate gate speaks."""


@frozen
class Permit:
    """Leave to send one request now. Hand it back unused with `Refund`."""

    number: int
    granted_time_ns: int


@frozen
class Admit(Request[Gate, Permit]):
    """Ask for leave to spend `costs`; the reply comes when there is room.

    `RateLimited` at once if the lane's queue is full, `LocalProtocolError` if the costs can never
    be met. The deadline is the ask's own; a request that was given up is forgotten.
    """

    lane: Lane
    costs: tuple[Cost, ...]


@frozen
class Refund(Message[Gate]):
    """The permit was not used: nothing was sent."""

    permit: Permit


@frozen
class Arrived(Message[Gate]):
    """The permit's request is at the exchange now, or never will be: it was answered, or failed.

    To be told of every permit that is not handed back; until then it counts as if it were to
    arrive now. `Replied` tells it too.
    """

    permit: Permit


@frozen
class Replied(Message[Gate]):
    """What a reply said about the limits.

    Attributes:
        reports: the exchange's counts.
        sent_time_ns: our clock, when the request left.
        retry_after_ns: for how long everything must be silent; 0 if it must, but the exchange
            did not say for how long (growing backoff); None if it need not.
        permit: of the request that was answered: with it, what others spend is reckoned exactly,
            without it, late. Needed to end the caution after a crash before its time.
    """

    reports: tuple[LimitReport, ...]
    sent_time_ns: int
    retry_after_ns: int | None = None
    permit: Permit | None = None


@frozen
class Silence(Message[Gate]):
    """Admit nothing, cancels included, before this time of our clock."""

    until_ns: int


@frozen
class LimitsChanged(Message[Gate]):
    """The exchange told its limits: these replace those of the same names."""

    windows: tuple[LimitWindow, ...]


@frozen
class ClockOffset(Message[Gate]):
    """The exchange's clock is so far ahead of ours."""

    offset_ns: int
