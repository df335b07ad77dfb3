"""One simulated account: everything that a client can ask of it, and what it does by itself."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from venuetree.scenarios.simulated.oanda import (
    account_reads,
    configuration,
    day_end,
    margin_watch,
    order_calls,
    position_calls,
    trade_calls,
    trade_order_calls,
    triggering,
)
from venuetree.scenarios.simulated.oanda.account_changes import changes
from venuetree.scenarios.simulated.oanda.account_settings import (
    AccountSettings,
    Financing,
    GuaranteedMode,
    PriceSource,
    ShortLadder,
)
from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.amounts import ZERO, home_text
from venuetree.scenarios.simulated.oanda.answers import Answered, BadRequestError
from venuetree.scenarios.simulated.oanda.order_reads import list_orders, one_order
from venuetree.scenarios.simulated.oanda.specifiers import read_page
from venuetree.scenarios.simulated.oanda.trade_reads import list_trades, one_trade
from venuetree.scenarios.simulated.oanda.transactions import Transaction, TransactionLog

__all__ = ["Account", "Answered", "Financing", "GuaranteedMode", "ShortLadder"]

_Call = Callable[[], Answered]


def _answer(call: _Call) -> Answered:
    """Turn a refusal that no transaction records into its answer."""
    try:
        return call()
    except BadRequestError as refused:
        return refused.answer


class Account:
    """One account, hedging or netting.

    Writes are one batch of transactions each; `request_id` is the `RequestID`
    header, numeric text. Bodies are the request's JSON, whatever it was.

    Args:
        account_id: four parts joined by dashes.
        prices: of the exchange.
        now_ns: the time.
        balance: what is transferred to it in the beginning.
        user_id: of the client.
        alias: its name.
        margin_rate: the client's own, or None.
        first_transaction_id: with which its log begins.

    The others are those of `AccountSettings`.
    """

    def __init__(
        self,
        account_id: str,
        *,
        prices: PriceSource,
        now_ns: Callable[[], int],
        home: str = "USD",
        balance: Decimal = Decimal(100000),
        hedging: bool = False,
        fifo: bool = False,
        user_id: int = 9182736,
        alias: str = "Primary",
        margin_rate: Decimal | None = Decimal("0.02"),
        first_transaction_id: int = 1,
        guaranteed: GuaranteedMode = GuaranteedMode.DISABLED,
        finished_orders_vanish: bool = False,
        maximum_pending_orders: int = 1000,
        maximum_open_trades: int = 1000,
        financing: Financing = Financing.OFF,
        short_ladder: ShortLadder = ShortLadder.WAIT,
    ) -> None:
        self.state = AccountState(
            id=account_id,
            settings=AccountSettings(
                home=home,
                hedging=hedging,
                fifo=fifo,
                user_id=user_id,
                guaranteed=guaranteed,
                finished_orders_vanish=finished_orders_vanish,
                maximum_pending_orders=maximum_pending_orders,
                maximum_open_trades=maximum_open_trades,
                financing=financing,
                short_ladder=short_ladder,
            ),
            prices=prices,
            now_ns=now_ns,
            log=TransactionLog(account_id, first_transaction_id),
            alias=alias,
            margin_rate=margin_rate,
            created_ns=now_ns(),
        )
        configuration.open_account(self.state, balance)
        self._financed_ns = now_ns()

    # What it is

    @property
    def id(self) -> str:
        """The account's id."""
        return self.state.id

    @property
    def settings(self) -> AccountSettings:
        """How it is set up; a scenario may change this at any time."""
        return self.state.settings

    @property
    def balance(self) -> Decimal:
        """What only transactions change."""
        return self.state.balance

    @property
    def transactions(self) -> TransactionLog:
        """All transactions, oldest first, and how to find some."""
        return self.state.log

    @property
    def last_transaction_id(self) -> int:
        """The id of the newest transaction."""
        return self.state.log.last_id

    @property
    def on_transaction(self) -> list[Callable[[Transaction], None]]:
        """Each is called once for each transaction, in order, when its batch is complete."""
        return self.state.log.on_transaction

    # Orders

    def create_order(self, order: Any, request_id: str) -> Answered:
        """``POST A/orders``; `order` is the body's member of that name."""
        return _answer(lambda: order_calls.create(self.state, order, request_id))

    def replace_order(self, specifier: str, order: Any, request_id: str) -> Answered:
        """``PUT A/orders/{specifier}``."""
        return _answer(lambda: order_calls.replace(self.state, specifier, order, request_id))

    def cancel_order(self, specifier: str, request_id: str) -> Answered:
        """``PUT A/orders/{specifier}/cancel``."""
        return _answer(lambda: order_calls.cancel(self.state, specifier, request_id))

    def order_extensions(self, specifier: str, body: Any, request_id: str) -> Answered:
        """``PUT A/orders/{specifier}/clientExtensions``."""
        return _answer(lambda: order_calls.extend(self.state, specifier, body, request_id))

    def order(self, specifier: str) -> Answered:
        """``GET A/orders/{specifier}``."""
        return _answer(lambda: one_order(self.state, specifier))

    def orders(
        self,
        ids: Sequence[str] | None = None,
        state: str | None = None,
        instrument: str | None = None,
        count: str | int | None = None,
        before_id: str | int | None = None,
    ) -> Answered:
        """``GET A/orders``; what is None was not given."""
        return _answer(
            lambda: list_orders(
                self.state, read_page(self.state, ids, instrument, count, before_id), state
            )
        )

    def pending_orders(self) -> Answered:
        """``GET A/pendingOrders``."""
        return account_reads.pending_orders(self.state)

    # Trades

    def close_trade(self, specifier: str, body: Any, request_id: str) -> Answered:
        """``PUT A/trades/{specifier}/close``."""
        return _answer(lambda: trade_calls.close(self.state, specifier, body, request_id))

    def trade_extensions(self, specifier: str, body: Any, request_id: str) -> Answered:
        """``PUT A/trades/{specifier}/clientExtensions``."""
        return _answer(lambda: trade_calls.extend(self.state, specifier, body, request_id))

    def trade_orders(self, specifier: str, body: Any, request_id: str) -> Answered:
        """``PUT A/trades/{specifier}/orders``."""
        return _answer(lambda: trade_order_calls.change(self.state, specifier, body, request_id))

    def trade(self, specifier: str) -> Answered:
        """``GET A/trades/{specifier}``."""
        return _answer(lambda: one_trade(self.state, specifier))

    def trades(
        self,
        ids: Sequence[str] | None = None,
        state: str | None = None,
        instrument: str | None = None,
        count: str | int | None = None,
        before_id: str | int | None = None,
    ) -> Answered:
        """``GET A/trades``; what is None was not given."""
        return _answer(
            lambda: list_trades(
                self.state, read_page(self.state, ids, instrument, count, before_id), state
            )
        )

    def open_trades(self) -> Answered:
        """``GET A/openTrades``."""
        return account_reads.open_trades(self.state)

    # Positions

    def close_position(self, instrument: str, body: Any, request_id: str) -> Answered:
        """``PUT A/positions/{instrument}/close``."""
        return _answer(lambda: position_calls.close(self.state, instrument, body, request_id))

    def positions(self) -> Answered:
        """``GET A/positions``: of every instrument that was ever traded."""
        return account_reads.positions(self.state)

    def open_positions(self) -> Answered:
        """``GET A/openPositions``."""
        return account_reads.open_positions(self.state)

    def position(self, instrument: str) -> Answered:
        """``GET A/positions/{instrument}``."""
        return _answer(lambda: account_reads.position(self.state, instrument))

    # The account

    def configure(self, body: Any, request_id: str) -> Answered:
        """``PATCH A/configuration``."""
        return _answer(lambda: configuration.configure(self.state, body, request_id))

    def summary(self) -> Answered:
        """``GET A/summary``."""
        return account_reads.summary(self.state)

    def full(self) -> Answered:
        """``GET A``."""
        return account_reads.full(self.state)

    def changes(self, since: str | int | None) -> Answered:
        """``GET A/changes``; `since` is its `sinceTransactionID`, None if it was not given."""
        return _answer(lambda: changes(self.state, since))

    # What it does by itself

    def prices_moved(self, names: Sequence[str] | frozenset[str]) -> None:
        """Let orders act whose price has come, and close out what has too little margin."""
        triggering.sweep(self.state, sorted(names))
        margin_watch.check(self.state)

    def tick(self) -> None:
        """Let orders expire, and charge financing for the days that have ended by now."""
        day_end.expire(self.state)
        self._financed_ns = day_end.charge(self.state, self._financed_ns)

    def transfer(self, amount: Decimal) -> Transaction:
        """Transfer money to the account, or with a negative amount from it."""
        with self.state.by_itself() as batch:
            self.state.earn(amount)
            transaction = batch.add(
                "TRANSFER_FUNDS",
                amount=home_text(amount),
                fundingReason="CLIENT_FUNDING",
                accountBalance=home_text(self.state.balance),
            )
        if amount < ZERO:
            margin_watch.check(self.state)
        return transaction
