"""The simulated Coinbase as one object: REST, streams, faults, log, books, orders."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random
from time import time_ns
from typing import Any

import attrs

from venuetree.scenarios.faults import Fault
from venuetree.scenarios.simulated.accounts import Balance, Ledger
from venuetree.scenarios.simulated.coinbase.desk import ACCOUNT, FEES, HOUSE, Desk
from venuetree.scenarios.simulated.coinbase.keys import (
    ALL_PERMISSIONS,
    ApiKey,
    Permission,
    ed25519_key,
    es256_key,
    seeded_uuid,
)
from venuetree.scenarios.simulated.coinbase.market import Market
from venuetree.scenarios.simulated.coinbase.orders import AccountOrder
from venuetree.scenarios.simulated.coinbase.rest import Rest
from venuetree.scenarios.simulated.coinbase.streams import Connection, Streams
from venuetree.scenarios.simulated.coinbase.tokens import Authority
from venuetree.scenarios.simulated.coinbase.universe import universe
from venuetree.scenarios.simulated.coinbase.venue import Settings, Venue, exchange_clock
from venuetree.scenarios.simulated.fault_plan import FaultPlan
from venuetree.scenarios.simulated.log import ExchangeLog, LogKind
from venuetree.scenarios.simulated.matching import Side
from venuetree.scenarios.simulated.numbers import NANOSECONDS
from venuetree.scenarios.simulated.wire import Answer, Refusal, Request


class SimulatedCoinbase:
    """A small Coinbase: Advanced Trade REST and streams, and the older Exchange feed.

    It does no I/O and starts no task: a server, or a test, hands it requests
    and messages and calls `tick` to let time pass. With the same seed and the
    same calls at the same times it does the same, keys and ids included.

    Args:
        seed: of prices, ids and keys.
        settings: how it differs from the usual.
        now_ns: the true time, nanoseconds since the epoch.
    """

    name = "coinbase"
    surfaces = ("rest", "stream", "user_stream")

    def __init__(
        self,
        *,
        seed: int = 1,
        settings: Settings | None = None,
        now_ns: Callable[[], int] = time_ns,
    ) -> None:
        self.settings = settings or Settings()
        self.compression = self.settings.compression
        self._clock_ns = now_ns
        rng = Random(seed)
        started_ns = now_ns()
        self.log = ExchangeLog()
        self.faults = FaultPlan(self._fault_fired)
        products = universe(
            levels=self.settings.levels, extra_products=self.settings.extra_products
        )
        markets = {
            product.product_id: Market(product, seed, index, started_ns)
            for index, product in enumerate(products)
        }
        self.es256_key = es256_key(rng)
        self.ed25519_key = ed25519_key(rng)
        self._keys = {key.name: key for key in (self.es256_key, self.ed25519_key)}
        ledger = Ledger(frozenset({HOUSE, FEES}))
        for currency, amount in self.settings.funds.items():
            ledger.deposit(ACCOUNT, currency, amount)
        self._rng = rng
        desk = Desk(
            markets=markets,
            ledger=ledger,
            rng=rng,
            now_ns=exchange_clock(now_ns, self.faults),
            log=self.log,
            rates=self.settings.rates,
            cancel_latency_ns=int(self.settings.cancel_latency_s * NANOSECONDS),
        )
        self.venue = Venue(
            settings=self.settings,
            seed=seed,
            rng=rng,
            clock_ns=now_ns,
            started_ns=started_ns,
            markets=markets,
            aliases={
                alias: product.product_id for product in products for alias in product.alias_to
            },
            ledger=ledger,
            desk=desk,
            authority=Authority(self._keys, self.settings.hmac_key),
            log=self.log,
            faults=self.faults,
            user_id=seeded_uuid(rng),
            portfolio_id=seeded_uuid(rng),
        )
        self.rest = Rest(self.venue)
        self.streams = Streams(self.venue)
        desk.listeners.append(self.streams.order_changed)
        self.paused = False
        """While true the books move only by what clients do."""
        self._next_move_ns = started_ns + int(self.settings.move_every_s * NANOSECONDS)
        self._moves = 0

    # What a server needs

    def handle(self, surface: str, request: Request) -> Answer:
        """Answer one REST request (on whichever surface it arrives)."""
        del surface
        return self.rest.handle(request)

    def connect(self, surface: str, request: Request) -> Connection | Refusal:
        """Open one stream connection."""
        return self.streams.connect(surface, request)

    def tick(self) -> None:
        """Do all that is due by now: walks, cancels, expiries, frames."""
        move_ns = int(self.settings.move_every_s * NANOSECONDS)
        while not self.paused and self._clock_ns() >= self._next_move_ns:
            # After a long sleep the market goes on from here; it does not catch up.
            self._next_move_ns = max(self._next_move_ns + move_ns, self._clock_ns())
            self._move()
        self.rest.tick()
        self.venue.desk.tick()
        self.streams.tick()

    def endpoints(self, addresses: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
        """The endpoints object of this exchange, given host and port of each surface."""
        place = {name: f"{host}:{port}" for name, (host, port) in addresses.items()}
        return {
            "rest": f"http://{place['rest']}",
            "stream": f"ws://{place['stream']}",
            "user_stream": f"ws://{place['user_stream']}",
            "credentials": {
                "key_name": self.es256_key.name,
                "private_key": self.es256_key.secret,
                "ed25519_key_name": self.ed25519_key.name,
                "ed25519_private_key": self.ed25519_key.secret,
            },
        }

    # What a test needs

    @property
    def orders(self) -> list[AccountOrder]:
        """Every order of the account, oldest first."""
        return list(self.venue.desk.orders.values())

    def order(self, client_order_id: str) -> AccountOrder | None:
        """The order that used this client order id."""
        return self.venue.desk.by_client_id(client_order_id)

    def balance(self, currency: str) -> Balance:
        """The account's balance."""
        return self.venue.ledger.balance(ACCOUNT, currency)

    def market(self, product_id: str) -> Market:
        """The market of a product.

        Raises:
            KeyError: there is none.
        """
        return self.venue.markets[product_id]

    def book(self, product_id: str, side: Side) -> list[tuple[Decimal, Decimal]]:
        """(price, quantity) of a side, best first."""
        return self.market(product_id).book.levels(side)

    def change_product(self, product_id: str, **changes: Any) -> None:
        """Change fields of a product, such as ``trading_disabled=True``.

        Raises:
            KeyError: there is no such product.
            TypeError: it has no such field.
        """
        market = self.market(product_id)
        market.product = attrs.evolve(market.product, **changes)

    def trade(self, product_id: str, side: Side, quantity: Decimal) -> None:
        """Let the house send a taker order, to print a trade or to fill what rests."""
        market = self.market(product_id)
        self.venue.desk.settle(market, market.walk.take(side, quantity))

    def offer(self, product_id: str, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Let the house buy or sell so much at a price; what nobody takes at once waits there."""
        market = self.market(product_id)
        self.venue.desk.settle(market, market.walk.rest(side, price, quantity))

    def add_key(
        self, kind: str = "es256", *, permissions: frozenset[Permission] = ALL_PERMISSIONS
    ) -> ApiKey:
        """One more API key, ``es256`` or ``ed25519``, with these permissions."""
        make = es256_key if kind == "es256" else ed25519_key
        key = make(self._rng, permissions=permissions)
        self._keys[key.name] = key
        return key

    def revoke_key(self, name: str) -> None:
        """Let a key be unknown from now on.

        Raises:
            KeyError: it is unknown already.
        """
        del self._keys[name]

    def _move(self) -> None:
        self._moves += 1
        for number, market in enumerate(self.venue.markets.values()):
            for execution in market.walk.move():
                self.venue.desk.settle(market, execution)
            if (self._moves + number) % self.settings.trade_every_moves == 0:
                self.venue.desk.settle(market, market.walk.trade())

    def _fault_fired(self, fault: Fault, hit: str) -> None:
        self.log.add(self._clock_ns(), LogKind.FAULT, type(fault).__name__, hit)
