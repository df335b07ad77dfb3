"""Everything that can go wrong, by blame and by remedy.

::

    EngineError
    ├── ConfigurationError          the host's settings cannot work: mend them, then start again
    ├── NotSupported                the exchange has no such thing: refused before any I/O
    ├── OrderInvalid                our own check refused the order: nothing was sent
    ├── LocalProtocolError          a bug of ours: stop, never retry
    ├── RemoteProtocolError         the exchange sent what its documents do not: payload kept
    ├── TransportError              nothing was sent: try again with backoff
    ├── ReplyLost                   a question was sent and no answer came: ask again
    ├── OutcomeUnknown              an order or cancel was sent without a verdict: it is resolved
    ├── RateLimited                 not admitted: wait `retry_after_ns`
    ├── ExchangeUnavailable         the exchange answered that it cannot (5xx, maintenance)
    └── ExchangeRefused             a positive refusal, with the exchange's code
        ├── AuthRefused             the key is wrong, revoked or expired
        ├── PermissionRefused       the key may not do this
        ├── InstrumentNotFound      no such instrument on this exchange
        ├── OrderNotFound           no such order (soon after placing this proves nothing)
        ├── CancelRefused           the order cannot be cancelled (filled, being replaced)
        ├── MarginTradeNotFound     no such margin trade
        ├── PositionNotFound        nothing is open that could be closed
        └── OrderRejected           the order was refused and does not exist
            ├── InsufficientFunds
            ├── MarketHalted
            ├── OutOfSequence
            ├── ExitOnWrongSide
            ├── PriceOutOfBounds
            ├── InsufficientLiquidity
            ├── PostOnlyWouldTake
            └── DuplicateClientOrderId   proves that an order with this id exists
"""

from typing import ClassVar

__all__ = [
    "AuthRefused",
    "CancelIncomplete",
    "CancelRefused",
    "ConfigurationError",
    "DuplicateClientOrderId",
    "EngineError",
    "ExchangeRefused",
    "ExchangeUnavailable",
    "ExitOnWrongSide",
    "ExitsUnknown",
    "InstrumentNotFound",
    "InsufficientFunds",
    "InsufficientLiquidity",
    "LocalProtocolError",
    "MarginTradeNotFound",
    "MarketHalted",
    "NotSupported",
    "OrderInvalid",
    "OrderNotFound",
    "OrderRejected",
    "OutOfSequence",
    "OutcomeUnknown",
    "PermissionRefused",
    "PositionNotFound",
    "PostOnlyWouldTake",
    "PriceOutOfBounds",
    "RateLimited",
    "RemoteProtocolError",
    "ReplyLost",
    "TransportError",
]


