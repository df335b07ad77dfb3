"""The one seam where other libraries' exceptions become ours, by a table.

A class is looked up along its MRO, so the table names each library's roots and the exceptions to
them; a test walks what the libraries export and proves that nothing is missing.
"""

import ssl
from enum import Enum
from types import MappingProxyType

import anyio
import cattrs
import httptools
import orjson
import websockets.exceptions

from venuetree.protocol.errors import (
    ConfigurationError,
    EngineError,
    LocalProtocolError,
    RemoteProtocolError,
    TransportError,
)

__all__ = ["FOREIGN", "Blame", "blame", "translate"]


class Blame(Enum):
    """Whose fault it was, as far as an exception's class can tell."""

    #: The network: unreachable, broken, too slow.
    NETWORK = "network"
    #: The other side sent what it must not.
    REMOTE = "remote"
    #: We asked for what cannot be: a bug of ours.
    LOCAL = "local"
    #: What the host has set cannot work.
    CONFIGURATION = "configuration"


FOREIGN: MappingProxyType[type[BaseException], Blame] = MappingProxyType(
    {
        # the operating system, sockets and TLS
        OSError: Blame.NETWORK,  # TimeoutError, gaierror, ConnectionError and SSLError among them
        EOFError: Blame.NETWORK,
        ssl.SSLError: Blame.NETWORK,
        ssl.CertificateError: Blame.NETWORK,
        UnicodeError: Blame.REMOTE,
        # anyio
        anyio.BrokenResourceError: Blame.NETWORK,
        anyio.ClosedResourceError: Blame.NETWORK,
        anyio.EndOfStream: Blame.NETWORK,
        anyio.IncompleteRead: Blame.NETWORK,
        anyio.ConnectionFailed: Blame.NETWORK,
        anyio.DelimiterNotFound: Blame.REMOTE,
        anyio.BusyResourceError: Blame.LOCAL,
        anyio.WouldBlock: Blame.LOCAL,
        anyio.TypedAttributeLookupError: Blame.LOCAL,
        anyio.BrokenWorkerProcess: Blame.LOCAL,
        anyio.BrokenWorkerInterpreter: Blame.LOCAL,
        anyio.NoEventLoopError: Blame.LOCAL,
        anyio.RunFinishedError: Blame.LOCAL,
        # httptools
        httptools.HttpParserError: Blame.REMOTE,
        httptools.HttpParserUpgrade: Blame.REMOTE,
        httptools.HttpParserInvalidMethodError: Blame.LOCAL,
        httptools.HttpParserInvalidURLError: Blame.LOCAL,
        # websockets
        websockets.exceptions.WebSocketException: Blame.REMOTE,
        websockets.exceptions.ConnectionClosed: Blame.NETWORK,
        websockets.exceptions.InvalidURI: Blame.CONFIGURATION,
        websockets.exceptions.InvalidProxy: Blame.CONFIGURATION,
        websockets.exceptions.ProxyError: Blame.CONFIGURATION,
        websockets.exceptions.InvalidState: Blame.LOCAL,
        websockets.exceptions.ConcurrencyError: Blame.LOCAL,
        # JSON, and values structured from it
        orjson.JSONDecodeError: Blame.REMOTE,
        orjson.JSONEncodeError: Blame.LOCAL,
        cattrs.errors.CattrsError: Blame.REMOTE,
        cattrs.errors.StructureHandlerNotFoundError: Blame.LOCAL,
    }
)

