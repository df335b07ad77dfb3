"""What stream readers are told."""

from attrs import frozen

from venuetree.protocol.messages import Message

__all__ = ["EntriesTold", "Reader", "SubscriptionsChanged"]


class Reader:
    """The protocol that stream readers speak."""


@frozen
class SubscriptionsChanged(Message[Reader]):
    """Ask the hub again what this stream should carry."""


@frozen
class EntriesTold(Message[Reader]):
    """Replies to our own requests held what this stream tells too."""

    entries: tuple[bytes, ...]
    #: Our clock, when they came.
    received_time_ns: int
