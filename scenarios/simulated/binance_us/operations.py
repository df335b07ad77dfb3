"""A call, whichever door it came by: the checks in their order, then what it does.

The order is: ban and weight, key, parameters, timestamp, signature, order
count; then the operation's own: symbol, precision, filters, engine. A call
that is refused has been weighed all the same.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs

from venuetree.scenarios.faults import SlowEngine
from venuetree.scenarios.simulated.binance_us.errors import ApiError, invalid_symbol, missing
from venuetree.scenarios.simulated.binance_us.filters import Profile
from venuetree.scenarios.simulated.binance_us.keys import ApiKey, Permission, signature_holds
from venuetree.scenarios.simulated.binance_us.market import Market
from venuetree.scenarios.simulated.binance_us.parameters import (
    SIGNED,
    Reader,
    Values,
    read_values,
)
from venuetree.scenarios.simulated.binance_us.venue import Venue
from venuetree.scenarios.simulated.binance_us.weights import Weigh

_DEFAULT_WINDOW_MS = Decimal(5000)
_AHEAD_MS = 1000
_UNAUTHORIZED = 401


class Security(Enum):
    """What a call must bring along."""

    NONE = "NONE"
    MARKET_DATA = "MARKET_DATA"
    """A key, by the documents; nothing, live."""
    USER_STREAM = "USER_STREAM"
    """A key."""
    USER_DATA = "USER_DATA"
    """A key, a timestamp, a signature."""
    TRADE = "TRADE"
    """The same, of a key that may trade."""

    @property
    def signed(self) -> bool:
        """Whether a signature is asked for."""
        return self in {Security.USER_DATA, Security.TRADE}


@attrs.frozen
class Claim:
    """What a client sent: parameters as text without `signature`, and what it signed.

    `payload` are the bytes that the signature covers: of REST the query and
    the body as they came, without the signature; of the WebSocket API the
    parameters sorted by name.
    """

    fields: tuple[tuple[str, str], ...]
    api_key: str | None = None
    signature: str | None = None
    payload: bytes = b""
    address: str = "127.0.0.1"


@attrs.define(eq=False)
class Call:
    """One admitted call."""

    venue: Venue
    values: Values
    account: str
    """Empty for a call that needs no key."""
    address: str
    delay_s: float = 0.0
    """How late the answer comes (`SlowEngine`)."""

    @property
    def profile(self) -> Profile:
        """Which generation is simulated."""
        return self.venue.profile

    def market(self, name: str = "symbol") -> Market:
        """The market that a parameter names.

        Raises:
            ApiError: there is none of this symbol.
        """
        market = self.venue.market(self.values.need(name))
        if market is None:
            raise invalid_symbol()
        return market

    def reach_engine(self) -> None:
        """Hand an order to the engine, which looks at the clock once more.

        Raises:
            ApiError: the order has been under way for longer than `recvWindow`.
        """
        slow = self.venue.faults.take(SlowEngine, self.account, lambda _: True)
        if slow is not None:
            self.delay_s = slow.for_s
        check_not_late(self.values, self.venue.now_ms() + int(self.delay_s * 1000))


Run = Callable[[Call], Any]
Form = Callable[[Values, Profile], None]


@attrs.frozen
class Operation:
    """One thing that can be asked of the exchange, by REST or by the WebSocket API."""

    security: Security
    weigh: Weigh
    run: Run
    parameters: Mapping[str, Reader] = attrs.field(factory=dict)
    form: Form | None = None
    """Which parameters must, and must not, go together."""
    orders: int = 0
    """What it counts as new orders."""
    free_when_done: bool = False
    """Live, it weighs nothing unless it is refused."""


@attrs.frozen
class Outcome:
    """What a call came to.

    Attributes:
        account: set once its key was known.
        counted_ms: when it was counted: the counts that are told with it are of that moment.
    """

    status: int
    body: Any
    error: ApiError | None
    account: str | None
    counted_ms: int
    delay_s: float = 0.0


def perform(venue: Venue, operation: Operation, claim: Claim) -> Outcome:
    """Check a call and carry it out; nothing of an `ApiError` escapes."""
    now_ms = venue.now_ms()
    weight = operation.weigh(dict(claim.fields), venue.profile)
    account: str | None = None
    call: Call | None = None
    try:
        venue.limits.admit(claim.address, weight, now_ms)
        key = _key(venue, operation.security, claim.api_key)
        account = key.account if key is not None else None
        values = _values(operation, claim, venue.profile)
        if operation.security.signed and key is not None:
            _check_time(values, now_ms)
            _check_signature(key, claim)
        if operation.orders and account is not None:
            venue.limits.count_orders(account, operation.orders, now_ms)
        call = Call(venue, values, account or "", claim.address)
        body = operation.run(call)
    except ApiError as error:
        delay_s = 0.0 if call is None else call.delay_s
        return Outcome(error.status, error.body, error, account, now_ms, delay_s)
    if operation.free_when_done and venue.profile is Profile.LIVE:
        venue.limits.refund(claim.address, weight, now_ms)
    return Outcome(200, body, None, account, now_ms, call.delay_s)


def _key(venue: Venue, security: Security, given: str | None) -> ApiKey | None:
    if security is Security.NONE:
        return None
    if security is Security.MARKET_DATA and venue.profile is Profile.LIVE:
        return None
    if not given:
        raise ApiError(-2014, "API-key format invalid.", status=_UNAUTHORIZED)
    key = venue.keys.get(given)
    needed = Permission.TRADE if security is Security.TRADE else Permission.READ
    if key is None or needed not in key.permissions:
        raise ApiError(
            -2015, "Invalid API-key, IP, or permissions for action.", status=_UNAUTHORIZED
        )
    return key


def _values(operation: Operation, claim: Claim, profile: Profile) -> Values:
    signed = operation.security.signed
    readers = {**operation.parameters, **SIGNED} if signed else operation.parameters
    values = read_values(claim.fields, readers)
    if operation.form is not None:
        operation.form(values, profile)
    if signed:
        values.need("timestamp")
        if not claim.signature:
            raise missing("signature")
    return values


def _check_time(values: Values, now_ms: int) -> None:
    if values.need("timestamp") >= now_ms + _AHEAD_MS:
        raise ApiError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    check_not_late(values, now_ms)


def check_not_late(values: Values, now_ms: int) -> None:
    """Refuse a call that is older than its `recvWindow`.

    Raises:
        ApiError: it is.
    """
    if now_ms - values.need("timestamp") > values.get("recvWindow", _DEFAULT_WINDOW_MS):
        raise ApiError(-1021, "Timestamp for this request is outside of the recvWindow.")


def _check_signature(key: ApiKey, claim: Claim) -> None:
    if not signature_holds(key.secret, claim.payload, claim.signature or ""):
        raise ApiError(-1022, "Signature for this request is not valid.")
