"""The simulated OANDA as one object: REST, line streams, faults, log, accounts, prices."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random
from time import time_ns
from typing import Any

from venuetree.scenarios.faults import Fault
from venuetree.scenarios.simulated.fault_plan import FaultPlan
from venuetree.scenarios.simulated.limits import Limiter
from venuetree.scenarios.simulated.log import ExchangeLog, LogKind
from venuetree.scenarios.simulated.oanda.account import Account
from venuetree.scenarios.simulated.oanda.candles import Candles
from venuetree.scenarios.simulated.oanda.prices import Prices
from venuetree.scenarios.simulated.oanda.rest import Rest
from venuetree.scenarios.simulated.oanda.sentiment import SentimentBooks
from venuetree.scenarios.simulated.oanda.settings import Settings
from venuetree.scenarios.simulated.oanda.streams import StreamDoor
from venuetree.scenarios.simulated.oanda.tokens import Tokens, new_token
from venuetree.scenarios.simulated.oanda.transactions import Transaction
from venuetree.scenarios.simulated.oanda.universe import universe
from venuetree.scenarios.simulated.oanda.venue import Listing, Venue, exchange_clock
from venuetree.scenarios.simulated.wire import Answer, LineStream, Refusal, Request

__all__ = ["SimulatedOanda"]

_USER_ID = 9182736
_FAR_OFF = Decimal("0.5")
"""A price at which an order rests for good, as a part of the market's."""


