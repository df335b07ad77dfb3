"""What can be said to an actor: messages, and requests that name their reply's type.

Both are bare markers. A message is a frozen value that subclasses one of them and adds fields::

    class Trading: ...                                  # a protocol: any marker class

    @frozen
    class PlaceOrder(Request[Trading, Order]):
        order: NewOrder

    order = await rest.ask(PlaceOrder(...), timeout=5)  # the type checker knows: an Order

The protocol tag says to which actors the message may be sent, so that asking the wrong one is
a type error. Neither class has state, and both are slotted, so a subclass may be slotted too.
"""

from __future__ import annotations

from typing import Generic, TypeVar

P_co = TypeVar("P_co", covariant=True)
R_co = TypeVar("R_co", covariant=True)


class Message(Generic[P_co]):
    """Something that may be told to an actor that speaks the protocol `P_co`."""

    __slots__ = ()


class Request(Message[P_co], Generic[P_co, R_co]):
    """A message that is answered with an `R_co` when it is asked instead of told."""

    __slots__ = ()
