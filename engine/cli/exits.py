"""What the command's exit code says; other programs rely on these numbers."""

from enum import IntEnum

from venuetree.actors.errors import ActorError
from venuetree.protocol.errors import (
    ConfigurationError,
    EngineError,
    ExchangeUnavailable,
    OutcomeUnknown,
    ReplyLost,
    TransportError,
)

__all__ = ["ExitCode", "UsageError", "exit_code_of", "one_line"]


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    #: The exchange said no, our own check did in its stead, or a promise was broken.
    REFUSED = 1
    #: The command line, the configuration or the installation cannot work.
    USAGE = 2
    UNREACHABLE = 3
    #: An order or a cancel was sent, and what became of it is not known.
    UNKNOWN = 4
    #: Stopped by a signal before it was done, by the shell's custom.
    INTERRUPTED = 130


class UsageError(Exception):
    """The command line asks for what cannot be; the message says what to write instead."""


def exit_code_of(error: EngineError | ActorError | UsageError) -> ExitCode:
    """The exit code that tells a script what to do about an error."""
    match error:
        case UsageError() | ConfigurationError():
            return ExitCode.USAGE
        case OutcomeUnknown():
            return ExitCode.UNKNOWN
        case TransportError() | ReplyLost() | ExchangeUnavailable():
            return ExitCode.UNREACHABLE
        case _:
            return ExitCode.REFUSED


def one_line(text: object) -> str:
    """Text fit for one line of stderr, however many lines an exchange's message has."""
    return " ".join(str(text).split())