#: What may be absent, or is seldom used, is looked up by package and name: none of it need be
#: imported.
OPTIONAL: MappingProxyType[tuple[str, str], Blame] = MappingProxyType(
    {
        # anyio's newest
        ("anyio", "TaskFailed"): Blame.LOCAL,
        ("anyio", "TaskNotFinished"): Blame.LOCAL,
        ("anyio", "FutureFailed"): Blame.LOCAL,
        ("anyio", "FutureNotFinished"): Blame.LOCAL,
        ("anyio", "FutureAlreadyFinished"): Blame.LOCAL,
        # slow to import, and one backend's only
        ("httpx", "HTTPError"): Blame.NETWORK,
        ("httpx", "DecodingError"): Blame.REMOTE,
        ("httpx", "RemoteProtocolError"): Blame.REMOTE,
        ("httpx", "TooManyRedirects"): Blame.REMOTE,
        ("httpx", "HTTPStatusError"): Blame.REMOTE,
        ("httpx", "LocalProtocolError"): Blame.LOCAL,
        ("httpx", "UnsupportedProtocol"): Blame.CONFIGURATION,
        ("httpx", "ProxyError"): Blame.CONFIGURATION,
        ("httpx", "InvalidURL"): Blame.CONFIGURATION,
        ("httpx", "CookieConflict"): Blame.REMOTE,
        ("httpx", "StreamError"): Blame.LOCAL,
        ("httpcore", "TimeoutException"): Blame.NETWORK,
        ("httpcore", "NetworkError"): Blame.NETWORK,
        ("httpcore", "ConnectionNotAvailable"): Blame.NETWORK,
        ("httpcore", "ProtocolError"): Blame.REMOTE,
        ("httpcore", "RemoteProtocolError"): Blame.REMOTE,
        ("httpcore", "LocalProtocolError"): Blame.LOCAL,
        ("httpcore", "UnsupportedProtocol"): Blame.CONFIGURATION,
        ("httpcore", "ProxyError"): Blame.CONFIGURATION,
        # of trio's extra
        ("trio_websocket", "HandshakeError"): Blame.REMOTE,
        ("trio_websocket", "ConnectionTimeout"): Blame.NETWORK,
        ("trio_websocket", "DisconnectionTimeout"): Blame.NETWORK,
        ("trio_websocket", "ConnectionClosed"): Blame.NETWORK,
        ("trio_websocket", "TrioWebsocketInternalError"): Blame.LOCAL,
        ("wsproto", "ProtocolError"): Blame.REMOTE,
        ("wsproto", "LocalProtocolError"): Blame.LOCAL,
        ("h11", "LocalProtocolError"): Blame.LOCAL,
        ("h11", "ProtocolError"): Blame.REMOTE,
        ("trio", "BrokenResourceError"): Blame.NETWORK,
        ("trio", "ClosedResourceError"): Blame.NETWORK,
        ("trio", "EndOfChannel"): Blame.NETWORK,
        ("trio", "TooSlowError"): Blame.NETWORK,
        ("trio", "BusyResourceError"): Blame.LOCAL,
        ("trio", "WouldBlock"): Blame.LOCAL,
        ("trio", "NeedHandshakeError"): Blame.LOCAL,
        ("trio", "RunFinishedError"): Blame.LOCAL,
        ("trio", "TrioInternalError"): Blame.LOCAL,
    }
)


def blame(kind: type[BaseException]) -> Blame | None:
    """Whose fault an exception of this class is; None if it is no library's we know."""
    for ancestor in kind.__mro__:
        found = FOREIGN.get(ancestor)
        if found is None:
            found = OPTIONAL.get((ancestor.__module__.partition(".")[0], ancestor.__name__))
        if found is not None:
            return found
    return None


def translate(
    error: Exception, *, doing: str, exchange: str = "", operation: str = "connect"
) -> EngineError:
    """Ours for theirs: raise it `from` the original.

    The text is ours and says what we were doing (`"connecting to host:port"`) and what the class
    of error is, with the library's own words only where they can hold nothing secret (operating
    system and TLS). An `EngineError` is given back as it is.
    """
    if isinstance(error, EngineError):
        return error
    message = f"{doing} failed: {describe(error)}"
    match blame(type(error)):
        case Blame.NETWORK:
            return TransportError(message, exchange=exchange, operation=operation)
        case Blame.REMOTE:
            return RemoteProtocolError(message, exchange=exchange, operation=operation)
        case Blame.CONFIGURATION:
            return ConfigurationError(message, exchange=exchange, operation=operation)
        case Blame.LOCAL | None:
            return LocalProtocolError(message, exchange=exchange, operation=operation)


def describe(error: Exception) -> str:
    """What went wrong, in words fit for a log: never a header or a body."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate was not accepted ({error.verify_message})"
    if isinstance(error, TimeoutError) or type(error).__name__ == "TooSlowError":
        return "it took too long"
    if isinstance(error, ssl.SSLError):
        reason = getattr(error, "reason", None)  # only those that OpenSSL made have one
        return f"TLS: {reason or error.strerror or type(error).__name__}"
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    if isinstance(error, anyio.EndOfStream | EOFError):
        return "the other side closed the connection"
    if isinstance(error, anyio.BrokenResourceError):
        cause = error.__cause__
        return describe(cause) if isinstance(cause, OSError) else "the connection broke"
    if isinstance(error, anyio.ClosedResourceError):
        return "the connection was closed on our side"
    return type(error).__name__
