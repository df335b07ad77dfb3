"""What holds of a simulated OANDA account whatever its client asks for and prices do."""

import json
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scenarios.oanda_account_bench import HOUR, Bench
from venuetree.scenarios.simulated.oanda.account import Account, Answered, Financing, ShortLadder

INSTRUMENTS = ("EUR_USD", "USD_JPY", "DE30_EUR")
MIDDLES = {"EUR_USD": 110000, "USD_JPY": 150000, "DE30_EUR": 180000}
"""In ticks."""

units = st.integers(-300_000, 300_000).filter(bool).map(str)
offsets = st.integers(-3000, 3000)
names = st.sampled_from(INSTRUMENTS)
picks = st.integers(0, 9)
"""Which of those that there are; one that is over now and then."""
fills = st.sampled_from(["DEFAULT", "REDUCE_FIRST", "REDUCE_ONLY", "OPEN_ONLY"])
closings = st.one_of(st.sampled_from(["ALL", "NONE"]), st.integers(1, 1000).map(str))


@attrs.frozen
class Step:
    """One thing that happens."""

    name: str
    arguments: dict[str, Any]


def step(name: str, /, **arguments: Any) -> st.SearchStrategy[Step]:
    """A step with arguments that are drawn."""
    return st.fixed_dictionaries(arguments).map(lambda drawn: Step(name, drawn))


away = st.none() | st.integers(20, 3000)
entries = step(
    "order",
    kind=st.sampled_from(["MARKET", "MARKET", "LIMIT", "STOP", "MARKET_IF_TOUCHED"]),
    name=names,
    units=units,
    offset=offsets,
    fill=fills,
    tif=st.sampled_from([None, None, "IOC", "GFD"]),
    profit=away,
    stop=away,
    trailing=st.booleans(),
)
moves = step("move", name=names, offset=offsets, spread=st.integers(1, 30), liquid=st.booleans())
steps = st.one_of(
    entries,
    entries,
    entries,
    moves,
    moves,
    step("attach", trade=picks, offset=offsets, kind=st.sampled_from(["stopLoss", "takeProfit"])),
    step("close", trade=picks, units=closings),
    step("close_position", name=names, long=closings, short=closings),
    step("cancel", order=picks),
    step("replace", order=picks, units=units, offset=offsets),
    step("wait", hours=st.integers(1, 30)),
    step("transfer", amount=st.integers(-5000, 5000)),
)


def price(name: str, offset: int) -> str:
    """A price so many ticks from the middle."""
    ticks = MIDDLES[name] + offset
    return (
        f"{Decimal(ticks).scaleb(-5 if name == 'EUR_USD' else -3 if name == 'USD_JPY' else -1):f}"
    )


