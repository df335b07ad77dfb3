"""Balances with holds, in a ledger that neither makes nor loses a digit."""

from decimal import Decimal

import attrs

ZERO = Decimal(0)


class InsufficientFundsError(Exception):
    """The owner's available balance is smaller than what is asked of it."""


@attrs.frozen
class Balance:
    """One owner's amount of one currency; `total` is `available` plus `held`."""

    available: Decimal = ZERO
    held: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """All of it, held or not."""
        return self.available + self.held


@attrs.define
class Ledger:
    """Who owns what. Owners in `unlimited` may go below zero: they stand for all others."""

    unlimited: frozenset[str] = frozenset()
    _balances: dict[tuple[str, str], Balance] = attrs.field(factory=dict, init=False)

    def balance(self, owner: str, currency: str) -> Balance:
        """The owner's balance; zero if there never was one."""
        return self._balances.get((owner, currency), Balance())

    def currencies(self, owner: str) -> tuple[str, ...]:
        """The currencies that the owner ever held, sorted."""
        return tuple(sorted(currency for who, currency in self._balances if who == owner))

    def supply(self, currency: str) -> Decimal:
        """The sum over all owners; no trade changes it."""
        return sum(
            (balance.total for (_, held), balance in self._balances.items() if held == currency),
            start=ZERO,
        )

    def deposit(self, owner: str, currency: str, amount: Decimal) -> None:
        """Create an amount out of nothing."""
        balance = self.balance(owner, currency)
        self._put(owner, currency, attrs.evolve(balance, available=balance.available + amount))

    def hold(self, owner: str, currency: str, amount: Decimal) -> None:
        """Set an amount aside.

        Raises:
            InsufficientFundsError: the available balance is smaller; nothing changed.
        """
        balance = self.balance(owner, currency)
        if amount > balance.available and owner not in self.unlimited:
            raise InsufficientFundsError(f"{owner} has {balance.available} {currency} available")
        self._put(
            owner,
            currency,
            Balance(available=balance.available - amount, held=balance.held + amount),
        )

    def release(self, owner: str, currency: str, amount: Decimal) -> None:
        """Give back what was set aside."""
        balance = self.balance(owner, currency)
        if amount > balance.held:
            raise InsufficientFundsError(f"{owner} holds only {balance.held} {currency}")
        self._put(
            owner,
            currency,
            Balance(available=balance.available + amount, held=balance.held - amount),
        )

    def pay_held(self, owner: str, payee: str, currency: str, amount: Decimal) -> None:
        """Move an amount that was set aside to another owner's available balance."""
        balance = self.balance(owner, currency)
        if amount > balance.held:
            raise InsufficientFundsError(f"{owner} holds only {balance.held} {currency}")
        self._put(owner, currency, attrs.evolve(balance, held=balance.held - amount))
        self.deposit(payee, currency, amount)

    def pay(self, owner: str, payee: str, currency: str, amount: Decimal) -> None:
        """Move an available amount to another owner.

        Raises:
            InsufficientFundsError: the available balance is smaller; nothing changed.
        """
        balance = self.balance(owner, currency)
        if amount > balance.available and owner not in self.unlimited:
            raise InsufficientFundsError(f"{owner} has {balance.available} {currency} available")
        self._put(owner, currency, attrs.evolve(balance, available=balance.available - amount))
        self.deposit(payee, currency, amount)

    def _put(self, owner: str, currency: str, balance: Balance) -> None:
        self._balances[owner, currency] = balance
