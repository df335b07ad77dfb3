"""Our own HTTP under httpx's names, for whoever has an `httpx.Request` or `AsyncClient`."""

import httpx

from venuetree.actors.addresses import PlainText, parse_address
from venuetree.actors.http_pool import HttpOptions, HttpPool
from venuetree.actors.http_text import checked_headers, checked_target
from venuetree.actors.network import Network
from venuetree.protocol.errors import LocalProtocolError

__all__ = ["OwnTransport"]

DEFAULT_TIMEOUT_S = 10.0


class OwnTransport(httpx.AsyncBaseTransport):
    """httpx's transport interface over `HttpPool`.

    Its errors are the engine's (`TransportError`: nothing was sent; `ReplyLost`: it may have been;
    `RemoteProtocolError`), not httpx's: they say more. The reply's body is read whole before it
    returns. The request's `timeout` extension is kept: the longest of its parts bounds the whole.
    """

    def __init__(
        self,
        *,
        network: Network,
        options: HttpOptions | None = None,
        plain_text: PlainText = PlainText.LOOPBACK_ONLY,
    ) -> None:
        self._network = network
        self._options = options
        self._plain_text = plain_text
        self._pools: dict[str, HttpPool] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a prebuilt request; see the class for errors. Cancelling closes the connection."""
        if request.method in ("HEAD", "CONNECT"):
            message = f"{request.method} requests are not spoken"
            raise LocalProtocolError(message, operation="send")
        body = await request.aread()
        headers = [
            (name, value) for name, value in request.headers.items() if name != "transfer-encoding"
        ]
        if body and "content-length" not in request.headers:
            headers.append(("content-length", str(len(body))))
        checked_headers(headers)
        target = checked_target(request.url.raw_path.decode("ascii"))
        lines = [f"{request.method} {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers]
        data = "\r\n".join([*lines, "", ""]).encode("ascii") + body
        limits = request.extensions.get("timeout", {}).values()
        timeout_s = max((limit for limit in limits if limit), default=DEFAULT_TIMEOUT_S)
        reply = await self._pool(request.url).exchange(data, timeout_s=timeout_s)
        # The body is decompressed already: the headers must not say otherwise.
        kept = {
            name: value
            for name, value in reply.headers.items()
            if name not in ("content-encoding", "content-length", "transfer-encoding")
        }
        return httpx.Response(reply.status, headers=kept, content=reply.body, request=request)

    def _pool(self, url: httpx.URL) -> HttpPool:
        origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
        pool = self._pools.get(origin)
        if pool is None:
            address = parse_address(origin, plain_text=self._plain_text)
            pool = HttpPool(address, network=self._network, options=self._options)
            self._pools[origin] = pool
        return pool

    async def aclose(self) -> None:
        """Close every idle connection."""
        for pool in self._pools.values():
            await pool.aclose()
