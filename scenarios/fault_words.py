"""The words in which failures are told: how an answer is lost, what a frame carries."""

from enum import Enum

__all__ = ["Backlog", "Body", "FrameKind", "Loss"]


class Loss(Enum):
    """How an answer is lost."""

    CLOSED = "closed"
    """The connection is closed in good order, without an answer."""
    RESET = "reset"
    """The connection is reset."""
    HANGING = "hanging"
    """The connection stays open and nothing comes."""


class Body(Enum):
    """What the body of an error answer is made of."""

    JSON = "json"
    HTML = "html"
    TEXT = "text"
    EMPTY = "empty"


class FrameKind(Enum):
    """What a stream frame carries."""

    ANY = "any"
    SNAPSHOT = "snapshot"
    UPDATE = "update"
    CONTROL = "control"
    """An acknowledgement or a heartbeat."""


class Backlog(Enum):
    """What becomes of the frames of the time in which a stream was silent."""

    DELIVERED = "delivered"
    DISCARDED = "discarded"
