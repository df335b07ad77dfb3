"""Whom commands are for, and how urgent their asker finds them."""

from typing import Generic, TypeVar

from attrs import frozen

from venuetree.protocol.messages import Request
from venuetree.protocol.port.limits import Lane

__all__ = ["Ahead", "Rest"]

R_co = TypeVar("R_co", covariant=True)


class Rest:
    """The protocol that REST workers speak."""


@frozen
class Ahead(Request[Rest, R_co], Generic[R_co]):
    """A question that the engine asks for itself, ahead of those that hosts ask.

    However much a host asks, the engine has to learn what is true of orders, and what its books
    and clocks need.

    Attributes:
        command: the question.
        lane: its requests go in this one, where their own is less urgent.
    """

    command: Request[Rest, R_co]
    lane: Lane
