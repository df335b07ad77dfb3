"""HTTP by httpx, the fall-back: imported when it is chosen."""

from collections.abc import AsyncIterator

import anyio
import anyio.lowlevel
import httpx

from venuetree.actors.addresses import Address, TlsMode
from venuetree.actors.foreign_errors import translate
from venuetree.actors.http_client import SECOND_NS, Began, check_method
from venuetree.actors.http_pool import HttpOptions
from venuetree.actors.http_reply import HttpReply
from venuetree.actors.http_text import checked_headers, checked_target
from venuetree.actors.network import verified_tls
from venuetree.protocol.errors import EngineError, RemoteProtocolError, ReplyLost
from venuetree.protocol.port import Effect, RestRequest

__all__ = ["HttpxWire"]

#: What failed before a byte of the request left, in httpx's words; the rest may have left.
HTTPX_NOTHING_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)


class WholeBody(httpx.AsyncByteStream):
    """A request's body in one piece, by a plain iterator.

    httpx's own is an asynchronous generator, which a failed send leaves unfinished: trio warns.
    """

    def __init__(self, body: bytes) -> None:
        self._pieces = [body] if body else []

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Itself: a body is sent once."""
        return self

    async def __anext__(self) -> bytes:
        """The body, then the end."""
        if not self._pieces:
            raise StopAsyncIteration
        return self._pieces.pop()


class HttpxWire:
    """httpx's own transport, used without its client: no redirects, no retries, no cookies."""

    def __init__(
        self, address: Address, options: HttpOptions, exchange: str, extra_ca_pem: str | None
    ) -> None:
        scheme = "https" if address.tls is TlsMode.VERIFIED else "http"
        self._root = f"{scheme}://{address.authority}"
        self._host = address.authority
        self._prefix = address.target.rstrip("/")
        self._options = options
        self._exchange = exchange
        self._transport = httpx.AsyncHTTPTransport(
            verify=verified_tls(extra_ca_pem) if address.tls is TlsMode.VERIFIED else True,
            trust_env=False,
            retries=0,
            limits=httpx.Limits(
                max_connections=options.max_connections, keepalive_expiry=options.idle_limit_s
            ),
        )

    async def exchange(self, request: RestRequest, began: Began) -> HttpReply:
        """See `Wire`."""
        check_method(request, exchange=self._exchange)
        target = checked_target(self._prefix + request.path, request.query, exchange=self._exchange)
        timeout_s = request.timeout_ns / SECOND_NS
        connect_s = min(self._options.connect_timeout_s, timeout_s)
        prebuilt = httpx.Request(
            request.method,
            self._root + target,
            headers=[
                ("host", self._host),
                ("user-agent", "venuetree"),
                ("accept-encoding", "gzip" if request.effect is Effect.READ else "identity"),
                ("content-length", str(len(request.body))),
                *checked_headers(request.headers, exchange=self._exchange),
            ],
            stream=WholeBody(request.body),
            extensions={
                "timeout": {
                    "connect": connect_s,
                    "pool": timeout_s,
                    "read": timeout_s,
                    "write": timeout_s,
                }
            },
        )
        began()
        try:
            with anyio.fail_after(timeout_s):
                response = await self._transport.handle_async_request(prebuilt)
                try:
                    body = await response.aread()
                finally:
                    await response.aclose()
        except Exception as error:
            raise self._failure(error, request.operation) from error
        headers: dict[str, str] = {}
        for name, value in response.headers.multi_items():
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return HttpReply(response.status_code, headers, body)

    def _failure(self, error: Exception, operation: str) -> EngineError:
        ours = translate(error, doing="the request", exchange=self._exchange, operation=operation)
        if not isinstance(error, HTTPX_NOTHING_SENT) and not isinstance(ours, RemoteProtocolError):
            return ReplyLost(ours.message, exchange=self._exchange, operation=operation)
        return ours

    async def warm_up(self, connections: int) -> None:
        """Nothing: httpx opens connections with their first request."""
        del connections
        await anyio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        """See `Wire`."""
        await self._transport.aclose()
