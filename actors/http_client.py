"""What the REST worker calls: a signed `RestRequest` in, a `RestReply` or the right error out."""

from enum import Enum
from typing import Protocol

from attrs import frozen

from venuetree.actors.addresses import Address, PlainText, parse_address
from venuetree.actors.clock import Clock
from venuetree.actors.http_pool import HttpOptions, HttpPool
from venuetree.actors.http_reply import HttpReply
from venuetree.actors.http_text import checked_headers, checked_target
from venuetree.actors.network import Network
from venuetree.protocol.errors import (
    LocalProtocolError,
    OutcomeUnknown,
    RemoteProtocolError,
    ReplyLost,
)
from venuetree.protocol.port import Effect, Lane, RestReply, RestRequest

__all__ = ["SECOND_NS", "Began", "HttpBackend", "HttpClient", "Wire", "check_method"]

SECOND_NS = 1_000_000_000
#: Methods that we speak; HEAD's replies would need a parser told of it.
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
#: These are the transport's own to set.
RESERVED = frozenset({"host", "content-length", "transfer-encoding", "connection"})


class HttpBackend(Enum):
    """Who speaks HTTP."""

    #: Our own transport: quick, and it knows whether a byte of the request has left.
    OWN = "own"
    #: httpx's, as a fall-back: all but a failure to connect counts as sent.
    HTTPX = "httpx"


class Wire(Protocol):
    """One backend's way to one address."""

    async def exchange(self, request: RestRequest, began: "Began") -> HttpReply:
        """Send and read, setting `began.sent_time_ns` just before the first byte."""
        ...

    async def warm_up(self, connections: int) -> None:
        """Open connections ahead, if it can."""
        ...

    async def aclose(self) -> None:
        """Close its connections."""
        ...


class Began:
    """Remembers when a request's first byte was about to leave; 0 before."""

    __slots__ = ("_clock", "sent_time_ns")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.sent_time_ns = 0

    def __call__(self) -> None:
        """It is about to leave."""
        self.sent_time_ns = self._clock.now_ns()


class HttpClient:
    """Sends requests to an exchange, any number at once, over few connections to each host.

    Nothing is retried and no redirect followed: a redirect is a reply like any other.
    """

    def __init__(
        self,
        *,
        network: Network,
        clock: Clock,
        exchange: str = "",
        backend: HttpBackend = HttpBackend.OWN,
        options: HttpOptions | None = None,
        plain_text: PlainText = PlainText.LOOPBACK_ONLY,
        extra_ca_pem: str | None = None,
    ) -> None:
        """`extra_ca_pem` concerns httpx's backend alone; ours trusts what its network trusts."""
        self._network = network
        self._clock = clock
        self._exchange = exchange
        self._backend = backend
        self._options = options or HttpOptions()
        self._plain_text = plain_text
        self._extra_ca_pem = extra_ca_pem
        self._wires: dict[str, Wire] = {}

    async def send(self, request: RestRequest, base_url: str) -> RestReply:
        """Send a signed request to the host of `base_url`; any HTTP status is a reply.

        Waits `request.timeout_ns` at most. Cancelled, whether the request left is unknown.

        Raises:
            LocalProtocolError: the request cannot be put into HTTP; nothing was sent.
            ConfigurationError: `base_url` is unusable; nothing was sent.
            TransportError: nothing was sent.
            ReplyLost: `Effect.READ`, it may have been sent, and no whole reply came.
            RemoteProtocolError: `Effect.READ`, and what came is no HTTP reply.
            OutcomeUnknown: `Effect.WRITE`, it may have been sent, and no whole reply came.
        """
        wire = self._wires.get(base_url) or self._add_wire(base_url)
        began = Began(self._clock)
        try:
            reply = await wire.exchange(request, began)
        except (ReplyLost, RemoteProtocolError) as error:
            if request.effect is Effect.READ:
                raise
            raise OutcomeUnknown(
                error.message,
                client_order_id=request.client_order_id,
                exchange=self._exchange,
                operation=request.operation,
            ) from error
        return RestReply(
            status=reply.status,
            headers=reply.headers,
            body=reply.body,
            sent_time_ns=began.sent_time_ns,
            received_time_ns=self._clock.now_ns(),
        )

    async def warm_up(self, base_url: str, *, connections: int = 1) -> None:
        """Open connections ahead. TransportError if that fails; nothing at all with httpx."""
        wire = self._wires.get(base_url) or self._add_wire(base_url)
        await wire.warm_up(connections)

    def host(self, base_url: str) -> str:
        """What the signer must sign as host: with the port where it is not the default."""
        return parse_address(
            base_url, plain_text=self._plain_text, exchange=self._exchange
        ).authority

    async def aclose(self) -> None:
        """Close all connections; requests under way end as their connections do."""
        for wire in self._wires.values():
            await wire.aclose()

    def _add_wire(self, base_url: str) -> Wire:
        address = parse_address(base_url, plain_text=self._plain_text, exchange=self._exchange)
        wire: Wire
        match self._backend:
            case HttpBackend.OWN:
                pool = HttpPool(
                    address, network=self._network, options=self._options, exchange=self._exchange
                )
                wire = OwnWire(pool, Head.for_address(address), self._exchange)
            case HttpBackend.HTTPX:
                # Slow to import, and seldom asked for.
                from venuetree.actors.httpx_wire import HttpxWire  # noqa: PLC0415

                wire = HttpxWire(address, self._options, self._exchange, self._extra_ca_pem)
        self._wires[base_url] = wire
        return wire


