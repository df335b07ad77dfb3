"""The part of an exchange's handle that trades on margin: trades, exits, positions, the account."""

import anyio
from attrs import evolve, frozen

from venuetree.actors.order_messages import CloseBy
from venuetree.asking import PLACE_TIMEOUT, TIMEOUT
from venuetree.protocol import commands
from venuetree.protocol.builders import market_order
from venuetree.protocol.checks import check_order
from venuetree.protocol.errors import (
    MarginTradeNotFound,
    NotSupported,
    OrderInvalid,
    PositionNotFound,
)
from venuetree.protocol.margin_checks import check_exit_changes
from venuetree.protocol.models import (
    AccountChanges,
    AccountSummary,
    ClientExtensions,
    Closing,
    Conversion,
    ExitChanges,
    MarginTerms,
    MarginTrade,
    MarginTradeState,
    Order,
    OrderKey,
    OrderRequest,
    Position,
    SentimentBook,
    SentimentKind,
    Side,
    TimeInForce,
)
from venuetree.protocol.numbers import DecimalText, decimal_text, to_decimal
from venuetree.protocol.port import Ability
from venuetree.trading import Trading

__all__ = ["MarginTrading"]


@frozen
class MarginTrading(Trading):
    """Positions, margin trades and their exits, and the account that bears them.

    `NotSupported` is raised at once by exchanges that have no such thing.
    """

    # ------------------------------------------------------------ positions

    async def positions(self, instrument: str = "") -> tuple[Position, ...]:
        """Ask for open positions; `NotSupported` where there are none (spot exchanges)."""
        return await self._question(commands.FetchPositions(instrument), "positions")

    async def close_position(
        self,
        instrument: str,
        *,
        long: DecimalText | None = None,
        short: DecimalText | None = None,
        timeout: float = PLACE_TIMEOUT,  # noqa: ASYNC109
    ) -> tuple[Order, ...]:
        """Close a position, or a part of it, in one request.

        Without `long` and `short` all that is open is closed, both directions where an account
        holds both. Each direction is an order of its own: written down, resolved and told like
        any other, and never sent twice by itself.

        Args:
            instrument: `EUR-USD`.
            long: how much to sell of what is held, in base units; `"all"` for all of it.
            short: how much to buy back of what was sold, likewise.
            timeout: how long to wait, resolving included.

        Returns:
            The orders that close it: of the long side first. Where two were asked for, look at
            the status of each: one may be rejected and the other executed.

        Raises:
            OrderRejected: none was executed: `MarketHalted`, …
            PositionNotFound: a direction is named that is not open, or nothing is; nothing was
                closed of the other one either.
            EngineError: as of `place`.
        """
        orders = self._need_orders("close_position")
        self._need(Ability.CLOSE_POSITION, "closing a position in one request", "close_position")
        deadline = anyio.current_time() + timeout
        rules, left = await self._rules(instrument, timeout)
        held = await self._question(
            commands.FetchPositions(instrument), "positions", timeout=min(left, TIMEOUT)
        )
        wanted = self._to_close(instrument, held, long, short)
        for request in wanted:
            self._keep_rules("close_position", check_order, request, rules)
        return await self._ask(
            orders,
            CloseBy(wanted),
            deadline - anyio.current_time(),
            operation="close_position",
            client_order_id=wanted[0].client_order_id,
        )

    def _to_close(
        self,
        instrument: str,
        held: tuple[Position, ...],
        long: DecimalText | None,
        short: DecimalText | None,
    ) -> tuple[OrderRequest, ...]:
        """The orders that close what was asked for."""
        is_everything = long is None and short is None
        requests: list[OrderRequest] = []
        for side, asked in ((Side.SELL, long), (Side.BUY, short)):
            sign = 1 if side is Side.SELL else -1
            there = sum(
                abs(p.quantity)
                for p in held
                if p.instrument == instrument and p.quantity * sign > 0
            )
            if asked is None and not (is_everything and there):
                continue
            word = "long" if side is Side.SELL else "short"
            if not there:
                raise PositionNotFound(
                    f"nothing of {instrument} is held {word}",
                    exchange=self.name,
                    operation="close_position",
                )
            is_whole = asked is None or asked == "all"
            quantity = there if is_whole else to_decimal(asked, word)  # type: ignore[arg-type]
            if quantity > there:
                raise OrderInvalid(
                    f"only {decimal_text(there)} of {instrument} is held {word}",
                    rule="quantity",
                    value=decimal_text(quantity),
                    bound=decimal_text(there),
                    exchange=self.name,
                    operation="close_position",
                )
            requests.append(self._closing(instrument, side, quantity, Closing(is_whole=is_whole)))
        if not requests:
            raise PositionNotFound(
                f"nothing of {instrument} is held", exchange=self.name, operation="close_position"
            )
        return tuple(requests)

    def _closing(
        self, instrument: str, side: Side, quantity: DecimalText, closing: Closing
    ) -> OrderRequest:
        request = market_order(
            instrument, side, quantity=quantity, time_in_force=TimeInForce.FILL_OR_KILL
        )
        return self._with_id(evolve(request, margin=MarginTerms(closing=closing)))

    # ------------------------------------------------------------ trades

    async def margin_trades(
        self, instrument: str = "", *, is_open_only: bool = True, limit: int | None = None
    ) -> tuple[MarginTrade, ...]:
        """Ask for margin trades, newest first: those that are open, or all."""
        self._need_margin("margin_trades")
        command = commands.FetchMarginTrades(instrument, is_open_only, limit)
        return await self._question(command, "margin trades")

    async def margin_trade(self, trade_id: str) -> MarginTrade:
        """Ask for one margin trade, by the exchange's id or `@` and ours.

        Raises:
            MarginTradeNotFound: the exchange does not know it (any more).
        """
        self._need_margin("margin_trade")
        return await self._question(commands.FetchMarginTrade(trade_id), "margin trade")

    async def close_trade(
        self,
        trade_id: str,
        quantity: DecimalText | None = None,
        *,
        timeout: float = PLACE_TIMEOUT,  # noqa: ASYNC109
    ) -> Order:
        """Close a margin trade, or a part of it.

        Args:
            trade_id: the exchange's.
            quantity: in base units; all of it if None.
            timeout: how long to wait, resolving included.

        Returns:
            The order that closes it.

        Raises:
            MarginTradeNotFound: there is no such trade, or it is closed.
            OrderRejected: it was not closed: `MarketHalted`, `OutOfSequence`, …
            EngineError: any other of `place`.
        """
        self._need_margin("close_trade")
        deadline = anyio.current_time() + timeout
        trade = await self._question(
            commands.FetchMarginTrade(trade_id), "margin trade", timeout=min(timeout, TIMEOUT)
        )
        if trade.state is MarginTradeState.CLOSED:
            raise MarginTradeNotFound(
                f"trade {trade_id} is closed already", exchange=self.name, operation="close_trade"
            )
        request = self._closing(
            trade.instrument,
            trade.side.opposite,
            trade.quantity if quantity is None else quantity,
            Closing(trade.trade_id, is_whole=quantity is None),
        )
        return await self.place(request, timeout=deadline - anyio.current_time())

    async def change_exits(self, trade_id: str, changes: ExitChanges) -> MarginTrade:
        """Set, change or remove the exits of a margin trade.

        What `changes` does not name is kept. An exit that the price has passed already is
        executed at once: look at the state of what is returned.

        Raises:
            MarginTradeNotFound: there is no such trade, or it is closed.
            OrderInvalid: a price or distance is off its grid.
            OrderRejected: the exchange refused one; none was changed.
            ExitsUnknown: whether it was done could not be found out. To ask again does no harm.
        """
        self._need_margin("change_exits")
        trade = await self._question(commands.FetchMarginTrade(trade_id), "margin trade")
        rules = await self._instrument(trade.instrument)
        self._keep_rules("change_exits", check_exit_changes, changes, rules)
        command = commands.ChangeExits(trade.trade_id, changes, trade.instrument)
        return await self._question(command, "change_exits")

    async def write_on_order(
        self,
        order_id: str | OrderKey,
        order: ClientExtensions | None = None,
        trade: ClientExtensions | None = None,
    ) -> None:
        """Write tag and comment on a waiting order, and on the trade that it will open.

        Raises:
            OrderInvalid: another id is to be written on the order, which the engine knows by it.
        """
        self._need_margin("write_on_order")
        key = await self._key(order_id, "")
        if order is not None and order.id not in {"", key.client_order_id}:
            raise OrderInvalid(
                "an order keeps its client order id",
                rule="client order id",
                value=order.id,
                exchange=self.name,
                operation="write_on_order",
            )
        await self._question(commands.WriteOrderExtensions(key, order, trade), "write_on_order")

    async def write_on_trade(self, trade_id: str, extensions: ClientExtensions) -> None:
        """Write an id, tag or comment on a margin trade."""
        self._need_margin("write_on_trade")
        command = commands.WriteTradeExtensions(trade_id, extensions)
        await self._question(command, "write_on_trade")

    # ------------------------------------------------------------ the account

    async def account_summary(self) -> AccountSummary:
        """Ask what the account is worth, and how much of it is in use."""
        self._need(Ability.ACCOUNT_SUMMARY, "an account on margin", "account_summary")
        return await self._question(commands.FetchAccountSummary(), "account summary")

    async def account_changes(self, since_transaction_id: str) -> AccountChanges:
        """Ask what has changed since a transaction."""
        self._need_margin("account_changes")
        command = commands.FetchAccountChanges(since_transaction_id)
        return await self._question(command, "account changes")

    async def configure_account(
        self, *, alias: str | None = None, margin_rate: DecimalText | None = None
    ) -> AccountSummary:
        """Set the account's alias or its margin rate, and read it back."""
        self._need_margin("configure_account")
        rate = None if margin_rate is None else to_decimal(margin_rate, "margin_rate")
        await self._question(commands.ConfigureAccount(alias, rate), "configure_account")
        return await self.account_summary()

    async def conversions(self, *instruments: str) -> tuple[Conversion, ...]:
        """Ask what amounts of the currencies of these instruments are worth in the account's."""
        self._need_margin("conversions")
        return await self._question(commands.FetchConversions(instruments), "conversions")

    async def sentiment(
        self, instrument: str, kind: SentimentKind, *, time_ns: int | None = None
    ) -> SentimentBook:
        """Ask how the exchange's own clients are placed; now, or at an earlier time."""
        self._need_margin("sentiment")
        command = commands.FetchSentiment(instrument, kind, time_ns)
        return await self._question(command, "sentiment")

    def _need_margin(self, operation: str) -> None:
        if Ability.MARGIN not in self._tree.wiring.exchange.profile.abilities:
            raise NotSupported(
                "the exchange does not have trading on margin",
                exchange=self.name,
                operation=operation,
            )