class World:
    """An account to which steps happen."""

    def __init__(self, **options: Any) -> None:
        """Open it with a price for every instrument."""
        self.bench = Bench(balance=10000, financing=Financing.DAILY, **options)
        for name in INSTRUMENTS:
            self.bench.at(price(name, 0), price(name, 10), name)

    def take(self, happening: Step) -> None:
        """Let one happen."""
        getattr(self, happening.name)(**happening.arguments)

    def move(self, name: str, offset: int, spread: int, *, liquid: bool) -> None:
        """Move a price."""
        rungs = (1_000_000, 1_000_000) if liquid else (100_000,)
        bid, ask = price(name, offset), price(name, offset + spread)
        self.bench.at(bid, ask, name, liquidity=rungs, tradeable=spread > 1)

    def order(self, **drawn: Any) -> None:
        """Ask for an entry order."""
        name, offset = drawn["name"], drawn["offset"]
        body = {
            "type": drawn["kind"],
            "instrument": name,
            "units": drawn["units"],
            "price": price(name, offset),
            "positionFill": drawn["fill"],
            "timeInForce": drawn["tif"],
        }
        sign = 1 if Decimal(drawn["units"]) > 0 else -1
        for key, side in (("profit", sign), ("stop", -sign)):
            if drawn[key] is not None:
                # From the middle: now and then on the wrong side of where the order fills.
                attached = "takeProfitOnFill" if key == "profit" else "stopLossOnFill"
                body[attached] = {"price": price(name, side * drawn[key])}
        if drawn["trailing"]:
            distance = {"EUR_USD": "0.01", "USD_JPY": "1", "DE30_EUR": "50"}[name]
            body["trailingStopLossOnFill"] = {"distance": distance}
        self.call("create_order", body)

    def attach(self, trade: int, offset: int, kind: str) -> None:
        """Ask for a dependent order."""
        self.call("trade_orders", self.a_trade(trade), {kind: {"price": price("EUR_USD", offset)}})

    def close(self, trade: int, units: str) -> None:
        """Ask for a trade to be closed."""
        self.call("close_trade", self.a_trade(trade), {"units": "1" if units == "NONE" else units})

    def close_position(self, name: str, long: str, short: str) -> None:
        """Ask for a position to be closed."""
        self.call("close_position", name, {"longUnits": long, "shortUnits": short})

    def cancel(self, order: int) -> None:
        """Ask for a cancellation."""
        self.call("cancel_order", self.an_order(order))

    def replace(self, order: int, units: str, offset: int) -> None:
        """Ask for a replacement."""
        wanted = {"type": "LIMIT", "instrument": "EUR_USD", "price": price("EUR_USD", offset)}
        self.call("replace_order", self.an_order(order), {**wanted, "units": units})

    def wait(self, hours: int) -> None:
        """Let time pass."""
        self.bench.now_ns += hours * HOUR
        self.bench.account.tick()

    def transfer(self, amount: int) -> None:
        """Move money."""
        self.bench.account.transfer(Decimal(amount))

    def an_order(self, pick: int) -> str:
        """The id of a pending order, or of something else."""
        return self.one_of(self.bench.account.pending_orders().body["orders"], pick)

    def a_trade(self, pick: int) -> str:
        """The id of an open trade, or of something else."""
        return self.one_of(self.bench.account.open_trades().body["trades"], pick)

    @staticmethod
    def one_of(listed: list[dict[str, Any]], pick: int) -> str:
        """One of the ids, or one that exists hardly ever."""
        return listed[pick % len(listed)]["id"] if listed and pick else str(pick + 3)

    def call(self, name: str, *arguments: Any) -> Answered:
        """A write, whose answer is checked."""
        answered = self.bench.call(name, *arguments)
        assert answered.status in {200, 201, 400, 404}
        json.dumps(answered.body)
        return answered


def check(account: Account) -> None:
    """Assert what always holds."""
    log = list(account.transactions)
    assert [int(each["id"]) for each in log] == list(range(1, len(log) + 1))
    assert [each["time"] for each in log] == sorted(each["time"] for each in log)
    balance = Decimal(0)
    for each in log:
        moved = (each.get(name, "0") for name in ("amount", "pl", "financing"))
        balance += sum(map(Decimal, moved), Decimal(0))
        if "accountBalance" in each:
            assert Decimal(each["accountBalance"]) == balance
    assert account.balance == balance
    check_trades(account, log)
    check_orders(account, log)


def check_trades(account: Account, log: list[dict[str, Any]]) -> None:
    """Assert that trades are what the fills made of them, and positions the sum of trades."""
    left: dict[str, Decimal] = {}
    for fill in (each for each in log if each["type"] == "ORDER_FILL"):
        parts = [*fill.get("tradesClosed", ()), fill.get("tradeReduced"), fill.get("tradeOpened")]
        parts = [part for part in parts if part is not None]
        assert sum(Decimal(part["units"]) for part in parts) == Decimal(fill["units"])
        earned = sum(Decimal(part.get("realizedPL", "0")) for part in parts)
        assert earned == Decimal(fill["pl"])
        for part in parts:
            trade_id = part["tradeID"]
            left[trade_id] = left.get(trade_id, Decimal(0)) + Decimal(part["units"])
        for part in fill.get("tradesClosed", ()):
            assert left.pop(part["tradeID"]) == 0
    trades = account.open_trades().body["trades"]
    assert {each["id"]: Decimal(each["currentUnits"]) for each in trades} == left
    assert all(left.values())
    for told in account.positions().body["positions"]:
        held = [each for each in trades if each["instrument"] == told["instrument"]]
        both = Decimal(told["long"]["units"]) + Decimal(told["short"]["units"])
        assert both == sum(Decimal(each["currentUnits"]) for each in held)
        if not account.settings.hedging:
            assert "0" in {told["long"]["units"], told["short"]["units"]}


