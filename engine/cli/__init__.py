"""The command line `venuetree`: thin over the engine, one module a concern."""

from venuetree.cli.app import main

__all__ = ["main"]
