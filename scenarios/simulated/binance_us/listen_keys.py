"""Listen keys: who may hear an account's events on the market streams' door, and how long."""

from collections.abc import Callable
from enum import Enum
from random import Random

import attrs

from venuetree.scenarios.simulated.binance_us.errors import ApiError
from venuetree.scenarios.simulated.binance_us.keys import seeded_text

LIFE_MS = 3_600_000
_LENGTH = 60


class KeyEnd(Enum):
    """Why a listen key is worth nothing any more."""

    EXPIRED = "expired"
    DELETED = "deleted"


def _unknown() -> ApiError:
    return ApiError(-1125, "This listenKey does not exist.")


@attrs.define(eq=False)
class ListenKeys:
    """The keys that are good; at most one an account. `on_end` hears of each that ends."""

    rng: Random
    now_ms: Callable[[], int]
    life_ms: int = LIFE_MS
    on_end: list[Callable[[str, KeyEnd], None]] = attrs.field(factory=list, init=False)
    _accounts: dict[str, str] = attrs.field(factory=dict, init=False)
    _until_ms: dict[str, int] = attrs.field(factory=dict, init=False)

    def account(self, listen_key: str) -> str | None:
        """The account of a key that is good; None for any other."""
        self.tick()
        return self._accounts.get(listen_key)

    def create(self, account: str) -> str:
        """The account's key, a new one if it has none; either way it lives from now on."""
        self.tick()
        listen_key = next((key for key, owner in self._accounts.items() if owner == account), None)
        if listen_key is None:
            listen_key = seeded_text(self.rng, _LENGTH)
            self._accounts[listen_key] = account
        self._until_ms[listen_key] = self.now_ms() + self.life_ms
        return listen_key

    def extend(self, account: str, listen_key: str) -> None:
        """Let a key live from now on.

        Raises:
            ApiError: the account has no such key.
        """
        if self.account(listen_key) != account:
            raise _unknown()
        self._until_ms[listen_key] = self.now_ms() + self.life_ms

    def delete(self, account: str, listen_key: str) -> None:
        """End a key.

        Raises:
            ApiError: the account has no such key.
        """
        if self.account(listen_key) != account:
            raise _unknown()
        self.end(listen_key, KeyEnd.DELETED)

    def end(self, listen_key: str, how: KeyEnd = KeyEnd.EXPIRED) -> None:
        """End a key, as its time or a scripted fault would; no matter if it has ended already."""
        if self._accounts.pop(listen_key, None) is not None:
            del self._until_ms[listen_key]
            for listener in self.on_end:
                listener(listen_key, how)

    def tick(self) -> None:
        """End the keys whose time is over."""
        now_ms = self.now_ms()
        for listen_key, until_ms in list(self._until_ms.items()):
            if until_ms <= now_ms:
                self.end(listen_key)
