"""Asking an exchange's actors, and their errors in the words of a host's."""

from collections.abc import Callable
from typing import Any, TypeVar

from attrs import frozen

from venuetree.actors.errors import ActorError, AskTimeout
from venuetree.actors.order_messages import Orders
from venuetree.actors.ref import Ref
from venuetree.protocol import commands
from venuetree.protocol.errors import (
    ConfigurationError,
    EngineError,
    ExchangeUnavailable,
    InstrumentNotFound,
    OrderInvalid,
    OutcomeUnknown,
    RateLimited,
    ReplyLost,
    TransportError,
)
from venuetree.protocol.messages import Request
from venuetree.protocol.models import Instrument
from venuetree.supervisors.exchange_tree import ExchangeTree

__all__ = ["PLACE_TIMEOUT", "TIMEOUT", "Asking"]

R = TypeVar("R")

#: How long a question may take, in seconds, its wait at the rate gate included.
TIMEOUT = 15.0
#: How long placing may take: long enough for a lost reply to be resolved.
PLACE_TIMEOUT = 30.0
#: What may have changed something at the exchange.
_WRITES = frozenset(
    {
        "cancel",
        "cancel_all",
        "change_exits",
        "close_position",
        "configure_account",
        "edit",
        "place",
        "place_oco",
        "replace",
        "write_on_order",
        "write_on_trade",
    }
)


@frozen
class Asking:
    """What all parts of a handle are made of."""

    name: str
    _tree: ExchangeTree
    _fatal: Callable[[], EngineError | None]
    _new_id: Callable[[], str]
    _feed_capacity: int
    _account_capacity: int

    async def _question(
        self,
        command: Request[commands.Rest, R],
        operation: str,
        *,
        timeout: float = TIMEOUT,  # noqa: ASYNC109
    ) -> R:
        return await self._ask(self._tree.rest, command, timeout, operation=operation)

    async def _ask(
        self,
        ref: Ref[Any],
        message: Request[Any, R],
        timeout: float,  # noqa: ASYNC109
        *,
        operation: str,
        client_order_id: str = "",
    ) -> R:
        self._raise_fatal()
        try:
            return await ref.ask(message, timeout=timeout)
        except OrderInvalid as error:
            self._name(error, operation)
            raise
        except ActorError as error:
            fatal = self._fatal()
            if fatal is not None:
                raise fatal from error
            raise self._translated(error, operation, client_order_id) from error

    def _translated(self, error: ActorError, operation: str, client_order_id: str) -> EngineError:
        """An actor's error in the words of the host's errors."""
        is_timeout = isinstance(error, AskTimeout)
        mine: EngineError
        match error.started, is_timeout:
            case False, True:
                mine = RateLimited("too much is queued before this; nothing was sent")
            case False, False:
                mine = TransportError(str(error))
            case True, _ if operation in _WRITES:
                mine = OutcomeUnknown(str(error), client_order_id=client_order_id)
            case True, True:
                mine = ExchangeUnavailable("no answer in time")
            case _:
                mine = ReplyLost(str(error))
        mine.exchange, mine.operation = self.name, operation
        return mine

    def _keep_rules(self, operation: str, check: Callable[..., None], *given: object) -> None:
        """Run a check of an order; what it refuses names this exchange and the operation."""
        try:
            check(*given)
        except OrderInvalid as error:
            self._name(error, operation)
            raise

    def _name(self, error: OrderInvalid, operation: str) -> None:
        """Rules know neither the exchange whose they are nor what the order is for."""
        if not error.exchange:
            error.exchange, error.operation = self.name, operation

    def _raise_fatal(self) -> None:
        fatal = self._fatal()
        if fatal is not None:
            raise fatal

    def _need_orders(self, operation: str) -> Ref[Orders]:
        self._raise_fatal()
        orders = self._tree.orders
        if orders is None:
            raise ConfigurationError(
                "this engine was started without its orders part",
                exchange=self.name,
                operation=operation,
            )
        return orders

    async def _instrument(self, name: str, *, timeout: float = TIMEOUT) -> Instrument:  # noqa: ASYNC109
        known = self._tree.directory.instruments.get(name)
        if known is not None:
            return known
        command = commands.FetchInstruments((name,))
        found = await self._question(command, "instruments", timeout=min(timeout, TIMEOUT))
        self._tree.directory.learn(found)
        for instrument in found:
            if instrument.name == name:
                return instrument
        raise InstrumentNotFound(
            f"{name} is not traded here", exchange=self.name, operation="instruments"
        )
