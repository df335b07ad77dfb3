"""What an exchange's tree is wired to: configuration made concrete, time, network, randomness."""

import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from enum import Flag, auto

from attrs import frozen

from venuetree.actors.clock import Clock
from venuetree.actors.paper import PaperPlan
from venuetree.actors.rest_worker import ApiCallLog
from venuetree.actors.streams import Stream
from venuetree.protocol.ledger import Ledger
from venuetree.protocol.port import Connect, Exchange, RestReply, RestRequest, Signer

__all__ = ["Part", "Wiring"]


class Part(Flag):
    """The parts of a tree that a host can leave out."""

    #: The clock, the instruments and the key's permissions, asked at start and kept fresh.
    UPKEEP = auto()
    #: Placing, cancelling and following orders.
    ORDERS = auto()
    #: The account's own stream; needs ORDERS and credentials.
    USER_STREAM = auto()
    ALL = UPKEEP | ORDERS | USER_STREAM


@frozen
class Wiring:
    """What a tree needs from outside: configuration made concrete, time, network, randomness.

    Attributes:
        name: of this exchange in the engine.
        host: of its REST endpoint, with the port where it is not the scheme's own.
        send: one HTTP exchange.
        open_stream: dials a stream at one of the endpoints: `stream` or `user_stream`.
        stream_endpoints: those that there are; a sandbox may have none.
        new_ledger: a ledger that knows what the journal holds.
        nonce: gives unguessable text.
        paper: an account of our own to trade on, None for the exchange's. With one, `exchange` is
            to be what `protocol.paper.on_paper` makes of it.
    """

    name: str
    exchange: Exchange
    signer: Signer | None
    host: str
    send: Callable[[RestRequest], Awaitable[RestReply]]
    open_stream: Callable[[str, Connect], AbstractAsyncContextManager[Stream]]
    stream_endpoints: frozenset[str]
    new_ledger: Callable[[], Ledger]
    nonce: Callable[[], str]
    clock: Clock
    rng: random.Random
    log: ApiCallLog
    parts: Part
    paper: PaperPlan | None = None

    @property
    def has_user_streams(self) -> bool:
        """Whether the account's own streams can be and are wanted."""
        return (
            Part.ORDERS | Part.USER_STREAM in self.parts
            and self.signer is not None
            and self.paper is None
            and "user_stream" in self.stream_endpoints
        )
