"""The table of foreign exceptions: complete, and told in words that hold no secret."""

import importlib
import inspect
import socket
import ssl

import anyio
import httpx
import pytest

from venuetree.actors.foreign_errors import FOREIGN, blame, translate
from venuetree.protocol.errors import (
    ConfigurationError,
    EngineError,
    LocalProtocolError,
    RemoteProtocolError,
    TransportError,
)

LIBRARIES = [
    *("anyio", "httpx", "httpcore", "httptools", "websockets.exceptions", "cattrs.errors"),
    *("orjson", "ssl", "socket", "trio", "trio_websocket", "wsproto.utilities", "h11"),
]

#: What no call of ours can raise, or what is not an error to translate.
NOT_TRANSLATED = {
    "ExceptionGroup",  # cattrs' backport shares the name with Python's own
    "BaseExceptionGroup",
    "Cancelled",  # trio's cancellation: passes through, always
}


def exceptions(library: str) -> list[type[BaseException]]:
    """The exception classes that a library exports."""
    module = importlib.import_module(library)
    # Not `getmembers`: a module may offer deprecated names that warn when looked at.
    named = [(name, value) for name, value in vars(module).items() if inspect.isclass(value)]
    lazy = [(name, getattr(module, name)) for name in getattr(module, "__all__", ())]
    named += [(name, value) for name, value in lazy if inspect.isclass(value)]
    return [
        value
        for name, value in named
        if issubclass(value, BaseException)
        and not issubclass(value, Warning)
        and not name.startswith("_")
        and name not in NOT_TRANSLATED
    ]


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_exception_that_a_library_exports_has_its_row(library: str) -> None:
    """A new release with a new root of exceptions fails here."""
    kinds = exceptions(library)
    unknown = [kind.__qualname__ for kind in kinds if blame(kind) is None]

    assert kinds
    assert unknown == []


def test_a_class_that_no_library_of_ours_has_is_unknown() -> None:
    """The table has no row for everything: else it could not be incomplete."""
    assert blame(KeyError) is None
    assert Exception not in FOREIGN
    assert isinstance(translate(KeyError("k"), doing="x"), LocalProtocolError)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (ConnectionRefusedError(111, "Connection refused"), TransportError, "Connection refused"),
        (socket.gaierror(-2, "Name or service not known"), TransportError, "not known"),
        (TimeoutError(), TransportError, "too long"),
        (anyio.EndOfStream(), TransportError, "closed the connection"),
        (anyio.BusyResourceError("reading"), LocalProtocolError, "BusyResourceError"),
        (ssl.SSLError(1, "[SSL] s"), TransportError, "TLS"),
        (httpx.RemoteProtocolError("header s3cret"), RemoteProtocolError, "RemoteProtocolError"),
        (httpx.ReadTimeout("s3cret"), TransportError, "ReadTimeout"),
        (httpx.UnsupportedProtocol("s3cret"), ConfigurationError, "UnsupportedProtocol"),
    ],
)
def test_an_error_becomes_ours_in_our_words(
    error: Exception, kind: type[EngineError], words: str
) -> None:
    """What we were doing, and what went wrong: the library's text only where it is safe."""
    ours = translate(error, doing="asking", exchange="sim", operation="place")

    assert type(ours) is kind
    assert words in ours.message
    assert ours.message.startswith("asking failed: ")
    assert (ours.exchange, ours.operation) == ("sim", "place")
    assert "s3cret" not in str(ours)


def test_an_error_of_ours_stays_what_it_is() -> None:
    """Translating twice changes nothing."""
    ours = TransportError("gone")

    assert translate(ours, doing="asking") is ours


def test_a_broken_stream_tells_its_cause() -> None:
    """The operating system's reason is not lost behind anyio's class."""
    error = anyio.BrokenResourceError()
    error.__cause__ = ConnectionResetError(104, "Connection reset by peer")

    assert "Connection reset by peer" in translate(error, doing="reading").message
