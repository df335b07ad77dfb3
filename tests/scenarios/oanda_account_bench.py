"""One simulated OANDA account, with prices and a clock that stand where a test puts them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from venuetree.scenarios.simulated.oanda.account import Account, Answered
from venuetree.scenarios.simulated.oanda.prices import Factors, Quote, Rung
from venuetree.scenarios.simulated.oanda.universe import Instrument, universe

START_NS = 1_790_000_000_000_000_000
"""Monday, 2026-09-21T14:13:20Z, 10:13:20 in New York."""
SECOND = 1_000_000_000
HOUR = 3600 * SECOND
ACCOUNT_ID = "101-004-9182736-001"
MILLION = 1_000_000


class SetPrices:
    """Prices that only `set` changes."""

    def __init__(self, now_ns: Any, **changes: Any) -> None:
        """Let every instrument have some price; `changes` are made to EUR_USD's rules."""
        self.now_ns = now_ns
        self._instruments = {instrument.name: instrument for instrument in universe()}
        self._instruments["EUR_USD"] = attrs.evolve(self._instruments["EUR_USD"], **changes)
        self._quotes: dict[str, Quote] = {}
        for name, instrument in self._instruments.items():
            self.set(name, instrument.start_price, instrument.start_price + instrument.tick)

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """All instruments, by name."""
        return self._instruments

    def quote(self, name: str) -> Quote:
        """The price that was set."""
        return self._quotes[name]

    def factors(self, currency: str, home: str) -> Factors:
        """Half a percent worse than the middle, both ways."""
        if currency == home:
            return Factors(Decimal(1), Decimal(1), Decimal(1))
        straight = self._quotes.get(f"{currency}_{home}")
        middle = straight.mid if straight else 1 / self._quotes[f"{home}_{currency}"].mid
        gain, loss = middle * Decimal("0.995"), middle * Decimal("1.005")
        places = Decimal("0.00000001")
        return Factors(gain.quantize(places), loss.quantize(places), middle.quantize(places))

    def set(
        self,
        name: str,
        bid: Decimal | str,
        ask: Decimal | str,
        *,
        liquidity: tuple[int, ...] = (MILLION, MILLION, MILLION),
        tradeable: bool = True,
    ) -> None:
        """Let an instrument have this price, and the next worse ones a pip apart."""
        bid, ask = Decimal(bid), Decimal(ask)
        pip = self._instruments[name].pip
        self._quotes[name] = Quote(
            instrument=name,
            time_ns=self.now_ns(),
            bids=tuple(Rung(bid - pip * at, size) for at, size in enumerate(liquidity)),
            asks=tuple(Rung(ask + pip * at, size) for at, size in enumerate(liquidity)),
            closeout_bid=bid - pip * len(liquidity),
            closeout_ask=ask + pip * len(liquidity),
            tradeable=tradeable,
        )


class Bench:
    """The account, and what it has told its listener."""

    def __init__(
        self, rules: dict[str, Any] | None = None, *, balance: int | str = 100000, **options: Any
    ) -> None:
        """Open an account; `rules` change EUR_USD's, the options are the account's."""
        self.now_ns = START_NS
        self.prices = SetPrices(lambda: self.now_ns, **(rules or {}))
        self.account = Account(
            ACCOUNT_ID,
            prices=self.prices,
            now_ns=lambda: self.now_ns,
            balance=Decimal(balance),
            **options,
        )
        self.told: list[dict[str, Any]] = []
        self.account.on_transaction.append(self.told.append)
        self._requests = 60000
        self.at("1.10000", "1.10010")

    def at(self, bid: str, ask: str, name: str = "EUR_USD", **how: Any) -> None:
        """Move a price, and let the account hear of it."""
        self.prices.set(name, bid, ask, **how)
        self.account.prices_moved([name])

    def halt(self, name: str = "EUR_USD") -> None:
        """Let an instrument rest."""
        quote = self.prices.quote(name)
        self.at(str(quote.bid), str(quote.ask), name, tradeable=False)

    def request_id(self) -> str:
        """A new one."""
        self._requests += 1
        return str(self._requests)

    def post(self, **order: Any) -> Answered:
        """Create an order; by default at the market."""
        whole = {"type": "MARKET", "instrument": "EUR_USD", **order}
        return self.checked(self.account.create_order(whole, self.request_id()))

    def filled(self, units: int | str, **order: Any) -> dict[str, Any]:
        """The fill of a market order."""
        answered = self.post(units=str(units), **order)
        assert answered.status == 201
        fill: dict[str, Any] = answered.body["orderFillTransaction"]
        return fill

    def opened(self, units: int | str, **order: Any) -> str:
        """The id of the trade that a market order has opened."""
        trade_id: str = self.filled(units, **order)["tradeOpened"]["tradeID"]
        return trade_id

    def resting(self, **order: Any) -> str:
        """The id of a limit order that waits."""
        far = {"type": "LIMIT", "units": "1000", "price": "1.05000"}
        answered = self.post(**{**far, **order})
        assert answered.status == 201, answered.body
        assert set(answered.body) == {
            "orderCreateTransaction",
            "relatedTransactionIDs",
            "lastTransactionID",
        }
        order_id: str = answered.body["orderCreateTransaction"]["id"]
        return order_id

    def call(self, name: str, *arguments: Any) -> Answered:
        """Call a write of the account."""
        return self.checked(getattr(self.account, name)(*arguments, self.request_id()))

    def checked(self, answered: Answered) -> Answered:
        """Assert what holds of every answer to a write."""
        written = [value for name, value in answered.body.items() if name.endswith("Transaction")]
        if not written:
            return answered
        batches = {each["batchID"] for each in written}
        assert len(batches) == 1
        batch = [each for each in self.account.transactions if each["batchID"] in batches]
        assert [each["id"] for each in batch] == answered.body.get(
            "relatedTransactionIDs", [each["id"] for each in batch]
        )
        assert batches == {batch[0]["id"]}
        assert len({each["time"] for each in batch}) == 1
        assert {each["requestID"] for each in batch} == {str(self._requests)}
        assert answered.body["lastTransactionID"] == str(self.account.last_transaction_id)
        return answered

    def since(self, last_id: int) -> list[dict[str, Any]]:
        """The transactions after one of them."""
        return self.account.transactions.since(last_id)

    def order(self, order_id: str) -> dict[str, Any]:
        """An order as a read tells it."""
        order: dict[str, Any] = self.account.order(order_id).body["order"]
        return order

    def trade(self, trade_id: str) -> dict[str, Any]:
        """A trade as a read tells it."""
        trade: dict[str, Any] = self.account.trade(trade_id).body["trade"]
        return trade

    def summary(self) -> dict[str, Any]:
        """The account's summary."""
        account: dict[str, Any] = self.account.summary().body["account"]
        return account


def reason(answered: Answered, key: str = "orderCancelTransaction") -> str:
    """Why a 201 or a 200 did nothing."""
    assert answered.status in {200, 201}, answered.body
    assert not [name for name in answered.body if "Fill" in name]
    text: str = answered.body[key]["reason"]
    return text


def code(answered: Answered, status: int = 400, key: str = "orderRejectTransaction") -> str:
    """Why a request was rejected, which its transaction says too."""
    assert answered.status == status, answered.body
    rejected = answered.body[key]
    assert rejected["rejectReason"] == answered.body["errorCode"]
    assert rejected["type"].endswith("_REJECT")
    text: str = answered.body["errorCode"]
    return text
