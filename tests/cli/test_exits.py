"""Exit codes, which other programs rely on."""

import pytest

from venuetree.actors.errors import ActorError, ActorStopped
from venuetree.cli.exits import ExitCode, UsageError, exit_code_of, one_line
from venuetree.protocol.errors import (
    AuthRefused,
    ConfigurationError,
    EngineError,
    ExchangeUnavailable,
    InsufficientFunds,
    NotSupported,
    OrderInvalid,
    OrderNotFound,
    OutcomeUnknown,
    RateLimited,
    ReplyLost,
    TransportError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AuthRefused("no"), 1),
        (InsufficientFunds("no"), 1),
        (OrderNotFound("no"), 1),
        (OrderInvalid("no", rule="tick"), 1),
        (NotSupported("no"), 1),
        (RateLimited("no"), 1),
        (ActorStopped("no", started=False), 1),
        (UsageError("no"), 2),
        (ConfigurationError("no"), 2),
        (TransportError("no"), 3),
        (ReplyLost("no"), 3),
        (ExchangeUnavailable("no"), 3),
        (OutcomeUnknown("no"), 4),
    ],
)
def test_the_exit_code_says_what_to_do(
    error: EngineError | ActorError | UsageError, code: int
) -> None:
    """Refused, wrongly used, unreachable and unknown are told apart."""
    assert exit_code_of(error) == code


def test_the_numbers_stay_what_they_are() -> None:
    """Scripts compare with them."""
    assert [int(code) for code in ExitCode] == [0, 1, 2, 3, 4, 130]


def test_a_message_is_one_line() -> None:
    """However an exchange wraps its own."""
    assert one_line("a\n  b\r\n\tc ") == "a b c"
