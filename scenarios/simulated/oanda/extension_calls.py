"""Reading changed client extensions."""

from typing import Any

import attrs

from venuetree.scenarios.simulated.oanda.field_reader import FieldReader
from venuetree.scenarios.simulated.oanda.orders import Extensions

__all__ = ["Changed", "read_extensions"]


@attrs.frozen
class Changed:
    """Client extensions that a request wants changed.

    Args:
        value: the new ones, None if the request says nothing about them.
        reason: why they are refused.
    """

    value: Extensions | None
    reason: str | None

    def onto(self, old: Extensions | None) -> Extensions | None:
        """The extensions after the change; what it does not mention stays."""
        if self.value is None:
            return old
        return self.value if old is None else old.merged(self.value)


def read_extensions(body: dict[str, Any], key: str, noun: str = "CLIENT_ORDER") -> Changed:
    """One kind of extensions of a request; `noun` begins the reasons against them.

    Raises:
        BadRequestError: they cannot be read.
    """
    reader = FieldReader(body, "", now_ns=0)
    value = reader.extensions(key, noun)
    return Changed(value, reader.reasons[0] if reader.reasons else None)
