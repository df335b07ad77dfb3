"""The record of an exchange, and its figures."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any

from attrs import field, frozen

from venuetree.protocol.errors import ExchangeRefused
from venuetree.protocol.events import Event
from venuetree.protocol.messages import Request
from venuetree.protocol.models import OrderType, Topic
from venuetree.protocol.port.doors import MessageDoor
from venuetree.protocol.port.limits import Lane, LimitWindow
from venuetree.protocol.port.order_terms import OrderTerms
from venuetree.protocol.port.paper import PaperTerms
from venuetree.protocol.port.questions import RestCodec
from venuetree.protocol.port.signing import Signer
from venuetree.protocol.port.streams import SessionContext, StreamKind, StreamLimits, StreamSession

__all__ = ["Ability", "Chore", "ChoreEffect", "Endpoints", "Exchange", "Profile"]


class Ability(Enum):
    """What an exchange can do with orders beside placing and cancelling them one by one."""

    #: `EditOrder`: the order keeps its ids.
    EDIT = "edit"
    #: `PlaceOco`.
    OCO = "oco"
    #: `ReplaceOrder`: another order takes its place.
    REPLACE = "replace"
    #: Orders with margin terms, margin trades and their exits.
    MARGIN = "margin"
    #: `FetchAccountSummary`: what an account on margin is worth.
    ACCOUNT_SUMMARY = "account_summary"
    #: `ClosePosition`.
    CLOSE_POSITION = "close_position"
    #: `PreviewOrder`: what an order would cost, or whether it would be taken.
    PREVIEW = "preview"


class ChoreEffect(Enum):
    """What the answer of a chore is for."""

    #: The server's clock: its flow tells what it read (`ClockReading`).
    CLOCK = "clock"
    #: The instruments' rules.
    INSTRUMENTS = "instruments"
    #: Proves the key: `AuthRefused` at start ends the exchange for good.
    CREDENTIALS = "credentials"


@frozen
class Chore:
    """Something to ask at start and then again and again."""

    command: Request[Any, Any]
    effect: ChoreEffect
    #: None: at start only.
    every_ns: int | None
    #: Whether it needs credentials: left out where there are none.
    is_private: bool = False


@frozen
class Endpoints:
    """Where an exchange is: URLs of the host's root, without paths of the API."""

    rest: str
    stream: str
    user_stream: str = ""
    #: Further doors by name (`ws_api`).
    others: Mapping[str, str] = field(factory=dict)


@frozen
class Profile:
    """What an exchange is: figures, with the exchange's pages as their source."""

    #: By environment: `live`, `sandbox`, `practice`.
    endpoints: Mapping[str, Endpoints]
    limits: tuple[LimitWindow, ...]
    stream_limits: StreamLimits
    topics: frozenset[Topic]
    #: By type of order that it has.
    orders: Mapping[OrderType, OrderTerms]
    chores: tuple[Chore, ...]
    #: Kinds of user stream, each supervised apart; empty without credentials.
    user_streams: tuple[str, ...] = ("user",)
    #: A window's part that only more urgent lanes may use, by lane: {DATA: 0.3} keeps 30 % free
    #: of data.
    reserved: Mapping[Lane, float] = field(factory=dict)
    abilities: frozenset[Ability] = frozenset()
    #: Whether the exchange's order ids are unique within an instrument only.
    order_ids_per_instrument: bool = False
    #: Whether an order that the account's stream calls open may be ended by the very request that
    #: made it: then the reply, or an end, is the verdict, and not the stream's first word.
    reply_decides: bool = False
    #: Whether it answers nothing without credentials, market data included.
    needs_credentials: bool = False
    #: Whether a stream fails as a whole for one unknown instrument.
    must_know_instruments: bool = False
    #: How many connections may be opened, streams and questions together; None: no limit.
    connections: LimitWindow | None = None
    #: How a paper account follows it; None: there is no paper trading here.
    paper: PaperTerms | None = None


@frozen
class Exchange:
    """All that the engine knows about an exchange.

    Attributes:
        name: `coinbase`; also its command-line and configuration name.
        decode: one frame to events, standing alone: no sequence, no books, no instrument list.
        market_session: a session for a market connection, given its name.
        user_sessions: for one of `profile.user_streams`, by name, what makes its sessions: one
            for each connection, which may share what an earlier one found out.
        signer: from credentials of `credentials_type`; `ConfigurationError` if they are malformed.
        credentials_from: from a mapping such as an endpoints file's `credentials`, or
            environment variables; None if it holds none.
    """

    name: str
    profile: Profile
    rest: RestCodec
    signer: Callable[[Any], Signer]
    market_session: Callable[[str], StreamSession]
    user_sessions: Callable[[str, SessionContext], Callable[[], StreamSession]]
    decode: Callable[[bytes, int, StreamKind | None], Sequence[Event]]
    credentials_type: type
    credentials_from_mapping: Callable[[Mapping[str, str]], Any | None]
    credentials_from_environment: Callable[[Mapping[str, str]], Any | None]
    #: By which requests that can go as messages are made; None: all go over HTTP.
    message_door: MessageDoor | None = None
    #: The refusal that an order's reason for being rejected is, given also the operation: for
    #: those that become known by the account's stream or by asking; None: `OrderRejected`.
    refusal: Callable[[str, str], ExchangeRefused] | None = None
    #: Whether the same instrument may go by another name on a stream (USDC books under USD).
    canonical_instrument: Callable[[str], str] = str