def check_orders(account: Account, log: list[dict[str, Any]]) -> None:
    """Assert that every order ended once or is pending, and that none outlives its trade."""
    created = {each["id"] for each in log if each["type"].endswith("_ORDER")}
    filled = [each["orderID"] for each in log if each["type"] == "ORDER_FILL"]
    cancelled = [each["orderID"] for each in log if each["type"] == "ORDER_CANCEL"]
    assert len(set(filled)) == len(filled)
    assert len(set(cancelled)) == len(cancelled)
    pending = account.pending_orders().body["orders"]
    assert {each["id"] for each in pending} == created - set(filled) - set(cancelled)
    trades = {each["id"] for each in account.open_trades().body["trades"]}
    assert {each["tradeID"] for each in pending if "tradeID" in each} <= trades


@pytest.mark.parametrize("hedging", [False, True])
def test_books_balance_whatever_happens(*, hedging: bool) -> None:
    """Ids without gaps, a balance that is the sum of its moves, trades that are what fills left."""

    @settings(max_examples=50, deadline=None)
    @given(happenings=st.lists(steps, min_size=8, max_size=16), reissue=st.booleans())
    def run(happenings: list[Step], *, reissue: bool) -> None:
        mode = ShortLadder.REISSUE if reissue else ShortLadder.WAIT
        world = World(hedging=hedging, short_ladder=mode)
        for happening in happenings:
            world.take(happening)
        account = world.bench.account
        check(account)
        assert world.bench.told == list(account.transactions)[2:]
        for answered in (account.full(), account.summary(), account.changes(1)):
            assert answered.status == 200
            json.dumps(answered.body)

    run()


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "1", "-1", "ALL", "NONE", "MARKET", "LIMIT", "EUR_USD", "x"])
    | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["id", "tag", "price", "distance", "units", "timeInForce"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
KEYS = [
    "type",
    "instrument",
    "units",
    "price",
    "priceBound",
    "distance",
    "timeInForce",
    "gtdTime",
    "positionFill",
    "tradeID",
    "triggerCondition",
    "clientExtensions",
    "tradeClientExtensions",
    "takeProfitOnFill",
    "stopLossOnFill",
    "trailingStopLossOnFill",
    "takeProfit",
    "stopLoss",
    "longUnits",
    "shortUnits",
    "alias",
    "marginRate",
    "guaranteed",
]
bodies = anything | st.dictionaries(st.sampled_from(KEYS), anything, max_size=6)


@settings(max_examples=100, deadline=None)
@given(body=bodies, kind=st.sampled_from(["MARKET", "LIMIT", "TAKE_PROFIT", "STOP_LOSS", None]))
def test_no_body_of_a_request_breaks_an_account(body: Any, kind: str | None) -> None:
    """Any JSON at all is answered, and the books still balance."""
    bench = Bench()
    trade = bench.opened(100)
    if isinstance(body, dict) and kind is not None:
        body = {"type": kind, "instrument": "EUR_USD", "units": "1", "tradeID": trade, **body}
    order = bench.resting()
    account = bench.account
    for answered in (
        account.create_order(body, "1"),
        account.replace_order(order, body, "1"),
        account.order_extensions(order, body, "1"),
        account.trade_extensions(trade, body, "1"),
        account.trade_orders(trade, body, "1"),
        account.close_trade(trade, body, "1"),
        account.close_position("EUR_USD", body, "1"),
        account.configure(body, "1"),
    ):
        assert answered.status in {200, 201, 400, 404}
        json.dumps(answered.body)
    check(account)
