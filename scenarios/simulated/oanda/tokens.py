"""Access tokens: made anew for each run from its seed, and what each may see."""

from random import Random

import attrs

from venuetree.scenarios.simulated.wire import Request

__all__ = ["Tokens", "new_token"]

_HALF_BITS = 128


def new_token(rng: Random) -> str:
    """Two halves of 32 hexadecimal digits, joined by a dash."""
    return "-".join(f"{rng.getrandbits(_HALF_BITS):032x}" for _ in range(2))


@attrs.define(eq=False)
class Tokens:
    """The tokens that the exchange knows, and the ids of the accounts that each may use."""

    _accounts: dict[str, list[str]] = attrs.field(factory=dict, init=False)

    def grant(self, token: str, account_id: str) -> None:
        """Let a token, new or known, use one more account."""
        self._accounts.setdefault(token, []).append(account_id)

    def revoke(self, token: str) -> None:
        """Let a token be unknown from now on.

        Raises:
            KeyError: it is unknown already.
        """
        del self._accounts[token]

    def accounts(self, request: Request) -> tuple[str, ...] | None:
        """The ids of the accounts that a request may see; None if its token is worth nothing."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        found = self._accounts.get(token.strip())
        return None if found is None else tuple(found)
