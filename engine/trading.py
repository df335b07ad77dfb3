"""The part of an exchange's handle that trades."""

from collections.abc import Callable, Iterable

import anyio
from attrs import evolve, frozen

from venuetree.actors.order_messages import (
    Cancel,
    CancelAll,
    Edit,
    Known,
    Orders,
    Place,
    PlacePair,
    Query,
    Replace,
)
from venuetree.asking import PLACE_TIMEOUT, TIMEOUT, Asking
from venuetree.protocol import commands
from venuetree.protocol.checks import check_oco, check_order, check_replacing
from venuetree.protocol.errors import ExchangeRefused, NotSupported, OrderInvalid, OrderNotFound
from venuetree.protocol.margin_checks import check_terms
from venuetree.protocol.messages import Request
from venuetree.protocol.models import (
    Fill,
    Instrument,
    OcoRequest,
    Order,
    OrderKey,
    OrderPreview,
    OrderReport,
    OrderRequest,
)
from venuetree.protocol.orders import adopt_order
from venuetree.protocol.paper.checks import check_paper
from venuetree.protocol.port import Ability

__all__ = ["Trading"]


@frozen
class Trading(Asking):
    """Orders and executions."""

    async def place(self, request: OrderRequest, *, timeout: float = PLACE_TIMEOUT) -> Order:  # noqa: ASYNC109
        """Place an order; returns when the exchange has acknowledged it.

        A reply that is lost is resolved meanwhile, by the exchange's own proof. The order's later
        life comes as `account_events`.

        Args:
            request: made by `limit_order` and its siblings. Without a `client_order_id` it is
                given one, which the result shows.
            timeout: how long to wait, resolving included.

        Raises:
            OrderInvalid: it breaks a rule of the instrument; nothing was sent.
            NotSupported: the exchange has no such order; nothing was sent.
            OrderRejected: the exchange refused it (`InsufficientFunds`, …).
            TransportError: the exchange could not be reached; nothing was sent.
            OutcomeUnknown: time ended first. The engine goes on resolving.
        """
        orders = self._need_orders("place")
        self._need_type(request, "place")
        request = self._with_id(request)
        instrument, timeout = await self._rules(request.instrument, timeout)
        self._keep_rules("place", check_order, request, instrument)
        self._keep_rules("place", check_terms, request, instrument)
        return await self._ask(
            orders,
            Place(request),
            timeout,
            operation="place",
            client_order_id=request.client_order_id,
        )

    async def place_oco(
        self,
        request: OcoRequest,
        *,
        timeout: float = PLACE_TIMEOUT,  # noqa: ASYNC109
    ) -> tuple[Order, Order]:
        """Place two orders of which one cancels the other, in one request.

        The exchange takes both or neither. A reply that is lost is resolved as `place` does it,
        each of the two by its own client order id. Cancelling one ends both.

        Args:
            request: made by `oco`. Orders without a `client_order_id` are given one.
            timeout: how long to wait, resolving included.

        Returns:
            The limit order and the stop order; their `list_id` is the same.

        Raises:
            EngineError: as of `place`; `OrderInvalid` also if they are no such pair.
        """
        orders = self._need_orders("place_oco")
        self._need(Ability.OCO, "pairs of orders of which one cancels the other", "place_oco")
        self._need_terms(*request.orders, operation="place_oco")
        request = OcoRequest(self._with_id(request.limit), self._with_id(request.stop))
        instrument, timeout = await self._rules(request.limit.instrument, timeout)
        self._keep_rules("place_oco", check_oco, request, instrument)
        return await self._ask(
            orders,
            PlacePair(request),
            timeout,
            operation="place_oco",
            client_order_id=request.limit.client_order_id,
        )

    async def replace(
        self,
        order_id: str | OrderKey,
        request: OrderRequest,
        *,
        if_partially_filled: bool = False,
        timeout: float = PLACE_TIMEOUT,  # noqa: ASYNC109
    ) -> Order:
        """Cancel an order and place another in its stead, in one request.

        The new order is placed only if the cancel succeeds, and with its whole quantity, whatever
        was executed of the old one. If that is nothing to you, say `if_partially_filled`; without
        it the exchange refuses once something was executed. Not atomic: the new order may be
        refused when the old one has ended, which the error says.

        Args:
            order_id: of the old order, ours or the exchange's; a key says which.
            request: the new order, of the same instrument. Without a `client_order_id` it is given
                one.
            if_partially_filled: whether to replace an order that is executed in part.
            timeout: how long to wait, resolving included.

        Returns:
            The new order.

        Raises:
            CancelRefused: the old order could not be cancelled; no new one was placed.
            OrderRejected: the new order was refused (`InsufficientFunds`, …).
            OutcomeUnknown: time ended first. The engine goes on resolving both.
            EngineError: any other of `place`; nothing was sent.
        """
        orders = self._need_orders("replace")
        self._need(Ability.REPLACE, "replacing an order by another in one request", "replace")
        self._need_type(request, "replace")
        request = self._with_id(request)
        instrument, timeout = await self._rules(request.instrument, timeout)
        self._keep_rules("replace", check_replacing, request, instrument)
        self._keep_rules("replace", check_terms, request, instrument)
        deadline = anyio.current_time() + timeout
        key = await self._key(order_id, request.instrument)
        return await self._ask(
            orders,
            Replace(key, request, if_partially_filled),
            deadline - anyio.current_time(),
            operation="replace",
            client_order_id=request.client_order_id,
        )

    async def cancel(
        self,
        order_id: str | OrderKey,
        *,
        instrument: str = "",
        timeout: float = TIMEOUT,  # noqa: ASYNC109
    ) -> Order:
        """Cancel an order and wait for its end.

        Args:
            order_id: ours or the exchange's; a key says which.
            instrument: helps exchanges that number orders by instrument.
            timeout: how long to wait for the end.

        Returns:
            The order: cancelled, or filled if it filled before the cancel came through, or still
            open with `is_cancelling` when the time ended first.

        Raises:
            CancelRefused: it is filled, expired or rejected already.
            OrderNotFound: the exchange knows no such order.
            OutcomeUnknown: whether it is cancelled could not be found out in time.
        """
        return await self._of_either_id(Cancel, order_id, instrument, timeout, "cancel")

    async def cancel_all(
        self,
        instrument: str = "",
        *,
        timeout: float = TIMEOUT,  # noqa: ASYNC109
    ) -> tuple[Order, ...]:
        """Cancel every open order of the account, whoever placed it, and wait for their ends.

        Orders of this engine that are still on their way are waited for and cancelled as well.
        Exits of margin trades are left where they are; `change_exits` removes them.

        Args:
            instrument: only orders of this one; of all if it is `""`.
            timeout: how long to wait for the ends.

        Returns:
            The orders that have ended, each as it did: an order may fill before its cancel.

        Raises:
            CancelIncomplete: some may be open still; it says which. Call it again.
            TransportError: the exchange could not be reached; nothing was sent.
        """
        return await self._ask(
            self._need_orders("cancel_all"),
            CancelAll(instrument),
            timeout,
            operation="cancel_all",
        )

    async def edit(
        self,
        order_id: str | OrderKey,
        request: OrderRequest,
        *,
        timeout: float = TIMEOUT,  # noqa: ASYNC109
    ) -> Order:
        """Change price and total quantity of a resting order to those of `request`.

        Raises:
            NotSupported: the exchange changes no orders in place; see `replace`.
        """
        self._need(Ability.EDIT, "changing an order in place", "edit")
        self._need_terms(request, operation="edit")
        self._keep_rules("edit", check_order, request, await self._instrument(request.instrument))
        return await self._ask(
            self._need_orders("edit"),
            Edit(await self._key(order_id, request.instrument), request),
            timeout,
            operation="edit",
        )

    async def order(
        self,
        order_id: str | OrderKey,
        *,
        instrument: str = "",
        timeout: float = TIMEOUT,  # noqa: ASYNC109
    ) -> Order:
        """Ask for an order's state, by our id or the exchange's.

        Raises:
            OrderNotFound: the exchange knows no such order; moments after placing one this
                proves nothing.
        """
        return await self._of_either_id(Query, order_id, instrument, timeout, "order")

    async def known_orders(self) -> tuple[Order, ...]:
        """The orders as the engine knows them, without asking the exchange."""
        return await self._ask(self._need_orders("orders"), Known(), TIMEOUT, operation="orders")

    async def open_orders(self, instrument: str = "") -> tuple[Order, ...]:
        """Ask for the orders that are not final; of one instrument if it is named."""
        reports = await self._question(commands.FetchOpenOrders(instrument), "open orders")
        return _as_orders(reports)

    async def orders(
        self,
        instrument: str = "",
        *,
        start_time_ns: int | None = None,
        end_time_ns: int | None = None,
        limit: int | None = None,
    ) -> tuple[Order, ...]:
        """Ask for orders created in a window of time, newest first."""
        reports = await self._question(
            commands.FetchOrders(instrument, start_time_ns, end_time_ns, limit), "orders"
        )
        return await self._with_our_ids(_as_orders(reports))

    async def fills(
        self,
        instrument: str = "",
        *,
        order: OrderKey | None = None,
        start_time_ns: int | None = None,
        limit: int | None = None,
    ) -> tuple[Fill, ...]:
        """Ask for executions, newest first."""
        return await self._question(
            commands.FetchFills(order, instrument, start_time_ns, limit), "fills"
        )

    async def preview(self, request: OrderRequest) -> OrderPreview:
        """Ask what an order would cost; nothing is placed.

        Raises:
            NotSupported: the exchange has no previews.
        """
        self._need(Ability.PREVIEW, "previews of orders", "preview")
        self._need_terms(request, operation="preview")
        self._keep_rules(
            "preview", check_order, request, await self._instrument(request.instrument)
        )
        return await self._question(commands.PreviewOrder(request), "preview")

    # ------------------------------------------------------------ inside

    def _need(self, ability: Ability, what: str, operation: str) -> None:
        if ability not in self._tree.wiring.exchange.profile.abilities:
            raise NotSupported(
                f"the exchange does not have {what}", exchange=self.name, operation=operation
            )

    def _need_terms(self, *requests: OrderRequest, operation: str) -> None:
        """Refuse terms that the exchange does not have, rather than leave them out."""
        if self._tree.wiring.paper is not None:
            for request in requests:
                check_paper(request, self._tree.wiring.exchange.profile.orders, self.name)
        if any(request.margin is not None for request in requests):
            self._need(Ability.MARGIN, "orders with margin terms", operation)

    def _need_type(self, request: OrderRequest, operation: str) -> None:
        self._need_terms(request, operation=operation)
        terms = self._tree.wiring.exchange.profile.orders.get(request.type)
        lacking = f"orders of type {request.type.value}" if terms is None else terms.lacks(request)
        if lacking:
            raise NotSupported(
                f"the exchange does not have {lacking}", exchange=self.name, operation=operation
            )

    def _with_id(self, request: OrderRequest) -> OrderRequest:
        if request.client_order_id:
            return request
        return evolve(request, client_order_id=self._new_id())

    async def _with_our_ids(self, orders: tuple[Order, ...]) -> tuple[Order, ...]:
        """With the client order ids that the exchange has forgotten, where the engine has not."""
        if self._tree.orders is None or all(order.client_order_id for order in orders):
            return orders
        known = {
            (order.instrument, order.exchange_order_id): order.client_order_id
            for order in await self.known_orders()
        }
        return tuple(
            evolve(
                order,
                client_order_id=order.client_order_id
                or known.get((order.instrument, order.exchange_order_id), ""),
            )
            for order in orders
        )

    async def _rules(self, name: str, timeout: float) -> tuple[Instrument, float]:  # noqa: ASYNC109
        """An instrument, and what is left of a time after it was asked for if need be."""
        instrument = self._tree.directory.instruments.get(name)
        if instrument is not None:
            return instrument, timeout
        deadline = anyio.current_time() + timeout
        instrument = await self._instrument(name, timeout=timeout)
        return instrument, deadline - anyio.current_time()

    async def _of_either_id(
        self,
        message: Callable[[OrderKey], Request[Orders, Order]],
        order_id: str | OrderKey,
        instrument: str,
        timeout: float,  # noqa: ASYNC109
        operation: str,
    ) -> Order:
        """Ask about an order; a bare id may be the exchange's, or ours of an earlier run."""
        orders = self._need_orders(operation)
        deadline = anyio.current_time() + timeout
        key = await self._key(order_id, instrument)
        try:
            return await self._ask(orders, message(key), timeout, operation=operation)
        except (OrderNotFound, ExchangeRefused) as error:
            if isinstance(order_id, OrderKey) or key.client_order_id:
                raise
            if not isinstance(error, OrderNotFound) and type(error) is not ExchangeRefused:
                raise
            key = OrderKey(instrument=instrument, client_order_id=order_id)
            remaining = deadline - anyio.current_time()
            return await self._ask(orders, message(key), remaining, operation=operation)

    async def _key(self, order_id: str | OrderKey, instrument: str) -> OrderKey:
        """A key; a bare id is looked for among ours, then taken for the exchange's.

        Raises:
            OrderInvalid: it names orders of several instruments, and none was named with it.
        """
        if isinstance(order_id, OrderKey):
            return order_id
        keys = [
            order.key
            for order in await self.known_orders()
            if order_id == order.client_order_id
            or (order_id == order.exchange_order_id and instrument in ("", order.instrument))
        ]
        if len(keys) > 1:
            ours = [key for key in keys if key.client_order_id == order_id]
            if len(ours) != 1:
                names = ", ".join(key.instrument for key in keys)
                raise OrderInvalid(
                    f"{order_id!r} names orders of {names}: name the instrument too",
                    rule="order id",
                    value=order_id,
                    exchange=self.name,
                    operation="order",
                )
            keys = ours
        return keys[0] if keys else OrderKey(instrument=instrument, exchange_order_id=order_id)


def _as_orders(reports: Iterable[OrderReport]) -> tuple[Order, ...]:
    """The orders that reports tell of; a report that says too little to be one is left out."""
    adopted = (adopt_order(report) for report in reports)
    return tuple(order for order in adopted if order is not None)
