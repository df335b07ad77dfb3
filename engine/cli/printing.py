"""A command's one document: as JSON for machines, as a table for people."""

import sys
from argparse import Namespace
from typing import NoReturn

from rich.console import Console, RenderableType

from venuetree.cli.json_output import dump

__all__ = ["console_for_people", "show"]

#: Columns of a pipe, which has none of its own: nothing may be cut.
_PIPE_WIDTH = 1000


def show(options: Namespace, document: object, table: RenderableType) -> None:
    """Print what the user asked for, and nothing else, on stdout."""
    if options.json:
        sys.stdout.buffer.write(dump(document))
        sys.stdout.buffer.flush()
    else:
        console_for_people().print(table)


def console_for_people() -> Console:
    """Stdout as a terminal, or as wide as it takes where it is none."""
    console = _Console(highlight=False)
    return console if console.is_terminal else _Console(highlight=False, width=_PIPE_WIDTH)


class _Console(Console):
    """Leaves a closed pipe to the command; rich itself would end the program on the spot."""

    def on_broken_pipe(self) -> NoReturn:
        """Raise what the write itself raised."""
        raise BrokenPipeError
