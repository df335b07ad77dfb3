"""The simulated Binance.US as one object: REST, streams, WebSocket API, faults, log, orders."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random
from time import time_ns
from typing import Any

import attrs

from venuetree.scenarios.faults import Fault
from venuetree.scenarios.simulated.accounts import Balance, Ledger
from venuetree.scenarios.simulated.binance_us.funds import FEES, HOUSE
from venuetree.scenarios.simulated.binance_us.keys import (
    ALL_PERMISSIONS,
    ApiKey,
    Permission,
    api_key,
)
from venuetree.scenarios.simulated.binance_us.market import Market
from venuetree.scenarios.simulated.binance_us.orders import Order
from venuetree.scenarios.simulated.binance_us.rest import Rest
from venuetree.scenarios.simulated.binance_us.streams import StreamDoor
from venuetree.scenarios.simulated.binance_us.universe import universe
from venuetree.scenarios.simulated.binance_us.venue import ACCOUNT, Settings, open_venue
from venuetree.scenarios.simulated.binance_us.ws_api import WsApiDoor
from venuetree.scenarios.simulated.fault_plan import FaultPlan
from venuetree.scenarios.simulated.log import ExchangeLog, LogKind
from venuetree.scenarios.simulated.matching import Side
from venuetree.scenarios.simulated.numbers import NANOSECONDS
from venuetree.scenarios.simulated.wire import Answer, Refusal, Request, StreamSession

_WS_API_PATH = "/ws-api/v3"


class SimulatedBinanceUs:
    """A small Binance.US: REST, market and user streams, and the WebSocket API.

    It does no I/O and starts no task: a server, or a test, hands it requests
    and messages and calls `tick` to let time pass. With the same seed and the
    same calls at the same times it does the same, keys and ids included.

    Args:
        seed: of prices, ids and keys.
        settings: how it differs from the usual.
        now_ns: the true time, nanoseconds since the epoch.
    """

    name = "binance_us"
    surfaces = ("rest", "stream", "ws_api")

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
        self._rng = Random(seed)
        started_ns = now_ns()
        self.log = ExchangeLog()
        self.faults = FaultPlan(self._fault_fired)
        markets = {
            instrument.symbol: Market(instrument, seed, started_ns // 1_000_000)
            for instrument in universe(levels=self.settings.levels)
        }
        self.venue = open_venue(
            self.settings,
            seed=seed,
            rng=self._rng,
            clock_ns=now_ns,
            markets=markets,
            ledger=Ledger(frozenset({HOUSE, FEES})),
            faults=self.faults,
            log=self.log,
        )
        self.key = self.add_account(ACCOUNT, self.settings.funds)
        self.rest = Rest(self.venue)
        self.streams = StreamDoor(self.venue)
        self.ws_api = WsApiDoor(self.venue)
        self.paused = False
        """While true the books move only by what clients do."""
        self._next_move_ns = started_ns + int(self.settings.move_every_s * NANOSECONDS)
        self._moves = 0

    # What a server needs

    def handle(self, surface: str, request: Request) -> Answer:
        """Answer one REST request (on whichever surface it arrives)."""
        del surface
        return self.rest.handle(request)

    def connect(self, surface: str, request: Request) -> StreamSession | Refusal:
        """Open one stream connection."""
        door = self.ws_api if surface == "ws_api" else self.streams
        return door.connect(request)

    def tick(self) -> None:
        """Do all that is due by now: walks, late requests, expiries, frames."""
        move_ns = int(self.settings.move_every_s * NANOSECONDS)
        while not self.paused and self._clock_ns() >= self._next_move_ns:
            # After a long sleep the market goes on from here; it does not catch up.
            self._next_move_ns = max(self._next_move_ns + move_ns, self._clock_ns())
            self._move()
        self.rest.tick()
        self.venue.listen_keys.tick()
        self.streams.tick()
        self.ws_api.tick()

    def endpoints(self, addresses: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
        """The endpoints object of this exchange, given host and port of each surface."""
        place = {name: f"{host}:{port}" for name, (host, port) in addresses.items()}
        return {
            "rest": f"http://{place['rest']}",
            "stream": f"ws://{place['stream']}",
            "ws_api": f"ws://{place['ws_api']}{_WS_API_PATH}",
            "credentials": {"api_key": self.key.key, "api_secret": self.key.secret},
        }

    # What a test needs

    @property
    def orders(self) -> list[Order]:
        """Every order of the first account."""
        return list(self.venue.store.all(ACCOUNT))

    def order(self, client_order_id: str) -> Order | None:
        """The order of the first account that was sent, or goes, by this client order id."""
        ids = ((order, order.client_order_id, order.original_client_id) for order in self.orders)
        found = [order for order, now, before in ids if client_order_id in {now, before}]
        return found[-1] if found else None

    def balance(self, asset: str, account: str = ACCOUNT) -> Balance:
        """An account's balance."""
        return self.venue.ledger.balance(account, asset)

    def market(self, symbol: str) -> Market:
        """The market of a symbol.

        Raises:
            KeyError: there is none.
        """
        return self.venue.markets[symbol]

    def book(self, symbol: str, side: Side) -> list[tuple[Decimal, Decimal]]:
        """(price, quantity) of a side, best first."""
        return self.market(symbol).book.levels(side)

    def change_instrument(self, symbol: str, **changes: Any) -> None:
        """Change fields of an instrument, such as ``status="HALT"``.

        Raises:
            KeyError: there is no such symbol.
            TypeError: it has no such field.
        """
        market = self.market(symbol)
        market.instrument = attrs.evolve(market.instrument, **changes)

    def change_filters(self, symbol: str, **changes: Any) -> None:
        """Change figures of a symbol's filters, such as ``max_orders=2``.

        Raises:
            KeyError: there is no such symbol.
            TypeError: it has no such figure.
        """
        filters = attrs.evolve(self.market(symbol).instrument.filters, **changes)
        self.change_instrument(symbol, filters=filters)

    def trade(self, symbol: str, side: Side, quantity: Decimal) -> None:
        """Let the house send a taker order, to print a trade or to fill what rests."""
        market = self.market(symbol)
        self.venue.desk.settle(market, market.walk.take(side, quantity))

    def offer(self, symbol: str, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Let the house buy or sell so much at a price; what nobody takes at once waits there."""
        market = self.market(symbol)
        self.venue.desk.settle(market, market.walk.rest(side, price, quantity))

    def add_account(self, account: str, funds: Mapping[str, Decimal]) -> ApiKey:
        """One more account with these balances, and its key."""
        for asset, amount in funds.items():
            self.venue.ledger.deposit(account, asset, amount)
        self.venue.desk.accounts.add(account)
        self.venue.events.begin(account)
        return self.add_key(account)

    def add_key(
        self, account: str = ACCOUNT, *, permissions: frozenset[Permission] = ALL_PERMISSIONS
    ) -> ApiKey:
        """One more API key of an account, with these permissions."""
        key = api_key(self._rng, account, permissions=permissions)
        self.venue.keys[key.key] = key
        return key

    def revoke_key(self, key: str) -> None:
        """Let a key be unknown from now on.

        Raises:
            KeyError: it is unknown already.
        """
        del self.venue.keys[key]

    def deposit(self, asset: str, amount: Decimal, account: str = ACCOUNT) -> None:
        """Move an amount into an account, or with a negative one out of it, and tell of it."""
        self.venue.ledger.deposit(account, asset, amount)
        self.venue.events.moved(account, asset, amount)

    def _move(self) -> None:
        self._moves += 1
        for number, market in enumerate(self.venue.markets.values()):
            for execution in market.walk.move():
                self.venue.desk.settle(market, execution)
            if (self._moves + number) % self.settings.trade_every_moves == 0:
                self.venue.desk.settle(market, market.walk.trade())

    def _fault_fired(self, fault: Fault, hit: str) -> None:
        self.log.add(self._clock_ns(), LogKind.FAULT, type(fault).__name__, hit)
