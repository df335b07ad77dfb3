"""Subscriptions of one WebSocket API connection to the events of accounts, one an account."""

import attrs

from venuetree.scenarios.simulated.binance_us.errors import ApiError


@attrs.define(eq=False)
class Subscriptions:
    """Accounts by subscription id; ids count up from zero and are never used again."""

    _accounts: dict[int, str] = attrs.field(factory=dict, init=False)
    _next_id: int = attrs.field(default=0, init=False)

    def begin(self, account: str) -> int:
        """The id of a new subscription.

        Raises:
            ApiError: the account has one on this connection already.
        """
        if self.of(account) is not None:
            raise ApiError(-2035, "User Data Stream subscription already active.")
        subscription_id, self._next_id = self._next_id, self._next_id + 1
        self._accounts[subscription_id] = account
        return subscription_id

    def end(self, subscription_id: int | None) -> None:
        """End one subscription, or without an id all of them.

        Raises:
            ApiError: it is not active, or there is none at all.
        """
        known = self._accounts if subscription_id is None else {subscription_id} & self.ids()
        if not known:
            raise ApiError(-2036, "User Data Stream subscription not active.")
        self._accounts = {
            other: account for other, account in self._accounts.items() if other not in known
        }

    def of(self, account: str) -> int | None:
        """The id of the account's subscription."""
        return next((id_ for id_, owner in self._accounts.items() if owner == account), None)

    def ids(self) -> set[int]:
        """The subscriptions that are active."""
        return set(self._accounts)