class SimulatedOanda:
    """A small OANDA: REST, and the pricing and transaction streams.

    It does no I/O and starts no task: a server, or a test, hands it requests
    and calls `tick` to let time pass. With the same seed and the same calls
    at the same times it does the same, tokens and ids included.

    One token sees three accounts: the first, which nets, a hedging one, and
    one that MT4 runs.

    Args:
        seed: of prices, ids and tokens.
        settings: how it differs from the usual.
        now_ns: the true time, nanoseconds since the epoch.
    """

    name = "oanda"
    surfaces = ("rest", "stream")
    compression = False

    def __init__(
        self,
        *,
        seed: int = 1,
        settings: Settings | None = None,
        now_ns: Callable[[], int] = time_ns,
    ) -> None:
        self.settings = settings or Settings()
        self._clock_ns = now_ns
        self._rng = Random(seed)
        self.log = ExchangeLog()
        self.faults = FaultPlan(self._fault_fired)
        shown_ns = exchange_clock(now_ns, self.faults)
        self.prices = Prices(
            {instrument.name: instrument for instrument in universe()},
            shown_ns,
            seed=seed,
            move_every_s=self.settings.move_every_s,
            market_hours=self.settings.market_hours,
            conversion_charge=self.settings.conversion_charge,
        )
        candles = Candles(self.prices, shown_ns, seed)
        self.venue = Venue(
            settings=self.settings,
            rng=self._rng,
            clock_ns=now_ns,
            now_ns=shown_ns,
            prices=self.prices,
            candles=candles,
            books=SentimentBooks(self.prices, shown_ns, seed, candles.history),
            listings={},
            tokens=Tokens(),
            requests=Limiter(self.settings.requests),
            connections=Limiter(self.settings.connections),
            log=self.log,
            faults=self.faults,
        )
        self.rest = Rest(self.venue)
        self.streams = StreamDoor(self.venue, self.rest)
        self.token = new_token(self._rng)
        self.account = self.add_account(alias="Primary")
        self.add_account(alias="Hedging", hedging=True)
        self.add_account(alias="MT4", mt4_account_id=3184402)

    # What a server needs

    def handle(self, surface: str, request: Request) -> Answer:
        """Answer one REST request."""
        return self.rest.handle(surface, request)

    def connect(self, surface: str, request: Request) -> Refusal:
        """Refuse a WebSocket: this exchange has none."""
        del surface, request
        return Refusal(404, "")

    def open_lines(self, surface: str, request: Request) -> LineStream | Answer | None:
        """Open a line stream or refuse it; None if the request asks for no stream."""
        return self.streams.open(surface, request)

    def admits(self, surface: str, client: str) -> bool:
        """Whether this client may open one more connection."""
        admitted = self.venue.connections.admit(client, self._clock_ns())
        if not admitted:
            self.log.add(self._clock_ns(), LogKind.STREAM, surface, "connection refused")
        return admitted

    def tick(self) -> None:
        """Do all that is due by now: prices, late requests, expiries, streams."""
        self.prices.tick()
        self.rest.tick()
        for account in self.accounts.values():
            account.tick()
        self.streams.tick()

    def endpoints(self, addresses: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
        """The endpoints object of this exchange, given host and port of each surface."""
        place = {name: f"{host}:{port}" for name, (host, port) in addresses.items()}
        return {
            "rest": f"http://{place['rest']}",
            "stream": f"http://{place['stream']}",
            "credentials": {"token": self.token, "account_id": self.account.id},
        }

    # What a test needs

    @property
    def paused(self) -> bool:
        """While true the prices move only by `prices.set_price`."""
        return self.prices.paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        self.prices.paused = paused

    @property
    def accounts(self) -> dict[str, Account]:
        """All accounts by id, oldest first."""
        return {name: listing.account for name, listing in self.venue.listings.items()}

    def add_account(
        self,
        *,
        alias: str = "Primary",
        balance: Decimal | None = None,
        token: str | None = None,
        mt4_account_id: int | None = None,
        **options: Any,
    ) -> Account:
        """One more account, which `token` may use; by default the token that is always there.

        The options are those of `Account`, such as ``hedging=True``.
        """
        number = len(self.venue.listings) + 1
        options.setdefault("finished_orders_vanish", self.settings.finished_orders_vanish)
        account = Account(
            f"101-004-{_USER_ID}-{number:03d}",
            prices=self.prices,
            now_ns=self.venue.now_ns,
            balance=self.settings.balance if balance is None else balance,
            alias=alias,
            user_id=_USER_ID,
            **options,
        )
        self.venue.listings[account.id] = Listing(account, mt4_account_id)
        self.venue.tokens.grant(token or self.token, account.id)
        self.prices.on_move.append(account.prices_moved)
        account.on_transaction.append(self._written)
        return account

    def add_token(self, *accounts: Account) -> str:
        """One more token, which may use these accounts."""
        token = new_token(self._rng)
        for account in accounts:
            self.venue.tokens.grant(token, account.id)
        return token

    def revoke_token(self, token: str | None = None, *, close_streams: bool = True) -> None:
        """Let a token, by default the first, be unknown from now on; its streams end.

        Raises:
            KeyError: it is unknown already.
        """
        revoked = token or self.token
        self.venue.tokens.revoke(revoked)
        if close_streams:
            self.streams.end_of_token(revoked)

    def transfer(self, amount: Decimal, account: Account | None = None) -> Transaction:
        """Move an amount into an account, or with a negative one out of it."""
        return (account or self.account).transfer(amount)

    def make_transactions(
        self, number: int, *, instrument: str = "EUR_USD", account: Account | None = None
    ) -> list[int]:
        """Write so many transactions that change nothing; their ids.

        Orders far below the market are created and cancelled in turns, as if
        by another program of the client's. An odd number leaves one order.
        """
        account = account or self.account
        quote, rules = self.prices.quote(instrument), self.prices.instruments[instrument]
        price = (quote.bid * _FAR_OFF).quantize(rules.tick)
        order = {
            "type": "LIMIT",
            "instrument": instrument,
            "units": str(rules.minimum_trade_size),
            "price": f"{price:f}",
            "timeInForce": "GTC",
        }
        before = account.last_transaction_id
        while account.last_transaction_id < before + number:
            made = account.create_order(order, self.venue.new_request_id())
            if account.last_transaction_id < before + number:
                order_id = made.body["orderCreateTransaction"]["id"]
                account.cancel_order(order_id, self.venue.new_request_id())
        return list(range(before + 1, account.last_transaction_id + 1))

    def miss_transactions(self, number: int) -> list[int]:
        """Write so many transactions that no stream tells of; their ids."""
        listeners = self.account.on_transaction
        kept, listeners[:] = list(listeners), []
        try:
            return self.make_transactions(number)
        finally:
            listeners[:] = kept

    def _written(self, transaction: Transaction) -> None:
        kind = str(transaction["type"])
        about = LogKind.FILL if kind == "ORDER_FILL" else LogKind.ORDER
        if about is LogKind.FILL or "ORDER" in kind.split("_"):
            subject = str(transaction.get("orderID", transaction["id"]))
            self.log.add(self._clock_ns(), about, subject, kind)

    def _fault_fired(self, fault: Fault, hit: str) -> None:
        self.log.add(self._clock_ns(), LogKind.FAULT, type(fault).__name__, hit)