class EngineError(Exception):
    """Root of the tree; never raised itself.

    Attributes:
        exchange: the exchange's name, `""` where none is concerned.
        operation: what was being done, in our words (`"place"`, `"cancel"`, `"decode"`).
        code: the exchange's own code, verbatim, `""` if it gave none.
        message: what happened, for a person.
        remedy: one sentence that says what to do.
    """

    remedy: ClassVar[str] = "Report this; it should not happen."

    def __init__(
        self, message: str, *, exchange: str = "", operation: str = "", code: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.exchange = exchange
        self.operation = operation
        self.code = code

    def __str__(self) -> str:
        """Exchange, operation, message, code and remedy on one line."""
        where = " ".join(part for part in (self.exchange, self.operation) if part)
        prefix = f"{where}: " if where else ""
        code = f" [{self.code}]" if self.code and self.code not in self.message else ""
        return f"{prefix}{self.message}{code}. {self.remedy}"

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the keyword attributes across pickling and copying."""
        return (_rebuild, (type(self), self.args, self.__dict__.copy()))


def _rebuild(
    kind: type[EngineError], args: tuple[object, ...], state: dict[str, object]
) -> EngineError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(EngineError):
    """The settings cannot work: a malformed key, an unknown environment, an insecure address."""

    remedy = "Correct the configuration and start again"


class NotSupported(EngineError):
    """The exchange has no such operation, order type or topic; nothing was sent."""

    remedy = "Use another order type, topic or exchange"


class OrderInvalid(EngineError):
    """Our own check refused the order before anything was sent.

    Attributes:
        rule: the instrument's rule that it breaks, in the exchange's words.
        value: the offending value, as text.
        bound: what the rule allows, as text.
    """

    remedy = "Change the order so that it keeps the rule; nothing was sent and nothing was rounded"

    def __init__(
        self,
        message: str,
        *,
        rule: str,
        value: str = "",
        bound: str = "",
        exchange: str = "",
        operation: str = "place",
    ) -> None:
        super().__init__(message, exchange=exchange, operation=operation, code=rule)
        self.rule = rule
        self.value = value
        self.bound = bound


class LocalProtocolError(EngineError):
    """We were about to do what the protocol forbids: a bug of ours."""

    remedy = "Do not retry; report it with the log"


class RemoteProtocolError(EngineError):
    """The exchange sent bytes that its documents do not allow.

    Attributes:
        payload: the offending bytes, cut to a length fit for a log.
    """

    remedy = "The stream reconnects by itself; report the payload if it repeats"

    #: Enough to recognise any message, small enough for a log line.
    PAYLOAD_LIMIT: ClassVar[int] = 2000

    def __init__(
        self,
        message: str,
        *,
        payload: bytes = b"",
        exchange: str = "",
        operation: str = "decode",
        code: str = "",
    ) -> None:
        super().__init__(message, exchange=exchange, operation=operation, code=code)
        self.payload = payload[: self.PAYLOAD_LIMIT]


class TransportError(EngineError):
    """The exchange could not be reached; no byte of the request had left."""

    remedy = "Nothing was sent: try again, with backoff"


class ReplyLost(EngineError):
    """A request that changes nothing was sent, and its answer was lost."""

    remedy = "The request changed nothing: ask again"


class OutcomeUnknown(EngineError):
    """An order or a cancel may have reached the exchange, which has not said what became of it.

    Attributes:
        client_order_id: the id to look for, `""` where there is none.
    """

    remedy = "Do not send it again: the engine asks the exchange until it knows"

    def __init__(
        self,
        message: str,
        *,
        client_order_id: str = "",
        exchange: str = "",
        operation: str = "",
        code: str = "",
    ) -> None:
        super().__init__(message, exchange=exchange, operation=operation, code=code)
        self.client_order_id = client_order_id


class CancelIncomplete(OutcomeUnknown):
    """All orders were to be cancelled, and some may be open still.

    Attributes:
        order_ids: of those that may be open: ours where there is one, else the exchange's. Empty
            if which orders there are could not be read.
    """

    remedy = "Cancel all again: asking twice does no harm"

    def __init__(
        self,
        message: str,
        *,
        order_ids: tuple[str, ...] = (),
        exchange: str = "",
        operation: str = "",
        code: str = "",
    ) -> None:
        super().__init__(message, exchange=exchange, operation=operation, code=code)
        self.order_ids = order_ids


class ExitsUnknown(OutcomeUnknown):
    """Exits of a margin trade were to be changed, and whether they are could not be found out."""

    remedy = "Set them again: asking twice does no harm"


class RateLimited(EngineError):
    """The exchange, or our own gate in its stead, did not admit the request.

    Attributes:
        retry_after_ns: nanoseconds to wait, None if not told.
    """

    remedy = "Wait, then try again; ask for less"

    def __init__(
        self,
        message: str,
        *,
        retry_after_ns: int | None = None,
        exchange: str = "",
        operation: str = "",
        code: str = "",
    ) -> None:
        super().__init__(message, exchange=exchange, operation=operation, code=code)
        self.retry_after_ns = retry_after_ns


class ExchangeUnavailable(EngineError):
    """The exchange answered a question with a failure of its own (5xx, maintenance)."""

    remedy = "Try again later"


class ExchangeRefused(EngineError):
    """The exchange understood and said no."""

    remedy = "See the code in the exchange's documents"


class AuthRefused(ExchangeRefused):
    """The key is wrong, revoked, expired or bound to another host, or our clock is off."""

    remedy = "Check the key and the machine's clock; then start the exchange again"


class PermissionRefused(ExchangeRefused):
    """The key is good but may not do this, or not from this address."""

    remedy = "Give the key the permission it lacks, or allow this address, at the exchange"


class InstrumentNotFound(ExchangeRefused):
    """No such instrument on this exchange."""

    remedy = "List the instruments to see what is there"


class OrderNotFound(ExchangeRefused):
    """The exchange knows no such order; soon after placing one this proves nothing."""

    remedy = "Check the id; if the order was placed moments ago, ask again"


class CancelRefused(ExchangeRefused):
    """The order cannot be cancelled: it is filled, cancelled already, or being replaced."""

    remedy = "Read the order's state"


class MarginTradeNotFound(ExchangeRefused):
    """The exchange knows no such margin trade, or it is closed."""

    remedy = "List the margin trades to see which are open"


class PositionNotFound(ExchangeRefused):
    """Nothing is open that could be closed: the request as a whole was refused."""

    remedy = "Read the positions; name only the sides that are open"


class OrderRejected(ExchangeRefused):
    """The exchange refused the order: it does not exist."""

    remedy = "Change the order; it was not placed"


class InsufficientFunds(OrderRejected):
    """The account has too little available."""

    remedy = "Fund the account, free what other orders hold, or ask for less"


class MarketHalted(OrderRejected):
    """The instrument is not dealt in now: a weekend, a daily break, a halt."""

    remedy = "Wait until the instrument can be traded, or leave an order that waits"


class OutOfSequence(OrderRejected):
    """The account must close its trades oldest first, and this would not have (FIFO)."""

    remedy = "Close the oldest trade of the instrument first, or the position"


class ExitOnWrongSide(OrderRejected):
    """An exit that was to come with the order would have been reached at once."""

    remedy = "Put a take-profit beyond the price and a stop behind it, or leave the exit out"


class PriceOutOfBounds(OrderRejected):
    """The order could only have been executed at a worse price than it allows."""

    remedy = "Widen the price bound, or wait for a better price"


class InsufficientLiquidity(OrderRejected):
    """The exchange does not deal in so much at once."""

    remedy = "Ask for less, or in parts"


class PostOnlyWouldTake(OrderRejected):
    """A maker-only order would have traded at once."""

    remedy = "Move the price away from the market"


class DuplicateClientOrderId(OrderRejected):
    """An order with this client order id exists already: it proves that, and no more."""

    remedy = "Read the order with this client order id; give each new order an id of its own"
