"""Making frozen values fast, for the few that come by the ten thousand.

A frozen attrs class sets each field in its `__init__` through `object.__setattr__`, by name,
which costs three times what a plain assignment does. So a hot path fills an `unfrozen` twin of
the class by plain assignment, and then gives it its real class: the result is an ordinary
instance, frozen from then on. Every field must be assigned, defaults too.
"""

from collections.abc import Callable
from typing import Any

__all__ = ["blank"]


def blank(kind: type) -> Callable[[], Any]:
    """What makes an empty, assignable twin of `kind`; end with `twin.__class__ = kind`."""
    namespace = {
        # No slots of its own: the same layout, which makes the change of class possible.
        "__slots__": (),
        # Both: together they restore the interpreter's fast assignment.
        "__setattr__": object.__setattr__,
        "__delattr__": object.__delattr__,
    }
    twin = type(f"Unfrozen{kind.__name__}", (kind,), namespace)
    new = object.__new__
    return lambda: new(twin)
