"""Whom commands are for."""

__all__ = ["Rest"]


class Rest:
    """The protocol that REST workers speak."""
