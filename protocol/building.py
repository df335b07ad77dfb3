"""Making frozen values fast, for the few that come by the ten thousand.

A frozen attrs class sets each field in its `__init__` through `object.__setattr__`, by name,
which costs three times what a plain assignment does. So a hot path fills an `unfrozen` twin of
the class by plain assignment, and then gives it its real class: the result is an ordinary
instance, frozen from then on. Every field must be assigned, defaults too.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from attrs import fields

__all__ = ["blank", "evolver"]

T = TypeVar("T")


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
    return partial(object.__new__, twin)


def evolver(kind: type[T]) -> Callable[..., T]:
    """What does `attrs.evolve` for instances of the slotted `kind`, in a fifth of its time.

    The function is written out field by field, as attrs writes an `__init__`. No converter or
    validator of a field is run: for classes without any.
    """
    names = [attribute.name for attribute in fields(kind)]  # type: ignore[arg-type]
    source = [
        "def evolve(instance, **changes):",
        "    made = new()",
        *(f"    made.{name} = instance.{name}" for name in names),
        "    for name, value in changes.items():",
        "        setattr(made, name, value)",
        "    made.__class__ = kind",
        "    return made",
    ]
    namespace: dict[str, Any] = {"new": blank(kind), "kind": kind}
    exec("\n".join(source), namespace)  # noqa: S102 - nothing but the names of fields goes in
    evolve: Callable[..., T] = namespace["evolve"]
    return evolve
