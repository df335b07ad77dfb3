"""The transactions of an account: one gap-free sequence of ids, written in batches.

A batch is what one request, or one act of the server, brings about. All of it
shares one time, one batch id and, of a request, one request id. Listeners hear
of a batch when it is complete, transaction by transaction.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, overload

import attrs

from venuetree.scenarios.simulated.oanda.clock_times import parse_time, time_text

__all__ = ["SINCE_LIMIT", "Batch", "Transaction", "TransactionLog", "matches_types"]

Transaction = dict[str, Any]
"""As it goes over the wire; whoever gets one does not change it."""

SINCE_LIMIT = 1000
"""Most transactions that one answer to "since" holds; the exchange cuts it off silently."""

_FUNDING = ("TRANSFER_FUNDS", "TRANSFER_FUNDS_REJECT")
_ADMIN = (
    "CREATE",
    "CLOSE",
    "REOPEN",
    "CLIENT_CONFIGURE",
    "CLIENT_CONFIGURE_REJECT",
)


def matches_types(transaction: Transaction, types: Sequence[str]) -> bool:
    """Whether a transaction is of one of the types, or of a group of them; none means all."""
    kind: str = transaction["type"]
    return not types or kind in types or any(_in_group(kind, group) for group in types)


def _in_group(kind: str, group: str) -> bool:
    match group:
        case "ORDER":
            return "ORDER" in kind.split("_")
        case "FUNDING":
            return kind in _FUNDING
        case "ADMIN":
            return kind in _ADMIN
        case _:
            return False


@attrs.define(eq=False)
class Batch:
    """Transactions that belong together, while they are being written."""

    log: "TransactionLog"
    time_ns: int
    user_id: int
    """0 of what the server does by itself."""
    request_id: str | None
    """None of what the server does by itself."""
    transactions: list[Transaction] = attrs.field(factory=list)

    @property
    def time(self) -> str:
        """The time that all of the batch shares, as wire text."""
        return time_text(self.time_ns)

    @property
    def ids(self) -> list[str]:
        """The ids so far, ascending."""
        return [transaction["id"] for transaction in self.transactions]

    @property
    def next_id(self) -> str:
        """The id that the next transaction gets."""
        return str(self.log.last_id + 1)

    def add(self, kind: str, **fields: Any) -> Transaction:
        """Write a transaction down; fields that are None are left out, as on the wire."""
        number = self.next_id
        transaction: Transaction = {
            "id": number,
            "accountID": self.log.account_id,
            "userID": self.user_id,
            "batchID": self.transactions[0]["id"] if self.transactions else number,
            "requestID": self.request_id,
            "time": self.time,
            "type": kind,
            **fields,
        }
        transaction = {name: value for name, value in transaction.items() if value is not None}
        self.transactions.append(transaction)
        self.log.append(transaction)
        return transaction


@attrs.define(eq=False)
class TransactionLog(Sequence[Transaction]):
    """All transactions of an account, oldest first.

    Args:
        account_id: whose.
        first_id: of the first transaction.
    """

    account_id: str
    first_id: int = 1
    on_transaction: list[Callable[[Transaction], None]] = attrs.field(factory=list)
    """Each is called once for each transaction, in order."""
    _all: list[Transaction] = attrs.field(factory=list, init=False)

    @property
    def last_id(self) -> int:
        """The newest id; one less than the first while there is none."""
        return self.first_id + len(self._all) - 1

    def append(self, transaction: Transaction) -> None:
        """Keep a transaction that its batch has numbered."""
        self._all.append(transaction)

    @contextmanager
    def batch(self, time_ns: int, user_id: int, request_id: str | None) -> Iterator[Batch]:
        """Open a batch; when the block ends, its transactions are told to the listeners."""
        batch = Batch(self, time_ns, user_id, request_id)
        yield batch
        for transaction in batch.transactions:
            for listener in list(self.on_transaction):
                listener(transaction)

    def get(self, transaction_id: int) -> Transaction | None:
        """One transaction by its id."""
        index = transaction_id - self.first_id
        return self._all[index] if 0 <= index < len(self._all) else None

    def between(self, first: int, last: int) -> list[Transaction]:
        """Those with ids from `first` to `last`, both included."""
        start = max(first - self.first_id, 0)
        return self._all[start : max(last - self.first_id + 1, start)]

    def since(self, transaction_id: int, limit: int = SINCE_LIMIT) -> list[Transaction]:
        """The oldest with ids greater than this one, no more than `limit`."""
        start = max(transaction_id + 1 - self.first_id, 0)
        return self._all[start : start + limit]

    def within(self, from_ns: int, to_ns: int, types: Sequence[str] = ()) -> list[Transaction]:
        """Those from a time until before another, of some types or groups of them."""
        return [
            each
            for each in self._all
            if from_ns <= (parse_time(each["time"]) or 0) < to_ns and matches_types(each, types)
        ]

    @overload
    def __getitem__(self, index: int) -> Transaction: ...
    @overload
    def __getitem__(self, index: slice) -> list[Transaction]: ...
    def __getitem__(self, index: int | slice) -> Transaction | list[Transaction]:
        return self._all[index]

    def __len__(self) -> int:
        return len(self._all)