@frozen
class Head:
    """The parts of a request's head that never change, encoded once for each host.

    Attributes:
        prefix: what the base URL's own path puts before a request's.
        read: header lines of a question.
        write: header lines of an order, whose reply is wanted as it is: no time for zlib.
    """

    prefix: str
    read: str
    write: str

    @classmethod
    def for_address(cls, address: Address) -> "Head":
        """The head of every request to this address."""
        common = f"Host: {address.authority}\r\nUser-Agent: venuetree\r\nAccept: */*\r\n"
        return cls(
            prefix=address.target.rstrip("/"),
            read=f"{common}Accept-Encoding: gzip\r\n",
            write=f"{common}Accept-Encoding: identity\r\n",
        )

    def encode(self, request: RestRequest, *, exchange: str) -> bytes:
        """The whole request as it goes out. LocalProtocolError if it cannot."""
        check_method(request, exchange=exchange)
        target = checked_target(self.prefix + request.path, request.query, exchange=exchange)
        own = "".join(
            [
                f"{name}: {value}\r\n"
                for name, value in checked_headers(request.headers, exchange=exchange)
            ]
        )
        fixed = self.read if request.effect is Effect.READ else self.write
        length = (
            f"Content-Length: {len(request.body)}\r\n"
            if request.body or request.method != "GET"
            else ""
        )
        head = f"{request.method} {target} HTTP/1.1\r\n{fixed}{own}{length}\r\n"
        return head.encode("ascii") + request.body


def check_method(request: RestRequest, *, exchange: str) -> None:
    """LocalProtocolError if the method is none of ours, or a header is the transport's to set."""
    if request.method not in METHODS:
        message = "the request's method is none that we speak"
        raise LocalProtocolError(message, exchange=exchange, operation=request.operation)
    for name, _ in request.headers:
        if name.lower() in RESERVED:
            message = f"the header {name.lower()} is the transport's to set"
            raise LocalProtocolError(message, exchange=exchange, operation=request.operation)


class OwnWire:
    """Our own transport."""

    def __init__(self, pool: HttpPool, head: Head, exchange: str) -> None:
        self._pool = pool
        self._head = head
        self._exchange = exchange

    async def exchange(self, request: RestRequest, began: Began) -> HttpReply:
        """See `Wire`."""
        data = self._head.encode(request, exchange=self._exchange)
        return await self._pool.exchange(
            data,
            timeout_s=request.timeout_ns / SECOND_NS,
            operation=request.operation,
            is_urgent=request.lane <= Lane.PLACE,
            about_to_send=began,
        )

    async def warm_up(self, connections: int) -> None:
        """See `Wire`."""
        await self._pool.warm_up(connections=connections)

    async def aclose(self) -> None:
        """See `Wire`."""
        await self._pool.aclose()
